"""Lines of the contract: association of two time series."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from methods_contract import (
    NOT_A_COUNT,
    NOT_A_FLAG,
    NOT_A_SHARE,
    NOT_A_TABLE,
    NOT_NUMBERS,
    Line,
    Same,
    no_choice,
    scaled,
    shifted,
    shuffled_rows,
)
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.stattools import adfuller, kpss

from analysis_utils.methods.association import METHODS

MONTHS = pd.period_range("2018-01", periods=48, freq="M")


def _pair(rng):
    x = pd.Series(rng.standard_normal(48).cumsum(), MONTHS, name="x")
    y = pd.Series(0.5 * x.to_numpy() + rng.standard_normal(48), MONTHS, name="y")
    return {"x": x, "y": y, "max_lag": 3, "n_resamples": 199}


def _numbers(found):
    return [found.params, found.limits(), found.detectable()]


def _broken():
    good = _pair(np.random.default_rng(1))["x"]
    return st.sampled_from(
        [
            good.iloc[:4],
            good.drop(MONTHS[5]),
            pd.concat([good, good.iloc[:1]]),
            good * 0 + 3,
            good.where(good.index != MONTHS[3]),
            good.replace(good.iloc[2], np.inf),
            good.astype(str),
            good.set_axis([f"m{i}" for i in range(48)]),
            good.set_axis(MONTHS + 600),
            good.to_frame(),
            good * 0 + (np.arange(48) == 30) * 1e6,
        ]
    )


def _no_control(values):
    """What is bad as a control too: one odd month is a pulse, an ordinary control."""
    return isinstance(values, pd.Series) and not (values == 1e6).any()


def _mirrored(found, _):
    """Lags change their sign when x and y change places (limits have none)."""
    parts = found.reshape(3, -1)
    return np.concatenate([part[::-1] for part in parts])


def _later(a, months):
    return {key: a[key].set_axis(a[key].index + months) for key in "xy"}


def _dated(a):
    return {key: a[key].set_axis(a[key].index.start_time) for key in "xy"}


def _statsmodels(x):
    found = []
    for terms in ("c", "ct"):
        found.append(adfuller(x, regression=terms, autolag="AIC")[0])
        found.append(kpss(x, regression=terms, nlags="auto")[0])
    return found


LINES = [
    Line(
        "association.associate.associate",
        _pair,
        _numbers,
        same=[
            shuffled_rows("x"),
            shuffled_rows("y"),
            shifted("x"),
            shifted("y"),
            scaled("x"),
            scaled("y", by=1e-3),
            Same("both later", lambda a, _: a | _later(a, 120)),
            Same("months as dates", lambda a, _: a | _dated(a)),
            Same("sign of both", lambda a, _: a | {"x": -a["x"], "y": -a["y"]}),
        ],
        bad={
            "x": NOT_NUMBERS | _broken(),
            "y": NOT_NUMBERS | _broken(),
            "method": no_choice(list(METHODS)),
            "measure": no_choice(["pearson", "spearman", "kendall"]),
            "whitening": no_choice(["both", "x"]),
            "max_lag": NOT_A_COUNT | st.integers(min_value=17),
            "order": NOT_A_COUNT.filter(lambda v: v is not None)
            | st.integers(min_value=40),
            "steps": NOT_A_COUNT,
            "regimes": NOT_A_COUNT,
            "period": NOT_A_COUNT.filter(lambda v: v is not None)
            | st.integers(min_value=25)
            | st.sampled_from([0, 1]),
            "trend": NOT_A_FLAG,
            "level": NOT_A_SHARE,
            "n_resamples": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT.filter(lambda v: v is not None),
            "controls": NOT_A_TABLE.filter(lambda v: v is not None)
            | _broken().filter(_no_control).map(lambda s: pd.DataFrame({"c": s})),
        },
        rtol=1e-5,
    ),
    Line(
        "association.stationarity.stationarity_tests",
        lambda rng: {"frame": pd.DataFrame({"x": rng.standard_normal(60).cumsum()})},
        lambda found: found["statistic"],
        peer=lambda frame: _statsmodels(frame["x"]),
        same=[
            shifted("frame"),
            scaled("frame"),
            shuffled_rows("frame"),
        ],
        bad={
            "frame": NOT_A_TABLE
            | NOT_NUMBERS.filter(lambda v: isinstance(v, pd.Series)).map(
                lambda s: s.to_frame("x")
            )
        },
    ),
    Line(
        "association.innovations.fit_autoregression",
        lambda rng: {"values": rng.standard_normal(80).cumsum(), "order": 2},
        lambda found: found.coefficients,
        peer=lambda values, order: AutoReg(values, order, trend="c").fit().params[1:],
        same=[
            shifted("values"),
            scaled("values"),
            Same("weights of one size", lambda a, _: a | {"weights": np.full(80, 3.0)}),
        ],
        bad={
            "values": NOT_NUMBERS | st.just(np.ones(5)),
            "order": NOT_A_COUNT.filter(lambda v: v is not None)
            | st.integers(min_value=39),
            "max_order": NOT_A_COUNT.filter(lambda v: v is not None),
            "weights": NOT_NUMBERS.filter(lambda v: v is not None)
            | st.sampled_from([np.ones(5), -np.ones(80), np.zeros(80)]),
        },
    ),
    Line(
        "association.innovations.level_steps",
        lambda rng: {
            "values": rng.standard_normal(60) + 6.0 * (np.arange(60) >= 40),
            "others": np.empty((60, 0)),
        },
        same=[
            shifted("values"),
            scaled("values"),
            Same(
                "weights of one size", lambda a, _: a | {"weights": np.full(60, 1e-7)}
            ),
        ],
        bad={
            "most": NOT_A_COUNT,
            "values": NOT_NUMBERS,
            "weights": NOT_NUMBERS.filter(lambda v: v is not None)
            | st.sampled_from([np.ones(5), -np.ones(60), np.zeros(60)]),
        },
    ),
]

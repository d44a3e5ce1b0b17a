"""Lines of the contract: interrupted series, breaks, the batched engine, inputs."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from hypothesis import strategies as st
from methods_contract import (
    NOT_A_COUNT,
    NOT_A_FLAG,
    NOT_A_SHARE,
    NOT_NUMBERS,
    WORDS,
    Line,
    Same,
    no_choice,
    scaled,
    shifted,
    shuffled_rows,
)

from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
from analysis_utils.methods.its.placebo import PlaceboResult

MONTHS = pd.period_range("2020-01", periods=40, freq="M")
LAW = Intervention("law", "2021-10", slope=True)
FLAWS = st.sampled_from([None, "model", 3, pd.Series([1.0]), [], LAW])
NOT_AN_EVENT = st.text(max_size=6) | st.integers() | st.just(["law"])


def _series(rng):
    e = rng.standard_normal(40)
    e[1:] += 0.3 * e[:-1]
    return pd.Series(5 + e + 3.0 * (MONTHS >= "2021-10"), MONTHS, name="y")


def _model(rng, **options):
    options = {"errors": "ols"} | options
    return InterruptedTimeSeries(_series(rng), LAW, **options)


def _stated(extra=None, **options):
    return lambda rng: {"model": _model(rng, **options)} | (extra or {})


def _other_y(name, change, expect=lambda found, _: found):
    """The same model of another outcome."""
    return Same(
        name, lambda a, rng: a | {"model": a["model"].replace(y=change(a, rng))}, expect
    )


def _turned(a, rng):
    return a["model"].y.iloc[rng.permutation(40)]


Y_SAME = (
    _other_y("months in another order", _turned),
    _other_y("outcome + 1234.5", lambda a, _: a["model"].y + 1234.5),
    _other_y(
        "dates for periods",
        lambda a, _: a["model"].y.set_axis(MONTHS.to_timestamp(how="end")),
    ),
)


def _placebo_numbers(found: PlaceboResult):
    return np.r_[found.fitted["t"], found.true["t"], found.pvalue]


def _scaled_y(expect):
    return _other_y("outcome x 1000", lambda a, _: a["model"].y * 1000, expect)


ITS = [
    Line(
        "its.placebo.placebo_dates",
        _stated(),
        _placebo_numbers,
        (*Y_SAME, _scaled_y(lambda found, _: found)),
        bad={
            "model": FLAWS,
            "event": NOT_AN_EVENT,
            "kind": no_choice(["level", "slope"]),
            "before_only": NOT_A_FLAG,
            "margin": NOT_A_COUNT,
        },
        draws=1,
    ),
    Line(
        "its.power.power",
        _stated({"term": "law_level", "effects": [0.0, 1.0, 3.0], "n_sim": 100}),
        lambda table: table["power"],
        Y_SAME,
        bad={
            "model": FLAWS,
            "term": NOT_AN_EVENT,
            "effects": st.sampled_from([[], 3, "1", [np.nan], ["1"], None, [True]]),
            "n_sim": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "alpha": NOT_A_SHARE,
            "noise": st.sampled_from(["ar1", 1.0, [1.0, 0.5]]),
        },
        draws=1,
    ),
    Line(
        "its.power.minimum_detectable_effect",
        _stated({"term": "law_level", "n_sim": 100}),
        lambda found: found,
        (*Y_SAME, _scaled_y(lambda found, _: 1000 * found)),
        bad={
            "model": FLAWS,
            "term": NOT_AN_EVENT,
            "target": NOT_A_SHARE,
            "direction": st.sampled_from([0, 2, "up", None, True, [1], 0.5]),
            "n_sim": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "alpha": NOT_A_SHARE,
        },
        draws=1,
    ),
    Line(
        "its.sensitivity.sensitivity",
        _stated(),
        lambda table: table["t"].dropna(),
        (*Y_SAME, _scaled_y(lambda found, _: found)),
        bad={
            "model": FLAWS,
            "event": NOT_AN_EVENT,
            "kind": no_choice(["level", "slope"]),
            "variants": st.sampled_from(
                [3, "trend", ["trend"], {"a": None}, {"a": {"trnd": None}}]
            ),
        },
        rtol=1e-4,
        draws=1,
    ),
    Line(
        "its.sensitivity.default_variants",
        lambda rng: {"model": _model(rng), "part": LAW},
        lambda found: len(found),
        bad={"model": FLAWS, "part": WORDS},
        draws=1,
    ),
    Line(
        "its.sensitivity.leave_one_out",
        _stated({"of": "years"}),
        lambda table: table["t"],
        (*Y_SAME, _scaled_y(lambda found, _: found)),
        bad={
            "model": FLAWS,
            "event": NOT_AN_EVENT,
            "kind": no_choice(["level", "slope"]),
            "of": no_choice(["periods", "years", "controls", "events"]),
        },
        draws=1,
    ),
]


def _broken(rng):
    y = rng.standard_normal(40) + 4.0 * (np.arange(40) >= 20)
    errors = ("independent", "autocorrelated")[int(rng.integers(2))]
    return {"y": pd.Series(y, MONTHS, name="y"), "n_resamples": 49, "errors": errors}


def _places(found):
    dates = found.conf_int().to_numpy().ravel()
    return np.array([MONTHS.get_loc(date) for date in dates], dtype=float)


BAD_SERIES = NOT_NUMBERS | st.sampled_from(
    [
        pd.Series(np.arange(40.0), [f"month {i}" for i in range(40)]),
        pd.Series(np.arange(40.0), MONTHS.where(MONTHS != "2021-01")),
        pd.Series(np.arange(39.0), MONTHS.delete(7)),
        pd.Series(np.arange(40.0), [MONTHS[0]] * 40),
        np.ones((40, 2)),
        True,
    ]
)
BREAKS = [
    Line(
        "breaks.search.find_breaks",
        _broken,
        _places,
        (shuffled_rows("y"), shifted("y"), scaled("y")),
        bad={
            "y": BAD_SERIES | st.just(pd.Series(2.0, MONTHS)),
            "regressors": st.sampled_from([3, "x", [1], pd.DataFrame()]),
            "min_segment": st.sampled_from(["a", None, -1, 0, np.nan, 21, 0.6, [0.1]]),
            "n_breaks": NOT_A_COUNT | st.just(99),
            "max_breaks": NOT_A_COUNT | st.sampled_from([0, 99]),
            "level": NOT_A_SHARE,
            "errors": no_choice(["independent", "autocorrelated"]),
            "choose": no_choice(["bic", "sequential"]),
            "n_resamples": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
        },
    ),
]


def _engine(rng):
    X = pd.DataFrame(
        {"one": 1.0, "t": np.arange(40.0), "law": np.arange(40) >= 20}, MONTHS
    ).astype(float)
    return {"outcomes": pd.DataFrame(rng.standard_normal((40, 3)), MONTHS), "design": X}


def _counted(rng):
    arguments = _engine(rng)
    y = pd.DataFrame(rng.poisson(9, (40, 3)), MONTHS)
    return arguments | {"outcomes": y, "offset": pd.Series(rng.random(40), MONTHS)}


def _by_glm(outcomes, design, offset):
    fits = [
        sm.GLM(outcomes[c], design, family=sm.families.Poisson(), offset=offset).fit(
            scale="X2", tol=1e-12
        )
        for c in outcomes
    ]
    return np.array([[f.params, f.bse] for f in fits]).transpose(1, 2, 0)


def _both(fits):
    return np.stack([fits.params, fits.bse])


def _draw_order(name):
    return Same(
        "draws in another order",
        lambda a, _: a | {name: a[name].iloc[:, ::-1]},
        lambda found, _: found.reshape(2, 3, 3)[:, :, ::-1].ravel(),
    )


BAD_DESIGN = st.sampled_from(
    [
        None,
        "design",
        3,
        np.ones(40),
        np.ones((40, 2)),
        np.ones((3, 3)),
        np.full((40, 1), np.nan),
        pd.DataFrame({"a": ["x"] * 40}),
        pd.DataFrame({"a": np.arange(40.0)}, MONTHS + 7),
    ]
)
BAD_OUTCOMES = st.sampled_from(
    [
        None,
        "y",
        3,
        np.ones(7),
        np.full(40, np.inf),
        ["a"] * 40,
        pd.Series(np.arange(40.0), MONTHS + 7),
    ]
)


RESAMPLING = [
    Line(
        "resampling.ar1.fit_ar1_reml",
        _engine,
        _both,
        (
            shuffled_rows("outcomes"),
            _draw_order("outcomes"),
            scaled("outcomes", expect=lambda found, _: 1000 * found),
        ),
        bad={
            "outcomes": BAD_OUTCOMES,
            "design": BAD_DESIGN,
            "rho": st.sampled_from([1, -1, 2.0, "0.5", np.nan, [0.5], True]),
        },
    ),
    Line(
        "resampling.counts.fit_counts",
        _counted,
        _both,
        (
            shuffled_rows("outcomes"),
            shuffled_rows("offset"),
            _draw_order("outcomes"),
        ),
        peer=_by_glm,
        bad={
            "outcomes": BAD_OUTCOMES | st.just(np.full(40, -1.0)),
            "design": BAD_DESIGN,
            "offset": st.sampled_from([3, "x", np.ones(7), np.full(40, np.nan)]),
            "family": no_choice(["poisson", "quasipoisson", "negativebinomial"]),
            "maxlags": NOT_A_COUNT | st.just(40),
            "use_correction": NOT_A_FLAG,
        },
        rtol=1e-5,
    ),
    Line(
        "resampling.batches.run_batches",
        lambda rng: {
            "work": lambda size, rng: rng.random(size),
            "total": 7,
            "seed": 3,
            "batch": 2,
        },
        lambda draws: draws,
        (Same("more workers", lambda a, _: a | {"workers": 2}),),
        bad={
            "total": NOT_A_COUNT | st.just(0),
            "batch": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "workers": NOT_A_COUNT | st.just(0),
        },
    ),
]
INPUTS = [
    Line(
        "inputs.as_series",
        lambda rng: {"values": _series(rng), "name": "y"},
        lambda found: found,
        (shuffled_rows("values"),),
        bad={"values": BAD_SERIES},
    ),
]
LINES = [*ITS, *BREAKS, *RESAMPLING, *INPUTS]

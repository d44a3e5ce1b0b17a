"""Lines of the contract: hazards, randomisation, curves, scores, onsets, bounds."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from methods_contract import (
    NOT_A_COLUMN,
    NOT_A_COUNT,
    NOT_A_SHARE,
    NOT_A_TABLE,
    NOT_NUMBERS,
    Line,
    Same,
    no_choice,
    relabelled,
    scaled,
    shifted,
    shuffled_rows,
)
from scipy import stats

from analysis_utils.methods.curve import Linear
from analysis_utils.methods.hazards import to_intervals
from analysis_utils.methods.onset import FORMS

NOT_POSITIVE = st.sampled_from(
    [0, -1, -0.5, float("nan"), float("-inf"), "1", None, [1.0], True]
)
NOT_A_NUMBER = st.sampled_from([float("nan"), "1", None, [1.0], True, np.ones(2)])
NOT_A_FUNCTION = st.sampled_from([None, 3, "f", [1]])
NOT_A_LIST_OF_COLUMNS = st.sampled_from(
    ["x", None, 3, ["x", "x"], ["no such column"], [1], [None]]
)
NOT_A_GRID = st.sampled_from([None, {}, [], "a", {"a": []}, {"a": "xy"}, {"a": 3}])


ENDS = ("lower", "upper", "observed")


def _pairs_reordered(a, rng):
    order = rng.permutation(len(a["probability"]))
    return a | {k: np.asarray(a[k])[order] for k in ("probability", "happened")}


def _rows(rng):
    n, periods = 80, 6
    unit, time = np.repeat(np.arange(n), periods), np.tile(np.arange(periods), n)
    x, state = rng.normal(size=n), rng.integers(0, 5, n)
    event = (rng.random(n * periods) < 0.15).astype(int)
    table = pd.DataFrame({"unit": unit, "period": time, "x": x[unit], "event": event})
    table["state"] = state[unit]
    gone = table.groupby("unit")["event"].cumsum() - table["event"]
    return {"rows": table[gone == 0].reset_index(drop=True), "covariates": ["x"]}


def _intervals(rng):
    a = _rows(rng)
    table = to_intervals(a["rows"], ["x"], keep=["state"])
    return {"table": table, "covariates": ["x"], "cluster": "state"}


def _later(name):
    """All periods counted from another start."""

    def change(a, rng):
        table = a[name].copy()
        for column in {"entry", "exit", "period"} & set(table.columns):
            table[column] += 100
        return a | {name: table}

    return Same("periods counted from another start", change)


def _ratio(found):
    return found.hazard_ratios()[["b", "se"]]


def _histories(rng):
    treated = np.zeros((8, 5))
    treated[:3, 2:] = 1
    return treated


def _randomise(rng):
    y = rng.normal(size=8)
    return {
        "statistic": lambda order: y @ _histories(rng)[order].sum(axis=2).T,
        "histories": _histories(rng),
    }


def _linear(rng):
    d = _histories(rng) - _histories(rng).mean(axis=0)
    y = rng.normal(size=d.shape) + d
    return {"outcome": y - y.mean(axis=0), "treatment": d}


def _curve(rng):
    data = pd.DataFrame({"x": rng.normal(size=40), "c": rng.normal(size=40)})
    y = data["x"] + rng.normal(size=40)

    def build(controls):
        return Linear(y, data[["x", *controls]].assign(one=1.0), "x")

    return {"grid": {"controls": [(), ("c",)]}, "build": build, "draws": 19}


def _drawn(rng):
    draws = rng.normal(size=(2, 59))
    return {
        "grid": {"a": [1, 2]},
        "fits": [({"a": i + 1}, 1.0, draws[i]) for i in (0, 1)],
    }


def _quantiles(rng):
    middle = rng.normal(size=6)
    table = pd.DataFrame(
        {q: middle + stats.norm.ppf(q) for q in (0.05, 0.25, 0.5, 0.75, 0.95)},
        list("abcdef"),
    )
    return {"quantiles": table, "observed": pd.Series(rng.normal(size=6), table.index)}


def _counts(rng):
    mean = np.where(np.arange(40) < 24, 0.3, 6)
    return {"counts": pd.Series(rng.poisson(mean)), "event": 20}


def _mirrored_quantiles(a, rng):
    table, y = a["quantiles"], a["observed"]
    flipped = (-table).set_axis([round(1 - q, 9) for q in table.columns], axis=1)
    return a | {"quantiles": flipped, "observed": -y}


def _z_test(effect, size, rng):
    return np.abs(rng.standard_normal(size) + effect) > 1.96


LINES = [
    Line(
        "hazards.fit.fit_hazard",
        _intervals,
        _ratio,
        same=[
            shuffled_rows("table"),
            relabelled("table", "unit"),
            relabelled("table", "state"),
            shifted("table", "x"),
            scaled("table", "x", 1e3, lambda found, _: found / 1e3),
            _later("table"),
        ],
        bad={
            "table": NOT_A_TABLE,
            "covariates": NOT_A_LIST_OF_COLUMNS | st.just([]),
            "unit": NOT_A_COLUMN,
            "entry": NOT_A_COLUMN,
            "exit": NOT_A_COLUMN,
            "event": NOT_A_COLUMN,
            "strata": NOT_A_LIST_OF_COLUMNS,
            "effects": NOT_A_LIST_OF_COLUMNS,
        },
    ),
    Line(
        "hazards.collapse.to_intervals",
        _rows,
        lambda found: found.sort_values(["x", "entry"])[["x", "event"]],
        same=[
            shuffled_rows("rows"),
            relabelled("rows", "unit"),
            _later("rows"),
        ],
        bad={
            "rows": NOT_A_TABLE,
            "covariates": NOT_A_LIST_OF_COLUMNS,
            "unit": NOT_A_COLUMN,
            "period": NOT_A_COLUMN | st.just("x"),
            "event": NOT_A_COLUMN,
            "keep": NOT_A_LIST_OF_COLUMNS,
        },
    ),
    Line(
        "randomisation.randomise",
        _randomise,
        lambda found: [found.observed, found.pvalue, found.pvalue_greater],
        bad={
            "statistic": NOT_A_FUNCTION,
            "histories": st.sampled_from(
                [None, [], [1], "ab", ["a", "b"], [1.0, np.nan], np.ones(8)]
            ),
            "draws": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "workers": NOT_A_COUNT | st.just(0),
            "strata": st.sampled_from(["a", [1, 2], 3, [None] * 8]),
        },
    ),
    Line(
        "randomisation.additive",
        lambda rng: {"contributions": rng.normal(size=(4, 4))},
        lambda found: found(np.array([[0, 1, 2, 3], [3, 2, 1, 0]])),
        bad={
            "contributions": st.sampled_from(
                [None, "a", [], 3, np.ones((2, 3)), np.full((2, 2), np.nan)]
            )
        },
    ),
    Line(
        "randomisation.score_contributions",
        lambda rng: {
            "residuals": rng.normal(size=(4, 3)),
            "histories": rng.normal(size=(4, 3)),
        },
        peer=lambda residuals, histories: np.einsum("gt,ht->gh", residuals, histories),
        bad={
            "residuals": st.sampled_from([None, "a", [], 3, np.ones((2, 3))]),
            "histories": st.sampled_from([None, "a", [], np.full((4, 3), np.nan)]),
        },
    ),
    Line(
        "randomisation.score_variances",
        lambda rng: {"expected": rng.random((4, 3)), "histories": rng.random((4, 3))},
        peer=lambda expected, histories: [
            [np.cov(d, aweights=w, ddof=0) * w.sum() for d in histories]
            for w in expected
        ],
        bad={
            "expected": st.sampled_from([None, "a", [], -np.ones((4, 3))]),
            "histories": st.sampled_from([None, "a", [], np.full((4, 3), np.nan)]),
        },
    ),
    Line(
        "randomisation.linear_interval",
        _linear,
        same=[
            Same(
                "clusters in another order",
                lambda a, rng: {name: value[::-1] for name, value in a.items()},
            ),
            Same(
                "outcome x 1000",
                lambda a, rng: a | {"outcome": a["outcome"] * 1e3},
                lambda found, _: found * np.array([1e3, 1e3, 1e3, 1]),
            ),
        ],
        bad={
            "outcome": st.sampled_from([None, "a", [], np.full((8, 5), np.inf)]),
            "treatment": st.sampled_from([None, "a", [], np.zeros((8, 5))]),
            "alpha": NOT_A_SHARE,
            "draws": NOT_A_COUNT | st.just(0),
        },
    ),
    Line(
        "randomisation.exchange_interval",
        lambda rng: {
            "estimate": 10.0,
            "on_outcome": rng.permutation(stats.norm.ppf(np.arange(1, 1000) / 1000)),
            "on_effect": np.zeros(999),
        },
        lambda found: found(0.95),
        same=[
            Same(
                "draws in another order",
                lambda a, rng: a | {"on_outcome": a["on_outcome"][::-1]},
            ),
            Same(
                "outcome x 1000",
                lambda a, rng: (
                    a | {"estimate": 1e4, "on_outcome": 1e3 * a["on_outcome"]}
                ),
                lambda found, _: 1e3 * found,
            ),
        ],
        peer=lambda **_: [10 - 1.959964, 10 + 1.959964],
        rtol=0.02,
    ),
    Line(
        "randomisation.invert",
        lambda rng: {
            "pvalue": lambda e: 2 * stats.norm.sf(abs(e - 1)),
            "estimate": 1.0,
            "low": -5.0,
            "high": 6.0,
            "tolerance": 1e-6,
        },
        peer=lambda **_: [1 - 1.959964, 1 + 1.959964],
        bad={
            "pvalue": NOT_A_FUNCTION,
            "estimate": NOT_A_NUMBER | st.just(9),
            "low": NOT_A_NUMBER | st.just(7.0),
            "high": NOT_A_NUMBER | st.just(-7.0),
            "alpha": NOT_A_SHARE,
            "tolerance": NOT_A_SHARE,
        },
    ),
    Line(
        "curve.specification_curve",
        _curve,
        lambda found: found.table[["estimate", "std err"]],
        bad={
            "grid": NOT_A_GRID,
            "build": NOT_A_FUNCTION,
            "draws": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "workers": NOT_A_COUNT | st.just(0),
        },
    ),
    Line(
        "curve.curve_of_draws",
        _drawn,
        lambda found: found.table[["estimate", "std err", "p"]],
        same=[
            Same(
                "draws in another order",
                lambda a, rng: a | {"fits": [(n, e, d[::-1]) for n, e, d in a["fits"]]},
            ),
        ],
        bad={
            "grid": NOT_A_GRID,
            "fits": st.sampled_from([None, 3, "a", [1], [({"a": 1}, 1.0)]]),
        },
    ),
    Line(
        "scores.crps",
        lambda rng: {
            "samples": rng.normal(size=(20, 4)),
            "observed": rng.normal(size=4),
        },
        same=[
            Same(
                "draws in another order",
                lambda a, rng: a | {"samples": a["samples"][::-1]},
            ),
            Same(
                "everything shifted",
                lambda a, rng: {name: value + 99 for name, value in a.items()},
            ),
        ],
        bad={
            "samples": st.sampled_from([None, "a", 3, np.ones((5, 3)), [np.nan] * 4]),
            "observed": st.sampled_from([None, "a", [1.0], [np.inf] * 4]),
        },
    ),
    Line(
        "scores.interval_score",
        lambda rng: {"lower": -1.0, "upper": 1.0, "observed": 3.0, "alpha": 0.1},
        same=[
            Same("all moved", lambda a, _: a | {k: a[k] + 7.0 for k in ENDS}),
            Same(
                "other units",
                lambda a, _: a | {k: a[k] * 9.0 for k in ENDS},
                lambda found, _: 9.0 * found,
            ),
        ],
        bad={
            "lower": st.sampled_from([None, "a", np.nan, 2.0]),
            "upper": st.sampled_from([None, "a", np.inf, -2.0]),
            "observed": st.sampled_from([None, "a", np.nan]),
            "alpha": NOT_A_SHARE,
        },
    ),
    Line(
        "scores.wis",
        _quantiles,
        same=[
            shuffled_rows("observed"),
            Same("the mirror image", _mirrored_quantiles),
        ],
        bad={"quantiles": NOT_A_TABLE, "observed": NOT_NUMBERS},
    ),
    Line(
        "scores.coverage",
        _quantiles,
        lambda found: found[["share", "n"]],
        same=[
            shuffled_rows("observed"),
            Same("the mirror image", _mirrored_quantiles),
        ],
        bad={"quantiles": NOT_A_TABLE, "observed": NOT_NUMBERS},
    ),
    Line(
        "scores.brier",
        lambda rng: {"probability": rng.random(9), "happened": rng.integers(0, 2, 9)},
        peer=lambda probability, happened: ((probability - happened) ** 2).mean(),
        same=[Same("pairs in another order", _pairs_reordered)],
        bad={
            "probability": NOT_NUMBERS | st.just([1.5] * 9),
            "happened": NOT_NUMBERS | st.just([2] * 9),
        },
    ),
    Line(
        "scores.reliability",
        lambda rng: {
            "probability": rng.random(30),
            "happened": rng.integers(0, 2, 30),
            "groups": 5,
        },
        same=[Same("pairs in another order", _pairs_reordered)],
        bad={
            "probability": NOT_NUMBERS | st.just([1.5] * 30),
            "happened": NOT_NUMBERS | st.just([2] * 30),
            "groups": NOT_A_COUNT | st.just(0) | st.just(31),
        },
    ),
    Line(
        "onset.shape_of",
        lambda rng: {
            "form": "ramp",
            "since": np.arange(-3, 9),
            "delay": 1,
            "length": 4,
        },
        bad={
            "form": no_choice(FORMS) | st.just("logistic"),
            "since": st.sampled_from([None, "a", [np.nan]]),
        },
    ),
    Line(
        "onset.fit_onset",
        _counts,
        lambda found: [found.base, found.level, found.dispersion],
        same=[shuffled_rows("counts")],
        bad={
            "counts": NOT_NUMBERS | st.just(pd.Series([0.5] * 40)),
            "event": st.sampled_from([None, "a", 99, 0, [20], 20.5]),
            "form": no_choice(FORMS),
        },
    ),
    Line(
        "onset.compare_onsets",
        lambda rng: _counts(rng) | {"forms": ["none", "step"], "every": 4},
        lambda found: found[["crps", "base", "level"]],
        same=[shuffled_rows("counts")],
        bad={
            "counts": NOT_NUMBERS,
            "event": st.sampled_from([None, "a", 99, 0, [20]]),
            "forms": st.sampled_from(["step", [], None, 3, ["jump"], [None]]),
            "horizon": NOT_A_COUNT | st.just(0) | st.just(99),
            "first": NOT_A_COUNT | st.just(0) | st.just(99),
            "every": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
        },
    ),
    Line(
        "onset.cumulative_effect",
        lambda rng: _counts(rng) | {"horizons": [4, 12]},
        same=[shuffled_rows("counts")],
        bad={
            "counts": NOT_NUMBERS,
            "event": st.sampled_from([None, "a", 99, 0, [20]]),
            "horizons": st.sampled_from([None, [], "4", [0], [99], [1.5], 4]),
            "alpha": NOT_A_SHARE,
        },
    ),
    Line(
        "exact.poisson_interval",
        lambda rng: {"count": int(rng.integers(1, 30)), "exposure": 2.0},
        peer=lambda count, exposure: [
            stats.gamma.ppf(0.025, count) / exposure,
            stats.gamma.isf(0.025, count + 1) / exposure,
        ],
        bad={
            "count": NOT_A_COUNT,
            "exposure": NOT_POSITIVE,
            "alpha": NOT_A_SHARE,
            "side": no_choice(["two", "upper", "lower"]),
        },
    ),
    Line(
        "exact.equivalence",
        lambda rng: {"estimate": 0.1, "se": 0.2, "low": -1.0, "high": 1.0},
        same=[
            Same(
                "the mirror image",
                lambda a, rng: a | {"estimate": -0.1},
                lambda found, _: np.array([found[0], -found[2], -found[1]]),
            )
        ],
        bad={
            "estimate": NOT_A_NUMBER,
            "se": NOT_POSITIVE,
            "low": NOT_A_NUMBER | st.just(2.0),
            "high": NOT_A_NUMBER | st.just(-2.0),
            "df": NOT_POSITIVE,
        },
    ),
    Line(
        "detectable.detectable_effect",
        lambda rng: {"rejects": _z_test, "low": 0.0, "high": 6.0, "n_sim": 200},
        bad={
            "rejects": NOT_A_FUNCTION,
            "low": NOT_A_NUMBER | st.just(6.0),
            "high": NOT_A_NUMBER | st.just(0.1),
            "target": NOT_A_SHARE,
            "tolerance": NOT_A_SHARE,
            "n_sim": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "batch": NOT_A_COUNT | st.just(0),
            "workers": NOT_A_COUNT | st.just(0),
        },
    ),
]

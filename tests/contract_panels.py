"""Lines of the contract: panels, event studies."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from methods_contract import (
    NOT_A_COLUMN,
    NOT_A_COUNT,
    NOT_A_FLAG,
    NOT_A_SHARE,
    NOT_A_TABLE,
    Line,
    Same,
    no_choice,
    relabelled,
    scaled,
    shifted,
    shuffled_rows,
)

from analysis_utils.methods.panel import EFFECTS, ERRORS, within


def panel_table(rng, units=9, periods=14):
    """A panel in which x has an effect of .5, with effects of units and months."""
    table = pd.DataFrame(
        {
            "state": np.repeat([f"S{i}" for i in range(units)], periods),
            "month": np.tile(
                pd.period_range("2020-01", periods=periods, freq="M"), units
            ),
        }
    )
    table["x"] = rng.standard_normal(len(table)) + np.repeat(
        rng.standard_normal(units), periods
    )
    table["z"] = rng.standard_normal(len(table))
    table["y"] = (
        0.5 * table["x"]
        + np.tile(rng.standard_normal(periods).cumsum(), units)
        + rng.standard_normal(len(table))
    )
    return table


def _panel(rng):
    return {
        "data": panel_table(rng),
        "outcome": "y",
        "regressors": ["x", "z"],
        "unit": "state",
        "time": "month",
    }


def _by_dummies(data, outcome, regressors, unit, time):
    """statsmodels with dummies: estimates, and the errors as if independent."""
    import statsmodels.formula.api as smf

    table = data.assign(month=data["month"].astype(str))
    fit = smf.ols("y ~ x + z + C(state) + C(month)", table).fit()
    return fit.params[["x", "z"]]


def _broken_tables(with_z=True):
    """Tables that a careless user has: each must be refused."""
    good = panel_table(np.random.default_rng(3))
    first = good["state"] == "S0"
    return st.sampled_from(
        [
            good[first],
            good[good["month"] == good["month"][0]],
            good.iloc[:1],
            good.iloc[:3],
            good.assign(x=1.0),
            good.assign(y=2.0),
            good.assign(x=good["month"].dt.month * 1.0),
            good.assign(x=good.groupby("state")["x"].transform("mean")),
            *([good.assign(z=good["x"] * 3)] if with_z else []),
            good.assign(y=good["y"].astype(str)),
            good.assign(y=good["y"].where(good.index != 4)),
            good.assign(x=good["x"].replace(good["x"].iloc[0], np.inf)),
            good.assign(month=good["month"].astype(str)),
            good.assign(month=np.nan),
            good.assign(state=None),
            pd.concat([good, good.iloc[:1]]),
            good.assign(month=good["month"].astype(object).where(good.index > 0)),
            good.drop(columns="x"),
            pd.concat([good, good[["x"]]], axis=1),
        ]
    )


def _half(numbers, _):
    """Coefficients when the regressor x alone is in units a thousand times smaller."""
    return numbers * np.array([1e-3, 1, 1e-3, 1])


def _twice():
    good = panel_table(np.random.default_rng(3))
    return st.sampled_from(
        [
            pd.concat([good, good.iloc[:1]]),
            good.assign(state=None),
            good.assign(month=[["a"]] * len(good)),
        ]
    )


def _reduced(rng):
    """One regressor and residuals of its regression, ten clusters of four."""
    x, e = rng.standard_normal((2, 40))
    x -= x.mean()
    e -= e.mean()
    e -= x * (x @ e) / (x @ x)
    return {
        "regressor": x,
        "residuals": e,
        "clusters": np.repeat(np.arange(10), 4),
        "others": np.ones((40, 1)),
    }


def _one_unit_more():
    """Rows in another order, clusters with other codes."""

    def change(a, rng):
        order, code = rng.permutation(40), rng.permutation(10)
        return {
            "regressor": a["regressor"][order],
            "residuals": a["residuals"][order],
            "clusters": code[a["clusters"]][order],
            "others": a["others"][order],
        }

    return Same("rows and codes in another order", change)


def _law(rng):
    """A law in three of nine states, from the eighth month on."""
    table = panel_table(rng)
    late = table["month"] >= pd.Period("2020-08", "M")
    table["law"] = 1.0 * (table["state"].isin(["S0", "S3", "S4"]) & late)
    return {
        "data": table,
        "outcome": "y",
        "treatment": "law",
        "unit": "state",
        "time": "month",
        "draws": 199,
    }


def _projected(rng):
    return {
        "data": panel_table(rng, units=12, periods=20),
        "outcome": "y",
        "dose": "x",
        "unit": "state",
        "time": "month",
        "leads": 2,
        "lags": 2,
        "dose_lags": 0,
    }


def _adoption(rng):
    """Cohorts 3 and 5 of ten units each and ten never, eight years."""
    table = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(30), 8),
            "year": np.tile(np.arange(2001, 2009), 30),
        }
    )
    first = np.repeat([2004.0, 2006.0, np.nan], 10)
    table["first"] = np.repeat(first, 8)
    table["y"] = rng.standard_normal(240) + (table["year"] >= table["first"])
    return {
        "data": table,
        "outcome": "y",
        "unit": "unit",
        "time": "year",
        "cohort": "first",
        "n_resamples": 49,
    }


def _many_adopt(rng):
    """Thirty units that adopt and thirty that never do."""
    table = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(60), 6),
            "year": np.tile(np.arange(2001, 2007), 60),
        }
    )
    table["first"] = np.where(table["unit"] < 30, 2004.0, np.nan)
    table["y"] = rng.standard_normal(360) + (table["year"] >= table["first"])
    return {
        "data": table,
        "outcome": "y",
        "unit": "unit",
        "time": "year",
        "cohort": "first",
    }


def _broken_adoption():
    good = _adoption(np.random.default_rng(3))["data"]
    return st.sampled_from(
        [
            good.iloc[1:],
            good[good["year"] != 2004],
            good[good["unit"] == 0],
            good[good["year"] == 2004],
            good.assign(first=np.nan),
            good.assign(first=2004),
            good.assign(first="never"),
            good.assign(first=good["year"]),
            good.assign(year=good["year"].astype(str)),
            good.assign(y=np.nan),
            good.assign(y="1"),
            good.assign(unit=None),
            pd.concat([good, good.iloc[:1]]),
            good.drop(columns="y"),
        ]
    )


def _event(effects):
    simple = effects.aggregate("simple").overall
    return [effects.params, effects.bse, simple.params, simple.conf_int()]


def _both_later(a, _):
    data = a["data"]
    return a | {"data": data.assign(year=data["year"] + 7, first=data["first"] + 7)}


def _by_means(data, outcome, unit, time, cohort, n_resamples):
    """ATT(2004, 2007) by hand: a difference of two mean changes."""
    wide = data.pivot(index="unit", columns="year", values="y")
    first = data.groupby("unit")["first"].first()
    change = wide[2007] - wide[2003]
    return [change[first == 2004].mean() - change[first.isna()].mean()]


def _effects(rng):
    from analysis_utils.methods.event_study import group_time_effects

    return {"effects": group_time_effects(**_adoption(rng)), "draws": 199}


LINES = [
    Line(
        "event_study.estimation.group_time_effects",
        _adoption,
        _event,
        peer=_by_means,
        peer_numbers=lambda effects: [effects.params[2004, 2007]],
        same=[
            shuffled_rows("data"),
            relabelled("data", "unit"),
            shifted("data", "y"),
            scaled("data", "y", expect=lambda found, _: 1000 * found),
            Same("all years later", _both_later),
            Same(
                "years as periods",
                lambda a, _: (
                    a
                    | {
                        "data": a["data"].assign(
                            year=pd.PeriodIndex(
                                a["data"]["year"].astype(str), freq="Y"
                            ),
                            first=pd.to_datetime(a["data"]["first"], format="%Y"),
                        )
                    }
                ),
            ),
        ],
        bad={
            "data": NOT_A_TABLE | _broken_adoption(),
            "outcome": NOT_A_COLUMN,
            "unit": NOT_A_COLUMN,
            "time": NOT_A_COLUMN,
            "cohort": NOT_A_COLUMN,
            "control": no_choice(["never", "not-yet"]),
            "estimator": no_choice(["dr", "reg", "ipw"]),
            "base_period": no_choice(["varying", "universal"]),
            "anticipation": NOT_A_COUNT,
            "level": NOT_A_SHARE,
            "n_resamples": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "workers": NOT_A_COUNT | st.just(0),
            "covariates": NOT_A_COLUMN,
            "drop_incomplete": NOT_A_FLAG,
            "weights": NOT_A_COLUMN | st.just("y"),
            "cluster": NOT_A_COLUMN | st.just("year"),
        },
    ),
    Line(
        "panel_randomisation.panel_randomisation",
        _law,
        same=[
            shuffled_rows("data"),
            shifted("data", "y"),
            scaled(
                "data",
                "y",
                expect=lambda found, _: found * np.array([1000, 1000, 1000, 1]),
            ),
        ],
        bad={
            "data": NOT_A_TABLE
            | _broken_tables()
            .filter(lambda d: "x" in d)
            .map(lambda d: d.drop(columns="y").assign(law=1.0)),
            "outcome": NOT_A_COLUMN,
            "treatment": NOT_A_COLUMN,
            "unit": NOT_A_COLUMN,
            "time": NOT_A_COLUMN,
            "strata": NOT_A_COLUMN | st.just("month"),
            "alpha": NOT_A_SHARE,
            "draws": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
        },
    ),
    Line(
        "panel_randomisation.event_randomisation",
        _effects,
        lambda found: found["p"],
        bad={
            "effects": NOT_A_TABLE,
            "alpha": NOT_A_SHARE,
            "draws": NOT_A_COUNT | st.just(0),
            "seed": NOT_A_COUNT,
            "interval": NOT_A_FLAG,
        },
    ),
    Line(
        "did_library.staggered_estimates",
        _many_adopt,
        lambda found: found[["estimate", "std err"]],
        same=[
            shuffled_rows("data"),
            shifted("data", "y"),
            scaled("data", "y", expect=lambda found, _: 1000 * found),
        ],
        bad={
            "data": NOT_A_TABLE | _broken_adoption(),
            "outcome": NOT_A_COLUMN,
            "unit": NOT_A_COLUMN,
            "time": NOT_A_COLUMN,
            "cohort": NOT_A_COLUMN,
            "method": no_choice(["imputation", "sun-abraham", "two-stage"]),
            "level": NOT_A_SHARE,
        },
        draws=1,
    ),
    Line(
        "local_projections.local_projections",
        _projected,
        lambda found: found[["estimate", "lower", "upper", "sup lower"]],
        same=[
            shuffled_rows("data"),
            relabelled("data", "state"),
            shifted("data", "y"),
            shifted("data", "x"),
            scaled("data", "y", expect=lambda found, _: 1000 * found),
            scaled("data", "x", expect=lambda found, _: found / 1000),
        ],
        bad={
            "controls": NOT_A_COLUMN.filter(lambda value: value != ["x"]),
            "data": NOT_A_TABLE | _broken_tables(with_z=False),
            "outcome": NOT_A_COLUMN,
            "dose": NOT_A_COLUMN | st.just("y"),
            "unit": NOT_A_COLUMN,
            "time": NOT_A_COLUMN,
            "leads": NOT_A_COUNT | st.just(60),
            "lags": NOT_A_COUNT | st.just(60),
            "dose_lags": NOT_A_COUNT,
            "outcome_lags": NOT_A_COUNT,
            "cluster": NOT_A_COLUMN | st.just("month"),
            "level": NOT_A_SHARE,
            "changes": NOT_A_FLAG,
            "trends": NOT_A_FLAG,
            "errors": no_choice(list(ERRORS)),
        },
    ),
    Line(
        "local_projections.leads_test",
        lambda rng: {"found": pd.DataFrame({"p": rng.random(5)}, index=range(-4, 1))},
        bad={"found": NOT_A_TABLE},
    ),
    Line(
        "panel.association.panel_association",
        _panel,
        lambda found: [found.params, found.bse],
        peer=_by_dummies,
        peer_numbers=lambda found: found.params,
        same=[
            shuffled_rows("data"),
            relabelled("data", "state"),
            shifted("data", "y"),
            shifted("data", "x"),
            scaled("data", "y", expect=lambda found, _: 1000 * found),
            scaled("data", "x", expect=_half),
            Same(
                "regressors in another order",
                lambda a, _: a | {"regressors": ["z", "x"]},
                lambda found, _: found[[1, 0, 3, 2]],
            ),
            Same(
                "months as dates",
                lambda a, _: (
                    a
                    | {"data": a["data"].assign(month=a["data"]["month"].dt.start_time)}
                ),
            ),
            Same(
                "a state with a single month",
                lambda a, _: (
                    a
                    | {
                        "data": pd.concat(
                            [a["data"], a["data"].iloc[:1].assign(state="single")]
                        )
                    }
                ),
            ),
        ],
        bad={
            "data": NOT_A_TABLE | _broken_tables(),
            "outcome": NOT_A_COLUMN,
            "regressors": NOT_A_COLUMN.filter(lambda v: v != ["x"])
            | st.sampled_from([[], ["x", "x"], ["y"], 3, None]),
            "unit": NOT_A_COLUMN,
            "time": NOT_A_COLUMN,
            "effects": no_choice(list(EFFECTS)),
            "errors": no_choice(list(ERRORS)),
            "maxlags": NOT_A_COUNT | st.integers(min_value=8),
            "difference": NOT_A_FLAG,
            "weights": NOT_A_COLUMN | st.just("z"),
            "cluster": NOT_A_COLUMN,
            "family": no_choice(["gaussian", "poisson"]),
        },
    ),
    Line(
        "panel.demeaning.within",
        lambda rng: {
            "values": rng.standard_normal((40, 2)),
            "groups": [np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8)],
        },
        same=[shifted("values"), scaled("values", expect=lambda f, _: 1000 * f)],
        bad={"groups": st.just([np.arange(3)])},
    ),
    Line(
        "panel.demeaning.balanced",
        lambda rng: {"values": rng.standard_normal((8, 5))},
        same=[shifted("values"), scaled("values", expect=lambda f, _: 1000 * f)],
        peer=lambda values: within(
            values.ravel(), list(np.indices(values.shape).reshape(2, -1))
        ),
    ),
    Line(
        "few_clusters.effective_clusters",
        lambda rng: {
            "regressor": rng.standard_normal(30),
            "clusters": np.repeat(np.arange(6), 5),
        },
        same=[scaled("regressor")],
    ),
    Line("few_clusters.bias_reduced", _reduced, same=[_one_unit_more()]),
    Line(
        "long_table.calendar_places",
        lambda rng: {"times": pd.Index(rng.permutation(20) + 1.0)},
        same=[shifted("times"), scaled("times")],
        bad={
            "times": st.sampled_from(
                [
                    pd.Index(["1", "10", "11"]),
                    pd.Index([1.0, 2.0, 3.3217]),
                    pd.Index([]),
                    pd.Index([1.0, np.nan]),
                    pd.Index([True, False]),
                    pd.DatetimeIndex(["2020-01-01", None]),
                ]
            )
        },
    ),
    Line(
        "long_table.codes",
        lambda rng: {"values": pd.Series(rng.integers(0, 5, 20))},
        same=[shifted("values", by=7)],
    ),
    Line(
        "long_table.check_ids",
        lambda rng: {"data": panel_table(rng), "unit": "state", "time": "month"},
        lambda found: [],
        bad={"unit": st.just("month"), "data": _twice()},
    ),
    Line(
        "long_table.check_numbers",
        lambda rng: {"column": pd.Series(rng.random(4)), "name": "y"},
        lambda found: [],
        bad={
            "column": st.sampled_from(
                [pd.Series(["a"]), pd.Series([np.nan]), pd.Series([1.0, np.inf])]
            )
        },
    ),
]

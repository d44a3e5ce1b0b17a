"""Panel associations: against dummy regressions, traps, invariances, refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis_utils.asking import Refused
from analysis_utils.methods.panel import ERRORS, panel_association


def panel(units=12, periods=30, slope=0.5, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "state": np.repeat([f"S{i:02}" for i in range(units)], periods),
            "month": np.tile(
                pd.period_range("2020-01", periods=periods, freq="M"), units
            ),
        }
    )
    common = np.tile(rng.standard_normal(periods).cumsum(), units)
    lasting = np.repeat(rng.standard_normal(units) * 5, periods)
    table["x"] = common + lasting + rng.standard_normal(len(table))
    table["z"] = rng.standard_normal(len(table))
    table["y"] = (
        3 * common
        - 2 * lasting
        + slope * table["x"]
        + 0.3 * table["z"]
        + rng.standard_normal(len(table))
    )
    return table


def associate(table=None, regressors=("x", "z"), **options):
    return panel_association(
        panel() if table is None else table,
        "y",
        regressors,
        unit="state",
        time="month",
        **options,
    )


def test_equals_the_regression_with_dummies():
    table = panel()
    peer = smf.ols(
        "y ~ x + z + C(state) + C(month)",
        table.assign(month=table["month"].astype(str)),
    ).fit()
    ours = associate(table, errors="independent")
    np.testing.assert_allclose(ours.params, peer.params[["x", "z"]], rtol=1e-9)
    np.testing.assert_allclose(ours.bse, peer.bse[["x", "z"]], rtol=1e-6)
    np.testing.assert_allclose(
        ours.conf_int(), peer.conf_int().loc[["x", "z"]], rtol=1e-5
    )
    t = ours.tvalues["x"]
    assert ours.r_within == pytest.approx(t / np.sqrt(t**2 + ours.df_resid), rel=1e-6)


def test_driscoll_kraay_equals_its_definition():
    table, lags = panel(), 3
    ours = associate(table, "x", errors="driscoll-kraay", maxlags=lags)
    x, y = ours.within["x"].to_numpy(), ours.within["y"].to_numpy()
    score = x * (y - ours.params["x"] * x)
    by_time = pd.Series(score).groupby(np.tile(np.arange(30), 12)).sum().to_numpy()
    meat = by_time @ by_time + 2 * sum(
        (1 - j / (lags + 1)) * by_time[j:] @ by_time[:-j] for j in range(1, lags + 1)
    )
    by_hand = np.sqrt(meat) / (x @ x)
    assert ours.bse["x"] == pytest.approx(by_hand, rel=0.1)  # small-sample factors
    assert ours.df_resid["x"] < 29


def test_pooled_correlation_is_the_trap():
    result = associate(panel(slope=0.0), "x", errors="cluster")
    assert abs(result.r_naive) > 0.3
    assert abs(result.r_within) < 0.15
    assert "naive" in str(result.summary()).lower()


def test_lasting_trends_need_differences():
    rng = np.random.default_rng(1)
    table = panel(units=8, periods=60)
    walks = rng.standard_normal((2, 8, 60)).cumsum(axis=2).reshape(2, -1)
    table["x"], table["y"] = walks
    levels = [
        associate(table.assign(x=w), "x", errors="independent").pvalues["x"]
        for w in rng.standard_normal((30, 8, 60)).cumsum(axis=2).reshape(30, -1)
    ]
    changes = [
        associate(
            table.assign(x=w), "x", errors="independent", difference=True
        ).pvalues["x"]
        for w in rng.standard_normal((30, 8, 60)).cumsum(axis=2).reshape(30, -1)
    ]
    assert np.mean(np.array(levels) < 0.05) > 0.4
    assert np.mean(np.array(changes) < 0.05) < 0.2


@pytest.mark.parametrize("errors", ERRORS)
def test_every_kind_of_errors(errors):
    result = associate(errors=errors)
    assert (result.bse > 0).all() and np.isfinite(result.pvalues).all()
    assert ERRORS[errors].split()[0] in str(result.summary())


def test_order_and_scale_of_rows_change_nothing():
    table = panel()
    base = associate(table)
    moved = associate(
        table.sample(frac=1, random_state=1).assign(
            y=lambda d: d["y"] * 1e4 + 5, x=lambda d: d["x"] * 10
        )
    )
    np.testing.assert_allclose(moved.tvalues, base.tvalues, rtol=1e-5)
    assert moved.params["x"] == pytest.approx(1e3 * base.params["x"], rel=1e-6)


def test_few_clusters_and_periods_are_said_aloud():
    table = panel()
    table["x"] = 1.0 * ((table["state"] == "S00") & (table["month"] > "2021-01"))
    alone = associate(table, "x")
    assert "1.2 clusters carry this estimate" in str(alone.summary())
    assert alone.conf_int().isna().all(axis=None) and alone.pvalues.isna().all()
    short = associate(panel(periods=19), errors="driscoll-kraay")
    assert "rest on 19 periods and 20 are needed" in str(short.summary())
    assert short.conf_int().isna().all(axis=None) and short.pvalues.isna().all()
    long = associate(panel(periods=20), errors="driscoll-kraay")
    assert long.conf_int().notna().all(axis=None)
    law = panel(periods=40)
    law["x"] = 1.0 * ((law["state"] < "S06") & (law["month"] > "2021-06"))
    both = associate(law, errors="driscoll-kraay")
    assert "x lasts (autocorrelation within units 0.9" in both.refusals["x"]
    assert both.refusals["z"] == "" and both.conf_int().loc["z"].notna().all()


def test_plot_draws_on_the_given_axes():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert associate().plot(ax) is ax


@pytest.mark.parametrize(
    "spoil, options, words",
    [
        (lambda d: d.assign(y=d["y"].where(d.index != 5)), {}, "y: 1 missing.*row 5"),
        (
            lambda d: d.assign(x=d["x"].replace(d["x"].iloc[3], np.inf)),
            {},
            "x: 1 missing",
        ),
        (lambda d: pd.concat([d, d.iloc[:1]]), {}, "Unit S00 has more than one row"),
        (lambda d: d.assign(x=1.0), {}, "x: all values are the same"),
        (lambda d: d.drop(columns="z"), {}, "No column 'z'"),
        (lambda d: d.assign(z=d["z"].astype(str)), {}, "z: numbers are needed"),
        (
            lambda d: d.drop(index=40),
            {"errors": "driscoll-kraay"},
            "without gaps in time",
        ),
        (
            lambda d: d.assign(x=pd.factorize(d["state"])[0]),
            {"errors": "cluster"},
            "does not vary beyond the effects",
        ),
        (lambda d: d.assign(z=2 * d["x"]), {"errors": "cluster"}, "combination"),
    ],
)
def test_bad_input_is_refused(spoil, options, words):
    with pytest.raises(Refused, match=words):
        associate(spoil(panel()), **options)


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="errors 'HAC' is not known"):
        associate(errors="HAC")

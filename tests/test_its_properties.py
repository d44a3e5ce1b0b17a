"""What must not change: units of the outcome, order of rows, start of the calendar."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from its_data import counts, event, gaussian
from numpy.testing import assert_allclose

from analysis_utils.methods.its import InterruptedTimeSeries, Intervention, Sarima

ERRORS = ["ols", "newey-west", "prais-winsten", "reml-ar1"]
errors = st.sampled_from(ERRORS)
seeds = st.integers(0, 10_000)
few = settings(max_examples=15, deadline=None)


def fit(y, when="2022-01", **options):
    return InterruptedTimeSeries(
        y, Intervention("law", when, slope=True), **options
    ).fit()


@few
@given(errors, seeds, st.floats(1e-4, 1e6), st.floats(-1e4, 1e4))
def test_scaling_and_shifting_the_outcome(kind, seed, scale, shift):
    y = gaussian(rho=0.4, level=2.0, seed=seed)
    before, after = fit(y, errors=kind), fit(shift * scale + scale * y, errors=kind)
    terms = ["time", "law_level", "law_slope"]
    assert_allclose(
        after.params[terms], scale * before.params[terms], rtol=1e-3, atol=1e-6 * scale
    )
    assert_allclose(after.bse[terms], scale * before.bse[terms], rtol=1e-3)


@pytest.mark.parametrize("scale", [1e-3, 1e5])
def test_scaling_the_outcome_of_sarima(scale):
    y = gaussian(rho=0.4, level=2.0)
    before, after = (fit(k * y, errors=Sarima()) for k in (1.0, scale))
    assert_allclose(after.params, scale * before.params, rtol=1e-3, atol=1e-3 * scale)


@few
@given(errors, seeds)
def test_the_order_of_rows(kind, seed):
    y = gaussian(seed=seed)
    shuffled = y.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        fit(y, errors=kind).table(), fit(shuffled, errors=kind).table()
    )


@few
@given(errors, st.integers(-30, 30), st.sampled_from([None, 1, "periods"]))
def test_shifting_the_calendar_by_years(kind, years, season):
    y = gaussian(seed=7)
    moved = y.set_axis(y.index + 12 * years)
    when = str(pd.Period("2022-01", "M") + 12 * years)
    here = fit(y, errors=kind, seasonality=season)
    there = fit(moved, when, errors=kind, seasonality=season)
    assert_allclose(there.params, here.params, rtol=1e-6, atol=1e-8)
    assert_allclose(there.bse, here.bse, rtol=1e-6)


@few
@given(seeds, st.floats(0.01, 1e6))
def test_units_of_the_exposure_move_the_intercept_alone(seed, unit):
    y = counts(ratio=1.4, seed=seed)
    exposure = pd.Series(np.log(np.linspace(900, 1200, 48)), y.index)
    one = fit(y, family="quasipoisson", offset=exposure)
    other = fit(y, family="quasipoisson", offset=exposure + np.log(unit))
    assert_allclose(other.params.iloc[1:], one.params.iloc[1:], rtol=1e-6, atol=1e-8)
    assert_allclose(one.params.iloc[0] - other.params.iloc[0], np.log(unit), atol=1e-6)
    assert_allclose(
        other.effect().to_numpy(float),
        one.effect().to_numpy(float),
        rtol=1e-5,
        atol=1e-10,
    )


@few
@given(seeds)
def test_days_or_weeks_of_counts_give_one_rate_ratio(seed):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=52 * 7, freq="D")
    y = pd.Series(rng.poisson(3, len(days)).astype(float), days, name="cases")
    law = Intervention("law", "2024-07-01")
    daily, weekly = (
        InterruptedTimeSeries(data, law, family="poisson", trend=None).fit()
        for data in (y, y.resample("W").sum())
    )
    for result in (daily, weekly):
        assert result.model.design.periods[
            result.model.design.spans["law"][0]
        ].start_time == pd.Timestamp("2024-07-01")
    assert_allclose(daily.params["law_level"], weekly.params["law_level"], atol=1e-8)
    assert_allclose(daily.bse["law_level"], weekly.bse["law_level"], rtol=1e-6)


@few
@given(seeds, st.floats(-50, 50))
def test_a_known_change_is_added_to_its_coefficient(seed, size):
    y = gaussian(rho=0.5, seed=seed)
    lifted = y + size * (np.arange(48) >= 24)
    for kind in ERRORS:
        gain = fit(lifted, errors=kind).params - fit(y, errors=kind).params
        assert_allclose(gain["law_level"], size, atol=1e-3 * max(1, abs(size)))


def test_a_known_slope_and_level_are_recovered():
    exact = gaussian() * 0 + 10 + 0.1 * np.arange(48)
    exact = (
        exact + 5.0 * (np.arange(48) >= 24) + 0.7 * np.clip(np.arange(48) - 24, 0, None)
    )
    noisy = exact + 1e-6 * gaussian(seed=9)
    result = InterruptedTimeSeries(noisy, event(slope=True)).fit()
    assert_allclose(result.params[["law_level", "law_slope"]], [5.0, 0.7], atol=1e-4)

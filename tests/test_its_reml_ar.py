"""Errors of an unknown autoregression, and a variance that changes at the event."""

import numpy as np
import pandas as pd
import pytest
from its_data import counts, event, gaussian
from numpy.testing import assert_allclose
from statsmodels.tsa.arima_process import arma_acf

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.its import InterruptedTimeSeries, RemlAR, reml_ar
from analysis_utils.methods.its.reml_ar import correlations


def _fit(y, errors, **options):
    return InterruptedTimeSeries(y, event(slope=True), errors=errors, **options).fit()


def test_order_0_is_least_squares():
    y = gaussian()
    ols, ar = _fit(y, "ols"), _fit(y, RemlAR(order=0))
    assert_allclose(ar.params, ols.params, rtol=1e-7)
    assert_allclose(ar.bse, ols.bse, rtol=1e-7)


def test_correlations_are_those_of_statsmodels():
    r1, r2, r3 = 0.6, 0.5, -0.2
    phi = np.array([r1 - r2 * r1, r2])
    phi = np.r_[phi - r3 * phi[::-1], r3]
    found = correlations(np.array([[r1, r2, r3]]), 12)[0]
    assert_allclose(found, arma_acf(np.r_[1, -phi], [1.0], 12))


@pytest.mark.parametrize("errors", ["reml-ar", "reml-ar-break"])
def test_shift_and_scale_change_nothing_else(errors):
    y = gaussian(rho=0.5)
    plain, moved = _fit(y, errors), _fit(y * 1000 + 1e5, errors)
    assert_allclose(moved.tvalues[1:], plain.tvalues[1:], rtol=1e-4)
    assert_allclose(moved.params[1:], 1000 * plain.params[1:], rtol=1e-4)


def test_periods_left_out_keep_their_place():
    y = gaussian(rho=0.5)
    broken = y.copy()
    broken.iloc[5:8] = np.nan
    window = [(y.index[5], y.index[7])]
    first = _fit(y, "reml-ar", exclude=window)
    assert_allclose(first.params, _fit(broken, "reml-ar", exclude=window).params)


def test_with_an_order_that_is_known_the_estimate_is_near_reml():
    y = gaussian(200, rho=0.4)
    one, averaged = _fit(y, "reml-ar1"), _fit(y, RemlAR(order=1))
    apart = (averaged.params - one.params).abs() / one.bse
    assert apart.max() < 0.1
    assert averaged.noise["ar.L1"] == pytest.approx(one.noise["rho"], abs=0.06)


def test_a_variance_that_changes_is_found():
    y = gaussian(96, seed=5)
    y = y + 2 * (gaussian(96, seed=6) - 10 - 0.1 * np.arange(96)) * (
        np.arange(96) >= 24
    )
    result = _fit(y, "reml-ar-break")
    assert 1.6 < result.noise["sd_ratio"] < 3
    assert not any("Residuals vary" in note for note in result.notes)


def test_controls_have_their_own_errors_of_one_process():
    control = gaussian(seed=9, rho=0.5).rename("control")
    result = InterruptedTimeSeries(
        gaussian(rho=0.5), event(), control=control, errors="reml-ar"
    ).fit()
    assert np.isfinite(result.bse).all() and result.nobs == 96
    with pytest.raises(NotTestable, match="one series"):
        InterruptedTimeSeries(
            gaussian(), event(), control=control, errors="reml-ar-break"
        ).fit()


@pytest.mark.parametrize("family", ["gaussian", "quasipoisson"])
def test_forecasts_have_intervals(family):
    y = gaussian(rho=0.5) if family == "gaussian" else counts()
    model = InterruptedTimeSeries(
        y, event(), family=family, errors="reml-ar", trend=None
    )
    table = model.forecast().effect()
    assert (table["lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["upper"]).all()


@pytest.mark.parametrize("options", [{"order": -1}, {"order": 1.5}, {"most": 0}])
def test_orders_are_whole_numbers(options):
    with pytest.raises(Refused, match="whole number"):
        RemlAR(**options)


def test_too_few_periods_are_refused():
    months = pd.period_range("2021-08", periods=10, freq="M")
    y = pd.Series(np.arange(10.0) ** 2 % 7, months)
    with pytest.raises(NotTestable, match="Too few points"):
        InterruptedTimeSeries(y, event(), errors="reml-ar").fit()


def test_the_recursion_whitens_as_the_covariance_does(monkeypatch):
    y = gaussian(rho=0.5)
    fast = {e: _fit(y, e) for e in ("reml-ar", "reml-ar-break")}
    monkeypatch.setattr(reml_ar._Data, "whole", False)
    for errors, result in fast.items():
        slow = _fit(y, errors)
        assert_allclose(slow.bse, result.bse, rtol=1e-4)
        assert_allclose(slow.innovations, result.innovations, rtol=1e-3, atol=1e-6)

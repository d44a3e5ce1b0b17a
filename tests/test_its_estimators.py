"""Coefficients and standard errors against statsmodels, and against brute force."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from its_data import counts, event, gaussian
from numpy.testing import assert_allclose
from scipy import optimize

from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    NeweyWest,
    PraisWinsten,
    RemlAR1,
    Sarima,
    Structural,
)
from analysis_utils.methods.its.estimators import gls, profiled_rho, reml_deviance
from analysis_utils.methods.its.least_squares import Layout, hac_covariance, whiten
from analysis_utils.methods.resampling.ar1 import fit_ar1_reml


def fitted(errors, y=None, **options):
    y = gaussian(rho=0.5) if y is None else y
    return InterruptedTimeSeries(y, event(slope=True), errors=errors, **options).fit()


def test_ols_equals_statsmodels():
    result = fitted("ols", seasonality=1)
    theirs = sm.OLS(result.model.design.y, result.model.design.X).fit()
    assert_allclose(result.params, theirs.params, rtol=1e-9)
    assert_allclose(result.bse, theirs.bse, rtol=1e-9)
    assert_allclose(result.pvalues, theirs.pvalues, rtol=1e-7)


@pytest.mark.parametrize("correction, stata", [("stata", True), ("none", False)])
@pytest.mark.parametrize("lags", [0, 1, 5])
def test_newey_west_equals_statsmodels(correction, stata, lags):
    result = fitted(NeweyWest(lags, correction))
    theirs = sm.OLS(result.model.design.y, result.model.design.X).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": stata}
    )
    assert_allclose(result.bse, theirs.bse, rtol=1e-9)


def test_newey_west_with_controls_equals_hac_panel():
    control = pd.DataFrame({k: gaussian(rho=0.5, seed=k) for k in (5, 6, 7)})
    result = fitted(NeweyWest(3), control=control)
    design = result.model.design
    theirs = sm.OLS(design.y, design.X).fit(
        cov_type="hac-panel",
        cov_kwds={"groups": design.layout.unit, "maxlags": 3, "use_correction": "hac"},
    )
    assert_allclose(result.bse, theirs.bse, rtol=1e-9)


def test_a_left_out_period_counts_as_a_lag():
    rng = np.random.default_rng(0)
    scores, time = rng.standard_normal((5, 1)), np.array([0, 1, 3, 4, 7])
    layout = Layout(time, np.zeros(5, int))
    u = scores[:, 0]
    expected = (u**2).sum() + 2 * 0.5 * (u[0] * u[1] + u[2] * u[3])
    assert_allclose(hac_covariance(scores, np.eye(1), layout, 1), [[expected]])


def dense_ar1(rho, layout):
    distance = np.abs(np.subtract.outer(layout.time, layout.time))
    same = np.equal.outer(layout.unit, layout.unit)
    return np.where(same, rho ** distance.astype(float), 0.0)


GAPS = Layout(
    np.array([0, 1, 2, 4, 5, 9, 10, 0, 1, 2, 3, 5]), np.array([0] * 7 + [1] * 5)
)


def test_whitening_is_the_inverse_root_of_the_correlation():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((12, 2))
    V = dense_ar1(0.6, GAPS)
    white = whiten(X, 0.6, GAPS.steps)
    assert_allclose(white.T @ white, X.T @ np.linalg.inv(V) @ X, rtol=1e-10)


def test_reml_deviance_equals_the_dense_formula():
    rng = np.random.default_rng(4)
    y, X = rng.standard_normal(12), np.column_stack([np.ones(12), GAPS.time])

    def dense(rho):
        inverse = np.linalg.inv(dense_ar1(rho, GAPS))
        xx = X.T @ inverse @ X
        e = y - X @ np.linalg.solve(xx, X.T @ inverse @ y)
        return (
            10 * np.log(e @ inverse @ e)
            - np.linalg.slogdet(inverse)[1]
            + np.linalg.slogdet(xx)[1]
        )

    ours = [reml_deviance(rho, y, X, GAPS.steps) for rho in (-0.5, 0.2, 0.8)]
    assert_allclose(np.diff(ours), np.diff([dense(r) for r in (-0.5, 0.2, 0.8)]))
    best = optimize.minimize_scalar(dense, bounds=(-0.99, 0.99), method="bounded")
    assert RemlAR1().fit(y, X, GAPS).noise["rho"] == pytest.approx(best.x, abs=1e-4)


def test_reml_equals_the_batched_engine():
    result = fitted("reml-ar1", seasonality=1)
    engine = fit_ar1_reml(result.model.design.y, result.model.design.X)
    design = result.model.design
    own = profiled_rho(reml_deviance, design.y, design.X, design.layout.steps)
    assert own == pytest.approx(engine.rho[0], abs=1e-6)
    assert_allclose(result.params, engine.params[:, 0], rtol=1e-6)
    assert_allclose(result.bse, engine.bse[:, 0], rtol=1e-5)


def test_gls_with_known_rho_equals_statsmodels():
    design = fitted("ols").model.design
    V = dense_ar1(0.4, design.layout)
    theirs = sm.GLS(design.y, design.X, sigma=V).fit()
    ours = gls(design.y, design.X, 0.4, design.layout.steps)
    assert_allclose(ours.params, theirs.params, rtol=1e-8)
    assert_allclose(np.sqrt(np.diag(ours.cov)), theirs.bse, rtol=1e-8)


@pytest.mark.parametrize("rho", ["regress", "freg", "tscorr", "dw", "theil", "nagar"])
def test_prais_winsten_names_its_rho(rho):
    result = fitted(PraisWinsten(rho), gaussian(200, rho=0.6))
    assert 0.3 < result.noise["rho"] < 0.8
    assert f"rho by {rho!r}" in result.notes


@pytest.mark.parametrize("correction, stata", [("stata", True), ("none", False)])
def test_poisson_newey_west_equals_statsmodels(correction, stata):
    result = InterruptedTimeSeries(
        counts(), event(), family="poisson", errors=NeweyWest(2, correction)
    ).fit()
    design = result.model.design
    theirs = sm.GLM(design.y, design.X, family=sm.families.Poisson()).fit(
        cov_type="HAC", cov_kwds={"maxlags": 2, "use_correction": stata}
    )
    assert_allclose(result.bse, theirs.bse, rtol=1e-8)


def test_quasi_poisson_scales_by_pearson():
    y = counts()
    plain, quasi = (
        InterruptedTimeSeries(y, event(), family=name).fit()
        for name in ("poisson", "quasipoisson")
    )
    root = np.sqrt(quasi.noise["dispersion"])
    assert_allclose(quasi.bse, plain.bse * root, rtol=1e-10)
    assert any("Overdispersed" in note for note in plain.notes)


def test_negative_binomial_equals_statsmodels():
    y = counts(120, dispersion=6.0)
    result = InterruptedTimeSeries(y, event(), family="negative_binomial").fit()
    theirs = sm.NegativeBinomial(result.model.design.y, result.model.design.X).fit(
        disp=0, method="newton", maxiter=100
    )
    assert_allclose(result.params, theirs.params[:-1], rtol=1e-4, atol=1e-6)
    assert result.noise["alpha"] == pytest.approx(theirs.params[-1], rel=1e-4)


def test_negative_binomial_of_underdispersed_counts_is_poisson():
    y = pd.Series([20.0, 21, 20, 19] * 12, gaussian().index)
    results = [
        InterruptedTimeSeries(y, event(), family=name).fit()
        for name in ("negative_binomial", "poisson")
    ]
    assert results[0].noise["alpha"] == 0
    assert_allclose(results[0].params, results[1].params, rtol=1e-6)
    assert any("no overdispersion" in note for note in results[0].notes)


def test_sarima_without_terms_is_least_squares():
    ours = fitted(Sarima((0, 0, 0)))
    ols = fitted("ols")
    assert_allclose(ours.params, ols.params, rtol=1e-4, atol=1e-4)
    assert_allclose(ours.bse, ols.bse * np.sqrt(44 / 48), rtol=1e-3)


def test_sarima_ar1_is_near_reml_in_a_long_series():
    y = gaussian(300, rho=0.5, level=3.0)
    ours, reml = fitted(Sarima((1, 0, 0)), y), fitted("reml-ar1", y)
    assert_allclose(ours.params, reml.params, atol=0.05)
    assert ours.noise["ar.L1"] == pytest.approx(reml.noise["rho"], abs=0.03)


def test_state_space_errors_skip_left_out_periods():
    y = gaussian(rho=0.5, level=3.0)
    spoilt = y.copy()
    spoilt.iloc[30:33] = np.nan
    for errors in (Sarima((1, 0, 0)), Structural(), "reml-ar1", "ols"):
        result = fitted(errors, spoilt, exclude=[("2022-07", "2022-09")])
        assert result.nobs == 45 and np.isfinite(result.bse).all()


def test_quasi_poisson_ar1_solves_its_estimating_equations():
    y = counts(60, ratio=1.5, dispersion=5.0)
    gap = [("2021-03", "2021-04")]
    result = InterruptedTimeSeries(
        y, event(), family="quasipoisson", errors="reml-ar1", exclude=gap
    ).fit()
    design, mu = result.model.design, result.fittedvalues.to_numpy()
    inverse = np.linalg.inv(dense_ar1(result.noise["rho"], design.layout))
    root = np.sqrt(mu)
    weight = root[:, None] * inverse * root[None, :]
    score = design.X.T @ (root * (inverse @ ((design.y - mu) / root)))
    assert_allclose(score, 0, atol=1e-3)
    cov = result.noise["dispersion"] * np.linalg.inv(design.X.T @ weight @ design.X)
    assert_allclose(result.cov_params(), cov, rtol=1e-4)


def test_quasi_poisson_ar1_is_quasi_poisson_where_nothing_is_autocorrelated():
    y = counts(300, ratio=1.5)
    plain, ar1 = (
        InterruptedTimeSeries(y, event(), family="quasipoisson", errors=errors).fit()
        for errors in (None, "reml-ar1")
    )
    assert abs(ar1.noise["rho"]) < 0.15
    assert_allclose(ar1.params, plain.params, atol=0.05)


def test_maximum_likelihood_finds_less_autocorrelation_than_reml():
    y = gaussian(rho=0.6)
    ml, reml = (fitted(RemlAR1(method), y) for method in ("ml", "reml"))
    assert ml.noise["rho"] < reml.noise["rho"]
    exact = fitted(Sarima((1, 0, 0)), y)
    assert ml.noise["rho"] == pytest.approx(exact.noise["ar.L1"], abs=1e-3)
    assert_allclose(ml.params, exact.params, rtol=1e-2, atol=1e-2)

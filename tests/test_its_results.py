"""Counterfactuals, effects, diagnostics, forecasts and figures."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from its_data import EVENT, counts, event, gaussian
from numpy.testing import assert_allclose

from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    Sarima,
    Structural,
)

matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


def model(y=None, **options):
    y = gaussian(rho=0.4, level=4.0, slope=0.3) if y is None else y
    return InterruptedTimeSeries(y, event(slope=True), **options)


def test_effect_at_a_date_is_level_plus_ramp():
    result = model().fit()
    b, V = result.params, result.cov_params()
    weights = {"law_level": 1, "law_slope": 6}
    expected = b["law_level"] + 6 * b["law_slope"]
    at = result.effect(at="2022-07").loc["mean difference"]
    assert at["estimate"] == pytest.approx(expected)
    se = np.sqrt(
        V.loc["law_level", "law_level"]
        + 36 * V.loc["law_slope", "law_slope"]
        + 12 * V.loc["law_level", "law_slope"]
    )
    assert at["upper"] - at["lower"] == pytest.approx(2 * result._quantile(0.05) * se)
    assert_allclose(result.t_test(weights)[["lower", "upper"]], at[["lower", "upper"]])


def test_ramp_from_one_puts_level_and_slope_into_the_first_period():
    y = gaussian(level=4.0, slope=0.3)
    zero = model(y, errors="ols").fit()
    one = InterruptedTimeSeries(y, event(slope=True, ramp_start=1), errors="ols").fit()
    assert_allclose(
        one.params["law_level"] + one.params["law_slope"], zero.params["law_level"]
    )
    assert_allclose(one.effect().to_numpy(), zero.effect().to_numpy(), rtol=1e-8)


def test_cumulated_effect_and_ratio_of_sums():
    result = model().fit()
    table = result.counterfactual().loc[pd.Period(EVENT, "M") :]
    effect, gap = result.effect(), table["fitted"] - table["counterfactual"]
    assert_allclose(effect.loc["cumulated difference", "estimate"], gap.sum())
    assert_allclose(effect.loc["mean difference", "estimate"], gap.mean())
    ratio = table["fitted"].sum() / table["counterfactual"].sum()
    assert_allclose(effect.loc["ratio", "estimate"], ratio)
    assert abs(ratio - (table["fitted"] / table["counterfactual"]).mean()) > 1e-4


@pytest.mark.parametrize("family", ["poisson", "quasipoisson", "negative_binomial"])
def test_intervals_of_counts_agree_with_draws_of_the_coefficients(family):
    result = InterruptedTimeSeries(
        counts(ratio=1.6), event(slope=True), family=family
    ).fit()
    rng = np.random.default_rng(0)
    beta = rng.multivariate_normal(result.params, result.cov_params(), 20_000)
    design = result.model.design
    after = slice(24, 48)
    with_it = np.exp(design.treated[design.names].to_numpy()[after] @ beta.T).sum(0)
    without = np.exp(design.without(["law"]).to_numpy()[after] @ beta.T).sum(0)
    ratio = result.effect().loc["ratio", ["lower", "upper"]]
    assert_allclose(ratio, np.quantile(with_it / without, [0.025, 0.975]), rtol=0.04)
    drawn = np.quantile(with_it - without, [0.025, 0.975])
    gap = result.effect().loc["cumulated difference", ["lower", "upper"]]
    assert_allclose(gap, drawn, atol=0.12 * np.ptp(drawn))


def test_level_of_counts_is_the_rate_ratio_everywhere():
    result = InterruptedTimeSeries(counts(ratio=1.6), event(), family="poisson").fit()
    expected = result.table().loc[
        "law_level", ["rate ratio", "ratio lower", "ratio upper"]
    ]
    ours = result.effect().loc["ratio", ["estimate", "lower", "upper"]]
    assert_allclose(ours.to_numpy(float), expected.to_numpy(float), rtol=1e-9)
    path = result.effect_path()["ratio"]
    assert_allclose(path["estimate"], expected["rate ratio"], rtol=1e-9)


def test_ratio_has_no_interval_where_a_sum_is_negative():
    row = model(gaussian() - 50).fit().effect().loc["ratio"]
    assert row.isna().all()


def test_controls_carry_the_common_change():
    y = gaussian(level=7.0, seed=3)
    control = pd.DataFrame({k: gaussian(level=5.0, seed=k) for k in (11, 12, 13)})
    result = InterruptedTimeSeries(y, event(), control=control).fit()
    effect = result.effect().loc["mean difference"]
    assert effect["estimate"] == pytest.approx(result.params["treated_law_level"])
    assert effect["lower"] < 2.0 < effect["upper"]
    table = result.counterfactual()
    jump = table["counterfactual"].iloc[24] - table["counterfactual"].iloc[23]
    assert jump > 3


def test_dates_are_kept():
    y = gaussian().to_timestamp()
    result = InterruptedTimeSeries(y, event()).fit()
    for table in (result.counterfactual(), result.effect_path()):
        assert isinstance(table.index, pd.DatetimeIndex) and table.index.name == "date"
    assert result.resid.index.equals(y.index)


def test_counterfactual_keeps_left_out_periods_apart():
    result = model(exclude=[("2022-03", "2022-05")]).fit()
    table = result.counterfactual()
    assert (~table["used"]).sum() == 3 and table["fitted"].notna().all()


def test_diagnostics_find_what_is_there():
    white = model(gaussian(200, rho=0.0), errors="ols").fit().diagnostics()
    red = model(gaussian(200, rho=0.7), errors="ols").fit().diagnostics()
    cured = model(gaussian(200, rho=0.7), errors="reml-ar1").fit().diagnostics()
    name = "Ljung-Box, lags 1-12"
    assert white.tests.loc[name, "p"] > 0.01 and cured.tests.loc[name, "p"] > 0.01
    assert red.tests.loc[name, "p"] < 1e-6
    assert red.tests.loc["Durbin-Watson", "statistic"] < 1
    assert list(red.acf.columns) == ["lag", "acf", "pacf", "limit"]
    assert red.acf["acf"].iloc[0] == 1


def test_diagnostics_see_unequal_variance_and_overdispersion():
    rng = np.random.default_rng(5)
    y = gaussian(120)
    y.iloc[24:] += np.linspace(2, 12, 96) * rng.standard_normal(96)
    tests = model(y, errors="ols").fit().diagnostics().tests
    assert tests.loc["Levene, before v after", "p"] < 0.01
    assert tests.loc["Breusch-Pagan, by fitted values", "p"] < 0.05
    result = InterruptedTimeSeries(
        counts(dispersion=5.0), event(), family="poisson"
    ).fit()
    assert result.diagnostics().tests.loc["Pearson dispersion", "p"] < 1e-6


def test_wald_and_f_tests_agree_with_t():
    result = model(errors="ols").fit()
    smaller = InterruptedTimeSeries(result.model.y, event(), errors="ols").fit()
    t2 = result.tvalues["law_slope"] ** 2
    assert result.wald_test(["law_slope"])["statistic"] == pytest.approx(t2)
    f_test = result.compare_f_test(smaller)
    assert f_test["statistic"] == pytest.approx(t2)
    assert f_test["p"] == pytest.approx(result.pvalues["law_slope"])
    with pytest.raises(NotTestable, match="wald_test"):
        model().fit().compare_f_test(smaller)


def test_summary_prints_the_model_and_its_notes():
    text = str(
        InterruptedTimeSeries(counts(), event(), family="poisson").fit().summary()
    )
    for words in (
        "Interrupted time series",
        "law_level",
        "rate ratio",
        "Overdispersed",
        "first affected period 2022-01",
    ):
        assert words in text


@pytest.mark.parametrize(
    "errors, words",
    [
        ("ols", "Residuals are autocorrelated"),
        ("newey-west", "Newey-West: intervals are too narrow under 200"),
        ("prais-winsten", "Prais-Winsten: intervals are too narrow under 100"),
    ],
)
def test_what_undercovers_is_said(errors, words):
    notes = model(gaussian(rho=0.8), errors=errors).fit().notes
    assert any(words in note for note in notes)
    assert not model(gaussian(rho=0.8)).fit().notes


# Forecast-type


def test_forecast_variance_is_the_formula_for_independent_errors():
    y = gaussian(level=4.0)
    forecast = model(y, errors="ols").forecast()
    fit = forecast.before
    X = np.column_stack([np.ones(24), np.arange(24, 48)])
    xbar, s2, m = X.mean(axis=0), fit.scale, 24
    xx = np.linalg.inv(fit.model.design.X.T @ fit.model.design.X)
    for noise, c in ((False, 0), (True, 1)):
        row = forecast.effect(noise=noise).loc["mean difference"]
        expected = np.sqrt(s2 * (xbar @ xx @ xbar + c / m))
        half = (row["upper"] - row["lower"]) / 2
        assert half == pytest.approx(fit._quantile(0.05) * expected)


def test_forecast_with_ar1_errors_is_the_dense_prediction():
    forecast = model(errors="reml-ar1").forecast()
    fit = forecast.before
    rho, s2, b = fit.noise["rho"], fit.scale, fit.params.to_numpy()
    time = np.arange(48)
    X = np.column_stack([np.ones(48), time])
    V = rho ** np.abs(np.subtract.outer(time, time)).astype(float)
    past, future = slice(0, 24), slice(24, 48)
    K = V[future, past] @ np.linalg.inv(V[past, past])
    mean = X[future] @ b + K @ (fit.model.design.y - X[past] @ b)
    row = X[future] - K @ X[past]
    cov_mean = row @ fit.cov_params().to_numpy() @ row.T
    assert_allclose(forecast.predicted, mean, rtol=1e-8)
    assert_allclose(forecast.cov_mean, cov_mean, rtol=1e-6, atol=1e-12)
    assert_allclose(
        forecast.cov_noise, s2 * (V[future, future] - K @ V[past, future]), atol=1e-10
    )


def test_forecast_of_sarima_equals_statsmodels():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    forecast = model(errors=Sarima((1, 0, 0))).forecast()
    past = forecast.before.model.design
    theirs = SARIMAX(past.y, past.X, order=(1, 0, 0)).fit(disp=0)
    X = np.column_stack([np.ones(24), np.arange(24, 48)])
    steps = int(np.int64(24))  # statsmodels' get_forecast refuses numpy integers
    expected = theirs.get_forecast(steps, exog=X)
    assert_allclose(forecast.predicted, expected.predicted_mean, rtol=1e-3)
    assert_allclose(np.sqrt(np.diag(forecast.cov_noise)), expected.se_mean, rtol=1e-2)


@pytest.mark.parametrize("errors", ["ols", "newey-west", Structural()])
def test_forecast_by_every_kind_of_error(errors):
    forecast = model(gaussian(96, level=5.0), errors=errors).forecast()
    table = forecast.counterfactual()
    assert (table["counterfactual_lower"] < table["counterfactual_upper"]).all()
    assert len(table) == 72
    window = forecast.effect(over=("2022-02", "2022-03"))
    assert window.loc["cumulated difference", "estimate"] == pytest.approx(
        (forecast.observed - forecast.predicted).iloc[1:3].sum()
    )


def test_forecast_of_counts_counts_future_noise():
    y = counts(96, ratio=1.5)
    results = {
        errors: InterruptedTimeSeries(
            y, event(), family="poisson", errors=errors
        ).forecast()
        for errors in (None, "newey-west")
    }
    quasi = InterruptedTimeSeries(y, event(), family="quasipoisson").forecast()
    assert quasi.cov_noise[0, 0] > 1.5 * results[None].cov_noise[0, 0]
    assert results["newey-west"].cov_noise[0, 0] == pytest.approx(quasi.cov_noise[0, 0])


@pytest.mark.slow
def test_forecast_covers():
    """The interval that CausalPy prints, SD/sqrt(n) of the gaps, covers far less."""
    ours = naive = 0
    for seed in range(150):
        forecast = model(gaussian(36, seed=seed), errors="ols").forecast()
        row = forecast.effect().loc["mean difference"]
        ours += row["lower"] < 0 < row["upper"]
        gaps = forecast.observed - forecast.predicted
        naive += abs(gaps.mean()) < 1.96 * gaps.std() / np.sqrt(len(gaps))
    assert 0.90 <= ours / 150 <= 0.99
    assert naive / 150 < 0.75


def test_forecast_skips_left_out_periods():
    y = gaussian(level=4.0)
    y.iloc[[10, 24, 30]] = np.nan
    part = event(transition=1, phase="exclude")
    gaps = [("2020-11", "2020-11"), ("2022-07", "2022-07")]
    for errors in ("ols", "reml-ar1", Sarima((1, 0, 0))):
        forecast = InterruptedTimeSeries(
            y, part, errors=errors, exclude=gaps
        ).forecast()
        assert len(forecast.observed) == 22 and forecast.before.nobs == 23
        assert forecast.effect().notna().all(axis=None)


def test_forecast_refusals():
    with pytest.raises(NotTestable, match="spline"):
        model(trend="spline").forecast()
    with pytest.raises(NotTestable, match="needs an intervention"):
        InterruptedTimeSeries(gaussian()).forecast()
    with pytest.raises(NotTestable, match="two full cycles"):
        model(gaussian().iloc[12:], seasonality=1).forecast()


# Figures


def texts(ax):
    return [item.get_text() for item in ax.texts]


def test_figure_marks_events_and_shows_uncertainty():
    parts = [event(slope=True), Intervention("repeal", "2023-01")]
    result = InterruptedTimeSeries(gaussian(), parts, exclude=[("2021-01",) * 2]).fit()
    _, ax = plt.subplots()
    assert result.plot(ax=ax) is ax
    assert texts(ax) == ["law", "repeal"] and len(ax.collections) == 3
    labels = ax.get_legend_handles_labels()[1]
    assert labels == ["Observed", "Left out", "Fitted", "Counterfactual"]
    plt.close("all")


def test_figures_of_forecast_and_diagnostics():
    _, axes = plt.subplots(1, 3)
    forecast = model().forecast()
    assert forecast.plot(axes[0]) is axes[0] and len(axes[0].collections) == 1
    diagnostics = forecast.before.diagnostics()
    assert diagnostics.plot(axes[1]) is axes[1]
    assert diagnostics.plot(axes[2], "pacf").get_ylabel() == "PACF"
    plt.close("all")


def test_the_counterfactual_of_counts_stays_above_zero():
    """Its interval is symmetric on the log scale, however wide."""
    rng = np.random.default_rng(3)
    days = pd.period_range("2020-01", periods=24, freq="M")
    y = pd.Series(rng.poisson(3, 24), days, name="y")
    model = InterruptedTimeSeries(
        y, Intervention("law", "2021-01", slope=True), family="quasipoisson"
    )
    table = model.fit().counterfactual()
    low, high = table["counterfactual_lower"], table["counterfactual_upper"]
    assert (low > 0).all()
    middle = np.sqrt(low * high)
    np.testing.assert_allclose(middle, table["counterfactual"], rtol=1e-9)

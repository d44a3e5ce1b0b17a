"""What a careless user passes to an interrupted time series is refused in words."""

import numpy as np
import pandas as pd
import pytest
from its_data import counts, event, gaussian
from numpy.testing import assert_allclose

from analysis_utils.asking import Refused
from analysis_utils.methods.inputs import as_series
from analysis_utils.methods.its import (
    Fourier,
    InterruptedTimeSeries,
    Intervention,
    NeweyWest,
    Sarima,
    Structural,
)


@pytest.mark.parametrize("alpha", [5, 95, 0, 1, -0.1, np.nan, "0.05", None, True])
def test_an_alpha_outside_0_and_1_is_refused(alpha):
    model = InterruptedTimeSeries(gaussian(), event())
    fit, ahead = model.fit(), model.forecast()
    ways = [
        fit.conf_int, fit.table, fit.summary, fit.counterfactual, fit.effect_path,
        ahead.counterfactual,
    ]  # fmt: skip
    for way in ways:
        with pytest.raises(Refused, match="between 0 and 1"):
            way(alpha=alpha)
    for effect in (fit.effect, ahead.effect):
        with pytest.raises(Refused, match="between 0 and 1"):
            effect(alpha=alpha)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Intervention("law", "2022-01", lag=1.5),
        lambda: Intervention("law", "2022-01", transition=True),
        lambda: Intervention("law", "2022-01", pulse=1.5),
        lambda: Intervention("law", "2022-01", ramp_start=2),
        lambda: Intervention("law", "2022-01", decay="half"),
        lambda: Intervention("law", "2022-01", slope="yes"),
        lambda: Intervention(2022, "2022-01"),
        lambda: Fourier(1.5),
        lambda: Fourier(1, period="12"),
        lambda: Sarima((-1, 0, 0)),
        lambda: Sarima((1, 0)),
        lambda: Sarima(1),
        lambda: Structural(seasonal=1),
    ],
)
def test_terms_that_make_no_sense_are_refused(make):
    with pytest.raises(Refused):
        make()


@pytest.mark.parametrize(
    "options",
    [
        {"covariates": np.ones(48)},
        {"covariates": [1.0] * 48},
        {"control": np.ones((48, 2))},
        {"covariates": gaussian(seed=3).astype(str) + "a"},
        {"seasonality": 1.5},
        {"seasonality": True},
        {"exclude": "2020-03"},
        {"exclude": ["2020-03"]},
        {"errors": 3},
        {"errors": OSError},
        {"trend_df": 2.5},
        {"use_t": "no"},
        {"interventions": "2022-01"},
        {"interventions": 3},
        {"errors": NeweyWest(lags=1.5)},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(Refused):
        InterruptedTimeSeries(
            **({"y": gaussian(), "interventions": event()} | options)
        ).fit()


def test_numpy_integers_are_whole_numbers():
    model = InterruptedTimeSeries(gaussian(), event(), seasonality=np.int64(2))
    assert "sin2_12" in model.design.names


@pytest.mark.parametrize("exposure", [1e6, np.arange(48) + 1.0, [31, 28, 30] * 16])
def test_an_exposure_that_is_not_a_logarithm_is_refused(exposure):
    y = counts()
    options = {"family": "quasipoisson"}
    population = pd.Series(exposure, y.index, dtype=float)
    with pytest.raises(Refused, match="np.log"):
        InterruptedTimeSeries(y, event(), offset=population, **options)
    InterruptedTimeSeries(y, event(), offset=np.log(population), **options).fit()


@pytest.mark.parametrize("family", ["poisson", "quasipoisson", "negative_binomial"])
def test_limits_of_forecast_counts_are_not_below_zero(family):
    y = counts(mean=1.5, dispersion=3)
    ahead = InterruptedTimeSeries(y, event(), family=family, trend=None).forecast()
    table = ahead.counterfactual()
    assert (table["counterfactual_lower"] >= 0).all()
    assert (table["counterfactual_upper"] > table["counterfactual"]).all()
    total = ahead.effect().loc["cumulated difference"]
    assert total["upper"] <= ahead.observed.sum()
    assert total["lower"] < total["estimate"] < total["upper"]


def test_large_counts_have_the_limits_of_the_normal_distribution():
    y = counts(mean=1e6, dispersion=3)
    table = InterruptedTimeSeries(y, event(), family="quasipoisson").forecast().effect()
    row = table.loc["mean difference"]
    assert_allclose(row["lower"] + row["upper"], 2 * row["estimate"], atol=10)


def test_first_mondays_of_some_months_are_no_complete_calendar():
    days = pd.DatetimeIndex(
        ["2024-01-01", "2024-02-05", "2024-05-06", "2024-06-03", "2024-11-04"]
    )
    with pytest.raises(Refused, match="gap"):
        as_series(pd.Series(np.arange(5.0), days), "y")

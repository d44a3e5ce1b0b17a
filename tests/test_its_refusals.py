"""What cannot be estimated is refused, in a sentence that says what to do."""

import warnings

import numpy as np
import pandas as pd
import pytest
from its_data import EVENT, counts, event, gaussian
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.its import (
    Fourier,
    InterruptedTimeSeries,
    Intervention,
    NeweyWest,
    PraisWinsten,
    SeasonalDummies,
    statespace,
)
from analysis_utils.methods.its import counts as count_models

Y = gaussian()


def changed(position, value):
    y = Y.copy()
    y.iloc[position] = value
    return y


def dated(dates):
    return pd.Series(np.arange(len(dates)) % 3.0, dates)


@pytest.mark.parametrize(
    "y, options, words",
    [
        (changed(3, np.nan), {}, "outcome is missing at 2020-04"),
        (changed(3, np.inf), {}, "outcome is infinite at 2020-04"),
        (Y * 0 + 7, {}, "constant"),
        (Y.drop(Y.index[[5, 6]]), {}, "gaps in its calendar, missing 2020-06, 2020-07"),
        (pd.concat([Y, Y.iloc[3:4]]), {}, "duplicate dates: 2020-04"),
        (Y.reset_index(drop=True), {}, "needs dates"),
        (Y.iloc[22:25], {}, "Too few points"),
        (Y.astype(str) + "x", {}, "not numeric"),
        (list(Y), {}, "pandas Series"),
        (dated(pd.date_range("2024-01-01", periods=40, freq="B")), {}, "gaps"),
        (dated(pd.date_range("2024-01-01", periods=40, freq="6h")), {}, "aggregate"),
        (dated(pd.DatetimeIndex(["2024-01-01", "NaT", "2024-01-03"])), {}, "NaT"),
        (Y, {"seasonality": Fourier(1, period=30)}, "two full cycles, 60 periods"),
        (Y, {"seasonality": 7}, "1 to 6 Fourier pairs"),
        (Y, {"seasonality": "monthly"}, "Unknown seasonality"),
        (Y, {"seasonality": SeasonalDummies(12.5)}, "no dummies"),
        (Y, {"family": "binomial"}, "family is gaussian"),
        (Y, {"errors": "hac"}, "errors is ols"),
        (Y, {"trend": "cubic"}, "trend is None"),
        (Y, {"trend": "spline", "trend_df": 1}, "at least 2 degrees"),
        (Y, {"offset": Y}, "offset belongs to counts"),
        (Y, {"errors": NeweyWest(48)}, "whole number from 0 to 47"),
        (Y, {"exclude": [("2030-01", "2030-02")]}, "lies outside the data"),
        (Y, {"covariates": Y.iloc[:40]}, "Covariate has no value at 2023-05"),
        (Y, {"covariates": changed(9, np.nan).rename("x")}, "x is missing at 2020-10"),
        (Y, {"covariates": Y.rename("time")}, "occur twice: time"),
        (Y, {"covariates": Y.rename("x") * 0 + 1}, "Collinear: .*Intercept"),
        (Y, {"covariates": Y.rename("x") * 0}, "x is zero in every"),
        (Y, {"covariates": Y.rename("copy")}, "fits every point exactly"),
        (Y - 100, {"family": "poisson"}, "below zero"),
        (Y, {"family": "poisson"}, "whole counts"),
        (counts(), {"family": "poisson", "errors": "sarima"}, "are not for poisson"),
    ],
)
def test_data_and_options(y, options, words):
    with pytest.raises(Refused, match=words):
        InterruptedTimeSeries(y, event(), **options).fit()


@pytest.mark.parametrize(
    "parts, words",
    [
        (
            Intervention("late", "2024-01"),
            "late .* lies outside the data, 2020-01 to 2023-12",
        ),
        (Intervention("early", "2019-06"), "lies outside the data"),
        (Intervention("first", "2020-01"), "no period before it"),
        (Intervention("second", "2020-02"), "1 period before it: two are needed"),
        (Intervention("lagged", "2023-12", lag=2), "no period after it"),
        (Intervention("last", "2023-12", slope=True), "slope needs two periods after"),
        (Intervention("over", EVENT, end="2021-01"), "before it has an effect"),
        (Intervention("bad", "soon"), "not a date"),
        (
            [Intervention("a", EVENT), Intervention("b", "2022-01-20")],
            "Collinear: .*a_level",
        ),
        (
            [Intervention("a", EVENT), Intervention("a", "2021-01")],
            "different names: a",
        ),
        (
            Intervention("gone", "2023-10", transition=3, phase="exclude"),
            "no fitted period",
        ),
    ],
)
def test_interventions(parts, words):
    with pytest.raises(Refused, match=words):
        InterruptedTimeSeries(Y, parts).fit()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"level": False}, "choose level, slope or pulse"),
        ({"phase": "fade"}, "phase is 'fade'"),
        ({"ramp_start": 2}, "from 0 to 1"),
        ({"pulse": True, "decay": 1.5}, "decay"),
        ({"lag": -1}, "0 or more"),
    ],
)
def test_the_words_of_an_intervention(options, words):
    with pytest.raises(Refused, match=words):
        event(**options)


def test_separation_is_found_exactly():
    y = counts()
    y.iloc[24:] = 0
    for family in ("poisson", "quasipoisson", "negative_binomial"):
        with pytest.raises(NotTestable, match="Separation"):
            InterruptedTimeSeries(y, event(), family=family).fit()
    y.iloc[40] = 1  # one event is enough for a finite level change
    result = InterruptedTimeSeries(y, event(), family="poisson").fit()
    assert np.isfinite(result.bse).all() and result.bse.max() < 10


def test_zeros_alone_are_no_separation():
    y = counts(mean=0.8, dispersion=1.5)
    assert (y == 0).any()
    assert np.isfinite(
        InterruptedTimeSeries(y, event(), family="poisson").fit().bse
    ).all()


def test_explosive_rho_is_refused():
    steep = pd.Series(np.exp(np.arange(48) / 4.0), Y.index)
    with pytest.raises(NotTestable, match="Prais-Winsten"):
        InterruptedTimeSeries(
            steep, event(), trend=None, errors=PraisWinsten("regress", iterate=False)
        ).fit()


def test_few_points_are_said_aloud():
    notes = InterruptedTimeSeries(Y.iloc[20:40], event()).fit().notes
    assert any("4 periods before and 16 after" in note for note in notes)


def test_unknown_names_and_dates_of_a_result():
    result = InterruptedTimeSeries(Y, event()).fit()
    with pytest.raises(NotTestable, match="No coefficient lawlevel"):
        result.t_test({"lawlevel": 1})
    with pytest.raises(NotTestable, match="No intervention"):
        result.counterfactual(of="other")
    with pytest.raises(NotTestable, match="outside the data"):
        result.effect(at="2030-01")
    with pytest.raises(NotTestable, match="ends before it begins"):
        result.effect(over=("2022-05", "2022-02"))
    with pytest.raises(NotTestable, match="not both"):
        result.effect(at="2022-05", over=("2022-05", "2022-06"))


def test_a_refusal_is_an_input_error():
    assert issubclass(NotTestable, NotTestable) and issubclass(NotTestable, ValueError)


def test_errors_that_do_not_converge_are_refused(monkeypatch):
    monkeypatch.setattr(statespace, "_attempt", lambda model, method: None)
    with pytest.raises(
        NotTestable, match="did not converge by either of two optimizers"
    ):
        InterruptedTimeSeries(Y, event(), errors="sarima").fit()


def test_counts_that_do_not_converge_are_refused(monkeypatch):
    def stop(self, *args, **options):
        warnings.warn("no", ConvergenceWarning, stacklevel=2)

    monkeypatch.setattr(count_models.GLM, "fit", stop)
    with pytest.raises(NotTestable, match="did not converge"):
        InterruptedTimeSeries(counts(), event(), family="poisson").fit()


def test_autocorrelated_counts_that_never_settle_are_refused():
    few = [43, 28, 18, 24, 38, 45, 65, 27, 0, 18, 15, 21]
    few = pd.Series(few, Y.index[:12])
    part = Intervention("law", "2020-07", slope=True)
    with pytest.raises(NotTestable, match="did not converge"):
        InterruptedTimeSeries(few, part, family="quasipoisson", errors="reml-ar1").fit()

"""A model as it is stated: its columns, equation and formula."""

import doctest

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from its_data import counts, event, gaussian
from numpy.testing import assert_allclose

from analysis_utils.asking import NotTestable
from analysis_utils.methods import its
from analysis_utils.methods.its import (
    Fourier,
    InterruptedTimeSeries,
    Intervention,
    SeasonalDummies,
)
from analysis_utils.methods.its.calendar import as_periods, moment, position

MONTHS = pd.period_range("2020-01", periods=10, freq="M")


def column(kind, **options):
    part = Intervention("law", "2020-05", **({"level": False} | options))
    return part.columns(MONTHS)[f"law_{kind}"].tolist()


@pytest.mark.parametrize(
    "kind, options, expected",
    [
        ("level", {"level": True}, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]),
        ("level", {"level": True, "lag": 2}, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]),
        ("level", {"level": True, "end": "2020-07"}, [0, 0, 0, 0, 1, 1, 1, 0, 0, 0]),
        (
            "level",
            {"level": True, "transition": 3},
            [0, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 1],
        ),
        (
            "level",
            {"level": True, "transition": 2, "phase": "separate"},
            [0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
        ),
        (
            "transition",
            {"level": True, "transition": 2, "phase": "separate"},
            [0, 0, 0, 0, 1, 1, 0, 0, 0, 0],
        ),
        ("slope", {"slope": True}, [0, 0, 0, 0, 0, 1, 2, 3, 4, 5]),
        ("slope", {"slope": True, "ramp_start": 1}, [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]),
        ("slope", {"slope": True, "end": "2020-07"}, [0, 0, 0, 0, 0, 1, 2, 0, 0, 0]),
        ("slope", {"slope": True, "transition": 2}, [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]),
        ("pulse", {"pulse": True}, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
        (
            "level",
            {"level": True, "decay": 0.5},
            [0, 0, 0, 0, 0.5, 0.75, 0.875, 0.9375, 0.96875, 0.984375],
        ),
        ("pulse", {"pulse": 3}, [0, 0, 0, 0, 1, 1, 1, 0, 0, 0]),
        (
            "pulse",
            {"pulse": True, "decay": 0.5},
            [0, 0, 0, 0, 1, 0.5, 0.25, 0.125, 0.0625, 0.03125],
        ),
    ],
)
def test_columns_of_an_intervention(kind, options, expected):
    assert column(kind, **options) == expected


def test_excluded_transition_leaves_rows_out_and_time_running():
    part = event(slope=True, transition=3, phase="exclude")
    model = InterruptedTimeSeries(gaussian(), part)
    assert not model.design.used[24:27].any() and model.design.used.sum() == 45
    assert model.data["time"].iloc[-1] == 47
    assert model.data["law_slope"].iloc[24] == 3


@pytest.mark.parametrize(
    "freq, label, event_date, row",
    [
        ("W-SUN", "2024-01-07", "2024-01-10", 1),  # resample("W"): Sunday ends its week
        ("7D", "2024-01-01", "2024-01-10", 1),  # resample("7D"): begins its week
        ("7D", "2024-01-04", "2024-01-10", 0),
        ("MS", "2024-01-01", "2024-02-20", 1),
        ("ME", "2024-01-31", "2024-02-20", 1),
        ("QS", "2024-01-01", "2024-05-20", 1),
        ("YS", "2024-01-01", "2025-05-20", 1),
        ("D", "2024-01-01", "2024-01-02", 1),
        ("2W-SUN", "2024-01-14", "2024-01-15", 1),
    ],
)
def test_the_period_of_an_event(freq, label, event_date, row):
    dates = pd.date_range(label, periods=8, freq=freq)
    assert position(as_periods(dates), event_date, "event") == row


def test_weekly_mondays_are_refused_because_they_begin_or_end_a_week():
    days = pd.date_range("2024-01-01", "2024-03-31", freq="D")
    counts = pd.Series(np.where(days >= "2024-02-06", 8.0, 0.5), days)
    weeks = counts.resample("W-MON").sum()  # labels are the last days
    with pytest.raises(NotTestable, match="begin or end"):
        as_periods(weeks.index)
    ends = weeks.set_axis(weeks.index.to_period("W-MON"))
    assert weeks.iloc[position(ends.index, "2024-02-07", "event")] == 56.0


@pytest.mark.parametrize("date", ["03/04/2017", "13/04/2017", "3.4.2017", "03-04-17"])
def test_dates_with_the_day_or_month_first_are_refused(date):
    with pytest.raises(NotTestable, match="its day or its month first"):
        moment(date)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"trend": "quadratic"},
        {"trend": None},
        {"trend": "spline", "trend_df": 4},
        {"seasonality": 2},
        {"seasonality": "periods"},
        {"exclude": [("2021-03", "2021-05")]},
        {"seasonality": [Fourier(1), Fourier(1, period=6)]},
    ],
)
def test_formula_gives_the_same_fit_in_statsmodels(options):
    model = InterruptedTimeSeries(
        gaussian(), event(slope=True), errors="ols", **options
    )
    ours = model.fit()
    theirs = smf.ols(model.formula, model.data).fit()
    assert_allclose(ours.params, theirs.params[ours.params.index], rtol=1e-8, atol=1e-9)
    assert_allclose(ours.bse, theirs.bse[ours.bse.index], rtol=1e-8)
    assert_allclose(ours.conf_int(), theirs.conf_int().loc[ours.bse.index], atol=1e-7)


def test_formula_of_counts_with_offset():
    y = counts(ratio=1.5)
    exposure = pd.Series(np.log(np.linspace(900, 1100, 48)), y.index)
    model = InterruptedTimeSeries(y, event(), family="poisson", offset=exposure)
    data = model.data
    theirs = smf.poisson(model.formula, data, offset=data["offset"]).fit(disp=0)
    assert_allclose(model.fit().params, theirs.params, rtol=1e-6)
    assert_allclose(model.fit().bse, theirs.bse, rtol=1e-6)


def test_equation_names_events_and_errors():
    text = InterruptedTimeSeries(gaussian(), event(slope=True)).equation
    assert "y_t = b0 + b1 time_t + b2 law_level_t + b3 law_slope_t + e_t" in text
    assert "e_t = rho e_{t-1} + u_t" in text
    assert "law: first affected period 2022-01 (t = 24), ramp from 0" in text


def test_formula_quotes_names_that_are_no_words():
    y = gaussian()
    x = pd.Series(np.sin(np.arange(48.0)), y.index, name="price index")
    model = InterruptedTimeSeries(y, event(), covariates=x, errors="ols")
    theirs = smf.ols(model.formula, model.data).fit()
    assert_allclose(model.fit().params.to_numpy(), theirs.params.to_numpy(), rtol=1e-8)


def test_seasons_belong_to_the_calendar_not_to_the_start():
    y = gaussian(60)
    late = InterruptedTimeSeries(y.iloc[5:], event(), seasonality="periods").data
    june = late.loc[[i for i in late.index if i[1].month == 6]]
    assert (june["season_6"] == 1).all()
    whole = InterruptedTimeSeries(y, event(), seasonality=1).data
    part = InterruptedTimeSeries(y.iloc[5:], event(), seasonality=1).data
    assert_allclose(whole["sin1_12"].iloc[5:], part["sin1_12"])


def test_even_cycles_end_with_a_cosine_and_equal_the_dummies():
    y = gaussian(60)
    fourier = InterruptedTimeSeries(y, event(), seasonality=6, errors="ols").fit()
    dummies = InterruptedTimeSeries(
        y, event(), seasonality=SeasonalDummies(12), errors="ols"
    ).fit()
    assert len(fourier.params) == len(dummies.params)
    assert_allclose(fourier.params["law_level"], dummies.params["law_level"], rtol=1e-9)


def test_default_errors_follow_the_length():
    labels = {
        n: InterruptedTimeSeries(
            gaussian(30).iloc[18 : 18 + n], event()
        ).estimator.label
        for n in (11, 12)
    }
    assert labels == {11: "OLS", 12: "REML, AR(1)"}


def test_several_events_with_lag_and_end():
    parts = [
        Intervention("first", "2021-01", slope=True, end="2021-12"),
        Intervention("second", "2022-06", level=True, lag=2),
    ]
    model = InterruptedTimeSeries(gaussian(), parts)
    assert model.design.spans == {"first": (12, 24), "second": (31, 48)}
    assert model.fit().counterfactual(of="second")["counterfactual"].iloc[
        20
    ] == pytest.approx(model.fit().counterfactual()["fitted"].iloc[20])


def test_an_end_given_by_a_year_or_month_is_the_end_of_it():
    y = gaussian()
    law = Intervention("law", "2021", end="2022")
    assert InterruptedTimeSeries(y, law).design.spans["law"] == (12, 36)
    model = InterruptedTimeSeries(y, event(), exclude=("2021", "2021"))
    assert (~model.design.used).sum() == 12
    whole = model.fit().effect(over=("2022", "2022"))
    assert whole.loc["cumulated difference", "estimate"] == pytest.approx(
        12 * model.fit().params["law_level"]
    )


def test_each_unit_has_its_own_offset():
    y, other = counts(ratio=1.5), counts(seed=8).rename("elsewhere")
    sizes = {"cases": np.log(100.0), "elsewhere": np.log(300.0)}
    exposure = pd.DataFrame(sizes, y.index)
    model = InterruptedTimeSeries(
        y, event(), family="poisson", control=other, offset=exposure
    )
    plain = InterruptedTimeSeries(y, event(), family="poisson", control=other).fit()
    moved = plain.params - model.fit().params
    assert moved["Intercept"] == pytest.approx(np.log(300))
    assert moved["treated"] == pytest.approx(np.log(100 / 300))
    with pytest.raises(NotTestable, match="no column elsewhere"):
        model.replace(offset=exposure[["cases"]])


def test_the_example_of_the_package():
    found = doctest.testmod(its, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 5 and found.failed == 0

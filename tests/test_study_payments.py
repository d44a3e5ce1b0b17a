"""Who was at risk of which model, by week; intervals; what the power rests on."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import hypotheses, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.hazards import fit_hazard
from analysis_utils.study import events, payments

reimbursement, vintages = code_of("03_reimbursement"), code_of("08_vintages")
FIRST = "2025-01-27"


@pytest.fixture(scope="module")
def sheriffs() -> pd.DataFrame:
    return payments.at_risk(FIRST, ["sheriff"])


def test_one_row_an_office_and_model_and_events_only_in_the_weeks(sheriffs):
    assert not sheriffs.duplicated(["ori", "model"]).any()
    assert set(sheriffs["model"]) == set(payments.MODELS)
    assert sheriffs["exit"].between(0, sheriffs["exit"].max()).all()
    censored = sheriffs[sheriffs["event"] == 0]
    assert (censored["exit"] == sheriffs["exit"].max()).all()


def test_states_left_out_are_out(sheriffs):
    rest = payments.at_risk(FIRST, ["sheriff"], ["FL", "TX"])
    quiet = sheriffs[~sheriffs["state"].isin(["FL", "TX"])]
    assert rest.equals(quiet.reset_index(drop=True))


def test_cut_intervals_are_the_weeks_and_keep_every_event(sheriffs):
    part = sheriffs.sample(400, random_state=1)
    cut = payments.split(part, {"between": 31, "paid": 35}, "TFM")
    weeks = (cut["exit"] - cut["entry"] + 1).sum()
    assert weeks == (part["exit"] + 1).sum()
    assert cut["event"].sum() == part["event"].sum()
    inside = cut[["between", "paid"]].sum(axis=1)
    assert set(inside[cut["model"] != "TFM"]) == {0.0} and inside.max() == 1
    assert (cut.loc[cut["paid"] == 1, "entry"] >= 35).all()


def test_a_fit_on_intervals_equals_the_fit_on_weeks(sheriffs):
    some = sheriffs[sheriffs["state"].isin(["GA", "NC", "VA", "MO"])]
    cut = payments.split(some, {"between": 31, "paid": 35}, "TFM")
    both = [
        fit_hazard(rows, ["between", "paid"], effects=["model"]).params["paid"]
        for rows in (cut, reimbursement.by_week(cut))
    ]
    assert both[0] == pytest.approx(both[1], abs=1e-6)


def test_weekly_hazards_count_every_signing_once(sheriffs):
    counted = reimbursement.cells_of(sheriffs)
    weekly = counted.groupby(["model", "week"])[["at risk", "signed"]].sum()
    assert weekly["signed"].sum() == sheriffs["event"].sum()
    fewer = weekly.groupby("model")["at risk"].diff().dropna()
    before = weekly.groupby("model")["signed"].shift().dropna()
    assert (fewer == -before).all()  # who signs leaves, nobody else


def test_power_rises_with_the_effect_and_uses_the_weeks_before_alone(sheriffs):
    finds = reimbursement.simulated_tests(sheriffs, 31, 35, 0.95)
    power = [
        finds(effect, 300, np.random.default_rng(1)).mean() for effect in (1, 3, 10)
    ]
    assert power[0] < 0.15 and power[0] < power[1] < power[2]
    later = sheriffs.copy()
    gone = (later["event"] == 1) & (later["exit"] >= 31)
    later.loc[gone, ["event", "exit"]] = 0, later["exit"].max()
    weeks = reimbursement.signings_before(sheriffs, 31)
    assert np.array_equal(reimbursement.signings_before(later, 31), weeks)
    assert weeks.sum() == (sheriffs["event"] * (sheriffs["exit"] < 31)).sum()
    with pytest.raises(NotTestable):
        reimbursement.simulated_tests(sheriffs, 5, 9, 0.95)


def test_a_model_has_its_own_trend_only_where_asked(sheriffs):
    some = sheriffs[sheriffs["state"].isin(["GA", "NC", "VA", "MO"])]
    cuts = {"between": 31, "paid": 35}
    _, plain = reimbursement.relative(some, cuts)
    _, trend = reimbursement.relative(some, cuts, own_trend=True)
    assert "trend" not in plain.params and "trend" in trend.params


def test_vintages_estimate_the_ratio_of_the_notebook_on_payments():
    spec = hypotheses.specification("P1")
    last = series.last_day()
    days = events.find(spec.announced).day, events.find(spec.event).day
    weeks = [payments.week_of(day, spec.first) for day in days]
    table = payments.at_risk(spec.first, spec.kinds, spec.without)
    cuts = dict(zip(("between", "paid"), weeks, strict=True))
    here, _ = reimbursement.relative(table, cuts)
    there = vintages.paid(spec, None, last)
    assert there.estimate == pytest.approx(here.estimate, rel=1e-9)
    assert there.at() == pytest.approx(here.at(), rel=1e-9)


def test_before_payments_started_nothing_can_be_tested():
    early = payments.at_risk(FIRST, ["sheriff"], as_of="2025-08-28")
    with pytest.raises(NotTestable, match="start of payments"):
        reimbursement.simulated_tests(early, 27, 35, 0.95)

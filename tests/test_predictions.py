"""Predictions committed before later lists were seen, made again; what must hold."""

import numpy as np
import pandas as pd
import pytest

from analysis_utils import datasets, series
from analysis_utils.predictions import acts, backtests, forecasters, predict
from analysis_utils.predictions.backtests import QUANTILES, Drift
from analysis_utils.predictions.forecasters import MODELS, Register

KEY = ["forecaster", "day", "state", "model"]


@pytest.fixture(scope="module")
def counts():
    return datasets.load("predicted_counts")


@pytest.fixture(scope="module")
def register():
    return Register.known(predict.AS_OF)


@pytest.fixture(scope="module")
def again(register):
    """The tables computed anew, from the committed errors of earlier forecasts."""
    return predict.predictions(datasets.load("forecast_backtests"))


@pytest.mark.long
def test_the_committed_counts_are_made_again(counts, again):
    """To an agreement or two: the register may be corrected, last digits may move."""
    made = again["predicted_counts"].assign(day=lambda t: pd.to_datetime(t["day"]))
    both = counts.merge(made, on=KEY, suffixes=("", "_again"), validate="1:1")
    assert len(both) == len(counts) == len(made)
    for name in QUANTILES:
        apart = (both[name] - both[f"{name}_again"]).abs()
        assert (apart <= 2 + 0.03 * both[name]).mean() > 0.99


@pytest.mark.long
def test_the_committed_probabilities_and_directions_are_made_again(again):
    old = datasets.load("predicted_agencies").set_index("ori")["probability"]
    new = again["predicted_agencies"].set_index("ori")["probability"]
    both = pd.concat([old, new], axis=1, join="inner").to_numpy()
    assert len(both) > 0.98 * max(len(old), len(new))
    assert np.abs(both[:, 0] - both[:, 1]).mean() < 0.002
    answers = datasets.load("predicted_answers").set_index("question")
    made = again["predicted_answers"].set_index("question")
    assert answers["direction"].equals(made["direction"])
    inside = made["q500"].between(answers["q100"], answers["q900"])
    assert inside.all()


def test_an_earlier_forecast_is_made_again(register):
    kept = datasets.load("forecast_backtests").query("forecaster == 'naive'")
    origin = kept["origin"].iloc[0]
    made = backtests.backtest(register, "naive", origin, 200)
    old = kept[kept["origin"] == origin]
    assert made["listed"].tolist() == old["listed"].tolist()
    np.testing.assert_allclose(made["q500"], old["q500"], rtol=0.02)


def test_quantiles_are_in_order_and_all_cells_are_there(counts):
    assert (np.diff(counts[list(QUANTILES)].to_numpy(), axis=1) >= 0).all()
    assert (counts[list(QUANTILES)] >= 0).all().all()
    states = datasets.states()["state"]
    cells = counts.groupby(["forecaster", "day"]).size()
    assert (cells == (len(states) + 1) * (len(MODELS) + 1)).all()


def test_sums_have_the_means_of_their_parts(counts):
    parts = counts[(counts["state"] != "US") & (counts["model"] != "all")]
    total = parts.groupby(["forecaster", "day"])["mean"].sum()
    shown = predict.national(counts).set_index(["forecaster", "day"])["mean"]
    np.testing.assert_allclose(total.sort_index(), shown.sort_index(), rtol=1e-3)


# Haskell County's sheriff, whose agreement the lists to 13 April printed as one of
# Haskell's police: put right by the list of 15 April, after the predictions.
PRINTED_AS_ANOTHER = {"OK0310000"}


def test_nobody_with_an_agreement_is_predicted_to_sign_a_first_one(register):
    agencies = datasets.load("predicted_agencies")
    assert set(agencies["ori"]) & set(register.active["ori"]) <= PRINTED_AS_ANOTHER
    assert agencies["probability"].between(0, 1).all()


def test_a_later_list_changes_no_forecast(register):
    early = Register.known("2025-12-01")
    assert early.day <= pd.Timestamp("2025-12-01") < register.day
    assert early.table["first_listed"].max() <= early.day
    assert not (early.table["gone_by"] > early.day).any()
    shown = series.active(basis="listing", by="model", as_of="2025-12-01").iloc[-1]
    assert early.active["model"].value_counts().to_dict() == shown.to_dict()


def test_rows_in_another_order_give_the_same_naive_forecast(register):
    weeks = {"2026-05-18": 5, "2026-07-20": 14}
    mixed = Register(
        register.as_of,
        register.day,
        register.table.sample(frac=1, random_state=1),
        register.cells,
    )
    one, other = (forecasters.naive(r, weeks, draws=50) for r in (register, mixed))
    for day in weeks:
        pd.testing.assert_frame_equal(one[day], other[day])


def test_days_of_one_draw_belong_together(register):
    weeks = forecasters.weeks_ahead(register, predict.DAYS)
    assert list(weeks.values()) == [2, 5, 8, 14, 21, 26]
    made = forecasters._end_path(register, weeks, 50, np.random.default_rng(1))
    days = [made[day] for day in predict.DAYS]
    for before, after in zip(days, days[1:], strict=False):
        assert (after >= before).all()


def test_a_ban_ends_agreements_and_a_mandate_adds_sheriffs(register):
    weeks = forecasters.weeks_ahead(register, predict.DAYS)
    plain = forecasters.naive(register, weeks, draws=200)
    announced = acts.announced_after(register.day)
    after = acts.after_acts(plain, register, weeks, announced)
    day = predict.DAYS[-1]
    york, before = (made[day]["NY"].sum(axis=1).mean() for made in (after, plain))
    assert york < 0.5 * before
    added = (after[day] - plain[day])["TN"].sum(axis=1)
    assert (added >= 0).all() and added.mean() > 0
    assert added.max() <= acts.sheriffs_left(register, "TN")
    pd.testing.assert_frame_equal(plain[day][["TX", "FL"]], after[day][["TX", "FL"]])


def test_drift_is_that_of_errors_which_are_known():
    rows = pd.DataFrame(
        {
            "forecaster": "made",
            "origin": pd.date_range("2025-01-06", periods=40, freq="5W"),
            "weeks": 5,
            "at_origin": 1000,
            "q100": 1100.0,
            "q500": 1100.0,
            "q900": 1100.0,
            "listed": [1100 * 1 + (50 if k % 2 else 0) for k in range(40)],
        }
    )
    found = Drift.of(rows, "made")
    # half of the spans gain half as much again; 40 of them are drawn in by 1 in 40
    assert found.mean[0] == pytest.approx(np.log(1.5) / 2 * 40 / 41, rel=0.02)
    assert found.sd[0] == pytest.approx(np.log(1.5) / 2, rel=0.03)
    factors = found.factors({"a": 5, "b": 9}, draws=2000)
    assert np.corrcoef(np.log(factors["a"]), np.log(factors["b"]))[0, 1] > 0.999

"""Shares by week, spans of signings, ends by state: shaped as notebooks need."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import series
from analysis_utils.publish import charts
from analysis_utils.publish.findings import Finding
from analysis_utils.study import events

growth, vintages = code_of("01_agreement_growth"), code_of("08_vintages")
who_signs, survival = code_of("13_who_signs"), code_of("14_survival")


def weeks(n: int = 40) -> pd.DataFrame:
    """Weeks with 10 agreements each, of which 2, 3, 4, 3, 2, ... have a property."""
    has = np.resize([2, 3, 4, 3], n)
    return pd.DataFrame({"has": has, "rest": 10 - has, "time": range(n)})


def test_segments_begin_at_the_week_and_count_from_it():
    data = who_signs.segments(weeks(), 30)
    assert data["level"].sum() == 10 and data.loc[29, "level"] == 0
    assert list(data["slope"].iloc[29:33]) == [0, 0, 1, 2]


def test_places_leave_so_many_weeks_on_each_side():
    places = who_signs.places(weeks(), 8)
    assert places[0] == 8 and places[-1] == 32


def test_made_data_keep_batches_before_and_move_the_odds_after():
    rng = np.random.default_rng(1)
    made = who_signs.drawn_before(weeks(400), 200, 3.0, rng)
    before, after = made[made["time"] < 200], made[made["time"] >= 200]
    assert set(before["has"]) <= {2, 3, 4}
    odds = [part["has"].sum() / part["rest"].sum() for part in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(3.0, rel=0.15)
    assert (made["has"] + made["rest"] == 10).all()


def test_weekly_counts_are_all_agreements():
    new = series.signed_between("2025-01-20")
    new["week"] = new["signed"].dt.to_period("W-SUN")
    table = who_signs.weekly(new, new["model"] == "TFM", "2025-01-20")
    assert table[["has", "rest"]].sum().sum() == len(new)
    assert table["has"].sum() == (new["model"] == "TFM").sum()
    assert table["time"].is_monotonic_increasing and table["time"].min() >= 0


def test_a_span_begins_on_the_day_and_spans_hold_every_signing():
    order, last = pd.Timestamp("2025-01-20"), pd.Timestamp("2026-04-13")
    four = growth.spans(order, 4, "2021-01-13", last)
    one = growth.spans(order, 1, "2021-01-13", last)
    assert order in four.index and (four.index.dayofweek == 0).all()
    assert four.sum().equals(one.sum())
    assert set(np.diff(four.index).astype("timedelta64[D]").astype(int) % 28) == {0}


def test_rates_are_per_hundred_agencies():
    rate = growth.per_hundred(pd.Series({"FL": 10, "TX": 0}))
    assert rate["TX"] == 0 and 0 < rate["FL"] < 10


def test_cells_by_state_add_up_to_the_rates():
    lives = survival.lives("2026-04-13", "middle")
    cells, rates = survival.cells_of(lives), survival.rates_of(lives)
    for model in ("JEM", "WSO"):
        part = cells[cells["model"] == model]
        assert part["ends"].sum() == rates.loc[model, "ends"]
        assert part["years"].sum() <= rates.loc[model, "years"] + 1e-9


def test_slower_ends_are_found_more_often_and_less_at_a_stricter_level():
    cells = survival.cells_of(survival.lives("2026-04-13", "middle"))

    def power(factor: float, level: float) -> float:
        finds = survival.slower(cells, level)
        return finds(factor, 500, np.random.default_rng(1)).mean()

    assert power(1, 0.95) < 0.1 < power(3, 0.95) < power(8, 0.95)
    assert power(3, 0.999) < power(3, 0.95)


def test_answers_by_vintage_are_told_in_days_and_words():
    days = pd.to_datetime(["2025-08-28", "2025-09-30", "2025-10-31"])
    found = {
        days[0]: Finding.not_testable("too few weeks"),
        days[1]: Finding.normal(25.0, 40.0),
        days[2]: Finding.normal(25.0, 3.0),
    }
    table = vintages.by_vintage({"H1a": lambda as_of, last: found[last]}, days)
    words = vintages.answers_in_words(table, "H1a")
    assert words == (
        "could not be tested (28 August 2025), then was inconclusive (30 September "
        "2025), then was supported (31 October 2025)"
    )
    assert vintages.revision(table, "H1a") == 0


def test_days_are_said_as_people_do():
    assert events.said("2025-01-20") == "20 January 2025"
    told = events.find("eo-14159").described
    assert told.startswith("20 January 2025: ") and "chosen freely" not in told
    assert events.find("2025-03-01").described == "1 March 2025: the day 2025-03-01."


@pytest.mark.parametrize(("width", "wide"), [(1.0, False), (50.0, True)])
def test_bands_that_would_swallow_the_data_are_left_out_and_said_to_be(width, wide):
    after = np.arange(20) >= 10
    path = pd.DataFrame({"observed": np.tile([0.0, 10.0], 10), "fitted": 5.0})
    path["counterfactual"] = np.where(after, 6.0, 5.0)
    path["counterfactual_lower"] = 6.0 - np.where(after, width, 0.1)
    path["counterfactual_upper"] = 6.0 + np.where(after, width, 0.1)
    assert charts.too_wide(path) is wide
    assert ("left out" in charts.bands(path)) is wide

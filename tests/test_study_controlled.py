"""Helpers of the notebooks on state acts, bans and the border, on made data."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from analysis_utils import datasets, hypotheses, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import Intervention
from analysis_utils.study import bans, border, controlled, events

WEEKS = pd.period_range("2025-01-06", periods=40, freq="W-SUN", name="date")
DAY = WEEKS[20].start_time


def groups(jump: float) -> controlled.Groups:
    """Two groups of counts, the treated one times `jump` from week 20 on."""
    noise = np.tile([-2, 2, -1, 1], 10)
    base = 20 + noise
    treated = base * np.where(np.arange(40) >= 20, jump, 1)
    return (
        pd.Series(treated.astype(int), WEEKS, name="TX"),
        pd.Series(base[::-1].copy(), WEEKS, name="other states"),
    )


@pytest.mark.parametrize("jump", [1.0, 3.0])
def test_a_known_ratio_is_found(jump):
    change = Intervention("act", DAY, slope=True)
    found = controlled.fit(groups(jump), change, counts=True)
    row = found.result.effect().loc["ratio"]
    assert row["lower"] < jump < row["upper"]
    assert row["estimate"] == pytest.approx(jump, rel=0.15)


def test_a_refusal_is_kept_in_words():
    nothing = pd.Series(0, WEEKS, name="GA")
    found = controlled.fit((nothing, nothing.rename("b")), Intervention("a", DAY), True)
    assert found.result is None and found.refused
    assert "note" in controlled.coefficients(found)


def test_events_by_id_and_by_day():
    assert events.find("eo-14159").day == pd.Timestamp("2025-01-20")
    assert events.find("2024-07-01").title == "the day 2024-07-01"
    with pytest.raises(ValueError, match="no policy event 'nothing'"):
        events.find("nothing")


def test_other_events_near_one_leave_itself_out():
    near = events.around(events.find("eo-14159"), weeks=3, state="TX")
    assert "eo-14159" not in set(near["id"]) and "laken-riley" in set(near["id"])
    assert set(near["state"].fillna("")) <= {"", "TX"}


def test_bans_compare_shares_by_newcombe():
    """Newcombe 1998, table II, case (a): 56/70 against 48/80."""
    table = pd.DataFrame(
        {"banned": [70], "banned_ended": [56], "others": [80], "others_ended": [48]}
    )
    found = bans.compare(table)
    assert found["difference"] == pytest.approx(0.2)
    assert (found["low"], found["high"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_no_ban_yet_is_not_testable():
    with pytest.raises(NotTestable, match="no ban had taken effect"):
        bans.follow_up(90, "2021-06-01")


def test_bans_follow_until_the_last_list():
    followed = bans.follow_up(90, "2026-03-01")
    last = series.last_day("2026-03-01")
    assert followed["until"].max() == last
    table = bans.table(followed, "2026-03-01")
    assert (
        table.loc["md-hb-444", "days_followed"]
        == (last - pd.Timestamp("2026-02-17")).days
    )
    assert (table["banned_ended"] <= table["banned"]).all()


def test_an_agreement_that_left_and_came_back_is_not_gone():
    followed = bans.follow_up(90, "2026-04-13").query("ban == 'md-hb-444'")
    back = datasets.spells().query("spell > 1 and gone_by.isna()")["agreement_id"]
    there = followed[followed["agreement_id"].isin(back)]
    assert there["reached"].any() and not there["ended"].any()


def test_placebo_states_rank_a_true_ban_at_the_end():
    """Two states with a ban lose all; of ten others none loses any."""
    rows = [
        {"ban": ban, "home": home, "level": "", "ended": home == ban, "agreement_id": n}
        | {"banned_level": ""}
        for ban in ("md-hb-444", "nm-hb-9")
        for n, home in enumerate(["md-hb-444", "nm-hb-9", *"ABCDEFGHIJ"])
        if home not in ("md-hb-444", "nm-hb-9") or home == ban
    ]
    followed = pd.DataFrame(rows)
    followed["reached"] = followed["home"] == followed["ban"]
    followed["control"] = ~followed["reached"]
    differences, p = bans.placebo_states(followed)
    assert p == 1 / (1 + bans.DRAWS) and (differences == 0).all()


def test_the_means_leave_out_the_weeks_that_the_model_does():
    gap = ((str(WEEKS[18].start_time.date()), str(WEEKS[19].end_time.date())),)
    split = controlled.periods(groups(1), DAY, gap)
    assert split["before"].sum() == 18 and split["after"].sum() == 20
    found = controlled.fit(groups(1), Intervention("act", DAY), True, gap)
    assert found.result.model.design.used[:40].sum() == split.to_numpy().sum()


def test_the_largest_week_is_left_out():
    treated, control = groups(1)
    treated.iloc[30] = 500
    ((first, last),) = controlled.largest_week((treated, control), DAY)
    assert pd.Timestamp(first) == WEEKS[30].start_time


def test_words_about_intervals_are_computed():
    table = pd.DataFrame(
        {"estimate": [1.0, 2.0], "lower": [0.5, 1.5], "upper": [2.0, 3.0]}
    )
    words = controlled.interval_words(table, 1)
    assert words == "2 intervals, limits from 0.50 to 3.0; 1 of them hold 1."


def test_months_without_a_count_are_refused():
    with pytest.raises(ValueError, match="no observed or rebuilt count"):
        border.monthly("2015-01-31", "2022-12-31")


def test_a_window_has_as_many_periods_on_each_side():
    days = pd.date_range("2025-01-06", periods=40, freq="7D")
    counts = pd.Series(range(40), days)
    last = days[-1] + pd.Timedelta(days=3)  # the last week is cut
    made = series.around(counts, days[25], "week", 100, last)
    assert len(made) == 28 and made.index[14].start_time == days[25]
    with pytest.raises(ValueError, match="8 on each side are needed"):
        series.around(counts, days[35], "week", 100, last)


def test_the_smallest_correlation_is_the_registered_one():
    assert hypotheses.read()["H5"].smallest == border.SMALLEST


def test_the_legend_names_the_groups():
    fig, ax = plt.subplots()
    found = controlled.fit(groups(2), Intervention("act", DAY), True)
    controlled.draw(ax, groups(2), found, DAY, "act")
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["other states", "TX", "Fitted", "Counterfactual"]
    assert ax.get_ylim()[0] < 0  # dots at zero are whole
    plt.close(fig)

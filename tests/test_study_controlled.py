"""Helpers of the notebooks on state acts, bans and the border, on made data."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import (
    Intervention,
    ITSResults,
)
from analysis_utils.study import bans, events

mandates, of_bans = code_of("04_state_mandates"), code_of("05_state_bans")
border = code_of("06_border_encounters")
Groups = tuple[pd.Series, pd.Series]

WEEKS = pd.period_range("2025-01-06", periods=40, freq="W-SUN", name="date")
DAY = WEEKS[20].start_time
CHANGE = Intervention("act", DAY, slope=True)


def groups(jump: float) -> Groups:
    """Two groups of counts, the treated one times `jump` from week 20 on."""
    noise = np.tile([-2, 2, -1, 1], 10)
    base = 20 + noise
    treated = base * np.where(np.arange(40) >= 20, jump, 1)
    return (
        pd.Series(treated.astype(int), WEEKS, name="TX"),
        pd.Series(base[::-1].copy(), WEEKS, name="other states"),
    )


def fit(pair: Groups) -> ITSResults:
    """The model of notebook 04 for counts."""
    return mandates.fit(pair, CHANGE, "count")


@pytest.mark.parametrize("jump", [1.0, 3.0])
def test_a_known_ratio_is_found(jump):
    found = mandates.estimate(groups(jump), CHANGE, "count")
    low, high = found.at()
    assert low < jump < high
    assert found.estimate == pytest.approx(jump, rel=0.15)
    wide = found.at(0.99)
    assert wide[0] < low and wide[1] > high


def test_a_change_has_the_interval_of_the_model_at_each_level():
    result = mandates.fit(groups(2.0), CHANGE, "rate")
    term = "treated_act_level"
    found = mandates.estimate(groups(2.0), CHANGE, "rate")
    for level in (0.9, 0.95, 0.99):
        row = result.table(alpha=1 - level).loc[term, ["lower", "upper"]]
        assert found.at(level) == pytest.approx(tuple(row))


def test_events_by_id_and_by_day():
    assert events.find("eo-14159").day == pd.Timestamp("2025-01-20")
    assert events.find("2024-07-01").title == "the day 2024-07-01"
    with pytest.raises(ValueError, match="no policy event 'nothing'"):
        events.find("nothing")


def test_other_events_near_one_leave_itself_out():
    near = events.around(events.find("eo-14159"), pd.DateOffset(weeks=3), "TX")
    assert "eo-14159" not in set(near["id"]) and "laken-riley" in set(near["id"])
    assert set(near["state"].fillna("")) <= {"", "TX"}


def ends(**sizes: tuple[int, int]) -> pd.DataFrame:
    """Agreements by state: (ended, all) of each."""
    rows = [
        (home, n < gone) for home, (gone, size) in sizes.items() for n in range(size)
    ]
    return pd.DataFrame(rows, columns=["home", "ended"])


def test_states_drawn_as_wholes_widen_the_interval_and_do_not_depend_on_order():
    uneven = ends(MD=(9, 9), VA=(5, 5), NM=(0, 10))
    others = ends(TX=(3, 300), FL=(0, 300), GA=(2, 50))
    alone = confint_proportions_2indep(14, 24, 5, 650, method="newcomb")
    whole = of_bans.by_states(uneven, others)
    assert whole.estimate == pytest.approx(14 / 24 - 5 / 650)
    assert whole.at()[0] < alone[0] and whole.at()[1] > alone[1]
    shuffled = of_bans.by_states(uneven.sample(frac=1, random_state=1), others)
    assert shuffled.at() == whole.at()
    assert of_bans.by_states(uneven.head(0), others).estimate is None


def test_agreements_taken_as_independent_have_newcombes_interval():
    found = of_bans.each_alone(ends(MD=(14, 24)), ends(TX=(3, 600), GA=(2, 50)))
    alone = confint_proportions_2indep(14, 24, 5, 650, method="newcomb")
    assert found.estimate == pytest.approx(14 / 24 - 5 / 650) and found.n == 674
    assert found.at() == pytest.approx(alone) and found.p < 0.001


def test_a_ban_that_ends_all_is_found_and_one_that_ends_no_more_is_not():
    reached = ends(MD=(9, 9), VA=(5, 5), NM=(4, 10), DE=(2, 8))
    others = ends(TX=(3, 300), FL=(0, 300), GA=(2, 50))
    finds = of_bans.ends_all(reached, others, 0.95)
    rng = np.random.default_rng(1)
    assert finds(1.0, 20, rng).all()
    assert finds(0.0, 200, rng).mean() < 0.1


def test_no_more_ends_after_than_before_is_a_difference_of_zero():
    same = ends(TX=(5, 100), FL=(1, 100), GA=(2, 50))
    found = of_bans.before_and_after(same, same)
    assert found.estimate == 0 and found.at()[0] <= 0 <= found.at()[1]
    more = ends(TX=(45, 100), FL=(41, 100), GA=(22, 50))
    assert of_bans.before_and_after(same, more).at()[0] > 0.2


def test_a_proposal_is_no_ban():
    assert "MD" in set(datasets.bans()["state"])
    assert "ny-bill-proposed" not in set(bans.banning()["event"])


def test_no_ban_yet_is_not_testable():
    with pytest.raises(NotTestable, match="no ban had taken effect"):
        bans.banning("2021-06-01")


def test_bans_follow_until_the_last_list():
    followed = bans.follow_up(bans.banning("2026-03-01"), 90, "2026-03-01")
    last = series.last_day("2026-03-01")
    assert followed["until"].max() == last
    table = of_bans.by_ban(followed)
    days = (last - pd.Timestamp("2026-02-17")).days
    assert table.loc["md-hb-444", "days followed"] == days
    assert (table["banned ended"] <= table["banned"]).all()
    before = bans.follow_up(bans.banning("2026-03-01"), 90, "2026-03-01", before=True)
    assert (before["until"] == before["date"]).all()  # as many days, ending there


def test_an_agreement_that_left_and_came_back_is_not_gone():
    day, spells = "2026-04-13", datasets.spells()
    followed = bans.follow_up(bans.banning(day), 90, day).query("ban == 'md-hb-444'")
    again = (spells["spell"] > 1) & (spells["first_listed"] <= day)
    back = spells[again & ~(spells["gone_by"] <= day)]["agreement_id"]
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
    followed = pd.DataFrame(rows).assign(label="MD")
    followed["reached"] = followed["home"] == followed["ban"]
    followed["control"] = ~followed["reached"]
    differences, p = of_bans.placebo_states(followed)
    assert p == 1 / (1 + of_bans.DRAWS) and (differences == 0).all()


def test_the_means_are_of_the_weeks_that_the_model_uses():
    means = mandates.means_of(groups(3), DAY)
    assert list(means["weeks"]) == [20, 20]
    assert fit(groups(3)).model.design.used[:40].sum() == means["weeks"].sum()
    assert means.loc["after", "TX"] > 2 * means.loc["after", "other states"]
    in_week = mandates.means_of(groups(3), DAY + pd.Timedelta(days=3))
    assert in_week.equals(means)  # the day's week lies after


def test_the_largest_week_is_left_out():
    treated, _ = groups(1)
    treated.iloc[30] = 500
    treated.iloc[3] = 900  # before the day
    first, last = mandates.largest_week(treated, DAY)
    assert pd.Timestamp(first) == WEEKS[30].start_time
    assert pd.Timestamp(last) == WEEKS[30].end_time.normalize()


def test_a_week_left_out_does_not_move_the_estimate():
    """A batch in one week raises the ratio; without the week all is as before."""
    treated, control = groups(1)
    treated.iloc[30] = 500
    batch = [mandates.largest_week(treated, DAY)]
    raised = mandates.estimate((treated, control), CHANGE, "count")
    without = mandates.estimate((treated, control), CHANGE, "count", batch)
    assert raised.estimate > 1.5 and without.estimate == pytest.approx(1, abs=0.15)
    used = mandates.fit((treated, control), CHANGE, "count", batch).model.design.used
    assert used[:40].sum() == 39 and not used[30]


def test_where_nobody_signs_nothing_is_estimated():
    nobody = tuple(0 * one for one in groups(1))
    found = mandates.estimate(nobody, CHANGE, "count")
    assert found.estimate is None and "No agreement was signed" in found.note


def test_months_without_a_count_are_refused():
    with pytest.raises(ValueError, match="no observed or rebuilt count"):
        border.encounters_and_changes("2015-01-31", "2022-12-31")


def test_a_window_has_as_many_periods_on_each_side():
    days = pd.date_range("2025-01-06", periods=40, freq="7D")
    counts = pd.Series(range(40), days)
    last = days[-1] + pd.Timedelta(days=3)  # the last week is cut
    made = series.around(counts, days[25], "week", 100, last)
    assert len(made) == 28 and made.index[14].start_time == days[25]
    with pytest.raises(ValueError, match="8 on each side are needed"):
        series.around(counts, days[35], "week", 100, last)


def test_the_legend_names_the_groups():
    fig, ax = plt.subplots()
    mandates.draw(ax, groups(2), fit(groups(2)))
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["other states", "TX", "Fitted", "Counterfactual"]
    assert ax.get_ylim()[0] < 0  # dots at zero are whole
    plt.close(fig)

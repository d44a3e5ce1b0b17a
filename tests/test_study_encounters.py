"""What notebook 07 shows: splices, gaps, bounds; later months change nothing."""

import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import datasets
from analysis_utils.asking import NotTestable

shown = code_of("07_encounter_series")


def test_arrests_used_are_joined_from_october_2022_and_weekly_before():
    used = shown.national("ice_arrests_used", "2020-01-01", "2026-12-31")
    assert used.index.is_unique and used.index.is_monotonic_increasing
    assert used.source[:"2022-09-01"].unique().tolist() == ["ddp-arrests-2026-03"]
    assert used.source["2022-10-01":].unique().tolist() == ["ddp-joined-2026-07"]


def test_later_months_do_not_change_earlier_ones():
    short = shown.national("ice_arrests_used", "2020-01-01", "2024-12-31")
    whole = shown.national("ice_arrests_used", "2020-01-01", "2026-12-31")
    assert whole.loc[short.index].equals(short)


def test_a_month_without_a_count_is_missing_and_not_drawn_over():
    table = shown.national("ice_encounters_ddp", "2020-01-01", "2026-12-31")
    gap = shown.gaps_shown(table["value"])
    assert gap["2023-02-01":"2023-08-01"].isna().all() and len(gap) == 67


def test_no_month_is_said():
    with pytest.raises(NotTestable, match="no month from 2020-01-01"):
        shown.national("ice_arrests_287g", "2020-01-01", "2026-12-31")


def test_every_break_is_of_a_series_that_exists():
    known = set(datasets.encounter_series().series)
    assert set(datasets.series_breaks().series) <= known
    two = shown.breaks_of("cbp_encounters_southwest", "2020-01-01", "2026-12-31")
    assert len(two) == 2


@pytest.mark.slow
def test_the_order_of_rows_does_not_change_the_tiles():
    counts = shown.by_state("cbp_encounters", "2020-01-01", "2026-12-31")
    held = shown.agreements_by_state("2020-01-01", "2026-12-31")
    places = datasets.states().query("kind == 'state'").set_index("state")
    from matplotlib import pyplot as plt

    first, second = plt.figure(), plt.figure()
    a = shown.draw_tiles(first, counts, held, places)
    b = shown.draw_tiles(second, counts.iloc[:, ::-1], held, places[::-1])
    order = ["state", "date"]
    same = [t.sort_values(order).reset_index(drop=True) for t in (a, b)]
    assert same[0].equals(same[1])
    plt.close("all")


def test_florida_never_falls():
    table = shown.florida()
    for name, part in table.groupby("name"):
        assert part["shown"].is_monotonic_increasing, name


def test_what_a_figure_says_of_the_day_of_the_claim():
    table = shown.patrol_bounds("2025-08-27").set_index("printed")["on the day"]
    assert table["more than 4,900"] == "from above, if larger"
    later = shown.patrol_bounds("2025-10-02").set_index("printed")["on the day"]
    assert later["more than 4,900"] == "from below"
    assert pd.Series([312, 4_100, 113_200]).map(shown.short).tolist() == [
        "312", "4.1k", "113k",
    ]  # fmt: skip

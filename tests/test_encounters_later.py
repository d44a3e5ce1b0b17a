"""The later series, their splices and overlaps, and the bounds of published totals."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis_utils import datasets
from analysis_utils.asking import Refused
from analysis_utils.collect import cbp, ice_counts
from analysis_utils.collect.bounds import bounds, encounter_bounds

DATA = Path(__file__).resolve().parents[1] / "data"


def counts(series: str) -> pd.Series:
    return datasets.encounters(series, "nation").set_index("date").value


def test_joined_arrests_are_694_999_in_41_months():
    joined = counts("ice_arrests_ddp_joined")
    assert (len(joined), joined.sum()) == (41, 694_999)


def test_cbp_goes_on_after_its_files_by_totals_to_date():
    table = datasets.encounters("cbp_encounters", "nation").set_index("date")
    later = table.loc["2025-12-01":]
    assert set(later.source) == {"cbp-ytd-fy2026"} and set(later.flag) == {"derived"}
    # CBP's total of fiscal year 2026 to June, less October and November as then known
    assert later.value.sum() == 280_656 - 30_573 - 30_353


def test_book_ins_go_on_to_april_2026():
    for agency, first, last in (("ice", 36_622, 3_721), ("cbp", 4_990, 431)):
        book_ins = counts(f"ice_bookins_{agency}_arrest").loc["2025-10-01":]
        assert (len(book_ins), book_ins.iloc[0], book_ins.iloc[-1]) == (7, first, last)


def test_both_arrest_series_stand_beside_each_other():
    table = datasets.encounter_overlaps()
    name = "ICE arrests, DDP by week and DDP joined to detentions"
    both = table[table.comparison == name]
    assert len(both) == 36 and both.percent.abs().max() < 9
    assert abs(both.value_b.sum() / both.value_a.sum() - 1) < 0.01


def test_later_months_do_not_change_earlier_ones():
    files = pd.DataFrame(
        {"date": ["2025-10-01", "2025-11-01"], "series": "cbp_encounters",
         "level": "nation", "value": [5, 6]}
    )  # fmt: skip
    later = ice_counts.monthly_counts(DATA / "hand")
    long, short = cbp.extended(files, later), cbp.extended(files, later.iloc[:5])
    assert long.value.iloc[:2].tolist() == [5, 6]
    assert long.iloc[: len(short)].equals(short)


@pytest.mark.parametrize(
    ("value", "qualifier", "kind", "expected"),
    [
        (14_000, "about", "count", (13_500, 14_499)),
        (3_600, "about", "count", (3_550, 3_649)),
        (7, "about", "count", (7, 7)),
        (4_900, "more than", "count", (4_901, None)),
        (25_000, "almost", "count", (None, 24_999)),
        (53_219, "exact", "ceiling", (None, 53_219)),
        (980, "exact", "floor", (980, None)),
        (5_200, "more than", "ceiling", (None, None)),
    ],
)
def test_a_printed_figure_bounds_what_it_can(value, qualifier, kind, expected):
    assert bounds(value, qualifier, kind) == expected


def test_bounds_do_not_depend_on_the_order_of_rows():
    figures = pd.read_csv(DATA / "published_figures.csv")
    shuffled = figures.sample(frac=1, random_state=287)
    first = encounter_bounds(figures, DATA / "hand")
    assert encounter_bounds(shuffled, DATA / "hand").equals(first)


def test_every_bound_bounds_and_none_is_upside_down():
    table = datasets.encounter_bounds()
    assert (table.low.notna() | table.high.notna()).all()
    assert not (table.low > table.high).any()


def test_the_53_219_have_no_last_day():
    row = datasets.encounter_bounds().query("figure == 'ice_arrests_287g'").iloc[0]
    assert row.high == 53_219 and pd.isna(row.low) and pd.isna(row.end)


def test_a_meaning_of_no_figure_is_refused(tmp_path):
    shutil.copy(DATA / "hand" / "figure_meanings.csv", tmp_path)
    figures = pd.read_csv(DATA / "published_figures.csv")
    figures = figures[figures.figure != "encounters_287g"]
    with pytest.raises(Refused, match="no published figure is called encounters_287g"):
        encounter_bounds(figures, tmp_path)


def test_each_series_says_which_of_the_three_meanings_it_has():
    table = datasets.encounter_series()
    assert set(table.meaning) == {"CBP", "ICE", "287(g)"}
    assert set(table.series[table.meaning == "287(g)"]) == {"ice_arrests_287g"}

"""The committed counts against published totals, and the rules that make them."""

import os
from pathlib import Path

import pandas as pd
import pytest

from analysis_utils.collect import cbp, ice_counts, ohss
from analysis_utils.collect.counts import FLAGS, fiscal_month, read_csv
from analysis_utils.collect.encounters import KEY, checked, tables
from analysis_utils.collect.overlaps import compare

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
RAW = Path(os.environ.get("RAW_DIR", ROOT.parent / "shared" / "data" / "raw"))


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    return pd.read_csv(DATA / "encounters.csv")


def series(counts: pd.DataFrame, name: str, level: str = "nation") -> pd.Series:
    rows = counts[(counts.series == name) & (counts.level == level)]
    return rows.set_index("date").value


def by_fiscal_year(monthly: pd.Series) -> dict[int, int]:
    year = pd.PeriodIndex(monthly.index, freq="M").asfreq("Y-SEP").year
    return monthly.groupby(year).sum().to_dict()


def test_each_count_stands_once_and_is_flagged(counts):
    assert not counts.duplicated(KEY).any()
    assert counts.value.ge(0).all() and set(counts.flag) <= set(FLAGS)
    assert counts.date.str.endswith("-01").all()
    sources = pd.read_csv(DATA / "sources.csv")
    assert set(counts.source) <= set(sources.id)


def test_cbp_fiscal_years_are_those_cbp_published(counts):
    years = by_fiscal_year(series(counts, "cbp_encounters"))
    published = {2020: 646_822, 2021: 1_956_519, 2022: 2_766_582, 2023: 3_201_144}
    assert {year: years[year] for year in published} == published


def test_cbp_parts_add_up(counts):
    total = series(counts, "cbp_encounters")[:"2025-11-01"]  # the last state file
    borders = sum(series(counts, name) for name in cbp.REGIONS)
    titles = sum(series(counts, name) for name in cbp.TITLES)
    states = series(counts, "cbp_encounters", "state").groupby(level=0).sum()
    assert total.equals(borders) and total.equals(titles) and total.equals(states)


def test_border_patrol_fiscal_years(counts):
    years = by_fiscal_year(series(counts, "usbp_encounters"))
    assert (years[2000], years[2012], years[2020]) == (1_676_438, 364_768, 405_036)
    sectors = series(counts, "usbp_encounters", "sector").groupby(level=0).sum()
    assert sectors.equals(series(counts, "usbp_encounters")[sectors.index])


def test_ice_arrests_through_287g(counts):
    program = by_fiscal_year(series(counts, "ice_arrests_287g"))
    assert program == {2016: 3_149, 2017: 7_164, 2018: 10_338, 2019: 8_361}
    every = by_fiscal_year(series(counts, "ice_arrests"))
    # ICE published the first three; four of the 131,904 records of the release's
    # FY2019 file fall on 1 September 2019.
    assert every == {2016: 110_104, 2017: 143_470, 2018: 158_581, 2019: 131_900}


def test_areas_add_up_to_less_than_the_nation_by_records_without_area(counts):
    for name, without in (("ice_arrests", 3_808), ("ice_removals", 0)):
        areas = series(counts, name, "area").groupby(level=0).sum()
        assert (series(counts, name) - areas).sum() == without


def test_areas_are_those_of_the_counties(counts):
    areas = set(counts[counts.level == "area"].geography)
    counties = pd.read_csv(DATA / "counties.csv", dtype=str)
    assert set(counties.aor_2025) == areas - {"HQ"}
    assert set(counties.aor_fy2019.dropna()) == areas - {"HQ", "Harlingen"}


def test_months_cut_by_the_date_of_publication_are_partial(counts):
    book_ins = counts[counts.series == "ice_bookins_ice_arrest"].set_index("date")
    partial = list(book_ins.index[book_ins.flag == "partial"])
    assert partial == ["2021-09-01", "2022-09-01", "2025-09-01", "2026-04-01"]


def test_program_counts_of_fiscal_years():
    table = pd.read_csv(DATA / "program_counts.csv")
    sums = table.groupby("fiscal_year")[["identified", "removed"]].sum().astype(int)
    assert sums.identified.tolist() == [
        6154, 22338, 45666, 60223, 48169, 39341, 30893, 15281,
    ]  # fmt: skip
    assert sums.removed.tolist() == [
        4219, 16377, 36509, 42487, 26871, 23745, 13129, 11767,
    ]  # fmt: skip
    assert not table.duplicated(["state", "agency", "fiscal_year"]).any()
    assert table.groupby(["state", "agency"]).ngroups == 73


def test_overlaps_keep_both_numbers():
    table = pd.read_csv(DATA / "encounter_overlaps.csv")
    states = table[table.comparison.str.startswith("CBP by state")]
    assert len(states) == 72 and (states.cells_differing == 0).all()
    border = table[table.comparison == "CBP southwest, total and components"]
    assert border.difference.abs().max() == 9
    assert (table.value_b - table.value_a).equals(table.difference)


def test_fiscal_month_begins_in_october():
    month = fiscal_month(pd.Series([2026, 2026, 2026]), pd.Series([9, 10, 1]))
    assert month.tolist() == ["2026-09-01", "2025-10-01", "2026-01-01"]


def test_a_month_without_a_known_name_is_refused():
    with pytest.raises(ValueError, match="row 2: the month"):
        fiscal_month(pd.Series([2026, 2026]), pd.Series([9, None]))


def test_weeks_are_spread_over_the_days_that_are_covered():
    weeks = pd.Series(
        [70, 70, 9], pd.to_datetime(["2024-01-21", "2024-01-28", "2024-02-04"])
    )
    month = ice_counts.monthly_from_weeks(weeks, [("2024-01-21", "2024-02-06")])
    # 21 to 31 January are 11 days at 10; 3 February days at 10, then 3 days hold 9
    assert month.value.to_dict() == {"2024-01-01": 110, "2024-02-01": 39}
    assert not month.whole.any()


def test_a_covered_month_is_whole_and_a_gap_is_absent():
    start = pd.date_range("2023-10-01", "2024-03-31", freq="W-SUN")
    covered = [("2023-11-01", "2023-11-30"), ("2024-02-01", "2024-03-02")]
    month = ice_counts.monthly_from_weeks(pd.Series(7, start), covered)
    assert month.whole.to_dict() == {
        "2023-11-01": True, "2024-02-01": True, "2024-03-01": False,
    }  # fmt: skip
    # Each week has seven; a week that is covered in part lies in its covered days.
    assert month.value.sum() == 7 * 5 + 7 * 5


def test_a_state_without_a_row_is_zero_and_says_so(tmp_path):
    head = (
        "Fiscal Year,Month Grouping,Month (abbv),Land Border Region,State,Demographic,"
        "Citizenship,Title of Authority,Encounter Count\n"
    )
    lines = {
        "cbp-state-fy20-fy23": "2023,FYTD,OCT,Other,TX,FMUA,OTHER,Title 42,1\n",
        "cbp-state-fy22-fy25": "2023,FYTD,OCT,Other,TX,FMUA,OTHER,Title 8,2\n",
        "cbp-state-fy23-fy26": "2026 (FYTD),FYTD,NOV,Northern Land Border,ME,FMUA,"
        "OTHER,Title 8,3\n2026 (FYTD),FYTD,NOV,Southwest Land Border,TX,FMUA,OTHER,"
        "Title 8,4\n",
    }
    for source, text in lines.items():
        path = tmp_path / cbp.STATE_FILES[source]
        path.parent.mkdir(exist_ok=True)
        path.write_text(head + text)
    table = cbp.encounters(tmp_path)
    state = table[table.level == "state"].set_index(["date", "geography"])
    assert state.value.to_dict() == {
        ("2022-10-01", "ME"): 0, ("2022-10-01", "TX"): 2,
        ("2025-11-01", "ME"): 3, ("2025-11-01", "TX"): 4,
    }  # fmt: skip
    assert state.flag[("2022-10-01", "ME")] == "zero_filled"
    assert state.source[("2022-10-01", "TX")] == "cbp-state-fy22-fy25"


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(ValueError, match="make raw"):
        ohss.border_patrol(tmp_path)


def test_another_file_is_refused_by_its_columns(tmp_path):
    path = tmp_path / "page.csv"
    path.write_text("<html>,x\n1,2\n")
    with pytest.raises(ValueError, match="no column State"):
        read_csv(path, ["State", "x"])


def test_a_count_given_twice_is_refused(counts):
    with pytest.raises(ValueError, match="two counts for"):
        checked(pd.concat([counts.head(2), counts.head(1)]))


def test_comparison_counts_cells_and_keeps_both():
    index = pd.MultiIndex.from_product(
        [["2024-01-01"], ["TX", "ME"]], names=["date", "geography"]
    )
    table = compare("x", pd.Series([10, 5], index), pd.Series([12, 5], index))
    row = table.iloc[0]
    assert (row.value_a, row.value_b, row.difference, row.percent) == (
        15,
        17,
        2,
        13.333,
    )
    assert (row.cells, row.cells_differing) == (2, 1)


@pytest.mark.slow
@pytest.mark.skipif(
    not (RAW / "encounters").is_dir(),
    reason="no raw files here: `make raw` fetches them, RAW_DIR names their folder",
)
def test_committed_tables_are_what_the_published_files_give(tmp_path):
    for name, table in tables(RAW, DATA).items():
        path = tmp_path / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\n")
        assert path.read_bytes() == (DATA / f"{name}.csv").read_bytes(), name

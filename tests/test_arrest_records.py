"""`make arrests`: generated files with known counts, and everything that is refused."""

import re
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from arrest_files import generated, laid_out, written

from analysis_utils.asking import Refused
from analysis_utils.collect import arrest_records, record_files, sources
from analysis_utils.commands.desk import dispatch
from analysis_utils.commands.table import COMMANDS

DATA = Path(__file__).resolve().parents[1] / "data"
TODAY = date(2026, 11, 27)
KEYS = ["date", "state", "area", "method"]


@pytest.fixture(scope="module")
def known() -> tuple[pd.DataFrame, pd.DataFrame]:
    return generated(3_000)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A data folder of its own, with what `make arrests` reads."""
    place = tmp_path / "data"
    (place / "hand").mkdir(parents=True)
    for name in (
        "states.csv", "counties.csv", "arrests_by_method.csv", "arrest_records.csv",
        "hand/arrest_columns.csv", "hand/arrest_methods.csv",
    ):  # fmt: skip
        shutil.copy(DATA / name, place / name)
    monkeypatch.setattr(sources, "DATA", place)
    return place


def count(path: Path) -> pd.DataFrame:
    return arrest_records.tables(path, DATA, TODAY)["arrests_by_method"]


def account(path: Path) -> pd.Series:
    table = arrest_records.tables(path, DATA, TODAY)["arrest_records"]
    return table.set_index("item").value


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("release", ["2025", "2026-03", "2026-08"])
@pytest.mark.parametrize("suffix", ["parquet", "csv", "xlsx"])
def test_every_release_in_every_form_gives_the_known_counts(
    known, tmp_path, release, suffix
):
    records, expected = known
    found = count(written(records, tmp_path / f"arrests.{suffix}", release))
    columns = [*KEYS, "arrests", "program_287g"]
    pd.testing.assert_frame_equal(
        found[columns].reset_index(drop=True),
        expected.sort_values(KEYS)[columns].reset_index(drop=True),
        check_dtype=False,
    )


@pytest.mark.slow
def test_a_large_workbook_is_read_row_by_row_with_the_same_counts(
    known, tmp_path, monkeypatch
):
    path = written(known[0], tmp_path / "a.xlsx")
    first = count(path)
    monkeypatch.setattr(record_files, "LARGE", 0)
    assert count(path).equals(first)


def in_two_sheets(records: pd.DataFrame, path: Path, **second: bool) -> Path:
    """A workbook with notes, and records that go on in another sheet."""
    laid = laid_out(records, "2026-03")
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"Notes": ["Duplicates were not removed."]}).to_excel(
            book, sheet_name="Notes"
        )
        laid[:2000].to_excel(book, sheet_name="1", index=False, startrow=6)
        laid[2000:].to_excel(book, sheet_name="2", index=False, **second)
    return path


@pytest.mark.parametrize("large", [0, record_files.LARGE])
def test_records_go_on_in_another_sheet(known, tmp_path, monkeypatch, large):
    monkeypatch.setattr(record_files, "LARGE", large)
    first = count(written(known[0], tmp_path / "a.parquet"))
    assert count(in_two_sheets(known[0], tmp_path / "a.xlsx")).equals(first)


@pytest.mark.slow
def test_a_sheet_of_records_without_headings_is_not_passed_over(
    known, folder, tmp_path
):
    path = in_two_sheets(known[0], tmp_path / "a.xlsx", header=False)
    refused(path, folder, "sheet '2' has records and no headings")


@pytest.mark.slow
def test_rows_beyond_the_extent_that_a_workbook_states_count(
    known, tmp_path, monkeypatch
):
    monkeypatch.setattr(record_files, "LARGE", 0)
    path, cut = written(known[0], tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(cut, "w") as new:
        for part in old.namelist():
            extent = rb'<dimension ref="[^"]*"'
            less = re.sub(extent, b'<dimension ref="A1:C20"', old.read(part))
            new.writestr(part, less)
    assert count(cut).equals(count(path))


def test_the_order_of_the_records_does_not_matter(known, tmp_path):
    records, _ = known
    first = count(written(records, tmp_path / "a.parquet"))
    shuffled = records.sample(frac=1, random_state=7)
    assert count(written(shuffled, tmp_path / "b.parquet")).equals(first)


def test_later_months_do_not_change_the_earlier_ones(known, tmp_path):
    records, _ = known
    first = count(written(records, tmp_path / "a.parquet"))
    more, _ = generated(500, seed=1)
    more["date"] = more["date"] + pd.DateOffset(years=1)
    longer = pd.concat([records, more], ignore_index=True)
    second = count(written(longer, tmp_path / "b.parquet"))
    same = second[second.date <= first.date.max()].reset_index(drop=True)
    assert same[[*KEYS, "arrests"]].equals(first[[*KEYS, "arrests"]])


def test_duplicates_are_left_out_and_counted(known, tmp_path):
    value = account(written(known[0], tmp_path / "a.parquet"))
    assert (value["records"], value["duplicates"], value["arrests"]) == (
        "3150", "150", "3000",
    )  # fmt: skip


def records_of(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Records from (person, time, state, method)."""
    table = pd.DataFrame(rows, columns=["person", "date", "state", "method"])
    return table.assign(
        date=pd.to_datetime(table.date),
        area="Houston Area of Responsibility",
        program="287(g) Task Force",
    )


def test_an_arrest_goes_on_as_long_as_the_next_record_is_within_a_day(tmp_path):
    records = records_of(
        ("a", "2025-05-01 08:00", "TEXAS", "Located"),
        ("a", "2025-05-02 08:00", "TEXAS", "Located"),  # 24 hours: the same
        ("a", "2025-05-03 07:00", "TEXAS", "Located"),  # and on from that one
        ("a", "2025-05-04 07:01", "TEXAS", "Located"),  # more than 24: another
        ("b", "2025-05-01 08:00", "TEXAS", "Located"),
        ("", "2025-05-01 08:00", "TEXAS", "Located"),  # without a code: both count
        ("b(6), b(7)c", "2025-05-01 08:00", "TEXAS", "Located"),
    )
    value = account(written(records, tmp_path / "a.csv"))
    assert (value["duplicates"], value["arrests"]) == ("2", "5")
    assert value["without_person"] == "2"


def test_of_two_records_at_once_the_reprocessed_one_is_left_out(tmp_path):
    records = records_of(
        ("a", "2025-05-01", "TEXAS", "ERO Reprocessed Arrest"),
        ("a", "2025-05-01", "TEXAS", "287(g) Program"),
    )
    table = count(written(records, tmp_path / "a.csv"))
    assert table.method.tolist() == ["287(g)"] and table.arrests.tolist() == [1]


def test_office_and_method_are_kept_apart(tmp_path):
    records = records_of(("a", "2025-05-01", "TEXAS", "Located"))
    row = count(written(records, tmp_path / "a.csv")).iloc[0]
    assert (row.method, row.arrests, row.program_287g) == ("at large", 1, 1)


def test_an_area_is_not_said_where_few_were_arrested(tmp_path):
    """Four of El Paso in Texas stay in Texas, and are no cell of their own."""
    rows = [(f"p{i}", "2025-05-01", "TEXAS", "Located") for i in range(9)]
    records = records_of(*rows)
    records.loc[:3, "area"] = "El Paso Area of Responsibility"
    table = count(written(records, tmp_path / "a.csv"))
    assert table.groupby("area").arrests.sum().to_dict() == {"": 4, "Houston": 5}
    assert account(tmp_path / "a.csv")["area_merged"] == "4"


def test_the_change_of_names_in_july_2025_is_marked(known, tmp_path):
    table = count(written(known[0], tmp_path / "a.parquet"))
    found = table.drop_duplicates("date").set_index("date").methods_as.to_dict()
    assert found == {
        "2025-05-01": "before", "2025-06-01": "before", "2025-07-01": "mixed",
        "2025-08-01": "after",
    }  # fmt: skip
    # The last record is of 28 August or so: that month is not whole
    assert table[~table.whole].date.unique().tolist() == ["2025-08-01"]


def test_a_state_that_ice_did_not_name_is_taken_from_the_publisher(tmp_path):
    records = records_of(
        ("a", "2025-05-01", "", "Located"), ("b", "2025-05-01", "OHIO", "Located")
    )
    table = laid_out(records, "2026-03")
    table["apprehension_state_filled_in"] = ["GEORGIA", "TEXAS"]
    table.to_csv(tmp_path / "a.csv", index=False)
    assert count(tmp_path / "a.csv").state.tolist() == ["GA", "OH"]
    assert account(tmp_path / "a.csv")["state_filled"] == "1"


def test_no_code_of_a_person_is_written(known, folder, tmp_path):
    arrest_records.main(str(written(known[0], tmp_path / "a.parquet")))
    names = ("arrests_by_method.csv", "arrest_records.csv")
    text = b"".join((folder / name).read_bytes() for name in names)
    assert b"287-0000" not in text and b"1990" not in text
    assert len(pd.read_csv(folder / "arrests_by_method.csv")) == 36


# What is refused, and that nothing is changed then


def refused(path: Path, folder: Path, words: str) -> None:
    before = bytes_of(folder)
    with pytest.raises(Refused, match=words):
        arrest_records.main(str(path))
    assert bytes_of(folder) == before


def test_another_table_is_refused_by_its_columns(folder, tmp_path):
    path = tmp_path / "cars.csv"
    path.write_text("make,year\nx,1990\n")
    refused(path, folder, "cars.csv has no column for date, state, .*it has make, year")


def test_a_renamed_column_is_named(known, folder, tmp_path):
    records = laid_out(known[0], "2026-03").rename(
        columns={"apprehension_method": "how"}
    )
    records.to_csv(tmp_path / "a.csv", index=False)
    refused(tmp_path / "a.csv", folder, "no column for method; .*arrest_columns.csv")


def test_a_heading_twice_is_refused(known, folder, tmp_path):
    records = laid_out(known[0], "2026-03").assign(Apprehension_AOR="x")
    records.to_csv(tmp_path / "a.csv", index=False)
    refused(tmp_path / "a.csv", folder, "has 2 columns called 'apprehension_aor'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid x\n", "only a pointer"),
        (b"<!DOCTYPE html><html>", "neither Parquet nor Excel"),
        (b"PAR1 cut off", "a.dat"),
        (b"PK\x03\x04 cut off", "can't be read as Excel"),
        (b"PK\x05\x06" + 18 * b"\0", "is a zip and no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel file"),
        ("date,state\n".encode("utf-16"), "in UTF-16"),
        (b"\x1f\x8b\x08", "unpack it first"),
    ],
)
def test_a_file_that_is_none_is_refused(folder, tmp_path, content, words):
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    refused(path, folder, words)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "xlsx"])
def test_headings_without_records_are_refused(known, folder, tmp_path, suffix):
    path = written(known[0].head(0), tmp_path / f"a.{suffix}")
    refused(path, folder, "no record")


def test_no_file_and_a_folder_are_refused(folder, tmp_path):
    refused(tmp_path / "none.parquet", folder, "there is no file")
    refused(tmp_path, folder, "is a folder")


def test_a_new_method_is_named_with_what_to_do(known, folder, tmp_path):
    records = known[0].replace({"method": {"287(g) Program": "287(g) Programme"}})
    path = written(records, tmp_path / "a.parquet")
    refused(path, folder, r"new: 1, .*'287\(g\) Programme'.*did you mean 287\(g\) p")


def test_few_impossible_dates_are_left_out_and_counted(known, tmp_path):
    records = known[0].copy()
    records.loc[0, "date"] = pd.Timestamp("1925-05-01")
    records.loc[1, "date"] = pd.Timestamp("2125-05-01")
    records.loc[2, "date"] = pd.NaT
    value = account(written(records, tmp_path / "a.csv"))
    assert (value["impossible"], value["undated"]) == ("2", "1")
    assert value["last_day"] < "2025-09-01"


def test_many_impossible_dates_are_refused(known, folder, tmp_path):
    records = known[0].assign(date=pd.Timestamp("1925-05-01"))
    path = written(records, tmp_path / "a.parquet")
    refused(path, folder, "one before 2003-03-01 or in the future")


def test_both_tables_are_written_or_none(known, folder, tmp_path, monkeypatch):
    """A disk that is full at the second table leaves the first as it was."""
    path = written(known[0], tmp_path / "a.parquet")
    before, to_csv = bytes_of(folder), pd.DataFrame.to_csv

    def full(table, place, **options):
        if Path(place).name == "arrest_records.csv":
            raise OSError(28, "No space left on device")
        return to_csv(table, place, **options)

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OSError, match="No space left"):
        arrest_records.main(str(path))
    assert bytes_of(folder) == before


def test_make_arrests_takes_the_file_from_the_environment(
    known, folder, tmp_path, monkeypatch, capsys
):
    path = written(known[0], tmp_path / "it's $(x) a file.csv")
    monkeypatch.setenv("GIVEN", "FILE")
    monkeypatch.setenv("FILE", str(path))
    assert dispatch("arrests", COMMANDS) == 0
    assert "3,000 arrests, 150 duplicates left out" in capsys.readouterr().out
    monkeypatch.setenv("GIVEN", "")
    assert dispatch("arrests", COMMANDS) == 2
    assert "name the file of a release" in capsys.readouterr().err


def test_the_committed_table_is_empty_or_whole():
    table = pd.read_csv(DATA / "arrests_by_method.csv")
    records = pd.read_csv(DATA / "arrest_records.csv").set_index("item").value
    assert table.empty == records.empty
    if len(table):
        assert table.arrests.sum() == int(records["arrests"])

"""The reader of workbooks: what it reads, what it leaves blank, what it refuses."""

import io
import random
import re
import zipfile

import openpyxl
import pytest
from register_lists import HEADINGS, TFM, day, row, write_list

from analysis_utils.asking import Refused
from analysis_utils.collect.workbooks import CELLS, read_table

PLAIN = {
    "STATE": "state",
    "LAW ENFORCEMENT AGENCY": "agency",
    "TYPE": "type",
    "COUNTY": "county",
    "SUPPORT TYPE": "support_type",
    "SIGNED": "signed",
    "MOA": "moa",
    "ADDENDUM": "addendum",
}


@pytest.fixture
def good(tmp_path):
    return write_list(tmp_path / "good.xlsx", [row("Alpha PD"), row("Beta PD")])


def test_cells_are_read_as_printed(tmp_path):
    path = write_list(
        tmp_path / "a.xlsx",
        [
            [
                "TEXAS ",
                " Alpha\nPolice  Dept. ",
                "County ",
                "#NA",
                TFM,
                day("2025-02-26"),
                "https://web.archive.org/web/20210113002027/https://www.ice.gov/a.pdf",
                None,
            ],
            [
                "UTAHJ",
                "Beta’s PD",
                None,
                None,
                "Task Force Model ",
                "05/082025",
                12,
                "",
            ],
        ],
    )
    rows = read_table(path, PLAIN).rows[["row", *CELLS]]
    assert rows.values.tolist() == [
        [
            2,
            "TEXAS ",
            " Alpha\nPolice  Dept. ",
            "County ",
            "#NA",
            TFM,
            "2025-02-26",
            "https://www.ice.gov/a.pdf",
            "",
        ],
        [3, "UTAHJ", "Beta’s PD", "", "", "Task Force Model ", "05/082025", "12", ""],
    ]


def test_headings_may_drift(tmp_path):
    early = ["STATE", "LAW ENFORCEMENT AGENCY", "SUPPORT TYPE", "SIGNED", "MOA"]
    path = write_list(
        tmp_path / "a.xlsx", [["TEXAS", "Alpha", TFM, "2020-06-08", "x"]], early
    )
    table = read_table(path, PLAIN)
    assert table.rows.agency.tolist() == ["Alpha"]
    assert table.rows.county.tolist() == [""]
    assert table.columns == ["state", "agency", "support_type", "signed", "moa"]
    other = write_list(
        tmp_path / "b.xlsx", [row("Alpha")], [f" {name.title()}  " for name in HEADINGS]
    )
    assert read_table(other, PLAIN).rows.agency.tolist() == ["Alpha"]


def test_rows_above_blank_rows_empty_columns_and_other_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Pivot"
    book.active.append(["State", "Type", "JEM"])
    sheet = book.create_sheet("Agreements")
    for place, cells in enumerate(
        [
            ["287(g) list"],
            [],
            [*HEADINGS, None, None],
            [],
            row("Alpha"),
            [" "] * 8,
            row("Beta"),
        ],
        start=1,
    ):
        for column, cell in enumerate(cells, start=2):
            sheet.cell(place, column, cell)
    book.save(tmp_path / "a.xlsx")
    table = read_table(tmp_path / "a.xlsx", PLAIN)
    assert table.rows.agency.tolist() == ["Alpha", "Beta"]
    assert table.rows.row.tolist() == [5, 7]
    assert table.notes == ["sheet 'Pivot' beside 'Agreements' was not read"]


def test_a_new_column_is_noted_and_the_rest_is_read(tmp_path):
    path = write_list(
        tmp_path / "a.xlsx", [[*row("Alpha"), "x"]], [*HEADINGS, "Region"]
    )
    table = read_table(path, PLAIN)
    assert table.rows.agency.tolist() == ["Alpha"]
    assert "column 'REGION' is new" in table.notes[0]


@pytest.mark.parametrize(
    "cell",
    ["=1+1", '=HYPERLINK("x")', " =cmd|' /C calc'!A0", "+cmd()", "@SUM(A1)", "-A1"],
)
def test_formulas_are_neither_evaluated_nor_kept(tmp_path, cell):
    path = write_list(tmp_path / "a.xlsx", [row(cell), row("Beta")])
    table = read_table(path, PLAIN)
    assert table.rows.agency.tolist() == ["", "Beta"]
    assert "row 2: agency holds a formula" in table.notes[0]


def test_a_formula_with_a_cached_value_is_not_read(tmp_path):
    path = write_list(tmp_path / "a.xlsx", [row("Alpha"), row("Beta")])
    cached = rewritten(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(
            b'<c r="B2" t="inlineStr"><is><t>Alpha</t></is></c>',
            b'<c r="B2" t="str"><f>"Al"&amp;"pha"</f><v>Alpha</v></c>',
        ).replace(
            b'<c r="B2" t="s"><v>9</v></c>',
            b'<c r="B2" t="str"><f>"Al"&amp;"pha"</f><v>Alpha</v></c>',
        ),
    )
    table = read_table(cached, PLAIN)
    assert table.rows.agency.tolist() == ["", "Beta"]


@pytest.mark.parametrize(
    "cell", [b'<c t="e"><v>#N/A</v></c>', b"<c><f>1+1</f><v>2</v></c>"]
)
def test_a_cell_without_an_address_is_refused_in_words(good, cell):
    second = re.compile(rb'<c r="B2".*?</c>')
    bare = rewritten(
        good, "xl/worksheets/sheet1.xml", lambda xml: second.sub(cell, xml, count=1)
    )
    with pytest.raises(Refused, match="a cell without an address; save the workbook"):
        read_table(bare, PLAIN)


def rewritten(path, part, change):
    """The workbook with one part of the archive changed."""
    out = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return out


def faulty(tmp_path, good):
    """Files that are no list, each with words of the reason."""
    whole = good.read_bytes()
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(200):
                part.write(bytes(1_000_000))
    text = {
        "empty file": b"",
        "an HTML page": b"<!DOCTYPE html><html><body>Not found</body></html>",
        "password-protected": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000),
        "cut off, not an .xlsx workbook": whole[:2000],
        "unpacks to 200 MB": zeros.getvalue(),
    }
    for place, (reason, content) in enumerate(text.items()):
        path = tmp_path / f"list{place}.xlsx"
        path.write_bytes(content)
        yield path, reason


@pytest.mark.fault("17.10", "a list that unpacks to 200 MB")
def test_what_is_no_list_is_refused_with_the_reason(tmp_path, good):
    for path, reason in faulty(tmp_path, good):
        with pytest.raises(Refused, match=reason):
            read_table(path, PLAIN)


def test_wrong_columns_are_refused(tmp_path):
    cases = [
        (HEADINGS[:5], "pending agencies"),
        (["STATE", "AGENCY", *HEADINGS[2:]], "no column LAW ENFORCEMENT AGENCY"),
        ([*HEADINGS[:5], "STATE", *HEADINGS[6:]], "two columns for state"),
        (["A", "B", "C"], "no sheet has the headings"),
    ]
    for place, (headings, reason) in enumerate(cases):
        path = write_list(
            tmp_path / f"{place}.xlsx", [row("Alpha")[: len(headings)]], headings
        )
        with pytest.raises(Refused, match=reason):
            read_table(path, PLAIN)


def test_a_sheet_of_absurd_extent_is_not_opened(good):
    for cell, reference in (
        (b'r="B2"', b'r="XFD2"'),
        (b'<row r="2"', b'<row r="1048576"'),
    ):
        bad = rewritten(
            good,
            "xl/worksheets/sheet1.xml",
            lambda xml, a=cell, b=reference: xml.replace(a, b),
        )
        with pytest.raises(Refused, match="reaches over"):
            read_table(bad, PLAIN)


def test_damage_is_refused_or_read_but_never_a_crash(tmp_path, good):
    whole, dice = good.read_bytes(), random.Random(287)
    refused = 0
    for _trial in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 30)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path = tmp_path / "damaged.xlsx"
        path.write_bytes(damaged[: dice.choice([len(damaged), len(damaged) - 100])])
        try:
            read_table(path, PLAIN)
        except Refused:
            refused += 1
    assert refused > 100

"""Read one published workbook into a table of text, whatever its shape.

This is the one place that opens ICE's workbooks. It reads what is printed and
corrects nothing: dates become ISO text, everything else stays as it was typed. A
formula is never evaluated: its cell is left blank and noted.
"""

import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
from python_calamine import CalamineWorkbook

from analysis_utils.asking import Refused

CELLS = [
    "state",
    "agency",
    "type",
    "county",
    "support_type",
    "signed",
    "moa",
    "addendum",
]
REQUIRED = ("state", "agency", "support_type", "signed", "moa")
MAX_UNPACKED = 100_000_000  # bytes; the largest list so far unpacks to 1.4 million
MAX_ROWS = 50_000
ARCHIVE_PREFIX = re.compile(r"^https?://web\.archive\.org/web/\d+/")
STARTS_FORMULA = frozenset("=+-@ \t\r\n")
FORMULA_TEXT = re.compile(r"\s*(?:=|[+@-]\s*[A-Za-z(])")
HEADER_SEARCH = 10  # rows in which the headings must stand
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class PrintedTable:
    """The rows of one workbook as printed, and what was strange about it."""

    rows: pd.DataFrame  # CELLS and `row`, the row of the sheet
    columns: list[str] = field(default_factory=list)  # the CELLS that it prints
    notes: list[str] = field(default_factory=list)


def read_table(path: Path, headings: dict[str, str]) -> PrintedTable:
    """Printed rows of a workbook, every cell as text; raises Refused.

    headings: printed heading (upper case) -> one of CELLS, or "" to leave it out.
    """
    try:
        _refuse_what_is_no_workbook(path)
        parts = _sheet_parts(path)
        workbook = CalamineWorkbook.from_path(path)
        sheets = {name: _cells(workbook, name) for name in parts}
    except Refused:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the reader panics outside of Exception
        raise Refused(f"{path.name}: damaged workbook ({error})") from error
    name = _sheet_with_headings(path, sheets, headings)
    others = [
        f"sheet {other!r} beside the list was not read"
        for other in sheets
        if other != name and sheets[other]
    ]
    formulas = _formula_cells(parts[name])
    return _table(path, sheets[name], headings, formulas, others)


def _refuse_what_is_no_workbook(path: Path) -> None:
    head = path.read_bytes()[:2048]
    if not head:
        raise Refused(f"{path.name}: empty file")
    if b"<html" in head.lower() or b"<!doctype" in head.lower():
        raise Refused(
            f"{path.name}: an HTML page with a workbook's name; download the list "
            "itself, not the page that shows it"
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(
            f"{path.name}: password-protected, or in the old .xls format; save it "
            "as an .xlsx workbook without a password"
        )
    if not zipfile.is_zipfile(path):
        raise Refused(f"{path.name}: not an .xlsx workbook, or cut off")
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        locked = any(entry.flag_bits & 1 for entry in archive.infolist())
    if locked:
        raise Refused(f"{path.name}: password-protected; save it without one")
    if size > MAX_UNPACKED:
        raise Refused(
            f"{path.name}: unpacks to {size / 1e6:,.0f} MB, and the largest list so "
            f"far to 1.4; files over {MAX_UNPACKED / 1e6:.0f} MB are not opened"
        )


def _sheet_parts(path: Path) -> dict[str, bytes]:
    """XML of each sheet by its name; refuses sheets of absurd extent."""
    with zipfile.ZipFile(path) as archive:
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target") for link in links}
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        names = {
            sheet.get("name"): targets[sheet.get(RELATION)]
            for sheet in book.iter()
            if sheet.tag.endswith("}sheet")
        }
        parts = {
            name: archive.read("xl/" + target.removeprefix("/xl/"))
            for name, target in names.items()
            if "worksheets/" in target
        }
    for name, content in parts.items():
        rows = re.findall(rb'<(?:\w+:)?row[^>]* r="(\d+)"', content)
        far = re.search(rb' r="[A-Z]{3}', content)
        if far or max(map(int, rows), default=0) > MAX_ROWS:
            raise Refused(
                f"{path.name}: sheet {name!r} reaches over "
                f"{MAX_ROWS:,} rows or 702 columns; not opened"
            )
    return parts


def _cells(workbook: CalamineWorkbook, name: str) -> list[list]:
    """Cells of a sheet, with the empty rows above them, so that places are true."""
    sheet = workbook.get_sheet_by_name(name)
    top, left = sheet.start or (0, 0)
    rows = [[None] * left + row for row in sheet.to_python(skip_empty_area=True)]
    return [[]] * top + rows


def _heading(cell: object) -> str:
    return " ".join(cell_text(cell).upper().split())


def _header_row(rows: list[list], headings: dict[str, str]) -> tuple[int, int]:
    """Known headings in the row that has most of them, and its position."""
    known = [
        len({_heading(cell) for cell in row} & set(headings))
        for row in rows[:HEADER_SEARCH]
    ]
    most = max(known, default=0)
    return most, known.index(most) if known else 0


def _sheet_with_headings(path: Path, sheets: dict, headings: dict[str, str]) -> str:
    """Name of the sheet that has most of the headings."""
    if not any(sheets.values()):
        raise Refused(f"{path.name}: every sheet is empty")
    found = {name: _header_row(rows, headings)[0] for name, rows in sheets.items()}
    best = max(found, key=found.get)
    if found[best] < 2:
        raise Refused(
            f"{path.name}: no sheet has the headings of a list "
            f"({', '.join(headings)}) in its first {HEADER_SEARCH} rows"
        )
    return best


def cell_text(cell: object) -> str:
    """A cell as text: dates in ISO form, whole numbers without a point.

    The prefix that a web archive puts before a link is the archive's and goes.
    """
    if isinstance(cell, str):
        return ARCHIVE_PREFIX.sub("", cell) if cell.startswith("http") else cell
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _table(
    path: Path,
    cells: list[list],
    headings: dict[str, str],
    formulas: set,
    notes: list[str],
) -> PrintedTable:
    _, top = _header_row(cells, headings)
    places, unknown = _columns(path, [_heading(cell) for cell in cells[top]], headings)
    records, odd = [], []
    for position, row in enumerate(cells[top + 1 :], start=top + 1):
        text = [
            cell_text(row[place]) if place < len(row) else ""
            for place in places.values()
        ]
        for column, place in enumerate(places.values()):
            cell = text[column]
            if (position, place) in formulas or (
                cell[:1] in STARTS_FORMULA and FORMULA_TEXT.match(cell)
            ):
                odd.append(
                    f"row {position + 1}: {list(places)[column]} holds a "
                    "formula, which is not evaluated; the cell is left blank"
                )
                text[column] = ""
        if any(map(str.strip, text)):
            records.append((position + 1, *text))
    rows = pd.DataFrame(records, columns=["row", *places], dtype=object)
    rows = rows.reindex(columns=["row", *CELLS], fill_value="")
    return PrintedTable(rows, list(places), notes + unknown + odd)


def _columns(
    path: Path, printed: list[str], headings: dict[str, str]
) -> tuple[dict[str, int], list[str]]:
    """Place of each known column, and a note on each unknown one."""
    named = [headings[heading] for heading in printed if headings.get(heading)]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise Refused(f"{path.name}: two columns for {', '.join(twice)}")
    places = {headings[h]: i for i, h in enumerate(printed) if headings.get(h)}
    unknown = [h for h in printed if h and h not in headings]
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        lost = [h for h, name in headings.items() if name in missing]
        raise Refused(
            f"{path.name}: no column {', '.join(lost)}; the headings are "
            f"{', '.join(filter(None, printed))}. " + _pending_hint(missing, unknown)
        )
    return places, [
        f"column {heading!r} is new and was not read; name it in data/hand/headings.csv"
        for heading in unknown
    ]


def _pending_hint(missing: list[str], unknown: list[str]) -> str:
    if {"signed", "moa"} <= set(missing) and not unknown:
        return "A list without signing dates is that of pending agencies."
    return "Say in data/hand/headings.csv what a renamed column means."


def _formula_cells(content: bytes) -> set[tuple[int, int]]:
    """(row, column) of each formula on a sheet, from 0; usually none."""
    if not re.search(rb"<(?:\w+:)?f[ />]", content):
        return set()
    places = set()
    for cell in ElementTree.fromstring(content).iter():
        if cell.tag.endswith("}c") and any(part.tag.endswith("}f") for part in cell):
            places.add(_place(cell.attrib["r"]))
    return places


def _place(reference: str) -> tuple[int, int]:
    """(0, 27) for AB1."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1

"""Read one published workbook into a table of text, whatever its shape.

This is the one place that opens ICE's workbooks. It reads what is printed and
corrects nothing: dates become ISO text, everything else stays as it was typed.
"""

import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

# Printed heading (upper case, single spaces) -> our column
COLUMNS = {
    "STATE": "state",
    "LAW ENFORCEMENT AGENCY": "agency",
    "TYPE": "type",
    "COUNTY": "county",
    "SUPPORT TYPE": "support_type",
    "SIGNED": "signed",
    "MOA": "moa",
    "ADDENDUM": "addendum",
}
REQUIRED = ("state", "agency", "support_type", "signed", "moa")
MAX_UNPACKED = 100_000_000  # bytes; the largest list so far unpacks to 1.4 million
ARCHIVE_PREFIX = re.compile(r"^https?://web\.archive\.org/web/\d+/")
HEADER_SEARCH = 10  # rows in which the headings must stand


class UnreadableList(ValueError):
    """A file that cannot be taken for a list of participating agencies."""


@dataclass(frozen=True)
class PrintedTable:
    """The rows of one workbook as printed, and what was strange about it."""

    rows: pd.DataFrame  # COLUMNS' values and `row`, the row of the sheet
    notes: list[str] = field(default_factory=list)


def read_table(path: Path) -> PrintedTable:
    """Printed rows of a workbook, every cell as text; raises UnreadableList."""
    _refuse_what_is_no_workbook(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        sheets = {name: workbook.get_sheet_by_name(name).to_python()
                  for name in workbook.sheet_names}
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableList(f"{path.name}: damaged workbook ({error})") from error
    name = _sheet_with_headings(path, sheets)
    notes = [f"sheet {other!r} beside the list was not read"
             for other in sheets if other != name and sheets[other]]
    formulas = formula_cells(path, workbook.sheet_names.index(name))
    rows, more = _table(path, sheets[name], formulas)
    return PrintedTable(rows, notes + more)


def _refuse_what_is_no_workbook(path: Path) -> None:
    head = path.read_bytes()[:2048]
    if not head:
        raise UnreadableList(f"{path.name}: empty file")
    if b"<html" in head.lower() or b"<!doctype" in head.lower():
        raise UnreadableList(
            f"{path.name}: an HTML page with a workbook's name; download the list "
            "itself, not the page that shows it")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableList(
            f"{path.name}: password-protected, or in the old .xls format; save it "
            "as an .xlsx workbook without a password")
    if not zipfile.is_zipfile(path):
        raise UnreadableList(f"{path.name}: not an .xlsx workbook, or cut off")
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_UNPACKED:
        raise UnreadableList(
            f"{path.name}: unpacks to {size / 1e6:,.0f} MB, and the largest list so "
            f"far to 1.4; files over {MAX_UNPACKED / 1e6:.0f} MB are not opened")


def _heading(cell: object) -> str:
    return " ".join(str(cell).upper().split())


def _header_row(rows: list[list]) -> int | None:
    """Position of the row of headings; None where the sheet has none."""
    for position, row in enumerate(rows[:HEADER_SEARCH]):
        if len({_heading(cell) for cell in row} & set(COLUMNS)) >= 2:
            return position
    return None


def _sheet_with_headings(path: Path, sheets: dict[str, list[list]]) -> str:
    for name, rows in sheets.items():
        if _header_row(rows) is not None:
            return name
    raise UnreadableList(
        f"{path.name}: no sheet has the headings of a list "
        f"({', '.join(COLUMNS)}) in its first {HEADER_SEARCH} rows")


def cell_text(cell: object) -> str:
    """A cell as text: dates in ISO form, whole numbers without a point.

    The prefix that a web archive puts before a link is the archive's and goes.
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return ARCHIVE_PREFIX.sub("", str(cell))


def _table(path: Path, cells: list[list], formulas: set) -> tuple[pd.DataFrame, list]:
    top = _header_row(cells)
    headings = [_heading(cell) for cell in cells[top]]
    places, notes = _columns(path, headings)
    records = []
    for position, row in enumerate(cells[top + 1:], start=top + 1):
        text = {name: cell_text(row[place]) for name, place in places.items()}
        for name, place in places.items():
            if (position, place) in formulas or text[name].lstrip()[:1] == "=":
                notes.append(f"row {position + 1}: {name} holds a formula; not read")
                text[name] = ""
        if any(value.strip() for value in text.values()):
            records.append({"row": position + 1, **text})
    columns = ["row", *COLUMNS.values()]
    return pd.DataFrame(records, columns=columns).fillna(""), notes


def _columns(path: Path, headings: list[str]) -> tuple[dict[str, int], list[str]]:
    """Place of each known column, and a note on each unknown one."""
    known = [heading for heading in headings if heading in COLUMNS]
    twice = sorted({heading for heading in known if known.count(heading) > 1})
    if twice:
        raise UnreadableList(f"{path.name}: two columns named {', '.join(twice)}")
    places = {COLUMNS[h]: i for i, h in enumerate(headings) if h in COLUMNS}
    unknown = [heading for heading in headings if heading and heading not in COLUMNS]
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        printed = [h for h, name in COLUMNS.items() if name in missing]
        raise UnreadableList(
            f"{path.name}: no column {', '.join(printed)}; the headings are "
            f"{', '.join(filter(None, headings))}. " + _pending_hint(missing, unknown))
    return places, [f"column {heading!r} is new and was not read"
                    for heading in unknown]


def _pending_hint(missing: list[str], unknown: list[str]) -> str:
    if {"signed", "moa"} <= set(missing) and not unknown:
        return "A list without signing dates is that of pending agencies."
    return "Name a renamed column in COLUMNS of collect/workbooks.py."


def formula_cells(path: Path, sheet: int) -> set[tuple[int, int]]:
    """(row, column) of each formula on a sheet, from 0; usually none."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist()
                       if n.startswith("xl/worksheets/sheet"))
        content = archive.read(names[sheet]) if sheet < len(names) else b""
    if b"<f" not in content or not _has_formula(content):
        return set()
    places = set()
    for cell in ElementTree.fromstring(content).iter():
        if cell.tag.endswith("}c") and any(part.tag.endswith("}f") for part in cell):
            places.add(_place(cell.attrib["r"]))
    return places


def _has_formula(content: bytes) -> bool:
    return any(mark in content for mark in (b"<f>", b"<f ", b"<f/", b":f>", b":f "))


def _place(reference: str) -> tuple[int, int]:
    """(0, 27) for AB1."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters):]) - 1, column - 1

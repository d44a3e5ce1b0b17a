"""Read one published workbook into a table of text, whatever its shape.

This is the one place that opens ICE's workbooks. It reads what is printed and
corrects nothing: dates become ISO text, everything else stays as it was typed. A
formula is never evaluated: its cell is left blank and noted. Sheets that Excel does
not show are not read: they are often the list before.
"""

import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pandas as pd
from python_calamine import CalamineWorkbook

from analysis_utils.asking import Refused
from analysis_utils.collect import sheet_xml
from analysis_utils.collect.sheet_xml import Sheet

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
LINKS = ["moa_link", "addendum_link"]  # where the cells of the documents lead
LINKED = {"moa": "moa_link", "addendum": "addendum_link"}
REQUIRED = ("state", "agency", "support_type", "signed", "moa")
MAX_UNPACKED = 100_000_000  # bytes; the largest list so far unpacks to 1.4 million
STARTS_FORMULA = frozenset("=+-@ \t\r\n")
FORMULA_TEXT = re.compile(r"\s*(?:=|[+@-]\s*[A-Za-z(])")
HEADER_SEARCH = 10  # rows in which the headings must stand


@dataclass(frozen=True)
class PrintedTable:
    """The rows of one workbook as printed, and what was strange about it."""

    rows: pd.DataFrame  # CELLS, LINKS and `row`, the row of the sheet
    columns: list[str] = field(default_factory=list)  # the CELLS that it prints
    notes: list[str] = field(default_factory=list)


def read_table(path: Path, headings: dict[str, str]) -> PrintedTable:
    """Printed rows of a workbook, every cell as text; raises Refused.

    headings: printed heading (upper case) -> one of CELLS, or "" to leave it out.
    """
    try:
        _refuse_what_is_no_workbook(path)
        parts = {sheet.name: sheet for sheet in sheet_xml.sheets(path)}
        workbook = CalamineWorkbook.from_path(path)
        cells = {name: _cells(workbook, part) for name, part in parts.items()}
    except Refused:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the reader panics outside of Exception
        raise Refused(f"{path.name}: damaged workbook ({error})") from error
    shown = {name: rows for name, rows in cells.items() if not parts[name].hidden}
    name = _sheet_with_headings(path, shown, headings)
    notes = _sheets_not_read(parts, cells, name, headings)
    return _table(path, cells[name], parts[name], headings, notes)


def _sheets_not_read(
    parts: dict[str, Sheet], cells: dict[str, list], read: str, headings: dict
) -> list[str]:
    """A note on each other sheet that holds something."""
    notes = []
    for name, rows in cells.items():
        if name == read or not rows:
            continue
        most, top = _header_row(rows, headings)
        below = len(rows) - top - 1
        a_list = f", a list of {below:,} rows," if most > 1 and below else ""
        hidden = "hidden " if parts[name].hidden else ""
        notes.append(f"{hidden}sheet {name!r}{a_list} beside {read!r} was not read")
    return notes


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
        found = "cut off" if head.startswith(b"PK") else _other_kind(head)
        raise Refused(
            f"{path.name}: {found}, not an .xlsx workbook; fetch the list again as "
            "ICE publishes it"
        )
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


def _other_kind(head: bytes) -> str:
    """What a file is that is no workbook, as far as its first bytes tell."""
    if head.startswith(b"%PDF"):
        return "a PDF document"
    return "a file of another kind" if b"\0" in head else "text, such as a CSV"


def _cells(workbook: CalamineWorkbook, part: Sheet) -> list[list]:
    """Cells of a sheet, with the empty rows above them, so that places are true."""
    sheet = workbook.get_sheet_by_name(part.name)
    top, left = sheet.start or (0, 0)
    rows = [[None] * left + row for row in sheet.to_python(skip_empty_area=True)]
    rows = [[]] * top + rows
    for (row, column), words in sheet_xml.errors(part).items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = words
    return rows


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
        raise Refused(f"{path.name}: every sheet is empty, or hidden")
    found = {name: _header_row(rows, headings)[0] for name, rows in sheets.items()}
    best = max(found, key=found.__getitem__)
    if found[best] < 2:
        raise Refused(
            f"{path.name}: no sheet has the headings of a list "
            f"({', '.join(headings)}) in its first {HEADER_SEARCH} rows"
        )
    return best


def cell_text(cell: object) -> str:
    """A cell as text: dates in ISO form, whole numbers without a point.

    What a web archive or a mail filter put around a link is theirs and goes.
    """
    if isinstance(cell, str):
        return sheet_xml.address(cell) if cell.startswith("http") else cell
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
    part: Sheet,
    headings: dict[str, str],
    notes: list[str],
) -> PrintedTable:
    _, top = _header_row(cells, headings)
    places, unknown = _columns(path, [_heading(cell) for cell in cells[top]], headings)
    merged = _spread(cells, part, top, places)
    formulas, links = sheet_xml.formulas(part), sheet_xml.hyperlinks(part)
    linked = [places[name] for name in LINKED if name in places]
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
            leads = [links.get((position, place), "") for place in linked]
            records.append((position + 1, *text, *leads))
    names = ["row", *places, *(LINKED[n] for n in LINKED if n in places)]
    rows = pd.DataFrame(records, columns=names, dtype=object)
    rows = rows.reindex(columns=["row", *CELLS, *LINKS], fill_value="")
    return PrintedTable(rows, list(places), notes + unknown + merged + odd)


def _spread(
    cells: list[list], part: Sheet, top: int, places: dict[str, int]
) -> list[str]:
    """Write a cell merged over rows of the list into each of them; a note on each.

    It is printed once and stands for all: a state over the rows of its agencies.
    """
    notes = []
    for (first, column), (last, _) in sheet_xml.mergers(part):
        name = next((n for n, place in places.items() if place == column), None)
        if name is None or first <= top or last == first:
            continue
        value = cells[first][column] if column < len(cells[first]) else None
        for position in range(first + 1, min(last + 1, len(cells))):
            row = cells[position]
            if any(cell not in (None, "") for cell in row) and column < len(row):
                row[column] = value
        notes.append(
            f"{name} is merged over rows {first + 1} to {last + 1}; it was read as "
            "printed in each of them"
        )
    return notes


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

"""Every kind of faulty list that was tried, made from a small good one.

A frozen history of six lists with known additions and ends stands for the register;
each fault is done to the list that would come next.
"""

import copy
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import openpyxl
from register_lists import DOCUMENTS, HEADINGS, JEM, TFM, WSO, row, write_list

STATES = ("ALABAMA", "FLORIDA", "TEXAS")
COUNTIES = {
    "ALABAMA": ("Baldwin", "Calhoun", "Elmore", "Lee", "Mobile", "Shelby"),
    "FLORIDA": ("Bay", "Clay", "Duval", "Lake", "Orange", "Polk"),
    "TEXAS": ("Bell", "Collin", "Ellis", "Hays", "Hood", "Tarrant"),
}
NAMES = ("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Maple", "Oak", "Pine", "Yew")
NEXT = "participatingAgencies05082025am.xlsx"


def good(size: int = 90) -> list[list]:
    """Rows of a list: sheriffs and police of three states, in order of the state."""
    rows = []
    for state in STATES:
        for place, county in enumerate(COUNTIES[state]):
            signed = f"2025-02-{10 + place:02}"
            named = f"{county} County"
            sheriff = f"{named} Sheriff's Office"
            rows.append(row(sheriff, JEM, signed, state, "County", named))
            rows.append(row(sheriff, WSO, signed, state, "County", named))
            for name in NAMES[:3]:
                police = f"{name} {county} Police Department"
                rows.append(row(police, TFM, signed, state, "Municipality", named))
    for number, cells in enumerate(rows):
        cells[6] = f"{DOCUMENTS}{number}.pdf"
    return rows[:size]


def history() -> dict[str, list[list]]:
    """Six lists: two agreements come with each, and one goes with the fourth."""
    rows = good()
    late = rows[-12:]
    lists = {}
    for number, day in enumerate(("0401", "0404", "0408", "0414", "0421", "0428")):
        shown = rows[:-12] + late[: 2 * number]
        lists[f"{day}2025am"] = shown[1:] if number > 2 else shown
    return lists


def following() -> list[list]:
    """The list that comes next: two agreements more, none gone."""
    rows = good()[1:]
    return copy.deepcopy(rows)


def changed(column: int, value: Callable[[list], object], many: int = 10**6) -> list:
    """The next list with a column of its first rows changed."""
    rows = following()
    for cells in rows[:many]:
        cells[column] = value(cells)
    return rows


def renamed(old: str, new: str) -> list[str]:
    return [new if heading == old else heading for heading in HEADINGS]


@dataclass(frozen=True)
class Fault:
    """A faulty list: how it is made, what `make update` must say of it.

    outcome: "refused" (no list of this register), the name of the gate that stops it,
    or "passes", where it must be read right.
    """

    name: str
    make: Callable[[Path], Path]
    outcome: str
    words: str
    date: str = ""


def written(rows: list, headings: list[str] = HEADINGS, name: str = NEXT) -> Callable:
    return lambda folder: write_list(folder / name, rows, headings)


def raw(content: bytes, name: str = NEXT) -> Callable:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def cut(folder: Path) -> Path:
    path = write_list(folder / NEXT, following())
    path.write_bytes(path.read_bytes()[:3000])
    return path


def other_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / NEXT, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return folder / NEXT


def edited(change: Callable[[openpyxl.Workbook], None], rows=None) -> Callable:
    """The next list after a change of its workbook."""

    def make(folder: Path) -> Path:
        path = write_list(folder / NEXT, following() if rows is None else rows)
        book = openpyxl.load_workbook(path)
        change(book)
        book.save(path)
        return path

    return make


def merged(column: str, first: int, last: int) -> Callable:
    def change(book):
        book.active.merge_cells(f"{column}{first}:{column}{last}")

    return edited(change)


def sheet(title: str, rows: list, first: bool, state: str = "visible") -> Callable:
    def change(book):
        more = book.create_sheet(title, 0 if first else None)
        for cells in [HEADINGS, *rows]:
            more.append(cells)
        more.sheet_state = state
        book.active = 1 if first else 0

    return change


def hidden(book) -> None:
    book.create_sheet("Notes").append(["See the other sheet"])
    book["Sheet"].sheet_state = "hidden"
    book.active = 1


def far(book) -> None:
    book.active["ZZZ60000"] = "x"


def as_text(form: str) -> list:
    return changed(5, lambda cells: cells[5].strftime(form))


def serial(cells: list) -> int:
    return (cells[5] - datetime(1899, 12, 30)).days


def shifted(column: int) -> list:
    rows = following()
    values = [cells[column] for cells in rows]
    for cells, value in zip(rows, values[1:] + values[:1], strict=True):
        cells[column] = value
    return rows


def half() -> list:
    return following()[:45]


MORE = [
    row(f"Town {number} Police Department", TFM, "2025-05-01", "TEXAS", "Municipality")
    for number in range(300)
]
FIRST_NOW = history()["04042025am"]
LAST_NOW = history()["04282025am"]
PENDING = [cells[:5] for cells in following()]

FAULTS = [
    Fault(
        "html page",
        raw(b"<!doctype html><html><title>287(g)</title>"),
        "refused",
        "HTML page",
    ),
    Fault("empty file", raw(b""), "refused", "empty file"),
    Fault(
        "old format",
        raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "05082025am.xls"),
        "refused",
        "password-protected",
    ),
    Fault(
        "text",
        raw(b"STATE,AGENCY\nTEXAS,Ash\n", "participatingAgencies05082025am.csv"),
        "refused",
        "text, such as a CSV, not an .xlsx workbook",
    ),
    Fault("PDF", raw(b"%PDF-1.7\n" + bytes(99)), "refused", "a PDF document, not"),
    Fault("cut off", cut, "refused", "cut off"),
    Fault("another zip", other_zip, "refused", "damaged workbook"),
    Fault("headings only", written([]), "refused", "the list is empty"),
    Fault(
        "no headings",
        written(following()[1:], following()[0]),
        "refused",
        "headings of a list",
    ),
    Fault(
        "pending list", written(PENDING, HEADINGS[:5]), "refused", "pending agencies"
    ),
    Fault(
        "no dates",
        written(changed(5, lambda _: None)),
        "refused",
        "no row has a signing date",
    ),
    Fault(
        "heading renamed",
        written(following(), renamed("LAW ENFORCEMENT AGENCY", "AGENCY NAME")),
        "refused",
        "no column LAW ENFORCEMENT",
    ),
    Fault(
        "heading twice",
        written(following(), renamed("COUNTY", "STATE")),
        "refused",
        "two columns for state",
    ),
    Fault("absurd extent", edited(far), "refused", "not opened"),
    Fault("only hidden", edited(hidden), "refused", "no sheet has the headings"),
    Fault(
        "no date in name",
        written(following(), name="list.xlsx"),
        "refused",
        "states no date",
    ),
    Fault(
        "no such day", written(following()), "refused", "no such day", "2025-02-31am"
    ),
    Fault(
        "wrong date given",
        written(following()),
        "refused",
        "write 2026-05-18",
        "18.5.2025",
    ),
    Fault(
        "known already",
        written(LAST_NOW, name="participatingAgencies04282025am.xlsx"),
        "refused",
        "nothing to take in",
    ),
    Fault(
        "another of that day",
        written(following(), name="participatingAgencies04282025am.xlsx"),
        "refused",
        "another list is known",
    ),
    Fault(
        "column gone",
        written(
            [[*c[:2], *c[3:]] for c in following()], [*HEADINGS[:2], *HEADINGS[3:]]
        ),
        "columns",
        "missing: type",
    ),
    Fault("cut short", written(half()), "gone", "was the list cut short"),
    Fault(
        "one state only",
        written([c for c in following() if c[0] == "TEXAS"]),
        "gone",
        "% of the list before",
    ),
    Fault(
        "300 more",
        written(following() + MORE),
        "added",
        "agreements not on the list before",
    ),
    Fault("pasted twice", written(following() * 2), "duplicates", "pasted twice"),
    Fault(
        "serial numbers",
        written(changed(5, serial)),
        "signed",
        "serial numbers of days",
    ),
    Fault("dates in words", written(as_text("%B %d, %Y")), "signed", "are no dates"),
    Fault("day before month", written(as_text("%d/%m/%Y")), "signed", "are no dates"),
    Fault("dates one row off", written(shifted(5)), "redated", "signing dates changed"),
    Fault("documents one row off", written(shifted(6)), "relinked", "another address"),
    Fault(
        "TYPE and COUNTY exchanged",
        written(following(), [*HEADINGS[:2], "COUNTY", "TYPE", *HEADINGS[4:]]),
        "type",
        "exchanged",
    ),
    Fault(
        "STATE and AGENCY exchanged",
        written(following(), ["LAW ENFORCEMENT AGENCY", "STATE", *HEADINGS[2:]]),
        "set_aside",
        "exchanged",
    ),
    Fault(
        "postal codes",
        written(
            changed(
                0, lambda c: {"ALABAMA": "AL", "FLORIDA": "FL", "TEXAS": "TX"}[c[0]]
            )
        ),
        "set_aside",
        "postal codes, not names: FL",
    ),
    Fault(
        "a state misspelt",
        written(changed(0, lambda _: "ALABMA", 20)),
        "set_aside",
        "unknown: ALABMA (20)",
    ),
    Fault(
        "a model unknown",
        written(changed(4, lambda _: "Street Model", 12)),
        "set_aside",
        "unknown: Street Model (12)",
    ),
    Fault(
        "models blank",
        written(changed(4, lambda _: "", 12)),
        "set_aside",
        "(blank) (12)",
    ),
    Fault(
        "agencies blank",
        written(changed(1, lambda _: "", 8)),
        "set_aside",
        "no agency printed",
    ),
    Fault(
        "counties unknown",
        written(changed(3, lambda _: "Nowhere County")),
        "county",
        "COUNTY cells unread",
    ),
    Fault(
        "counties blank",
        written(changed(3, lambda _: "")),
        "blank_county",
        "COUNTY cells blank",
    ),
    Fault(
        "types unknown",
        written(changed(2, lambda _: "Tribal", 9)),
        "type",
        "TYPE cells unread",
    ),
    Fault(
        "formulas",
        written(changed(3, lambda _: "=A1&B1", 6)),
        "formula",
        "hold a formula",
    ),
    Fault(
        "two sheets",
        edited(sheet("Second", following()[45:], False), half()),
        "gone",
        "sheet 'Second', a list of 44 rows",
    ),
    Fault(
        "signed later",
        written(changed(5, lambda c: c[5].replace(month=6), 3)),
        "later",
        "signed after the day",
    ),
    Fault(
        "far ahead",
        written(following(), name="participatingAgencies05082052am.xlsx"),
        "date",
        "days after that of the newest",
    ),
    Fault(
        "name says another day",
        written(following()),
        "name",
        "that is not 2025-05-06am",
        "2025-05-06am",
    ),
    Fault(
        "an older list again",
        written(FIRST_NOW),
        "copy",
        "exact copy of the older edition 2025-04-04am",
    ),
    Fault(
        "older sheet hidden",
        edited(sheet("Old", LAST_NOW[:30], True, "hidden")),
        "passes",
        "hidden sheet 'Old', a list of 30 rows",
    ),
    Fault(
        "states merged",
        merged("A", 2, 11),
        "passes",
        "state is merged over rows 2 to 11",
    ),
    Fault(
        "types merged", merged("C", 4, 5), "passes", "type is merged over rows 4 to 5"
    ),
    Fault("dates as text", written(as_text("%m/%d/%Y")), "passes", "2 added, 0 gone"),
    Fault(
        "errors in cells",
        written(changed(3, lambda _: "#N/A", 2)),
        "passes",
        "2 added, 0 gone",
    ),
    Fault(
        "white space",
        written(changed(0, lambda c: f" {c[0].title()} ")),
        "passes",
        "2 added, 0 gone",
    ),
    Fault(
        "seen again",
        written(LAST_NOW),
        "passes",
        "Edition 2025-04-28am, seen again: as 2025-05-08am",
    ),
    Fault(
        "found late",
        written(LAST_NOW[:-1], name="participatingAgencies04252025am.xlsx"),
        "passes",
        "found late (before 2025-04-28am)",
    ),
]

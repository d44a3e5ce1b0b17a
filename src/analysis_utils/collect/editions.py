"""Published copies of ICE's list -> editions, and what each edition printed.

An edition is one table for as long as it was the list. Many copies show the same
table; a table that returns after another makes a second edition.
"""

import hashlib
import re
from datetime import date
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect.workbooks import CELLS, LINKS

Row = tuple[str, ...]
PRINTED = [*CELLS, *LINKS]  # what a list says in a row
COLUMNS_OF_TABLE = [
    "edition",
    "first_seen",
    "last_seen",
    "list_until",
    "copies",
    "workbook",
    "source",
    "sha256",
]
CAPTURES = [
    "file",
    "workbook",
    "repository",
    "commit",
    "path",
    "committed_at",
    "sha256",
]
# Time of day that a suffix of a file name stands for, for the order within a day
HOURS = {"am": 8, "mid": 12, "": 13, "pm": 16}
WEB_CAPTURE = re.compile(r"-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)\d\d\.xlsx$")
NAMED_DATE = re.compile(r"[A-Za-z](\d\d)(\d\d)(\d{4})(am|mid|pm|)[ _]?(\w*)\.xlsx$")
EDITION = re.compile(r"(\d{4}-\d\d-\d\d)(?:-(\d\d)(\d\d)|(am|mid|pm|)(?:-(\w+))?)$")


def edition_of_name(name: str) -> str | None:
    """Edition that a file name states (2025-08-29pm), None where it states none."""
    stem = name.removesuffix(".xlsx")
    if EDITION.match(stem) and is_date(stem[:10]):
        return stem
    web = WEB_CAPTURE.search(name)
    if web:
        return "{}-{}-{}-{}{}".format(*web.groups())
    named = NAMED_DATE.search(name)
    if named is None:
        return None
    month, day, year, part, more = named.groups()
    stamp = f"{year}-{month}-{day}{part}" + (f"-{more.lower()}" if more else "")
    return stamp if is_date(stamp[:10]) else None


def is_date(text: str) -> bool:
    """True for a day of the calendar in ISO form."""
    try:
        return len(text) == len("2025-08-29") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def order(edition: str) -> tuple[str, float, str]:
    """Sort key of an edition's name: date, hour, further suffix."""
    found = EDITION.match(edition)
    if not found:
        raise Refused(
            f"{edition!r} is no edition: write 2026-05-18, 2026-05-18am, -mid or pm"
        )
    day, hour, minute, part, more = found.groups()
    if hour:
        return day, int(hour) + int(minute) / 60, ""
    return day, HOURS[part], more or ""


def fingerprint(rows: list[Row]) -> str:
    """SHA-256 of a printed table, whatever file it came in: of what its cells say.

    Where their links lead is left out: it changes when a page is moved.
    """
    return hashlib.sha256("\x1e".join(map(_said, rows)).encode()).hexdigest()


@cache  # most rows of a list are those of the list before
def _said(row: Row) -> str:
    return "\x1f".join(row[: len(CELLS)])


def dated(captures: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Captures with the edition that each states, or that files.csv decides.

    captures: file, workbook, and edition where it is known otherwise; decisions:
    file, workbook (blank: any), action, edition. Captures set aside are left out.
    """
    table = captures.copy()
    own = table.file.map(edition_of_name)
    table["edition"] = table.edition.where(table.edition != "", own)
    for row in decisions.itertuples():
        hit = table.file == row.file
        if row.workbook:
            hit &= table.workbook == row.workbook
        if not hit.any():
            raise Refused(
                f"data/hand/files.csv: {row.file} is not among the files; take the "
                "row out or correct the name"
            )
        if row.action == "set aside":
            table = table[~hit]
        elif (table.loc[hit, "edition"] == row.edition).all():
            raise Refused(
                f"data/hand/files.csv: {row.file} states {row.edition} by itself; "
                "the correction no longer applies"
            )
        else:
            table.loc[hit, "edition"] = row.edition
    undated = table[table.edition.isna()]
    if len(undated):
        raise Refused(
            f"{undated.file.iloc[0]}: its name states no date; add a row "
            "with its edition to data/hand/files.csv"
        )
    return table


def in_order(captures: pd.DataFrame, prints: dict[str, str]) -> pd.DataFrame:
    """Runs of captures with the same table, in the order of publication.

    prints: fingerprint of the table of each workbook; captures of others are left
    out. Returns COLUMNS_OF_TABLE, first and last copy told apart by file name.
    """
    known = captures[captures.workbook.isin(prints)].copy()
    known["print"] = known.workbook.map(prints)
    known["order"] = known.edition.map(order)
    known = known.sort_values(["order", "file", "source"], ignore_index=True)
    run = (known.print != known.print.shift()).cumsum()
    starts = known[run.diff() != 0]
    for edition, files in (
        starts[starts.edition.duplicated(keep=False)].groupby("edition").file
    ):
        raise Refused(
            f"{' and '.join(files)} hold different lists and both state "
            f"{edition}; redate one of them in data/hand/files.csv"
        )
    return _as_table(known, run)


def _as_table(known: pd.DataFrame, run: pd.Series) -> pd.DataFrame:
    """One row for each run, with the date on which the next took its place."""
    runs = known.groupby(run)
    table = runs[["edition", "workbook", "source", "sha256"]].first()
    table["first_seen"] = table.edition.str[:10]
    table["last_seen"] = runs.edition.last().str[:10]
    table["list_until"] = table.first_seen.shift(-1).fillna("")
    table["copies"] = runs.size().astype("str")
    return table.reset_index(drop=True)[COLUMNS_OF_TABLE]


def weave(
    lists: list[tuple[str, list[Row]]], known: pd.DataFrame | None = None
) -> pd.DataFrame:
    """All printed rows in one table, each with the editions that printed it.

    Rows lie so that the rows of any edition, taken in order, are that edition as
    printed (the "weave" of Rochkind 1975, IEEE Trans. Softw. Eng. 1:364). Columns:
    PRINTED, first_edition, last_edition (names), first and last (positions from 0).

    lists: name and rows (PRINTED) of every edition. known: the weave of the first of
    them (`until`), which is continued rather than made again.
    """
    known = _as_rows([], []) if known is None else known
    spans = zip(known["first"].tolist(), known["last"].tolist(), strict=True)
    master = [[row, *span] for row, span in zip(tuples(known), spans, strict=True)]
    start = max((entry[2] for entry in master), default=-1) + 1
    current = [place for place, entry in enumerate(master) if entry[2] == start - 1]
    for position, (_, cells) in enumerate(lists[start:], start=start):
        master, current = _woven(master, current, cells, position)
    return _as_rows(master, [name for name, _ in lists])


def until(printed: pd.DataFrame, size: int) -> pd.DataFrame:
    """The weave of the first `size` editions, out of that of more."""
    rows = printed[printed["first"] < size].copy()
    rows["last"] = rows["last"].clip(upper=size - 1)
    return rows.reset_index(drop=True)


def tuples(rows: pd.DataFrame) -> list[Row]:
    """The printed cells of each row."""
    return list(zip(*(rows[name].tolist() for name in PRINTED), strict=True))


def _as_rows(master: list[list], names: list[str]) -> pd.DataFrame:
    woven = pd.DataFrame([entry[0] for entry in master], columns=PRINTED)
    woven["first"] = [entry[1] for entry in master]
    woven["last"] = [entry[2] for entry in master]
    woven["first_edition"] = [names[entry[1]] for entry in master]
    woven["last_edition"] = [names[entry[2]] for entry in master]
    return woven


def _woven(master: list, current: list[int], cells: list, position: int) -> tuple:
    """The master with one more edition, and the places of that edition's rows."""
    before = [master[place][0] for place in current]
    merged: list[list] = []
    places: list[int] = []
    done = 0
    for start, new, size in _blocks(before, cells):
        place = current[start] if start < len(current) else len(master)
        merged += master[done:place]
        done = place
        for row in cells[len(places) : new]:
            places.append(len(merged))
            merged.append([row, position, position])
        for offset in range(size):
            kept = current[start + offset]
            merged += master[done:kept]
            done = kept + 1
            places.append(len(merged))
            merged.append([*master[kept][:2], position])
    return merged, places


def _blocks(before: list[Row], cells: list[Row]) -> list[tuple[int, int, int]]:
    """Matching runs of two lists: start in the old, start in the new, length.

    Most of a list is that of the day before: what is equal from the top and from the
    bottom is set apart, and the matcher, whose time grows with the square, sees the
    rest.
    """
    least = min(len(before), len(cells))
    top = 0
    while top < least and before[top] == cells[top]:
        top += 1
    low = 0
    while low < least - top and before[-1 - low] == cells[-1 - low]:
        low += 1
    parts = before[top : len(before) - low], cells[top : len(cells) - low]
    number: dict[Row, int] = {}
    old, new = ([number.setdefault(row, len(number)) for row in x] for x in parts)
    inner = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [
        (0, 0, top),
        *((a + top, b + top, size) for a, b, size in inner[:-1]),
        (len(before) - low, len(cells) - low, low),
        (len(before), len(cells), 0),
    ]


def read_captures(raw: Path, data: Path) -> pd.DataFrame:
    """Published copies: CAPTURES' columns, `workbook` naming the table they show.

    From captures.csv among the raw files; without it from data/captures.csv, which
    was compiled from it.
    """
    if (raw / "captures.csv").exists():
        table = csv_text.read(raw / "captures.csv")
        table = table.rename(columns={"same_table_as": "workbook"})
        table["workbook"] = table.workbook.where(table.workbook != "", table.file)
        return table[CAPTURES].sort_values(CAPTURES, ignore_index=True)
    return read_compiled(data)


def read_compiled(data: Path) -> pd.DataFrame:
    """Published copies as compiled before; none where there is no such table."""
    path = data / "captures.csv"
    if path.exists():
        return csv_text.read(path, CAPTURES)
    return pd.DataFrame(columns=CAPTURES, dtype="str")

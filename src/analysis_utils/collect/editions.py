"""Published copies of ICE's list -> editions, and what each edition printed.

An edition is one table for as long as it was the list. Many copies show the same
table; a table that returns after another makes a second edition.
"""

import hashlib
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import pandas as pd

from analysis_utils.collect.workbooks import CELLS, LINKS, PrintedTable

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


@dataclass(frozen=True)
class Edition:
    """One table in the interval in which it was the list."""

    edition: str  # date and time of day of the first copy, 2025-08-29pm
    first_seen: str  # date of the first copy
    last_seen: str  # date of the last copy
    copies: int
    workbook: str
    source: str  # where the first copy was published
    sha256: str
    table: PrintedTable


def edition_of_name(name: str) -> str | None:
    """Edition that a file name states (2025-08-29pm), None where it states none."""
    stem = name.removesuffix(".xlsx")
    if EDITION.match(stem) and _is_date(stem[:10]):
        return stem
    web = WEB_CAPTURE.search(name)
    if web:
        return "{}-{}-{}-{}{}".format(*web.groups())
    named = NAMED_DATE.search(name)
    if named is None:
        return None
    month, day, year, part, more = named.groups()
    stamp = f"{year}-{month}-{day}{part}" + (f"-{more.lower()}" if more else "")
    return stamp if _is_date(stamp[:10]) else None


def _is_date(text: str) -> bool:
    return not pd.isna(pd.to_datetime(text, format="%Y-%m-%d", errors="coerce"))


def order(edition: str) -> tuple[str, float, str]:
    """Sort key of an edition's name: date, hour, further suffix."""
    found = EDITION.match(edition)
    if not found:
        raise ValueError(
            f"{edition!r} is no edition: write 2026-05-18, 2026-05-18am, -mid or pm"
        )
    day, hour, minute, part, more = found.groups()
    if hour:
        return day, int(hour) + int(minute) / 60, ""
    return day, HOURS[part], more or ""


def fingerprint(table: PrintedTable) -> str:
    """SHA-256 of the printed cells, whatever file they came in."""
    text = table.rows[CELLS].to_csv(index=False, lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def dated(captures: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Captures with the edition that each states, or that files.csv decides.

    captures: file, workbook; decisions: file, workbook (blank: any), action,
    edition. Captures set aside are left out.
    """
    table = captures.copy()
    table["edition"] = table.file.map(edition_of_name)
    for row in decisions.itertuples():
        hit = table.file == row.file
        if row.workbook:
            hit &= table.workbook == row.workbook
        if not hit.any():
            raise ValueError(
                f"data/hand/files.csv: {row.file} is not among the files; take the "
                "row out or correct the name"
            )
        if row.action == "set aside":
            table = table[~hit]
        elif (table.loc[hit, "edition"] == row.edition).all():
            raise ValueError(
                f"data/hand/files.csv: {row.file} states {row.edition} by itself; "
                "the correction no longer applies"
            )
        else:
            table.loc[hit, "edition"] = row.edition
    undated = table[table.edition.isna()]
    if len(undated):
        raise ValueError(
            f"{undated.file.iloc[0]}: its name states no date; add a row "
            "with its edition to data/hand/files.csv"
        )
    return table


def in_order(captures: pd.DataFrame, tables: dict[str, PrintedTable]) -> list[Edition]:
    """Runs of captures with the same table, in the order of publication."""
    prints = {name: fingerprint(table) for name, table in tables.items()}
    known = captures[captures.workbook.isin(prints)].copy()
    known["print"] = known.workbook.map(prints)
    known["order"] = known.edition.map(order)
    known = known.sort_values(["order", "file", "source"], ignore_index=True)
    run = (known.print != known.print.shift()).cumsum()
    starts = known[run.diff() != 0]
    for edition, files in (
        starts[starts.edition.duplicated(keep=False)].groupby("edition").file
    ):
        raise ValueError(
            f"{' and '.join(files)} hold different lists and both state "
            f"{edition}; redate one of them in data/hand/files.csv"
        )
    return [_edition(copies, tables) for _, copies in known.groupby(run)]


def _edition(copies: pd.DataFrame, tables: dict[str, PrintedTable]) -> Edition:
    first = copies.iloc[0]
    return Edition(
        first.edition,
        first.edition[:10],
        copies.edition.iloc[-1][:10],
        len(copies),
        first.workbook,
        first.source,
        first.sha256,
        tables[first.workbook],
    )


def as_table(found: list[Edition]) -> pd.DataFrame:
    """Editions as a table, each with the date on which the next took its place."""
    table = pd.DataFrame(
        [
            {
                name: getattr(edition, name)
                for name in COLUMNS_OF_TABLE
                if name != "list_until"
            }
            for edition in found
        ]
    )
    table.insert(3, "list_until", table.first_seen.shift(-1).fillna(""))
    return table


def weave(lists: list[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """All printed rows in one table, each with the editions that printed it.

    Rows lie so that the rows of any edition, taken in order, are that edition as
    printed (the "weave" of Rochkind 1975, IEEE Trans. Softw. Eng. 1:364). Columns:
    PRINTED, first_edition, last_edition (names), first and last (positions from 0).
    """
    master: list[list] = []
    current: list[int] = []
    for position, (_, rows) in enumerate(lists):
        cells = list(rows[PRINTED].itertuples(index=False, name=None))
        master, current = _woven(master, current, cells, position)
    return _as_rows(master, [name for name, _ in lists])


def appended(
    printed: pd.DataFrame, names: list[str], name: str, rows: pd.DataFrame
) -> pd.DataFrame:
    """The woven rows with one more edition behind the newest, as `weave` gives them."""
    cells = list(printed[PRINTED].itertuples(index=False, name=None))
    master = [
        [row, first, last]
        for row, first, last in zip(
            cells, printed["first"], printed["last"], strict=True
        )
    ]
    newest = len(names) - 1
    current = [place for place, entry in enumerate(master) if entry[2] == newest]
    more = list(rows[PRINTED].itertuples(index=False, name=None))
    master, _ = _woven(master, current, more, newest + 1)
    return _as_rows(master, [*names, name])


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
    matcher = SequenceMatcher(None, before, cells, autojunk=False)
    merged, places, done = [], [], 0
    for start, new, size in matcher.get_matching_blocks():
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


def read_captures(raw: Path, data: Path) -> pd.DataFrame:
    """Published copies: CAPTURES' columns, `workbook` naming the table they show.

    From captures.csv among the raw files; without it from data/captures.csv, which
    was compiled from it.
    """
    if (raw / "captures.csv").exists():
        table = pd.read_csv(raw / "captures.csv", dtype=str, keep_default_na=False)
        table = table.rename(columns={"same_table_as": "workbook"})
        table["workbook"] = table.workbook.where(table.workbook != "", table.file)
        return table[CAPTURES].sort_values(CAPTURES, ignore_index=True)
    if (data / "captures.csv").exists():
        return pd.read_csv(data / "captures.csv", dtype=str, keep_default_na=False)
    return pd.DataFrame(columns=CAPTURES, dtype=str)

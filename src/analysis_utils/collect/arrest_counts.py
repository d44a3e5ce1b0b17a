"""Arrest records → counts by month, state, area and method; no record is kept."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis_utils.asking import Refused, nearest

FIRST = np.datetime64("2003-03-01")  # the day on which ICE was founded
TOLERATED = 0.01  # share of records without a possible date, above which we refuse
EPISODE = np.timedelta64(24, "h")  # records of one person this close are one arrest
SMALL = 5  # arrests by state, area and month below which the area is not said
# Arrests in custody get one name, "Custodial Arrest", from late July 2025 on
BREAK = pd.Timestamp("2025-07-01")
PROGRAM = "287g"
SILENT = {"NA", "N/A", "NAN", "NONE", "NULL"}
AREA_SUFFIX = " area of responsibility"
REPROCESSED, UNKNOWN = "reprocessed", "not recorded"
COLUMNS = [
    "date", "state", "area", "method", "arrests", "program_287g", "methods_as", "whole",
]  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What the text of records may say: codes of states and methods, names of areas."""

    states: dict[str, str]  # upper case name or code: postal code
    areas: dict[str, str]  # lower case: as written here
    methods: dict[str, str]  # lower case, as printed: method


@dataclass
class Tally:
    """What became of the records, and the few numbers of each that are needed.

    A record is five numbers here: a hash of the person's code, the time, and codes of
    state, area and method. Nothing else of it is held, and none of it is written.
    """

    names: Names
    read: int = 0
    undated: int = 0  # no date that can be read
    unread: str = ""  # the first of them that says something
    impossible: int = 0  # before ICE existed, or in the future
    filled: int = 0  # state by the publisher's reading
    marked: int = 0  # what the publisher would drop as duplicates
    unknown: Counter = field(default_factory=Counter)  # (column, text): records
    parts: list[pd.DataFrame] = field(default_factory=list)

    def add(self, piece: pd.DataFrame, headings: dict[str, list[str]], today: date):
        """Take in a piece of records; `headings` names its columns (record_files)."""
        cells = {name: _first(piece, headings.get(name, [])) for name in _NAMES}
        when = _times(cells["date"])
        possible = (when >= FIRST) & (when < np.datetime64(today) + 1)
        self.read += len(piece)
        self.undated += int(np.isnat(when).sum())
        said = cells["date"][np.isnat(when) & (cells["date"] != "").to_numpy()]
        self.unread = self.unread or next(iter(said), "")
        self.impossible += int((~np.isnat(when) & ~possible).sum())
        self.marked += int((cells["dropped"].str.lower() == "true").sum())
        if len(headings.get("state", [])) > 1:
            own = _first(piece, headings["state"][:1]) != ""
            self.filled += int((~own & (cells["state"] != "")).sum())
        part = pd.DataFrame(
            {
                "person": _hashed(cells["person"]),
                "time": when,
                "state": self._mapped(cells["state"], "state"),
                "area": self._mapped(cells["area"], "area"),
                "method": self._mapped(cells["method"], "method"),
                "program": [_is_program(text) for text in cells["program"]],
            }
        )
        self.parts.append(part[possible])

    def _mapped(self, cells: pd.Series, column: str) -> pd.Categorical:
        """Cells by what they mean; those not known are counted, and left blank."""
        known = getattr(self.names, f"{column}s")
        blank = UNKNOWN if column == "method" else ""
        meaning = {}
        for text, records in cells.value_counts().items():
            key = _key(text, column)
            meaning[text] = known.get(key, blank) if text else blank
            if text and key not in known:
                self.unknown[column, text] += int(records)
        values = [*sorted(set(known.values()) - {blank}), blank]
        return pd.Categorical(cells.map(meaning), categories=values)


_NAMES = ["date", "state", "area", "method", "program", "person", "dropped"]


def _key(text: str, column: str) -> str:
    if column == "state":
        return text.upper()
    return text.lower().removesuffix(AREA_SUFFIX)


@lru_cache(1 << 12)
def _is_program(text: str) -> bool:
    """Whether an office is the 287(g) programme: "287G Program", "287(g) Jail"."""
    return PROGRAM in text.lower().replace("(", "").replace(")", "")


def _first(piece: pd.DataFrame, headings: list[str]) -> pd.Series:
    """The first of several columns that says something; redacted cells say nothing."""
    found = np.full(len(piece), "", dtype=object)
    for heading in headings:
        cells = np.array([_clean(text) for text in piece[heading].to_numpy(object)])
        found = np.where(found != "", found, cells.astype(object))
    return pd.Series(found, index=piece.index, dtype=object)


@lru_cache(1 << 12)  # states, areas, methods and offices repeat
def _clean(text: object) -> str:
    if not isinstance(text, str):
        return ""  # a missing cell
    text = " ".join(text.split())
    silent = text[:4].lower() == "b(6)" or text.upper() in SILENT
    return "" if silent else text


def _times(cells: pd.Series) -> np.ndarray:
    """Dates and times, to the second; NaT where they can't be read."""
    when = pd.to_datetime(cells, format="ISO8601", errors="coerce")
    for form in ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p"):
        if when.isna().any():
            rest = cells[when.isna()]
            when = when.fillna(pd.to_datetime(rest, format=form, errors="coerce"))
    return when.to_numpy().astype("datetime64[s]")


def _hashed(cells: pd.Series) -> np.ndarray:
    """64-bit hashes of the codes of persons; 0 for a record without one."""
    hashes = pd.util.hash_array(cells.to_numpy(object), categorize=False)
    return np.where(cells == "", np.uint64(0), hashes | np.uint64(1))


def counts(tally: Tally) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts by month, state, area and method, and what became of the records.

    Of records of one person less than 24 hours after the one before, the first counts:
    by time, a reprocessed arrest last, then in alphabetical order, so that the order of
    the file does not matter. Raises Refused for a file without records, with many
    impossible dates, or with a method that data/hand/arrest_methods.csv does not have.
    """
    require(tally)
    records = pd.concat(tally.parts, ignore_index=True)
    again = duplicates(records)
    kept = records[~again]
    table = _by_cell(kept)
    table, merged = _without_small_areas(table)
    return table, _account(tally, records, int(again.sum()), table, merged)


def require(tally: Tally) -> None:
    """Refuse a tally that cannot be what it should be, in words."""
    if not tally.read:
        raise Refused("the file has headings and no record")
    wrong = tally.undated + tally.impossible
    like = f" (such as {tally.unread!r})" if tally.unread else ""
    if wrong > TOLERATED * tally.read:
        raise Refused(
            f"{tally.undated:,} of {tally.read:,} records have no date that can be "
            f"read{like} and {tally.impossible:,} one before {FIRST} or in the future: "
            "the date is in another column than data/hand/arrest_columns.csv says, or "
            "written otherwise than 2025-03-01 or 3/1/2025"
        )
    new = {text: n for (column, text), n in tally.unknown.items() if column == "method"}
    if new:
        text = max(new, key=new.__getitem__)
        raise Refused(
            f"methods of arrest that are new: {len(new)}, most often {text!r} "
            f"({new[text]:,} records). Add a row for each to data/hand/"
            f"arrest_methods.csv, with the reason{nearest(text, tally.names.methods)}"
        )


def duplicates(records: pd.DataFrame) -> np.ndarray:
    """Whether a record tells of the same arrest as one before it (see `counts`)."""
    coded = records.person.to_numpy() != 0
    part = records[coded]
    reprocessed = (part.method == REPROCESSED).to_numpy()
    # Categories are in alphabetical order, what is blank last: so are their codes
    keys = [part[name].cat.codes.to_numpy() for name in ("area", "state", "method")]
    person, when = part.person.to_numpy(), part.time.to_numpy()
    order = np.lexsort([part.program.to_numpy(), *keys, reprocessed, when, person])
    same = person[order][1:] == person[order][:-1]
    close = when[order][1:] - when[order][:-1] <= EPISODE
    again = np.zeros(len(records), dtype=bool)
    again[np.flatnonzero(coded)[order[1:][same & close]]] = True
    return again


def _by_cell(kept: pd.DataFrame) -> pd.DataFrame:
    month = kept.time.to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    frame = kept[["state", "area", "method", "program"]].assign(date=month)
    keys = ["date", "state", "area", "method"]
    found = frame.groupby(keys, observed=True, as_index=False).program.agg(
        ["size", "sum"]
    )
    found.columns = [*keys, "arrests", "program_287g"]
    return found.astype({"state": str, "area": str, "method": str})


def _without_small_areas(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The area is not said where a month, state and area have few arrests in all.

    A count by month and state stays as it is. Returns the arrests so merged as well.
    """
    cell = table.groupby(["date", "state", "area"]).arrests.transform("sum")
    small = (cell < SMALL) & (table.area != "")
    merged = int(table.arrests[small].sum())
    table = table.assign(area=table.area.where(~small, ""))
    keys = ["date", "state", "area", "method"]
    return table.groupby(keys, as_index=False).sum(), merged


def _account(
    tally: Tally, records: pd.DataFrame, again: int, table: pd.DataFrame, merged: int
) -> pd.DataFrame:
    """What became of every record: item, value, meaning."""
    days = records.time.dt.normalize()
    unknown = sum(n for (column, _), n in tally.unknown.items() if column != "method")
    rows = {
        "records": (tally.read, "records in the file"),
        "undated": (tally.undated, "left out: no date that can be read"),
        "impossible": (tally.impossible, f"left out: before {FIRST} or in the future"),
        "without_person": (
            int((records.person == 0).sum()),
            "without a code for the person: can't be compared, all counted",
        ),
        "duplicates": (again, "left out: same person, 24 hours or less after another"),
        "duplicates_published": (tally.marked, "what the publisher would leave out"),
        "arrests": (int(table.arrests.sum()), "counted"),
        "state_filled": (tally.filled, "state by the publisher's reading of the place"),
        "state_blank": (int(table.arrests[table.state == ""].sum()), "of no state"),
        "area_merged": (
            merged,
            f"area not said: fewer than {SMALL} in month and state",
        ),
        "unknown_places": (unknown, "records whose state or area has no known name"),
        "first_day": (days.min().date().isoformat(), "first arrest"),
        "last_day": (days.max().date().isoformat(), "last arrest"),
    }
    return pd.DataFrame(
        [(item, str(value), words) for item, (value, words) in rows.items()],
        columns=["item", "value", "meaning"],
    )


def marked(table: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """The counts with their breaks: how methods are named, and whole months.

    `methods_as`: before, mixed (July 2025) or after arrests in custody got one name.
    """
    value = account.set_index("item").value
    first, last = pd.Timestamp(value["first_day"]), pd.Timestamp(value["last_day"])
    ends = table.date + pd.offsets.MonthEnd(0)
    table = table.assign(
        methods_as=np.select(
            [table.date < BREAK, table.date == BREAK], ["before", "mixed"], "after"
        ),
        whole=(table.date >= first.normalize()) & (ends <= last),
        date=table.date.dt.strftime("%Y-%m-%d"),
    )
    order = ["date", "state", "area", "method"]
    return table.sort_values(order, kind="stable", ignore_index=True)[COLUMNS]

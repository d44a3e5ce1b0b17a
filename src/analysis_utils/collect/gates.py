"""How far a list may differ before `make update` asks: measured on the known lists.

Each gate counts one kind of difference, in the new list and in every known one. Up to
twice the largest count so far a list passes; beyond that a person must name the gate.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.collect import editions, naming
from analysis_utils.collect.counties import NO_COUNTY
from analysis_utils.collect.proposal import Update
from analysis_utils.collect.workbooks import CELLS

# A list twice as odd as the oddest of 160 is asked about: faults that were tried lie
# at ten times or more, and growth has doubled before
FACTOR = 2
FAR = 366  # days after the newest list that a date in a name may lie
PER_CENT = 100


@dataclass(frozen=True)
class Gate:
    """One kind of difference: what was found, and the largest among known lists."""

    name: str
    what: str
    found: float
    largest: float
    where: str = ""  # which lists had the largest

    @property
    def stops(self) -> bool:
        """Whether it is more than a list may differ without being asked about."""
        return self.found > FACTOR * self.largest

    def __str__(self) -> str:
        where = f", {self.where}" if self.where and self.largest else ""
        mark = "  <-- stops" if self.stops else ""
        return (
            f"{self.name}: {self.found:,.4g} {self.what} "
            f"(largest so far: {self.largest:,.4g}{where}){mark}"
        )


def gates(update: Update) -> list[Gate]:
    """Every gate with its count; `stops` where a person must decide."""
    found = [
        *_added_and_gone(update),
        _counted(update, "set_aside", "rows that state no agreement yet"),
        _counted(update, "duplicates", "rows that repeat an agreement"),
        *_cells(update),
        _redated(update),
        _relinked(update),
        *_single(update),
    ]
    return found


def stopping(found: list[Gate]) -> list[Gate]:
    """The gates that stop a list."""
    return [gate for gate in found if gate.stops]


def _added_and_gone(update: Update) -> list[Gate]:
    """Agreements that come and go, against lists as far apart as these or nearer.

    A late list has two neighbours, and the worse transition counts.
    """
    member, days = _membership(update)
    here, size = update.position, member.shape[1]
    own = [(a, a + 1) for a in (here - 1, here) if 0 <= a and a + 1 < size]
    if update.sighting or not own:
        own = []
    both = member.T @ member
    known = [place for place in range(size) if place != here or update.sighting]
    added, gone = {}, {}
    apart = max([days[b] - days[a] for a, b in own], default=0)
    for place, a in enumerate(known):
        for b in known[place + 1 :]:
            if b != known[place + 1] and days[b] - days[a] > apart:
                break
            added[a, b] = both[b, b] - both[a, b]
            gone[a, b] = PER_CENT * (1 - both[a, b] / both[a, a])
    names = update.after["editions"].edition
    return [
        Gate(
            "added",
            "agreements not on the list before",
            max([both[b, b] - both[a, b] for a, b in own], default=0),
            *_largest(added, names),
        ),
        Gate(
            "gone",
            "% of the list before are not on this one",
            max([PER_CENT * (1 - both[a, b] / both[a, a]) for a, b in own], default=0),
            *_largest(gone, names),
        ),
    ]


def _membership(update: Update) -> tuple[np.ndarray, np.ndarray]:
    """Agreements by editions, 1 where in force; and the day of each edition."""
    table, spells = update.after["editions"], update.after["spells"]
    place = {name: position for position, name in enumerate(table.edition)}
    first = spells.first_edition.map(place)
    last = spells.last_edition.map(place).fillna(len(table) - 1).astype(int)
    row = pd.factorize(spells.agreement_id)[0]
    member = np.zeros((row.max() + 1, len(table)))
    for agreement, start, end in zip(row, first, last, strict=True):
        member[agreement, start : end + 1] = 1
    return member, pd.to_datetime(table.first_seen).to_numpy().astype("M8[D]").astype(
        int
    )


def _largest(counts: dict, names: pd.Series) -> tuple[float, str]:
    if not counts:
        return 0, ""
    a, b = max(counts, key=counts.__getitem__)
    return float(counts[a, b]), f"{names[a]} to {names[b]}"


def _counted(update: Update, column: str, what: str) -> Gate:
    """A column of editions: in this list, and the largest in the others."""
    table = update.after["editions"]
    return _of_editions(column, what, table[column].to_numpy(), update)


def _of_editions(name: str, what: str, counts: np.ndarray, update: Update) -> Gate:
    others = np.delete(counts, update.position)
    editions_ = np.delete(update.after["editions"].edition.to_numpy(), update.position)
    largest = int(others.max()) if len(others) else 0
    where = str(editions_[others.argmax()]) if len(others) else ""
    return Gate(name, what, int(counts[update.position]), largest, where)


def _cells(update: Update) -> list[Gate]:
    """Cells of each column that say nothing that can be read, and blank cells."""
    rows, size = update.rows, len(update.after["editions"])
    unread = {
        "type": rows.level_code == "unknown",
        "county": (rows.county_fips == "")
        & ~rows.county.map(naming.normalized).isin(NO_COUNTY),
        "signed": rows.signed_date.isna(),
    }
    found = [
        _of_editions(
            name, f"{name.upper()} cells unread", _alive(rows[hit], size), update
        )
        for name, hit in unread.items()
    ]
    every = _alive(rows, size)
    for name in ("type", "county", "moa"):
        blank = _alive(rows[rows[name].str.strip() == ""], size)
        # A column that a list does not print at all is the gate "columns"
        blank = np.where(blank < every, blank, 0)
        if name not in update.table.columns:
            continue
        blank[update.position] = (update.own[name].str.strip() == "").sum()
        what = f"{name.upper()} cells blank"
        found.append(_of_editions(f"blank_{name}", what, blank, update))
    return found


def _alive(rows: pd.DataFrame, size: int) -> np.ndarray:
    """Number of rows in each edition."""
    change = np.bincount(rows["first"], minlength=size + 1)
    change = change - np.bincount(rows["last"] + 1, minlength=size + 1)
    return change.cumsum()[:size]


def _redated(update: Update) -> Gate:
    """Agreements whose list gives a signing date that the list before did not."""
    table, dates = update.after["editions"], update.after["signing_dates"]
    listed = update.after["agreements"].set_index("agreement_id").first_listed
    later = dates[dates.first_printed > dates.agreement_id.map(listed)]
    counts = later.first_printed.value_counts()
    # Lists of one day share their changes: the day is what the dates are known by
    per_day = table.first_seen.map(counts).fillna(0).astype(int).to_numpy(copy=True)
    if update.sighting:
        per_day[update.position] = 0
    return _of_editions("redated", "signing dates changed", per_day, update)


def _relinked(update: Update) -> Gate:
    """Agreements whose document has another address than on the list before."""
    rows = update.rows[(update.rows.agreement_id != "") & (update.rows.moa_link != "")]
    rows = rows.sort_values(["agreement_id", "first"], kind="stable")
    before = rows.groupby("agreement_id").moa_link.shift()
    other = rows[before.notna() & (before != rows.moa_link)]
    counts = np.bincount(other["first"], minlength=len(update.after["editions"]))
    if not update.newest:  # what the list changes, the one after it changes back
        counts[update.position + 1] = 0
    return _of_editions("relinked", "documents with another address", counts, update)


def _single(update: Update) -> list[Gate]:
    """What no known list had: each is one question."""
    stated = editions.edition_of_name(update.path.name)
    other = stated is not None and stated[:10] != update.copy["edition"][:10]
    later = update.own.signed_date > pd.Timestamp(update.copy["edition"][:10])
    formulas = sum("holds a formula" in note for note in update.table.notes)
    lost, copy = _lost_columns(update), _copy_of(update)
    found = [
        Gate("later", "rows signed after the day of the list", int(later.sum()), 0),
        Gate("formula", "cells hold a formula", formulas, 0),
        Gate(
            "columns", _named("columns of the list before missing", lost), len(lost), 0
        ),
    ]
    if other:
        what = (
            f"date in the file's name ({stated}) that is not {update.copy['edition']}"
        )
        found.append(Gate("name", what, 1, 0))
    if copy:
        found.append(Gate("copy", f"exact copy of the older edition {copy}", 1, 0))
    if update.newest and not update.given and (days := _days_ahead(update)) > FAR:
        what = f"date {days:,} days after that of the newest edition"
        found.append(Gate("date", what, 1, 0))
    return found


def _named(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else what


def _days_ahead(update: Update) -> int:
    seen = pd.to_datetime(update.after["editions"].first_seen)
    ahead = seen.iloc[update.position] - seen.iloc[max(update.position - 1, 0)]
    return int(ahead.days)


def _lost_columns(update: Update) -> list[str]:
    """Columns without a heading here that the list before filled."""
    before = update.rows[
        (update.rows["first"] < update.position)
        & (update.rows["last"] >= update.position - 1)
    ]
    return [
        name
        for name in CELLS
        if name not in update.table.columns and (before[name].str.strip() != "").any()
    ]


def _copy_of(update: Update) -> str:
    """An older edition, not the one before, that printed the very same table."""
    if update.sighting:
        return ""
    table = update.after["editions"]
    same = table.edition[table.workbook == update.copy["workbook"]]
    return next((name for name in same if name != update.copy["edition"]), "")

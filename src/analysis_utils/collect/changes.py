"""What a list changes, in words: added, gone, perhaps renamed, not understood."""

import re
from difflib import SequenceMatcher, get_close_matches
from typing import Protocol

import pandas as pd

from analysis_utils.collect import history, naming
from analysis_utils.collect.counties import NO_COUNTY
from analysis_utils.collect.proposal import Update

ALIKE = 0.8  # likeness of two names from which a renaming is suggested
LONG_AGO = 120  # days before the first listing from which a signing date is noted
SHOWN = 40  # lines of one kind that are printed
OFFICE = re.compile(
    r"\b(?:POLICE|SHERIFF|DEPARTMENT|OFFICE|COUNTY|PARISH|CITY|TOWN|VILLAGE|BOROUGH"
    r"|TOWNSHIP|MARSHALS?|CONSTABLES?|PRECINCT|ATTORNEYS?|DISTRICT|PUBLIC SAFETY|OF"
    r"|THE|JAIL|CORRECTION)\b"
)


def report(update: Update) -> list[str]:
    """Lines that tell what the list adds, ends, changes and leaves open."""
    old, new = (
        table.set_index("agreement_id")
        for table in (update.before["agreements"], update.after["agreements"])
    )
    was, now = (
        update.in_force(update.position - 1),
        update.in_force(update.position),
    )
    gone, came = was.index.difference(now.index), now.index.difference(was.index)
    lines = [*_head(update, len(was), len(came), len(gone))]
    if not update.sighting:
        lines += _section(
            "Added", [_described(now.loc[name], name in old.index) for name in came]
        )
        lines += _section("Gone", _gone(was.loc[gone], new))
        lines += _section(
            "Perhaps renamed (suggestions for data/hand/aliases.csv or "
            "state_corrections.csv; decide and run make register)",
            renamings(was.loc[gone], now.loc[came]) + _renamed_after(update, now),
        )
    lines += _section("Changed in the register", _changed(old, new))
    lines += _section(
        "Not understood, set aside (decide in data/hand/spellings.csv or "
        "models.csv and run make register)",
        _set_aside(update),
    )
    lines += _section(
        "Kept in force, because a row set aside may state them", _held(update, now)
    )
    lines += _section(
        "Noted",
        update.table.notes
        + _firsts(now, old)
        + _unread(update, came.difference(old.index))
        + history.unexplained(update.after["published_totals"]),
    )
    return lines


def _head(update: Update, before: int, came: int, gone: int) -> list[str]:
    counts = update.after["editions"].iloc[update.position]
    name = update.copy["edition"]
    if update.sighting:
        kind = f"Edition {counts.edition}, seen again: as {name}"
    elif update.newest:
        kind = f"Edition {name}"
    else:
        follows = update.after["editions"].edition.iloc[update.position + 1]
        kind = f"Edition {name}, found late (before {follows})"
    lines = [
        f"{kind}: {counts.rows_printed} rows = {counts.agreements} "
        f"agreements + {counts.duplicates} duplicates + {counts.set_aside} set aside"
    ]
    if not update.sighting:
        lines.append(f"Before: {before} agreements; {came} added, {gone} gone")
    return lines


def _section(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  ... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [
        "",
        f"{title} ({len(lines)}):",
        *(f"  {line}" for line in lines[:SHOWN]),
        *more,
    ]


class _Listed(Protocol):
    """A row of a list, as `itertuples` gives it."""

    state: str
    agency: str
    model: str
    signed: str


def _described(row: _Listed, returned: bool = False) -> str:
    again = ", known before" if returned else ""
    return f"{row.state} {row.agency} {row.model}, signed {row.signed or '?'}{again}"


def renamings(gone: pd.DataFrame, came: pd.DataFrame) -> list[str]:
    """Pairs of a gone and an added agreement that may be the same one.

    Same model, and alike names in one state, or one name in two states, or one place
    and one signing date where the kind of agency changed.
    """
    added = {name: list(rows.itertuples()) for name, rows in came.groupby("model")}
    found = []
    for old in gone.itertuples():
        for new in added.get(old.model, []):
            likeness = _likeness(old, new)
            same_date = old.signed == new.signed
            moved = same_date and _place(old.agency) == _place(new.agency) != ""
            if (
                likeness >= ALIKE - 0.2 * same_date or moved
                if old.state == new.state
                else likeness == 1 and same_date
            ):
                dates = "same signing date" if same_date else "other signing date"
                kinds = (
                    f", {old.agency_kind} -> {new.agency_kind}: another agency, or a "
                    "slip of the list"
                    if old.agency_kind != new.agency_kind
                    else ""
                )
                found.append(
                    (
                        -likeness,
                        f"{old.state} {old.agency} -> {new.state} "
                        f"{new.agency} ({old.model}; names {likeness:.0%} alike, "
                        f"{dates}{kinds})",
                    )
                )
    return [text for _, text in sorted(found)]


def _likeness(old: _Listed, new: _Listed) -> float:
    """How alike two names are, 1 for the same; across states the same or not at all."""
    names = naming.normalized(old.agency), naming.normalized(new.agency)
    if old.state != new.state:
        return float(names[0] == names[1])
    return SequenceMatcher(None, *names).ratio()


def _renamed_after(update: Update, now: pd.DataFrame) -> list[str]:
    """Renamings between a list found late and the one that follows it."""
    if update.newest:
        return []
    then = update.in_force(update.position + 1)
    gone, came = now.index.difference(then.index), then.index.difference(now.index)
    return renamings(now.loc[gone], then.loc[came])


def _place(agency: str) -> str:
    """What an agency is called after, without the words for its office."""
    return " ".join(OFFICE.sub(" ", naming.normalized(agency)).split())


def _gone(gone: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Agreements not on the list, and how each left the register, if it did."""
    return [
        f"{_described(row)}: "
        + (new.removal[row.Index] or "listed again later, or before")
        for row in gone.itertuples()
    ]


def _changed(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Columns of agreements known before that differ, ends of their listing aside."""
    both = old.index.intersection(new.index)
    columns = [
        name
        for name in new.columns
        if name in old.columns and name not in ("last_listed", "gone_by", "removal")
    ]
    before, after = old.loc[both, columns], new.loc[both, columns].astype("str")
    lines = []
    for name in both[(before != after).any(axis=1)]:
        pairs = zip(columns, before.loc[name], after.loc[name], strict=True)
        changes = [
            f"{c} {a or '(blank)'} -> {b or '(blank)'}" for c, a, b in pairs if a != b
        ]
        lines.append(f"{name}: {'; '.join(changes)}")
    return lines


def _set_aside(update: Update) -> list[str]:
    """One line for each reason, with the rows and the nearest known spelling."""
    aside = update.own[update.own.set_aside != ""]
    known = update.rows[update.rows.set_aside == ""].state.map(naming.trimmed).unique()
    lines = []
    for reason, rows in aside.groupby("set_aside"):
        cell = naming.trimmed(rows.state.iloc[0])
        near = get_close_matches(cell, known, 1, ALIKE) if "state" in reason else []
        hint = f", perhaps {near[0]}" if near else ""
        shown = [
            f"{row.sheet} ({naming.trimmed(row.agency)})"
            for row in rows[:5].itertuples()
        ]
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
        lines.append(f"{reason}{hint}: row {', '.join(shown)}{more}")
    return lines


def _held(update: Update, now: pd.DataFrame) -> list[str]:
    stated = set(update.own.agreement_id)
    return [_described(row) for row in now.itertuples() if row.Index not in stated]


def _firsts(now: pd.DataFrame, old: pd.DataFrame) -> list[str]:
    """States that were never listed before."""
    return [
        f"first agreement of {state} ever listed"
        for state in sorted(set(now.state) - set(old.state))
    ]


def _unread(update: Update, came: pd.Index) -> list[str]:
    """Dates, counties and levels of new rows that could not be read.

    The rows are taken in.
    """
    notes, rows = [], update.own
    listed = pd.Timestamp(update.copy["edition"][:10])
    new = (rows.set_aside == "") & (rows["first"] == update.position)
    for row in rows[new].itertuples():
        where = f"row {row.sheet} ({row.agreement_id})"
        if pd.isna(row.signed_date):
            notes.append(
                f"{where}: signing date {row.signed!r} is set aside; the "
                "agreement is taken in without a date"
            )
        elif row.signed_date > listed:
            notes.append(f"{where}: signed {row.signed}, later than the list")
        elif (listed - row.signed_date).days > LONG_AGO and row.agreement_id in came:
            notes.append(
                f"{where}: signed {row.signed}, long before this first "
                "listing; the year may be mistyped (data/hand/dates.csv)"
            )
        county, kind = naming.trimmed(row.county), naming.trimmed(row.type)
        if row.county_fips == "" and naming.normalized(county) not in NO_COUNTY:
            notes.append(f"{where}: county {county!r} is not known")
        if row.level_code == "unknown":
            notes.append(f"{where}: type {kind!r} is not known")
    return notes

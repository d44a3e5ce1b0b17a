"""What a new list changes, in words: added, gone, perhaps renamed, not understood."""

from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from analysis_utils.collect import naming

if TYPE_CHECKING:
    from analysis_utils.collect.update import Update

ALIKE = 0.8  # likeness of two names from which a renaming is suggested
LONG_AGO = 120  # days before the first listing from which a signing date is noted
NOTHING = ("", "#NA", "N/A", "#N/A")  # cells that state nothing
SHOWN = 40  # lines of one kind that are printed


def report(update: "Update") -> list[str]:
    """Lines that tell what the list adds, ends, changes and leaves open."""
    old, new = (
        table.set_index("agreement_id")
        for table in (update.before, update.after["agreements"])
    )
    was, now = old[old.gone_by == ""], new[new.gone_by == ""]
    gone, came = was.index.difference(now.index), now.index.difference(was.index)
    counts = update.after["editions"].iloc[-1]
    lines = [
        f"Edition {update.edition}: {counts.rows_printed} rows = {counts.agreements} "
        f"agreements + {counts.duplicates} duplicates + {counts.set_aside} set aside",
        f"Before: {len(was)} agreements; {len(came)} added, {len(gone)} gone",
    ]
    lines += _section(
        "Added", [_described(now.loc[name], name in old.index) for name in came]
    )
    lines += _section("Gone", _gone(new.loc[gone], update))
    lines += _section(
        "Perhaps renamed (suggestions for data/hand/aliases.csv or "
        "state_corrections.csv; decide and run make register)",
        renamings(old.loc[gone], new.loc[came]),
    )
    lines += _section("Signing date changed", _redated(was, now))
    lines += _section(
        "Not understood, set aside (decide in data/hand/spellings.csv or "
        "models.csv and run make register)",
        _set_aside(update),
    )
    lines += _section(
        "Noted",
        update.table.notes
        + _firsts(was, now, old)
        + _unread(update, came.difference(old.index)),
    )
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


def _described(row: NamedTuple, returned: bool = False) -> str:
    again = ", listed before" if returned else ""
    return f"{row.state} {row.agency} {row.model}, signed {row.signed or '?'}{again}"


def renamings(gone: pd.DataFrame, came: pd.DataFrame) -> list[str]:
    """Pairs of a gone and an added agreement that may be the same one.

    Same model, and alike names in one state, or one name in two states.
    """
    found = []
    for old in gone.itertuples():
        for new in came[came.model == old.model].itertuples():
            likeness = SequenceMatcher(
                None, naming.normalized(old.agency), naming.normalized(new.agency)
            ).ratio()
            same_date = old.signed == new.signed
            if (
                likeness >= ALIKE - 0.2 * same_date
                if old.state == new.state
                else likeness == 1 and same_date
            ):
                dates = "same signing date" if same_date else "other signing date"
                found.append(
                    (
                        -likeness,
                        f"{old.state} {old.agency} -> {new.state} "
                        f"{new.agency} ({old.model}; names {likeness:.0%} alike, "
                        f"{dates})",
                    )
                )
    return [text for _, text in sorted(found)]


def _redated(was: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    both = was.index.intersection(now.index)
    changed = both[was.dates_printed[both] != now.dates_printed[both]]
    return [
        f"{name}: {was.dates_printed[name]} -> {now.dates_printed[name]}"
        for name in changed
    ]


def _gone(gone: pd.DataFrame, update: "Update") -> list[str]:
    """Agreements no longer listed; those that stand in a row set aside are named."""
    aside = update.rows[update.rows.set_aside != ""]
    sheet = update.table.rows.row
    places = {(row.key, row.signed): sheet[row.Index] for row in aside.itertuples()}
    lines = []
    for row in gone.itertuples():
        place = places.get((naming.normalized(row.agency), row.signed))
        lines.append(
            f"{_described(row)}: "
            + (f"perhaps row {place}, set aside" if place else row.removal)
        )
    return lines


def _set_aside(update: "Update") -> list[str]:
    """One line for each reason, with the rows and the nearest known spelling."""
    aside = update.rows[update.rows.set_aside != ""]
    sheet, lines = update.table.rows.row, []
    known = update.rows[update.rows.set_aside == ""].state.map(naming.trimmed).unique()
    for reason, rows in aside.groupby("set_aside"):
        cell = naming.trimmed(rows.state.iloc[0])
        near = get_close_matches(cell, known, 1, ALIKE) if "state" in reason else []
        hint = f", perhaps {near[0]}" if near else ""
        shown = [
            f"{sheet[row.Index]} ({naming.trimmed(row.agency)})"
            for row in rows[:5].itertuples()
        ]
        more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
        lines.append(f"{reason}{hint}: row {', '.join(shown)}{more}")
    return lines


def _firsts(was: pd.DataFrame, now: pd.DataFrame, old: pd.DataFrame) -> list[str]:
    """States that were never listed before."""
    return [
        f"first agreement of {state} ever listed"
        for state in sorted(set(now.state) - set(was.state) - set(old.state))
    ]


def _unread(update: "Update", came: pd.Index) -> list[str]:
    """Dates, counties and levels of new rows that could not be read.

    The rows are taken in.
    """
    sheet, notes, rows = update.table.rows.row.tolist(), [], update.rows
    listed = pd.Timestamp(update.edition[:10])
    new = (rows.set_aside == "") & (rows["first"] == rows["last"])
    for place, row in rows[new].iterrows():
        where = f"row {sheet[place]} ({row.agreement_id})"
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
        if row.county_fips == "" and county not in NOTHING:
            notes.append(f"{where}: county {county!r} is not known")
        if row.level_code == "unknown":
            notes.append(f"{where}: type {kind!r} is not known")
    return notes

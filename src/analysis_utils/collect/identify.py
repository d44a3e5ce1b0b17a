"""Which agreement each printed row states, or why it is set aside.

Rules that hold for every row are in naming.py; everything particular is decided by
the hand tables. What neither knows is set aside with the reason, never guessed.
"""

import re

import numpy as np
import pandas as pd

from analysis_utils.collect import naming
from analysis_utils.collect.counties import counties_of
from analysis_utils.collect.hand import Hand, fail, require_used

LEVELS = {"COUNTY": "county", "MUNICIPALITY": "municipal", "STATE AGENCY": "state"}
AMERICAN = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})")
EARLIEST = pd.Timestamp("2002-01-01")  # the first agreement was signed in July 2002


def identified(
    printed: pd.DataFrame, hand: Hand, states: pd.DataFrame, counties: pd.DataFrame
) -> pd.DataFrame:
    """Printed rows with state, name, model, agreement_id, signed_date, set_aside.

    printed: the cells as text (workbooks.CELLS) and last_edition; states, counties:
    the tables of data/. Cells with a meaning of their own become columns ending in
    `_code`, and county_fips; `set_aside` is blank for rows that state an agreement.
    """
    rows = printed.copy()
    rows["meant"] = rows.signed.map(
        {cell: meant(cell) for cell in rows.signed.unique()}
    )
    official = dict(zip(states.name.str.upper(), states.state, strict=True))
    rows["printed_state"] = _meanings(rows.state, "state", hand, official)
    rows["state_code"] = rows.printed_state
    models = dict(zip(hand.models.name.str.upper(), hand.models.model, strict=True))
    rows["model"] = _meanings(rows.support_type, "support_type", hand, models)
    levels = {"": "", "N/A": "", "#N/A": ""} | LEVELS
    rows["level_code"] = _meanings(rows.type, "type", hand, levels).fillna("unknown")
    names = {agency: naming.normalized(agency) for agency in rows.agency.unique()}
    rows["key"] = rows.agency.map(names)
    rows = _with_corrected_states(rows, hand)
    rows["name"] = _aliased(rows, hand)
    rows["signed_date"], rows["date_decided"] = _signed(rows, hand)
    rows["county_fips"] = counties_of(rows, hand, counties)
    rows["set_aside"] = _reasons(rows)
    stated = rows.set_aside == ""
    rows["agency_id"] = rows.state_code + "-" + rows.name.map(naming.slug)
    rows["agreement_id"] = (rows.agency_id + "-" + rows.model).where(stated, "")
    return rows


def _meanings(
    cells: pd.Series, column: str, hand: Hand, official: dict[str, str]
) -> pd.Series:
    """Meaning of each cell by official names and spellings.csv; missing if unknown."""
    decided = hand.spellings[hand.spellings.column == column]
    used = decided.printed.isin({naming.trimmed(cell).upper() for cell in cells})
    require_used(hand, "spellings", decided, used.tolist())
    known = official | dict(zip(decided.printed, decided.meaning, strict=True))
    spelt = {cell: known.get(naming.trimmed(cell).upper()) for cell in cells.unique()}
    return cells.map(spelt).astype("str")


def _with_corrected_states(rows: pd.DataFrame, hand: Hand) -> pd.DataFrame:
    table = hand.state_corrections
    used = []
    for row in table.itertuples():
        hit = (
            (rows.state_code == row.state)
            & (rows.model == row.model)
            & (rows.key == naming.normalized(row.agency))
            & (rows.meant == meant(row.signed))
        )
        used.append(hit.any())
        rows.loc[hit, "state_code"] = row.corrected_state
    require_used(hand, "state_corrections", table, used)
    return rows


def _aliased(rows: pd.DataFrame, hand: Hand) -> pd.Series:
    """Final key of each row's agency, after the aliases."""
    table = hand.aliases
    sources = table.agency.map(naming.normalized)
    targets = table.same_as.map(naming.normalized)
    _refuse_bad_aliases(rows, hand, sources, targets)
    names, used = rows.key.to_numpy(dtype=object, copy=True), []
    models, dates = rows.model.to_numpy(dtype=object), rows.meant.to_numpy(dtype=object)
    # Each alias touches a few rows of thousands: found by index, not by comparing all
    printed = rows.groupby(["state_code", "key"]).indices
    for row, source, target in zip(table.itertuples(), sources, targets, strict=True):
        hit = printed.get((row.state, source), np.array([], dtype=int))
        if row.model:
            hit = hit[models[hit] == row.model]
        if row.signed:
            hit = hit[dates[hit] == meant(row.signed)]
        used.append(len(hit) > 0)
        names[hit] = target
    require_used(hand, "aliases", table, used)
    return pd.Series(names, index=rows.index, dtype="str")


def _refuse_bad_aliases(
    rows: pd.DataFrame, hand: Hand, sources: pd.Series, targets: pd.Series
) -> None:
    table = hand.aliases
    printed = set(zip(rows.state_code, rows.key, strict=True))
    chained = set(zip(table.state, sources, table.model, strict=True))
    for row, source, target in zip(table.itertuples(), sources, targets, strict=True):
        if source == target:
            fail(
                "aliases",
                row.Index,
                f"{row.agency} and {row.same_as} are the same "
                "name by rule already; take the row out",
            )
        if (row.state, target, row.model) in chained:
            fail(
                "aliases",
                row.Index,
                f"{row.same_as} is itself another name; point "
                "the row at the final name",
            )
        unknown = (row.state, target) not in printed and row.kind != "misspelt"
        if unknown and not hand.partial:
            fail(
                "aliases",
                row.Index,
                f"no list prints {row.same_as} in {row.state}, "
                "so this is an alias of nothing",
            )


def meant(cell: str) -> str:
    """The date that a cell means, in ISO form; the trimmed cell where it is none.

    A correction holds however the workbook types the date: as a date, or as text.

    >>> meant("3/19/2016"), meant("2016-03-19 "), meant("05/082025")
    ('2016-03-19', '2016-03-19', '05/082025')
    """
    text = naming.trimmed(cell)
    found = AMERICAN.fullmatch(text)
    if not found:
        return text
    month, day, year = map(int, found.groups())
    return f"{year:04}-{month:02}-{day:02}"


def _signed(rows: pd.DataFrame, hand: Hand) -> tuple[pd.Series, pd.Series]:
    """Signing date, missing where unreadable, and whether dates.csv decides it."""
    text = rows.meant
    table, used = hand.dates, []
    decided = pd.Series(False, index=rows.index)
    for row in table.itertuples():
        hit = rows.meant == meant(row.printed)
        if row.agency:
            hit &= (
                (rows.state_code == row.state)
                & (rows.model == row.model)
                & (rows.name == naming.normalized(row.agency))
            )
        used.append(hit.any())
        text, decided = text.mask(hit, row.signed), decided | hit
    require_used(hand, "dates", table, used)
    dates = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    latest = pd.to_datetime(rows.last_edition.str[:10]) + pd.Timedelta(days=366)
    return dates.where((dates >= EARLIEST) & (dates <= latest)), decided


def _reasons(rows: pd.DataFrame) -> pd.Series:
    reason = pd.Series("", index=rows.index)
    for column, printed, what in (
        ("model", "support_type", "model"),
        ("state_code", "state", "state"),
    ):
        unknown = rows[column].isna()
        shown = rows[printed].map(naming.trimmed)
        text = f"{what} not known: " + shown.where(shown != "", "(blank)")
        reason = reason.mask(unknown, text)
    return reason.mask(rows.key == "", "no agency printed")

"""What probably went wrong with a list that a gate stops, the likeliest first."""

import pandas as pd

from analysis_utils.collect import naming
from analysis_utils.collect.proposal import Update

MANY = 0.5  # share of a column's cells from which a fault is one of the whole column
ENOUGH = 5  # agreements gone from which their place on the list before says something


def causes(update: Update) -> list[str]:
    """Sentences on what a person would check first; none where nothing stands out."""
    own = update.own
    found = [
        *_sheets(update),
        *_words(own),
        *_swapped(own),
        *_dates(own),
        *_cut_short(update),
        *_twice(own),
    ]
    return found


def _sheets(update: Update) -> list[str]:
    """Another sheet that holds a list as well."""
    lists = [note for note in update.table.notes if ", a list of " in note]
    return [f"{note}: is it part of the list, or the list itself?" for note in lists]


def _words(own: pd.DataFrame) -> list[str]:
    """Each word for a state or a model that has no meaning, with its rows."""
    found = []
    for column, code, table in (
        ("state", "state_code", "spellings.csv"),
        ("support_type", "model", "models.csv or spellings.csv"),
    ):
        unknown = own[own[code].isna()]
        if unknown.empty:
            continue
        counts = unknown[column].map(naming.trimmed).value_counts()
        words = ", ".join(f"{w or '(blank)'} ({n:,})" for w, n in counts[:12].items())
        more = f" and {len(counts) - 12} more" if len(counts) > 12 else ""
        codes = counts.index.str.fullmatch("[A-Z]{2}").all()
        kind = "postal codes, not names" if column == "state" and codes else "unknown"
        found.append(
            f"{column.upper()} has {kind}: {words}{more}; if they are right, say in "
            f"data/hand/{table} what they mean"
        )
    return found


def _swapped(own: pd.DataFrame) -> list[str]:
    """A column whose cells read as those of another."""
    looks = {
        "state": own.state.map(naming.trimmed).str.upper(),
        "type": own.type.map(naming.trimmed).str.upper(),
        "county": own.county.map(naming.trimmed).str.upper(),
        "agency": own.agency.map(naming.trimmed).str.upper(),
    }
    signs = {
        "type": r"COUNTY|MUNICIPALITY|STATE AGENCY",
        "county": r".+ (?:COUNTY|PARISH)",
        "agency": r".*(?:SHERIFF|POLICE).*",
    }
    found = []
    for column, cells in looks.items():
        filled = cells[cells != ""]
        for other, sign in signs.items():
            if other == column or filled.empty:
                continue
            if filled.str.fullmatch(sign).mean() > MANY:
                found.append(
                    f"the cells under {column.upper()} read as those of "
                    f"{other.upper()}: are headings exchanged?"
                )
    return found


def _dates(own: pd.DataFrame) -> list[str]:
    """A column of dates that are numbers, or texts of another form."""
    bad = own.signed[own.signed_date.isna()].map(naming.trimmed)
    bad = bad[bad != ""]
    if len(bad) < max(1, MANY * len(own) / 10):
        return []
    shown = ", ".join(bad.unique()[:3])
    if bad.str.fullmatch(r"[34]\d{4}(?:\.\d+)?").mean() > MANY:
        return [
            f"SIGNED holds plain numbers ({shown}): serial numbers of days; give the "
            "column a date format in the workbook, and save it"
        ]
    return [f"{len(bad):,} cells of SIGNED are no dates: {shown}"]


def _cut_short(update: Update) -> list[str]:
    """Whether the agreements gone are the last of the list before."""
    place = update.position - 1
    rows = update.rows
    before = rows[(rows["first"] <= place) & (rows["last"] >= place)]
    names = before.agreement_id[before.agreement_id != ""].reset_index(drop=True)
    gone = ~names.isin(update.in_force(update.position).index)
    if gone.sum() < ENOUGH or update.sighting:
        return []
    start = int(gone.to_numpy().argmax())
    if gone[start:].mean() < 0.9:
        return []
    return [
        f"the {int(gone.sum()):,} agreements gone are the last of the list before "
        f"(from {names[start]} on): was the list cut short?"
    ]


def _twice(own: pd.DataFrame) -> list[str]:
    stated = own.agreement_id[own.agreement_id != ""]
    again = int(stated.duplicated().sum())
    if again < ENOUGH:
        return []
    return [f"{again:,} rows repeat an agreement: was the list pasted twice?"]

"""Human decisions: the tables of data/hand/, each row with its reason.

A row that decides nothing any more stops the build, so that no correction outlives
the fault that it corrects.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused

# Columns that tell the rows of a table apart
KEYS = {
    "aliases": ["state", "agency", "model", "signed"],
    "agencies": ["state", "agency"],
    "counties": ["state", "printed", "agency"],
    "dates": ["state", "agency", "model", "printed"],
    "files": ["file", "workbook"],
    "headings": ["heading"],
    "models": ["model"],
    "spellings": ["column", "printed"],
    "state_corrections": ["state", "agency", "model", "signed"],
}
COLUMNS = {
    "aliases": ["state", "agency", "model", "same_as", "signed", "kind", "reason"],
    "agencies": ["state", "agency", "kind", "level", "reason"],
    "counties": ["state", "printed", "agency", "county_fips", "reason"],
    "dates": ["state", "agency", "model", "printed", "signed", "reason"],
    "files": ["file", "workbook", "action", "edition", "reason"],
    "headings": ["heading", "column", "reason"],
    "models": ["model", "name", "description"],
    "spellings": ["column", "printed", "meaning", "reason"],
    "state_corrections": [
        "state",
        "agency",
        "model",
        "signed",
        "corrected_state",
        "reason",
    ],
}


@dataclass(frozen=True)
class Hand:
    """The hand tables, every cell as text."""

    aliases: pd.DataFrame
    agencies: pd.DataFrame
    counties: pd.DataFrame
    dates: pd.DataFrame
    files: pd.DataFrame
    headings: pd.DataFrame
    models: pd.DataFrame
    spellings: pd.DataFrame
    state_corrections: pd.DataFrame
    partial: bool = False  # lists are missing, so that idle rows are no fault


def columns_by_heading(hand: Hand) -> dict[str, str]:
    """Column of the list that each printed heading stands for; "" to leave it out."""
    return dict(zip(hand.headings.heading, hand.headings.column, strict=True))


def read(folder: Path) -> Hand:
    """Hand tables of a folder, with unique keys; raises Refused."""
    return Hand(**{name: _table(folder, name) for name in KEYS})


def _table(folder: Path, name: str) -> pd.DataFrame:
    table = csv_text.read(folder / f"{name}.csv", COLUMNS[name])
    twice = table[table.duplicated(KEYS[name])]
    if len(twice):
        fail(name, twice.index[0], "decides the same as a row above; take one out")
    return table


def fail(name: str, row: int, what: str) -> None:
    """Stop, naming a row of a hand table (row 0 stands in line 2)."""
    raise Refused(f"data/hand/{name}.csv, line {row + 2}: {what}")


def require_used(hand: Hand, name: str, table: pd.DataFrame, used: list[bool]) -> None:
    """Stop at the first row that nothing in the lists answers to."""
    idle = table[[not hit for hit in used]]
    if len(idle) and not hand.partial:
        key = ", ".join(v for v in idle.iloc[0][KEYS[name]] if v)
        fail(
            name,
            idle.index[0],
            f"no list prints {key} any more, so the row decides nothing; take it out",
        )

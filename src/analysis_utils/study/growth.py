"""Growth of the agreements between days, recorded as published numbers."""

import pandas as pd

from analysis_utils import datasets, publish, series

TERM_BEGAN, ARTICLE = "2025-01-20", "2025-08-27"

AUGUST_SENTENCE = (
    "The list in force when the term began held {list_january}; that of 27 August "
    "2025 held {list_august} in {states_august}, an increase of {increase_august}. "
    "The article's figure of 896 stands against {rows_august} as printed, duplicates "
    "included. Rows are agreements, not agencies: {agencies_august} had signed them."
)


def held_on(day: pd.Timestamp, as_of: str | None = None, **choice: str) -> pd.DataFrame:
    """Agreements in force on a day, one row each.

    Parameters
    ----------
    day : the last list published by this day counts.
    choice : `state=`, `model=` and `agency_kind=` select, as in `series.active`.
    """
    listed = series.list_as_of(min(day, pd.Timestamp(as_of or day))).agreement_id
    agreements = datasets.agreements()
    held = agreements[agreements["agreement_id"].isin(listed)]
    for column, value in choice.items():
        held = held[held[column] == value]
    return held


def record_growth(counts: pd.DataFrame) -> None:
    """Record agreements on the days of `series.list_counts`, and their growth.

    The increase is of agreements as printed rows without duplicates, in per cent of
    those at the start of the term.
    """
    agreements = counts["agreements"]
    january = agreements.get(TERM_BEGAN)
    publish.number("list_january", january, "agreements", label="20 January 2025")
    august = agreements.get(ARTICLE)
    publish.number("list_august", august, "agreements", label="27 August 2025")
    rows = counts["rows printed"].get(ARTICLE)
    publish.number("rows_august", rows, "rows", label="27 August 2025, as printed")
    for key, value in (("increase_august", august), ("increase_rows", rows)):
        increase = None if value is None else 100 * (value / january - 1)
        publish.number(key, increase, "%", 1)

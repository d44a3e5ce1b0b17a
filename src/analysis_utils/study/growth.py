"""Growth of the agreements between days; who holds them."""

from typing import Unpack

import pandas as pd

from analysis_utils import datasets, series

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


def spans(
    day: pd.Timestamp,
    weeks: int,
    start: str,
    last: pd.Timestamp,
    **choice: Unpack[series.Choices],
) -> pd.DataFrame:
    """Agreements signed by model in spans of whole weeks, one of which begins on `day`.

    choice : as for `series.signings`. Indexed by the Monday on which a span begins.
    """
    weekly = series.signings(
        basis="signing", frequency="week", by="model", start=start, **choice
    )
    weekly = weekly[weekly.index <= last]
    anchor = day - pd.Timedelta(days=day.weekday())
    number = (weekly.index - anchor).days // (7 * weeks)
    begins = anchor + pd.to_timedelta(7 * weeks * number, unit="D")
    return weekly.groupby(pd.DatetimeIndex(begins, name="first day")).sum()


def per_hundred(by_state: pd.Series) -> pd.Series:
    """Agreements per 100 law enforcement agencies of each state (FBI)."""
    agencies = datasets.states().set_index("state")["agencies"]
    rate = 100 * by_state / agencies.reindex(by_state.index).replace(0, pd.NA)
    return rate.dropna().astype(float)

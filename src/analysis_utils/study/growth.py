"""Who holds agreements on a day."""

import pandas as pd

from analysis_utils import datasets, series


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

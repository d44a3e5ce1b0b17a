"""The years before the lists: counts from rosters, changes of level and slope."""

import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable

WEEK = "W-SUN"


def active_by_month(first: str, last: str) -> pd.Series:
    """Active agreements at the end of each month from `first` to `last` (days).

    PeriodIndex. Raises NotTestable if the span holds a month that is interpolated.
    """
    table = series.active_since_2002()
    counts = table["active"].set_axis(table.index.to_period("M"))
    chosen = counts[_whole(counts.index, first, last)]
    if chosen.isna().any():
        month = chosen.index[chosen.isna()][0]
        raise NotTestable(f"{month} is known by interpolation only; end before it")
    return chosen.rename("active agreements")


def signed_by_week(first: str, last: str) -> pd.Series:
    """Agreements of the early register by week of signing, whole weeks, zeros kept."""
    signed = datasets.early_register()["signed"].dropna().dt.to_period(WEEK)
    weeks = pd.period_range(first, last, freq=WEEK)
    counts = signed.value_counts().reindex(weeks, fill_value=0)
    return counts[_whole(weeks, first, last)].rename("new agreements")


def _whole(periods: pd.PeriodIndex, first: str, last: str) -> pd.Series:
    """Which periods lie wholly between two days."""
    after = periods.start_time >= pd.Timestamp(first)
    return after & (periods.end_time.normalize() <= pd.Timestamp(last))


def split(y: pd.Series, day: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """The periods that end before a day, and those from its own on."""
    before = y.index.end_time < day
    return y[before], y[~before]

"""Regular calendars: a series with dates becomes periods without gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .refusals import Refusal

# Median days between observations -> frequency of the periods.
_STEPS = (((28, 31), "M"), ((89, 93), "Q"), ((360, 370), "Y"))


def as_periods(index: pd.Index) -> pd.PeriodIndex:
    """Return the periods that the dates of `index` stand for.

    Weekly dates: Mondays begin their week; any other day ends it, as in
    ``resample("W")``. A PeriodIndex says it without a convention.
    """
    if isinstance(index, pd.PeriodIndex):
        return index
    if not isinstance(index, pd.DatetimeIndex):
        raise Refusal(
            "The series needs dates: its index is "
            f"{type(index).__name__}. Use a DatetimeIndex or a PeriodIndex, for "
            'example pd.PeriodIndex(years, freq="Y").'
        )
    if index.hasnans:
        raise Refusal("The index holds a missing date (NaT): remove or repair it.")
    if len(index) < 3:
        raise Refusal(f"Too few points: the series has {len(index)}.")
    return index.tz_localize(None).to_period(_frequency(index.sort_values()))


def _frequency(dates: pd.DatetimeIndex) -> str:
    days = pd.Series(dates.unique()).diff().dt.total_seconds().median() / 86_400
    for (low, high), freq in _STEPS:
        if low <= days <= high and days != 28:
            return freq
    if days < 1 or days != round(days):
        raise Refusal(
            "No regular calendar in the dates (median step "
            f"{days:g} days): aggregate to days, weeks, months, quarters or years."
        )
    if days % 7:
        return f"{int(days)}D"
    anchor = dates[-1].day_name()[:3].upper()
    weeks = "" if days == 7 else str(int(days // 7))
    return f"{weeks}W-{'SUN' if anchor == 'MON' else anchor}"


def sorted_regular(y: pd.Series, name: str = "The series") -> pd.Series:
    """Return `y` sorted by its periods, refused unless each occurs once, no gaps."""
    periods = as_periods(y.index)
    order = np.argsort(periods.asi8, kind="stable")
    y, periods = y.iloc[order], periods[order]
    twice = periods[periods.duplicated()].unique()
    if len(twice):
        raise Refusal(f"{name} has duplicate dates: {listed(twice)}. Keep one each.")
    whole = pd.period_range(periods[0], periods[-1], freq=periods.freq)
    missing = whole.difference(periods)
    if len(missing):
        raise Refusal(
            f"{name} has gaps in its calendar, missing {listed(missing)}. Fill them "
            "(a count of nothing is 0) or put NaN there and name them in exclude=."
        )
    return y


def listed(items: pd.Index, most: int = 5) -> str:
    """Return the first items in words, and how many more there are."""
    shown = ", ".join(str(item) for item in items[:most])
    more = len(items) - most
    return shown if more <= 0 else f"{shown} and {more} more"


def moment(date: object) -> pd.Timestamp:
    """Return the first moment of a date, a period, a text or a year."""
    if isinstance(date, pd.Period):
        return date.start_time
    if isinstance(date, int | np.integer):
        date = str(date)
    try:
        return pd.Timestamp(date).tz_localize(None)
    except (ValueError, TypeError) as error:
        raise Refusal(f"{date!r} is not a date: write it as 2025-01-20.") from error


def position(periods: pd.PeriodIndex, date: object, what: str) -> int:
    """Return the row of the period that contains `date`, which must lie inside."""
    when = moment(date)
    place = int(periods.start_time.searchsorted(when, side="right")) - 1
    if place < 0 or when > periods[-1].end_time:
        raise Refusal(
            f"{what} ({date}) lies outside the data, {periods[0]} to {periods[-1]}."
        )
    return place

"""Regular calendars: a series with dates becomes periods without gaps."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`

# Median days between observations -> frequency of the periods.
_STEPS = (((28, 31), "M"), ((89, 93), "Q"), ((360, 370), "Y"))


def as_periods(index: pd.Index) -> pd.PeriodIndex:
    """Return the periods that the dates of `index` stand for.

    Weekly dates end their week (or weeks), as ``resample("W")`` labels them; those of
    ``resample("7D")`` begin it. Weekly Mondays are refused: as labels of
    ``resample("W-MON")`` they end a week, in most published tables they begin it. A
    PeriodIndex says it without a convention.

    >>> as_periods(pd.date_range("2024-01-07", periods=3, freq="W-SUN"))[0].start_time
    Timestamp('2024-01-01 00:00:00')
    """
    if not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        raise NotTestable(
            "The series needs dates: its index is "
            f"{type(index).__name__}. Use a DatetimeIndex or a PeriodIndex, for "
            'example pd.PeriodIndex(years, freq="Y").'
        )
    if index.hasnans:
        raise NotTestable("The index holds a missing date (NaT): remove or repair it.")
    if len(index) < 3:
        raise NotTestable(f"Too few points: the series has {len(index)}.")
    if isinstance(index, pd.PeriodIndex):
        return index
    dates = index.tz_localize(None)
    freq = _frequency(dates.sort_values(), begins=_counts_days(index))
    if freq[0].isdigit() and "W-" in freq and not _counts_days(index):
        dates = dates - pd.Timedelta(weeks=int(freq.split("W")[0]) - 1)
    return dates.to_period(freq)


def _counts_days(index: pd.DatetimeIndex) -> bool:
    """Whether the dates are labels of ``resample("7D")``, which begin their periods."""
    return isinstance(index.freq, pd.offsets.Day | pd.offsets.Tick)


def _frequency(dates: pd.DatetimeIndex, begins: bool) -> str:
    days = pd.Series(dates.unique()).diff().dt.total_seconds().median() / 86_400
    for (low, high), freq in _STEPS:
        if low <= days <= high and days != 28:
            return freq
    if days < 1 or days != round(days):
        raise NotTestable(
            "No regular calendar in the dates (median step "
            f"{days:g} days): aggregate to days, weeks, months, quarters or years."
        )
    if days % 7:
        return f"{int(days)}D"
    weeks = "" if days == 7 else str(int(days // 7))
    last = dates[-1] - pd.Timedelta(days=1) if begins else dates[-1]
    if dates[-1].day_name() == "Monday" and not begins:
        raise NotTestable(
            "Weekly dates that are Mondays can begin or end their weeks. Say which: "
            f'y.index = y.index.to_period("{weeks}W-SUN") where they begin them, '
            f'"{weeks}W-MON" where they end them (as labels of resample("W-MON") do).'
        )
    return f"{weeks}W-{last.day_name()[:3].upper()}"


def sorted_regular(y: pd.Series, name: str = "The series") -> pd.Series:
    """Return `y` sorted by its periods, refused unless each occurs once, no gaps."""
    periods = as_periods(y.index)
    order = np.argsort(periods.asi8, kind="stable")
    y, periods = y.iloc[order], periods[order]
    twice = periods[periods.duplicated()].unique()
    if len(twice):
        raise NotTestable(
            f"{name} has duplicate dates: {listed(twice)}. Keep one each."
        )
    whole = pd.period_range(periods[0], periods[-1], freq=periods.freq)
    missing = whole.difference(periods)
    if len(missing):
        raise NotTestable(
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
    return _span(date)[0]


def last_moment(date: object) -> pd.Timestamp:
    """Return the last moment: of 2025 that of its December, of 2025-03 of its March."""
    return _span(date)[1]


_DAY_OR_MONTH = re.compile(r"\s*\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b")


def _span(date: object) -> tuple[pd.Timestamp, pd.Timestamp]:
    if isinstance(date, str) and _DAY_OR_MONTH.match(date):
        raise NotTestable(
            f"{date!r} could have its day or its month first: write the year first, "
            "as in 2017-04-03."
        )
    if isinstance(date, bool | float | None) or (isinstance(date, str) and not date):
        raise NotTestable(f"{date!r} is not a date: write it as 2025-01-20.")
    if isinstance(date, int | np.integer):
        date = str(date)
    try:
        if isinstance(date, str):
            date = pd.Period(date)
        if isinstance(date, pd.Period) and not pd.isna(date):
            return date.start_time, date.end_time
        when = pd.Timestamp(date).tz_localize(None)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise NotTestable(f"{date!r} is not a date: write it as 2025-01-20.") from error
    if pd.isna(when):
        raise NotTestable(f"{date!r} is not a date: write it as 2025-01-20.")
    return when, when


def position(
    periods: pd.PeriodIndex, date: object, what: str, last: bool = False
) -> int:
    """Return the row of the period that holds `date`, or its end if `last`."""
    when = last_moment(date) if last else moment(date)
    place = int(periods.start_time.searchsorted(when, side="right")) - 1
    if pd.isna(when) or place < 0 or when > periods[-1].end_time:
        raise NotTestable(
            f"{what} ({date}) lies outside the data, {periods[0]} to {periods[-1]}."
        )
    return place


def window(periods: pd.PeriodIndex, over: tuple[object, object]) -> tuple[int, int]:
    """Return the first and last row of a window, both included."""
    first = position(periods, over[0], "The window's start")
    last = position(periods, over[1], "The window's end", last=True)
    if last < first:
        raise NotTestable(f"The window {over} ends before it begins.")
    return first, last

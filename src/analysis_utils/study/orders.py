"""Weekly signings around the two federal orders, by state; choices of the curve."""

from functools import cache
from typing import TypedDict

import numpy as np
import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.curve import Linear


class Population(TypedDict, total=False):
    """States left out, and the agreements counted: all, or of one kind."""

    without: list[str]
    agency_kind: str
    model: str | list[str]


POPULATIONS: dict[str, Population] = {
    "all": {},
    "without FL": {"without": ["FL"]},
    "without TX": {"without": ["TX"]},
    "without FL and TX": {"without": ["FL", "TX"]},
    "sheriffs": {"agency_kind": "sheriff"},
    "police": {"agency_kind": "police"},
    "task force": {"model": "TFM"},
    "jail and warrant": {"model": ["JEM", "WSO"]},
}
PERIODS = {"week": "W-SUN", "month": "M"}
YEAR = {"week": 52, "month": 12}


def by_state(basis: str, event: pd.Timestamp, window: int, as_of=None) -> pd.DataFrame:
    """New agreements of each week and state, `window` whole weeks before the order's.

    Index: Monday of the week. The last week that the lists cover only in part is left
    out.
    """
    first = monday(event) - pd.Timedelta(weeks=window)
    counts = series.signings(
        basis=basis, frequency="week", by="state", start=first, as_of=as_of
    )
    whole = counts.index + pd.Timedelta(days=6) <= series.last_day(as_of)
    return counts[whole]


def early_by_state(event: pd.Timestamp, window: int) -> pd.DataFrame:
    """The same from the early register, to the last whole week of its rosters."""
    early = datasets.early_register()
    last = early["last_roster"].max()
    first = monday(event) - pd.Timedelta(weeks=window)
    weeks = pd.date_range(first, last - pd.Timedelta(days=6), freq="W-MON")
    signed = early[early["signed"].between(first, last)]
    week = signed["signed"].map(monday)
    return pd.crosstab(week, signed["state"]).reindex(weeks, fill_value=0)


def monday(day: pd.Timestamp) -> pd.Timestamp:
    """First day of the week in which a day lies; an order counts from that week."""
    return day - pd.Timedelta(days=day.day_of_week)


def without_each(counts: pd.DataFrame) -> dict[str, pd.Series]:
    """Weekly totals without one state, for each state that signed."""
    total = counts.sum(axis="columns")
    return {state: total - counts[state] for state in counts if counts[state].sum() > 0}


def without_largest_days(
    counts: pd.Series, first: pd.Timestamp, days: int, basis: str, as_of=None
) -> pd.Series:
    """Weekly counts without the days of the year from `first` with the most."""
    daily = series.signings(basis=basis, frequency="day", start=first, as_of=as_of)
    year = daily["all"][daily.index < first + pd.Timedelta(weeks=52)]
    largest = year.nlargest(days)
    left = counts.copy()
    for day, signed in largest.items():
        left[monday(day)] -= signed
    return left


def since(counts: pd.Series, event: pd.Timestamp) -> pd.DataFrame:
    """Counts and their running total, by weeks since the order (0: its own week)."""
    weeks = (counts.index - monday(event)).days // 7
    table = pd.DataFrame({"signed": counts.to_numpy()}, weeks.rename("week"))
    table["total"] = table["signed"].where(table.index >= 0, 0).cumsum()
    return table


def specification(
    event: pd.Timestamp,
    as_of,
    outcome: str,
    population: str,
    frequency: str,
    years: int,
    left_out: int,
    trend: str,
    model: str,
) -> Linear:
    """One level change at the order, as a least squares problem in a common unit.

    Counts are transformed (logarithm of 1 + count, or square root) and divided by the
    standard deviation of the transformed counts of all weeks used, so that the
    coefficients of all specifications are in standard deviations.
    """
    counts = outcomes(event, as_of, outcome, population, frequency)
    before = counts.index < start(event, frequency)
    gap = {"week": left_out, "month": round(left_out / 4)}[frequency]
    place = int(before.sum())
    first = max(0, place - years * YEAR[frequency])
    used = np.r_[first:place, place + gap : len(counts)]
    y = counts.iloc[used].astype(float)
    if y.sum() == 0 or len(used) < 24:
        raise NotTestable("nothing was signed in these periods")
    y = np.sqrt(y) if model == "square root" else np.log1p(y)
    design = pd.DataFrame({"const": 1.0}, y.index)
    design["level"] = (y.index >= start(event, frequency)).astype(float)
    if trend == "linear":
        design["time"] = (used - place) / YEAR[frequency]
    months = pd.Series(y.index.strftime("%Y-%m"), y.index)
    lags = 4 if model == "log linear Newey-West" else None
    return Linear(y / y.std(), design, "level", groups=months, maxlags=lags)


def start(event: pd.Timestamp, frequency: str) -> pd.Timestamp:
    """First day of the period in which the order lies."""
    return event.to_period(PERIODS[frequency]).start_time


@cache
def outcomes(event, as_of, outcome, population, frequency) -> pd.Series:
    """Counts by period for one population, from four years before the order on."""
    chosen = POPULATIONS[population]
    left = chosen.get("without", [])
    first = start(event - pd.DateOffset(years=4), frequency)
    counts = series.signings(
        basis=outcome, frequency=frequency, by="state", start=first, as_of=as_of,
        agency_kind=chosen.get("agency_kind"), model=chosen.get("model"),
    )  # fmt: skip
    total = counts.drop(columns=left, errors="ignore").sum(axis="columns")
    ends = total.index.to_period(PERIODS[frequency]).end_time.normalize()
    return total[ends <= series.last_day(as_of)]

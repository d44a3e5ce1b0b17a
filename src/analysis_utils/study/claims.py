"""What the data say on the claims of the article: measures, written kind:argument.

`list:agreements` is a column of ICE's list of a day, `days:eo-14159` a day of the term.
data/hand/article_claims.csv names one for each claim; a measure takes its argument and
the first and last day of the claim.
"""

import math
from collections.abc import Callable
from functools import cache

import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import Refused, nearest
from analysis_utils.study import events, growth

Measure = Callable[[str, pd.Timestamp, pd.Timestamp], float]


@cache
def _list(day: pd.Timestamp) -> pd.Series:
    models = growth.held_on(day)["model"].nunique()
    return series.list_counts([day]).assign(models=models).iloc[0]


def of_list(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """A column of `series.list_counts`, or models, on ICE's list of a day."""
    return _list(day)[argument]


def active(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Active agreements at the last month-end up to a day; missing where unknown."""
    counts = series.active_since_2002()["active"]
    return counts[counts.index <= day].iloc[-1]


def change(of: Measure) -> Measure:
    """Change of a measure between two days, in per cent."""
    return lambda name, since, day: (
        100 * (of(name, since, day) / of(name, since, since) - 1)
    )


def published(argument: str, day: pd.Timestamp) -> pd.DataFrame:
    """The newest published figure for a period that ends by a day: one row, or none."""
    table = datasets.published_figures()
    known = table["evidence"] != "unverified"
    rows = table[(table["figure"] == argument) & (table["end"] <= day) & known]
    return rows.sort_values("end").tail(1)


def figure(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Value of the newest published figure for a period that ends by a day."""
    rows = published(argument, day)
    return rows["value"].iloc[0] if len(rows) else math.nan


def arrests(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Sum of a national series over the whole months between two days, one year at
    most; months that were counted in part are left out."""
    table = datasets.encounters(argument, "nation")
    last = min(day, since + pd.DateOffset(years=1))
    month_end = table["date"] + pd.offsets.MonthEnd(1)
    whole = (table["date"] >= since) & (month_end <= last)
    return table["value"][whole & (table["flag"] != "partial")].sum()


def residents(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Sum of a column of data/states.csv over the states."""
    return datasets.states()[argument].sum()


def years(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Calendar years from that of `since` to that of a policy event."""
    return events.find(argument).day.year - since.year


def days(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Which day from `since` on a policy event falls on: 1 for `since` itself."""
    return (events.find(argument).day - since).days + 1


MEASURES: dict[str, Measure] = {
    "active": active,
    "arrests": arrests,
    "change": change(active),
    "days": days,
    "figure": figure,
    "growth": change(of_list),
    "later": figure,
    "list": of_list,
    "residents": residents,
    "years": years,
}


def measured(measure: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Value of a measure (kind:argument) on a day; missing for a blank one.

    Raises Refused for a kind that is not in MEASURES.
    """
    if not measure:
        return math.nan
    kind, _, argument = measure.partition(":")
    if kind not in MEASURES:
        raise Refused(
            f"data/hand/article_claims.csv names the measure {measure!r}, of no known "
            f"kind{nearest(kind, MEASURES)}"
        )
    return float(MEASURES[kind](argument, since, day))

"""Policy events as the notebooks use them: one by name or date, others near it."""

import re
from dataclasses import dataclass

import pandas as pd

from analysis_utils import datasets
from analysis_utils.asking import Refused

ACRONYMS = {"dhs", "gao", "ice", "moa"}
PLACES = {"maricopa"}


@dataclass(frozen=True)
class Event:
    """A policy event: id, day, title, how sure the day is, citation."""

    id: str
    day: pd.Timestamp
    title: str
    date_confidence: str = ""
    citation: str = ""

    @property
    def described(self) -> str:
        """Day, title, how sure the day is, and the source, in words."""
        words = [f"{said(self.day)}: {self.title}."]
        if self.date_confidence:
            words.append(f"Date: {self.date_confidence}.")
        return " ".join([*words, self.citation]).strip()

    @property
    def label(self) -> str:
        """The id as figures show it; a day by itself stays as it is."""
        return label(self.id) if self.citation else self.id


def label(event: str) -> str:
    """The id of an event as figures show it.

    >>> label("eo-14159"), label("gao-09-109"), label("second-agreement")
    ('EO 14159', 'GAO-09-109', 'second agreement')
    """
    if event.startswith("gao-"):  # a report's number is written so
        return event.upper()
    words = [w.capitalize() if w in PLACES else w for w in event.split("-")]
    short = [
        w.upper() if len(w) < 3 or w in ACRONYMS or any(map(str.isdigit, w)) else w
        for w in words
    ]
    return " ".join(short)


def said(day: object) -> str:
    """A day as text says it: 20 January 2025."""
    when = pd.Timestamp(day)
    return f"{when.day} {when:%B %Y}"


def find(name: str) -> Event:
    """The event with an id of `data/policy_events.csv`, or any day written 2025-01-20.

    Raises Refused for a name that is neither.
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name):
        return Event(name, pd.Timestamp(name), f"the day {name}")
    table = datasets.policy_events().set_index("id")
    if name not in table.index:
        raise Refused(f"no policy event {name!r} in data/policy_events.csv")
    row = table.loc[name]
    return Event(
        name, row["date"], row["title"], row["date_confidence"], row["citation"]
    )


def around(event: Event, span: pd.DateOffset, state: str = "all") -> pd.DataFrame:
    """Other events within a span of time of one, as `between` gives them."""
    return between(event.day - span, event.day + span, state).query("id != @event.id")


def between(start: pd.Timestamp, end: pd.Timestamp, state: str = "all") -> pd.DataFrame:
    """Federal events, and those of one state (or of all), from `start` to `end`.

    Columns date, id, title, state, direction, date_confidence; ordered by date.
    """
    table = datasets.policy_events()
    here = table["state"].isin(["", state]) | (state == "all") | table["state"].isna()
    chosen = table[table["date"].between(start, end) & here]
    columns = ["date", "id", "title", "state", "direction", "date_confidence"]
    return chosen[columns].sort_values(["date", "id"]).set_index("date")

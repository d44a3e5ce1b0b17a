"""Agreements that end after a state bans them, against agreements elsewhere.

Which acts bar agreements, and of whom, stands in data/policy_events.csv.
"""

import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable

DENSE = "2025-02-21"  # bans before it fall into years with few lists


def banning(as_of: str | None = None, first: str = DENSE) -> pd.DataFrame:
    """Acts that bar agreements: event, date, state, level (blank: all), by date.

    Raises NotTestable if none had taken effect between `first` and the last list.
    """
    table, last = datasets.bans(), series.last_day(as_of)
    table = table[(table["date"] >= first) & (table["date"] < last)]
    if table.empty:
        raise NotTestable(f"no ban had taken effect by {last.date()}")
    level = table["applies_to"].replace("all", "")
    table = table.assign(level=level).rename(columns={"id": "event"})
    return table.sort_values("date")[["event", "date", "state", "level"]]


def follow_up(
    bans: pd.DataFrame, days: int, as_of: str | None = None, before: bool = False
) -> pd.DataFrame:
    """Every agreement in force on the day of a ban, and whether it is gone later.

    Parameters
    ----------
    bans : as `banning` gives them.
    days : length of the follow-up; it ends with the last list at the latest.
    before : the same number of days that end with the ban, instead of beginning there.

    Returns
    -------
    One row an agreement and ban: ban, date, label, until, agreement_id, home
    (its own state), level, reached by the ban, control (in a state without any of these
    bans), ended: not on the list in force at `until`.
    """
    last = series.last_day(as_of)
    spells = known_spells(last)
    parts = []
    for ban in bans.itertuples():
        begin, until = ban.date, min(ban.date + pd.Timedelta(days=days), last)
        if before:
            begin, until = begin - (until - begin), begin
        part = in_force(spells, begin)
        ended = ~part["agreement_id"].isin(in_force(spells, until)["agreement_id"])
        same_level = (part["level"] == ban.level) | (ban.level == "")
        label = ban.state + (f" ({ban.level} agencies)" if ban.level else "")
        parts.append(
            part.assign(
                ban=ban.event,
                date=ban.date,
                label=label,
                until=until,
                reached=(part["home"] == ban.state) & same_level,
                control=~part["home"].isin(bans["state"]),
                ended=ended,
            )
        )
    return pd.concat(parts, ignore_index=True)


def known_spells(last: pd.Timestamp) -> pd.DataFrame:
    """Spells as known on the last day, with state and level of the agreement."""
    agreements = datasets.agreements().set_index("agreement_id")[["state", "level"]]
    spells = datasets.spells().join(agreements, on="agreement_id")
    spells = spells[spells["first_listed"] <= last].rename(columns={"state": "home"})
    return spells.assign(gone_by=spells["gone_by"].where(spells["gone_by"] <= last))


def in_force(spells: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Agreements on the list in force on a day, with home state and level."""
    on_list = (spells["first_listed"] <= day) & ~(spells["gone_by"] <= day)
    return spells.loc[on_list, ["agreement_id", "home", "level"]]

"""Payments for the task force model: who could sign which model, by week."""

from collections.abc import Sequence

import pandas as pd

from analysis_utils import datasets, series

WEEK = "W-SUN"
MODELS = ("TFM", "JEM", "WSO")


def week_of(day: object, first: str) -> int:
    """Number of the week of a day; that of `first` is 0."""
    return (pd.Period(day, WEEK) - pd.Period(first, WEEK)).n


def at_risk(
    first: str,
    kinds: list[str],
    without: Sequence[str] = (),
    as_of: str | None = None,
    until: object = None,
) -> pd.DataFrame:
    """Agencies that could sign a model, one row an agency and model.

    Parameters
    ----------
    first : a day of the first week.
    kinds : kinds of agency (`datasets.agencies_at_risk`).
    without : states left out.
    as_of : count with what was known on this day.
    until : last day of the last week; that of the last list by default.

    Returns
    -------
    DataFrame with unit, ori, state, model, entry (0), exit (the week of the signing, or
    the last whole week), event. Who had an agreement of the model before is left out.
    """
    agencies = datasets.agencies_at_risk()
    chosen = agencies["agency_kind"].isin(kinds) & ~agencies["state"].isin(without)
    table = agencies.loc[chosen, ["ori", "state"]].merge(
        pd.DataFrame({"model": MODELS}), how="cross"
    )
    table = table.merge(signed(first, as_of), "left", on=["ori", "model"])
    day = pd.Timestamp(until or series.last_day(as_of))
    last = week_of(day + pd.Timedelta(days=1), first) - 1
    table = table[~(table["week"] < 0)]
    table["event"] = (table["week"] <= last).astype(int)
    table["exit"] = table["week"].where(table["event"] == 1, last).astype(int)
    table["unit"] = table["ori"] + " " + table["model"]
    return table.assign(entry=0).drop(columns="week").reset_index(drop=True)


def signed(first: str, as_of: str | None = None) -> pd.DataFrame:
    """Week of the first agreement of each linked agency and model; before: negative."""
    known = series.agreements_known(as_of)
    oris = datasets.agency_links().set_index("agency_id")["ori"]
    known["ori"] = known["agency_id"].map(oris)
    day = known["signed"].fillna(known["first_listed"])
    weeks = day.dt.to_period(WEEK).map(lambda week: week.ordinal)
    known["week"] = weeks - pd.Period(first, WEEK).ordinal
    known = known[known["ori"].fillna("") != ""]
    return known.groupby(["ori", "model"], as_index=False)["week"].min()


def split(table: pd.DataFrame, cuts: dict[str, int], model: str) -> pd.DataFrame:
    """Cut intervals at weeks; a column for each span that is 1 for `model` in it.

    cuts : first week of each named span, ascending; the weeks before have no column.
    """
    starts = [0, *cuts.values()]
    ends = [*(week - 1 for week in cuts.values()), table["exit"].max()]
    parts = []
    for name, start, end in zip(["", *cuts], starts, ends, strict=True):
        part = table[(table["entry"] <= end) & (table["exit"] >= start)].copy()
        part["event"] = part["event"].where(part["exit"] <= end, 0)
        part["entry"] = part["entry"].clip(lower=start)
        part["exit"] = part["exit"].clip(upper=end)
        for column in cuts:
            inside = (part["model"] == model) & (column == name)
            part[column] = inside.astype(float)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)

"""Choices of the curve on ends: warrant over jail rate of ending, counted otherwise."""

from functools import cache

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable
from analysis_utils.methods.curve import StratifiedCounts
from analysis_utils.study import bans, survival

FIRST_LIST = pd.Timestamp("2021-01-13")
DAYS = {"middle": "middle", "first list without it": "gone_by"}
BRIEF = 10  # days


COUNTED = {
    "all": ["other", "switch", "brief"],
    "no switch of model": ["other", "brief"],
    "no brief listing": ["other", "switch"],
    "neither": ["other"],
}


@cache
def cells(as_of: str | None, day: str, since: str, first: str) -> pd.DataFrame:
    """Years and ends of jail and warrant agreements by model, state and year.

    A column for each kind of end: a switch of model, an end after a brief listing, and
    other ends. day, since, first : as in `specification`.
    """
    table = survival.since(survival.lives(as_of, DAYS[day]), since)
    table = table[table["model"] != "TFM"]
    if first == "without the first list":
        table = table[table["first_listed"] > FIRST_LIST]
    brief = (table["exit"] - table["entry"]).dt.days <= BRIEF
    switch = table["removal"] == "model switched"
    kind = np.select(
        [~table["ended"], switch, brief], ["none", "switch", "brief"], "other"
    )
    by = ["model", "state", "year"]
    found = survival.by_year(table.assign(kind=kind), ("model", "state", "kind"))
    ends = found["ends"].unstack("kind", fill_value=0).reindex(columns=COUNTED["all"])
    years = found.groupby(by)["years"].sum()
    ends = ends.fillna(0).groupby(by).sum()
    return ends.assign(years=years).reset_index()


def specification(
    as_of: str | None,
    day: str,
    ends: str,
    states: str,
    first: str,
    since: str,
    within: str,
) -> StratifiedCounts:
    """One ratio of the rates of ending, Poisson with an effect of each stratum.

    as_of : with the lists known on this day. day : taken for an end. ends : those that
    count. states, first : agreements left out. within : strata that are compared in.
    """
    rows = cells(as_of, day, since, first)
    if states == "without states that ban agreements":
        rows = rows[~rows["state"].isin(bans.banned_states())]
    rows = rows.assign(ends=rows[COUNTED[ends]].sum(axis=1))
    if (rows.groupby("model")["ends"].sum().reindex(["JEM", "WSO"]) > 0).sum() < 2:
        raise NotTestable("one of the two models has no end")
    strata = {
        "all years": pd.Series(0, rows.index),
        "year": rows["year"],
        "year and state": rows["year"].astype(str) + rows["state"],
    }[within]
    return StratifiedCounts(
        rows["ends"].astype(float),
        (rows[["model"]] == "WSO").astype(float).rename(columns={"model": "warrant"}),
        "warrant",
        groups=rows["state"],
        offset=np.log(rows["years"]),
        strata=strata,
    )

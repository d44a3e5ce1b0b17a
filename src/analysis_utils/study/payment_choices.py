"""Choices of the curve on payments: the same ratio of rates, counted otherwise."""

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable
from analysis_utils.methods.curve import StratifiedCounts
from analysis_utils.study import payments

STATES = {
    "all": [],
    "without FL": ["FL"],
    "without TX": ["TX"],
    "without FL and TX": ["FL", "TX"],
}
UNPAID = {"jail and warrant": ["JEM", "WSO"], "jail": ["JEM"], "warrant": ["WSO"]}


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Offices at risk and first agreements by week, state and model.

    table : as `payments.at_risk` gives it. Columns week, state, place (its number),
    model, at_risk, signed, and silent: nobody of the state signed anything in the week.
    """
    weeks = np.arange(table["exit"].max() + 1)
    parts = []
    for (state, model), part in table.groupby(["state", "model"]):
        leaving = np.bincount(part["exit"], minlength=len(weeks))
        signed = np.bincount(part.loc[part["event"] == 1, "exit"], minlength=len(weeks))
        risk = len(part) - np.r_[0, np.cumsum(leaving)[:-1]]
        columns = {"week": weeks, "state": state, "model": model}
        parts.append(pd.DataFrame(columns | {"at_risk": risk, "signed": signed}))
    found = pd.concat(parts, ignore_index=True)
    found["place"] = found["state"].astype("category").cat.codes
    together = found.groupby(["week", "place"])["signed"].transform("sum")
    found["silent"] = together == 0
    return found[found["at_risk"] > 0].reset_index(drop=True)


def specification(
    counted: pd.DataFrame,
    cuts: dict[str, int],
    first: str,
    states: str,
    unpaid: str,
    between: str,
    left_out: int,
    within: str,
    trend: str,
    until: str,
) -> StratifiedCounts:
    """One ratio of rates, task force over unpaid models, paid weeks over those before.

    counted : as `cells` gives it. cuts : first weeks of `between` and `paid`. first : a
    day of week 0. until : a day, or "last list". Poisson rates per office at risk,
    which are small in a week, so that they are hazards; errors by state.
    """
    rows = counted[
        counted["model"].isin(["TFM", *UNPAID[unpaid]])
        & ~counted["state"].isin(STATES[states])
        & (counted["week"] >= left_out)
    ]
    if until != "last list":
        after = pd.Timestamp(until) + pd.Timedelta(days=1)
        rows = rows[rows["week"] < payments.week_of(after, first)]
    strata = rows["week"]
    if within == "week and state":  # a silent week of a state has nothing to compare
        rows = rows[~rows["silent"]]
        strata = 1000 * rows["week"] + rows["place"]
    paid_from = cuts["between" if between == "counted as paid" else "paid"]
    force, week = rows["model"] == "TFM", rows["week"]
    design = pd.DataFrame({"paid": force & (week >= paid_from), "force": force})
    if between == "apart":
        inside = (week >= cuts["between"]) & (week < cuts["paid"])
        design["between"] = force & inside
    if unpaid == "jail and warrant":
        design["warrant"] = rows["model"] == "WSO"
    design = design.astype(float)
    if trend == "own":
        design["trend"] = force * (week - cuts["paid"]) / 26
    if not rows.loc[design["paid"] == 1, "signed"].any():
        raise NotTestable("no task force agreement in the paid weeks")
    return StratifiedCounts(
        rows["signed"].astype(float),
        design,
        "paid",
        groups=rows["place"],
        offset=np.log(rows["at_risk"]),
        strata=strata,
    )

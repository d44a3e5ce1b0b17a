"""Who signs, and when: agencies at risk by week, as intervals for a hazard."""

from collections.abc import Iterable, Sequence
from functools import cache

import pandas as pd

from analysis_utils import panel

COVARIATES = [*panel.FACTS, "log_officers", "neighbours"]
CARRY = ["state", "agency_kind", "county_fips", *panel.FACTS, "log_officers"]


def first_agreements(
    as_of: str | None = None,
    kinds: Sequence[str] = ("sheriff", "police"),
    lag: int = 4,
) -> pd.DataFrame:
    """Intervals of agencies at risk of a first agreement of any model.

    Columns: unit (ORI), entry, exit (weeks), event, state, agency_kind, county_fips,
    facts, log_officers, neighbours, and mandates of the agency's own kind.
    """
    last = panel.last_week(as_of)
    every = panel.agencies(kinds)
    signed = panel.signed_weeks(as_of)
    first = signed.groupby("ori")["week"].min()
    table = panel.at_risk(every[every["complete"]], first, last, CARRY)
    table = panel.cut(table, panel.neighbour_steps(by_county(signed), lag), _COUNTY)
    return with_mandates(table, last)


def task_force(as_of: str | None = None, lag: int = 4) -> pd.DataFrame:
    """Intervals of sheriffs at risk of a task force agreement, with `own_other`.

    own_other : 1 from `lag` weeks after a jail or warrant agreement was signed.
    """
    last = panel.last_week(as_of)
    every = panel.agencies(("sheriff",))
    signed = panel.signed_weeks(as_of)
    joined = signed[signed["model"] == "TFM"].set_index("ori")["week"]
    table = panel.at_risk(every[every["complete"]], joined, last, CARRY)
    table = panel.cut(table, panel.neighbour_steps(by_county(signed), lag), _COUNTY)
    other = signed[signed["model"] != "TFM"].groupby("ori")["week"].min() + lag
    return panel.cut(table, _switch_steps(table["unit"], other, "own_other"), "unit")


def with_mandates(
    table: pd.DataFrame, last: int, duty_of: str | None = None
) -> pd.DataFrame:
    """The intervals cut where a mandate is signed or comes into force.

    duty_of : give agencies the mandates of another kind (a placebo); None: their own.
    """
    kind = table["agency_kind"] if duty_of is None else duty_of
    table = table.assign(duty=table["state"] + " " + kind)
    steps = panel.mandate_steps(last)
    none = pd.DataFrame({"duty": table["duty"].unique(), "week": panel.EVER})
    steps = pd.concat([steps, none[~none["duty"].isin(steps["duty"])]]).fillna(0.0)
    old = [name for name in steps.columns if name in table and name != "duty"]
    return panel.cut(table.drop(columns=old), steps, "duty").drop(columns="duty")


_COUNTY = "county_fips"


@cache
def _county_of() -> pd.Series:
    every = panel.agencies()
    return every.set_index("ori")["county_fips"]


def by_county(signed: pd.DataFrame) -> pd.Series:
    """Week of the first agreement of a sheriff or municipal police by county."""
    county = signed["ori"].map(_county_of())
    return signed.groupby(county)["week"].min()


def _switch_steps(units: Iterable, week: pd.Series, name: str) -> pd.DataFrame:
    """Steps of a value that is 0, and 1 from a week on where there is one."""
    every = pd.Index(pd.unique(pd.Series(units)))
    none = pd.DataFrame({"unit": every, "week": panel.EVER, name: 0.0})
    found = week[week.index.isin(every)].clip(lower=panel.EVER).astype(int)
    on = pd.DataFrame({"unit": found.index, "week": found.to_numpy(), name: 1.0})
    return pd.concat([none, on]).drop_duplicates(["unit", "week"], keep="last")

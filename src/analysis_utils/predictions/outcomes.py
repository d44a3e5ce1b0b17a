"""What came after 13 April 2026: what was predicted, as published, beside it.

The tables later_* of data/, on which no result but the scores rests.
"""

import numpy as np
import pandas as pd

from analysis_utils import datasets, panel
from analysis_utils.methods.hazards import fit_hazard
from analysis_utils.predictions.expected import (
    LAST,
    RATIOS,
    ROWS_UNTIL,
    SHARES,
    before_payments,
    coming_ban,
    odds,
    second_half_rate,
    state_correlation,
)
from analysis_utils.predictions.forecasters import YEAR, Register
from analysis_utils.study import adoption
from analysis_utils.study.adoption import COVARIATES

INTERVALS = {"50%": ("q250", "q750"), "80%": ("q100", "q900"), "95%": ("q025", "q975")}


def listed(day: str, register: Register) -> pd.Series:
    """Agreements on the list of a day by state and model, zero where none is."""
    counts = datasets.load("later_counts")
    counts = counts[counts["day"] == day].set_index(["state", "model"])["agreements"]
    return counts.reindex(register.cells, fill_value=0).astype("float64")


def with_listed(register: Register) -> pd.DataFrame:
    """Predicted counts beside those listed.

    level: cell (state and model), state, model, or nation.
    """
    table = datasets.load("predicted_counts")
    counts = {
        day: listed(str(day.date()), register).reset_index(name="listed")
        for day in table["day"].unique()
    }
    every = pd.concat(counts, names=["day"]).reset_index("day")
    sums = [
        every,
        every.assign(model="all"),
        every.assign(state="US"),
        every.assign(state="US", model="all"),
    ]
    keys = ["day", "state", "model"]
    totals = pd.concat(sums).groupby(keys)["listed"].sum().reset_index()
    table = table.merge(totals, on=keys, validate="m:1")
    whole, all_models = table["state"] == "US", table["model"] == "all"
    table["level"] = np.select(
        [whole & all_models, whole, all_models], ["nation", "model", "state"], "cell"
    )
    return table


def inside(table: pd.DataFrame, name: str) -> pd.Series:
    """Whether each listed count lies in the interval of that name."""
    low, high = INTERVALS[name]
    return table["listed"].between(table[low], table[high])


def alive(table: pd.DataFrame, register: Register) -> pd.DataFrame:
    """Rows of states that had an agreement on the newest list, or have one later.

    Where there is none before and after, every forecaster is right and wide intervals
    cost nothing: such states would flatter the coverage.
    """
    held = set(register.active["state"])
    later = set(table.loc[table["listed"] > 0, "state"])
    return table[table["state"].isin(held | later)]


def right(answers: pd.DataFrame) -> pd.Series:
    """Whether `measured` lies on the side that was predicted."""
    gap = answers["measured"] - answers["against"]
    within = answers["measured"].abs() <= answers["against"]
    return pd.Series(
        np.select(
            [answers["direction"] == "greater", answers["direction"] == "less"],
            [gap > 0, gap < 0],
            within,
        ).astype(bool),
        answers.index,
    )


def rows_later() -> pd.DataFrame:
    """The list of 20 July 2026, row by row; ORI by the register's links, if it has."""
    rows = datasets.load("later_list")
    links = datasets.agency_links().set_index("agency_id")["ori"]
    return rows.assign(ori=rows["agency_id"].map(links).fillna(rows["ori"]))


def signed_first(agencies: pd.Series) -> pd.Series:
    """Whether each agency (ORI) has an agreement on the list of 20 July 2026."""
    return agencies.isin(set(rows_later()["ori"]) - {""})


def measured(register: Register) -> pd.Series:
    """The quantities of data/predicted_answers.csv by question."""
    found = _hazard_ratios(register) | _rates(register) | _shares(register)
    return pd.Series(found | _ends(register) | _states(register), name="measured")


def _hazard_ratios(register: Register) -> dict[str, float]:
    """Ratios of who signed first between the two lists, by the model of notebook 19."""
    later = rows_later()
    later = later[(later["ori"] != "") & later["signed"].notna()]
    start = panel.week_of(pd.Series([register.day])).iloc[0]
    last = panel.week_of(pd.Series([pd.Timestamp(ROWS_UNTIL)])).iloc[0]
    week = panel.week_of(later["signed"]).clip(lower=start)
    later = later.assign(week=week)
    before = panel.signed_weeks(register.as_of)
    table = _at_risk(before, later, ("sheriff", "police"), None, start, last)
    cells = ["state", "agency_kind"]
    fit = fit_hazard(table, COVARIATES, strata=cells, cluster="state")
    found = {key: float(np.exp(fit.params[name])) for key, name in RATIOS.items()}
    sheriffs = _at_risk(before, later, ("sheriff",), "TFM", start, last)
    other = before[before["model"] != "TFM"]
    sheriffs["own_other"] = sheriffs["unit"].isin(other["ori"]).astype(float)
    names = [*COVARIATES, "own_other"]
    own = fit_hazard(sheriffs, names, strata=["state"], cluster="state")
    return found | {"A5": float(np.exp(own.params["own_other"]))}


def _at_risk(
    before: pd.DataFrame,
    later: pd.DataFrame,
    kinds: tuple[str, ...],
    model: str | None,
    start: int,
    last: int,
) -> pd.DataFrame:
    """Intervals from the week of the newest list on; who had signed is left out."""
    had = before if model is None else before[before["model"] == model]
    now = later if model is None else later[later["model"] == model]
    week = now[~now["ori"].isin(had["ori"])].groupby("ori")["week"].min()
    every = panel.agencies(kinds)
    every = every[every["complete"] & ~every["ori"].isin(had["ori"])]
    table = panel.at_risk(every, week, last, adoption.CARRY)
    both = pd.concat([before, later])[["ori", "week"]]
    steps = panel.neighbour_steps(adoption.by_county(both), 4)
    table = panel.cut(table, steps, "county_fips")
    table = table[table["exit"] >= start]
    return table.assign(entry=table["entry"].clip(lower=start)).reset_index(drop=True)


def _rates(register: Register) -> dict[str, float]:
    gained = listed(ROWS_UNTIL, register).sum() - len(register.active)
    rate = gained / ((pd.Timestamp(ROWS_UNTIL) - register.day).days / 7)
    return {"G1": rate, "G3": rate / second_half_rate(register)}


def _shares(register: Register) -> dict[str, float]:
    """Odds among agreements new on the list of 20 July, over those before payments."""
    later = rows_later()
    new = later[~later["agreement_id"].isin(register.active["agreement_id"])]
    before = before_payments(register.table)
    found = {}
    for question, (who, which) in SHARES.items():
        now, then = new[who(new)], before[who(before)]
        found[question] = odds(now, which(now)) / odds(then, which(then))
    return found


def _ends(register: Register) -> dict[str, float]:
    """As `expected_answers` has them; the ban counted from 20 July to the last day."""
    bans, ban = datasets.bans(), coming_ban()
    until = (pd.Timestamp(LAST) - ban.since).days
    span = (pd.Timestamp(ROWS_UNTIL) - register.day).days
    active = register.active[~register.active["state"].isin(bans["state"])]
    gone = ~active["agreement_id"].isin(rows_later()["agreement_id"])
    ended = register.ended(YEAR)
    ended = ended[~ended["state"].isin(bans["state"])]
    exposed = (register.stock(register.day - YEAR).sum() + len(active)) / 2
    usual = len(ended) / exposed * span / 364
    first, last = (listed(d, register)[ban.state].sum() for d in (ROWS_UNTIL, LAST))
    lost = gone.groupby(active["model"]).sum()
    held = active.groupby("model").size()
    ratio = (lost["WSO"] + 0.5) / held["WSO"] / ((lost["JEM"] + 0.5) / held["JEM"])
    return {
        "T1": float(1 - last / first - gone.mean() * until / span),
        "T2": float(gone.mean() - usual),
        "T3": float(ratio),
    }


def _states(register: Register) -> dict[str, float]:
    stock = register.counted(register.active)
    gained = (listed(ROWS_UNTIL, register) - stock).groupby("state").sum()
    later = (listed(LAST, register) - stock).groupby("state").sum()
    size = datasets.states().set_index("state")["agencies"]
    others = 100 * (later.sum() - later["TN"]) / (size.sum() - size["TN"])
    weeks = (pd.Timestamp(LAST) - register.day).days / 7
    return {
        "E3a": state_correlation(gained, register, "republican"),
        "E3b": state_correlation(gained, register, "noncitizens"),
        "S6": float(100 * later["TN"] / size["TN"] - others),
        "TX": float(later["TX"] / weeks),
    }

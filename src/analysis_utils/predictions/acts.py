"""What state acts do to a forecast: bans end agreements, mandates add sheriffs.

    after_acts(draws, register, weeks, announced_after(register.day))

Both learn from acts before: how many agreements were gone so many days after a ban,
and how many more sheriffs signed so many weeks after a mandate than before it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils import datasets, panel
from analysis_utils.predictions.forecasters import MODELS, SEED, Draws, Register
from analysis_utils.study import bans
from analysis_utils.study.state_acts import reached

KNOWN_UNTIL = pd.Timestamp("2026-10-09")  # acts added to the table since change nothing
FIRST_LISTS = pd.Timestamp("2021-07-01")  # half a year after the first list


def announced_after(day: pd.Timestamp) -> list[str]:
    """Ids of acts that begin later, to KNOWN_UNTIL: what a forecast knows besides.

    For the newest list only: at an earlier day these were not announced yet.
    """
    acts = pd.concat([datasets.bans(), datasets.mandates()])
    begun = acts["signed"].fillna(acts["date"])
    return acts.loc[(begun > day) & (begun <= KNOWN_UNTIL), "id"].tolist()


def after_acts(
    forecast: Draws,
    register: Register,
    weeks: Mapping[str, int],
    announced: Sequence[str] = (),
    seed: int = SEED,
) -> Draws:
    """The forecast with bans and mandates in it; `announced`: later acts by id."""
    rng = np.random.default_rng([seed, 2])
    made = {day: table.copy() for day, table in forecast.items()}
    for act in _acts(datasets.bans(), register, announced).itertuples():
        if act.applies_to == "all":
            _end(made, register, act, rng)
    for act in new_mandates(register, announced).itertuples():
        _add(made, register, act, rng)
    return made


def new_mandates(register: Register, announced: Sequence[str]) -> pd.DataFrame:
    """Acts among those announced that make sheriffs seek an agreement."""
    table = datasets.mandates()
    table = table[table["id"].isin(list(announced)) & reached(table, "sheriff")]
    return table.assign(begun=table["signed"].fillna(table["date"]))


def gone_after_bans(register: Register, days: int) -> tuple[int, int]:
    """Agreements that earlier bans reached: gone so many days later, and all.

    A ban too late to be followed so long counts to the newest list.
    """
    earlier = bans.banning(register.as_of)
    followed = bans.follow_up(earlier, days, register.as_of)
    followed = followed[followed["reached"]]
    return int(followed["ended"].sum()), len(followed)


def excess_shares(register: Register, weeks: int) -> pd.Series:
    """By earlier mandate: share of sheriffs left who signed because of it, at most.

    Of the sheriffs without an agreement, those who signed within so many weeks of the
    day the act was signed, above those of as many weeks before it.
    """
    table = datasets.mandates()
    table = table[reached(table, "sheriff")].dropna(subset="signed")
    span = pd.Timedelta(weeks=weeks)
    table = table[table["signed"].between(FIRST_LISTS, register.day - span)]
    first = register.table[register.table["ori"] != ""].groupby("ori")["signed"].min()
    every = panel.agencies(("sheriff",))
    found = {}
    for act in table.itertuples():
        signed = every.loc[every["state"] == act.state, "ori"].map(first)
        after = _share(signed, act.signed, act.signed + span)
        before = _share(signed, act.signed - span, act.signed)
        found[act.id] = max(0.0, 1 - (1 - after) / (1 - before))
    return pd.Series(found, dtype="float64")


def sheriffs_left(register: Register, state: str) -> int:
    """Sheriffs of a state on the FBI's list without an agreement on the newest list."""
    every = panel.agencies(("sheriff",))
    mine = every.loc[every["state"] == state, "ori"]
    return int((~mine.isin(set(register.active["ori"]))).sum())


def _share(signed: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> float:
    left = ~(signed <= start)
    return float((left & (signed <= end)).sum() / max(1, left.sum()))


def _acts(
    table: pd.DataFrame, register: Register, announced: Sequence[str]
) -> pd.DataFrame:
    """Acts known on the day, or named, with the day from which they work."""
    begun = table["signed"].fillna(table["date"])
    kept = (begun <= register.day) | table["id"].isin(list(announced))
    return table[kept].assign(begun=begun[kept])


def _end(made: Draws, register: Register, act, rng: np.random.Generator) -> None:
    """No signing once a ban is signed; once in force, agreements go as they did."""
    columns = made[next(iter(made))].columns.get_level_values("state") == act.state
    held = register.counted(register.active).to_numpy()[columns]
    luck = rng.random(len(made[next(iter(made))]))
    last = np.broadcast_to(held, (len(luck), len(held)))
    for day in sorted(made):
        if pd.Timestamp(day) <= act.begun:
            last = made[day].loc[:, columns].to_numpy()
        elapsed = (pd.Timestamp(day) - max(act.since, register.day)).days
        kept = last.astype(int)
        if elapsed > 0:
            gone, all_ = gone_after_bans(register, min(elapsed, 90))
            share = stats.beta.ppf(luck, gone + 0.5, all_ - gone + 0.5)
            kept = kept - rng.binomial(kept, share[:, None])
        made[day].loc[:, columns] = kept.astype("float64")


def _add(made: Draws, register: Register, act, rng: np.random.Generator) -> None:
    """Sheriffs who sign because of a mandate, as after one of the earlier mandates."""
    left = sheriffs_left(register, act.state)
    own = register.active
    own = own[(own["state"] == act.state) & (own["agency_kind"] == "sheriff")]
    mix = own.groupby("model").size().reindex(MODELS, fill_value=0) + 0.5
    draws = len(made[next(iter(made))])
    chosen, luck = rng.random(draws), rng.random((draws, left))
    model = rng.choice(len(MODELS), p=mix / mix.sum(), size=(draws, left))
    for day in sorted(made):
        weeks = (pd.Timestamp(day) - act.begun).days // 7
        if weeks < 1:
            continue
        shares = excess_shares(register, weeks).to_numpy()
        signs = luck < shares[(chosen * len(shares)).astype(int)][:, None]
        for place, name in enumerate(MODELS):
            made[day][(act.state, name)] += (signs & (model == place)).sum(axis=1)

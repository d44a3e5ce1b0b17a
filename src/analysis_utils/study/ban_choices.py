"""Choices of the curve on bans: the same difference of shares, counted otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from analysis_utils import series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.curve import SpecificationCurve, curve_of_draws
from analysis_utils.study import bans

DRAWS = 999
COUNTED = ("days", "days before", "gone")


def curve(
    grid: Mapping[str, Sequence],
    acts: pd.DataFrame,
    as_of: str | None = None,
    seed: int = 287,
    draws: int = DRAWS,
) -> SpecificationCurve:
    """Share gone where banned less elsewhere, for each combination of choices.

    acts : as `bans.banning` gives them. Without effect: each ban assigned to a state
    that had none, the same state in all specifications. Choices: days of follow-up;
    days before the ban from which agreements are followed; gone, on the last day or at
    any time; bans, all or without one state; weight, of agreements or of bans alike;
    elsewhere, all agreements or those of the banned level.
    """
    spells = bans.known_spells(series.last_day(as_of))
    counts = {
        values: counted(spells, acts, *values)
        for values in product(*(grid[name] for name in COUNTED))
    }
    given = assignments(counted(spells, acts, 0, 0, "on the last day"), seed, draws)
    fits: list[tuple[dict, float | str, np.ndarray]] = []
    for values in product(*grid.values()):
        named = dict(zip(grid, values, strict=True))
        left = named["bans"].removeprefix("without ")
        parts = [c for c in counts[tuple(named[n] for n in COUNTED)] if c.state != left]
        try:
            made = difference(parts, named["weight"], named["elsewhere"], given)
        except NotTestable as refusal:
            fits.append((named, str(refusal), np.empty(0)))
        else:
            fits.append((named, *made))
    return curve_of_draws(grid, fits)


@dataclass(frozen=True)
class Counts:
    """Agreements in force at one ban, and how many were gone.

    reached : ended and size where banned. others : of each state without a ban, ended
    and size of all agreements, and of those of the banned level.
    """

    event: str
    state: str
    reached: np.ndarray
    others: pd.DataFrame


def counted(
    spells: pd.DataFrame, acts: pd.DataFrame, days: int, early: int, gone: str
) -> list[Counts]:
    """For each ban: agreements in force `early` days before it, gone `days` after.

    spells : as `bans.known_spells` gives them; the follow-up ends with the last list.
    """
    last = spells[["first_listed", "last_listed", "gone_by"]].max().max()
    found = []
    for ban in acts.itertuples():
        begin = ban.date - pd.Timedelta(days=early)
        until = min(ban.date + pd.Timedelta(days=days), last)
        part = bans.in_force(spells, begin)
        if gone == "at any time":
            left = spells.loc[spells["gone_by"].between(begin, until), "agreement_id"]
            ended = part["agreement_id"].isin(left)
        else:
            there = bans.in_force(spells, until)["agreement_id"]
            ended = ~part["agreement_id"].isin(there)
        level = (part["level"] == ban.level) | (ban.level == "")
        here = (part["home"] == ban.state) & level
        columns = {"ended": ended, "size": 1, "level ended": ended & level}
        table = pd.DataFrame(columns | {"level size": level}).astype(float)
        away = ~part["home"].isin(acts["state"])
        others = table[away].groupby(part.loc[away, "home"]).sum()
        reached = table.loc[here, ["ended", "size"]].sum().to_numpy()
        found.append(Counts(ban.event, ban.state, reached, others))
    return found


def assignments(parts: list[Counts], seed: int, draws: int) -> dict[str, np.ndarray]:
    """A state without a ban for each ban and draw, with agreements of its level."""
    rng = np.random.default_rng(seed)
    able = {p.event: p.others.index[p.others["level size"] > 0] for p in parts}
    return {event: rng.choice(states, draws) for event, states in able.items()}


def difference(
    parts: list[Counts], weight: str, elsewhere: str, given: dict[str, np.ndarray]
) -> tuple[float, np.ndarray]:
    """Share gone where banned less elsewhere, and the same with bans as `given`.

    A ban that reached no agreement counts for nothing, on either side.
    """
    parts = [part for part in parts if part.reached[1]]
    if not parts:
        raise NotTestable("no agreement was in force where a ban took effect")
    level = ["level ended", "level size"]
    kept = level if elsewhere == "of the banned level" else ["ended", "size"]
    true, lent, rest, remaining = [], [], [], []
    for part in parts:
        chosen = part.others.reindex(given[part.event], fill_value=0.0)
        total = part.others[kept].sum().to_numpy()
        true.append(part.reached[None])
        lent.append(chosen[level].to_numpy())
        rest.append(total[None])
        remaining.append(total - chosen[kept].to_numpy())
    estimate = _shares(true, weight) - _shares(rest, weight)
    return float(estimate[0]), _shares(lent, weight) - _shares(remaining, weight)


def _shares(counts: list[np.ndarray], weight: str) -> np.ndarray:
    """Share ended of each draw: pooled, or the mean over bans with any agreement."""
    ended, size = (np.stack([c[:, i] for c in counts]) for i in (0, 1))
    if weight == "agreements alike":
        ended, size = ended.sum(axis=0, keepdims=True), size.sum(axis=0, keepdims=True)
    share = np.divide(ended, size, out=np.zeros_like(ended), where=size > 0)
    return share.sum(axis=0) / np.maximum((size > 0).sum(axis=0), 1)

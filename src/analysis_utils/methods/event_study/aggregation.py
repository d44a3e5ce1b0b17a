"""Weights that turn group-time effects into effects by event time, group or date.

Callaway and Sant'Anna 2021, section 3.2; cohort shares are estimated, and their
uncertainty is part of the influence functions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import one_of

__all__: list[str] = []  # all of it serves `group_time_effects`

KINDS = ("simple", "dynamic", "group", "calendar")


@dataclass(frozen=True)
class Cells:
    """Group-time effects as arrays (m,), with influence (units, m).

    `members`: (units, m), 1 if the unit belongs to the cell's group, times its weight.
    `base`: the period that each is compared with.
    `fewest`: clusters treated or in the control, the fewer; infinite in a base period.
    """

    group: np.ndarray
    time: np.ndarray
    effect: np.ndarray
    influence: np.ndarray
    members: np.ndarray
    anticipation: float
    fewest: np.ndarray
    base: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share of each cell's group among all units."""
        return self.members.mean(axis=0)

    @property
    def after(self) -> np.ndarray:
        """Whether the cell lies in its group's period of treatment."""
        return self.time >= self.group

    def least(self, chosen: np.ndarray) -> float:
        """Clusters of the smallest group that the chosen cells rest on."""
        return float(self.fewest[chosen].min())

    def average(self, chosen: np.ndarray) -> tuple[float, np.ndarray]:
        """Average of the chosen cells, weighted by cohort size, and its influence."""
        share, total = self.share[chosen], self.share[chosen].sum()
        weights = share / total
        deviation = self.members[:, chosen] - share
        of_weights = (deviation - np.outer(deviation.sum(axis=1), weights)) / total
        influence = (
            self.influence[:, chosen] @ weights + of_weights @ self.effect[chosen]
        )
        return float(self.effect[chosen] @ weights), influence


def aggregate_cells(
    cells: Cells, kind: str, lowest: float, highest: float, balance: float | None
) -> tuple[pd.Series, np.ndarray, np.ndarray, float, np.ndarray, np.ndarray]:
    """Return effects by event time, group or date, and overall.

    Of each: estimate, influence, and the clusters of the smallest group.
    """
    one_of(kind, KINDS, "Aggregation")
    everything = np.array([cells.least(cells.after)])
    if kind == "simple":
        overall, influence = cells.average(cells.after)
        one = influence[:, None]
        return pd.Series([overall]), one, everything, overall, influence, everything
    keys, chosen = _cells_by_key(cells, kind, lowest, highest, balance)
    found = [cells.average(chosen(key)) for key in keys]
    params = pd.Series([item[0] for item in found], pd.Index(keys))
    influence = np.column_stack([item[1] for item in found])
    fewest = np.array([cells.least(chosen(key)) for key in keys])
    if kind == "group":
        over = _over_groups(cells, params, influence, fewest)
        return params, influence, fewest, *over, everything
    part = np.asarray(keys) >= 0 if kind == "dynamic" else np.ones(len(keys), bool)
    return (
        params,
        influence,
        fewest,
        float(params[part].mean()),
        influence[:, part].mean(axis=1),
        np.array([fewest[part].min()]),
    )


def _cells_by_key(
    cells: Cells, kind: str, lowest: float, highest: float, balance: float | None
) -> tuple[list[float], Callable[[float], np.ndarray]]:
    """The values of the aggregation's axis, and which cells belong to one of them."""
    if kind == "group":
        return (
            sorted(set(cells.group[cells.after])),
            lambda key: (cells.group == key) & cells.after,
        )
    if kind == "calendar":
        return (
            sorted(set(cells.time[cells.after])),
            lambda key: (cells.time == key) & cells.after,
        )
    event = cells.time - cells.group
    allowed = (event >= lowest) & (event <= highest)
    if balance is not None:
        first, last = cells.time.min(), cells.time.max()
        allowed &= (last - cells.group >= balance) & (event <= balance)
        allowed &= event >= balance - (last - first)
    if not (allowed & (event >= 0)).any():
        raise NotTestable("No group-time effect lies within these event times.")
    return (sorted(set(event[allowed])), lambda key: (event == key) & allowed)


def _over_groups(
    cells: Cells, params: pd.Series, influence: np.ndarray, fewest: np.ndarray
) -> tuple[float, np.ndarray]:
    """Average over groups, weighted by their size."""
    first = [int(np.argmax(cells.group == group)) for group in params.index]
    groups = Cells(
        params.index.to_numpy(),
        params.index.to_numpy(),
        params.to_numpy(),
        influence,
        cells.members[:, first],
        cells.anticipation,
        fewest,
        params.index.to_numpy(),
    )
    return groups.average(np.ones(len(params), dtype=bool))

"""Weights that turn group-time effects into effects by event time, group or date.

Callaway and Sant'Anna 2021, section 3.2; cohort shares are estimated, and their
uncertainty is part of the influence functions.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

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


class Averages(NamedTuple):
    """Averages (k,) with influence (units, k).

    `fewest`: clusters of the smallest group that each rests on.
    """

    effects: np.ndarray
    influence: np.ndarray
    fewest: np.ndarray


def aggregate_cells(
    cells: Cells, kind: str, lowest: float, highest: float, balance: float | None
) -> tuple[list[float], Averages, Averages]:
    """Return event times, groups or dates, the averages of each, and the overall one.

    Overall is by size over groups, and plain over dates and event times from 0 on.
    """
    one_of(kind, KINDS, "Aggregation")
    chosen = _chosen(cells, kind, lowest, highest, balance)
    found = [
        _average(cells.effect[part], cells.influence[:, part], cells.members[:, part])
        for part in chosen.values()
    ]
    effects = np.array([effect for effect, _ in found])
    influence = np.column_stack([by_unit for _, by_unit in found])
    fewest = np.array([cells.fewest[part].min() for part in chosen.values()])
    over = np.array([kind != "dynamic" or key >= 0 for key in chosen])
    if kind == "group":
        first = [int(part.argmax()) for part in chosen.values()]
        overall, by_unit = _average(effects, influence, cells.members[:, first])
    else:
        overall, by_unit = effects[over].mean(), influence[:, over].mean(axis=1)
    return (
        list(chosen),
        Averages(effects, influence, fewest),
        Averages(
            np.array([overall]), by_unit[:, None], fewest[over].min(keepdims=True)
        ),
    )


def _average(
    effects: np.ndarray, influence: np.ndarray, members: np.ndarray
) -> tuple[float, np.ndarray]:
    """Average of effects (m,), weighted by cohort size, and its influence (units,)."""
    share, total = members.mean(axis=0), members.mean(axis=0).sum()
    weights = share / total
    deviation = members - share
    of_weights = (deviation - np.outer(deviation.sum(axis=1), weights)) / total
    return float(effects @ weights), influence @ weights + of_weights @ effects


def _chosen(
    cells: Cells, kind: str, lowest: float, highest: float, balance: float | None
) -> dict[float, np.ndarray]:
    """Which cells (m,) belong to each value of the aggregation's axis, in order."""
    event = cells.time - cells.group
    allowed = cells.after
    if kind == "dynamic":
        allowed = (event >= lowest) & (event <= highest)
        if balance is not None:
            first, last = cells.time.min(), cells.time.max()
            allowed &= (last - cells.group >= balance) & (event <= balance)
            allowed &= event >= balance - (last - first)
        if not (allowed & (event >= 0)).any():
            raise NotTestable("No group-time effect lies within these event times.")
    axes = {"dynamic": event, "group": cells.group, "calendar": cells.time}
    axis = axes.get(kind, np.zeros(len(event)))
    return {key: (axis == key) & allowed for key in np.unique(axis[allowed])}

"""Columns of a panel without the effects: alternating projections, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis_utils.asking import Refused

from ..few_clusters import bias_reduced, effective_clusters
from ..long_table import codes

__all__ = ["balanced", "within"]

EFFECTS = {"two-way": ["unit", "time"], "unit": ["unit"], "time": ["time"]}


@dataclass(frozen=True)
class Within:
    """The model's columns without the effects, scaled by the roots of the weights.

    x: (n, k). y: (n,). others: for each regressor what the rest of x and the effects
    leave of it, (n, k). residuals: (n,). units: (k,) from standardised to given units.
    """

    x: np.ndarray
    y: np.ndarray
    others: np.ndarray
    residuals: np.ndarray
    root: np.ndarray
    units: np.ndarray

    @classmethod
    def of(
        cls,
        fit: Any,
        moved: pd.DataFrame,
        scale: pd.Series,
        effects: str,
        names: list[str],
        family: str,
    ) -> "Within":
        """From a fit of the standardised table; counts by their working response."""
        weights = moved["weight"].to_numpy() if "weight" in moved else None
        y = moved["y"].to_numpy()
        if family == "poisson":
            mean = np.clip(np.asarray(fit._Y_hat_response).ravel(), 1e-12, None)
            y = np.log(mean) + (y - mean) / mean
            weights = mean if weights is None else mean * weights
        groups = [moved[name].to_numpy() for name in EFFECTS[effects]]
        both = within(np.column_stack([y, moved[names]]), groups, weights)
        root = np.ones(len(y)) if weights is None else np.sqrt(weights)
        y, x = both[:, 0] * root, both[:, 1:] * root[:, None]
        units = (scale["y"] if family == "gaussian" else 1.0) / scale[names].to_numpy()
        left = np.column_stack(
            [left_over(x[:, j], np.delete(x, j, 1)) for j in range(len(names))]
        )
        return cls(x, y, left, y - x @ fit.coef().to_numpy(), root, units)

    def effective(self, table: pd.DataFrame, errors: str, cluster: str) -> np.ndarray:
        """Effective clusters of each regressor, the fewer of the ways clustered."""
        ways = ["unit", "time"] if errors == "two-way cluster" else [cluster]
        if errors == "driscoll-kraay":
            ways = ["time"]
        found = [
            [effective_clusters(self.others[:, j], codes(table[way])) for way in ways]
            for j in range(self.x.shape[1])
        ]
        return np.min(found, axis=1)

    def reduced(
        self, groups: np.ndarray, table: pd.DataFrame, effects: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """CR2 errors and degrees of freedom of each regressor."""
        nuisance = self._nuisance(groups, table, effects)
        found = [
            bias_reduced(
                self.others[:, j],
                self.residuals,
                codes(pd.Series(groups)),
                np.column_stack([nuisance, np.delete(self.x, j, axis=1)]),
            )
            for j in range(self.x.shape[1])
        ]
        se, df = np.array(found).T
        return se, df

    def _nuisance(
        self, groups: np.ndarray, table: pd.DataFrame, effects: str
    ) -> np.ndarray:
        """Columns of the effects; those of units within clusters are demeaned away."""
        unit = codes(table["unit"])
        nested = (
            table.groupby("unit")["cluster"].nunique().max() == 1
            if ("cluster" in table)
            else True
        )
        parts = []
        if "time" in EFFECTS[effects]:
            dummies = np.eye(table["time"].nunique())[codes(table["time"])]
            if "unit" in EFFECTS[effects] and nested:
                dummies = within(dummies, [unit], self.root**2)
            parts.append(dummies)
        if "unit" in EFFECTS[effects] and not nested:
            parts.append(np.eye(unit.max() + 1)[unit])
        empty = np.empty((len(table), 0))
        return np.column_stack([empty, *parts]) * self.root[:, None]

    def shown(self, regressor: str, outcome: str) -> pd.DataFrame:
        """First regressor and outcome, given the rest: what the figure draws."""
        rest = self.x[:, 1:]
        pair = {regressor: self.others[:, 0] / self.root / self.units[0]}
        label = outcome if outcome != regressor else f"{outcome} (outcome)"
        pair[label] = left_over(self.y, rest) / self.root
        return pd.DataFrame(pair)


def within(
    values: np.ndarray, groups: Sequence[np.ndarray], weights: np.ndarray | None = None
) -> np.ndarray:
    """Take out the (weighted) means of groupings, by turns until none is left.

    values: (n,) or (n, k). groups: codes (n,) of each grouping. Gaure 2013, Comput.
    Stat. Data Anal. 66:8: the method of alternating projections.

    >>> within(np.array([1.0, 2.0, 5.0, 6.0]), [np.array([0, 0, 1, 1])]).tolist()
    [-0.5, 0.5, -0.5, 0.5]
    """
    left = np.array(values, dtype="float64", ndmin=2, copy=True)
    left = left.T if np.ndim(values) == 1 else left
    w = np.ones(len(left)) if weights is None else np.asarray(weights, dtype="float64")
    if any(len(group) != len(left) for group in groups) or len(w) != len(left):
        raise Refused("values, groups and weights must have one entry for each row.")
    totals = [np.bincount(group, weights=w) for group in groups]
    limit = 1e-13 * max(float(np.abs(left).max(initial=0)), 1e-300)
    for _ in range(10_000):
        most = 0.0
        for group, total in zip(groups, totals, strict=True):
            for column in left.T:
                sums = np.bincount(group, weights=w * column)
                means = sums / np.where(total > 0, total, 1)
                column -= means[group]
                most = max(most, float(np.abs(means).max(initial=0)))
        if most <= limit or len(groups) == 1:
            break
    return left[:, 0] if np.ndim(values) == 1 else left


def balanced(values: np.ndarray) -> np.ndarray:
    """Values (..., units, periods) less their means by unit and by period.

    What `within` gives for a panel without gaps, in one step; for many panels at once.

    >>> balanced(np.array([[1.0, 2.0], [4.0, 9.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    by_unit, by_period = (values.mean(axis=i, keepdims=True) for i in (-1, -2))
    return values - by_unit - by_period + values.mean(axis=(-2, -1), keepdims=True)


def left_over(values: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Residuals of a column on others."""
    if not rest.shape[1]:
        return values
    return values - rest @ np.linalg.lstsq(rest, values, rcond=None)[0]

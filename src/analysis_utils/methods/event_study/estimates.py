"""Estimates that carry influence functions: errors, intervals, bands, tests."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from ..resampling.batches import run_batches


@dataclass(frozen=True)
class Inference:
    """How intervals are made: by unit or cluster, at which level, by which draws."""

    clusters: np.ndarray
    level: float
    n_resamples: int
    seed: int
    workers: int


@dataclass(frozen=True)
class Estimates:
    """`params` (m,) with `influence` (units, m): params - truth = mean of influence."""

    params: pd.Series
    influence: np.ndarray
    inference: Inference

    @cached_property
    def _sums(self) -> np.ndarray:
        """Influence added up within clusters, divided by the number of units."""
        clusters = self.inference.clusters
        sums = np.zeros((clusters.max() + 1, self.influence.shape[1]))
        np.add.at(sums, clusters, self.influence)
        return sums / len(self.influence)

    def cov_params(self) -> pd.DataFrame:
        """Covariance of the estimates, clustered as asked."""
        index = self.params.index
        return pd.DataFrame(self._sums.T @ self._sums, index, index)

    @property
    def bse(self) -> pd.Series:
        """Analytic standard errors."""
        errors = np.sqrt((self._sums**2).sum(axis=0))
        return pd.Series(errors, self.params.index, name="std err")

    @property
    def tvalues(self) -> pd.Series:
        """Estimates divided by their standard errors; NaN for a base period."""
        return (self.params / self.bse.where(self.bse > 0)).rename("z")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided normal p-values, one estimate at a time."""
        return pd.Series(
            2 * stats.norm.sf(self.tvalues.abs()), self.params.index, name="p"
        )

    def conf_int(
        self, alpha: float | None = None, simultaneous: bool = False
    ) -> pd.DataFrame:
        """Intervals of each estimate, or a band that holds for all of them at once."""
        alpha = 1 - self.inference.level if alpha is None else alpha
        width = self.bse * (
            self.critical_value(alpha) if simultaneous else stats.norm.isf(alpha / 2)
        )
        return pd.DataFrame(
            {"lower": self.params - width, "upper": self.params + width}
        )

    def bootstrap_draws(self) -> np.ndarray:
        """Deviations of the estimates in each draw of the multiplier bootstrap: (B, m).

        Mammen's two-point weights, by cluster (Callaway and Sant'Anna 2021, sec. 4).
        """
        return self._draws

    @cached_property
    def _draws(self) -> np.ndarray:
        root = np.sqrt(5)
        values, chance = np.array([1 - root, 1 + root]) / 2, (1 + root) / (2 * root)

        def work(size: int, rng: np.random.Generator) -> np.ndarray:
            second = rng.random((size, len(self._sums))) >= chance
            return values[second.astype(int)] @ self._sums

        return run_batches(
            work,
            self.inference.n_resamples,
            seed=self.inference.seed,
            batch=max(1, 4_000_000 // len(self._sums)),
            workers=self.inference.workers,
            label="multiplier bootstrap",
        )

    def bootstrap_bse(self) -> pd.Series:
        """Standard errors from the interquartile range of the bootstrap draws."""
        high, low = np.quantile(self._draws, [0.75, 0.25], axis=0)
        spread = (high - low) / (2 * stats.norm.ppf(0.75))
        return pd.Series(spread, self.params.index, name="bootstrap std err")

    def critical_value(self, alpha: float | None = None) -> float:
        """The multiple of the errors that covers all estimates at once."""
        alpha = 1 - self.inference.level if alpha is None else alpha
        errors = self.bse.to_numpy()
        free = errors > 0
        largest = np.abs(self._draws[:, free] / errors[free]).max(axis=1)
        single = stats.norm.isf(alpha / 2)
        return float(max(single, np.quantile(largest, 1 - alpha, method="higher")))

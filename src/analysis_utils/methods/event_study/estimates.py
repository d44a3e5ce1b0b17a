"""Estimates that carry influence functions: errors, intervals, bands, tests.

With many treated and control clusters: normal, as Callaway and Sant'Anna (2021). With
few the influence functions are too small and normal limits too narrow (coverage .22
for one treated state of fifty): then variances by cohort with m - 1 in place of m,
Student's t with the degrees of freedom of the smallest group, and Bonferroni over the
estimates of a band. A cohort of one cluster has no variance to estimate: no interval.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from ..arguments import flag, share
from ..resampling.batches import run_batches

# Clusters in each cohort and among the controls from which on limits are normal; the
# smallest cohort of the published minimum wage study has 20.
MANY = 20


@dataclass(frozen=True)
class Inference:
    """How intervals are made: by unit or cluster, at which level, by which draws.

    cohorts: (units,) when each is first treated, infinite for never.
    """

    clusters: np.ndarray
    cohorts: np.ndarray
    level: float
    n_resamples: int
    seed: int
    workers: int


@dataclass(frozen=True)
class Estimates:
    """`params` (m,) with `influence` (units, m): params - truth = mean of influence.

    fewest: (m,) clusters of the smallest group, treated or control, of each estimate.
    """

    params: pd.Series
    influence: np.ndarray
    inference: Inference
    fewest: np.ndarray

    @cached_property
    def _sums(self) -> np.ndarray:
        """Influence added up within clusters, divided by the number of units."""
        clusters = self.inference.clusters
        sums = np.zeros((clusters.max() + 1, self.influence.shape[1]))
        np.add.at(sums, clusters, self.influence)
        return sums / len(self.influence)

    @cached_property
    def _strata(self) -> np.ndarray:
        """Code of each cluster's cohort; one for all if a cluster mixes cohorts."""
        table = pd.DataFrame(
            {"cluster": self.inference.clusters, "cohort": self.inference.cohorts}
        )
        if table.groupby("cluster")["cohort"].nunique().max() > 1:
            return np.zeros(int(table["cluster"].max()) + 1, dtype=int)
        first = table.groupby("cluster")["cohort"].first()
        return pd.factorize(first, sort=True)[0]

    @cached_property
    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Variance by cohort (h, m) with m_h - 1, and clusters of each cohort (h,)."""
        counts = np.bincount(self._strata)
        squares = np.zeros((len(counts), self._sums.shape[1]))
        np.add.at(squares, self._strata, self._sums**2)
        factor = counts / np.maximum(counts - 1, 1)
        return squares * factor[:, None], counts

    @property
    def few(self) -> np.ndarray:
        """Whether an estimate rests on a cohort of fewer clusters than `MANY`."""
        return self.fewest < MANY

    @property
    def refused(self) -> pd.Series:
        """Whether an estimate rests on one cluster alone: it has no interval."""
        return pd.Series(self.fewest < 2, self.params.index, name="refused")

    @property
    def df_resid(self) -> pd.Series:
        """Degrees of freedom: of the smallest group; infinite with many clusters.

        Satterthwaite's, from the estimated variances, are too many where two treated
        units happen to lie close together: bands then covered .60 instead of .95.
        """
        df = np.where(self.few, np.maximum(self.fewest - 1, 1), np.inf)
        return pd.Series(df, self.params.index, name="df")

    def cov_params(self) -> pd.DataFrame:
        """Covariance of the estimates, clustered as asked."""
        index = self.params.index
        return pd.DataFrame(self._sums.T @ self._sums, index, index)

    @property
    def bse(self) -> pd.Series:
        """Standard errors: analytic, or with m - 1 by cohort if clusters are few."""
        many = (self._sums**2).sum(axis=0)
        variance = np.where(self.few, self._parts[0].sum(axis=0), many)
        return pd.Series(np.sqrt(variance), self.params.index, name="std err")

    @property
    def tvalues(self) -> pd.Series:
        """Estimates divided by their standard errors; NaN for a base period."""
        able = (self.bse > 0) & ~self.refused
        return (self.params / self.bse.where(able)).rename("z")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values, one estimate at a time; NaN where refused."""
        p = 2 * stats.t.sf(self.tvalues.abs(), self.df_resid)
        return pd.Series(p, self.params.index, name="p")

    def conf_int(
        self, alpha: float | None = None, simultaneous: bool = False
    ) -> pd.DataFrame:
        """Intervals of each estimate, or a band that holds for all of them at once.

        NaN where an estimate rests on a single treated or control cluster: see
        `randomisation`.
        """
        chosen = 1 - self.inference.level if alpha is None else share(alpha, "alpha")
        if flag(simultaneous, "simultaneous"):
            width = self.bse * self._band(chosen)
        else:
            width = self.bse * stats.t.isf(chosen / 2, self.df_resid)
        width = width.where(~self.refused)
        return pd.DataFrame(
            {"lower": self.params - width, "upper": self.params + width}
        )

    def _band(self, alpha: float) -> np.ndarray:
        """Multiples of the errors for a band: bootstrap, Bonferroni if few."""
        tests = max(int(((self.bse > 0) & ~self.refused).sum()), 1)
        careful = stats.t.isf(alpha / 2 / tests, self.df_resid)
        if self.few[(self.bse > 0).to_numpy()].all():
            return careful
        return np.where(self.few, careful, self._critical_value(alpha))

    @cached_property
    def _draws(self) -> np.ndarray:
        """Deviations of the estimates in each draw of the multiplier bootstrap: (B, m).

        Mammen's two-point weights, by cluster (Callaway and Sant'Anna 2021, sec. 4).
        """
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

    def _critical_value(self, alpha: float) -> float:
        """The multiple of the errors that covers all estimates at once."""
        errors = np.sqrt((self._sums**2).sum(axis=0))
        free = errors > 0
        single = float(stats.norm.isf(alpha / 2))
        if not free.any():
            return single
        largest = np.abs(self._draws[:, free] / errors[free]).max(axis=1)
        return max(single, float(np.quantile(largest, 1 - alpha, method="higher")))

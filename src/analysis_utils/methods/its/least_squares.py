"""Least squares, and what correlated errors ask of it: gaps and units respected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from statsmodels.stats.sandwich_covariance import S_hac_simple

from ..resampling.design import orthonormal

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


@dataclass(frozen=True)
class Layout:
    """Where each row of a design stands: its period, and its unit.

    Rows are sorted by unit, then time; left-out rows leave a gap in `time`. `first`:
    the first period that an event affects, None without events.
    """

    time: np.ndarray
    unit: np.ndarray
    first: int | None = None

    @property
    def steps(self) -> np.ndarray:
        """Periods since the row before in the same unit; 0 for a unit's first row."""
        step = np.diff(self.time, prepend=self.time[:1])
        first = np.diff(self.unit, prepend=self.unit[:1] - 1) != 0
        return np.where(first, 0, step)


def solve(y: np.ndarray, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least-squares coefficients and (X'X)^-1."""
    basis = orthonormal(X)
    outward = basis.inverse()
    return basis.back((basis.q.T @ y)[:, None])[:, 0], outward @ outward.T


def whiten(a: np.ndarray, rho: float, steps: np.ndarray) -> np.ndarray:
    """Return AR(1) innovations of the rows of `a`, scaled to the variance of the rows.

    (a_t - rho^d a_{t-d}) / sqrt(1 - rho^2d), d the step from the row before; the first
    row of a unit stays (Prais & Winsten 1954, exact across gaps).
    """
    power = np.where(steps > 0, float(rho) ** steps, 0.0)
    if a.ndim == 2:
        power = power[:, None]
    before = np.concatenate([a[:1], a[:-1]])
    return (a - power * before) / np.sqrt(1 - power**2)


def log_determinant(rho: float, steps: np.ndarray) -> float:
    """Return the log determinant of the AR(1) correlation matrix of the rows."""
    inner = steps[steps > 0]
    return float(np.log1p(-(float(rho) ** (2 * inner))).sum())


def hac_covariance(
    scores: np.ndarray, bread: np.ndarray, layout: Layout, lags: int
) -> np.ndarray:
    """Return the Newey-West (1987) sandwich, Bartlett weights, no correction.

    Lag products never leave a unit, and a left-out period counts as a lag: rows of
    zeros stand for left-out periods, and `lags` of them between units.
    """
    span = layout.time.max() - layout.time.min() + 1 + lags
    place = layout.time - layout.time.min()
    place = place + span * np.unique(layout.unit, return_inverse=True)[1]
    padded = np.zeros((place[-1] + 1, scores.shape[1]))
    # Multiplied by the bread row by row, before the sum: a group of small residuals
    # keeps its digits beside one of large ones.
    padded[place] = scores @ bread
    return S_hac_simple(padded, nlags=lags)

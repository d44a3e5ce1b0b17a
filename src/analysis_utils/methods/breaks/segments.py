"""Residual sums of squares of all segments, and the best ways to cut a series."""

import numpy as np

from analysis_utils.asking import NotTestable

from ..resampling.design import orthonormal

__all__: list[str] = []  # all of it serves `find_breaks`


def segment_rss(y: np.ndarray, design: np.ndarray, shortest: int) -> np.ndarray:
    """Return the RSS of y on the design (n, k) in each segment: (n + 1, n + 1).

    Entry [i, j] belongs to rows i to j - 1; infinite if shorter than `shortest`.
    """
    basis = orthonormal(design)
    n, k = basis.shape
    residuals = y - basis.q @ (basis.q.T @ y)
    rows = np.column_stack([basis.q, residuals])
    products = np.einsum("ti,tj->tij", rows, rows)
    rss = np.full((n + 1, n + 1), np.inf)
    for start in range(n - shortest + 1):
        sums = np.cumsum(products[start:], axis=0)[shortest - 1 :]
        rss[start, start + shortest :] = _rss_from_moments(sums, k)
    return rss


def _rss_from_moments(moments: np.ndarray, k: int) -> np.ndarray:
    """RSS from q'q, q'e and e'e of segments: (segments, k + 1, k + 1)."""
    inner, cross, total = moments[:, :k, :k], moments[:, :k, k], moments[:, k, k]
    if np.linalg.cond(inner).max() > 1e13:
        raise NotTestable(
            "A regressor does not vary within one of the shortest segments:"
            " allow longer ones (min_segment) or leave it out."
        )
    solution = np.linalg.solve(inner, cross[:, :, None])[:, :, 0]
    return np.maximum(total - np.einsum("sk,sk->s", solution, cross), 0)


def best_partitions(rss: np.ndarray, shortest: int, most: int) -> list[list[int]]:
    """Return the cuts with the least RSS for 0, 1, ..., `most` breaks.

    A cut is the number of rows before it. By ruptures' dynamic programme, with jump=1:
    its default of 5 considers only every fifth date (ruptures issue 324).
    """
    import ruptures

    class FromTable(ruptures.base.BaseCost):
        model, min_size = "rss", 1

        def fit(self, signal: np.ndarray) -> "FromTable":
            self.signal = signal
            return self

        def error(self, start: int, end: int) -> float:
            return rss[start, end]

    programme = ruptures.Dynp(custom_cost=FromTable(), min_size=shortest, jump=1)
    programme.fit(np.zeros(len(rss) - 1))
    return [[]] + [programme.predict(count)[:-1] for count in range(1, most + 1)]

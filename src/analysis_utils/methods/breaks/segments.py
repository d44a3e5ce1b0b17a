"""Residual sums of squares of all segments, and the best ways to cut a series."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis_utils.asking import NotTestable

from ..resampling.design import orthonormal

__all__: list[str] = []  # all of it serves `find_breaks`


@dataclass(frozen=True)
class Segments:
    """A series cut into segments: y (n,), design (n, k), rows before each break."""

    y: np.ndarray
    design: np.ndarray
    shortest: int
    cuts: list[int]

    @property
    def edges(self) -> list[int]:
        """First row of each segment, and the number of rows."""
        return [0, *self.cuts, len(self.y)]

    def around(self, number: int) -> tuple[int, int]:
        """Rows from the break before to the break after."""
        return self.edges[number], self.edges[number + 2]

    def places(self, number: int) -> np.ndarray:
        """Where between its neighbours a break could have been put."""
        start, end = self.around(number)
        return np.arange(start + self.shortest, end - self.shortest + 1)

    def open(self, number: int, limits: tuple[int, int]) -> bool:
        """Whether an interval ends where no break could have been put."""
        places = self.places(number)
        return bool(limits[0] <= places[0] or limits[1] >= places[-1])

    def residuals(self) -> np.ndarray:
        """(n,) of the segments' own regressions."""
        rows = (slice(*edges) for edges in pairwise(self.edges))
        return np.concatenate([residuals(self.y[at], self.design[at]) for at in rows])


def residuals(y: np.ndarray, design: np.ndarray) -> np.ndarray:
    """What least squares leave of y (n,)."""
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


def segment_rss(y: np.ndarray, design: np.ndarray, shortest: int) -> np.ndarray:
    """Return the RSS of y on the design (n, k) in each segment: (n + 1, n + 1).

    Entry [i, j] belongs to rows i to j - 1; infinite if shorter than `shortest`.
    """
    basis = orthonormal(design)
    n, k = basis.shape
    left = y - basis.q @ (basis.q.T @ y)
    rows = np.column_stack([basis.q, left])
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

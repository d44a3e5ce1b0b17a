"""Regimes of variance in innovations: where they begin, how large values are in each.

A burst that two series share carries nearly all of their products, so a correlation
rests on its few periods. Each period divided by the standard deviation of its own
regime counts alike again; regimes are looked for in each series by itself, so that
what it has to do with the other plays no part.
"""

from dataclasses import dataclass

import numpy as np

__all__: list[str] = []  # all of it serves `associate`

# Twice the log of the likelihood ratio of the best place for one more change of
# variance. Its 5 % point for the best of all places is about 9 (Andrews 2003,
# Econometrica 71:395: one parameter, places from .15 to .85).
CRITICAL = 9.0
LOOKS = 5
# A regime with less than this part of the largest sd is without variation: its periods
# have the value 0, so that they say nothing.
STILL = 1e-3


@dataclass(frozen=True)
class Standardised:
    """Residuals in units of the sd of their regime.

    values: (n,). size: (n,) what they were divided by, 1 without regimes. basis: (n, k)
    what they are orthogonal to. places: where regimes begin.
    """

    values: np.ndarray
    size: np.ndarray
    basis: np.ndarray
    places: list[int]


def standardised(values: np.ndarray, nuisance: np.ndarray, most: int) -> Standardised:
    """Residuals (weighted least squares) by regime of variance, at most `most` changes.

    values: (n,). nuisance: (n, k) with a constant.

    >>> burst = np.where(np.arange(60) < 45, 1.0, 5.0)
    >>> noise = np.random.default_rng(0).standard_normal(60) * burst
    >>> found = standardised(noise, np.ones((60, 1)), 2)
    >>> found.places, round(float(found.values[45:].std()), 1)
    ([45], 1.0)
    """
    size = np.ones(len(values))
    left, basis = _residuals(values, nuisance)
    places = changes(left, most)
    # Looks after the first repair what a burst did to the fit of the quiet periods.
    for _ in range(LOOKS if places else 0):
        size = spread(left * size, places)
        left, basis = _residuals(values / size, nuisance / size[:, None])
    if places:  # where nothing varies, what is left is rounding or a trend's rest
        left = np.where(size > 1.01 * STILL * size.max(), left, 0.0)
    return Standardised(left, size, basis, places)


def spread(left: np.ndarray, places: list[int]) -> np.ndarray:
    """The standard deviation of each period's regime (n,), never 0."""
    size = np.empty(len(left))
    for rows in np.split(np.arange(len(left)), places):
        size[rows] = np.sqrt(np.mean(left[rows] ** 2))
    return np.maximum(size, STILL * size.max())


def changes(left: np.ndarray, most: int) -> list[int]:
    """Places where a regime of another variance begins, found one after another."""
    square = left**2
    places: list[int] = []
    while len(places) < most:
        found = [
            _best(square, start, stop)
            for start, stop in zip([0, *places], [*places, len(left)], strict=True)
        ]
        gain, place = max(found)
        if gain < CRITICAL:
            break
        places = sorted([*places, place])
    return places


def _best(square: np.ndarray, start: int, stop: int) -> tuple[float, int]:
    """The largest gain in likelihood from a change within, and its place."""
    shortest = max(6, len(square) // 10)
    n = stop - start
    counts = np.arange(shortest, n - shortest + 1)
    if not len(counts):
        return 0.0, start
    sums = np.cumsum(square[start:stop])
    tiny = 1e-12 * sums[-1] + 1e-300
    first = sums[counts - 1]
    rest = np.maximum(sums[-1] - first, 0)
    gain = (
        n * np.log(sums[-1] / n + tiny)
        - counts * np.log(first / counts + tiny)
        - (n - counts) * np.log(rest / (n - counts) + tiny)
    )
    best = int(np.argmax(gain))
    return float(gain[best]), start + int(counts[best])


def _residuals(
    values: np.ndarray, nuisance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    basis = np.linalg.qr(nuisance)[0]
    return values - basis @ (basis.T @ values), basis

"""The Bartlett-weighted variance of a sum, without forming any meat matrix."""

import numpy as np

from ..arguments import whole

__all__: list[str] = []  # all of it serves the engines


def bartlett_sums(
    terms: np.ndarray, maxlags: int, axis: int = 0, overwrite: bool = False
) -> np.ndarray:
    """Return sum_l w_l sum_t u_t u_{t-l}, w_l = 1 - |l| / (maxlags + 1), over `axis`.

    It equals the sum of squares of all moving sums of maxlags + 1 terms (zeros beyond
    the ends), divided by maxlags + 1; so its cost does not depend on the lags. Newey
    and West 1987, Econometrica 55:703. No finite-sample correction. `overwrite` lets
    the terms be lost, which saves memory and so time.

    >>> float(bartlett_sums(np.array([1.0, 2.0, 3.0]), 1))  # 14 + 2 * (1/2) * 8
    22.0
    """
    u = np.moveaxis(terms, axis, 0)
    n, width = len(u), min(maxlags + 1, len(u))
    sums = np.cumsum(u, axis=0, out=u if overwrite else None)
    last = sums[-1]
    total = _squares(sums[:width])
    total += _squares(sums[width:] - sums[:-width])
    if maxlags:
        total += _squares(last - sums[n - width : n - 1])
    if maxlags + 1 > n:  # windows that cover the whole series
        total += (maxlags + 1 - n) * last**2
    return total / (maxlags + 1)


def checked_lags(maxlags: int | None, n: int) -> int | None:
    """Return the lags asked for, None for errors without them.

    >>> checked_lags(3, 100)
    3
    """
    return None if maxlags is None else whole(maxlags, "maxlags", most=n - 1)


def _squares(values: np.ndarray) -> np.ndarray:
    return np.einsum("t...,t...->...", values, values)

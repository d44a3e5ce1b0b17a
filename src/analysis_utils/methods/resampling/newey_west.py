"""The Bartlett-weighted variance of a sum, without forming any meat matrix."""

import numpy as np


def bartlett_sums(
    terms: np.ndarray, maxlags: int, axis: int = 0, overwrite: bool = False
) -> np.ndarray:
    """Return sum_l w_l sum_t u_t u_{t-l}, w_l = 1 - |l| / (maxlags + 1), over `axis`.

    It equals the sum of squares of all moving sums of maxlags + 1 terms (zeros beyond
    the ends), divided by maxlags + 1; so its cost does not depend on the lags. Newey
    and West 1987, Econometrica 55:703. No finite-sample correction. `overwrite` lets
    the terms be lost, which saves memory and so time.
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


def _squares(values: np.ndarray) -> np.ndarray:
    return np.einsum("t...,t...->...", values, values)

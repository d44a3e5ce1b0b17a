"""Cross-correlation over lags: Pearson, Spearman, Kendall; effective sample sizes.

Lag k pairs x[t] with y[t + k]: at positive lags x comes first.
"""

import numpy as np
from scipy import stats

__all__: list[str] = []  # all of it serves `associate`

# Variance of Fisher's z of each measure, times (effective n - offset):
# Fisher 1921; Fieller, Hartley and Pearson 1957, Biometrika 44:470.
FISHER_Z = {"pearson": (1.0, 3), "spearman": (1.06, 3), "kendall": (0.437, 4)}
MEASURES = tuple(FISHER_Z)


def cross_correlations(
    x: np.ndarray, y: np.ndarray, lags: np.ndarray, measure: str = "pearson"
) -> np.ndarray:
    """Correlate each row of x (draws, n) with y (n,) at each lag: (draws, lags).

    Pearson and Spearman divide by the spread of the whole series, as Box and Jenkins
    do (and R's `ccf`); Kendall's tau-b uses the pairs that overlap.
    """
    x = np.atleast_2d(x)
    if measure == "kendall":
        return _kendall(x, y, lags)
    if measure == "spearman":
        x, y = stats.rankdata(x, axis=1), stats.rankdata(y)
    return _standardized(x) @ shifted(_standardized(y), lags)


def shifted(values: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Return columns values[t + lag], 0 where the series has no value: (n, lags)."""
    n = len(values)
    columns = np.zeros((n, len(lags)))
    for column, lag in enumerate(lags):
        low, high = max(0, -lag), min(n, n - lag)
        columns[low:high, column] = values[low + lag : high + lag]
    return columns


def _standardized(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).sum(axis=-1, keepdims=True))


def _kendall(x: np.ndarray, y: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Kendall's tau-b as a correlation of the signs of all pairs of periods."""
    n = len(y)
    first, second = np.triu_indices(n, 1)
    pairs_x = np.sign(x[:, second] - x[:, first])
    overlap = shifted(np.ones(n), lags)
    ahead = shifted(y, lags)
    both = overlap[first] * overlap[second]
    pairs_y = np.sign(ahead[second] - ahead[first]) * both
    spread = np.sqrt((pairs_x**2 @ both) * (pairs_y**2).sum(axis=0))
    return (pairs_x @ pairs_y) / spread


def autocorrelations(values: np.ndarray, count: int) -> np.ndarray:
    """Return the autocorrelations at lags 1 to `count`, divided by n: (count,)."""
    return cross_correlations(values, values, np.arange(1, count + 1))[0]


def bretherton_size(x: np.ndarray, y: np.ndarray) -> float:
    """Effective sample size from the two lag-1 autocorrelations, at most n.

    n (1 - r_x r_y) / (1 + r_x r_y): Bretherton et al. 1999, J. Climate 12:1990, eq. 31.
    """
    product = float(autocorrelations(x, 1)[0] * autocorrelations(y, 1)[0])
    return min(len(x), len(x) * (1 - product) / (1 + product))


def pyper_peterman_size(x: np.ndarray, y: np.ndarray) -> float:
    """Effective sample size from the autocorrelations up to lag n / 5, at most n.

    1/n* = 1/n + 2/n sum_j (n-j)/n r_x(j) r_y(j), r(j) with the factor n/(n-j): Pyper
    and Peterman 1998, Can. J. Fish. Aquat. Sci. 55:2127, eq. 1 and 7.
    """
    n = len(x)
    lags = np.arange(1, max(1, n // 5) + 1)
    adjust = n / (n - lags)
    products = autocorrelations(x, len(lags)) * autocorrelations(y, len(lags))
    inverse = 1 / n + 2 / n * np.sum((n - lags) / n * adjust**2 * products)
    return float(min(n, 1 / inverse)) if inverse > 0 else float(n)

"""Autoregressions of one series: order by AIC, least squares, the filter applied."""

from dataclasses import dataclass

import numpy as np

from .inputs import InputError


@dataclass(frozen=True)
class Autoregression:
    """y[t] = intercept + sum_j coefficients[j-1] * y[t-j] + e[t], e white.

    `sigma2` is the residual sum of squares divided by the rows used; `aic` holds the
    criterion of the orders 0, 1, ... that were compared (empty for a given order).
    """

    intercept: float
    coefficients: np.ndarray
    sigma2: float
    aic: np.ndarray

    @property
    def order(self) -> int:
        """The number of lags."""
        return len(self.coefficients)

    def whiten(self, values: np.ndarray) -> np.ndarray:
        """Apply the filter to any series (n,): the n - order values it can reach."""
        weights = np.concatenate([[1.0], -self.coefficients])
        return np.convolve(values, weights, mode="valid") - self.intercept


def default_max_order(n: int) -> int:
    """Return the largest order that AIC may choose: 10 log10(n), at most n / 5."""
    return max(1, min(int(10 * np.log10(n)), n // 5))


def lagged_design(values: np.ndarray, order: int) -> np.ndarray:
    """Return the columns 1, y[t-1], ..., y[t-order] and y[t]."""
    n = len(values)
    lags = [values[order - j : n - j] for j in range(1, order + 1)]
    return np.column_stack([np.ones(n - order), *lags, values[order:]])


def aic_of_orders(values: np.ndarray, max_order: int) -> np.ndarray:
    """Return Akaike's criterion of the orders 0 to `max_order` on the same rows.

    One QR decomposition of all lags holds the residual sums of squares of every
    nested order: n log(rss / n) + 2 (order + 2), as statsmodels' ar_select_order.
    """
    triangle = np.linalg.qr(lagged_design(values, max_order), mode="r")
    rss = np.cumsum(triangle[::-1, -1] ** 2)[::-1][1:]
    rows = len(values) - max_order
    return rows * np.log(rss / rows) + 2 * (np.arange(max_order + 1) + 2)


def fit_autoregression(
    values: np.ndarray, order: int | None = None, max_order: int | None = None
) -> Autoregression:
    """Fit an autoregression with intercept by least squares.

    Without `order`, AIC chooses among 0 to `max_order` (default: see
    `default_max_order`) on the same rows, and the choice is fitted to all rows it can
    use. Least squares, not Yule-Walker: it stays consistent for random walks and
    trends (Tiao and Tsay 1983).
    """
    n, aic = len(values), np.empty(0)
    if order is None:
        aic = aic_of_orders(values, default_max_order(n) if max_order is None
                            else max_order)
        order = int(np.argmin(aic))
    if n < 2 * order + 3:
        raise InputError(
            f"An autoregression of order {order} needs {2 * order + 3} periods "
            f"or more; there are {n}.")
    design = lagged_design(values, order)
    solution = np.linalg.lstsq(design[:, :-1], design[:, -1], rcond=None)[0]
    errors = design[:, -1] - design[:, :-1] @ solution
    return Autoregression(float(solution[0]), solution[1:],
                          float(np.mean(errors**2)), aic)

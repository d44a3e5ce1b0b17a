"""Autoregressions of one series: order by AIC, least squares, the filter applied."""

from dataclasses import dataclass

import numpy as np

from analysis_utils.asking import NotTestable


@dataclass(frozen=True)
class Autoregression:
    """y[t] = intercept + sum_j coefficients[j-1] * y[t-j] + e[t], e white.

    With other regressors (a season), their part belongs to the intercept and is not
    kept. `sigma2` is the residual sum of squares divided by the rows used; `aic` holds
    the criterion of the orders 0, 1, ... that were compared (empty for a given order).
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
        """Return y[t] - sum_j coefficients[j-1] y[t-j] of any series: (n - order,)."""
        weights = np.concatenate([[1.0], -self.coefficients])
        return np.convolve(values, weights, mode="valid")


def default_max_order(n: int) -> int:
    """Return the largest order that AIC may choose: 10 log10(n), at most n / 5."""
    return max(1, min(int(10 * np.log10(n)), n // 5))


def lagged_design(
    values: np.ndarray, order: int, others: np.ndarray | None = None
) -> np.ndarray:
    """Return the columns 1, other regressors, y[t-1], ..., y[t-order] and y[t]."""
    n = len(values)
    lags = [values[order - j : n - j] for j in range(1, order + 1)]
    first = [np.ones(n - order)] + ([] if others is None else [others[order:]])
    return np.column_stack([*first, *lags, values[order:]])


def aic_of_orders(
    values: np.ndarray, max_order: int, others: np.ndarray | None = None
) -> np.ndarray:
    """Return Akaike's criterion of the orders 0 to `max_order` on the same rows.

    One QR decomposition of all lags holds the residual sums of squares of every
    nested order: n log(rss / n) + 2 (order + 2), as statsmodels' ar_select_order.
    """
    triangle = np.linalg.qr(lagged_design(values, max_order, others), mode="r")
    rss = np.cumsum(triangle[::-1, -1] ** 2)[::-1][-max_order - 1 :]
    rows = len(values) - max_order
    return rows * np.log(rss / rows) + 2 * (np.arange(max_order + 1) + 2)


def fit_autoregression(
    values: np.ndarray,
    order: int | None = None,
    max_order: int | None = None,
    others: np.ndarray | None = None,
) -> Autoregression:
    """Fit an autoregression with intercept (and other regressors) by least squares.

    Without `order`, AIC chooses among 0 to `max_order` (default: see
    `default_max_order`) on the same rows, and the choice is fitted to all rows it can
    use. Least squares, not Yule-Walker: it stays consistent for random walks and
    trends (Tiao and Tsay 1983).
    """
    n, aic = len(values), np.empty(0)
    extra = 0 if others is None else others.shape[1]
    if order is None:
        most = default_max_order(n - extra) if max_order is None else max_order
        aic = aic_of_orders(values, most, others)
        order = int(np.argmin(aic))
    if n < 2 * order + 3 + extra:
        raise NotTestable(
            f"An autoregression of order {order} needs {2 * order + 3 + extra} periods "
            f"or more; there are {n}."
        )
    design = lagged_design(values, order, others)
    solution = np.linalg.lstsq(design[:, :-1], design[:, -1], rcond=None)[0]
    errors = design[:, -1] - design[:, :-1] @ solution
    return Autoregression(
        float(solution[0]), solution[1 + extra :], float(np.mean(errors**2)), aic
    )

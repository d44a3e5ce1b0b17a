"""Innovations of one series: autoregression by AIC, level steps, the filter applied."""

from dataclasses import dataclass

import numpy as np

from analysis_utils.asking import NotTestable, Refused

from ..arguments import whole

__all__ = ["fit_autoregression", "level_steps"]

# F of the best place for one more step. Low on purpose: a step too many costs a degree
# of freedom, a step that both series share and that stays in makes them "associated".
CRITICAL = 10.0
SEARCHED = 4  # the largest order of autoregression while steps are looked for


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


def default_max_order(values: np.ndarray, regressors: int) -> int:
    """Return the largest order that AIC may choose: 10 log10(n), at most n / 5.

    n: periods in which the series moves, beyond other regressors. A series of zeros
    before twelve counts has twelve, whatever its length; more lags would fit them all.
    """
    n = max(1 + int(np.count_nonzero(np.diff(values))) - regressors, 1)
    return max(1, min(int(10 * np.log10(n)), n // 5))


def lagged_design(
    values: np.ndarray,
    order: int,
    others: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return the columns 1, other regressors, y[t-1], ..., y[t-order] and y[t].

    weights: (n,) by which the rows are multiplied.
    """
    n = len(values)
    if order >= n:  # before a list of that length is made
        raise NotTestable(
            f"An autoregression of order {order} needs more than {order} periods; "
            f"there are {n}."
        )
    lags = [values[order - j : n - j] for j in range(1, order + 1)]
    first = [np.ones(n - order)] + ([] if others is None else [others[order:]])
    columns = np.column_stack([*first, *lags, values[order:]])
    return columns if weights is None else columns * weights[order:, None]


def aic_of_orders(
    values: np.ndarray,
    max_order: int,
    others: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return Akaike's criterion of the orders 0 to `max_order` on the same rows.

    One QR decomposition of all lags holds the residual sums of squares of every
    nested order: n log(rss / n) + 2 (order + 2), as statsmodels' ar_select_order.
    """
    columns = lagged_design(values, max_order, others, weights)
    triangle = np.asarray(np.linalg.qr(columns, mode="r"))
    rss = np.cumsum(triangle[::-1, -1] ** 2)[::-1][-max_order - 1 :]
    rows = len(values) - max_order
    return rows * np.log(rss / rows) + 2 * (np.arange(max_order + 1) + 2)


def level_steps(
    values: np.ndarray,
    others: np.ndarray,
    order: int | None = None,
    most: int = 2,
    weights: np.ndarray | None = None,
) -> list[int]:
    """Places from which the level differs, found one after another; [] if none.

    values: (n,). others: (n, k) calendar columns without a constant. A step is looked
    for beside them and an autoregression, so a random walk has none it needs; at
    least n / 12 periods, and 4, lie on each side of it. weights: as in
    `fit_autoregression`; a burst is full of steps without them.

    >>> y = np.r_[np.zeros(30), np.full(30, 8.0)]
    >>> noise = np.random.default_rng(0).standard_normal(60)
    >>> level_steps(y + noise, np.empty((60, 0)))
    [30]
    """
    values, most = check_array(values), whole(most, "most")
    n = len(values)
    weights = _weights(weights, n)
    found: list[int] = []
    shortest = max(4, n // 12)
    places = np.arange(shortest, n - shortest + 1)
    steps = (np.arange(n)[:, None] >= places).astype(float)
    while len(found) < most and len(places):
        columns = np.column_stack([others, steps[:, np.array(found, dtype=int)]])
        gain = _gains(values, columns, steps, order, weights)
        for place in found:
            gain[max(0, place - shortest + 1) : place + shortest] = 0
        best = int(np.argmax(gain))
        if gain[best] < CRITICAL:
            break
        found.append(best)
    return sorted(int(places[place]) for place in found)


def _gains(
    values: np.ndarray,
    others: np.ndarray,
    steps: np.ndarray,
    order: int | None,
    weights: np.ndarray,
) -> np.ndarray:
    """F of each step added to the autoregression with other columns: (steps,)."""
    if order is None:
        most = min(SEARCHED, default_max_order(values, others.shape[1]))
        order = int(np.argmin(aic_of_orders(values, most, others, weights)))
    design = lagged_design(values, order, others, weights)
    free = len(design) - design.shape[1] - 1
    if free < 3:
        return np.zeros(steps.shape[1])
    basis = np.linalg.qr(design[:, :-1])[0]
    left = design[:, -1] - basis @ (basis.T @ design[:, -1])
    moved = steps[order:] * weights[order:, None]
    moved = moved - basis @ (basis.T @ moved)
    size = (moved**2).sum(axis=0)
    able = size > 1e-9
    gain = np.where(able, (moved.T @ left) ** 2 / np.where(able, size, 1), 0)
    rest = np.maximum(left @ left - gain, 1e-12 * (left @ left) + 1e-300)
    return gain * free / rest


def fit_autoregression(
    values: np.ndarray,
    order: int | None = None,
    max_order: int | None = None,
    others: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Autoregression:
    """Fit an autoregression with intercept (and other regressors) by least squares.

    Without `order`, AIC chooses among 0 to `max_order` (default: see
    `default_max_order`) on the same rows, and the choice is fitted to all rows it can
    use. Least squares, not Yule-Walker: it stays consistent for random walks and
    trends (Tiao and Tsay 1983). weights: (n,) by which the rows are multiplied, one
    over the standard deviation of their errors; without them a burst alone would
    choose the order.

    >>> walk = np.random.default_rng(1).standard_normal(200).cumsum()
    >>> model = fit_autoregression(walk, order=1)
    >>> model.coefficients.round(1).tolist(), len(model.whiten(walk))
    ([1.0], 199)
    """
    values = check_array(values)
    n, aic = len(values), np.empty(0)
    order = None if order is None else whole(order, "order")
    max_order = None if max_order is None else whole(max_order, "max_order")
    weights = _weights(weights, n)
    extra = 0 if others is None else others.shape[1]
    if order is None:
        most = default_max_order(values, extra) if max_order is None else max_order
        if n - most < most + extra + 3:
            raise NotTestable(
                f"{n} periods are too few for an autoregression of order {most}."
            )
        aic = aic_of_orders(values, most, others, weights)
        order = int(np.argmin(aic))
    if n < 2 * order + 3 + extra:
        raise NotTestable(
            f"An autoregression of order {order} needs {2 * order + 3 + extra} periods "
            f"or more; there are {n}."
        )
    design = lagged_design(values, order, others, weights)
    solution = np.linalg.lstsq(design[:, :-1], design[:, -1], rcond=None)[0]
    errors = design[:, -1] - design[:, :-1] @ solution
    return Autoregression(
        float(solution[0]), solution[1 + extra :], float(np.mean(errors**2)), aic
    )


def _weights(weights: np.ndarray | None, n: int) -> np.ndarray:
    """Checked, the largest 1: they may be in any unit."""
    if weights is None:
        return np.ones(n)
    weights = check_array(weights)
    if len(weights) != n or (weights <= 0).any():
        raise Refused("weights: a positive number for each period is needed.")
    return weights / weights.max()


def check_array(values: np.ndarray) -> np.ndarray:
    """One series as an array of finite floats, or a refusal."""
    try:
        array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        raise Refused("A series of numbers is needed.") from None
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise NotTestable("A series without missing or infinite values is needed.")
    return array

"""Errors of an unknown autoregression, and of a variance that changes at the event."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from analysis_utils.asking import NotTestable

from ..arguments import flag, whole
from .estimators import Estimate, check_residuals, short_note
from .least_squares import Layout, solve

__all__ = ["RemlAR"]

_DRAWS = 384  # of the parameters of the errors, for each order; quasi-random
_EDGE = 0.98  # partial autocorrelations stay below: a unit root has no level
_DF = 5  # of the t distribution that they are drawn from


@dataclass(frozen=True)
class RemlAR:
    """AR(p) errors, p from 0 to `most`; what is not known of them widens intervals.

    REML with one value of each parameter takes rho for known, and finds it too small:
    with AR(2) errors (.3, .5) and 48 periods its 95 % intervals hold .75 of levels and
    .59 of slopes, these .93 and .93 (docs/calibration_shapes.md). The coefficients are
    averaged over the orders and over the partial autocorrelations, each weighted by its
    restricted likelihood (Harville 1974: the posterior of the variance parameters under
    a flat prior of the coefficients) and a prior sqrt((1 + r) / (1 - r)) / pi that
    keeps roots near one in play. The covariance is that for given errors, averaged,
    plus that of the averaged estimates; t with n - k.

    order : p if it is known; None averages over 0 to `most`.
    break_at_event : whether the standard deviation may change at the first event, by
        a factor whose logarithm is N(0, 1) beforehand. One series only.
    """

    order: int | None = None
    most: int = 3
    break_at_event: bool = False

    def __post_init__(self) -> None:
        whole(self.most, "most (the largest order)", least=1, most=6)
        if self.order is not None:
            whole(self.order, "order", most=6)
        flag(self.break_at_event, "break_at_event")

    @property
    def label(self) -> str:
        """The estimator in words."""
        order = f"0-{self.most}" if self.order is None else f"{self.order}"
        changed = ", variance changes at the event" if self.break_at_event else ""
        return f"REML, AR({order}) averaged{changed}"

    @property
    def error_term(self) -> str:
        """The process of the errors."""
        p = "p" if self.order is None else f"{self.order}"
        changed = ", sd times c from the event on" if self.break_at_event else ""
        return f"e_t = phi_1 e_{{t-1}} + ... + phi_{p} e_{{t-{p}}} + u_t{changed}"

    def fit(self, y: np.ndarray, X: np.ndarray, layout: Layout) -> Estimate:
        """Fit ``y = X b + e``, averaged over what the errors may be.

        >>> rng = np.random.default_rng(0)
        >>> X = np.column_stack([np.ones(40), np.arange(40.0)])
        >>> rows = Layout(np.arange(40), np.zeros(40, int))
        >>> fit = RemlAR().fit(X @ [2.0, 0.5] + rng.standard_normal(40), X, rows)
        >>> bool(abs(fit.params[1] - 0.5) < 0.05)
        True
        """
        start = solve(y, X)[0]
        resid = y - X @ start
        check_residuals(y, resid)
        data = _Data.of(resid, X, layout, self.break_at_event)
        orders = range(self.most + 1) if self.order is None else [self.order]
        n, k = X.shape
        if n - k < max(orders) + 6:
            raise NotTestable(
                f"Too few points for AR({max(orders)}) errors: {n} rows and {k} "
                "coefficients. Use errors='ols'."
            )
        pools = [_pool(p, data) for p in orders]
        found = _averaged(pools, data, short_note(layout, 36, self.label, "less"))
        beta, fitted = found.params + start, found.fitted + X @ start
        return replace(found, params=beta, fitted=fitted)


@dataclass(frozen=True)
class _Data:
    """Outcome and columns, scaled; the distances of rows, the rows after the event."""

    y: np.ndarray  # (units, periods)
    X: np.ndarray  # (units, periods, k)
    distance: np.ndarray
    after: np.ndarray | None
    spread: float
    length: np.ndarray

    @classmethod
    def of(cls, y, X, layout: Layout, breaks: bool) -> _Data:
        units = np.unique(layout.unit)
        time = layout.time[layout.unit == units[0]]
        if breaks and len(units) > 1:
            raise NotTestable(
                "A variance that changes is for one series, not control=."
            )
        after = None
        if breaks and layout.first is not None:
            after = time >= layout.first
            if min(after.sum(), (~after).sum()) < 4:
                raise NotTestable(
                    "A variance before and after the event needs four periods on "
                    "each side."
                )
        spread = float(np.std(y)) or 1.0
        length = np.sqrt((X**2).mean(axis=0))
        return cls(
            (y / spread).reshape(len(units), -1),
            (X / length).reshape(len(units), len(time), -1),
            np.abs(np.subtract.outer(time, time)),
            after,
            spread,
            length,
        )

    @property
    def whole(self) -> bool:
        """Whether no period between the first and the last is left out."""
        return int(self.distance[0, -1]) == len(self.distance) - 1

    @property
    def df(self) -> int:
        """Rows without coefficients."""
        return self.y.size - self.X.shape[2]


@dataclass(frozen=True)
class _Pool:
    """Draws of one order: their log weight, coefficients, covariance, parameters."""

    weight: np.ndarray
    params: np.ndarray
    cov: np.ndarray
    scale: np.ndarray
    theta: np.ndarray
    order: int


def _pool(p: int, data: _Data) -> _Pool:
    """Importance sampling of the errors' parameters around their best value."""
    d = p + (data.after is not None)
    if d == 0:
        theta, log_q = np.zeros((1, 0)), np.zeros(1)
    else:
        theta, log_q = _proposal(p, d, data)
    loglik, params, cov, scale = _given(theta, p, data)
    weight = loglik + _prior(theta, p) - log_q - np.log(len(theta))
    return _Pool(weight, params, cov, scale, theta, p)


def _proposal(p: int, d: int, data: _Data) -> tuple[np.ndarray, np.ndarray]:
    def cost(theta: np.ndarray) -> np.ndarray:
        return -(_given(theta, p, data)[0] + _prior(theta, p))

    best = optimize.minimize(lambda row: cost(row[None])[0], np.full(d, 0.1)).x
    values, vectors = np.linalg.eigh(_curvature(cost, best))
    half = vectors * np.sqrt(1 / np.clip(values, 1.0, 400.0)) * 1.2
    uniform = stats.qmc.Halton(d + 1, seed=0).random(_DRAWS)
    t = stats.norm.ppf(uniform[:, :d])
    t = t / np.sqrt(stats.chi2.ppf(uniform[:, d:], _DF) / _DF)
    law = stats.multivariate_t(best, half @ half.T, df=_DF)
    theta = best + t @ half.T
    return theta, np.atleast_1d(law.logpdf(theta))


def _curvature(cost, best: np.ndarray, h: float = 0.02) -> np.ndarray:
    """Second derivatives by central differences."""
    step = h * np.eye(len(best))
    signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    points = [a * u + b * v for u in step for v in step for a, b in signs]
    values = cost(best + np.array(points)).reshape(len(best), len(best), 4)
    return values @ np.array([1, -1, -1, 1]) / (4 * h * h)


def _prior(theta: np.ndarray, p: int) -> np.ndarray:
    """Log prior on the scale of atanh(r), and of the log ratio of deviations."""
    z = theta[:, :p]
    prior = (z - 2 * np.log(np.cosh(z)) - np.log(np.pi)).sum(axis=1)
    if theta.shape[1] > p:
        prior = prior + stats.norm.logpdf(theta[:, p])
    return prior


def _given(
    theta: np.ndarray, p: int, data: _Data
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Restricted log likelihood, coefficients, covariance and variance by draw."""
    units, n, k = data.X.shape
    both = np.concatenate([data.X, data.y[:, :, None]], axis=2)
    flat = both.transpose(1, 0, 2).reshape(n, -1)
    white, log_root = _whitened(flat, theta, p, data)
    white = white.reshape(len(theta), n * units, k + 1)
    product = white.transpose(0, 2, 1) @ white
    inverse = np.linalg.inv(product[:, :k, :k])
    beta = np.einsum("bkl,bl->bk", inverse, product[:, :k, k])
    rss = product[:, k, k] - np.einsum("bk,bk->b", beta, product[:, :k, k])
    log_x = np.linalg.slogdet(product[:, :k, :k])[1]
    scale = rss / data.df
    loglik = -0.5 * (data.df * np.log(rss) + 2 * units * log_root + log_x)
    return loglik, beta, inverse * scale[:, None, None], scale


def _whitened(
    columns: np.ndarray, theta: np.ndarray, p: int, data: _Data
) -> tuple[np.ndarray, np.ndarray]:
    """Innovations (draws, periods, columns) by draw, scaled to the variance of the
    rows before the event; and half the log determinant of the covariance."""
    if data.whole:
        return _filtered(columns, _EDGE * np.tanh(theta[:, :p]), theta, data)
    lower = np.linalg.cholesky(_covariance(theta, p, data))
    white = np.linalg.solve(
        lower, np.broadcast_to(columns, (len(theta), *columns.shape))
    )
    return white, np.log(np.einsum("bii->bi", lower)).sum(axis=1)


def _filtered(columns, partial: np.ndarray, theta: np.ndarray, data: _Data):
    """The same for periods without gaps, by Durbin and Levinson's recursion."""
    (draws, p), n = partial.shape, len(columns)
    rows = np.broadcast_to(columns, (draws, *columns.shape))
    log_root = np.zeros(draws)
    if data.after is not None:
        sd = np.where(data.after, np.exp(theta[:, p:]), 1.0)
        rows, log_root = rows / sd[:, :, None], np.log(sd).sum(axis=1)
    white, phi, left = np.array(rows), np.zeros((draws, p)), np.ones(draws)
    for t in range(p + 1):
        steps = slice(t, t + 1) if t < p else slice(p, n)
        for j in range(t):
            before = slice(steps.start - 1 - j, steps.stop - 1 - j)
            white[:, steps] -= phi[:, j, None, None] * rows[:, before]
        white[:, steps] /= np.sqrt(left)[:, None, None]
        log_root = log_root + 0.5 * (steps.stop - steps.start) * np.log(left)
        if t < p:
            phi = _longer(phi, partial[:, t], t)
            left = left * (1 - partial[:, t] ** 2)
    return white, log_root


def _covariance(theta: np.ndarray, p: int, data: _Data) -> np.ndarray:
    """Covariance of the rows by draw, 1 on its diagonal before the event."""
    r = correlations(_EDGE * np.tanh(theta[:, :p]), int(data.distance.max()) + 1)
    cov = r[:, data.distance] + 1e-9 * np.eye(len(data.distance))
    if data.after is not None:
        sd = np.where(data.after, np.exp(theta[:, p:]), 1.0)
        cov = cov * sd[:, :, None] * sd[:, None, :]
    return cov


def correlations(partial: np.ndarray, n: int) -> np.ndarray:
    """Return autocorrelations (draws, n) of AR(p) by partial ones (draws, p).

    >>> correlations(np.array([[0.5]]), 4)[0]
    array([1.   , 0.5  , 0.25 , 0.125])
    """
    draws, p = partial.shape
    r, phi, left = (
        np.zeros((draws, max(n, p + 1))),
        np.zeros((draws, p)),
        np.ones(draws),
    )
    r[:, 0] = 1
    for k in range(p):
        past = (phi[:, :k] * r[:, k:0:-1]).sum(axis=1) if k else 0.0
        r[:, k + 1] = partial[:, k] * left + past
        phi = _longer(phi, partial[:, k], k)
        left = left * (1 - partial[:, k] ** 2)
    for k in range(p + 1, n if p else 0):
        r[:, k] = (phi * r[:, k - p : k][:, ::-1]).sum(axis=1)
    return r[:, :n]


def _longer(phi: np.ndarray, partial: np.ndarray, k: int) -> np.ndarray:
    """Coefficients of AR(k + 1) from those of AR(k): Durbin and Levinson."""
    longer = phi.copy()
    longer[:, :k] -= partial[:, None] * phi[:, :k][:, ::-1]
    longer[:, k] = partial
    return longer


def _averaged(pools: list[_Pool], data: _Data, notes: tuple[str, ...]) -> Estimate:
    weight = np.concatenate([pool.weight for pool in pools])
    weight = np.exp(weight - weight.max())
    weight = weight / weight.sum()
    params, cov, scale = (
        np.concatenate([getattr(pool, name) for pool in pools])
        for name in ("params", "cov", "scale")
    )
    beta = weight @ params
    apart = params - beta
    total = np.einsum("b,bkl->kl", weight, cov) + (weight[:, None] * apart).T @ apart
    order, typical, noise = _typical(pools, weight)
    resid = data.y - data.X @ beta
    white = _whitened(resid.T, typical, order, data)[0][0].T.ravel() * data.spread
    back = data.spread / data.length
    fitted = (data.X @ beta).ravel() * data.spread
    return Estimate(
        beta * back,
        total * np.outer(back, back),
        data.df,
        fitted,
        white,
        float(weight @ scale) * data.spread**2,
        noise,
        notes,
    )


def _typical(pools: list[_Pool], weight: np.ndarray):
    """Mean partial autocorrelations over all orders (0 beyond one), and the ratio."""
    most = max(pool.order for pool in pools)
    partial = np.concatenate(
        [
            np.pad(
                _EDGE * np.tanh(pool.theta[:, : pool.order]),
                ((0, 0), (0, most - pool.order)),
            )
            for pool in pools
        ]
    )
    mean = weight @ partial
    phi = np.zeros((1, most))
    for k in range(most):
        phi = _longer(phi, mean[None, k], k)
    noise = {f"ar.L{k + 1}": float(value) for k, value in enumerate(phi[0])}
    size = np.concatenate([np.full(len(pool.theta), pool.order) for pool in pools])
    noise["mean_order"] = float(weight @ size)
    typical = np.arctanh(mean / _EDGE)
    if pools[0].theta.shape[1] > pools[0].order:
        log_ratio = weight @ np.concatenate([pool.theta[:, -1] for pool in pools])
        noise["sd_ratio"] = float(np.exp(log_ratio))
        typical = np.r_[typical, log_ratio]
    return most, typical[None, :], noise

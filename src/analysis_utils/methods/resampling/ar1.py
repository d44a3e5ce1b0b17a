"""Regression with AR(1) errors of many outcomes at once: profiled REML, Prais-Winsten.

With V(rho) the correlation of an AR(1), X'V^-1 X = A0 - rho A1 + rho^2 A2, and so are
X'V^-1 y and y'V^-1 y. After one pass over the data, every rho of every draw costs a
k x k system and no longer a transformed design.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import number
from .batches import batch_sizes, one_blas_thread
from .design import Orthonormal, as_outcomes, orthonormal

BATCH = 1000
GRID = np.tanh(np.linspace(-3.5, 3.5, 61))  # from -.998 to .998
STEPS = 40


@dataclass(frozen=True)
class AR1Fits:
    """`params`, `bse` (coefficients, draws); `rho`, `sigma2` (innovations) by draw."""

    params: np.ndarray
    bse: np.ndarray
    rho: np.ndarray
    sigma2: np.ndarray
    names: list[str]


@dataclass(frozen=True)
class _Quadratic:
    """Coefficients of 1, -rho, rho^2 in q'V^-1 q, q'V^-1 e and e'V^-1 e."""

    designs: np.ndarray  # (3, k, k)
    scores: np.ndarray  # (3, draws, k)
    squares: np.ndarray  # (3, draws)


def fit_ar1_reml(
    outcomes: np.ndarray | pd.DataFrame,
    design: np.ndarray | pd.DataFrame,
    rho: float | None = None,
) -> AR1Fits:
    """Fit y = X b + u, u[t] = rho u[t-1] + e[t], by restricted maximum likelihood.

    outcomes: (n,) or (n, draws). rho: profiled, or fixed if given. Given rho the
    estimates are generalized least squares, sigma2 = RSS / (n - k); use Student's t
    with n - k degrees of freedom. Equal to R's nlme::gls(corAR1, method="REML").
    Raises NotTestable for collinear or missing data.

    >>> X = np.column_stack([np.ones(30), np.arange(30.0)])
    >>> noise = 0.01 * np.random.default_rng(1).standard_normal(30)
    >>> fit_ar1_reml(X @ [1.0, 2.0] + noise, X, rho=0.0).params[:, 0].round(1)
    array([1., 2.])
    """
    if rho is not None and not -1 < number(rho, "rho") < 1:
        raise NotTestable(f"rho lies between -1 and 1, not {rho!r}.")
    basis = orthonormal(design)
    y = as_outcomes(outcomes, basis.shape[0], basis.rows)
    parts, start = [], 0
    with one_blas_thread():
        for size in batch_sizes(y.shape[1], BATCH):
            parts.append(_fit_block(y[:, start : start + size], basis, rho))
            start += size
    params, bse, rhos, sigma2 = (
        np.concatenate(item, axis=-1) for item in zip(*parts, strict=True)
    )
    return AR1Fits(params, bse, rhos, sigma2, basis.names)


def _fit_block(
    y: np.ndarray, basis: Orthonormal, rho: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n, k = basis.shape
    first = basis.q.T @ y
    residuals = y - basis.q @ first
    if ((residuals**2).sum(axis=0) <= 1e-24 * (y**2).sum(axis=0)).any():
        raise NotTestable(
            "An outcome is constant or an exact combination of the "
            "design: it has no errors to model."
        )
    quadratic = _expand(basis.q, residuals)
    rhos = (
        _maximize(quadratic, n - k) if rho is None else np.full(y.shape[1], float(rho))
    )
    shift, rss, information = _solve(quadratic, rhos)
    sigma2 = rss / (n - k)
    outward = basis.inverse()
    spread = np.einsum("ji,bil,jl->jb", outward, np.linalg.inv(information), outward)
    params = basis.back(first + shift.T)
    return params, np.sqrt(spread * sigma2), rhos, sigma2


def _expand(q: np.ndarray, e: np.ndarray) -> _Quadratic:
    """One pass over the data: products at distance 0 and 1, ends counted once."""
    inner_q, inner_e = q[1:-1], e[1:-1]
    cross = q[1:].T @ q[:-1]
    return _Quadratic(
        np.stack([q.T @ q, cross + cross.T, inner_q.T @ inner_q]),
        np.stack([e.T @ q, e[:-1].T @ q[1:] + e[1:].T @ q[:-1], inner_e.T @ inner_q]),
        np.stack(
            [
                (e**2).sum(axis=0),
                2 * (e[1:] * e[:-1]).sum(axis=0),
                (inner_e**2).sum(axis=0),
            ]
        ),
    )


def _at(terms: np.ndarray, rho: np.ndarray | float, slope: bool = False) -> np.ndarray:
    """Evaluate terms[0] - rho terms[1] + rho^2 terms[2], or its derivative."""
    if isinstance(rho, np.ndarray) and rho.ndim:
        rho = rho.reshape(rho.shape + (1,) * (terms.ndim - 2))
    if slope:
        return 2 * rho * terms[2] - terms[1]
    return terms[0] - rho * terms[1] + rho**2 * terms[2]


def _solve(
    quadratic: _Quadratic, rho: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients of q (draws, k), residual sums of squares, q'V^-1 q at each rho."""
    information = _at(quadratic.designs[:, None], rho)
    scores = _at(quadratic.scores, rho)
    shift = np.linalg.solve(information, scores[:, :, None])[:, :, 0]
    rss = _at(quadratic.squares, rho) - np.einsum("bk,bk->b", shift, scores)
    return shift, rss, information


def _deviance(quadratic: _Quadratic, rho: float, df: int) -> np.ndarray:
    """Minus twice the restricted log-likelihood, sigma2 profiled out, by draw."""
    information = _at(quadratic.designs, rho)
    scores = _at(quadratic.scores, rho)
    explained = np.einsum("bk,bk->b", scores @ np.linalg.inv(information), scores)
    rss = _at(quadratic.squares, rho) - explained
    return df * np.log(rss) - np.log1p(-(rho**2)) + np.linalg.slogdet(information)[1]


def _gradient(quadratic: _Quadratic, rho: np.ndarray, df: int) -> np.ndarray:
    """Derivative of the deviance with respect to rho (envelope theorem)."""
    shift, rss, information = _solve(quadratic, rho)
    designs = _at(quadratic.designs[:, None], rho, slope=True)
    rss_slope = (
        _at(quadratic.squares, rho, slope=True)
        - 2 * np.einsum("bk,bk->b", shift, _at(quadratic.scores, rho, slope=True))
        + np.einsum("bi,bij,bj->b", shift, designs, shift)
    )
    trace = np.trace(np.linalg.solve(information, designs), axis1=1, axis2=2)
    return df * rss_slope / rss + 2 * rho / (1 - rho**2) + trace


def _maximize(quadratic: _Quadratic, df: int) -> np.ndarray:
    """Best point of the grid, then the zero of the gradient between its neighbours."""
    deviances = np.stack([_deviance(quadratic, rho, df) for rho in GRID])
    best = np.clip(deviances.argmin(axis=0), 1, len(GRID) - 2)
    return _zero(
        lambda rho: _gradient(quadratic, rho, df), GRID[best - 1], GRID[best + 1]
    )


def _zero(
    function: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Find where a function grows through 0 between `low` and `high`, by draw.

    Regula falsi with the Illinois rule. Without a change of sign the optimum is the
    end of the grid, which is returned.
    """
    f_low, f_high = function(low), function(high)
    edge, inside = np.where(f_low > 0, low, high), (f_low < 0) & (f_high > 0)
    found, was_below = edge, np.zeros(len(low), dtype=int)
    for _ in range(STEPS):
        width = np.where(inside, f_high - f_low, 1)
        previous, found = (
            found,
            np.where(inside, (low * f_high - high * f_low) / width, edge),
        )
        if np.abs(found - previous).max() < 1e-13:
            break
        value = function(found)
        below = value < 0
        f_low = np.where(below, value, np.where(was_below == -1, f_low / 2, f_low))
        f_high = np.where(below, np.where(was_below == 1, f_high / 2, f_high), value)
        low, high = np.where(below, found, low), np.where(below, high, found)
        was_below = np.where(below, 1, -1)
    return found

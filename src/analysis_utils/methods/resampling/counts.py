"""Log-linear models of many count outcomes at once: Poisson, quasi-Poisson, NB2.

Iteratively reweighted least squares in batches, on an orthonormalized design.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import flag, number, one_of
from .batches import batch_sizes, one_blas_thread
from .design import Orthonormal, as_outcomes, labelled, numbers_of, orthonormal
from .newey_west import bartlett_sums, checked_lags

FAMILIES = ("poisson", "quasipoisson", "negativebinomial")
CACHE = 65_536
STEPS = 50
SMALL_STEP = 1e-9  # of the linear predictor; the next step would be its square


@dataclass(frozen=True)
class CountFits:
    """Estimates (coefficients, draws) on the log scale; NaN where not `converged`.

    `dispersion`: Pearson's chi-squared / (n - k), by draw. `converged`: False where
    the estimate does not exist (separation: all zeros before or after) or was not
    reached in 50 steps; such a draw has no number.
    """

    params: np.ndarray
    bse: np.ndarray
    dispersion: np.ndarray
    converged: np.ndarray
    names: list[str]


def fit_counts(
    outcomes: np.ndarray | pd.DataFrame,
    design: np.ndarray | pd.DataFrame,
    *,
    offset: np.ndarray | pd.Series | None = None,
    family: str = "quasipoisson",
    alpha: float | None = None,
    maxlags: int | None = None,
    use_correction: bool = False,
) -> CountFits:
    """Fit log E[y] = X b + offset to each column of `outcomes` (n, draws).

    family: "poisson" (variance mu), "quasipoisson" (dispersion * mu) or
    "negativebinomial" (mu + alpha mu^2, `alpha` fixed). maxlags: Newey-West errors
    instead of those of the family; use_correction multiplies them by n / (n - k).
    Equal to statsmodels' GLM. Raises NotTestable for negative or missing counts.

    >>> y = np.array([2, 4, 3, 9, 8, 10])
    >>> law = np.array([[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1]])
    >>> np.exp(fit_counts(y, law).params[:, 0]).round(3)
    array([3., 3.])
    """
    alpha = _checked_alpha(family, alpha)
    flag(use_correction, "use_correction")
    basis = orthonormal(design)
    n, k = basis.shape
    maxlags = checked_lags(maxlags, n)
    y = _checked(outcomes, n, basis.rows)
    offset = labelled(offset, basis.rows, "The offset")
    shift = np.zeros(n) if offset is None else _checked_offset(offset, n)
    parts, start = [], 0
    with one_blas_thread():
        for size in batch_sizes(y.shape[1], max(1, CACHE // n)):
            block = y[:, start : start + size]
            parts.append(_fit_block(block, basis, shift[:, None], alpha, maxlags))
            start += size
    params, variance, dispersion, converged = (
        np.concatenate(item, axis=-1) for item in zip(*parts, strict=True)
    )
    if maxlags is None and family == "quasipoisson":
        variance = variance * dispersion
    if maxlags is not None and use_correction:
        variance = variance * n / (n - k)
    for values in (params, variance, dispersion):
        values[..., ~converged] = np.nan
    return CountFits(params, np.sqrt(variance), dispersion, converged, basis.names)


def _fit_block(
    y: np.ndarray,
    basis: Orthonormal,
    offset: np.ndarray,
    alpha: float,
    maxlags: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients, variances, dispersion and convergence of one block."""
    n, k = basis.shape
    products = np.einsum("ti,tj->tij", basis.q, basis.q).reshape(n, k * k)
    with np.errstate(all="ignore"):  # draws that diverge are marked, not printed
        coefficients, mu, converged = _irls(y, basis.q, products, offset, alpha)
        weights = mu / (1 + alpha * mu)
        bread = _inverse(_information(weights, products))
        outward = basis.inverse()
        if maxlags is None:
            variance = np.einsum("ji,bil,jl->jb", outward, bread, outward)
        else:
            variance = _newey_west(y, mu, basis.q, products, alpha, outward, maxlags)
        dispersion = ((y - mu) ** 2 / (mu + alpha * mu**2)).sum(axis=0) / (n - k)
    return basis.back(coefficients), variance, dispersion, converged


def _irls(
    y: np.ndarray, q: np.ndarray, products: np.ndarray, offset: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Iterate all draws together until the linear predictor of each stands still.

    The first step weighs by the expected information, the others by the observed one:
    Newton's steps, quadratic for the negative binomial too.
    """
    mu = (y + y.mean(axis=0)) / 2
    predictor = np.log(mu)
    weights = mu / (1 + alpha * mu)
    for _ in range(STEPS):
        errors = (y - mu) / (1 + alpha * mu)
        scores = q.T @ (weights * (predictor - offset) + errors)
        information = _information(weights, products)
        coefficients = _solve(information, scores.T[:, :, None])[:, :, 0].T
        new = q @ coefficients + offset
        step = np.abs(new - predictor).max(axis=0)
        predictor, mu = new, np.exp(new)
        weights = _observed_weights(y, mu, alpha)
        moving = step > SMALL_STEP
        if not moving.any():
            break
    return coefficients, mu, ~(moving | np.isnan(step))


def _observed_weights(y: np.ndarray, mu: np.ndarray, alpha: float) -> np.ndarray:
    return mu * (1 + alpha * y) / (1 + alpha * mu) ** 2


def _information(weights: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return q'Wq of each draw: (draws, k, k)."""
    k = int(np.sqrt(products.shape[1]))
    return (weights.T @ products).reshape(-1, k, k)


def _solve(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve for each draw; NaN for those that have diverged or become singular."""
    good = np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=(1, 2))
    solution = np.full(right.shape, np.nan)
    try:
        solution[good] = np.linalg.solve(matrices[good], right[good])
    except np.linalg.LinAlgError:  # one of them: find out which
        for draw in np.flatnonzero(good):
            if np.linalg.matrix_rank(matrices[draw]) == matrices.shape[1]:
                solution[draw] = np.linalg.solve(matrices[draw], right[draw])
    return solution


def _inverse(matrices: np.ndarray) -> np.ndarray:
    return _solve(matrices, np.broadcast_to(np.eye(matrices.shape[1]), matrices.shape))


def _newey_west(
    y: np.ndarray,
    mu: np.ndarray,
    q: np.ndarray,
    products: np.ndarray,
    alpha: float,
    outward: np.ndarray,
    maxlags: int,
) -> np.ndarray:
    """Sandwich with Bartlett weights, bread by the observed information."""
    errors = (y - mu) / (1 + alpha * mu)
    bread = _inverse(_information(_observed_weights(y, mu, alpha), products))
    rows = np.einsum("ji,bil->jlb", outward, bread)
    return np.stack([bartlett_sums((q @ row) * errors, maxlags) for row in rows])


def _checked(
    outcomes: np.ndarray | pd.DataFrame, n: int, rows: pd.Index | None
) -> np.ndarray:
    y = as_outcomes(outcomes, n, rows)
    if (y < 0).any():
        raise NotTestable("Counts cannot be negative.")
    return y


def _checked_offset(offset: np.ndarray | pd.Series, n: int) -> np.ndarray:
    shift = numbers_of(offset, "The offset")
    if shift.shape != (n,) or not np.isfinite(shift).all():
        raise NotTestable(
            f"The offset needs {n} finite values (logarithms of the "
            "population or of the days at risk, all positive)."
        )
    return shift


def _checked_alpha(family: str, alpha: float | None) -> float:
    if one_of(family, FAMILIES, "family") != "negativebinomial":
        return 0.0
    if alpha is None or not number(alpha, "alpha") > 0:
        raise NotTestable(
            "family 'negativebinomial' needs a fixed alpha > 0, for "
            "example the one estimated on the observed series."
        )
    return float(alpha)

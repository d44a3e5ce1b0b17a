"""Least squares of many outcomes on one design, with classical or Newey-West errors.

One QR decomposition serves all draws. The influence vector a_j of a coefficient gives
it as b_j = a_j'y and its Newey-West variance as the Bartlett sum of a_j * residuals.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .batches import batch_sizes, one_blas_thread
from .design import Orthonormal, as_outcomes, orthonormal
from .newey_west import bartlett_sums, checked_lags

CACHE = 32_768  # numbers in one block of outcomes: it and its copies stay in cache


@dataclass(frozen=True)
class Fits:
    """Estimates of many fits: `params` and `bse` are (coefficients, draws)."""

    params: np.ndarray
    bse: np.ndarray
    names: list[str]

    @property
    def tvalues(self) -> np.ndarray:
        """Estimates divided by their standard errors."""
        return self.params / self.bse


class LinearEngine:
    """Least squares with the design X (n, k), given once, for any outcomes (n, draws).

    Equal to `statsmodels.OLS(y, X).fit(cov_type=...)` in coefficients and standard
    errors. Raises NotTestable for collinear columns, missing values, n <= k.
    """

    def __init__(self, design: np.ndarray | pd.DataFrame) -> None:
        self.design: Orthonormal = orthonormal(design)
        self._inverse = self.design.inverse()
        self.influence = self.design.q @ self._inverse.T

    def fit(
        self,
        outcomes: np.ndarray | pd.DataFrame,
        coefficients: list[int | str] | None = None,
        *,
        maxlags: int | None = None,
        use_correction: bool = False,
    ) -> Fits:
        """Fit all columns of `outcomes`.

        coefficients: which ones to return (default: all; one is several times
        faster). maxlags: of Newey-West errors; None gives classical ones.
        use_correction: multiply the Newey-West variance by n / (n - k), as Stata does
        and statsmodels does not by default.
        """
        n, k = self.design.shape
        y = as_outcomes(outcomes, n, self.design.rows)
        maxlags = checked_lags(maxlags, n)
        wanted = (
            list(range(k))
            if coefficients is None
            else [self.design.position(item) for item in coefficients]
        )
        params, variance = np.empty((2, len(wanted), y.shape[1]))
        start = 0
        with one_blas_thread():
            for size in batch_sizes(y.shape[1], max(1, CACHE // n)):
                part = slice(start, start + size)
                self._fit_block(
                    y[:, part], wanted, maxlags, params[:, part], variance[:, part]
                )
                start += size
        if maxlags is not None and use_correction:
            variance *= n / (n - k)
        return Fits(params, np.sqrt(variance), [self.design.names[j] for j in wanted])

    def _fit_block(
        self,
        y: np.ndarray,
        wanted: list[int],
        maxlags: int | None,
        params: np.ndarray,
        variance: np.ndarray,
    ) -> None:
        """Fill `params` and `variance` for one block of outcomes."""
        n, k = self.design.shape
        scores = self.design.q.T @ y
        residuals = self.design.q @ scores
        np.subtract(y, residuals, out=residuals)
        params[:] = self.design.back(scores)[wanted]
        if maxlags is None:
            sigma2 = np.einsum("tb,tb->b", residuals, residuals) / (n - k)
            spread = (self._inverse[wanted] ** 2).sum(axis=1)
            variance[:] = spread[:, None] * sigma2
            return
        for row, j in enumerate(wanted):
            last = row == len(wanted) - 1
            terms = np.multiply(
                self.influence[:, [j]], residuals, out=residuals if last else None
            )
            variance[row] = bartlett_sums(terms, maxlags, overwrite=True)

"""Designs made orthonormal: QR with column scaling, or a refusal if collinear."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from analysis_utils.asking import NotTestable


@dataclass(frozen=True)
class Orthonormal:
    """X = q @ triangle * scale, q'q = I.

    Scaling the columns to length 1 before the decomposition keeps standard errors
    exact where cond(X) is 1e10 (NIST: Longley, Filip).
    """

    q: np.ndarray
    triangle: np.ndarray
    scale: np.ndarray
    names: list[str]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of X."""
        return self.q.shape

    def back(self, coefficients: np.ndarray) -> np.ndarray:
        """Turn coefficients of q (k, draws) into coefficients of X."""
        solution = solve_triangular(self.triangle, coefficients, check_finite=False)
        return solution / self.scale[:, None]

    def inverse(self) -> np.ndarray:
        """Return C (k, k) with `back(c) = C @ c`; (X'X)^-1 = C C'."""
        return self.back(np.eye(len(self.scale)))

    def position(self, coefficient: int | str) -> int:
        """Return the column of a coefficient given by name or number."""
        if isinstance(coefficient, str):
            if coefficient not in self.names:
                raise NotTestable(
                    f"No coefficient {coefficient!r}; the design has "
                    f"{', '.join(self.names)}."
                )
            return self.names.index(coefficient)
        return range(len(self.names))[coefficient]


def orthonormal(design: np.ndarray | pd.DataFrame) -> Orthonormal:
    """Decompose a design (n, k); refuse missing values, n <= k and collinearity."""
    matrix = np.asarray(design, dtype="float64")
    if matrix.ndim != 2:
        raise NotTestable(
            f"A design has rows and columns; its shape is {matrix.shape}."
        )
    names = [str(name) for name in getattr(design, "columns", range(matrix.shape[1]))]
    if not np.isfinite(matrix).all():
        column = names[int(np.argmin(np.isfinite(matrix).all(axis=0)))]
        raise NotTestable(f"The design has missing or infinite values in {column}.")
    n, k = matrix.shape
    if n <= k:
        raise NotTestable(
            f"{n} periods cannot identify {k} coefficients and a variance."
        )
    scale = np.sqrt((matrix**2).sum(axis=0))
    scale[scale == 0] = 1
    q, triangle = np.linalg.qr(matrix / scale)
    tiny = np.abs(np.diag(triangle)) < n * np.finfo(float).eps
    if tiny.any():
        raise NotTestable(
            f"Column {names[int(np.argmax(tiny))]} of the design is a combination of "
            "those before it: its coefficient cannot be estimated."
        )
    return Orthonormal(q, triangle, scale, names)


def as_outcomes(outcomes: np.ndarray | pd.DataFrame, n: int) -> np.ndarray:
    """Return outcomes as (n, draws), finite and as long as the design."""
    matrix = np.asarray(outcomes, dtype="float64")
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or matrix.shape[0] != n:
        raise NotTestable(
            f"Outcomes must have the {n} rows of the design, one column "
            f"for each draw; their shape is {np.shape(outcomes)}."
        )
    if not np.isfinite(matrix).all():
        raise NotTestable("Outcomes have missing or infinite values.")
    return matrix

"""Designs made orthonormal: QR with column scaling, or a refusal if collinear."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from analysis_utils.asking import NotTestable

from ..arguments import whole

__all__: list[str] = []  # all of it serves the engines


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
    rows: pd.Index | None = None

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
        return whole(coefficient, "coefficient", most=len(self.names) - 1)


def orthonormal(design: np.ndarray | pd.DataFrame) -> Orthonormal:
    """Decompose a design (n, k); refuse missing values, n <= k and collinearity."""
    matrix = numbers_of(design, "The design")
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
    return Orthonormal(q, triangle, scale, names, _labels(design))


def numbers_of(values: object, what: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype="float64")
    except (TypeError, ValueError) as error:
        raise NotTestable(f"{what} must hold numbers only: {error}.") from error


def _labels(values: object) -> pd.Index | None:
    """Labels of rows that mean something; None for arrays and rows merely counted."""
    index = values.index if isinstance(values, pd.Series | pd.DataFrame) else None
    return None if isinstance(index, pd.RangeIndex) else index


def labelled(values, rows: pd.Index | None, what: str):
    """Return values in the order of the labels `rows`, if both have labels.

    >>> labelled(pd.Series([1, 2], ["b", "a"]), pd.Index(["a", "b"]), "y").tolist()
    [2, 1]
    """
    own = _labels(values)
    if own is None or rows is None or own.equals(rows):
        return values
    if own.has_duplicates or rows.has_duplicates or set(own) != set(rows):
        raise NotTestable(f"{what} has other row labels than the design.")
    return values.loc[rows]


def as_outcomes(
    outcomes: np.ndarray | pd.DataFrame, n: int, rows: pd.Index | None = None
) -> np.ndarray:
    """Return outcomes as (n, draws), finite, in the order of the design's labels."""
    matrix = numbers_of(labelled(outcomes, rows, "The outcome"), "Outcomes")
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or matrix.shape[0] != n:
        raise NotTestable(
            f"Outcomes must have the {n} rows of the design, one column "
            f"for each draw; their shape is {np.shape(outcomes)}."
        )
    if not np.isfinite(matrix).all():
        raise NotTestable("Outcomes have missing or infinite values.")
    return matrix


def event_bases(
    base: Orthonormal, events: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormalize what the base leaves of each date's columns.

    Returns q (dates, n, d), triangles (dates, d, d), sizes (dates, d): what is left
    is q @ triangle * size.
    """
    left = events - base.q @ (base.q.T @ events)
    sizes = np.sqrt((events**2).sum(axis=1))
    sizes[sizes == 0] = 1
    q, triangles = np.linalg.qr(left / sizes[:, None, :])
    diagonal = np.abs(np.diagonal(triangles, axis1=1, axis2=2))
    lost = np.flatnonzero((diagonal < 1e-9).any(axis=1))
    if len(lost):
        raise NotTestable(
            f"Event {lost[0]} (counted from 0) cannot be told from the trend and the "
            "other columns: too few periods before or after it."
        )
    return q, triangles, sizes

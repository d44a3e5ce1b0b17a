"""In-time placebos: the same model refitted with its event moved to other dates.

Frisch-Waugh-Lovell: trend, seasonality and covariates are projected out once; what is
left of an event are one or two columns for each date.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import flag, whole
from .batches import one_blas_thread
from .design import Orthonormal, as_outcomes, numbers_of, orthonormal
from .newey_west import bartlett_sums, checked_lags

__all__ = ["event_columns", "placebo_fits"]

CACHE = 32_768


@dataclass(frozen=True)
class PlaceboFits:
    """`params` and `bse` of one coefficient: (dates, draws)."""

    params: np.ndarray
    bse: np.ndarray

    @property
    def tvalues(self) -> np.ndarray:
        """Estimates divided by their standard errors."""
        return self.params / self.bse


def event_columns(
    n: int, positions: np.ndarray, *, slope: bool = True, ramp_start: int = 0
) -> np.ndarray:
    """Return step and ramp columns of events at `positions`: (dates, n, 1 or 2).

    The step is 1 from the position on; the ramp is `ramp_start` there and grows by 1.

    >>> event_columns(4, [2])[0].T.astype(int)
    array([[0, 0, 1, 1],
           [0, 0, 0, 1]])
    """
    n = whole(n, "n", least=1)
    flag(slope, "slope")
    whole(ramp_start, "ramp_start", most=1)
    places = [whole(place, "position", most=n - 1) for place in listed(positions)]
    since = np.arange(n)[None, :] - np.array(places)[:, None]
    step = (since >= 0).astype(float)
    columns = [step, step * (since + ramp_start)] if slope else [step]
    return np.stack(columns, axis=2)


def listed(positions: object) -> list:
    """Positions as a list, refused unless there is one at least.

    >>> listed(np.array([3, 4]))
    [3, 4]
    """
    try:
        found = list(np.asarray(positions).tolist())
    except (TypeError, ValueError) as error:
        raise NotTestable(f"positions is a list of rows, not {positions!r}.") from error
    if not found:
        raise NotTestable("positions is empty: name one row at least.")
    return found


def placebo_fits(
    outcomes: np.ndarray | pd.DataFrame,
    base: np.ndarray | pd.DataFrame,
    events: np.ndarray,
    tested: int = 0,
    *,
    maxlags: int | None = None,
    use_correction: bool = False,
) -> PlaceboFits:
    """Fit y = base b + events[date] g + e for each date and each outcome.

    outcomes: (n,) or (n, draws). base: (n, p), with the constant. events: (dates, n,
    d), as `event_columns` makes them. tested: the column of events whose coefficient
    is returned. maxlags: of Newey-West errors, None for classical. Equal to
    statsmodels' OLS of each date. Raises NotTestable for a date whose columns cannot
    be told from the base.

    >>> y = np.array([1.0, 1.2, 0.9, 1.1, 3.0, 3.2, 2.9, 3.1])
    >>> base = np.ones((8, 1))
    >>> dates = event_columns(8, [2, 4], slope=False)
    >>> placebo_fits(y, base, dates).params[:, 0].round(2)
    array([1.27, 2.  ])
    """
    basis = orthonormal(base)
    n, p = basis.shape
    y = as_outcomes(outcomes, n, basis.rows)
    events = _checked_events(events, n)
    tested = whole(tested, "tested", most=events.shape[2] - 1)
    maxlags = checked_lags(maxlags, n)
    flag(use_correction, "use_correction")
    if n <= p + events.shape[2]:
        raise NotTestable(f"{n} periods are too few for {p} columns and an event.")
    q, triangles, sizes = event_bases(basis, events)
    inverse = np.linalg.inv(triangles)
    influence = np.einsum("dtc,dc->dt", q, inverse[:, tested] / sizes[:, [tested]])
    with one_blas_thread():
        y = y - basis.q @ (basis.q.T @ y)
        width = max(1, CACHE // n)
        blocks = [
            _fit_dates(y[:, i : i + width], q, influence, maxlags)
            for i in range(0, y.shape[1], width)
        ]
    params = np.concatenate([block[0] for block in blocks], axis=1)
    variance = np.concatenate([block[1] for block in blocks], axis=1)
    df = n - p - events.shape[2]
    if maxlags is None:
        variance *= np.einsum("dt,dt->d", influence, influence)[:, None] / df
    elif use_correction:
        variance *= n / df
    return PlaceboFits(params, np.sqrt(variance))


def _checked_events(events: object, n: int) -> np.ndarray:
    """Columns of events, one block (n, d) a date."""
    found = numbers_of(events, "Events")
    if found.ndim != 3 or found.shape[1] != n or not found.size:
        raise NotTestable(
            f"Events have the shape (dates, {n}, columns), as event_columns makes "
            f"them, not {found.shape}."
        )
    if not np.isfinite(found).all():
        raise NotTestable("Events have missing or infinite values.")
    return found


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


def _fit_dates(
    y: np.ndarray, q: np.ndarray, influence: np.ndarray, maxlags: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and variances (dates, draws); without lags, variance is the RSS."""
    params = influence @ y
    variance = np.empty_like(params)
    if y.shape[1] < len(q):  # the shorter of the two is looped over
        for draw, series in enumerate(y.T):
            residuals = series - np.einsum("dtc,dc->dt", q, series @ q)
            variance[:, draw] = _spread(residuals, influence, maxlags, axis=1)
        return params, variance
    for date, (basis, vector) in enumerate(zip(q, influence, strict=True)):
        residuals = y - basis @ (basis.T @ y)
        variance[date] = _spread(residuals, vector[:, None], maxlags, axis=0)
    return params, variance


def _spread(
    residuals: np.ndarray, influence: np.ndarray, maxlags: int | None, axis: int
) -> np.ndarray:
    """Residual sum of squares, or Newey-West variance of the coefficient."""
    if maxlags is None:
        return (residuals**2).sum(axis=axis)
    residuals *= influence
    return bartlett_sums(residuals, maxlags, axis, overwrite=True)

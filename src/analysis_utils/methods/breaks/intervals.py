"""Confidence intervals of break dates: Bai 1997, Rev. Econ. Stat. 79:551."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from ..resampling.ar1 import fit_ar1_reml

__all__: list[str] = []  # all of it serves `find_breaks`


def argmax_tail(s: float, xi: float, phi1: float, phi2: float) -> float:
    """Probability that the maximum of Bai's limit process lies beyond s, away from 0.

    Before 0 the process is a Brownian motion with drift -|s|/2, after 0 one with
    variance xi (phi2/phi1)^2 and drift -xi s/2. A path has its maximum at s if it first
    reaches its top there, never exceeds it later, and the other side stays below: that
    density, integrated over the height of the top and then from s on. `s` = 0.0 means
    the side after 0, -0.0 the side before.
    """
    before, after = (0.5, 1.0), (xi / 2, np.sqrt(xi) * phi2 / phi1)
    first = np.signbit(s)
    (drift, sd), (other_drift, other_sd) = (before, after) if first else (after, before)
    tilted = drift + 2 * other_drift / other_sd**2 * sd**2
    growth = (tilted**2 - drift**2) / (2 * sd**2)
    root = np.sqrt(abs(s)) / sd
    z = drift * root
    reached = (
        tilted / drift * ndtr(-z) - np.exp(growth * abs(s) + log_ndtr(-tilted * root))
    ) / growth
    later = (sd / drift) ** 2 * (
        z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi) + ndtr(-z)
    ) - abs(s) * ndtr(-z)
    return float(2 * drift / sd**2 * (tilted * reached - drift * later))


def argmax_quantiles(
    xi: float, phi1: float, phi2: float, tail: float
) -> tuple[float, float]:
    """Return the `tail` and `1 - tail` quantiles of the place of that maximum.

    NaN if more than 1 - tail of it lies on one side: then no interval exists.
    """

    def excess(s: float) -> float:
        return argmax_tail(s, xi, phi1, phi2) - tail

    if min(excess(-0.0), excess(0.0)) <= 0:
        return np.nan, np.nan
    low, high = -1.0, 1.0
    while excess(low) > 0:
        low *= 2
    while excess(high) > 0:
        high *= 2
    return brentq(excess, low, -0.0), brentq(excess, 0.0, high)


def break_interval(
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    cut: int,
    tail: float,
    autocorrelated: bool = False,
) -> tuple[int, int]:
    """Return the interval of a cut (rows before the break) between two segments.

    before, after: (y, design) of the segments. Regressors and error variances may
    differ between them. Rounded outwards, as R's strucchange does. `autocorrelated`:
    the errors' variance is the long-run one, which is what Bai's limit needs then.
    """
    fits = [_fit(*segment) for segment in (before, after)]
    if min(fit[2] for fit in fits) <= 1e-12 * max(fit[2] for fit in fits):
        raise ArithmeticError("one segment does not vary: the date has no distribution")
    jump = fits[1][0] - fits[0][0]
    moment = [float(jump @ fit[1] @ jump) for fit in fits]
    ratio = _long_run_ratio(before, after) if autocorrelated else 1.0
    phi = [np.sqrt(fit[2] * ratio) for fit in fits]
    low, high = argmax_quantiles(moment[1] / moment[0], *phi, tail)
    if np.isnan(low):
        raise ArithmeticError("the distribution of the date lies on one side")
    unit = fits[0][2] * ratio / moment[0]
    return cut - int(np.ceil(high * unit)), cut - int(np.floor(low * unit))


def _long_run_ratio(before: tuple, after: tuple) -> float:
    """Long-run over plain variance of the errors of both segments, from an AR(1).

    The REML estimate of rho, which least squares underestimates in short segments,
    held below 0.97, beyond which a break and a random walk cannot be told apart.
    """
    (y1, x1), (y2, x2) = before, after
    width = x1.shape[1]
    design = np.zeros((len(y1) + len(y2), 2 * width))
    design[: len(y1), :width], design[len(y1) :, width:] = x1, x2
    rho = float(fit_ar1_reml(np.r_[y1, y2], design).rho[0])
    rho = min(max(rho, 0.0), 0.97)
    return (1 + rho) / (1 - rho)


def _fit(y: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, mean square of the regressors, error variance."""
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    errors = y - design @ solution
    return solution, design.T @ design / len(y), float(errors @ errors / len(y))

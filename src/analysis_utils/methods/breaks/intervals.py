"""Confidence intervals of break dates, for independent and for autocorrelated errors.

Independent: Bai 1997, Rev. Econ. Stat. 79:551. Autocorrelated: an inverted likelihood
ratio test (Eo and Morley 2015, Quantitative Economics 6:463), which covers where Bai's
limit with a long-run variance does not (docs/calibration.md).
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from ..resampling.design import event_bases, orthonormal
from .segments import Segments, residuals

__all__: list[str] = []  # all of it serves `find_breaks`

# Autocorrelations tried. Beyond the last a break and a random walk look the same.
RHOS = np.arange(-45, 49) / 50


def date_interval(
    segments: Segments, number: int, level: float, errors: str
) -> tuple[int, int] | None:
    """First and last cut of the interval of a break; None if it has none."""
    start, end = segments.around(number)
    y, design = segments.y[start:end], segments.design[start:end]
    at = segments.cuts[number] - start
    try:
        if errors == "autocorrelated":
            places = segments.places(number) - start
            low, high = likelihood_interval(y, design, places, level)
        else:
            before, after = ((y[side], design[side]) for side in _sides(at))
            low, high = break_interval(before, after, at, (1 - level) / 2)
    except ArithmeticError:
        return None
    return start + low, start + high


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
) -> tuple[int, int]:
    """Return the interval of a cut (rows before the break) between two segments.

    before, after: (y, design) of the segments. Regressors and error variances may
    differ between them. Rounded outwards, as R's strucchange does.
    """
    fits = [_fit(*segment) for segment in (before, after)]
    if min(fit[2] for fit in fits) <= 1e-12 * max(fit[2] for fit in fits):
        raise ArithmeticError("one segment does not vary: the date has no distribution")
    jump = fits[1][0] - fits[0][0]
    moment = [float(jump @ fit[1] @ jump) for fit in fits]
    phi = [np.sqrt(fit[2]) for fit in fits]
    low, high = argmax_quantiles(moment[1] / moment[0], phi[0], phi[1], tail)
    if np.isnan(low):
        raise ArithmeticError("the distribution of the date lies on one side")
    unit = fits[0][2] / moment[0]
    return cut - int(np.ceil(high * unit)), cut - int(np.floor(low * unit))


def likelihood_ratio_critical(level: float) -> float:
    """What the likelihood ratio of the true date stays below so often.

    Hansen 2000, Econometrica 68:575, theorem 1 and table 1.

    >>> [round(likelihood_ratio_critical(level), 2) for level in (0.9, 0.95, 0.99)]
    [5.94, 7.35, 10.59]
    """
    return float(-2 * np.log(-np.expm1(np.log(level) / 2)))


def likelihood_interval(
    y: np.ndarray, design: np.ndarray, cuts: np.ndarray, level: float
) -> tuple[int, int]:
    """First and last of the cuts that are not less likely than chance allows.

    y (n,), design (n, k): from the break before to the break after; errors AR(1). Each
    cut has its own coefficients and autocorrelation. Where one segment is noisier, the
    critical value grows by the ratio of its variance to that of both (Hansen's eta
    squared, the larger one).
    """
    if np.ptp(y) == 0:
        raise ArithmeticError("nothing moves: the date has no distribution")
    deviance, rho = deviances(y, design, cuts)
    best = int(np.argmin(deviance))
    parts = [residuals(y[side], design[side]) for side in _sides(int(cuts[best]))]
    shocks = [e[1:] - rho[best] * e[:-1] for e in parts]
    noise = [float(np.mean(part**2)) for part in shocks]
    noisier = max(noise) / float(np.mean(np.concatenate(shocks) ** 2))
    allowed = likelihood_ratio_critical(level) * noisier
    kept = cuts[deviance - deviance[best] <= allowed]
    return int(kept[0]), int(kept[-1])


def deviances(
    y: np.ndarray, design: np.ndarray, cuts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Minus twice the log-likelihood of each cut, but for a constant, and its rho.

    Gaussian AR(1) errors, exact likelihood; all coefficients change at the cut.
    """
    n = len(y)
    after = np.arange(n)[None, :, None] >= cuts[:, None, None]
    changes = after * design[None]
    least, at = np.full(len(cuts), np.inf), np.zeros(len(cuts))
    for rho in RHOS:
        base = orthonormal(_whitened(design, rho))
        q = event_bases(base, _whitened(changes, rho, axis=1))[0]
        left = _whitened(y, rho)
        left = left - base.q @ (base.q.T @ left)
        rss = left @ left - ((left @ q) ** 2).sum(axis=-1)
        if rss.min() <= 1e-12 * float(y @ y):
            raise ArithmeticError("segments fit without error: no date is uncertain")
        deviance = n * np.log(rss) - np.log1p(-(rho**2))
        better = deviance < least
        least[better], at[better] = deviance[better], rho
    return least, at


def _whitened(values: np.ndarray, rho: float, axis: int = 0) -> np.ndarray:
    """What an AR(1) leaves of values: independent, of the variance of its shocks."""
    moved = np.moveaxis(values, axis, 0)
    first = np.sqrt(1 - rho**2) * moved[:1]
    return np.moveaxis(np.concatenate([first, moved[1:] - rho * moved[:-1]]), 0, axis)


def _sides(cut: int) -> tuple[slice, slice]:
    return slice(None, cut), slice(cut, None)


def _fit(y: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, mean square of the regressors, error variance."""
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    errors = y - design @ solution
    return solution, design.T @ design / len(y), float(errors @ errors / len(y))

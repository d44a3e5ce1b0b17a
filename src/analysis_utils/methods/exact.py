"""Exact bounds for counts, also for none; equivalence.

Small counts have no normal interval, and a count of zero is a finding: it bounds the
rate from above.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable, Refused

from .arguments import number, one_of, share, whole

__all__ = ["equivalence", "poisson_interval", "poisson_prediction", "poisson_ratio"]

SIDES = ("two", "upper", "lower")


def poisson_interval(
    count: int, exposure: float = 1.0, alpha: float = 0.05, side: str = "two"
) -> tuple[float, float]:
    """Exact interval of a Poisson rate (Garwood 1936, Biometrika 28:437).

    count : events in `exposure` units of time or population. side : "two", or "upper"
        (from 0 to a bound that holds with 1 - alpha) or "lower" (bound to infinity).

    No event in 26 weeks: the rate is below 0.115 a week (the "rule of three", 3 / 26).

    >>> print("{:.3f} {:.4f}".format(*poisson_interval(0, 26, side="upper")))
    0.000 0.1152
    >>> print("{:.4f} {:.4f}".format(*poisson_interval(10)))
    4.7954 18.3904
    """
    k, size = whole(count, "count"), _positive(exposure, "exposure")
    share(alpha, "alpha")
    one_of(side, SIDES, "side")
    tail = alpha / 2 if side == "two" else alpha
    low = stats.chi2.ppf(tail, 2 * k) / 2 if k and side != "upper" else 0.0
    high = np.inf if side == "lower" else stats.chi2.isf(tail, 2 * k + 2) / 2
    return float(low / size), float(high / size)


def poisson_ratio(
    count: int,
    exposure: float,
    count0: int,
    exposure0: float,
    alpha: float = 0.05,
    side: str = "two",
) -> pd.Series:
    """Exact ratio of two Poisson rates, given their sum (Przyborowski & Wilenski 1940).

    Returns ratio (0 or infinite where a count is 0), lower, upper (Clopper-Pearson of
    the share of the first count) and p of equal rates, twice the smaller exact tail.

    >>> poisson_ratio(11, 3.2, 15, 10.6).round(3)
    ratio    2.429
    lower    1.009
    upper    5.660
    p        0.048
    dtype: float64
    """
    k1, k0 = whole(count, "count"), whole(count0, "count0")
    t1, t0 = _positive(exposure, "exposure"), _positive(exposure0, "exposure0")
    share(alpha, "alpha")
    one_of(side, SIDES, "side")
    if k1 + k0 == 0:
        raise NotTestable("Both counts are 0: their ratio may be anything.")
    words = {"two": "two-sided", "upper": "less", "lower": "greater"}
    n, null = k1 + k0, t1 / (t1 + t0)
    test = stats.binomtest(k1, n, null, words[side])
    part = test.proportion_ci(1 - alpha, method="exact")
    # twice the smaller tail, so that p < alpha exactly if the interval excludes 1
    tails = stats.binom.cdf(k1, n, null), stats.binom.sf(k1 - 1, n, null)
    p = min(1.0, 2 * float(min(tails)))
    ratio = np.inf if k0 == 0 else (k1 / t1) / (k0 / t0)
    odds = [np.inf if s >= 1 else s / (1 - s) for s in (part.low, part.high)]
    low, high = (float(value) * t0 / t1 for value in odds)
    return pd.Series({"ratio": ratio, "lower": low, "upper": high, "p": p})


def poisson_prediction(
    count: int, exposure: float, future: float, alpha: float = 0.05
) -> tuple[int, int]:
    """Range that holds a future count with probability 1 - alpha at least.

    count : events seen in `exposure`; future : exposure to come, at the same rate.
    Exact, from the share of the future in all events given their sum (Nelson 1970,
    Technometrics 12:437); it cannot be negative, and it is there for a count of 0.

    >>> poisson_prediction(0, 26, 13)
    (0, 3)
    >>> poisson_prediction(40, 52, 52)
    (24, 60)
    """
    k, seen = whole(count, "count"), _positive(exposure, "exposure")
    ahead = _positive(future, "future")
    share(alpha, "alpha")
    part = ahead / (ahead + seen)
    limit = 10 + int(20 * (k + 5) * max(1.0, ahead / seen))
    y = np.arange(limit)
    # y is inside unless seeing so few, or so many, given y + k would be rare
    few = stats.binom.cdf(y, y + k, part) <= alpha / 2
    many = stats.binom.sf(y - 1, y + k, part) <= alpha / 2
    inside = np.flatnonzero(~few & ~many)
    return int(inside[0]), int(inside[-1])


def equivalence(
    estimate: float, se: float, low: float, high: float, df: float = np.inf
) -> pd.Series:
    """Two one-sided tests: does the effect lie between `low` and `high`?

    Returns p (the larger of the two), and the interval that must lie inside for p < .05
    (90 %). "Not different from 0" does not say so; this does. Schuirmann 1987, Journal
    of Pharmacokinetics and Biopharmaceutics 15:657. df : of a t statistic.

    >>> equivalence(0.02, 0.03, -0.1, 0.1).round(4)
    p        0.0038
    lower   -0.0293
    upper    0.0693
    dtype: float64
    """
    spread = _positive(se, "se")
    middle = number(estimate, "estimate")
    if not number(low, "low") < number(high, "high"):
        raise Refused(f"low ({low}) must lie below high ({high}).")
    law = stats.norm if np.isinf(_positive(df, "df")) else stats.t(df)
    p = max(law.sf((middle - low) / spread), law.cdf((middle - high) / spread))
    reach = law.isf(0.05) * spread
    return pd.Series({"p": p, "lower": middle - reach, "upper": middle + reach})


def _positive(value: object, what: str) -> float:
    found = number(value, what, infinite=what == "df")
    if found <= 0:
        raise Refused(f"{what} {value!r} must be above 0.")
    return found

"""Exact bounds for counts, also for none; equivalence.

Small counts have no normal interval, and a count of zero is a finding: it bounds the
rate from above.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import Refused

from .arguments import number, one_of, share, whole

__all__ = ["equivalence", "poisson_interval"]

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

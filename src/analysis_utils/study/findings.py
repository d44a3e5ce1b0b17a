"""What a test of this study gives: estimate, interval, p; and p in words."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils import publish


@dataclass(frozen=True)
class Finding:
    """Estimate, 95 % interval, two-sided p, observations; a note if not testable."""

    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    n: int | None = None
    note: str = ""


def record(key: str, found: Finding, unit: str = "", digits: int = 2) -> None:
    """Record estimate and interval as the number `key`, p as `key`_p."""
    publish.number(key, found.estimate, unit, digits, interval=found.interval)
    publish.number(f"{key}_p", found.p, digits=3)


def p_words(p: float | None, key: str) -> str:
    """Template for p: "p = {key}", or "p < 0.001" where it rounds to nothing."""
    return "p < 0.001" if p is not None and p < 0.001 else f"p = {{{key}}}"


def words(key: str, found: Finding) -> str:
    """Template for a result recorded as `key`: interval and p, or why there is none."""
    if found.estimate is None:
        return f"not testable ({found.note})"
    limits = found.interval or (math.nan, math.nan)
    if not all(math.isfinite(limit) for limit in (found.estimate, *limits)):
        return f"{{{key}}} (without a finite interval; {p_words(found.p, f'{key}_p')})"
    return f"{{{key}:interval}} ({p_words(found.p, f'{key}_p')})"


def disagreement(found: Finding, interval: str, p: str, null: float = 0) -> str:
    """Which procedures gave interval and p, if one holds `null` and the other does not.

    interval, p: the procedures in words. Empty where both say the same at 0.05, or
    where nothing was estimated.
    """
    if found.interval is None or found.p is None:
        return ""
    holds = found.interval[0] <= null <= found.interval[1]
    if holds != (found.p < 0.05):
        return ""
    return (
        f"the interval, by {interval}, {'holds' if holds else 'excludes'} {null:g} "
        f"while p, by {p}, is {'below' if found.p < 0.05 else 'not below'} 0.05: they "
        "come from different procedures"
    )


def table(found: dict[str, Finding], counted: str) -> pd.DataFrame:
    """Findings by variant: estimate, low, high, p and what was counted (missing: none).

    An interval without end is left open (missing).
    """
    rows = {
        name: [f.estimate, *(f.interval or (None, None)), f.p, f.n]
        for name, f in found.items()
    }
    columns = ["estimate", "low", "high", "p", counted]
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns)
    frame = frame.astype("float64").replace([math.inf, -math.inf], math.nan)
    frame[counted] = frame[counted].astype("Int64")
    return frame.rename_axis("variant")


def rank_p(statistic: float, draws: np.ndarray, centre: float = 0.0) -> float:
    """Two-sided p: rank of |statistic - centre| among draws under the hypothesis."""
    as_far = (abs(draws - centre) >= abs(statistic - centre) - 1e-12).sum()
    return float((1 + as_far) / (1 + len(draws)))


def detectable(found: Finding, df: int, level: float, power: float = 0.8) -> float:
    """Smallest effect found with this power by a t interval of the given level.

    found : with a 95 % t interval of `df` degrees of freedom, whose standard error is
    taken; its estimate is not used.
    """
    if found.interval is None:
        raise ValueError("the finding has no interval to take a standard error from")
    law = stats.t(df)
    se = (found.interval[1] - found.interval[0]) / 2 / law.isf(0.025)
    return float(se * (law.isf((1 - level) / 2) + law.ppf(power)))

"""Answer and strength of a hypothesis: from one interval, and from named checks.

The interval is the one adjusted within the family: at level 1 - alpha / m for m
members (Bonferroni). All intervals of a family hold together with probability
1 - alpha at least, so that the same interval may both support and refute, and it
does not move when another member is computed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis_utils.hypotheses.entries import Check, Hypothesis

SUPPORTED, REFUTED, INCONCLUSIVE = "supported", "refuted", "inconclusive"
SMALL, NOT_TESTABLE = "smaller than of interest", "cannot be tested"
NOT_COMPUTED = "not computed yet"
NONE, ROBUST, FRAGILE = "no checks", "robust", "fragile"
UNDECIDED = "undecided"  # an inconclusive answer has nothing to be robust
NOTHING = "not computed"


@dataclass(frozen=True)
class Result:
    """A recorded result: estimate, interval, p; `case` names one of several."""

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    case: str = ""


def answer(one: Hypothesis, found: Result) -> tuple[str, str]:
    """The answer of the rule, and the reason in one line.

    Parameters
    ----------
    found : Result
        Estimate, and interval at the level of the hypothesis's family.
    """
    interval = f"{one.family.level:.2%} interval {_g(found.low)} to {_g(found.high)}"
    if math.isnan(found.low) or math.isnan(found.high):
        return INCONCLUSIVE, "without an interval nothing is decided"
    small_low, small_high = one.bounds
    above, below = found.low > one.null, found.high < one.null
    within = small_low < found.low and found.high < small_high
    if one.rule in ("greater", "less"):
        return _one_sided(one, found, interval)
    beyond = above or below
    large = not small_low < found.estimate < small_high
    if one.rule == "none":
        if within:
            return (
                SUPPORTED,
                f"{interval} lies within {_g(small_low)} to {_g(small_high)}",
            )
        if beyond and large:
            return REFUTED, f"{interval} excludes {_g(one.null)}, estimate of interest"
        if beyond:
            return (
                INCONCLUSIVE,
                f"{interval} excludes {_g(one.null)}, estimate too small",
            )
        return INCONCLUSIVE, f"{interval} holds {_g(one.null)} and effects of interest"
    if beyond:
        if large:
            return SUPPORTED, f"{interval} excludes {_g(one.null)}"
        return SMALL, f"{interval} excludes {_g(one.null)}, estimate too small"
    if within:
        return REFUTED, f"{interval} lies within {_g(small_low)} to {_g(small_high)}"
    return INCONCLUSIVE, f"{interval} holds {_g(one.null)} and effects of interest"


def _one_sided(one: Hypothesis, found: Result, interval: str) -> tuple[str, str]:
    """Rules `greater` and `less`, which mirror each other."""
    small_low, small_high = one.bounds
    up = one.rule == "greater"
    least = small_high if up else small_low
    side = "above" if up else "below"
    shown = found.low > one.null if up else found.high < one.null
    excluded = found.high < small_high if up else found.low > small_low
    enough = found.estimate >= least if up else found.estimate <= least
    if shown and enough:
        return SUPPORTED, f"{interval} lies {side} {_g(one.null)}"
    if shown:
        return SMALL, (
            f"{interval} lies {side} {_g(one.null)}, the estimate does not reach "
            f"{_g(least)}"
        )
    if excluded:
        return (
            REFUTED,
            f"{interval} excludes {_g(least)} and {'more' if up else 'less'}",
        )
    return INCONCLUSIVE, f"{interval} holds {_g(one.null)} and {_g(least)}"


def strength(
    one: Hypothesis, primary: Result, checks: dict[str, list[Result]]
) -> tuple[str, str]:
    """Robust, or fragile with the checks that fail, named; or that there are none.

    An inconclusive answer is undecided, whatever its checks.

    Parameters
    ----------
    checks : recorded results of each check by its name; a check passes if all do.
    """
    if not one.checks:
        return NONE, "none was named beforehand"
    decided = answer(one, primary)[0] != INCONCLUSIVE
    missing = [name for name in one.checks if not checks.get(name)]
    failed = []
    for name, check in one.checks.items():
        cases = [r for r in checks.get(name, []) if not passes(one, check, primary, r)]
        if cases:
            which = ", ".join(r.case for r in cases if r.case)
            failed.append(f"{name} ({which})" if which else name)
    if failed:
        return FRAGILE if decided else UNDECIDED, f"fails: {'; '.join(failed)}"
    if missing:
        return NOTHING, f"not computed: {', '.join(missing)}"
    return ROBUST if decided else UNDECIDED, f"passes: {', '.join(one.checks)}"


def passes(one: Hypothesis, check: Check, primary: Result, found: Result) -> bool:
    """Whether one result of a check meets its pass rule; one not finite does not."""
    up = primary.estimate > one.null
    words = check.passes
    if words == "holds null":
        return found.low <= one.null <= found.high
    if words == "excludes null":
        return found.low > one.null if up else found.high < one.null
    if words == "same side":
        return found.estimate > one.null if up else found.estimate < one.null
    if words == "of interest":
        low, high = one.bounds
        return found.estimate >= high if up else found.estimate <= low
    what, sign, limit = words.split()
    number = found.p if what == "p" else found.estimate
    return COMPARED[sign](number, float(limit))


COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def power(one: Hypothesis, detectable: float | None) -> str:
    """'underpowered' where the detectable effect is above the smallest of interest.

    None: it was not computed; not finite: no effect that was tried is found.
    """
    if detectable is None:
        return NOTHING
    if not math.isfinite(detectable):
        return "underpowered"
    return "underpowered" if one.underpowered(detectable) else "enough power"


def _g(x: float) -> str:
    """A number in a reason: three digits, or all of a large one, never an exponent.

    >>> _g(1217.3), _g(-0.04567), _g(12.0), _g(0.0000123), _g(math.inf)
    ('1,217', '−0.0457', '12', '0.0000123', 'no limit')
    """
    if math.isinf(x):
        return "no limit"
    if abs(x) >= 999.5:
        text = f"{x:,.0f}"
    else:
        text = np.format_float_positional(
            x, precision=3, unique=False, fractional=False, trim="-"
        )
    return text.replace("-", "\N{MINUS SIGN}")

"""What a test gives: estimate, interval at any level, p; a table; p in words."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

LEVEL = 0.95  # what is printed; answers use the level of their family
SCALES = ("difference", "ratio", "correlation")
Interval = Callable[[float], tuple[float, float]]
Transformation = Callable[[float], float]


class _About(TypedDict, total=False):
    """What else a finding may be told, by name."""

    p: float | None
    units: str


class _Counted(_About, total=False):
    n: int | None


class _Noted(_About, total=False):
    note: str


class _More(_Counted, _Noted, total=False):
    pass


@dataclass(frozen=True)
class Finding:
    """An estimate with its interval at any level.

    Attributes
    ----------
    estimate : float or None
        On the scale that readers see; None where nothing could be estimated.
    interval : function of a level, or None
        (low, high) at the level asked for, e.g. 0.95.
    p : float or None
        Two-sided.
    n : int or None
        Observations used.
    units, note : str
        Note says why where nothing was estimated.

    >>> found = Finding.normal(2.0, se=1.0, n=40, units="signings a week")
    >>> [round(limit, 2) for limit in found.at(0.95)], round(found.p, 4)
    ([0.04, 3.96], 0.0455)
    """

    estimate: float | None = None
    interval: Interval | None = None
    p: float | None = None
    n: int | None = None
    units: str = ""
    note: str = ""

    @classmethod
    def normal(
        cls,
        estimate: float,
        se: float,
        df: float | None = None,
        **more: Unpack[_More],
    ) -> "Finding":
        """From a standard error: normal, or t with `df` degrees of freedom.

        >>> round(Finding.normal(2.0, 1.0, df=10).at(0.95)[1], 3)
        4.228
        """
        more.setdefault("p", _two_sided(estimate, se, df))

        def interval(level: float) -> tuple[float, float]:
            half = _quantile(level, df) * se
            return estimate - half, estimate + half

        return cls(estimate, interval, **more)

    @classmethod
    def ratio(
        cls,
        log_estimate: float,
        se: float,
        df: float | None = None,
        **more: Unpack[_More],
    ) -> "Finding":
        """A ratio from the estimate and standard error of its logarithm.

        >>> found = Finding.ratio(math.log(2), se=0.5)
        >>> round(found.estimate, 6), [round(x, 2) for x in found.at(0.95)]
        (2.0, [0.75, 5.33])
        """
        return cls.normal(log_estimate, se, df, **more)._through(math.exp)

    @classmethod
    def correlation(cls, r: float, n: int, **more: Unpack[_Noted]) -> "Finding":
        """A correlation of `n` pairs, by Fisher's transformation.

        >>> [round(x, 3) for x in Finding.correlation(0.5, 50).at(0.95)]
        [0.257, 0.683]
        """
        found = cls.normal(math.atanh(r), 1 / math.sqrt(n - 3), n=n, **more)
        return found._through(math.tanh)

    @classmethod
    def draws(
        cls, estimate: float, draws: np.ndarray, **more: Unpack[_More]
    ) -> "Finding":
        """From bootstrap draws: interval between their percentiles.

        >>> Finding.draws(5.0, np.arange(21.0)).at(0.5)
        (5.0, 15.0)
        """
        kept = np.sort(np.asarray(draws, dtype=float))

        def interval(level: float) -> tuple[float, float]:
            tail = (1 - level) / 2
            low, high = np.quantile(kept, [tail, 1 - tail])
            return float(low), float(high)

        return cls(estimate, interval, **more)

    @classmethod
    def of_interval(
        cls,
        estimate: float,
        low: float,
        high: float,
        *,
        level: float = LEVEL,
        scale: str = "difference",
        **more: Unpack[_More],
    ) -> "Finding":
        """From an interval at one level, taken to others by a normal approximation.

        Each side keeps its own length, on the scale named (logarithm for a ratio,
        Fisher's z for a correlation). For estimators that give no standard error.

        >>> found = Finding.of_interval(1.0, 0.5, 4.0, scale="ratio")
        >>> [round(x, 3) for x in found.at(0.99)]
        [0.402, 6.184]
        """
        there, back = _SCALES[scale]

        def interval(asked: float) -> tuple[float, float]:
            if asked == level:
                return low, high
            k = _quantile(asked) / _quantile(level)
            middle, ends = there(estimate), [_safe(there, x) for x in (low, high)]
            lower, upper = (middle + k * (end - middle) for end in ends)
            return _safe(back, lower), _safe(back, upper)

        return cls(estimate, interval, **more)

    @classmethod
    def of_table(
        cls,
        table: Callable[..., pd.DataFrame],
        row: str,
        **more: Unpack[_More],
    ) -> "Finding":
        """From a row of a table of results, whose intervals it gives at any level.

        table : function of `alpha`, as `ITSResults.table` or `.effect`; the estimate
        is its first column, then `lower`, `upper` and `p`.

        >>> def table(alpha=0.05):
        ...     columns = ["coefficient", "lower", "upper", "p"]
        ...     return pd.DataFrame([[1.0, alpha, 2.0, 0.01]], ["rise"], columns)
        >>> found = Finding.of_table(table, "rise", n=40)
        >>> found.estimate, [round(x, 3) for x in found.at(0.99)], found.p
        (1.0, [0.01, 2.0], 0.01)
        """
        stated = table().loc[row]
        more.setdefault("p", float(stated["p"]))

        def interval(level: float) -> tuple[float, float]:
            low, high = table(alpha=1 - level).loc[row, ["lower", "upper"]]
            return float(low), float(high)

        return cls(float(stated.iloc[0]), interval, **more)

    @classmethod
    def not_testable(cls, why: str, **more: Unpack[_Counted]) -> "Finding":
        """These data cannot answer; `why` says so, and what data it would need."""
        return cls(note=why, **more)

    @classmethod
    def attempt(cls, make: Callable[[], "Finding"]) -> "Finding":
        """The finding that `make` gives, or why these data give none.

        >>> def make():
        ...     raise NotTestable("too few states")
        >>> Finding.attempt(make).note
        'too few states'
        """
        try:
            return make()
        except NotTestable as refused:
            return cls.not_testable(str(refused))

    def _through(self, function: Transformation) -> "Finding":
        """The finding on another scale, by an increasing function."""
        estimate, inner = self.estimate, self.interval
        assert estimate is not None and inner is not None  # `normal` gives both

        def interval(level: float) -> tuple[float, float]:
            low, high = inner(level)
            return function(low), function(high)

        return replace(self, estimate=function(estimate), interval=interval)

    def at(self, level: float = LEVEL) -> tuple[float, float] | None:
        """(low, high) at a level; None where there is no interval."""
        return None if self.interval is None else self.interval(level)


_SCALES: dict[str, tuple[Transformation, Transformation]] = {
    "difference": (float, float),
    "ratio": (math.log, math.exp),
    "correlation": (math.atanh, math.tanh),
}


def _safe(function: Transformation, x: float) -> float:
    """A transformed limit; infinite where it leaves the scale (a ratio of 0, say)."""
    try:
        return function(x)
    except ValueError:
        return -math.inf if x <= 0 else math.inf
    except OverflowError:
        return math.inf


def _quantile(level: float, df: float | None = None) -> float:
    """The two-sided quantile of the normal, or of t."""
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, as 0.95 does; not {level}")
    if df is None:
        return NormalDist().inv_cdf((1 + level) / 2)
    from scipy.stats import t

    return float(t.ppf((1 + level) / 2, df))


def _two_sided(estimate: float, se: float, df: float | None) -> float:
    """p of a normal or t statistic."""
    from scipy.stats import norm, t

    if not se > 0:
        raise ValueError(f"a standard error is above 0, not {se}")
    z = abs(estimate) / se
    return float(2 * (norm.sf(z) if df is None else t.sf(z, df)))


def p_shown(p: float | None) -> str:
    """p as printed everywhere: three decimals, never 0.000.

    >>> p_shown(0.0412), p_shown(2e-7), p_shown(None)
    ('0.041', '< 0.001', 'none')
    """
    if p is None or math.isnan(p):
        return "none"
    return f"{p:.3f}" if p >= 0.0005 else "< 0.001"


def p_words(p: float | None, key: str = "") -> str:
    """'p = 0.041' or 'p < 0.001'; with `key`, as a template of a recorded number.

    >>> p_words(0.0412), p_words(2e-7), p_words(0.0412, "rise_p")
    ('p = 0.041', 'p < 0.001', 'p = {rise_p}')
    """
    if p_shown(p).startswith("<"):
        return "p < 0.001"
    return f"p = {{{key}}}" if key else f"p = {p_shown(p)}"


def failed_tests(tests: pd.DataFrame) -> str:
    """The tests of a table with p below 0.05, in words.

    >>> failed_tests(pd.DataFrame({"p": [0.3, 0.012]}, ["Levene", "Ljung-Box"]))
    'Tests of the residuals with p below 0.05: Ljung-Box (p = 0.012).'
    """
    failed = [f"{name} ({p_words(p)})" for name, p in tests["p"].items() if p < 0.05]
    if not failed:
        return "None of the tests of the residuals has p below 0.05."
    return f"Tests of the residuals with p below 0.05: {'; '.join(failed)}."


def disagreement(found: Finding, interval: str, p: str, null: float = 0) -> str:
    """Which procedures gave interval and p, if one holds `null` and the other does not.

    interval, p: the procedures in words. Empty where both say the same at 0.05, or
    where nothing was estimated.

    >>> found = Finding.of_interval(0.3, -0.02, 0.6, p=0.02)
    >>> disagreement(found, "bootstrap", "permutation").split(":")[0]
    'the interval, by bootstrap, holds 0 while p, by permutation, is below 0.05'
    """
    limits = found.at()
    if limits is None or found.p is None:
        return ""
    holds = limits[0] <= null <= limits[1]
    if holds != (found.p < 0.05):
        return ""
    return (
        f"the interval, by {interval}, {'holds' if holds else 'excludes'} {null:g} "
        f"while p, by {p}, is {'below' if found.p < 0.05 else 'not below'} 0.05: they "
        "come from different procedures"
    )


def table(
    found: Mapping[str, Finding] | Mapping[int, Finding],
    counted: str = "n",
    label: str = "variant",
) -> pd.DataFrame:
    """Findings by name: estimate, low, high (95 %), p, what was counted, note.

    An interval without end is left open (missing). The column of notes is there only
    where there is one.

    >>> rise = Finding.normal(2.0, se=1.0, n=40)
    >>> table({"all": rise}).round(2).loc["all", ["estimate", "low", "high"]].tolist()
    [2.0, 0.04, 3.96]
    """
    rows = {
        name: [f.estimate, *(f.at() or (None, None)), f.p, f.n, f.note]
        for name, f in found.items()
    }
    columns = ["estimate", "low", "high", "p", counted, "note"]
    frame = pd.DataFrame.from_dict(rows, "index", columns=columns)
    numbers = (
        frame[columns[:4]].astype("float64").replace([math.inf, -math.inf], np.nan)
    )
    frame[columns[:4]] = numbers
    frame[counted] = frame[counted].astype("Int64")
    if not frame["note"].any():
        frame = frame.drop(columns="note")
    return frame.rename_axis(label)


def detectable(draws: np.ndarray, level: float, power: float = 0.8) -> float:
    """Smallest effect found with this power, from draws of the estimate without any.

    Normal approximation: the draws give the spread, `level` the limit of the test.

    >>> round(detectable(np.array([-1.0, 1.0] * 500), 0.95), 2)
    2.8
    """
    normal = NormalDist()
    reach = normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)
    return float(reach * np.std(np.asarray(draws, dtype=float)))


def detectable_t(found: Finding, df: float, level: float, power: float = 0.8) -> float:
    """Smallest effect found with this power by a t interval of the given level.

    found : with a t interval of `df` degrees of freedom, whose standard error is
    taken; its estimate is not used.

    >>> round(detectable_t(Finding.normal(5.0, se=1.0, df=30), 30, 0.95), 2)
    2.9
    """
    from scipy.stats import t

    limits = found.at(LEVEL)
    if limits is None:
        raise ValueError("the finding has no interval to take a standard error from")
    law = t(df)
    se = (limits[1] - limits[0]) / 2 / law.isf((1 - LEVEL) / 2)
    return float(se * (law.isf((1 - level) / 2) + law.ppf(power)))


def rank_p(statistic: float, draws: np.ndarray, centre: float = 0.0) -> float:
    """Two-sided p: rank of |statistic - centre| among draws under the hypothesis.

    >>> rank_p(3.0, np.array([-1.0, 2.0, -3.5, 0.5]))
    0.4
    """
    draws = np.asarray(draws, dtype=float)
    as_far = (abs(draws - centre) >= abs(statistic - centre) - 1e-12).sum()
    return float((1 + as_far) / (1 + len(draws)))


def placebo(
    statistic: float, draws: np.ndarray, centre: float = 0.0, **more: Unpack[_More]
) -> Finding:
    """The estimates where nothing happened: mean, spread, and the rank of the true one.

    >>> found = placebo(3.0, np.array([-1.0, 2.0, -3.5, 0.5]))
    >>> found.estimate, found.p, found.n
    (-0.5, 0.4, 4)
    """
    draws = np.asarray(draws, dtype=float)
    more.setdefault("p", rank_p(statistic, draws, centre))
    more.setdefault("n", len(draws))
    mean = float(draws.mean())
    # Units each against the mean of the rest sum to zero, up to rounding.
    noise = 1e-12 * float(np.abs(draws).max())
    return Finding.draws(0.0 if abs(mean) < noise else mean, draws, **more)

"""Search for breaks at unknown dates: Bai and Perron."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import frame as as_frame
from ..arguments import number, one_of, share, whole
from ..inputs import align, as_series, check_varies
from .intervals import date_interval
from .results import BreakSearch, EstimatedBreak
from .segments import Segments, best_partitions, segment_rss
from .sup_f import (
    ERRORS,
    SupF,
    asymptotic_pvalue,
    bootstrap_pvalue,
    sequential_pvalue,
)

__all__ = ["find_breaks"]

MOST = 8


def find_breaks(
    y: pd.Series,
    regressors: pd.DataFrame | None = None,
    *,
    min_segment: float = 0.15,
    max_breaks: int | None = None,
    n_breaks: int | None = None,
    level: float = 0.95,
    errors: str = "independent",
    choose: str = "bic",
    n_resamples: int = 1999,
    seed: int = 0,
) -> BreakSearch:
    """Find the dates at which the coefficients of y = X b + e change.

    regressors: columns beside the constant (for example lags of y); without them,
    breaks in the mean. All coefficients may change. min_segment: shortest segment, as
    a share of the series or a number of periods. n_breaks: how many; by BIC if None.
    level: of the dates' intervals. n_resamples: draws of the sup-F test. errors:
    "independent" or "autocorrelated", for the dates' intervals and the sequential test.
    choose: "bic", or "sequential": one more break as long as the largest sup-F of the
    segments is beyond chance at 1 - `level`, by an AR(1) bootstrap for autocorrelated
    errors, else by the limit of F(l + 1 | l).

    BIC finds a break where there is none in 3, 36 and 72 of 100 series of 120 with an
    autocorrelation of 0, 0.4 and 0.6, the sequential choice in 3: `notes` say when the
    series is like that. Intervals of dates for autocorrelated errors cover what they
    say where those for independent errors do not (docs/calibration.md); they hold dates
    that the search could choose, so that one which ends at the first or last of these
    is open on that side, and a note says so.

    Least squares over all partitions (Bai and Perron 2003, J. Appl. Econometrics
    18:1). The test of "no break" is sup-F (Andrews 1993); p-values at the dates found
    do not exist. Raises NotTestable for gaps, missing values, too short series.

    >>> months = pd.period_range("2020-01", periods=40, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(40)
    >>> y = pd.Series(noise + 5 * (months >= "2021-07"), months, name="y")
    >>> print(find_breaks(y, n_resamples=99).breaks[0])
    break after 2021-06 (interval 2021-05 to 2021-07)
    """
    _refuse_options(n_breaks, max_breaks, level, errors, choose)
    number(min_segment, "min_segment", least=0)
    whole(n_resamples, "n_resamples", least=1)
    whole(seed, "seed")
    frame, design = _inputs(y, regressors)
    shortest = _shortest(min_segment, *design.shape)
    most = min(MOST, len(frame) // shortest - 1) if max_breaks is None else max_breaks
    outcome = frame.iloc[:, 0].to_numpy()
    if not 1 <= most <= len(frame) // shortest - 1 or (n_breaks or 0) > most:
        raise NotTestable(
            f"{len(frame)} periods in segments of {shortest} or more allow "
            f"1 to {len(frame) // shortest - 1} breaks."
        )
    rss = segment_rss(outcome, design, shortest)
    partitions = best_partitions(rss, shortest, most)
    table = _criteria(rss, partitions, design.shape[1], frame.index)
    chance = Chance(errors, 1 - level, n_resamples, seed)
    if n_breaks is not None:
        cuts = partitions[n_breaks]
    elif choose == "bic":
        cuts = partitions[int(table["BIC"].idxmin())]
    else:
        cuts = sequential(outcome, design, shortest, partitions, chance)
    sup_f = _sup_f(outcome, design, shortest, frame.index, n_resamples, seed)
    segments = Segments(outcome, design, shortest, cuts)
    limits = [date_interval(segments, i, level, errors) for i in range(len(cuts))]
    return BreakSearch(
        series=frame.iloc[:, 0],
        design=pd.DataFrame(design, frame.index, ["const", *frame.columns[1:]]),
        cuts=tuple(cuts),
        table=table,
        level=level,
        breaks=tuple(
            _dated(cut, ends, frame.index)
            for cut, ends in zip(cuts, limits, strict=True)
        ),
        sup_f=sup_f,
        notes=_notes(segments, limits, errors, sup_f),
    )


def _refuse_options(n_breaks, max_breaks, level, errors, choose) -> None:
    """Refuse options outside what they can be, in words."""
    if n_breaks is not None:
        whole(n_breaks, "n_breaks")
    if max_breaks is not None:
        whole(max_breaks, "max_breaks", least=1)
    share(level, "level")
    one_of(errors, ("independent", "autocorrelated"), "errors")
    one_of(choose, ("bic", "sequential"), "choose")


@dataclass(frozen=True)
class Chance:
    """What a sequential test calls chance: errors, size, draws and seed."""

    errors: str
    size: float
    draws: int
    seed: int


def sequential(
    y: np.ndarray,
    design: np.ndarray,
    shortest: int,
    partitions: list[list[int]],
    chance: Chance,
) -> list[int]:
    """Cuts of the first partition whose segments have no further break."""
    for cuts in partitions[:-1]:
        edges = [0, *cuts, len(y)]
        ps = [
            _segment_p(y[a:b], design[a:b], shortest, chance)
            for a, b in pairwise(edges)
            if b - a >= 2 * shortest and np.ptp(y[a:b]) > 0
        ]
        smallest = min(ps, default=1.0)
        if 1 - (1 - smallest) ** (len(cuts) + 1) > chance.size:
            return cuts
    return partitions[-1]


def _segment_p(
    y: np.ndarray, design: np.ndarray, shortest: int, chance: Chance
) -> float:
    """p of "no break" within one segment."""
    n, k = design.shape
    sup = SupF(design, np.arange(shortest, n - shortest + 1))
    if chance.errors == "autocorrelated":
        return bootstrap_pvalue(
            y, design, sup, "autocorrelated", chance.draws, chance.seed
        )
    largest = float(sup.statistics(y[:, None]).max())
    return sequential_pvalue(largest, k, shortest / n, 0)


def _notes(
    segments: Segments,
    limits: list[tuple[int, int] | None],
    errors: str,
    sup_f: pd.DataFrame,
) -> tuple[str, ...]:
    """What a reader of the breaks should know of the errors and the dates."""
    e = segments.residuals()
    rho = float(e[1:] @ e[:-1] / (e @ e))
    notes = []
    if errors == "independent" and rho > 2 / np.sqrt(len(e)):
        notes.append(
            f"The errors are autocorrelated ({rho:.2f} at lag 1): BIC finds too many "
            "breaks and the intervals are too short. Use errors='autocorrelated', "
            "choose='sequential'."
        )
    for i, ends in enumerate(limits if errors == "autocorrelated" else []):
        if ends is not None and segments.open(i, ends):
            notes.append(
                f"The interval of break {i + 1} ends where a segment would be shorter "
                f"than {segments.shortest} periods: on that side it is open."
            )
    if segments.cuts and sup_f.loc["autocorrelated (bootstrap)", "p"] > 0.05:
        notes.append(
            "With autocorrelated errors a series without a break looks like this "
            f"often (sup-F, p = {sup_f.loc['autocorrelated (bootstrap)', 'p']:.2f})."
        )
    return tuple(notes)


def _inputs(
    y: pd.Series, regressors: pd.DataFrame | None
) -> tuple[pd.DataFrame, np.ndarray]:
    series = [as_series(y, "y")]
    if regressors is not None:
        regressors = as_frame(regressors, "regressors")
        series += [as_series(regressors[name], str(name)) for name in regressors]
    frame = align(*series)
    for name in frame.columns:
        check_varies(frame[name], name)
    return frame, np.column_stack([np.ones(len(frame)), frame.iloc[:, 1:]])


def _shortest(min_segment: float, n: int, k: int) -> int:
    """Return the length of the shortest segment in periods."""
    share = min_segment * n if min_segment < 1 else min_segment
    shortest = math.floor(share + 1e-9)
    if shortest < k + 1 or 2 * shortest > n:
        raise NotTestable(
            f"A segment of {shortest} of {n} periods (min_segment={min_segment}) "
            f"cannot be fitted: {k} coefficients need {k + 1} periods or more, and two "
            "segments must fit."
        )
    return shortest


def _criteria(
    rss: np.ndarray, partitions: list[list[int]], k: int, index: pd.Index
) -> pd.DataFrame:
    """RSS, BIC and dates by number of breaks; a date counts as one parameter."""
    n = len(rss) - 1
    totals = [
        sum(rss[i, j] for i, j in zip([0, *cuts], [*cuts, n], strict=True))
        for cuts in partitions
    ]
    if min(totals) <= 1e-13 * totals[0]:
        raise NotTestable("Segments fit the series without error: nothing to estimate.")
    counts = np.arange(len(partitions))
    fit = n * (np.log(totals) + 1 - np.log(n) + np.log(2 * np.pi))
    return pd.DataFrame(
        {
            "RSS": totals,
            "BIC": fit + np.log(n) * (k + 1) * (counts + 1),
            "last periods before": [
                [index[cut - 1] for cut in cuts] for cuts in partitions
            ],
        },
        index=pd.Index(counts, name="breaks"),
    )


def _dated(cut: int, ends: tuple[int, int] | None, index: pd.Index) -> EstimatedBreak:
    """Name the periods around a cut, and its interval if it has one."""
    if ends is None:
        return EstimatedBreak(index[cut - 1], index[cut], None, None)
    low, high = (index[np.clip(end, 1, len(index)) - 1] for end in ends)
    return EstimatedBreak(index[cut - 1], index[cut], low, high)


def _sup_f(
    y: np.ndarray,
    design: np.ndarray,
    shortest: int,
    index: pd.Index,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Sup-F with its p-value under three assumptions about the errors."""
    n, k = design.shape
    positions = np.arange(shortest, n - shortest + 1)
    sup = SupF(design, positions)
    found = sup.statistics(y[:, None])[:, 0]
    best = int(np.argmax(found))
    rows = {"independent (asymptotic)": asymptotic_pvalue(found[best], k, shortest / n)}
    for errors in ERRORS:
        rows[f"{errors} (bootstrap)"] = bootstrap_pvalue(
            y, design, sup, errors, draws, seed
        )
    return pd.DataFrame(
        {"statistic": found[best], "at": [index[positions[best] - 1]] * 4, "p": rows},
        index=pd.Index(list(rows), name="errors"),
    )

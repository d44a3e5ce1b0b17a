"""Randomisation inference over clusters: exchange who was treated, and when.

A law that a state passes treats all agencies of the state at once. With few treated
states, errors clustered by state are too small; what holds is the distribution of the
estimate over all ways in which the same histories could have fallen on the states.
Fisher 1935; Rosenbaum 2002; MacKinnon & Webb 2020, Journal of Econometrics 218:435.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb, factorial, prod

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from .arguments import number, share, whole
from .resampling.batches import run_batches

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Randomisation:
    """The statistic as observed, its randomisation distribution and p.

    draws : one value an assignment. enumerated : whether these are all assignments
        (then p is exact) or a random sample (the observed one counts once more).
    """

    observed: float
    draws: np.ndarray
    enumerated: bool

    def __repr__(self) -> str:
        kind = "all" if self.enumerated else "random"
        return (
            f"{self.observed:.4g} among {len(self.draws)} {kind} assignments, "
            f"p = {self.pvalue:.3g}"
        )

    @property
    def pvalue(self) -> float:
        """Share of assignments whose statistic is at least as far from 0."""
        return self._share(np.abs(self.draws) >= abs(self.observed) * (1 - 1e-9))

    @property
    def pvalue_greater(self) -> float:
        """Share of assignments whose statistic is at least as large."""
        slack = 1e-9 * abs(self.observed)
        return self._share(self.draws >= self.observed - slack)

    def _share(self, extreme: np.ndarray) -> float:
        if self.enumerated:
            return float(extreme.mean())
        return float((1 + extreme.sum()) / (1 + len(self.draws)))


def randomise(
    statistic: Statistic,
    histories: np.ndarray,
    *,
    strata: np.ndarray | pd.Series | None = None,
    draws: int = 9999,
    seed: int = 0,
    workers: int = 1,
) -> Randomisation:
    """Exchange the treatment histories of clusters; any statistic.

    statistic : function of orders (size, G), whole numbers: cluster g gets the history
        of cluster orders[., g]. Returns (size,) values.
    histories : (G, ...), to know which clusters have the same one: exchanging those is
        no other assignment. strata : clusters exchange only within the same value.

    If there are no more than `draws` different assignments, all are taken and p is
    exact; else a random sample. NotTestable if all histories are the same.

    >>> y = np.array([3.0, 1.0, 0.5, 0.2, -0.4, 0.1])
    >>> treated = np.array([1, 0, 0, 0, 0, 0])
    >>> test = randomise(lambda order: (y * treated[order]).sum(axis=1), treated)
    >>> test.enumerated, round(test.pvalue, 3)  # the largest of six
    (True, 0.167)
    """
    kinds = _kinds(histories)
    groups = _strata(strata, len(kinds))
    if all(len(np.unique(kinds[members])) == 1 for members in groups):
        raise NotTestable(
            "All clusters have the same history (within strata): there is no other way "
            "in which they could have been treated."
        )
    draws, seed = whole(draws, "draws", 1), whole(seed, "seed")
    workers = whole(workers, "workers", 1)
    if not callable(statistic):
        raise Refused(f"statistic must be a function, not {type(statistic).__name__}.")
    observed = float(_values(statistic, np.arange(len(kinds))[None])[0])
    if _assignments(kinds, groups) <= draws:
        orders = np.array(list(_all_orders(kinds, groups)))
        return Randomisation(observed, _values(statistic, orders), True)

    def work(size: int, rng: np.random.Generator) -> np.ndarray:
        orders = np.empty((size, len(kinds)), dtype=int)
        for members in groups:
            orders[:, members] = rng.permuted(np.tile(members, (size, 1)), axis=1)
        return _values(statistic, orders)

    found = run_batches(work, draws, seed=seed, workers=workers, label="randomisation")
    return Randomisation(observed, found, False)


def additive(
    contributions: np.ndarray,
    studentised: bool = False,
    variances: np.ndarray | None = None,
) -> Statistic:
    """A statistic that adds up over clusters, for `randomise`: no refit for a draw.

    contributions : (G, G), [g, h] what cluster g adds if it has the history of h.
    studentised : divide the sum by the root of the sum of squares (as a t statistic by
        cluster does), which keeps p right if clusters are of very different size; with
        fewer than about ten treated clusters it says little (two give at most 1.41).
    variances : (G, G), what [g, h] adds to the variance of the sum: the sum is divided
        by the root of theirs, as in a score test; for few treated clusters.

    >>> additive(np.array([[1.0, 5.0], [2.0, 4.0]]))(np.array([[0, 1], [1, 0]]))
    array([5., 7.])
    """
    table = np.asarray(contributions, dtype="float64")
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise Refused(f"contributions: clusters by clusters, not {table.shape}.")
    if not np.isfinite(table).all():
        raise NotTestable("contributions: missing or infinite values.")
    own = np.arange(len(table))
    spread = None if variances is None else np.asarray(variances, dtype="float64")
    if spread is not None and (spread.shape != table.shape or not (spread >= 0).all()):
        raise Refused("variances: numbers from 0, in the shape of contributions.")

    def statistic(orders: np.ndarray) -> np.ndarray:
        parts = table[own, orders]
        total = parts.sum(axis=1)
        if not studentised and spread is None:
            return total
        squares = parts**2 if spread is None else spread[own, orders]
        size = np.sqrt(squares.sum(axis=1))
        return np.divide(total, size, out=np.zeros_like(total), where=size > 0)

    return statistic


def score_contributions(residuals: np.ndarray, histories: np.ndarray) -> np.ndarray:
    """Contributions (G, G) to a score test, from residuals summed by cluster.

    residuals : (G, ...), score residuals of the model without the treatment, summed
        over each cluster's rows of one place of a history (a kind and a period, say).
        histories : (G, ...), the treatment there. [g, h] is the sum of products.

    For least squares they are residuals, for a hazard `HazardResults.residual_sums`.
    The sum of the diagonal is the score of the treatment: its derivative of the log
    likelihood at no effect (at another effect, if it was in the offset).

    >>> score_contributions([[0.5, -0.5], [0.2, 0.1]], [[0, 1], [0, 0]])
    array([[-0.5,  0. ],
           [ 0.1,  0. ]])
    """
    r, d = (np.asarray(item, dtype="float64") for item in (residuals, histories))
    if r.ndim < 1 or r.shape != d.shape:
        raise Refused(
            f"residuals {r.shape} and histories {d.shape} must have the same clusters "
            "and places."
        )
    if not (np.isfinite(r).all() and np.isfinite(d).all()):
        raise NotTestable("residuals or histories hold missing or infinite values.")
    return r.reshape(len(r), -1) @ d.reshape(len(d), -1).T


def score_variances(expected: np.ndarray, histories: np.ndarray) -> np.ndarray:
    """Variances (G, G) of `score_contributions`, a level of each cluster taken out.

    expected : (G, T), information by cluster and period (as from
    `HazardResults.expected_sums`).
    [g, h] is the sum over periods of expected times the squared distance of the history
    of h from its weighted mean in g.

    >>> score_variances([[1.0, 1.0], [3.0, 1.0]], [[0, 1], [0, 0]])
    array([[0.5 , 0.  ],
           [0.75, 0.  ]])
    """
    w, d = (np.asarray(item, dtype="float64") for item in (expected, histories))
    if w.ndim != 2 or w.shape != d.shape:
        raise Refused(f"expected {w.shape} and histories {d.shape}: clusters, periods.")
    if not (np.isfinite(w).all() and np.isfinite(d).all() and (w >= 0).all()):
        raise NotTestable("expected: finite and not negative; histories: finite.")
    total = w.sum(axis=1, keepdims=True)
    first, second = w @ d.T, w @ (d**2).T
    square = np.divide(first**2, total, out=np.zeros_like(first), where=total > 0)
    return np.maximum(second - square, 0)


def linear_interval(
    outcome: np.ndarray,
    treatment: np.ndarray,
    *,
    strata: np.ndarray | pd.Series | None = None,
    alpha: float = 0.05,
    draws: int = 9999,
    seed: int = 0,
) -> pd.Series:
    """Effect, p and inverted interval of a linear model, by exchanging rows.

    outcome, treatment : (G, ...) with everything else projected out (demeaned, say);
        y = effect * d + e. An effect is in the interval if the randomisation test of
        y - effect * d does not reject it. For each assignment those effects lie
        between two roots; so one set of draws gives the interval exactly.

    Returns estimate, lower, upper, p. Infinite limits: too few assignments for alpha.

    >>> d = np.repeat([0.5, -0.5], 5)
    >>> y = d * 2 + np.array([0.1, -0.2, 0.3, 0, -0.1, 0.2, 0, -0.3, 0.1, 0])
    >>> linear_interval(y - y.mean(), d).round(2).to_dict()
    {'estimate': 2.02, 'lower': 1.75, 'upper': 2.3, 'p': 0.01}
    """
    alpha = share(alpha, "alpha")
    dy = score_contributions(outcome, treatment)
    dd = score_contributions(treatment, treatment)
    if np.trace(dd) <= 0:
        raise NotTestable("The treatment does not vary.")
    made, spread = (
        randomise(
            additive(d), np.asarray(treatment), strata=strata, draws=draws, seed=seed
        )
        for d in (dy, dd)
    )
    a, b = made.draws, spread.draws  # the same assignments: the same seed
    a0, b0 = made.observed, spread.observed
    other = b0 - np.abs(b) > 1e-9 * b0
    with np.errstate(divide="ignore"):
        roots = np.sort(
            [(a0 - a[other]) / (b0 - b[other]), (a0 + a[other]) / (b0 + b[other])],
            axis=0,
        )
    total = len(a) + (0 if made.enumerated else 1)
    always = total - other.sum()  # the observed assignment and its mirror
    # the limit is the effect beyond which fewer than alpha of the draws are as extreme
    need = int(np.floor(alpha * total + 1e-9)) + 1 - always
    low, high = np.sort(roots[0]), np.sort(roots[1])[::-1]
    reach = need >= 1 and need <= len(low)
    limits = (low[need - 1], high[need - 1]) if reach else (-np.inf, np.inf)
    return pd.Series(
        {
            "estimate": a0 / b0,
            "lower": float(limits[0]),
            "upper": float(limits[1]),
            "p": made.pvalue,
        }
    )


def exchange_interval(
    estimate: float, on_outcome: np.ndarray, on_effect: np.ndarray, reach: int = 20
) -> Callable[[float], tuple[float, float]]:
    """The effects that an exchange of units does not reject, at any level.

    on_outcome, on_effect : the estimate in each draw, of the outcome and of an effect
        of 1 where units truly had it; so that an effect b leaves on_outcome less b
        times on_effect. Distances are from the mean of the draws. reach : effects
        tried, in standard deviations of the draws, 50 for each; open beyond.

    For estimates that are linear in the outcome, whatever their draws; of a linear
    model by itself `linear_interval` gives exact limits.

    >>> rng = np.random.default_rng(0)
    >>> interval = exchange_interval(2.0, rng.normal(size=999), np.zeros(999))
    >>> [round(limit, 1) for limit in interval(0.95)]
    [0.2, 3.9]
    """
    tried = estimate + reach * on_outcome.std() * np.linspace(-1, 1, 100 * reach + 1)
    null = on_outcome[:, None] - tried * on_effect[:, None]
    middle = null.mean(axis=0)
    apart = np.abs(estimate - tried - middle) - 1e-12
    as_far = (np.abs(null - middle) >= apart).sum(axis=0)
    p = (1 + as_far) / (1 + len(on_outcome))

    def interval(level: float) -> tuple[float, float]:
        kept = tried[p > 1 - level]
        low, high = float(kept.min()), float(kept.max())
        return (
            low if low > tried[0] else -np.inf,
            high if high < tried[-1] else np.inf,
        )

    return interval


def invert(
    pvalue: Callable[[float], float],
    estimate: float,
    low: float,
    high: float,
    *,
    alpha: float = 0.05,
    tolerance: float = 0.01,
) -> tuple[float, float]:
    """The interval of effects that a test does not reject, by bisection.

    pvalue : p of each hypothetical effect, 1 or so at `estimate`. low, high : limits of
    the search; a limit that is not rejected itself is returned as -inf or inf.

    >>> from scipy.stats import norm
    >>> [round(x, 2) for x in invert(lambda e: 2 * norm.sf(abs(e - 1)), 1, -5, 6)]
    [-0.96, 2.96]
    """
    alpha, tolerance = share(alpha, "alpha"), share(tolerance, "tolerance")
    if not callable(pvalue):
        raise Refused(f"pvalue must be a function, not {type(pvalue).__name__}.")
    estimate = number(estimate, "estimate")
    if not number(low, "low") < estimate < number(high, "high"):
        raise Refused(f"estimate ({estimate:g}) must lie between {low:g} and {high:g}.")
    limits = []
    for far, none in ((float(low), -np.inf), (float(high), np.inf)):
        if pvalue(far) > alpha:
            limits.append(none)
            continue
        outside, inside = far, float(estimate)
        while abs(outside - inside) > tolerance * min(1, high - low):
            middle = (outside + inside) / 2
            if pvalue(middle) > alpha:
                inside = middle
            else:
                outside = middle
        limits.append(outside)
    return limits[0], limits[1]


def _assignments(kinds: np.ndarray, groups: list[np.ndarray]) -> int:
    """Number of different assignments of the histories `kinds` within groups."""
    total = 1
    for members in groups:
        counts = np.unique(kinds[members], return_counts=True)[1]
        total *= factorial(len(members)) // prod(factorial(int(c)) for c in counts)
    return total


def _all_orders(kinds: np.ndarray, groups: list[np.ndarray]) -> Iterator[np.ndarray]:
    """One order for each different assignment."""
    if not groups:
        yield np.arange(len(kinds))
        return
    members, rest = groups[0], groups[1:]
    for tail in _all_orders(kinds, rest):
        for places in _arrangements(kinds[members]):
            order = tail.copy()
            order[members] = members[places]
            yield order


def _arrangements(kinds: np.ndarray) -> Iterator[np.ndarray]:
    """Each different arrangement of a list with repeats, as source positions."""
    values, counts = np.unique(kinds, return_counts=True)
    sources = {value: np.flatnonzero(kinds == value) for value in values}

    def fill(free: list[int], left: list) -> Iterator[dict]:
        if not left:
            yield {}
            return
        value = left[0]
        for chosen in combinations(free, len(sources[value])):
            others = [place for place in free if place not in chosen]
            for more in fill(others, left[1:]):
                yield more | dict(zip(chosen, sources[value], strict=True))

    assert comb(len(kinds), counts[0]) >= 1
    for filled in fill(list(range(len(kinds))), list(values)):
        yield np.array([filled[place] for place in range(len(kinds))])


def _kinds(histories: np.ndarray) -> np.ndarray:
    """A whole number for each different history."""
    table = np.asarray(histories)
    if table.ndim < 1 or len(table) < 2:
        raise NotTestable("Two clusters at least are needed.")
    if table.dtype.kind not in "biuf" or not np.isfinite(table).all():
        raise Refused("histories: finite numbers are needed, one row a cluster.")
    flat = table.reshape(len(table), -1)
    return np.unique(flat, axis=0, return_inverse=True)[1].ravel()


def _strata(strata, n: int) -> list[np.ndarray]:
    if strata is None:
        return [np.arange(n)]
    values = np.asarray(strata)
    if values.shape != (n,) or pd.isna(values).any():
        raise Refused(f"strata: {n} values, one for each cluster, none missing.")
    codes = pd.factorize(values, sort=True)[0]
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _values(statistic: Statistic, orders: np.ndarray) -> np.ndarray:
    found = np.asarray(statistic(orders), dtype="float64")
    if found.shape != (len(orders),):
        raise Refused(
            f"statistic returned the shape {found.shape}; one value for each of "
            f"{len(orders)} assignments is needed."
        )
    if not np.isfinite(found).all():
        raise NotTestable("statistic: missing or infinite values.")
    return found

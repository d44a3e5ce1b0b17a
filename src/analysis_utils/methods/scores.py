"""Scores of predictions: smaller is better, and none can be won by hedging.

Gneiting & Raftery 2007, Journal of the American Statistical Association 102:359.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable, Refused

from .arguments import share, whole

__all__ = ["brier", "coverage", "crps", "interval_score", "reliability", "wis"]


def crps(samples: np.ndarray, observed: np.ndarray | float) -> np.ndarray:
    """Continuous ranked probability score of sampled predictions.

    samples : (draws, ...), draws of each predicted value; observed : (...). In the
    unit of the outcome; for one draw the absolute error. The fair form, mean |x - y|
    less half the mean |x - x'| over pairs of different draws (Ferro 2014, Quarterly
    Journal of the Royal Meteorological Society 140:1917): its mean does not depend on
    the number of draws.

    >>> crps(np.array([1.0, 2.0, 4.0]), 2.0)
    array(0.)
    >>> crps(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([2.0, 8.0]))
    array([0., 3.])
    """
    draws, y = numbers(samples, "samples"), numbers(observed, "observed")
    if draws.ndim == 0 or draws.shape[1:] != y.shape:
        raise Refused(
            f"samples {draws.shape} need the shape (draws, *{y.shape}) of what was "
            "observed."
        )
    m = len(draws)
    error = np.abs(draws - y).mean(axis=0)
    if m == 1:
        return np.asarray(error)
    ordered = np.sort(draws, axis=0)
    weights = (2 * np.arange(1, m + 1) - m - 1).reshape(-1, *[1] * y.ndim)
    spread = (weights * ordered).sum(axis=0) / (m * (m - 1))  # half the mean |x - x'|
    return np.asarray(error - spread)


def interval_score(
    lower: np.ndarray, upper: np.ndarray, observed: np.ndarray, alpha: float
) -> np.ndarray:
    """Width of the 1 - alpha interval, and 2 / alpha times what it misses by.

    >>> interval_score(np.array([2.0, 2.0]), 6.0, np.array([5.0, 9.0]), 0.5)
    array([ 4., 16.])
    """
    alpha = share(alpha, "alpha")
    low, high, y = np.broadcast_arrays(
        numbers(lower, "lower"), numbers(upper, "upper"), numbers(observed, "observed")
    )
    if (low > high).any():
        raise Refused("A lower limit lies above its upper limit.")
    missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return high - low + 2 / alpha * missed


def wis(quantiles: pd.DataFrame, observed: pd.Series | np.ndarray) -> pd.Series:
    """Weighted interval score (Bracher, Ray, Gneiting & Reich 2021).

    quantiles : one row a prediction, one column a level (0.025, ..., 0.5, ..., 0.975),
        in pairs around 0.5, which is the median (it may be absent). observed : one
        value a row, by label if it is a Series.

    Weights alpha / 2 of K intervals and 1/2 of the absolute error of the median, over
    K + 1/2 (K without a median): equal to twice the mean pinball loss, and near the
    CRPS with many levels.
    PLOS Computational Biology 17:e1008618.

    >>> table = pd.DataFrame({0.25: [2.0], 0.5: [4.0], 0.75: [6.0]})
    >>> wis(table, [9.0])
    0    4.333333
    Name: wis, dtype: float64
    """
    table, y = _quantiles(quantiles, observed)
    median = 0.5 in table.columns
    total = 0.5 * np.abs(y - table[0.5].to_numpy()) if median else np.zeros(len(y))
    below = [level for level in table.columns if level < 0.5]
    for level in below:
        low, high = table[level].to_numpy(), table[_mirror(table, level)].to_numpy()
        total = total + level * interval_score(low, high, y, 2 * level)
    return pd.Series(total / (len(below) + 0.5 * median), table.index, name="wis")


def coverage(quantiles: pd.DataFrame, observed: pd.Series | np.ndarray) -> pd.DataFrame:
    """How often the central intervals hold what was observed.

    quantiles, observed : as for `wis`. One row an interval: nominal and observed share,
    n, and the exact 95 % interval of the share (predictions taken as independent).

    >>> table = pd.DataFrame({0.25: [1, 1], 0.5: [2, 2], 0.75: [3, 3]})
    >>> coverage(table, [3, 4]).loc[0.5, ["share", "n"]].tolist()
    [0.5, 2.0]
    """
    table, y = _quantiles(quantiles, observed)
    rows = {}
    for level in (level for level in table.columns if level < 0.5):
        low, high = table[level].to_numpy(), table[_mirror(table, level)].to_numpy()
        inside = int(((low <= y) & (y <= high)).sum())
        limits = stats.binomtest(inside, len(y)).proportion_ci(method="exact")
        rows[round(1 - 2 * level, 10)] = {
            "share": inside / len(y),
            "n": len(y),
            "lower": float(limits.low),
            "upper": float(limits.high),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("nominal")


def brier(probability: np.ndarray, happened: np.ndarray) -> float:
    """Mean squared error of probabilities (Brier 1950): 0 is perfect.

    >>> brier([0.9, 0.2], [1, 0])
    0.025
    """
    p, y = _probabilities(probability, happened)
    return round(float(((p - y) ** 2).mean()), 15)


def reliability(
    probability: np.ndarray, happened: np.ndarray, groups: int = 10
) -> pd.DataFrame:
    """Predicted beside observed shares, in groups of equal size by probability.

    Equal probabilities stay together. Columns: n, predicted (mean), observed (share),
    lower, upper (exact 95 %). The Brier score is at most the mean squared gap of the
    groups plus the spread within (Murphy 1973, Journal of Applied Meteorology 12:595).

    >>> reliability([0.1, 0.1, 0.1, 0.8], [0, 0, 1, 1], 2)["n"].tolist()
    [3, 1]
    """
    p, y = _probabilities(probability, happened)
    groups = whole(groups, "groups", 1, len(p))
    rank = stats.rankdata(p, method="average")
    part = np.ceil((rank - 0.5) / len(p) * groups).astype(int).clip(1, groups)
    part = pd.factorize(part, sort=True)[0] + 1
    frame = pd.DataFrame({"group": part, "p": p, "y": y}).groupby("group")
    table = frame.agg(n=("p", "size"), predicted=("p", "mean"), observed=("y", "mean"))
    events = frame["y"].sum()
    limits = [
        stats.binomtest(int(k), int(n)).proportion_ci(method="exact")
        for k, n in zip(events, table["n"], strict=True)
    ]
    return table.assign(
        lower=[float(item.low) for item in limits],
        upper=[float(item.high) for item in limits],
    )


def _quantiles(quantiles: pd.DataFrame, observed) -> tuple[pd.DataFrame, np.ndarray]:
    """Levels in pairs around the median, quantiles in order, values by label."""
    if not isinstance(quantiles, pd.DataFrame) or quantiles.empty:
        raise Refused("quantiles: a table is needed, one column for each level.")
    try:
        levels = [round(float(level), 10) for level in quantiles.columns]
    except (TypeError, ValueError):
        raise Refused("quantiles: columns are levels such as 0.025.") from None
    table = quantiles.set_axis(levels, axis=1).sort_index(axis=1)
    odd = [x for x in levels if not 0 < x < 1 or levels.count(round(1 - x, 10)) != 1]
    if odd or len(levels) < 2:
        raise Refused(
            "quantiles: levels between 0 and 1 in pairs around the median, such as "
            f"0.25, 0.5, 0.75; not {', '.join(map(str, odd or levels))}."
        )
    values = numbers(table, "quantiles")
    if (np.diff(values, axis=1) < 0).any():
        raise Refused("quantiles: in some row a higher level has a lower quantile.")
    if isinstance(observed, pd.Series):
        if not table.index.is_unique or set(observed.index) != set(table.index):
            raise Refused("observed: its labels are not those of the predictions.")
        observed = observed.reindex(table.index)
    y = numbers(observed, "observed")
    if y.shape != (len(table),):
        raise Refused(f"observed: {len(table)} values are needed, not {y.shape}.")
    return table.astype("float64"), y


def _mirror(table: pd.DataFrame, level: float) -> float:
    return round(1 - level, 10)


def _probabilities(probability, happened) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(probability, pd.Series) and isinstance(happened, pd.Series):
        if not probability.index.equals(happened.index):
            raise Refused("probability and happened have different labels.")
    p, y = numbers(probability, "probability"), numbers(happened, "happened")
    if p.ndim != 1 or p.shape != y.shape or not len(p):
        raise Refused(
            f"probability {p.shape} and happened {y.shape}: one list of each, as long."
        )
    if ((p < 0) | (p > 1)).any():
        raise Refused("probability: values lie between 0 and 1.")
    if not np.isin(y, (0, 1)).all():
        raise Refused("happened: 0 or 1.")
    return p, y


def numbers(values: object, name: str) -> np.ndarray:
    """Finite numbers as an array, or a refusal."""
    try:
        array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        raise Refused(f"{name}: numbers are needed.") from None
    if not np.isfinite(array).all():
        raise NotTestable(f"{name}: missing or infinite values.")
    return array

"""Who signs, which model, on which weekday: shares of new agreements by week."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import norm
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
)

from analysis_utils import publish, series
from analysis_utils.publish.style import COLOURS
from analysis_utils.study import findings
from analysis_utils.study.findings import Finding, rank_p

DRAWS = 9999
WEEK = "W-SUN"
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]


def new_agreements(start: str, as_of: str | None = None) -> pd.DataFrame:
    """Agreements signed from a day on, as known later; with the week of signing."""
    new = series.signed_between(start, as_of=as_of)
    return new.assign(week=new["signed"].dt.to_period(WEEK))


def by_week(new: pd.DataFrame, has: pd.Series, day: pd.Timestamp) -> pd.DataFrame:
    """Agreements and those with a property by week and side of a day.

    The week that holds the day is two rows, so that no agreement changes sides.
    """
    after = (new["signed"] >= day).rename("after")
    table = pd.DataFrame({"n": 1, "has": has.astype(int)})
    return table.groupby([new["week"], after]).sum().reset_index("after")


def compare_shares(weeks: pd.DataFrame, seed: int = 287) -> Finding:
    """Share after less share before: Newcombe's interval, p by permutation of weeks.

    weeks : as `by_week` gives them. Not testable with fewer than 8 weeks on a side.
    """
    n, has, after = (weeks[name].to_numpy() for name in ("n", "has", "after"))
    if min(after.sum(), (~after).sum()) < 8:
        return Finding(
            note=f"{int(after.sum())} weeks with agreements lie after the "
            "date; 8 on each side are needed"
        )
    counts = has[after].sum(), n[after].sum(), has[~after].sum(), n[~after].sum()
    low, high = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    draws = _permuted_differences(n, has, after, seed)
    estimate = counts[0] / counts[1] - counts[2] / counts[3]
    return Finding(
        float(estimate),
        (float(low), float(high)),
        rank_p(estimate, draws),
        int(n.sum()),
    )


def _permuted_differences(
    n: np.ndarray, has: np.ndarray, after: np.ndarray, seed: int
) -> np.ndarray:
    """Differences of shares when the weeks change sides at random."""
    rng = np.random.default_rng(seed)
    sides = rng.permuted(np.tile(after, (DRAWS, 1)), axis=1).astype(float)
    share_after = sides @ has / (sides @ n)
    return share_after - (1 - sides) @ has / ((1 - sides) @ n)


def bootstrap_interval(weeks: pd.DataFrame, seed: int = 287) -> tuple[float, float]:
    """Interval of the difference of shares when whole weeks are drawn anew.

    Agencies sign in batches; the interval of independent agreements is too narrow.
    """
    rng = np.random.default_rng(seed)
    shares = []
    for side in (True, False):
        part = weeks[weeks["after"] == side]
        rows = rng.integers(0, len(part), (DRAWS, len(part)))
        n, has = (part[name].to_numpy()[rows].sum(axis=1) for name in ("n", "has"))
        shares.append(has / n)
    low, high = np.percentile(shares[0] - shares[1], [2.5, 97.5])
    return float(low), float(high)


def record(key: str, weeks: pd.DataFrame, found: Finding) -> None:
    """Record the shares before and after, their difference, and what beside it helps.

    In per cent and percentage points: `key`, `key`_before, `key`_after, `key`_weeks
    (interval when whole weeks are drawn), `key`_detectable (probability 0.8).
    """
    sums = weeks.groupby("after")[["has", "n"]].sum().reindex([False, True])
    for side, row in zip(("before", "after"), sums.itertuples(), strict=True):
        publish.number(f"{key}_{side}", 100 * row.has / row.n, "%")
    if found.estimate is None:
        return
    points = "percentage points"
    estimate, narrow = 100 * found.estimate, _percent(found.interval)
    publish.number(key, estimate, points, 1, interval=narrow)
    publish.number(f"{key}_p", found.p, digits=3)
    wide = _percent(bootstrap_interval(weeks))
    publish.number(f"{key}_weeks", estimate, points, 1, interval=wide)
    se = (wide[1] - wide[0]) / (2 * norm.isf(0.025))
    size = (norm.isf(0.025) + norm.isf(0.2)) * se
    label = "found with probability 0.8"
    publish.number(f"{key}_detectable", size, points, label=label)


def _percent(interval: tuple[float, float]) -> tuple[float, float]:
    return 100 * interval[0], 100 * interval[1]


def variants(new: pd.DataFrame, has: pd.Series, day: pd.Timestamp) -> pd.DataFrame:
    """The difference of shares among other agreements, intervals by week bootstrap."""
    size = new.groupby("signed")["agreement_id"].transform("size")
    first = ~new.duplicated("agency_id")
    parts = {
        "all agreements": size > 0,
        "an agency's first since the start": first,
        "without Florida and Texas": ~new["state"].isin(["FL", "TX"]),
        "days with fewer than 30 signed": size < 30,
        "from 1 June 2025": new["signed"] >= "2025-06-01",
    }
    found = {}
    for name, part in parts.items():
        weeks = by_week(new[part], has[part], day)
        result = compare_shares(weeks)
        if result.estimate is not None:
            found[name] = replace(result, interval=bootstrap_interval(weeks))
    return findings.table(found, "agreements")


def draw_share(
    ax: Axes, new: pd.DataFrame, has: pd.Series, ylabel: str
) -> pd.DataFrame:
    """Share by month of signing: area of the dot by agreements; Wilson intervals."""
    month = new["signed"].dt.to_period("M")
    table = pd.DataFrame({"n": 1, "has": has.astype(int)}).groupby(month).sum()
    table["share"] = 100 * table["has"] / table["n"]
    low, high = proportion_confint(table["has"], table["n"], method="wilson")
    table["low"], table["high"] = 100 * low, 100 * high
    shown = publish.rounded(table.set_axis(table.index.start_time.rename("month")))
    middle = shown.index + pd.Timedelta(days=14)
    ax.vlines(middle, shown["low"], shown["high"], color=COLOURS["fitted"], lw=0.8)
    ax.scatter(middle, shown["share"], s=shown["n"] / 4, color=COLOURS["fitted"])
    ax.set(ylim=(0, 125), yticks=range(0, 101, 20), ylabel=ylabel)
    return shown


def described(
    new: pd.DataFrame, properties: dict[str, pd.Series], day: pd.Timestamp
) -> str:
    """Share of agreements with each property before a day and from it on, in words."""
    sides = {"before": new["signed"] < day, "after": new["signed"] >= day}
    parts = []
    for name, has in properties.items():
        shares = [
            f"{100 * has[side].mean():.0f} per cent {when}"
            for when, side in sides.items()
            if side.any()
        ]
        parts.append(f"{name}: {', '.join(shares)}")
    return f"About {day.date()}, {'; '.join(parts)}."


def by_weekday(new: pd.DataFrame) -> pd.DataFrame:
    """Agreements by week and working day (0 Monday to 4 Friday); weekends left out."""
    weekday = new["signed"].dt.day_of_week.rename("weekday")
    table = new.groupby(["week", weekday]).size().unstack(fill_value=0)
    table = table.reindex(columns=range(5), fill_value=0)
    return table[table.sum(axis=1) > 0]


def uneven(table: pd.DataFrame, seed: int = 287) -> Finding:
    """Largest share of a weekday less a fifth; table as `by_weekday` gives it.

    Interval: bootstrap of weeks. p, one-sided because the largest share is never below
    a fifth: the five counts of a week change places at random, batches stay together.
    """
    counts = table.to_numpy()
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(counts), (DRAWS, len(counts)))
    low, high = np.percentile(_excess(counts[rows]), [2.5, 97.5])
    draws = expected(table, seed)
    estimate = float(_excess(counts[None])[0])
    return Finding(
        estimate, (float(low), float(high)), rank_p(estimate, draws), int(counts.sum())
    )


def expected(table: pd.DataFrame, seed: int = 287) -> np.ndarray:
    """Largest share less a fifth when the days of each week are permuted."""
    rng = np.random.default_rng(seed + 1)
    many = np.broadcast_to(table.to_numpy(), (DRAWS, *table.shape))
    return _excess(rng.permuted(many, axis=2))


def _excess(counts: np.ndarray) -> np.ndarray:
    totals = counts.sum(axis=1)
    return totals.max(axis=1) / totals.sum(axis=1) - 0.2


def beyond_expected(found: Finding, table: pd.DataFrame, seed: int = 287) -> Finding:
    """`uneven` less the mean excess when the days of each week change places.

    Unlike the excess over a fifth it can be negative; same p, same bootstrap of weeks.
    """
    mean = float(expected(table, seed).mean())
    low, high = found.interval
    note = (
        f"excess over its mean when the days of each week change places, "
        f"{mean:.3f}; interval: that of the bootstrap of weeks, less that mean"
    )
    return replace(
        found,
        estimate=found.estimate - mean,
        interval=(low - mean, high - mean),
        note=note,
    )


def weekday_shares(table: pd.DataFrame, seed: int = 287) -> pd.DataFrame:
    """Share of each weekday in per cent, with the interval of a bootstrap of weeks."""
    counts = table.to_numpy()
    rows = np.random.default_rng(seed).integers(0, len(counts), (DRAWS, len(counts)))
    totals = counts[rows].sum(axis=1)
    low, high = np.percentile(
        100 * totals / totals.sum(axis=1, keepdims=True), [2.5, 97.5], axis=0
    )
    share = 100 * counts.sum(axis=0) / counts.sum()
    return pd.DataFrame(
        {"agreements": counts.sum(axis=0), "estimate": share, "low": low, "high": high},
        index=WEEKDAYS,
    )

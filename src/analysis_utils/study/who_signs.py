"""Who signs, which model, on which weekday: shares of new agreements by week."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
)

from analysis_utils import publish, series
from analysis_utils.publish.findings import Finding, rank_p
from analysis_utils.publish.style import COLOURS

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
        return Finding.not_testable(
            f"{int(after.sum())} weeks with agreements lie after the date; 8 on each "
            "side are needed"
        )
    counts = has[after].sum(), n[after].sum(), has[~after].sum(), n[~after].sum()

    def interval(level: float) -> tuple[float, float]:
        low, high = confint_proportions_2indep(
            *counts, method="newcomb", compare="diff", alpha=1 - level
        )
        return float(low), float(high)

    draws = _permuted_differences(n, has, after, seed)
    estimate = counts[0] / counts[1] - counts[2] / counts[3]
    return Finding(float(estimate), interval, rank_p(estimate, draws), int(n.sum()))


def _permuted_differences(
    n: np.ndarray, has: np.ndarray, after: np.ndarray, seed: int
) -> np.ndarray:
    """Differences of shares when the weeks change sides at random."""
    rng = np.random.default_rng(seed)
    sides = rng.permuted(np.tile(after, (DRAWS, 1)), axis=1).astype(float)
    share_after = sides @ has / (sides @ n)
    return share_after - (1 - sides) @ has / ((1 - sides) @ n)


def weekly(new: pd.DataFrame, has: pd.Series, start: str) -> pd.DataFrame:
    """Agreements with a property and all others by week, weeks without any left out.

    `time` counts weeks from the first.
    """
    table = pd.DataFrame({"has": has.astype(int), "rest": 1 - has.astype(int)})
    weeks = table.groupby(new["week"]).sum()
    first = pd.Period(start, WEEK)
    return weeks.assign(time=[(week - first).n for week in weeks.index])


def segments(weeks: pd.DataFrame, at: int) -> pd.DataFrame:
    """The weeks with `level` (1 from week `at` on) and `slope` (weeks since)."""
    after = (weeks["time"] >= at).astype(int)
    return weeks.assign(level=after, slope=after * (weeks["time"] - at))


def places(weeks: pd.DataFrame, least: int = 8) -> list[int]:
    """Weeks that have `least` weeks with agreements on each side."""
    times = weeks["time"].tolist()
    return times[least : len(times) - least + 1]


def drawn_before(
    weeks: pd.DataFrame, at: int, odds: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Made data: whole weeks from before `at`, drawn anew, odds from then on changed.

    The number that changes sides is what the ratio of odds asks for, in each week.
    """
    before = weeks[weeks["time"] < at]
    made = before.iloc[rng.integers(len(before), size=len(weeks))]
    made = made[["has", "rest"]].set_axis(weeks.index).assign(time=weeks["time"])
    total = made["has"] + made["rest"]
    share = made["has"] * odds / (made["has"] * odds + made["rest"])
    moved = np.where(made["time"] >= at, rng.binomial(total, share), made["has"])
    return made.assign(has=moved, rest=total - moved)


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
    ax.scatter(
        middle,
        shown["share"],
        s=(shown["n"] / 4).clip(lower=6),
        color=COLOURS["fitted"],
    )
    ax.set(ylim=(0, 102), yticks=range(0, 101, 20), ylabel=ylabel)
    return shown


def described(
    new: pd.DataFrame, properties: dict[str, pd.Series], day: pd.Timestamp
) -> str:
    """Share of agreements with each property before a day and from it on, in words."""
    sides = {"before": new["signed"] < day, "after": new["signed"] >= day}
    parts = []
    for name, has in properties.items():
        shares = [
            f"{100 * has[side].mean():.0f}% {when}"
            for when, side in sides.items()
            if side.any()
        ]
        parts.append(f"{name}: {', '.join(shares)}")
    return f"About {day:%-d %B %Y}, {'; '.join(parts)}."


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
    p = rank_p(estimate := float(_excess(counts[None])[0]), expected(table, seed))
    return Finding.draws(estimate, _excess(counts[rows]), p=p, n=int(counts.sum()))


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
    estimate, inner = found.estimate, found.interval
    assert estimate is not None and inner is not None  # `uneven` gives both

    def interval(level: float) -> tuple[float, float]:
        low, high = inner(level)
        return low - mean, high - mean

    note = f"mean where the days of each week change places: {mean:.3f}"
    return replace(found, estimate=estimate - mean, interval=interval, note=note)


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

"""Days from signing to the first list that shows an agreement: medians by week."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import publish, series
from analysis_utils.publish.findings import Finding, rank_p
from analysis_utils.publish.style import COLOURS

DRAWS = 9999
FEWEST = 8  # weeks with agreements on each side of a date
LONGEST = 200  # days; longer delays count as this one, which no median is near


def delays(start: str, as_of: str | None = None, settle: int = 30) -> pd.DataFrame:
    """Agreements signed from a day on, until `settle` days before the last list.

    Columns of `series.agreements_known`, with `delay` in days and the `week` signed.
    """
    until = series.last_day(as_of) - pd.Timedelta(days=settle)
    new = series.signed_between(start, until, as_of)
    delay = (new["first_listed"] - new["signed"]).dt.days
    return new.assign(delay=delay, week=new["signed"].dt.to_period("W-SUN"))


def counts(new: pd.DataFrame, day: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
    """Agreements by week and delay (weeks, LONGEST + 1), and which weeks lie after.

    The week that holds the day gives two rows, so that no agreement changes sides.
    """
    keys = [new["week"], (new["signed"] >= day).rename("after")]
    delay = new["delay"].clip(upper=LONGEST)
    table = delay.groupby(keys).value_counts().unstack(fill_value=0)
    table = table.reindex(columns=range(LONGEST + 1), fill_value=0)
    return table.to_numpy(), table.index.get_level_values("after").to_numpy(bool)


def median(weights: np.ndarray) -> np.ndarray:
    """Lower median of delays 0, 1, ... with these counts, along the last axis."""
    below = np.cumsum(weights, axis=-1)
    return (2 * below >= below[..., -1:]).argmax(axis=-1)


def compare_medians(new: pd.DataFrame, day: pd.Timestamp, seed: int = 287) -> Finding:
    """Median delay after less median before; whole weeks are permuted and drawn.

    Interval: percentiles of a bootstrap of weeks within each side. Not testable with
    fewer than 8 weeks on a side.
    """
    table, after = counts(new, day)
    if min(after.sum(), (~after).sum()) < FEWEST:
        return Finding.not_testable(
            f"{int(after.sum())} weeks with agreements lie after the date; 8 on each "
            "side are needed"
        )
    rng = np.random.default_rng(seed)
    estimate = int(median(table[after].sum(axis=0)) - median(table[~after].sum(axis=0)))
    drawn = [median(_resampled(table[side], rng)) for side in (after, ~after)]
    sides = rng.permuted(np.tile(after, (DRAWS, 1)), axis=1).astype(float)
    moved = median(sides @ table) - median((1 - sides) @ table)
    p, n = rank_p(estimate, moved), int(table.sum())
    return Finding.draws(float(estimate), drawn[0] - drawn[1], p=p, n=n)


def detectable(
    new: pd.DataFrame, day: pd.Timestamp, level: float, seed: int = 287
) -> float:
    """Smallest whole number of days sooner that is found in 80 of 100 cases.

    Weeks change sides at random, which leaves no difference but chance; agreements of
    the weeks after are then listed so many days sooner, and the medians' difference is
    found if it lies beyond the chance that the level allows. Infinite if none is, or
    with too few weeks on a side, which `compare_medians` says.
    """
    table, after = counts(new, day)
    if min(after.sum(), (~after).sum()) < FEWEST:
        return np.inf
    rng = np.random.default_rng(seed)
    sides = rng.permuted(np.tile(after, (1999, 1)), axis=1).astype(float)
    chance = median(sides @ table) - median((1 - sides) @ table)
    limit = np.quantile(np.abs(chance), level, method="higher")
    for days in range(1, LONGEST):
        if (days - chance > limit).mean() >= 0.8:
            return float(days)
    return np.inf


def _resampled(table: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sums over as many weeks drawn with replacement: (DRAWS, delays)."""
    shares = np.full(len(table), 1 / len(table))
    return rng.multinomial(len(table), shares, DRAWS).astype(float) @ table


def summary(new: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Agreements, quartiles and the share within a week, before and after the day."""
    side = np.where(new["signed"] >= day, "after", "before")
    grouped = new.groupby(pd.Index(side, name="signed"))["delay"]
    found = grouped.quantile([0.25, 0.5, 0.75]).unstack()
    found.columns = ["lower quartile", "median", "upper quartile"]
    found.insert(0, "agreements", grouped.size())
    early = grouped.apply(lambda days: (days <= 7).mean())
    found["listed within 7 days, %"] = 100 * early
    return found.sort_index(ascending=False)


def parts(new: pd.DataFrame) -> dict[str, pd.Series]:
    """Which agreements each variant keeps, by its name."""
    shutdown = new["signed"].between("2025-09-22", "2025-11-12")
    gaps = new["first_listed"].between("2025-04-12", "2025-05-05") | new[
        "first_listed"
    ].between("2026-02-18", "2026-03-05")
    size = new.groupby("signed")["agreement_id"].transform("size")
    return {
        "without signings around the shutdown": ~shutdown,
        "without agreements first seen after a gap in the lists": ~gaps,
        "days with fewer than 30 signed": size < 30,
        "task force model": new["model"] == "TFM",
        "from 1 June 2025": new["signed"] >= "2025-06-01",
    }


def draw_by_month(ax: Axes, new: pd.DataFrame) -> pd.DataFrame:
    """Median and quartiles of the delay by month of signing."""
    grouped = new.groupby(new["signed"].dt.to_period("M"))["delay"]
    shown = (
        grouped.quantile([0.25, 0.5, 0.75])
        .unstack()
        .set_axis(["low", "median", "high"], axis=1)
    )
    shown["agreements"] = grouped.size()
    shown = publish.rounded(shown.set_axis(shown.index.start_time.rename("month")))
    middle = shown.index + pd.Timedelta(days=14)
    ax.vlines(
        middle, shown["low"], shown["high"], color=COLOURS["fitted"], lw=3, alpha=0.35
    )
    ax.plot(middle, shown["median"], "o", ms=4, color=COLOURS["fitted"])
    top = 1.35 * shown["high"].max()  # room for the name of an event
    ax.set(ylim=(-0.8, top), ylabel="Days from signing to listing")
    return shown

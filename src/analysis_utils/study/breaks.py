"""Breaks in the count of agreements, found without dates, against policy events."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.breaks.results import BreakSearch
from analysis_utils.methods.breaks.search import find_breaks
from analysis_utils.publish import charts, findings
from analysis_utils.publish.findings import Finding, rank_p
from analysis_utils.publish.style import COLOURS, FILLS
from analysis_utils.study.events import label

DRAWS = 9999


def monthly_change(first: str, last: str) -> pd.Series:
    """Change of active agreements from the end of the month before, by month."""
    table = series.active_since_2002()
    change = table["active"].set_axis(table.index.to_period("M")).diff()
    chosen = change.loc[pd.Period(first, "M") : pd.Period(last, "M")]
    if chosen.isna().any():
        month = chosen.index[chosen.isna()][0]
        raise NotTestable(f"{month} is known by interpolation only; end before it")
    return chosen.rename("monthly change")


def federal_events(first: str, last: str, of_the_list: bool = True) -> pd.Series:
    """Federal events by id and month; those that are agreements may be left out."""
    table = datasets.policy_events().query("level == 'federal'")
    table = table[table["date"].between(pd.Timestamp(first), pd.Timestamp(last))]
    if not of_the_list:
        table = table[table["day_of"] != "agreements"]
    return table.set_index("id")["date"].dt.to_period("M")


def near(places: np.ndarray, events: np.ndarray, within: int) -> np.ndarray:
    """Which places lie within so many periods of any event (integers)."""
    gap = np.abs(np.asarray(places)[..., None] - np.asarray(events))
    return gap.min(axis=-1) <= within


def covered(months: pd.PeriodIndex, events: pd.Series, within: int) -> float:
    """Share of the months that lie within so many months of an event."""
    at = events.map(lambda month: month.ordinal).to_numpy()
    return float(near(months.asi8, at, within).mean())


def random_places(
    n: int, count: int, shortest: int, rng: np.random.Generator, draws: int = DRAWS
) -> np.ndarray:
    """Sets of breaks drawn evenly from all that leave segments of `shortest` periods.

    (draws, count) first periods of a new segment, ascending.
    """
    free = n - (count + 1) * shortest
    picks = np.sort(np.argsort(rng.random((draws, free + count)), axis=1)[:, :count])
    return picks - np.arange(count) + shortest * np.arange(1, count + 1)


def coincidence(
    found: BreakSearch,
    events: pd.Series,
    shortest: int,
    within: int = 2,
    seed: int = 287,
) -> tuple[Finding, np.ndarray]:
    """Share of breaks near an event less its mean over random dates, and the draws.

    Interval: Wilson's for the share, less that mean. p: two-sided rank of the share
    among the random ones, about their mean. Not testable without a break.
    """
    if not found.cuts:
        note = "BIC prefers no break, so that no share is defined"
        return Finding.not_testable(note), np.array([])
    start = found.series.index[0].ordinal
    at = events.map(lambda month: month.ordinal - start).to_numpy()
    hits = near(np.array(found.cuts), at, within)
    places = random_places(
        len(found.series), len(hits), shortest, np.random.default_rng(seed)
    )
    draws = near(places, at, within).mean(axis=1)
    mean = float(draws.mean())

    def interval(level: float) -> tuple[float, float]:
        low, high = proportion_confint(
            hits.sum(), len(hits), alpha=1 - level, method="wilson"
        )
        return float(low) - mean, float(high) - mean

    p = rank_p(hits.mean(), draws, mean)
    return Finding(float(hits.mean() - mean), interval, p, len(hits)), draws


def detectable(n: int, shortest: int, covered: float, level: float) -> float:
    """Smallest excess of the share near an event that is found in 80 of 100 cases.

    n : periods; shortest : of a segment, so that n // shortest - 1 breaks are the most
    there can be; covered : share expected of random dates. Exact (binomial), with
    Wilson's interval of the level; NotTestable if even all breaks near are too few.
    """
    most = n // shortest - 1
    hits = np.arange(most + 1)
    low = proportion_confint(hits, max(most, 1), alpha=1 - level, method="wilson")[0]
    enough = hits[np.asarray(low) > covered]
    if not len(enough):
        raise NotTestable(f"{most} breaks are too few, even if all lie near an event")
    # P(at least k of m) = 0.8 is a quantile of the beta distribution
    share = stats.beta(enough[0], most - enough[0] + 1).ppf(0.8)
    return float(share - covered)


def dated(found: BreakSearch, events: pd.Series, within: int = 2) -> pd.DataFrame:
    """Each break with its interval, the means before and after, the nearest event."""
    rows = []
    means = found.params["const"].to_numpy()
    for number, item in enumerate(found.breaks):
        after = pd.Period(item.first_after)
        gaps = after.ordinal - events.map(lambda month: month.ordinal)
        nearest = gaps.abs().idxmin()
        rows.append(
            {
                "first month after": str(item.first_after),
                "interval": "none"
                if item.lower is None
                else f"{item.lower} to {item.upper}",
                "mean before": means[number],
                "mean after": means[number + 1],
                "nearest federal event": nearest,
                "months from it": gaps[nearest],
                "near": abs(gaps[nearest]) <= within,
            }
        )
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="break"))


def ways(first: str, last: str, trim: int) -> dict[str, tuple]:
    """Variants by name: shortest segment in per cent, events, months that are near."""
    every = federal_events(first, last)
    acts = federal_events(first, last, of_the_list=False)
    found = {f"segments of {trim}% or more": (trim, every, 2)}
    found |= {
        f"segments of {share}% or more": (share, every, 2)
        for share in (10, 5, 3)
        if share != trim
    }
    return found | {
        "segments of 10% or more, near: six months": (10, every, 6),
        "segments of 5% or more, without events dated by the list": (5, acts, 2),
        "segments of 3% or more, without events dated by the list": (3, acts, 2),
    }


def variants(y: pd.Series, first: str, last: str, trim: int) -> dict[str, Finding]:
    """Coincidence under each variant; the note names the first months after breaks."""
    found = {}
    for name, (share, events, within) in ways(first, last, trim).items():
        search = find_breaks(y, min_segment=share / 100, n_resamples=99)
        shortest = int(share / 100 * len(y) + 1e-9)
        result, _ = coincidence(search, events, shortest, within)
        months = ", ".join(str(item.first_after) for item in search.breaks)
        found[name] = replace(result, note=months or result.note)
    return found


def tabled(found: dict[str, Finding]) -> pd.DataFrame:
    """Variants as a table: share near less its mean, interval, p, breaks and when."""
    bare = {name: replace(one, note="") for name, one in found.items()}
    frame = findings.table(bare, "breaks").fillna({"breaks": 0})
    frame["first months after"] = [item.note for item in found.values()]
    return frame


def draw(ax: Axes, found: BreakSearch, events: pd.Series) -> pd.DataFrame:
    """Monthly change, mean by segment, breaks with intervals; events as ticks above."""
    shown = pd.DataFrame({"change": found.series, "mean": found.fittedvalues})
    shown = publish.rounded(shown.set_axis(shown.index.start_time.rename("month")))
    ax.bar(
        shown.index,
        shown["change"],
        width=28,
        align="edge",
        lw=0,
        color=FILLS["other"],
    )
    ax.step(shown.index, shown["mean"], where="post", color=COLOURS["fitted"])
    top = ax.get_ylim()[1]
    for item in found.breaks:
        after = pd.Period(item.first_after)
        ax.axvline(after.start_time, color=COLOURS["counterfactual"], lw=1)
        if item.lower is not None:
            ax.axvspan(
                pd.Period(item.lower).start_time,
                pd.Period(item.upper).end_time,
                alpha=0.15,
                lw=0,
                color=COLOURS["counterfactual"],
            )
    ax.set_ylim(ax.get_ylim()[0], 1.9 * top)  # room for the names of events
    name_events(ax, events, top)
    ax.set_ylabel("Change of active agreements a month")
    charts.dates(ax)
    return shown


def name_events(ax: Axes, events: pd.Series, top: float) -> None:
    """A tick and a name for each event; those near each other stand apart."""
    room, placed = pd.Timedelta(days=150), None
    for name, month in events.sort_values().items():
        day = month.start_time
        at = day if placed is None else max(day, placed + room)
        ax.plot([day, at], [1.04 * top, 1.16 * top], lw=0.5, color=COLOURS["event"])
        ax.annotate(
            label(name),
            (at, 1.17 * top),
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=6,
            color=COLOURS["event"],
        )
        placed = at

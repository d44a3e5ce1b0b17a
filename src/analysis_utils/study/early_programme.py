"""The years before the lists: counts from rosters, changes of level and slope."""

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.methods.its import InterruptedTimeSeries, ITSResults
from analysis_utils.methods.its.placebo import placebo_dates
from analysis_utils.methods.its.sensitivity import default_variants, sensitivity
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS

WEEK = "W-SUN"


def active_by_month(first: str, last: str) -> pd.Series:
    """Active agreements at the end of each month from `first` to `last` (days).

    PeriodIndex. Raises ValueError if the span holds a month that is interpolated.
    """
    table = series.active_since_2002()
    counts = table["active"].set_axis(table.index.to_period("M"))
    chosen = counts[_whole(counts.index, first, last)]
    if chosen.isna().any():
        month = chosen.index[chosen.isna()][0]
        raise ValueError(f"{month} is known by interpolation only; end before it")
    return chosen.rename("active agreements")


def signed_by_week(first: str, last: str) -> pd.Series:
    """Agreements of the early register by week of signing, whole weeks, zeros kept."""
    signed = datasets.early_register()["signed"].dropna().dt.to_period(WEEK)
    weeks = pd.period_range(first, last, freq=WEEK)
    counts = signed.value_counts().reindex(weeks, fill_value=0)
    return counts[_whole(weeks, first, last)].rename("new agreements")


def _whole(periods: pd.PeriodIndex, first: str, last: str) -> pd.Series:
    """Which periods lie wholly between two days."""
    after = periods.start_time >= pd.Timestamp(first)
    return after & (periods.end_time.normalize() <= pd.Timestamp(last))


def split(y: pd.Series, day: pd.Timestamp) -> tuple[pd.Series, pd.Series]:
    """The periods that end before a day, and those from its own on."""
    before = y.index.end_time < day
    return y[before], y[~before]


def variants(model: InterruptedTimeSeries, kind: str) -> pd.DataFrame:
    """The tested change under each variant of the model, or why there is none.

    Beside the usual ones: the period of the event and the next left out, for a change
    that came in two steps.
    """
    part = model.interventions[0]
    steps = replace(part, transition=2, phase="exclude")
    ways = default_variants(model, part) | {
        "two periods of transition left out": {"interventions": [steps]}
    }
    table = sensitivity(model, kind=kind, variants=ways)
    columns = ["estimate", "lower", "upper", "p", "refused"]
    return table[columns].rename(columns={"refused": "note"})


def draw_variants(ax: Axes, table: pd.DataFrame, xlabel: str) -> pd.DataFrame:
    """Draw the variants with their intervals, the stated model first; return them."""
    shown = publish.rounded(table.dropna(subset="estimate").drop(columns="note"))
    shown = shown.rename(columns={"lower": "low", "upper": "high"})
    charts.intervals(ax, shown, xlabel)
    stated = shown["estimate"].iloc[0]
    ax.plot(stated, len(shown) - 1, "o", ms=4.5, color=COLOURS["counterfactual"])
    return shown


def placebo(
    ax: Axes, model: InterruptedTimeSeries, kind: str
) -> tuple[pd.DataFrame, float]:
    """Rank the event's t among those of all other dates; draw, record and return them
    with the p of that rank."""
    found = placebo_dates(model, kind=kind)
    publish.number("placebo_p", found.pvalue, digits=3, label="rank among dates")
    publish.number("placebo_dates", len(found.fitted), "dates")
    t = publish.rounded(found.fitted[["t"]].reset_index())
    t["date"] = t["date"].map(lambda period: period.start_time)
    ax.plot(t["date"], t["t"], "o", ms=2.5, color=COLOURS["other"])
    ax.axhline(found.true["t"], color=COLOURS["counterfactual"])
    ax.axhline(0, color=COLOURS["event"], linewidth=0.6)
    ax.set_ylabel(f"t of the {kind} change")
    charts.dates(ax)
    return t, found.pvalue


SINGLED_OUT = {
    "transition_left_out": "two periods of transition left out",
    "without_last_tenth": "without last tenth",
    "lag_one": "lag 1",
    "lag_two": "lag 2",
    "lag_three": "lag 3",
}


def beside(role: str, other: str) -> str:
    """Role of what stands beside a run's result: `other`, if that is a primary one."""
    return other if role == "primary" else role


def record_variants(table: pd.DataFrame, hypothesis: str, role: str) -> None:
    """Record the variants that test what is weakest: two steps, last months, lags.

    role: of the run's own result; those of a primary one are sensitivity results.
    """
    for key, name in SINGLED_OUT.items():
        row = table.loc[name]
        interval = (row["lower"], row["upper"])
        publish.number(key, row["estimate"], digits=1, interval=interval)
        publish.hypothesis(
            hypothesis,
            row["estimate"],
            interval,
            row["p"],
            role=beside(role, "sensitivity"),
            note=name,
        )


def record_placebo(
    found: pd.Series, dates: int, p: float, hypothesis: str, role: str
) -> None:
    """Record the rank p of an event among other dates beside the tested change."""
    note = (
        f"p is the rank of the event's t among {dates} other dates, all within the "
        "same series, and rests on no model of the errors; it has no interval"
    )
    publish.hypothesis(
        hypothesis,
        found["coefficient"],
        p=p,
        n=dates,
        role=beside(role, "placebo"),
        note=note,
    )


def tested(result: ITSResults, kind: str) -> pd.Series:
    """Coefficient, interval and p of the tested change (`level` or `slope`)."""
    term = f"{result.model.interventions[0].slug}_{kind}"
    return result.table().loc[term]

"""Controlled interrupted time series of signings: one group against the others."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    ITSResults,
    NeweyWest,
    Refusal,
)
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS
from analysis_utils.study.events import Event

Groups = tuple[pd.Series, pd.Series]


@dataclass(frozen=True)
class Fit:
    """A fitted model, or the reason why there is none."""

    result: ITSResults | None
    refused: str = ""


def model_groups(as_of: str | None, start: str = "2025-01-20") -> Groups:
    """Signings per week of the task force model, and of the two others together.

    Whole weeks from `start` (a Monday) to the last list.
    """
    weekly = series.signings(
        basis="signing", frequency="week", by="model", start=start, as_of=as_of
    )
    whole = weekly.index + pd.Timedelta(days=6) <= series.last_day(as_of)
    weekly = weekly[whole].set_axis(weekly.index[whole].to_period("W-SUN"))
    others = weekly[["JEM", "WSO"]].sum(axis="columns")
    return weekly["TFM"].rename("task force"), others.rename("jail and warrant")


def placebo_models(as_of: str | None, start: str) -> Groups:
    """Signings per week of the jail and of the warrant model: neither is paid."""
    treated, _ = model_groups(as_of, start)
    weekly = series.signings(
        basis="signing", frequency="week", by="model", start=start, as_of=as_of
    ).iloc[: len(treated)]
    jail, warrant = (weekly[m].set_axis(treated.index) for m in ("JEM", "WSO"))
    return jail.rename("jail"), warrant.rename("warrant")


def state_groups(
    state: str, agencies: str, day: pd.Timestamp, window: int, as_of: str | None
) -> Groups:
    """Signings per week in a state and in all others together, about a day.

    `agencies` is a kind of agency, or "all".
    """
    kind = {} if agencies == "all" else {"agency_kind": agencies}
    options = {"basis": "signing", "frequency": "week", "as_of": as_of} | kind
    inside = series.signings(state=state, **options)["all"]
    outside = series.signings(**options)["all"] - inside
    last = series.last_day(as_of)
    inside, outside = (
        series.around(counts, day, "week", window, last) for counts in (inside, outside)
    )
    return inside.rename(state), outside.rename("other states")


def per_hundred_agencies(groups: Groups, state: str) -> Groups:
    """Counts of a state and of all others per 100 law enforcement agencies (FBI)."""
    agencies = datasets.states().set_index("state")["agencies"]
    inside, outside = agencies[state], agencies.sum() - agencies[state]
    return groups[0] * 100 / inside, groups[1] * 100 / outside


def fit(
    groups: Groups,
    change: Intervention,
    counts: bool,
    exclude: tuple[tuple[str, str], ...] = (),
) -> Fit:
    """Segmented regression of both groups, each with its own level and trend.

    Counts are quasi-Poisson; anything else is gaussian with Newey-West covariance
    within the groups.
    """
    treated, control = groups
    if not treated.any() and not control.any():
        return Fit(None, "No agreement was signed in these weeks, in either group.")
    options = {"control": control, "exclude": list(exclude)}
    if counts:
        options |= {"family": "quasipoisson"}
    else:
        options |= {"errors": NeweyWest()}
    try:
        model = InterruptedTimeSeries(treated, [change], **options)
        return Fit(model.fit())
    except Refusal as refused:
        return Fit(None, str(refused))


def record_means(groups: Groups, day: pd.Timestamp, unit: str) -> None:
    """Record weeks before, and the means of both groups before and after a day."""
    before = groups[0].index.end_time < day
    publish.number("n_before", int(before.sum()), "weeks")
    for name, group in zip(("state", "others"), groups, strict=True):
        publish.number(f"{name}_before", group[before].mean(), unit, 2)
        publish.number(f"{name}_after", group[~before].mean(), unit, 2)


def coefficients(found: Fit) -> pd.DataFrame:
    """The fitted terms; one row with the reason where nothing was fitted."""
    if found.result is None:
        return pd.DataFrame({"note": [found.refused]}, index=["not estimated"])
    return found.result.table().rename_axis("term")


def record(found: Fit, hypothesis: str, role: str, term: str) -> None:
    """Record the result of a hypothesis: the ratio over all periods after the event
    for counts, the coefficient `term` otherwise; or that there is none, and why.
    """
    if found.result is None:
        publish.number("effect", None)
        publish.hypothesis(hypothesis, role=role, note=found.refused)
        return
    if found.result.model.log_link:
        row = found.result.effect().loc["ratio"]
        estimate, low, high, p = row[["estimate", "lower", "upper", "p"]]
    else:
        row = found.result.table().loc[term]
        estimate, low, high, p = row[["coefficient", "lower", "upper", "p"]]
    publish.number("effect", estimate, digits=2, interval=(low, high))
    publish.hypothesis(
        hypothesis, estimate, (low, high), p, n=found.result.nobs, role=role
    )


def sentence(found: Fit, policy: Event, state: str, agencies: str, outcome: str) -> str:
    """What the estimate shows, as a template of recorded numbers."""
    who = f"{state}" if agencies == "all" else f"{state} ({agencies} agencies)"
    if found.result is None:
        return f"For {who} at {policy.day.date()} nothing can be estimated. {found.refused}"
    if outcome == "count":
        return (
            f"Over the weeks after {policy.day.date()}, signings in {who} are "
            "{effect:interval} times what they would have been, had they kept their "
            "course relative to the other states."
        )
    return (
        f"At {policy.day.date()} the level of weekly signings per 100 agencies in {who} "
        "changes by {effect:interval} more than in the other states."
    )


def ratios(fits: dict[str, Fit], hypothesis: str) -> pd.DataFrame:
    """Ratio over all periods after the event under each specification.

    All but the first are recorded as sensitivity, or as placebo if named so.
    """
    rows = {}
    for name, found in fits.items():
        empty = {"estimate": None, "lower": None, "upper": None, "p": None}
        effect = found.result.effect().loc["ratio"] if found.result else empty
        rows[name] = {key: effect[key] for key in empty} | {"note": found.refused}
        if len(rows) > 1 and found.result:
            role = "placebo" if name.startswith("placebo") else "sensitivity"
            interval = (effect["lower"], effect["upper"])
            n = found.result.nobs
            publish.hypothesis(
                hypothesis, effect["estimate"], interval, effect["p"], n=n,
                role=role, note=name,
            )
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("specification")
    return table.astype({name: "float64" for name in ("estimate", "lower", "upper", "p")})


def draw_ratios(ax: Axes, table: pd.DataFrame) -> Axes:
    """Ratios with intervals on a logarithmic axis, no effect marked."""
    frame = table.rename(columns={"lower": "low", "upper": "high"})
    ax.set_xscale("log")
    ticks = [0.1, 0.5, 1, 2, 5, 10, 50]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    return charts.intervals(ax, frame, "Ratio to the counterfactual", at=1)


def draw(ax: Axes, groups: Groups, day: pd.Timestamp, name: str) -> pd.DataFrame:
    """Draw both series as dots with their means before and after; return the data."""
    data = publish.rounded(pd.concat(groups, axis="columns"))
    data.index = data.index.start_time.rename("week")
    colours = (COLOURS["counterfactual"], COLOURS["fitted"])
    for column, colour in zip(data, colours, strict=True):
        ax.plot(data.index, data[column], "o", markersize=2.5, color=colour)
        parts = (data[data.index < day], data[data.index >= day])
        for part in (part for part in parts if len(part)):
            mean = part[column].mean()
            ax.hlines(mean, part.index[0], part.index[-1], color=colour)
        ax.annotate(
            column,
            (data.index[-1], mean),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            fontsize=7,
            va="center",
            annotation_clip=False,
        )
    charts.dates(charts.mark_events(ax, {name: day})).set_ylim(bottom=0)
    return data

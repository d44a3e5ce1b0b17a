"""Controlled interrupted time series of signings: one group against the others."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    ITSResults,
    NeweyWest,
)
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS
from analysis_utils.study import its_report
from analysis_utils.study.events import Event

Groups = tuple[pd.Series, pd.Series]
Gap = tuple[tuple[str, str], ...]


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
    weekly = weekly.reindex(columns=["TFM", "JEM", "WSO"], fill_value=0)
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
    exclude: Gap = (),
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
    except NotTestable as refused:
        return Fit(None, str(refused))


def periods(groups: Groups, day: pd.Timestamp, exclude: Gap = ()) -> pd.DataFrame:
    """Whether each week lies before the day's week, from it on, or is left out."""
    weeks = groups[0].index
    table = pd.DataFrame({"before": weeks.end_time < day}, index=weeks)
    table["after"] = ~table["before"]
    for first, last in exclude:
        gone = (weeks.end_time >= pd.Timestamp(first)) & (
            weeks.start_time <= pd.Timestamp(last)
        )
        table.loc[gone] = False
    return table


def record_means(
    groups: Groups, day: pd.Timestamp, unit: str, exclude: Gap = ()
) -> None:
    """Record weeks and means of both groups before and after a day, as in the model."""
    split = periods(groups, day, exclude)
    if not split["before"].any() or not split["after"].any():
        raise NotTestable(
            f"no whole week lies on one side of {day.date()}; choose a later as_of"
        )
    for when in ("before", "after"):
        publish.number(f"n_{when}", int(split[when].sum()), "weeks")
        for name, group in zip(("treated", "control"), groups, strict=True):
            publish.number(f"{name}_{when}", group[split[when]].mean(), unit, 2)


def report_fit(found: Fit, term: str) -> pd.DataFrame:
    """Record dispersion and detectable change; return the tests of the residuals."""
    if found.result is None:
        publish.number("detectable", None, "times", 1)
        return pd.DataFrame({"note": [found.refused]}, index=["not estimated"])
    its_report.record_detectable(found.result, term)
    return its_report.adequacy(found.result)


def adequacy_sentence(found: Fit, tests: pd.DataFrame) -> str:
    """Dispersion, detectable change, failed tests: a template of recorded numbers."""
    if found.result is None:
        return found.refused
    unit = "" if found.result.model.log_link else " signings a week per 100 agencies"
    spread = "The dispersion is {dispersion}. " if found.result.model.log_link else ""
    power = its_report.power_words(unit)
    return f"{spread}{power} {its_report.failed_tests(tests)}"


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
    estimate, low, high, p = effect_row(found, term)[
        ["estimate", "lower", "upper", "p"]
    ]
    publish.number("effect", estimate, digits=2, interval=(low, high))
    publish.hypothesis(
        hypothesis, estimate, (low, high), p, n=found.result.nobs, role=role
    )


def effect_row(found: Fit, term: str) -> pd.Series:
    """Estimate, lower, upper, p: the ratio after the event, or a coefficient."""
    if found.result.model.log_link:
        return found.result.effect().loc["ratio"]
    row = found.result.table().loc[term]
    return row.rename({"coefficient": "estimate"})[["estimate", "lower", "upper", "p"]]


def sentence(found: Fit, policy: Event, who: str, outcome: str, term: str) -> str:
    """What the estimate shows, as a template of recorded numbers."""
    if found.result is None:
        when = policy.day.date()
        return f"For {who} at {when} nothing can be estimated. {found.refused}"
    open_end = its_report.undetermined(
        effect_row(found, term), 1 if outcome == "count" else 0
    )
    if outcome == "count":
        return (
            f"Over the weeks after {policy.day.date()}, signings in {who} are "
            "{effect:interval} times the counterfactual: their own line from before, "
            f"moved as the control group moved.{open_end}"
        )
    return (
        f"At {policy.day.date()} the level of weekly signings per 100 agencies in "
        f"{who} changes by {{effect:interval}} more than in the control group.{open_end}"
    )


def draw_ratios(ax: Axes, table: pd.DataFrame) -> Axes:
    """Ratios with intervals on a logarithmic axis, no effect marked."""
    frame = table.rename(columns={"lower": "low", "upper": "high"})
    ax.set_xscale("log")
    ticks = [0.1, 0.5, 1, 2, 5, 10, 50]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    return charts.intervals(ax, frame, "Ratio to the counterfactual", at=1)


def draw(
    ax: Axes, groups: Groups, found: Fit, day: pd.Timestamp, label: str
) -> pd.DataFrame:
    """Draw both groups, the treated one with fit and counterfactual; return data."""
    treated, control = groups
    data = pd.concat(groups, axis="columns")
    colour = COLOURS["WSO"]
    weeks = control.index.start_time
    ax.plot(weeks, control, "x", markersize=3, color=colour, label=control.name)
    if found.result is None:
        ax.plot(weeks, treated, "o", markersize=2.5, color="0.35", label=treated.name)
        charts.mark_events(ax, {label: day})
    else:
        found.result.plot(ax=ax, legend=False)
        path = found.result.counterfactual().drop(columns=["observed", "used"])
        data = data.join(path)
    name_dots(ax, str(treated.name))
    seen = data[[c for c in data if not str(c).startswith("counterfactual")]]
    top = 1.15 * seen.max().max() or 1.0  # the counterfactual's band may leave it
    ax.set_ylim(-0.02 * top, top)
    data.index = data.index.start_time.rename("week")
    return publish.rounded(data.round(10))  # no noise about zero


def name_dots(ax: Axes, treated: str) -> None:
    """A legend above the axes in which the dots have the name of the treated group."""
    handles, names = ax.get_legend_handles_labels()
    named = [treated if name == "Observed" else name for name in names]
    place = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0)}
    ax.legend(handles, named, ncols=5, handlelength=1.5, **place)


def other_states(
    state: str, agencies: str, day: pd.Timestamp, window: int, as_of: str | None
) -> pd.DataFrame:
    """Signings per week and 100 agencies in each state but one; a column a state."""
    kind = {} if agencies == "all" else {"agency_kind": agencies}
    weekly = series.signings(
        basis="signing", frequency="week", by="state", as_of=as_of, **kind
    ).drop(columns=state, errors="ignore")
    last = series.last_day(as_of)
    cut = {
        name: series.around(weekly[name], day, "week", window, last) for name in weekly
    }
    per = datasets.states().set_index("state")["agencies"] / 100
    return pd.DataFrame(
        {name: y / per[name] for name, y in cut.items() if per[name] > 0}
    )


def placebo_states(
    found: Fit, rates: pd.DataFrame, change: Intervention, term: str
) -> pd.DataFrame:
    """The estimate with each other state as the treated one; the first row is true.

    The control group of each is the mean of the rest, weighted equally; the state of
    the event is in none of them.
    """
    rows = {"event's state": effect_row(found, term)}
    for name in rates:
        if not rates[name].any():
            continue
        control = rates.drop(columns=name).mean(axis="columns").rename("others")
        one = fit((rates[name], control), change, counts=False)
        if one.result is not None:
            rows[name] = effect_row(one, term)
    table = pd.DataFrame(rows).T.rename_axis("treated")
    table["t"] = table["estimate"] / (table["upper"] - table["estimate"]).abs()
    return table


def record_placebo_states(table: pd.DataFrame, hypothesis: str) -> None:
    """Record how the event's state ranks among the others, by estimate and by |t|."""
    true, others = table.iloc[0], table.iloc[1:]
    ranks = {
        name: (1 + (others[name].abs() >= abs(true[name])).sum()) / len(table)
        for name in ("estimate", "t")
    }
    publish.number("placebo_states", len(others), "states")
    publish.number("placebo_small_p", int((others["p"] < 0.05).sum()), "states")
    publish.number("rank_estimate", ranks["estimate"], digits=3)
    publish.number("rank_t", ranks["t"], digits=3)
    publish.hypothesis(
        hypothesis,
        others["estimate"].mean(),
        tuple(others["estimate"].quantile([0.025, 0.975])),
        ranks["t"],
        n=len(others),
        role="placebo",
        note="each other state as the treated one; p is the rank of |t| of the event's",
    )


def largest_week(groups: Groups, day: pd.Timestamp) -> Gap:
    """The treated group's week with most signings from the day on, to be left out."""
    after = groups[0][groups[0].index.end_time >= day]
    week = after.idxmax()
    return ((str(week.start_time.date()), str(week.end_time.date())),)


def variants(
    fits: dict[str, Fit], hypothesis: str, term: str, role: str = "sensitivity"
) -> pd.DataFrame:
    """The estimate under each specification; all but the first are recorded.

    Those named "placebo: ..." are recorded as such.
    """
    rows = {}
    for name, found in fits.items():
        if found.result is None:
            rows[name] = {"note": found.refused}
            continue
        row = effect_row(found, term)
        rows[name] = row.to_dict() | {"note": ""}
        if len(rows) > 1:
            as_what = "placebo" if name.startswith("placebo") else role
            publish.hypothesis(
                hypothesis,
                row["estimate"],
                (row["lower"], row["upper"]),
                row["p"],
                n=found.result.nobs,
                role=as_what,
                note=name,
            )
    columns = ["estimate", "lower", "upper", "p", "note"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    numbers = dict.fromkeys(columns[:4], "float64")
    return table.rename_axis("specification").astype(numbers)


def interval_words(table: pd.DataFrame, null: float) -> str:
    """How many of the intervals of `variants` hold "no effect", in words."""
    known = table.dropna(subset="estimate")
    holding = int(((known["lower"] <= null) & (known["upper"] >= null)).sum())
    return (
        f"{len(known)} intervals, limits from {known['lower'].min():.2f} to "
        f"{known['upper'].max():.1f}; {holding} of them hold {null:g}."
    )

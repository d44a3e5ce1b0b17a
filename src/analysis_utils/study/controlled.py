"""Controlled interrupted time series of signings: one group against the others."""

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import ITSResults
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS

Groups = tuple[pd.Series, pd.Series]
Gap = tuple[tuple[str, str], ...]


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


def state_groups(
    state: str, agencies: str, day: pd.Timestamp, window: int, as_of: str | None
) -> Groups:
    """Signings per week in a state and in all others together, about a day.

    `agencies` is a kind of agency, or "all".
    """
    kind = None if agencies == "all" else agencies
    inside, total = (
        series.signings(
            basis="signing", frequency="week", state=s, agency_kind=kind, as_of=as_of
        )["all"]
        for s in (state, None)
    )
    outside = total - inside
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


def draw(ax: Axes, groups: Groups, result: ITSResults) -> pd.DataFrame:
    """Draw both groups, the treated one with fit and counterfactual; return data.

    The axis is that of the data; the band of the counterfactual may leave it.
    """
    treated, control = groups
    weeks = control.index.start_time
    ax.plot(weeks, control, "x", ms=3, color=COLOURS["WSO"], label=control.name)
    result.plot(ax=ax, legend=False)
    path = result.counterfactual()
    charts.without_wide_bands(ax, path)
    path = path.drop(columns=["observed", "used"])
    data = pd.concat(groups, axis="columns").join(path)
    name_dots(ax, str(treated.name))
    seen = data[[treated.name, control.name, "fitted"]].max().max() or 1.0
    ax.set_ylim(-0.02 * seen, 1.15 * seen)
    data.index = data.index.start_time.rename("week")
    return publish.rounded(data.round(10))  # no noise about zero


def name_dots(ax: Axes, treated: str) -> None:
    """A legend above the axes in which the dots have the name of the treated group."""
    handles, names = ax.get_legend_handles_labels()
    named = [treated if name == "Observed" else name for name in names]
    ax.legend(
        handles, named, ncols=5, handlelength=1.5, loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
    )  # fmt: skip


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


def largest_week(groups: Groups, day: pd.Timestamp) -> Gap:
    """The treated group's week with most signings from the day on, to be left out."""
    after = groups[0][groups[0].index.end_time >= day]
    week = after.idxmax()
    return ((str(week.start_time.date()), str(week.end_time.date())),)


def means(groups: Groups, day: pd.Timestamp, exclude: Gap = ()) -> pd.DataFrame:
    """Weeks and mean of both groups before a day and from its week on.

    Raises NotTestable if no whole week lies on one side.
    """
    split = periods(groups, day, exclude)
    if not split["before"].any() or not split["after"].any():
        raise NotTestable(
            f"no whole week lies on one side of {day.date()}; choose a later as_of"
        )
    rows = {
        when: {"weeks": int(split[when].sum())}
        | {str(group.name): group[split[when]].mean() for group in groups}
        for when in ("before", "after")
    }
    return pd.DataFrame(rows).T.rename_axis("when")

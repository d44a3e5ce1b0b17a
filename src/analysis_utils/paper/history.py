"""The picture that paper, site and README open with: agreements in force since 2002."""

import io

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis_utils import datasets, series
from analysis_utils.publish.style import COLOURS

# Events by their id in data/policy_events.csv: words, their height on the axis, and
# on which side of the day there is room for them.
EVENTS = {
    "task-force-ended": ("task force\nmodel lapses", 0.3, "left"),
    "eo-13768": ("order to expand\n(EO 13768)", 0.3, "left"),
    "eo-13993": ("order revoked\n(EO 13993)", 0.3, "left"),
    "eo-14159": ("order to expand,\ntask force model\nreturns (EO 14159)", 0.8, "left"),
    "reimbursement-starts": ("payments\nstart", 0.3, "right"),
}
CAPTION = (
    "287(g) agreements in force at the end of each month, July 2002 to {last}. Thin: "
    "months for which only published totals are known.{dots} Sources: ICE's lists "
    "and fact sheets, data/active_monthly.csv, data/later_totals.csv, "
    "data/policy_events.csv."
)
DOTS = " Dots: ICE's lists from then to {later}, as counted by others."
ON = "; dots go on to {latest:,} on {later}"
ALT = (
    "A line from {first} agreement in 2002 to {peak} in {peak_year}; it falls to {low} "
    "by {low_year}, reaches {before} in January 2021, stays near that for four years, "
    "and climbs steeply from early 2025 to {now} in {last}{on}. Vertical lines mark "
    "the orders of 2017, 2021 and 2025, the lapse of the task force model in 2012 and "
    "the start of payments in 2025."
)


def words() -> dict[str, str]:
    """Caption and alternative text, with the counts that the data give."""
    table = series.active_since_2002()["active"].dropna()
    early = table[: day_of("eo-13768")]
    fall = early[early.idxmax() :]
    counts = {
        "first": table.iloc[0],
        "peak": early.max(),
        "peak_year": early.idxmax().year,
        "low": fall.min(),
        "low_year": fall.idxmin().year,
        "before": table[: day_of("eo-13993")].iloc[-1],
        "now": table.iloc[-1],
    }
    said = {name: f"{int(value)}" for name, value in counts.items()}
    said["now"] = f"{int(counts['now']):,}"
    said["last"] = f"{table.index[-1]:%B %Y}"
    totals = later()
    said |= {"dots": "", "on": ""}
    if len(totals):
        day = f"{totals.index[-1].day} {totals.index[-1]:%B %Y}"
        said["dots"] = DOTS.format(later=day)
        said["on"] = ON.format(latest=totals.iloc[-1], later=day)
    return {"caption": CAPTION.format(**said), "alt": ALT.format(**said)}


def day_of(event: str) -> pd.Timestamp:
    """Day of an event of data/policy_events.csv."""
    return datasets.policy_events().set_index("id").loc[event, "date"]


def later() -> pd.Series:
    """National totals of lists after the register's newest, by day; may be empty."""
    totals = datasets.load("later_totals").set_index("day")["total"].sort_index()
    return totals[totals.index > series.last_day()]


def picture() -> Figure:
    """The course since 2002 on one linear axis, with what was ordered when."""
    table = series.active_since_2002(interpolated=True)
    known = table["active"].where(table["grade"] != "interpolated")
    fig, ax = plt.subplots(figsize=(7.2, 3.3))
    ax.plot(table.index, table["active"], color=COLOURS["all"], linewidth=0.6)
    ax.plot(known.index, known, color=COLOURS["all"], linewidth=1.6)
    totals = later()
    ax.plot(totals.index, totals, "o", color=COLOURS["all"], markersize=1.8)
    top = 1.06 * max([known.max(), *totals])
    for event, (text, height, side) in EVENTS.items():
        mark(ax, day_of(event), text, height * top, side)
    peak = known[: day_of("eo-13768")].idxmax()
    count(ax, peak, known[peak], "center")
    start = known[: day_of("eo-14159")].index[-1]
    count(ax, start, known[start], "right")
    count(ax, known.index[-1], known.iloc[-1], "left")
    if len(totals):
        count(ax, totals.index[-1], totals.iloc[-1], "left")
    ax.set_ylim(0, top)
    ax.set_xlim(table.index[0], table.index[-1] + pd.DateOffset(months=26))
    ax.set_ylabel("Agreements in force")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return fig


def mark(ax: Axes, day: pd.Timestamp, text: str, height: float, side: str) -> None:
    """A line at a day that ends at its words, with the date below them."""
    (line,) = ax.plot([day, day], [0, height], color=COLOURS["event"], linewidth=0.8)
    line.set(linestyle=(0, (3, 2)), zorder=1)
    ax.annotate(
        f"{text}\n{day.day} {day:%b %Y}",
        (day, height),
        xytext=(-3 if side == "left" else 3, 0),
        textcoords="offset points",
        ha="right" if side == "left" else "left",
        va="top",
        fontsize=7,
        color="#444444",
    )


def count(ax: Axes, day: pd.Timestamp, value: float, align: str) -> None:
    """The number of agreements on a day, at its place on the line."""
    ax.plot(day, value, marker="o", color=COLOURS["JEM"])
    ax.annotate(
        f"{int(value):,}",
        (day, value),
        xytext=({"center": 0, "right": -4, "left": 5}[align], 4),
        textcoords="offset points",
        ha=align,
        va="bottom",
        fontsize=8,
        weight="bold",
        color=COLOURS["JEM"],
    )


def svg() -> bytes:
    """The picture as SVG: the same bytes whenever the data are the same."""
    from analysis_utils.workflow import determinism

    determinism.apply()
    fig, content = picture(), io.BytesIO()
    fig.savefig(content, format="svg", metadata={"Date": None})
    plt.close(fig)
    return content.getvalue()

"""Claims of the article: measured from the data, and judged by a rule.

A measure is written kind:argument in data/hand/article_claims.csv, for example
`list:agreements` or `days:eo-14159`. Verdicts follow from `verdict` alone.
"""

import math
from collections.abc import Callable
from functools import cache
from textwrap import fill

import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS
from analysis_utils.study import events
from analysis_utils.study import growth as growth_of_lists

NEAR = 0.05  # "about" and "nearly" allow for this share of the claimed value
SLIP = 0.01  # an exact claim that is off by less is confirmed with a caveat
CONFIRMED = "confirmed"
CAVEAT = "confirmed with a caveat"
NOT_CONFIRMED = "not confirmed"
CANNOT = "can't be checked with public data"
VERDICTS = (CONFIRMED, CAVEAT, NOT_CONFIRMED, CANNOT)
MOVING = ("active", "arrests", "growth", "later", "list")  # what has a value of today
BESIDE = ("beside_first", "beside", "beside_now")
STANDING = ("active", "list")  # what has a value on the first day of a claim as well


def agrees(claimed: float, measured: float, relation: str) -> bool:
    """Whether a measured value is what the claim says.

    exact: equal when rounded to whole numbers; about: within 5 %; nearly: up to 5 %
    less, and not more; more than, less than: as the words say.
    """
    share = measured / claimed - 1 if claimed else math.inf
    return {
        "exact": round(measured) == claimed,
        "about": abs(share) <= NEAR,
        "nearly": -NEAR <= share <= 0,
        "more than": measured > claimed,
        "less than": measured < claimed,
    }[relation]


def verdict(claimed: float, measured: float, relation: str, caveat: str) -> str:
    """The verdict on one claim; `measured` is missing where nothing can decide."""
    if math.isnan(measured):
        return CANNOT
    if agrees(claimed, measured, relation):
        return CAVEAT if caveat else CONFIRMED
    slipped = relation == "exact" and abs(measured - claimed) < SLIP * claimed
    return CAVEAT if slipped else NOT_CONFIRMED


@cache
def list_counts(day: pd.Timestamp) -> pd.Series:
    """What ICE's list held on a day: `series.list_counts`, and the models."""
    models = growth_of_lists.held_on(day)["model"].nunique()
    return series.list_counts([day]).assign(models=models).iloc[0]


def of_list(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """A column of `list_counts` on ICE's list of a day."""
    return list_counts(day)[argument]


def growth(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Change of a column of `series.list_counts` between two days, in per cent."""
    return 100 * (of_list(argument, since, day) / of_list(argument, since, since) - 1)


def active(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Active agreements at the last month-end up to a day; missing where unknown."""
    counts = series.active_since_2002()["active"]
    return counts[counts.index <= day].iloc[-1]


def change(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Change of active agreements between two days, in per cent."""
    return 100 * (active(argument, since, day) / active(argument, since, since) - 1)


def published(argument: str, day: pd.Timestamp) -> pd.DataFrame:
    """The newest published figure for a period that ends by a day: one row, or none."""
    table = datasets.published_figures()
    known = table["evidence"] != "unverified"
    rows = table[(table["figure"] == argument) & (table["end"] <= day) & known]
    return rows.sort_values("end").tail(1)


def figure(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Value of the newest published figure for a period that ends by a day."""
    rows = published(argument, day)
    return rows["value"].iloc[0] if len(rows) else math.nan


def arrests(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Sum of a national series over the whole months between two days, one year at
    most; months that were counted in part are left out."""
    table = datasets.encounters(argument, "nation")
    last = min(day, since + pd.DateOffset(years=1))
    month_end = table["date"] + pd.offsets.MonthEnd(1)
    whole = (table["date"] >= since) & (month_end <= last)
    return table["value"][whole & (table["flag"] != "partial")].sum()


def residents(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Sum of a column of data/states.csv over the states."""
    return datasets.states()[argument].sum()


def years(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Calendar years from that of `since` to that of a policy event."""
    return events.find(argument).day.year - since.year


def days(argument: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Which day from `since` on a policy event falls on: 1 for `since` itself."""
    return (events.find(argument).day - since).days + 1


Measure = Callable[[str, pd.Timestamp, pd.Timestamp], float]
MEASURES: dict[str, Measure] = {
    "active": active,
    "arrests": arrests,
    "change": change,
    "days": days,
    "figure": figure,
    "growth": growth,
    "later": figure,
    "list": of_list,
    "residents": residents,
    "years": years,
}


def measured(measure: str, since: pd.Timestamp, day: pd.Timestamp) -> float:
    """Value of a measure (kind:argument) on a day; missing for a blank one."""
    if not measure:
        return math.nan
    kind, argument = measure.split(":")
    return float(MEASURES[kind](argument, since, day))


def newest(measure: str, since: pd.Timestamp, last: pd.Timestamp) -> float:
    """The same today, for what moves with new lists and publications."""
    moves = measure.split(":")[0] in MOVING
    return measured(measure, since, last) if moves else math.nan


def first(measure: str, since: pd.Timestamp) -> float:
    """The same on the first day of a claim, for counts of what is in force."""
    stands = measure.split(":")[0] in STANDING and pd.notna(since)
    return measured(measure, since, since) if stands else math.nan


def checked(claims: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Each claim with what the data say on its day and on the last, and its verdict.

    Claims of a day after `last` are left out: they cannot be known yet.
    """
    rows = []
    for claim in claims[claims["day"] <= last].itertuples():
        on_day, beside = (
            measured(which, claim.since, claim.day)
            for which in (claim.measure, claim.beside)
        )
        rows.append(
            {
                "id": claim.id,
                "quoted": claim.quoted,
                "claimed": claim.claimed,
                "unit": claim.unit,
                "since": claim.since,
                "day": claim.day,
                "measure": claim.measure,
                "measured": on_day,
                "now": newest(claim.measure, claim.since, last),
                "beside_first": first(claim.beside, claim.since),
                "beside": beside,
                "beside_now": newest(claim.beside, claim.since, last),
                "beside_is": claim.beside,
                "verdict": verdict(claim.claimed, on_day, claim.relation, claim.caveat),
                "how": claim.how,
                "caveat": claim.caveat,
            }
        )
    return pd.DataFrame(rows).set_index("id")


def key(name: str, what: str) -> str:
    """Key of a recorded number of a claim."""
    return f"{name.replace('-', '_')}_{what}"


def record(table: pd.DataFrame) -> None:
    """Record what was claimed and measured, and how many claims have each verdict."""
    for name, row in table.iterrows():
        digits = 1 if row["unit"] == "%" else 0
        for what in ("claimed", "measured", "now", *BESIDE):
            unit = row["unit"] if what not in BESIDE else ""
            publish.number(key(name, what), row[what], unit, digits)
        change = 100 * (row["beside"] / row["beside_first"] - 1)
        publish.number(key(name, "beside_change"), change, "%", 1)
    for which in VERDICTS:
        name = which.replace("'", "").replace(" ", "_")
        publish.number(f"n_{name}", (table["verdict"] == which).sum(), "claims")
    publish.number("n_claims", len(table), "claims")


def by_whom(name: str, row: pd.Series) -> str:
    """What was measured and by whom, as a template; empty where nothing decides."""
    if pd.isna(row["measured"]):
        return ""
    kind, argument = row["measure"].split(":")
    value = f"{{{key(name, 'measured')}}}"
    if kind == "years":
        return f": {events.find(argument).day.year} by the data"
    if kind == "days":
        value = f"day {{{key(name, 'measured')}:value}} of the term"
        return f": {value} ({events.said(events.find(argument).day)}) by the data"
    if kind == "figure":
        source = published(argument, row["day"]).iloc[0]
        return f": {value} by {source['publisher']}, for {events.said(source['end'])}"
    return f": {value} by the data on {events.said(row['day'])}"


def besides(name: str, row: pd.Series) -> str:
    """What stands beside a claim that can't be checked, as a template; else empty."""
    if row["verdict"] != CANNOT or pd.isna(row["beside_first"]):
        return ""
    what = row["beside_is"].split(":")[1]
    then, before, change = (
        key(name, which) for which in ("beside", "beside_first", "beside_change")
    )
    return (
        f" Beside it, {{{then}}} {what} on {events.said(row['day'])} and {{{before}}} "
        f"on {events.said(row['since'])}, a change of {{{change}}}."
    )


def template(name: str, row: pd.Series, last: pd.Timestamp) -> str:
    """One claim as a sentence of recorded numbers."""
    text = "\N{LEFT DOUBLE QUOTATION MARK}" + row["quoted"]
    text += "\N{RIGHT DOUBLE QUOTATION MARK}" + by_whom(name, row)
    if pd.notna(row["now"]):
        text += f", {{{key(name, 'now')}}} on {events.said(last)}"
    caveat = f" {row['caveat']}." if row["caveat"] else ""
    said = f"{text}. **{row['verdict'].capitalize()}.**{caveat}"
    return said + besides(name, row)


def tell(table: pd.DataFrame, last: pd.Timestamp) -> Markdown:
    """Every claim as a sentence, recorded, as a list."""
    texts = [
        publish.sentence(template(name, row, last)).data
        for name, row in table.iterrows()
    ]
    return Markdown("\n".join(f"- {text}" for text in texts))


# Where a claim stands: panel, and its words beside the mark (points, alignment).
PLACES = {
    "january-2017": (0, (7, -9, "left")),
    "first-term": (0, (-6, 4, "right")),
    "summary": (1, (8, 0, "left")),
    "baseline": (1, (-6, 14, "right")),
    "agreements": (1, (9, -8, "left")),
    "agencies": (1, (-8, 4, "right")),
}
SPLIT = pd.Timestamp("2021-01-31")  # the surge would flatten the years before it


def draw(axes: list[Axes], table: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Draw the claims of counts on the course of the agreements; return the data.

    Two panels with axes of their own: until January 2021, and from then on.
    """
    course = series.active_since_2002()["active"]
    course = course[course.index <= last].rename("value").rename_axis("day")
    parts = [course[course.index <= SPLIT], course[course.index >= SPLIT]]
    shown = table.loc[[name for name in PLACES if name in table.index]]
    for ax, part in zip(axes, parts, strict=True):
        # not seaborn's: it would join the line over the years that are not known
        ax.plot(part.index, part, color=COLOURS["observed"], drawstyle="steps-post")
        ax.yaxis.set_major_formatter("{x:,.0f}")
        charts.dates(ax)
    for name, row in shown.iterrows():
        panel, place = PLACES[name]
        mark(axes[panel], row, place)
    axes[0].set(ylabel="Agreements in force", ylim=(0, 200))
    axes[1].set_ylim(0, 1.08 * max(parts[1].max(), 1000) if len(parts[1]) else 1000)
    columns = ["day", "quoted", "claimed", "measured", "unit", "verdict", "id"]
    points = shown.reset_index()[columns]
    return pd.concat([course.reset_index(), points], ignore_index=True)


def described(data: pd.DataFrame) -> str:
    """The course and the claims drawn on it, in words and numbers."""
    course = data.dropna(subset="value").set_index("day")["value"]
    points = data.dropna(subset="id")
    agreeing = points["verdict"].isin([CONFIRMED, CAVEAT])
    ends = "; ".join(
        f"{day:%B %Y}: {value:,.0f}"
        for day, value in course[course.index.month == 12].iloc[::4].items()
    )
    crossed = points[~agreeing]
    off = "".join(
        f" {row.quoted}: claimed {row.claimed:,.0f}, measured {row.measured:,.0f}."
        for row in crossed.itertuples()
    )
    return (
        f"A line in two panels that ends at {course.iloc[-1]:,.0f} in "
        f"{course.index[-1]:%B %Y}; before, {ends}. Of {len(points)} claims of counts "
        f"{agreeing.sum()} are dots and {len(crossed)} crosses.{off}"
    )


def mark(ax: Axes, row: pd.Series, place: tuple[int, int, str]) -> None:
    """One claim: a dot if confirmed, else a cross; a line to what the data say."""
    good = row["verdict"] in (CONFIRMED, CAVEAT)
    colour = COLOURS["fitted" if good else "counterfactual"]
    ax.vlines(row["day"], *sorted(row[["measured", "claimed"]]), color=colour, lw=0.8)
    sign, size, above = ("o", 5, 2) if good else ("x", 9, 4)
    ax.plot(
        row["day"], row["claimed"], color=colour, marker=sign, ms=size, mew=1.5,
        linestyle="", zorder=above,
    )  # fmt: skip
    ax.annotate(
        fill(row["quoted"], 15),
        (row["day"], row["claimed"]),
        xytext=place[:2],
        textcoords="offset points",
        ha=place[2],
        va="center",
        fontsize=7,
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
    )

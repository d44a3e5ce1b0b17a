"""How results move with the vintage of ICE's list: each estimated as of many days.

Two things change from one vintage to the next: there are more weeks, and what is
known of the same weeks is revised, because agreements are listed days after they are
signed. Every estimate is therefore made twice: with what was known on the day, and
with what the newest list says of the same weeks.
"""

import math
from collections.abc import Callable
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from analysis_utils import hypotheses, publish, series
from analysis_utils.hypotheses import answers
from analysis_utils.publish import charts
from analysis_utils.publish.findings import Finding
from analysis_utils.publish.style import COLOURS
from analysis_utils.study.events import said
from analysis_utils.study.growth import TERM_BEGAN

THEN, NOW = "as known then", "as known now, same weeks"
MARGIN = pd.Timedelta(days=10)
ESTIMATES = ("estimate", "low", "high", "p")


def days(first: str, last: pd.Timestamp, frequency: str) -> pd.DatetimeIndex:
    """`first`, the last day of each week or month well after it, and `last`.

    Only `last` where that comes before `first`.
    """
    step = {"week": "W-SUN", "month": "ME"}[frequency]
    begin = min(pd.Timestamp(first), last)
    between = pd.date_range(begin + pd.Timedelta(days=7), last, freq=step)
    return pd.DatetimeIndex([begin, last]).union(between).unique()


def lists(vintages: pd.DatetimeIndex) -> pd.DataFrame:
    """What the list of each vintage held, and the growth since the term began."""
    counts = series.list_counts([pd.Timestamp(TERM_BEGAN), *vintages])
    grown = 100 * (counts["agreements"] / counts["agreements"].iloc[0] - 1)
    table = counts.assign(**{"growth in %": grown}).iloc[1:]
    return table.drop(columns="rows printed").rename_axis("vintage")


def listed_late(vintages: pd.DatetimeIndex, weeks: int) -> pd.DataFrame:
    """Signings in the last whole weeks of each vintage, as known then and now."""
    final = weekly(None)
    rows = {}
    for day in vintages:
        last = series.last_day(day)
        then, now = until(weekly(day), last)[-weeks:], until(final, last)[-weeks:]
        rows[day] = {"known then": then.sum(), "known now": now.sum()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("vintage")
    return table.assign(share=100 * table["known then"] / table["known now"])


def weekly(as_of: pd.Timestamp | None) -> pd.Series:
    """All signings per week, as known on a day; indexed by week."""
    counts = series.signings(basis="signing", frequency="week", as_of=as_of)["all"]
    return counts.set_axis(counts.index.to_period("W-SUN"))


def until(counts: pd.Series, last: pd.Timestamp) -> pd.Series:
    """The weeks that have ended by a day."""
    return counts[counts.index.end_time.normalize() <= last]


Estimate = Callable[[pd.Timestamp | None, pd.Timestamp], Finding]


def estimates(asked: dict[str, Estimate], vintages: pd.DatetimeIndex) -> pd.DataFrame:
    """One row for each hypothesis, vintage and state of knowledge, with its answer.

    Parameters
    ----------
    asked : by id, a function of what is known on a day (None: today) and the last day
        of the data that returns a `Finding`.

    The answer is the registry's rule, with the interval at the level of the family.
    What cannot be estimated keeps its reason as a note.
    """
    rows = []
    for key, estimate in asked.items():
        for day in vintages:
            for knowledge, as_of in ((THEN, day), (NOW, None)):
                asked_of = as_of, series.last_day(day)
                found = Finding.attempt(partial(estimate, *asked_of))
                low, high = found.at() or (None, None)
                place = {"hypothesis": key, "vintage": day, "data": knowledge}
                values = [found.estimate, low, high, found.p]
                row = place | dict(zip(ESTIMATES, values, strict=True))
                rows.append(row | {"answer": judged(key, found), "note": found.note})
    return pd.DataFrame(rows).astype(dict.fromkeys(ESTIMATES, "float64"))


def judged(key: str, found: Finding) -> str:
    """The answer by the registry's rule at the level of the hypothesis's family."""
    one = hypotheses.hypothesis(key)
    if found.estimate is None:
        return answers.NOT_TESTABLE
    limits = found.at(one.family.level) or (math.nan, math.nan)
    return answers.answer(one, answers.Result(found.estimate, *limits))[0]


def revision(table: pd.DataFrame, key: str) -> float:
    """Largest change of the estimate for the same weeks by what later lists added."""
    part = table[table["hypothesis"] == key]
    wide = part.pivot(index="vintage", columns="data", values="estimate")
    return float((wide[NOW] - wide[THEN]).abs().max())


def spells(table: pd.DataFrame, key: str) -> str:
    """From when to when a hypothesis had which answer, in words."""
    then = table[(table["hypothesis"] == key) & (table["data"] == THEN)]
    number = (then["answer"] != then["answer"].shift()).cumsum()
    parts = []
    for _, part in then.groupby(number):
        first, last = part["vintage"].iloc[0], part["vintage"].iloc[-1]
        answer = part["answer"].iloc[0]
        span = said(first) if first == last else f"{said(first)} to {said(last)}"
        word = (
            "could not be tested" if answer == answers.NOT_TESTABLE else f"was {answer}"
        )
        parts.append(f"{word} ({span})")
    return ", then ".join(parts)


def described(table: pd.DataFrame) -> str:
    """Widths of intervals at the first and last vintage with an estimate, in words."""
    sentences = []
    for name, part in table.groupby("hypothesis"):
        then = part[part["data"] == THEN].dropna(subset="estimate")
        if then.empty:
            sentences.append(f"{name}: no estimate.")
            continue
        ends = [
            f"{row.estimate:.2f} ({row.low:.2f} to {row.high:.2f}) on "
            f"{said(row.vintage)}"
            for row in (then.iloc[0], then.iloc[-1])
        ]
        sentences.append(f"{name}: {ends[0]}; {ends[1]}.")
    return " ".join(sentences)


def draw(axes: list[Axes], table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """One panel for each hypothesis: estimates by vintage with 95% intervals.

    A ring about a dot: the same weeks as known today. Lines mark no effect and the
    smallest effect of interest.
    """
    data = publish.rounded(table.dropna(subset="estimate"))
    for ax, (name, label) in zip(axes, labels.items(), strict=True):
        part, one = data[data["hypothesis"] == name], hypotheses.hypothesis(name)
        then, now = (part[part["data"] == which] for which in (THEN, NOW))
        if one.scale == "ratio":
            logarithmic(ax)
        ax.axhline(one.null, color=COLOURS["event"], lw=0.7)
        ax.axhline(one.bounds[1], color=COLOURS["event"], lw=0.7, ls=":")
        ax.vlines(then["vintage"], then["low"], then["high"], color=COLOURS["fitted"])
        about = {"x": "vintage", "y": "estimate", "ax": ax}
        sns.scatterplot(then, s=20, color=COLOURS["fitted"], label=THEN, **about)
        ring = {"s": 70, "facecolor": "none", "edgecolor": COLOURS["counterfactual"]}
        sns.scatterplot(now, label=NOW, linewidth=1, **ring, **about)
        charts.dates(ax).set_title(label)
        ax.set(xlabel="", ylabel="")
        if legend := ax.get_legend():
            legend.remove()
        ax.set_xlim(table["vintage"].min() - MARGIN, table["vintage"].max() + MARGIN)
    handles, names = axes[0].get_legend_handles_labels()
    axes[0].legend(handles, names, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return data


def logarithmic(ax: Axes) -> None:
    """A logarithmic axis with plain numbers."""
    ax.set_yscale("log")
    ticks = [0.25, 0.5, 1, 2, 4, 8, 16]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()

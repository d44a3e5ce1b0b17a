"""How results move with the vintage of ICE's list: each estimated as of many days.

Two things change from one vintage to the next: there are more weeks, and what is
known of the same weeks is revised, because agreements are listed days after they are
signed. Every estimate is therefore made twice: with what was known on the day, and
with what the newest list says of the same weeks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import hypotheses, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.hypotheses import answers
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    ITSResults,
)
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS
from analysis_utils.study import controlled, events
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


def executive_order(
    event: str, window: int, as_of: pd.Timestamp | None, last: pd.Timestamp
) -> ITSResults:
    """The model of H1: all signings per week about an event, to the week of `last`."""
    day = events.find(event).day
    counts = series.signings(basis="signing", frequency="week", as_of=as_of)["all"]
    y = series.around(counts, day, "week", window, last)
    return InterruptedTimeSeries(y, [Intervention(event, day, slope=True)]).fit()


def reimbursement(
    event: str, announced: str, as_of: pd.Timestamp | None, last: pd.Timestamp
) -> ITSResults:
    """The model of H2: task force against jail and warrant models, to `last`."""
    day, told = events.find(event).day, events.find(announced).day
    groups = controlled.model_groups(as_of)
    groups = tuple(until(group, last) for group in groups)
    gap = (str(told.date()), str((day - pd.Timedelta(days=3)).date()))
    found = controlled.fit(groups, Intervention(event, day, slope=True), True, (gap,))
    if found.result is None:
        raise NotTestable(found.refused)
    return found.result


def coefficient(result: ITSResults, part: str) -> dict[str, float]:
    """Level or slope change of the one intervention of a model."""
    name = f"{result.model.interventions[0].slug}_{part}"
    row = result.table().loc[name, ["coefficient", "lower", "upper", "p"]]
    return dict(zip(ESTIMATES, row, strict=True))


def ratio(result: ITSResults, part: str) -> dict[str, float]:
    """Treated sum over its counterfactual, all periods after the event."""
    row = result.effect().loc["ratio", ["estimate", "lower", "upper", "p"]]
    return dict(zip(ESTIMATES, row, strict=True))


@dataclass(frozen=True)
class Question:
    """A hypothesis with the model and the part of its result that answers it."""

    id: str
    model: Callable[[pd.Timestamp | None, pd.Timestamp], ITSResults]
    answer: Callable[[ITSResults, str], dict[str, float]]
    part: str = ""


def questions(order: str, window: int, payment: str, announced: str) -> list[Question]:
    """H1a, H1b and H2 as notebooks 02 and 03 estimate them."""

    def first(as_of, last):
        return executive_order(order, window, as_of, last)

    def second(as_of, last):
        return reimbursement(payment, announced, as_of, last)

    return [
        Question("H1a", first, coefficient, "level"),
        Question("H1b", first, coefficient, "slope"),
        Question("H2", second, ratio),
    ]


def estimates(asked: list[Question], vintages: pd.DatetimeIndex) -> pd.DataFrame:
    """One row for each vintage, hypothesis and state of knowledge, with its verdict.

    The verdict is the registry's rule, with the interval at the level of the family.
    What cannot be estimated keeps its reason as a note.
    """
    rows = []
    for question in asked:
        hypothesis = hypotheses.hypothesis(question.id)
        for day in vintages:
            for knowledge, as_of in ((THEN, day), (NOW, None)):
                row = answered(question, as_of, series.last_day(day))
                row["verdict"] = judged(hypothesis, row)
                place = {"hypothesis": question.id, "vintage": day, "data": knowledge}
                rows.append(place | row)
    return pd.DataFrame(rows).astype({name: "float64" for name in ESTIMATES})


def judged(hypothesis: hypotheses.Hypothesis, row: dict[str, object]) -> str:
    """The answer by the registry's rule at the level of the hypothesis's family."""
    if pd.isna(row["estimate"]):
        return answers.NOT_TESTABLE
    ends = (row["low"], row["high"])
    found = publish.Finding.of_interval(row["estimate"], *ends, scale=hypothesis.scale)
    limits = found.at(hypothesis.family.level)
    return answers.answer(hypothesis, answers.Result(row["estimate"], *limits))[0]


def answered(
    question: Question, as_of: pd.Timestamp | None, last: pd.Timestamp
) -> dict[str, object]:
    """Estimate, interval, p and n of one question, or a note that says why not."""
    nothing = dict.fromkeys(ESTIMATES, float("nan")) | {"n": 0}
    try:
        result = question.model(as_of, last)
    except NotTestable as refused:
        return nothing | {"note": str(refused)}
    return question.answer(result, question.part) | {"n": result.nobs, "note": ""}


def record(table: pd.DataFrame) -> None:
    """Record range and largest revision of each estimate, and the verdicts' changes."""
    for name, part in table.groupby("hypothesis"):
        then, now = (
            part[part["data"] == which].set_index("vintage") for which in (THEN, NOW)
        )
        key = name.lower()
        publish.number(f"{key}_vintages", then["estimate"].notna().sum(), "vintages")
        publish.number(f"{key}_lowest", then["estimate"].min(), digits=2)
        publish.number(f"{key}_highest", then["estimate"].max(), digits=2)
        revised = (now["estimate"] - then["estimate"]).abs().max()
        publish.number(f"{key}_revision", revised, digits=3)
        ends = then.dropna(subset="estimate").iloc[-1:]
        last = ends.iloc[0] if len(ends) else pd.Series(dict.fromkeys(ESTIMATES))
        interval = (last["low"], last["high"])
        publish.number(f"{key}_last", last["estimate"], digits=2, interval=interval)
        changes = (then["verdict"] != then["verdict"].shift()).iloc[1:].sum()
        publish.number(f"{key}_changes", changes, "changes of verdict")


def told(table: pd.DataFrame, hypothesis: str) -> str:
    """What one hypothesis shows over the vintages, as a template of numbers."""
    then = table[(table["hypothesis"] == hypothesis) & (table["data"] == THEN)]
    spells = (then["verdict"] != then["verdict"].shift()).cumsum()
    parts = [
        f"{part['verdict'].iloc[0]} from {part['vintage'].iloc[0].date()}"
        for _, part in then.groupby(spells)
    ]
    key = hypothesis.lower()
    if then["estimate"].isna().all():
        return f"{hypothesis} is {', '.join(parts)}."
    return (
        f"{hypothesis}, by its rule, is {', '.join(parts)}; the estimate lies "
        f"between {{{key}_lowest}} and {{{key}_highest}} over {{{key}_vintages}} and "
        f"is {{{key}_last:interval}} at the last. Later lists move the estimate for "
        f"the same weeks by {{{key}_revision}} at most."
    )


def described(table: pd.DataFrame) -> str:
    """Widths of intervals at the first and last vintage, and revisions, in words."""
    sentences = []
    for name, part in table.groupby("hypothesis"):
        then, now = (
            part[part["data"] == which].set_index("vintage") for which in (THEN, NOW)
        )
        width = (then["high"] - then["low"]).dropna()
        revised = (now["estimate"] - then["estimate"]).abs().max()
        if width.empty:
            sentences.append(f"{name}: no estimate.")
            continue
        sentences.append(
            f"{name}: {len(width)} vintages with an estimate, interval "
            f"{width.iloc[0]:.2f} wide at the first and {width.iloc[-1]:.2f} at the "
            f"last; what is known today moves the estimates by {revised:.3f} at most."
        )
    return " ".join(sentences)


def draw(axes: list[Axes], table: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """One panel for each hypothesis: estimates by vintage with 95% intervals.

    Lines mark no effect (grey) and the smallest effect of interest (dotted).
    """
    data = publish.rounded(table.dropna(subset="estimate"))
    for ax, (name, label) in zip(axes, labels.items(), strict=True):
        part = data[data["hypothesis"] == name]
        hypothesis = hypotheses.hypothesis(name)
        if hypothesis.scale == "ratio":
            logarithmic(ax)
        ax.axhline(hypothesis.null, color=COLOURS["event"], lw=0.7)
        ax.axhline(hypothesis.bounds[1], color=COLOURS["event"], lw=0.7, ls=":")
        draw_intervals(ax, part[part["data"] == THEN], COLOURS["fitted"], "o", -2)
        draw_intervals(ax, part[part["data"] == NOW], COLOURS["counterfactual"], "D", 2)
        charts.dates(ax).set_title(label)
        ax.set_xlim(table["vintage"].min() - MARGIN, table["vintage"].max() + MARGIN)
    explain(axes[0])
    return data


def explain(ax: Axes) -> None:
    """Say what the colours are, in room made above the data."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.2 * (high - low))
    words = ((THEN, COLOURS["fitted"], 0.68), (NOW, COLOURS["counterfactual"], 0.99))
    for text, colour, x in words:
        place = {"transform": ax.transAxes, "ha": "right", "va": "top"}
        ax.text(x, 0.99, text, color=colour, fontsize=7, **place)


def draw_intervals(
    ax: Axes, part: pd.DataFrame, colour: str, marker: str, shift: int
) -> None:
    """Estimates with their intervals, `shift` days beside the vintage."""
    x = part["vintage"] + pd.Timedelta(days=shift)
    ax.vlines(x, part["low"], part["high"], color=colour, lw=1)
    ax.plot(x, part["estimate"], marker, color=colour, ms=3.5)


def logarithmic(ax: Axes) -> None:
    """A logarithmic axis with plain numbers."""
    ax.set_yscale("log")
    ticks = [0.1, 1, 10]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()

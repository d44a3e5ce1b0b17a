"""An interrupted time series reported: tables, figures, recorded numbers, sentence."""

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    ITSResults,
)
from analysis_utils.methods.its.placebo import placebo_dates
from analysis_utils.methods.its.power import minimum_detectable_effect
from analysis_utils.methods.its.sensitivity import default_variants
from analysis_utils.methods.its.sensitivity import sensitivity as methods_sensitivity
from analysis_utils.publish.style import COLOURS
from analysis_utils.study.events import Event, find


def coefficients(result: ITSResults) -> pd.DataFrame:
    """Estimates, standard errors and intervals; rate ratios for counts."""
    return result.table().rename_axis("term")


def draw(ax: Axes, result: ITSResults, ylabel: str) -> pd.DataFrame:
    """Draw data, fit and counterfactual; return what is plotted."""
    result.plot(ax=ax)
    ax.set_ylabel(ylabel)
    path = publish.rounded(result.counterfactual().round(10))  # no noise about zero
    path.index = pd.PeriodIndex(path.index).start_time.rename("date")
    return path


def effects(result: ITSResults) -> pd.DataFrame:
    """Effect over the whole time after the event, with what cannot be estimated."""
    return result.effect().rename_axis("effect")


def record_effects(result: ITSResults, change: Intervention) -> None:
    """Record level change, slope change and the effects as published numbers."""
    table, event_name = result.table(), change.slug
    for part in ("level", "slope"):
        row = table.loc[f"{event_name}_{part}"]
        record(f"{part}_change", row["coefficient"], row["lower"], row["upper"])
        if result.model.log_link:
            ratio = row[["rate ratio", "ratio lower", "ratio upper"]]
            record(f"{part}_ratio", *ratio)
    for name, row in result.effect().iterrows():
        key = name.replace(" ", "_")
        record(key, row["estimate"], row["lower"], row["upper"])


def record_hypothesis(
    result: ITSResults, change: Intervention, hypothesis: str
) -> None:
    """Record level and slope change as results of H1a and H1b; for "none", nothing."""
    if hypothesis == "none":
        return
    table, name = result.table(), change.slug
    for letter, part in (("a", "level"), ("b", "slope")):
        row = table.loc[f"{name}_{part}"]
        publish.hypothesis(
            hypothesis + letter,
            row["coefficient"],
            (row["lower"], row["upper"]),
            row["p"],
            n=result.nobs,
        )
    order = find("eo-13993")
    lists = datasets.editions()["first_seen"].min()
    publish.hypothesis(
        f"{hypothesis}a",
        role="comparison",
        note=f"{order.label}, {order.day.date()}: lists are known from {lists.date()}, "
        f"{(order.day - lists).days} days before; nothing can be estimated",
    )


def failed_tests(tests: pd.DataFrame) -> str:
    """The tests of `adequacy` with p below 0.05, in words."""
    failed = [f"{name} (p {p_words(p)})" for name, p in tests["p"].items() if p < 0.05]
    if not failed:
        return "None of the tests of the residuals has p below 0.05."
    return f"Tests of the residuals with p below 0.05: {'; '.join(failed)}."


def p_words(p: float) -> str:
    """A p-value as printed."""
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def record(key: str, value: float, low: float, high: float) -> None:
    """Record an estimate with its interval, one decimal, or two below ten."""
    digits = 2 if abs(value) < 10 else 1
    publish.number(key, value, digits=digits, interval=(low, high))


def adequacy(result: ITSResults) -> pd.DataFrame:
    """Tests on the residuals: autocorrelation, variance, distribution."""
    return result.diagnostics().tests.rename_axis("test")


def draw_acf(ax: Axes, result: ITSResults) -> pd.DataFrame:
    """Draw the autocorrelation of the residuals; return it, lag 0 left out."""
    acf = publish.rounded(result.diagnostics().acf.query("lag > 0"))
    ax.vlines(acf["lag"], 0, acf["acf"], color=COLOURS["fitted"])
    ax.axhline(0, color=COLOURS["observed"], linewidth=0.6)
    for sign in (-1, 1):
        ax.plot(acf["lag"], sign * acf["limit"], "--", lw=0.7, color=COLOURS["event"])
    ax.set(xlabel="Lag", ylabel="Autocorrelation", ylim=(-1, 1))
    return acf


def beyond(acf: pd.DataFrame) -> str:
    """How many autocorrelations lie beyond the limits of white noise, in words."""
    count = int((acf["acf"].abs() > acf["limit"]).sum())
    return str(count) if count else "none"


def without_largest_state(
    y: pd.Series, basis: str, frequency: str, as_of: str | None, choice: dict[str, str]
) -> pd.Series:
    """The same series without the state that has most of it; named after that state."""
    by_state = series.signings(
        basis=basis, frequency=frequency, by="state", as_of=as_of, **choice
    )
    by_state.index = by_state.index.to_period(y.index.freq)
    counts = by_state.reindex(y.index)
    largest = counts.sum().idxmax()
    return (y - counts[largest]).rename(f"without {largest}")


def first_periods(after: pd.Series, frequency: str) -> str:
    """What was observed in the first periods after an event, in words."""
    counts = ", ".join(f"{value:.0f}" for value in after.iloc[:6])
    return f"Observed in the first {min(6, len(after))} {frequency}s: {counts}."


def sensitivity(
    model: InterruptedTimeSeries, without_state: pd.Series | None = None
) -> pd.DataFrame:
    """Change of level under each variant of the model, or why there is none.

    `without_state`: the outcome without one state, a variant of its own.
    """
    variants = default_variants(model, model.interventions[0])
    if without_state is not None:
        variants[without_state.name] = {"y": without_state}
    table = methods_sensitivity(model, variants=variants)
    scale = "difference of logs" if model.log_link else "difference"
    columns = ["estimate", "lower", "upper", "p", "refused"]
    return table[columns].rename(columns={"refused": f"note ({scale})"})


def placebo(
    ax: Axes, model: InterruptedTimeSeries, hypothesis: str = "none"
) -> pd.DataFrame:
    """Rank the event's t among those of all other dates; draw, record, return them.

    With a hypothesis the rank is recorded beside its result, as a placebo.
    """
    found = placebo_dates(model)
    publish.number("placebo_p", found.pvalue, digits=3, label="rank among dates")
    publish.number("placebo_dates", len(found.fitted), "dates")
    if hypothesis != "none":
        note = f"at {len(found.fitted)} other dates; p is the rank of the event"
        estimates = found.fitted["estimate"]
        interval = tuple(estimates.quantile([0.025, 0.975]))
        publish.hypothesis(
            hypothesis,
            estimates.mean(),
            interval,
            found.pvalue,
            n=len(estimates),
            role="placebo",
            note=note,
        )
    t = publish.rounded(found.fitted[["t"]].reset_index())
    ax.hist(t["t"], bins=24, color=COLOURS["other"])
    ax.axvline(found.true["t"], color=COLOURS["counterfactual"])
    ax.set(xlabel="t of the level change at other dates\n(line: at the event)")
    ax.set_ylabel("Dates")
    return t


def record_variants(table: pd.DataFrame, hypothesis: str) -> None:
    """Record variants of the level change as sensitivity results of a hypothesis."""
    if hypothesis == "none":
        return
    for name, row in table.drop(index="as stated").dropna(subset="estimate").iterrows():
        interval = (row["lower"], row["upper"])
        publish.hypothesis(
            hypothesis,
            row["estimate"],
            interval,
            row["p"],
            role="sensitivity",
            note=name,
        )


def record_detectable(result: ITSResults, term: str) -> None:
    """Record the smallest change of level found with probability 0.8."""
    try:
        size = minimum_detectable_effect(result.model, term, n_sim=400, seed=287)
    except NotTestable:
        size = None
    unit = "times" if result.model.log_link else ""
    if result.model.log_link:
        publish.number("dispersion", result.noise["dispersion"], digits=1)
    publish.number("detectable", size, unit, 1, label="found with probability 0.8")


def power_words(unit: str = "") -> str:
    """The change found with probability 0.8, as a template of recorded numbers."""
    if publish.recorded("detectable").value is None:
        return "No change of level that was tried would be found with probability 0.8."
    size = f"{{detectable}}{unit}"
    return f"A change of level of {size} would be found with probability 0.8."


def undetermined(effect: pd.Series, null: float) -> str:
    """What to add to a sentence whose interval holds "no effect"; else nothing."""
    if effect["lower"] <= null <= effect["upper"]:
        return f" The interval holds {null:g}: the data do not determine the direction."
    return ""


def sentence(result: ITSResults, policy: Event, outcome: str, frequency: str) -> str:
    """What the estimates show, as a template of recorded numbers."""
    what = f"{outcome} per {frequency}"
    when = f"{policy.day.day} {policy.day:%B %Y}"
    if result.model.log_link:
        return (
            f"At {when} the level of {what} changes by the ratio "
            "{level_ratio:interval} and the slope by the ratio "
            f"{{slope_ratio:interval}} per {frequency}. Over all {{n_after}} after it, "
            f"the number of {outcome} is {{ratio:interval}} times what the line from "
            f"before would give.{undetermined(result.effect().loc['ratio'], 1)}"
        )
    return (
        f"At {when} the level of {what} changes by {{level_change:interval}} and the "
        f"slope by {{slope_change:interval}} per {frequency}. Over all {{n_after}} "
        f"after it, the {outcome} less what the line from before would give are "
        "{cumulated_difference:interval}."
    )

"""An interrupted time series reported: tables, figures, recorded numbers, sentence."""

import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import publish
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    ITSResults,
    Refusal,
)
from analysis_utils.methods.its.placebo import placebo_dates
from analysis_utils.methods.its.power import minimum_detectable_effect
from analysis_utils.methods.its.sensitivity import sensitivity as methods_sensitivity
from analysis_utils.publish.style import COLOURS
from analysis_utils.study.events import Event


def coefficients(result: ITSResults) -> pd.DataFrame:
    """Estimates, standard errors and intervals; rate ratios for counts."""
    return result.table().rename_axis("term")


def draw(ax: Axes, result: ITSResults, ylabel: str) -> pd.DataFrame:
    """Draw data, fit and counterfactual; return what is plotted."""
    result.plot(ax=ax)
    ax.set_ylabel(ylabel)
    path = publish.rounded(result.counterfactual())
    path.index = pd.PeriodIndex(path.index).start_time.rename("date")
    return path


def effects(result: ITSResults) -> pd.DataFrame:
    """Effect over the whole time after the event, with what cannot be estimated."""
    return result.effect().rename_axis("effect")


def record_effects(result: ITSResults, event: str) -> None:
    """Record level change, slope change and the effects as published numbers."""
    table, event_name = result.table(), Intervention(event, "2000").slug
    for part in ("level", "slope"):
        row = table.loc[f"{event_name}_{part}"]
        record(f"{part}_change", row["coefficient"], row["lower"], row["upper"])
        if result.model.log_link:
            ratio = row[["rate ratio", "ratio lower", "ratio upper"]]
            record(f"{part}_ratio", *ratio)
    for name, row in result.effect().iterrows():
        key = name.replace(" ", "_")
        record(key, row["estimate"], row["lower"], row["upper"])


def record_hypothesis(result: ITSResults, event: str, hypothesis: str) -> None:
    """Record level and slope change as the results of H1a and H1b; for "none", nothing."""
    if hypothesis == "none":
        return
    table, name = result.table(), Intervention(event, "2000").slug
    for letter, part in (("a", "level"), ("b", "slope")):
        row = table.loc[f"{name}_{part}"]
        publish.hypothesis(
            hypothesis + letter,
            row["coefficient"],
            (row["lower"], row["upper"]),
            row["p"],
            n=result.nobs,
        )


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


def sensitivity(model: InterruptedTimeSeries) -> pd.DataFrame:
    """Change of level under each variant of the model, or why there is none."""
    table = methods_sensitivity(model)
    scale = "difference of logs" if model.log_link else "difference"
    columns = ["estimate", "lower", "upper", "p", "refused"]
    return table[columns].rename(columns={"refused": f"note ({scale})"})


def placebo(ax: Axes, model: InterruptedTimeSeries) -> pd.DataFrame:
    """Rank the event's t among those of all other dates; draw, record, return them."""
    found = placebo_dates(model)
    publish.number("placebo_p", found.pvalue, digits=3, label="rank among dates")
    publish.number("placebo_dates", len(found.fitted), "dates")
    t = publish.rounded(found.fitted[["t"]].reset_index())
    ax.hist(t["t"], bins=24, color=COLOURS["other"])
    ax.axvline(found.true["t"], color=COLOURS["counterfactual"])
    ax.set(xlabel="t of the level change at other dates; line: at the event")
    ax.set_ylabel("Dates")
    return t


def record_detectable(result: ITSResults, term: str) -> None:
    """Record the smallest change of level found with probability 0.8."""
    try:
        size = minimum_detectable_effect(result.model, term, n_sim=400, seed=287)
    except Refusal:
        size = None
    unit = "times" if result.model.log_link else ""
    publish.number("detectable", size, unit, 1, label="found with probability 0.8")


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
            "before would give."
        )
    return (
        f"At {when} the level of {what} changes by {{level_change:interval}} and the "
        f"slope by {{slope_change:interval}} per {frequency}. Over all {{n_after}} "
        f"after it, this amounts to {{cumulated_difference:interval}} {outcome} more "
        "than the line from before would give."
    )

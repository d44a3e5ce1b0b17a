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
from analysis_utils.publish.style import COLOURS
from analysis_utils.study.events import Event

# (name, family, errors): the outcome's families and errors, side by side.
SPECIFICATIONS = [
    ("OLS", "gaussian", "ols"),
    ("Newey-West", "gaussian", "newey-west"),
    ("Prais-Winsten", "gaussian", "prais-winsten"),
    ("REML, AR(1)", "gaussian", "reml-ar1"),
    ("quasi-Poisson", "quasipoisson", None),
    ("negative binomial", "negative_binomial", None),
]


def coefficients(result: ITSResults) -> pd.DataFrame:
    """Estimates, standard errors and intervals; rate ratios for counts."""
    return result.table().rename_axis("coefficient")


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


def sensitivity(y: pd.Series, change: Intervention, family: str) -> pd.DataFrame:
    """Change of level at the event under each specification, or why there is none."""
    half = len(y) // 4
    shorter = y.iloc[half:-half]
    rows = [row(name, y, change, fam, err) for name, fam, err in SPECIFICATIONS]
    more = {
        "half the window": (shorter, {}),
        "level only": (y, {"change": Intervention(change.name, change.date)}),
        "lag of one period": (y, {"change": _lagged(change)}),
        "quadratic trend": (y, {"trend": "quadratic"}),
    }
    for name, (series, options) in more.items():
        options = {"change": change} | options
        rows.append(row(name, series, family=family, errors=None, **options))
    return pd.DataFrame(rows).set_index("specification")


def _lagged(change: Intervention) -> Intervention:
    return Intervention(change.name, change.date, slope=change.slope, lag=1)


def row(
    name: str,
    y: pd.Series,
    change: Intervention,
    family: str,
    errors: str | None,
    trend: str = "linear",
) -> dict[str, object]:
    """One specification: the level change with its interval, or the refusal."""
    found: dict[str, object] = {"specification": name, "scale": "difference"}
    if family != "gaussian":
        found["scale"] = "rate ratio"
    try:
        model = InterruptedTimeSeries(
            y, [change], family=family, errors=errors, trend=trend
        )
        table = model.fit().table()
    except Refusal as refused:
        return found | {"note": str(refused)}
    level = table.loc[f"{change.slug}_level"]
    names = ["coefficient", "lower", "upper"]
    if family != "gaussian":
        names = ["rate ratio", "ratio lower", "ratio upper"]
    values = dict(zip(["estimate", "lower", "upper"], level[names], strict=True))
    return found | values | {"p": level["p"], "note": ""}


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

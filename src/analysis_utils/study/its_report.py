"""An interrupted time series shaped for a notebook: findings, tables, words."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import InterruptedTimeSeries, ITSResults
from analysis_utils.methods.its.placebo import PlaceboResult
from analysis_utils.methods.its.power import minimum_detectable_effect
from analysis_utils.methods.its.sensitivity import default_variants, sensitivity
from analysis_utils.publish.findings import Finding


def change(result: ITSResults, term: str) -> Finding:
    """A coefficient of the model with its interval at any level."""
    row = result.table().loc[term]

    def interval(level: float) -> tuple[float, float]:
        limits = result.table(alpha=1 - level).loc[term, ["lower", "upper"]]
        return float(limits["lower"]), float(limits["upper"])

    return Finding(
        float(row["coefficient"]), interval, float(row["p"]), int(result.nobs)
    )


def effect(result: ITSResults, name: str = "ratio") -> Finding:
    """An effect over all periods after the event, with its interval at any level.

    name : "ratio", "mean difference" or "cumulated difference".
    """
    row = result.effect().loc[name]

    def interval(level: float) -> tuple[float, float]:
        limits = result.effect(alpha=1 - level).loc[name, ["lower", "upper"]]
        return float(limits["lower"]), float(limits["upper"])

    return Finding(float(row["estimate"]), interval, float(row["p"]), int(result.nobs))


def coefficients(result: ITSResults) -> pd.DataFrame:
    """Estimates, standard errors and intervals; rate ratios for counts."""
    return result.table().rename_axis("term")


def draw(ax: Axes, result: ITSResults, ylabel: str) -> pd.DataFrame:
    """Draw data, fit and counterfactual; return what is plotted.

    The axis is that of the data: what counts cannot be (below zero) is not shown, and
    bands that would swallow the data are left out (`bands` says so).
    """
    result.plot(ax=ax)
    path = publish.rounded(result.counterfactual().round(10))  # no noise about zero
    without_wide_bands(ax, path)
    top = max(path["observed"].max(), path["fitted"].max()) or 1.0
    low = min(0.0, path["observed"].min())
    ax.set(ylabel=ylabel, ylim=(low - 0.03 * top, 1.5 * top))
    path.index = pd.PeriodIndex(path.index).start_time.rename("date")
    return path


def too_wide(path: pd.DataFrame) -> bool:
    """Whether half the counterfactual's bands are wider than the data's own range.

    Only periods after the event count: before it, the counterfactual is the fit.
    """
    known = path.dropna(subset=["counterfactual_upper", "counterfactual_lower"])
    known = known[~np.isclose(known["counterfactual"], known["fitted"])]
    width = known["counterfactual_upper"] - known["counterfactual_lower"]
    extent = max(path["observed"].max() - min(0.0, path["observed"].min()), 1e-9)
    return bool(len(width) and width.median() > extent)


def without_wide_bands(ax: Axes, path: pd.DataFrame) -> None:
    """Take bands out of the axes that would swallow the data."""
    if too_wide(path):
        for band in [c for c in ax.collections if hasattr(c, "get_paths")]:
            band.remove()


def bands(path: pd.DataFrame) -> str:
    """What the figure shows of the intervals, in words for its caption."""
    if too_wide(path):
        return "their 95% intervals are wider than the range of the data and left out"
    return "with 95% intervals of the mean, cut where they leave the range of the data"


def effects(result: ITSResults) -> pd.DataFrame:
    """Effect over the whole time after the event, with what cannot be estimated."""
    return result.effect().rename_axis("effect")


def adequacy(result: ITSResults) -> pd.DataFrame:
    """Tests on the residuals: autocorrelation, variance, distribution."""
    return result.diagnostics().tests.rename_axis("test")


def failed_tests(tests: pd.DataFrame) -> str:
    """The tests of `adequacy` with p below 0.05, in words."""
    failed = [
        f"{name} ({publish.findings.p_words(p)})"
        for name, p in tests["p"].items()
        if p < 0.05
    ]
    if not failed:
        return "None of the tests of the residuals has p below 0.05."
    return f"Tests of the residuals with p below 0.05: {'; '.join(failed)}."


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


def variants(
    model: InterruptedTimeSeries,
    kind: str = "level",
    more: dict[str, dict] | None = None,
) -> pd.DataFrame:
    """The tested change under each variant of the model, or why there is none.

    more : further variants by name, as `InterruptedTimeSeries.replace` takes them.
    The first row is the model as it stands.
    """
    ways = default_variants(model, model.interventions[0]) | (more or {})
    table = sensitivity(model, kind=kind, variants=ways)
    columns = ["estimate", "lower", "upper", "p", "refused"]
    return table[columns].rename(
        columns={"lower": "low", "upper": "high", "refused": "note"}
    )


def placebo_t(found: PlaceboResult) -> pd.DataFrame:
    """t of the change at each other date, rounded, with the start of the period."""
    t = publish.rounded(found.fitted[["t"]].reset_index())
    t["date"] = t["date"].map(lambda period: period.start_time)
    return t


def detectable(result: ITSResults, term: str) -> float | None:
    """The smallest change found with probability 0.8; None if none that was tried."""
    try:
        return minimum_detectable_effect(result.model, term, n_sim=400, seed=287)
    except NotTestable:
        return None


def power_words(unit: str = "") -> str:
    """The change found with probability 0.8, as a template of recorded numbers."""
    if publish.recorded("detectable").value is None:
        return "No change of level that was tried would be found with probability 0.8."
    size = f"{{detectable}}{unit}"
    return f"A change of level of {size} would be found with probability 0.8."


def first_periods(after: pd.Series, frequency: str) -> str:
    """What was observed in the first periods after an event, in words."""
    counts = ", ".join(f"{value:.0f}" for value in after.iloc[:6])
    return f"Observed in the first {min(6, len(after))} {frequency}s: {counts}."

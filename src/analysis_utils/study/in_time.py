"""Agreements beside encounters, arrests, detainers and book-ins by month since 2021."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import AssociationResult
from analysis_utils.publish import Finding, charts
from analysis_utils.publish.style import COLOURS
from analysis_utils.study.encounter_series import JOINED, SPLICED, WEEKLY

USED = "ice_arrests_used"


def counts(name: str, level: str = "nation", geography: str = "US") -> pd.Series:
    """Whole months of a series, months that are cut filled in; index: month.

    A month that the data cover in part is put on the straight line, in logarithms,
    between its neighbours; at the ends it is left out. Raises NotTestable for a gap.
    """
    table = datasets.encounters(name, level, geography).sort_values("date")
    value = table.set_index(table["date"].dt.to_period("M"))["value"].astype(float)
    cut = (table["flag"] == "partial").to_numpy()
    value = value.where(~cut)
    value = value.loc[value.first_valid_index() : value.last_valid_index()]
    value = value.reindex(pd.period_range(value.index[0], value.index[-1], freq="M"))
    filled = np.expm1(np.log1p(value).interpolate(limit=1))
    if filled.isna().any():
        raise NotTestable(f"{name} lacks {filled.index[filled.isna()][0]} and its next")
    return filled


def levels(
    name: str,
    window: str,
    level: str = "nation",
    geography: str = "US",
    basis: str = "listing",
) -> pd.DataFrame:
    """Agreements in force at the end of the month, and the outcome; index: month."""
    first, last = window.split(" to ")
    outcome = (
        counts(WEEKLY)[: SPLICED.to_period("M") - 1].combine_first(counts(JOINED))
        if name == USED
        else counts(name, level, geography)
    )
    held = _held(geography, basis)
    frame = pd.DataFrame({"agreements": held, "outcome": outcome}).loc[first:last]
    return frame.dropna().astype(float).rename_axis("month")


def _held(geography: str, basis: str) -> pd.Series:
    choice = {} if geography == "US" else {"state": geography}
    held = series.active(basis=basis, **choice)["all"]
    return held.set_axis(held.index.to_period("M"))


def changes(
    name: str,
    window: str,
    level: str = "nation",
    geography: str = "US",
    *,
    basis: str = "listing",
    scale: Callable = np.log1p,
) -> pd.DataFrame:
    """Monthly changes of the logarithms (of one plus the count) of both; index: month.

    Of the two releases of arrests each change is taken within one of them. basis : of
    agreements, as `series.active` counts them. scale : taken instead of the logarithm.
    """
    frame = scale(levels(name, window, level, geography, basis)).diff()
    month = SPLICED.to_period("M")
    if name == USED and month in frame.index:
        frame.loc[month, "outcome"] = scale(counts(WEEKLY)).diff()[month]
    return frame.dropna()


def left_out(index: pd.PeriodIndex, first: str, last: str) -> pd.DataFrame:
    """One column for each month from first to last: as controls they take it out."""
    months = pd.period_range(first, last, freq="M").intersection(index)
    return pd.DataFrame({f"m{m}": (index == m).astype(float) for m in months}, index)


def largest(found: AssociationResult) -> Finding:
    """The correlation that is largest against its limit, its simultaneous interval."""
    lag = found.strongest
    low, high = found.conf_int(simultaneous=True).loc[lag]
    return Finding.of_interval(
        float(found.params[lag]), float(low), float(high), level=found.level,
        scale="correlation", p=found.sup_pvalue, n=len(found.series),
        note=f"at a lag of {lag} months (positive: agreements first)",
    )  # fmt: skip


def row(
    level: pd.DataFrame, change: pd.DataFrame, found: AssociationResult
) -> dict[str, float | None]:
    """One line of the table: levels, changes, prewhitened, what would be found."""
    one = largest(found)
    low, high = one.at() or (None, None)
    return {
        "months": len(found.series),
        "r of levels": level["agreements"].corr(level["outcome"]),
        "r of changes": change["agreements"].corr(change["outcome"]),
        "largest prewhitened": one.estimate,
        "lag": found.strongest,
        "low": low,
        "high": high,
        "p": found.sup_pvalue,
        "detectable": float(found.detectable()[found.strongest]),
    }


def draw_levels(ax: Axes, level: pd.DataFrame, title: str) -> Axes:
    """Both levels as shares of their largest month, and r between them."""
    share = level / level.max()
    when = share.index.to_timestamp()
    ax.plot(when, share["agreements"], color=COLOURS["TFM"], ls=(0, (4, 1.5)))
    ax.plot(when, share["outcome"], color=COLOURS["fitted"])
    r = level["agreements"].corr(level["outcome"])
    number = f"{r:.2f}".replace("-", "\N{MINUS SIGN}")
    ax.set_title(f"{title}: r of levels {number}")
    ax.set_ylim(0, 1.05)
    ax.set_yticks([0, 1], ["0", "largest"])
    return charts.dates(ax)


def draw_lags(ax: Axes, found: AssociationResult) -> Axes:
    """Prewhitened correlations by lag, and limits that hold for all lags at once."""
    lags = found.params.index
    ax.vlines(lags, 0, found.params, color=COLOURS["fitted"])
    ax.plot(lags, found.params, "o", ms=3, color=COLOURS["fitted"])
    ax.axhline(0, color=COLOURS["observed"], lw=0.6)
    for sign in (-1, 1):
        limit = sign * found.limits(simultaneous=True)
        ax.plot(lags, limit, "--", lw=0.7, color=COLOURS["event"])
    ax.set_ylim(-0.8, 0.8)
    ax.set_ylabel("Correlation")
    ax.set_title(
        f"changes, prewhitened: p = {found.sup_pvalue:.2f}", fontweight="normal"
    )
    return ax

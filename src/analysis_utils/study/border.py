"""Border encounters beside the monthly change of active agreements."""

from collections.abc import Sequence
from typing import TypedDict

import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import pearsonr

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import AssociationResult, associate
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS


class Options(TypedDict, total=False):
    """Arguments of `associate` in which the variants differ."""

    method: str
    trend: bool
    period: int


VARIANTS: dict[str, Options] = {
    "prewhitened, as specified": {"method": "prewhiten", "trend": False},
    "prewhitened, linear trends taken out": {"method": "prewhiten"},
    "prewhitened, yearly cycle taken out": {"method": "prewhiten", "period": 12},
    "first differences": {"method": "difference"},
    "effective sample size (Bretherton)": {"method": "bretherton"},
    "effective sample size (Pyper-Peterman)": {"method": "pyper-peterman"},
    "permutation of blocks": {"method": "block"},
    "permutation of phases": {"method": "phase"},
}


def levels(start: str, end: str) -> pd.DataFrame:
    """Encounters and active agreements by month; index: month.

    Encounters are Border Patrol's at the southwest border; months of agreements are
    observed or rebuilt, never interpolated.
    """
    encounters = datasets.encounters(series="usbp_encounters_southwest")
    encounters = encounters[encounters["level"] == "nation"].set_index("date")["value"]
    active = series.active_since_2002()["active"]
    both = {
        "encounters": encounters.set_axis(encounters.index.to_period("M")),
        "agreements": active.set_axis(active.index.to_period("M")),
    }
    frame = pd.DataFrame(both).loc[pd.Period(start, "M") : pd.Period(end, "M")]
    return frame.dropna().astype("float64").rename_axis("month")


def monthly(start: str, end: str) -> pd.DataFrame:
    """Encounters, and the change of active agreements since the month before.

    Raises NotTestable if a month is missing between the two days.
    """
    before = pd.Period(start, "M") - 1
    frame = levels(str(before), end)
    frame["agreements"] = frame["agreements"].diff()
    frame = frame.iloc[1:]
    whole = pd.period_range(frame.index[0], frame.index[-1], freq="M")
    missing = whole.difference(frame.index)
    if len(missing):
        raise NotTestable(
            f"{len(missing)} months between {start} and {end} have no observed or "
            f"rebuilt count, the first is {missing[0]}; choose a span without them"
        )
    return frame


def naive(start: str, end: str) -> pd.Series:
    """Pearson's r of the two levels, and the p that takes months for independent."""
    frame = levels(start, end)
    r, p = pearsonr(frame["encounters"], frame["agreements"])
    return pd.Series({"r": r, "p": p})


def draw(axes: Sequence[Axes], pair: pd.DataFrame) -> Sequence[Axes]:
    """Encounters above, changes of agreements below."""
    months = pair.index.start_time
    axes[0].plot(months, pair["encounters"] / 1000, color=COLOURS["observed"])
    axes[0].set(ylabel="Encounters\n(thousands)", ylim=(0, None))
    axes[1].bar(months, pair["agreements"], width=25, color=COLOURS["fitted"])
    axes[1].set_ylabel("Change of\nagreements")
    charts.dates(axes[1])
    return axes


def words(pair: pd.DataFrame) -> str:
    """Both series in words, for a reader who does not see the figure."""
    encounters, agreements = pair["encounters"] / 1000, pair["agreements"]
    high, low = encounters.idxmax(), encounters.idxmin()
    return (
        f"Encounters between {encounters.min():.0f} thousand ({low}) and "
        f"{encounters.max():.0f} thousand ({high}) a month; the number of agreements "
        f"changes in {int((agreements != 0).sum())} months, by {agreements.min():+.0f} "
        f"({agreements.idxmin()}) to {agreements.max():+.0f} ({agreements.idxmax()})."
    )


def table(found: AssociationResult) -> pd.DataFrame:
    """Correlation by lag with its simultaneous limit and interval."""
    ends = found.conf_int(simultaneous=True)
    return pd.DataFrame(
        {
            "correlation": found.params,
            "low": ends.iloc[:, 0],
            "high": ends.iloc[:, 1],
            "limit": found.limits(simultaneous=True),
        }
    ).rename_axis("lag")


def draw_ccf(ax: Axes, ccf: pd.DataFrame) -> Axes:
    """Correlations by lag and the limits that hold for all lags at once."""
    ax.vlines(ccf.index, 0, ccf["correlation"], color=COLOURS["fitted"])
    ax.plot(ccf.index, ccf["correlation"], "o", markersize=3, color=COLOURS["fitted"])
    ax.axhline(0, color=COLOURS["observed"], linewidth=0.6)
    for sign in (-1, 1):
        limit = sign * ccf["limit"]
        ax.plot(ccf.index, limit, "--", linewidth=0.7, color=COLOURS["event"])
    ax.set(xlabel="Lag in months (positive: encounters first)", ylabel="Correlation")
    ax.set_ylim(-0.5, 0.5)
    return ax


def variants(pair: pd.DataFrame, max_lag: int) -> pd.DataFrame:
    """The largest correlation and its simultaneous p, by method."""
    rows = {}
    for name, options in VARIANTS.items():
        found = associate(
            pair["encounters"], pair["agreements"], max_lag=max_lag, seed=287, **options
        )
        lag = found.strongest
        rows[name] = {"lag": lag, "correlation": found.params[lag]}
        rows[name]["p of the largest"] = found.sup_pvalue
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")

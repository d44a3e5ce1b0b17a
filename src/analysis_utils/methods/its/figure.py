"""The figure of an interrupted time series."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.dates import ConciseDateFormatter

from .calendar import as_periods

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`

# Okabe & Ito: told apart by readers with any colour vision, and in print.
BLUE, ORANGE = "#0072B2", "#D55E00"


def draw(
    table: pd.DataFrame,
    first: int,
    events: dict[str, pd.Timestamp],
    name: str,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw observed values, fit and counterfactual with intervals, events marked.

    table : as of ITSResults.counterfactual. The counterfactual is drawn from row
    `first` on; periods left out of the fit are open circles. Returns `ax`.
    """
    ax = plt.gca() if ax is None else ax
    table = table.set_axis(as_periods(table.index).start_time)
    _observed(table, ax)
    for part, label in ((table.iloc[:first], "Fitted"), (table.iloc[first:], "_")):
        _band(part, "fitted", ax, BLUE, label, "-")  # broken where the event is
    _band(table.iloc[first:], "counterfactual", ax, ORANGE, "Counterfactual", "--")
    _events(events, ax)
    return _finish(ax, name, legend)


def draw_forecast(
    past: pd.DataFrame, after: pd.DataFrame, name: str, ax: Axes | None = None
) -> Axes:
    """Draw the data, the fit before the event and the prediction after it.

    past : observed, fitted and whether used; after : as of
    ForecastResults.counterfactual.
    """
    ax = plt.gca() if ax is None else ax
    past = past.set_axis(as_periods(past.index).start_time)
    after = after.assign(used=True).set_axis(as_periods(after.index).start_time)
    _observed(pd.concat([past, after]), ax)
    ax.plot(past.index, past["fitted"], color=BLUE, linewidth=1.2, label="Fitted")
    _band(after, "counterfactual", ax, ORANGE, "Predicted", "--")
    ax.axvline(after.index[0], color="0.3", linewidth=0.8, linestyle=":")
    return _finish(ax, name, legend=True)


def _finish(ax: Axes, ylabel: str, legend: bool) -> Axes:
    locator = ax.xaxis.get_major_locator()
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set(ylabel=ylabel, xlabel="")
    ax.margins(x=0.01)
    if legend:
        ax.legend(frameon=False, fontsize="small")
    return ax


def _observed(table: pd.DataFrame, ax: Axes) -> None:
    used, left_out = table[table["used"]], table[~table["used"]]
    dots = partial(ax.plot, linestyle="none", marker="o", markersize=2.5, color="0.35")
    dots(used.index, used["observed"], label="Observed")
    if len(left_out):
        dots(
            left_out.index,
            left_out["observed"],
            label="Left out",
            markerfacecolor="none",
        )


def _band(table, name: str, ax: Axes, color: str, label: str, line: str) -> None:
    low, high = table[f"{name}_lower"], table[f"{name}_upper"]
    ax.fill_between(table.index, low, high, color=color, alpha=0.18, linewidth=0)
    ax.plot(table.index, table[name], line, color=color, linewidth=1.2, label=label)


def _events(events: dict[str, pd.Timestamp], ax: Axes) -> None:
    for name, start in events.items():
        ax.axvline(start, color="0.4", linewidth=0.7, linestyle=(0, (4, 3)))
        ax.annotate(
            name,
            (start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-3, -2),
            textcoords="offset points",
            rotation=90 if len(events) > 1 else 0,
            ha="right",
            va="top",
            fontsize=6.5,
            color="0.4",
        )

"""Charts that several notebooks draw. Each takes `ax` and returns it."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.patches import Rectangle

from analysis_utils.publish.style import COLOURS, MODEL_NAMES


def lines(ax: Axes, frame: pd.DataFrame, ylabel: str) -> Axes:
    """One line a column over dates, each labelled at its end instead of by a legend.

    Parameters
    ----------
    frame : DataFrame
        DatetimeIndex; one column a group, named as in `COLOURS` or freely.
    ylabel : str
        What is counted, with its unit.
    """
    ends = []
    for column in frame:
        colour = COLOURS.get(column, COLOURS["other"])
        ax.plot(frame.index, frame[column], color=colour, drawstyle="steps-post")
        ends.append((frame[column].iloc[-1], label(column), colour))
    for height, text, colour in spread(ends, ax):
        ax.annotate(
            text,
            (frame.index[-1], height),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=7,
            annotation_clip=False,
        )
    ax.set_ylabel(ylabel)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return dates(ax)


def spread(
    ends: list[tuple[float, str, str]], ax: Axes, gap: float = 0.065
) -> list[tuple[float, str, str]]:
    """Heights of end labels, moved apart where they would overlap."""
    low, high = ax.get_ylim()
    placed: list[tuple[float, str, str]] = []
    for height, text, colour in sorted(ends):
        if placed:
            height = max(height, placed[-1][0] + gap * (high - low))
        placed.append((height, text, colour))
    return placed


def label(group: str) -> str:
    """A group as readers know it: a model by its name, anything else as it is."""
    return MODEL_NAMES.get(group, group)


def dates(ax: Axes) -> Axes:
    """A time axis with few, plain labels."""
    locator = mdates.AutoDateLocator(minticks=3, maxticks=10)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    return ax


def stacked_bars(ax: Axes, frame: pd.DataFrame, ylabel: str) -> Axes:
    """Stacked bars of counts per period, the legend above the axes.

    Parameters
    ----------
    frame : DataFrame
        DatetimeIndex at the start of each period; one column a group.
    """
    days = np.diff(frame.index).min() / np.timedelta64(1, "D") if len(frame) > 1 else 20
    below = np.zeros(len(frame))
    for column in frame:
        ax.bar(
            frame.index,
            frame[column],
            width=0.85 * days,
            align="edge",
            bottom=below,
            color=COLOURS.get(column, COLOURS["other"]),
            label=label(column),
            linewidth=0,
        )
        below += frame[column].to_numpy()
    ax.set_ylabel(ylabel)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(frame.columns),
        handlelength=1,
        borderaxespad=0.2,
    )
    return dates(ax)


def mark_events(ax: Axes, events: dict[str, pd.Timestamp]) -> Axes:
    """Policy dates, the same everywhere: a thin dashed line, its name at the top."""
    low, high = (mdates.num2date(x).replace(tzinfo=None) for x in ax.get_xlim())
    for name, day in events.items():
        if not low <= day <= high:
            continue
        ax.axvline(day, color=COLOURS["event"], linewidth=0.7, linestyle=(0, (4, 3)))
        ax.annotate(
            name,
            (day, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-2, -2),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="top",
            fontsize=6.5,
            color=COLOURS["event"],
        )
    return ax


def state_tiles(
    ax: Axes, values: pd.Series, places: pd.DataFrame, bounds: list[int], title: str
) -> Axes:
    """A tile map: one square a state, its value inside, shaded by class.

    Parameters
    ----------
    values : Series
        A count by postal code; states without one are drawn empty.
    places : DataFrame
        `tile_row` and `tile_col` by postal code (`datasets.states`).
    bounds : list of int
        Lower bounds of the classes, ascending; the first is 1.
    title : str
        What is counted, and when.
    """
    shades = colormaps["Blues"](np.linspace(0.15, 1, len(bounds)))
    norm = BoundaryNorm([*bounds, np.inf], len(bounds))
    for state, place in places.iterrows():
        value = int(values.get(state, 0))
        shade = shades[int(norm(value))] if value >= bounds[0] else "white"
        corner = (place["tile_col"], -place["tile_row"])
        ax.add_patch(Rectangle(corner, 0.92, 0.92, fc=shade, ec="#bbbbbb", lw=0.5))
        dark = value >= bounds[len(bounds) // 2]
        text = f"{state}\n{value:,}" if value else f"{state}\n"
        ax.text(
            corner[0] + 0.46,
            corner[1] + 0.44,
            text,
            ha="center",
            va="center",
            fontsize=6.5,
            color="white" if dark else "#222222",
            linespacing=1.1,
        )
    ax.set_xlim(places["tile_col"].min() - 0.1, places["tile_col"].max() + 1)
    ax.set_ylim(-places["tile_row"].max() - 0.1, -places["tile_row"].min() + 1)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_title(title)
    return ax


def intervals(ax: Axes, frame: pd.DataFrame, xlabel: str, at: float = 0.0) -> Axes:
    """Estimates with their intervals, one row each, a reference line.

    Parameters
    ----------
    frame : DataFrame
        Columns `estimate`, `low`, `high`; the index names the rows, top first.
    at : float
        Where "no effect" is.
    """
    rows = np.arange(len(frame))[::-1]
    ax.axvline(at, color=COLOURS["event"], linewidth=0.7)
    ax.hlines(rows, frame["low"], frame["high"], color=COLOURS["fitted"])
    ax.plot(frame["estimate"], rows, "o", markersize=4, color=COLOURS["fitted"])
    ax.set_yticks(rows, frame.index)
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.set_xlabel(xlabel)
    return ax

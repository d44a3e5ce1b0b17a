"""Charts that several notebooks draw, by seaborn. Each takes `ax` and returns it."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.patches import Patch
from matplotlib.typing import ColorType

from analysis_utils.publish.style import (
    COLOURS,
    DASHES,
    FILLS,
    MARKERS,
    MODEL_NAMES,
)


def long(frame: pd.DataFrame, value: str = "value") -> pd.DataFrame:
    """A frame with a date index and a column a group as date, group, value."""
    tidy = frame.rename_axis(index="date", columns="group")
    return tidy.stack().rename(value).reset_index()


def looks(groups: list[str]) -> dict[str, dict]:
    """Colours, dashes and markers of groups, as seaborn takes them."""
    known = {g: g if g in DASHES else "other" for g in groups}
    return {
        "palette": {g: COLOURS[known[g]] for g in groups},
        "dashes": {g: DASHES[known[g]] or "" for g in groups},
        "markers": {g: MARKERS[known[g]] for g in groups},
    }


def lines(ax: Axes, frame: pd.DataFrame, ylabel: str) -> Axes:
    """One line a column over dates, each labelled at its end instead of by a legend.

    Parameters
    ----------
    frame : DataFrame
        DatetimeIndex; one column a group, named as in `COLOURS` or freely.
    ylabel : str
        What is counted, with its unit.
    """
    groups = list(frame.columns)
    look = looks(groups)
    sns.lineplot(
        long(frame),
        x="date",
        y="value",
        hue="group",
        style="group",
        hue_order=groups,
        style_order=groups,
        palette=look["palette"],
        dashes=look["dashes"],
        drawstyle="steps-post",
        legend=False,
        estimator=None,
        ax=ax,
    )
    ax.set(xlabel="", ylabel=ylabel)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ends = [(frame[g].iloc[-1], label(g), look["palette"][g]) for g in groups]
    for height, text, colour in spread(ends, ax):
        end_label(ax, frame.index[-1], height, text, colour)
    return dates(ax)


def end_label(ax: Axes, x: object, y: float, text: str, colour: str) -> None:
    """A name at the end of a line, right of it."""
    ax.annotate(
        text,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=7,
        annotation_clip=False,
    )


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
    groups = list(frame.columns)
    starts = mdates.date2num(frame.index)
    step = np.diff(starts)[-1] if len(starts) > 1 else 30.0
    data = long(frame)
    data["date"] = mdates.date2num(data["date"]) + step / 100  # inside its bin
    sns.histplot(
        data,
        x="date",
        weights="value",
        hue="group",
        hue_order=groups[::-1],
        bins=[*starts, starts[-1] + step],
        multiple="stack",
        shrink=0.88,
        palette={g: FILLS.get(g, FILLS["other"]) for g in groups},
        alpha=1,
        linewidth=0,
        legend=False,
        ax=ax,
    )
    ax.xaxis_date()
    ax.set(xlabel="", ylabel=ylabel)
    handles = [
        Patch(color=FILLS.get(g, FILLS["other"]), label=label(g)) for g in groups
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(groups),
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
    ax: Axes,
    values: pd.Series,
    places: pd.DataFrame,
    bounds: list[int],
    title: str,
    unit: str = "",
) -> Axes:
    """A tile map: one square a state, its value inside, shaded by class, with a key.

    Parameters
    ----------
    values : Series
        A number by postal code; states without one are drawn empty.
    places : DataFrame
        `tile_row` and `tile_col` by postal code (`datasets.states`).
    bounds : list of int
        Lower bounds of the classes, ascending.
    title, unit : str
        What is shown, and in which unit (for the key).
    """
    shades = ["#FFFFFF", *sns.color_palette("Blues", len(bounds) + 1)[1:]]
    known = values.reindex(places.index)
    whole = bool((known.dropna() % 1 == 0).all())
    classes = np.searchsorted(bounds, known.fillna(-1), side="right")
    rows, columns = places["tile_row"].astype(int), places["tile_col"].astype(int)
    shape = (rows.max() + 1, columns.max() + 1)
    grid, words = np.full(shape, np.nan), np.full(shape, "", dtype=object)
    for state, row, column, value, shade in zip(
        places.index, rows, columns, known, classes, strict=True
    ):
        grid[row, column] = shade
        digits = 1 if value < 10 and not whole else 0
        shown = "" if pd.isna(value) or value == 0 else f"{value:,.{digits}f}"
        words[row, column] = f"{state}\n{shown}"
    sns.heatmap(
        grid,
        annot=words,
        fmt="",
        cmap=ListedColormap(shades),
        vmin=-0.5,
        vmax=len(shades) - 0.5,
        cbar=False,
        square=True,
        linewidths=1.2,
        linecolor="white",
        annot_kws={"fontsize": 6.5, "linespacing": 1.1},
        xticklabels=False,
        yticklabels=False,
        ax=ax,
    )
    outline(ax, rows, columns)
    for text in ax.texts:
        row, column = (int(x) for x in text.get_position()[::-1])
        if not np.isnan(grid[row, column]):
            text.set_color(readable(shades[int(grid[row, column])]))
    ax.set_title(title)
    return key(ax, shades, bounds, unit, whole)


def readable(shade: ColorType) -> str:
    """Black or white, whichever has more contrast on a shade."""
    parts = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in to_rgb(shade)
    ]
    light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return "#000000" if (light + 0.05) / 0.05 > 1.05 / (light + 0.05) else "#FFFFFF"


def outline(ax: Axes, rows: pd.Series, columns: pd.Series) -> None:
    """A thin frame about each tile, so that an empty one is seen."""
    from matplotlib.patches import Rectangle

    for row, column in zip(rows, columns, strict=True):
        corner = (column + 0.03, row + 0.03)
        frame = Rectangle(
            corner, 0.94, 0.94, fill=False, edgecolor="#BBBBBB", linewidth=0.5
        )
        ax.add_patch(frame)


def key(ax: Axes, shades: list, bounds: list[int], unit: str, whole: bool) -> Axes:
    """What each shade stands for, below the map; counts are `whole` numbers."""
    word = " to " if whole else " to under "
    tops = [f"{word}{upper - whole:,.0f}" for upper in bounds[1:]] + [" or more"]
    names = [
        "less",
        *(f"{low:,.0f}{top}" for low, top in zip(bounds, tops, strict=True)),
    ]
    if whole and bounds[0] <= 1:
        names[0] = "none"
    handles = [
        Patch(facecolor=shade, edgecolor="#BBBBBB", linewidth=0.5, label=name)
        for shade, name in zip(shades, names, strict=True)
    ]
    ax.legend(
        handles=handles,
        title=unit or None,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=len(handles),
        handlelength=1,
        columnspacing=1.2,
    )
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
    sns.scatterplot(
        x=frame["estimate"].to_numpy(), y=rows, s=24, color=COLOURS["fitted"], ax=ax
    )
    ax.set_yticks(rows, frame.index)
    ax.set_ylim(-0.7, len(frame) - 0.3)
    ax.set(xlabel=xlabel, ylabel="")
    return ax


def fan(ax: Axes, rows: pd.DataFrame, colour: ColorType) -> Axes:
    """A forecast over days: median (`q500`), 80 % and 95 % intervals, dark and light.

    rows: `day`, and quantiles of it as data/predicted_counts.csv names them.
    """
    for low, high, shade in (("q025", "q975", 0.85), ("q100", "q900", 0.65)):
        ax.fill_between(rows["day"], rows[low], rows[high], color=str(shade), lw=0)
    ax.plot(rows["day"], rows["q500"], color=colour)
    return ax


def about_event(ax: Axes, frame: pd.DataFrame, xlabel: str) -> Axes:
    """Effects by period about an event, with intervals; the period before is the base.

    Parameters
    ----------
    frame : DataFrame
        Columns `estimate`, `low`, `high`; index: periods after (before: negative).
    """
    at = frame.index.to_numpy()
    ax.axhline(0, color=COLOURS["event"], lw=0.7)
    ax.axvline(-0.5, color=COLOURS["event"], lw=0.7, ls=(0, (4, 3)))
    ax.vlines(at, frame["low"], frame["high"], color=COLOURS["fitted"], lw=1)
    ax.plot(at, frame["estimate"], "o", color=COLOURS["fitted"])
    ax.set_xticks(sorted({*at.tolist(), -1}))
    ax.set_xlabel(xlabel)
    return ax


def histogram(
    ax: Axes,
    values: pd.Series,
    at: float,
    words: str,
    weights: pd.Series | None = None,
    bins: int | np.ndarray = 30,
) -> Axes:
    """Placebo estimates as bars, the true one as a named line.

    Parameters
    ----------
    values : the placebos' estimates; `weights` how often each was drawn.
    at, words : the true estimate and its name.
    bins : their number from the smallest to the largest, the true one among them, or
        their edges.
    """
    sns.histplot(
        x=values.to_numpy(),
        weights=None if weights is None else weights.to_numpy(),
        bins=list(np.histogram_bin_edges([*values, at], bins)),
        color=FILLS["other"],
        alpha=1,
        linewidth=0.3,
        ax=ax,
    )
    ax.axvline(at, color=COLOURS["counterfactual"])
    low, high = ax.get_ylim()
    ax.set_ylim(low, 1.15 * high)
    left = at > np.mean(ax.get_xlim())
    ax.annotate(
        words,
        (at, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if left else 3, -2),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize=7,
        color=COLOURS["counterfactual"],
    )
    return ax


def too_wide(path: pd.DataFrame) -> bool:
    """Whether half the bands of a counterfactual are wider than the data's own range.

    path : as `ITSResults.counterfactual` gives it. Only periods after the event count:
    before it, the counterfactual is the fit.
    """
    known = path.dropna(subset=["counterfactual_upper", "counterfactual_lower"])
    known = known[~np.isclose(known["counterfactual"], known["fitted"])]
    width = known["counterfactual_upper"] - known["counterfactual_lower"]
    extent = max(path["observed"].max() - min(0.0, path["observed"].min()), 1e-9)
    return bool(len(width) and width.median() > extent)


def without_wide_bands(ax: Axes, path: pd.DataFrame) -> Axes:
    """Take bands out of the axes that would swallow the data."""
    if too_wide(path):
        for band in [c for c in ax.collections if hasattr(c, "get_paths")]:
            band.remove()
    return ax


def bands(path: pd.DataFrame) -> str:
    """What the figure shows of the intervals, in words for its caption."""
    if too_wide(path):
        return "their 95% intervals are wider than the range of the data and left out"
    return "with 95% intervals of the mean, cut where they leave the range of the data"

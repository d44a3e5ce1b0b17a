"""Pictures of the site: the history, all answers, the way from files to them."""

import math
import re
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from analysis_utils.paper import history
from analysis_utils.review import lineage
from analysis_utils.site import question
from analysis_utils.site.study import Study
from analysis_utils.workflow import determinism

COLOURS = {
    "supported": "#0b5394",
    "smaller than of interest": "#5b7fa6",
    "refuted": "#a33c00",
    "inconclusive": "#555555",
}
FAR = 8.0  # multiples of the smallest effect at which the axis ends


def write(folder: Path) -> None:
    """Save all as SVG."""
    determinism.apply()
    (folder / "history.svg").write_bytes(history.svg())
    study = Study()
    for name, fig in (("answers", answers(study)), ("pipeline", pipeline(study))):
        fig.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(fig)


def scaled(value: float, null: float, smallest: float, scale: str) -> float:
    """An effect in multiples of the smallest of interest: 0 is the null."""
    if scale == "ratio":
        ratio = value / null
        return math.log(ratio) / math.log(smallest) if ratio > 0 else -math.inf
    return (value - null) / smallest


def squeezed(multiple: float) -> float:
    """Position on the axis: linear to 1, then logarithmic, cut at both ends."""
    size = min(abs(multiple), FAR)
    place = size if size <= 1 else 1 + math.log(size)
    return math.copysign(place, multiple)


def answers(study: Study) -> Figure:
    """Estimate and adjusted interval of every hypothesis that stands and was tested."""
    stands = study.verdicts["superseded_by"] == "none"
    rows = study.verdicts[stands & study.verdicts["estimate"].notna()]
    height = 1.0 + 0.25 * len(rows)
    fig, ax = plt.subplots(figsize=(10.4, height), layout="constrained")
    ax.axvspan(-1, 1, color="#eeeeee", zorder=0)
    ax.axvline(0, color="#333333", linewidth=0.8, zorder=1)
    for place, (_, row) in enumerate(rows.iterrows()):
        draw_row(ax, place, row)
    families = rows["family"].to_numpy()
    for last in np.flatnonzero(families[1:] != families[:-1]):
        ax.axhline(last + 0.5, color="#cccccc", linewidth=0.5, zorder=0)
    ax.set_yticks(range(len(rows)), rows["id"], fontsize=8)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ticks = [-8, -4, -2, -1, 0, 1, 2, 4, 8]
    ax.set_xticks(
        [squeezed(t) for t in ticks], [f"{t}".replace("-", "−") for t in ticks]
    )
    end = squeezed(FAR) + 0.12
    ax.set_xlim(-end, end)
    ax.set_xlabel(
        "Effect, in multiples of the smallest effect of interest (0: no effect)"
    )
    twin = ax.secondary_yaxis("right")
    twin.set_yticks(range(len(rows)), [label(row) for _, row in rows.iterrows()])
    twin.tick_params(labelsize=7.5, length=0)
    for axis in (ax, twin):
        axis.spines[["left", "right", "top"]].set_visible(False)
    return fig


def draw_row(ax, place: int, row: pd.Series) -> None:
    """One estimate with its interval; an arrow where the interval leaves the axis."""
    scale = [row["null"], row["smallest"], row["scale"]]
    low, middle, high = (
        squeezed(scaled(x, *scale)) if math.isfinite(x) else math.copysign(9, sign)
        for x, sign in (
            (row["low"], -1),
            (row["estimate"], 1),
            (row["high"], 1),
        )
    )
    colour = COLOURS.get(row["answer"], "#555555")
    filled = row["strength"] == "robust"
    ax.plot([low, high], [place, place], color=colour, linewidth=1.6, zorder=2)
    ax.plot(
        middle, place, marker="o", markersize=5.5, color=colour, zorder=3,
        markerfacecolor=colour if filled else "white",
    )  # fmt: skip
    end = squeezed(FAR) + 0.1
    for side in (low, high):
        if abs(side) >= squeezed(FAR):
            marker = "<" if side < 0 else ">"
            ax.plot(math.copysign(end, side), place, marker=marker, color=colour, ms=4)


def label(row: pd.Series) -> str:
    """Answer, strength and the estimate in its own units, as printed beside a row."""
    return f"{row['answer']}, {row['strength']}: {question.result(row)}"


def pipeline(study: Study) -> Figure:
    """Published files, data, notebooks, hypotheses: every arrow from a manifest."""
    reads = sorted(
        {
            (name.removeprefix("data/"), record.folder.parent.name)
            for record in study.records
            for name in record.stamp.get("data", {})
        }
    )
    tested = sorted(
        {
            (row["run"].split("/")[0], row["id"])
            for _, row in study.verdicts.iterrows()
            if row["run"] in {record.label for record in study.records}
        }
    )
    files = sorted({name for name, _ in reads})
    made = sorted(
        {
            (wrapped(source), name)
            for name in files
            for source in lineage.published_sources(f"data/{name}")
        }
    )
    joined = [made, reads, tested]
    columns = [sorted({b for _, b in reads})]  # notebooks keep their order
    columns.append(beside(tested, columns[0]))
    columns.insert(0, beside([(b, a) for a, b in reads], columns[0]))
    columns.insert(0, beside([(b, a) for a, b in made], columns[0]))
    heads = ("Published", "data/", "notebooks/", "Hypotheses")
    return joined_columns(list(zip(heads, columns, strict=True)), joined)


def wrapped(source: str) -> str:
    """A publisher and what it published, without address and compiler, on lines."""
    named = re.split(r": |, by | \(|; | @ ", source)[0]
    return "\n".join(textwrap.wrap(named, 40))


def beside(pairs: list[tuple[str, str]], fixed: list[str]) -> list[str]:
    """The second names of pairs, each near the middle of what it is joined to.

    `fixed` are the first names in their order; lines then cross less.
    """
    places: dict[str, list[int]] = {}
    for pair in pairs:
        places.setdefault(pair[1], []).append(fixed.index(pair[0]))
    return sorted(places, key=lambda name: (np.mean(places[name]), name))


def joined_columns(
    columns: list[tuple[str, list[str]]], arrows: list[list[tuple[str, str]]]
) -> Figure:
    """Columns of names, joined by lines."""
    tallest = max(len(names) for _, names in columns)
    fig, ax = plt.subplots(figsize=(10.4, 0.6 + 0.17 * tallest), layout="constrained")
    places = {}
    edges = [(0, 2.9), (4.0, 5.6), (6.9, 8.8), (10.2, 10.6)]
    for number, (title, names) in enumerate(columns):
        left, right = edges[number]
        ax.text(left, -1, title, fontsize=9.5, weight="bold")
        step = tallest / max(len(names), 1)
        for n, name in enumerate(names):
            y = (n + 0.5) * step
            places[number, name] = y
            ax.text(left, y, name, fontsize=7.5, va="center", linespacing=1)
    for number, pairs in enumerate(arrows):
        start, end = edges[number][1] + 0.1, edges[number + 1][0] - 0.1
        lines = [
            [(start, places[number, a]), (end, places[number + 1, b])] for a, b in pairs
        ]
        ax.add_collection(LineCollection(lines, colors="#8899aa", linewidths=0.5))
    ax.set_ylim(tallest + 0.5, -1.8)
    ax.set_xlim(-0.1, 10.8)
    ax.set_axis_off()
    return fig

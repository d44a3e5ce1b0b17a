"""What a sweep found: one tidy table of all its numbers, and one figure."""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from analysis_utils.asking import Refused, nearest
from analysis_utils.publish import charts, new_figure
from analysis_utils.publish.findings import LEVEL, Finding
from analysis_utils.workflow.driver import Outcome

NOT_TESTABLE = "not testable"
MOST_PANELS = 6


def gather(outcomes: Sequence[Outcome], varied: Sequence[str]) -> pd.DataFrame:
    """Every number of every run; a run without numbers has one row with the reason.

    Returns
    -------
    DataFrame
        The parameters that vary, `state` of the run (done, not testable, failed) and
        `reason`; `key`, `value`, `unit`, `label`; `low` and `high` at `level`;
        `adjusted_low` and `adjusted_high` at `adjusted_level`, which all runs'
        intervals of this key share (`adjust`).
    """
    rows: list[dict[str, object]] = []
    for outcome in outcomes:
        chosen = {name: outcome.run.parameters[name] for name in varied}
        if outcome.state in ("ran", "fresh"):
            text = (outcome.run.folder / "results.json").read_text(encoding="utf-8")
            found = by_cell(json.loads(text)["numbers"])
            rows += [
                chosen | {"outcome": "done", "reason": "", "key": key} | number
                for key, number in found.items()
            ]
        else:
            word = NOT_TESTABLE if outcome.state == "refused" else "failed"
            rows.append(chosen | {"outcome": word, "reason": outcome.message})
    columns = [*varied, "outcome", "reason", "key", "value", "unit", "label"]
    columns += ["low", "high", "level"]
    return adjust(pd.DataFrame(rows).reindex(columns=columns))


def by_cell(numbers: dict[str, dict]) -> dict[str, dict]:
    """Numbers in the order in which the notebook gives them."""
    return dict(
        sorted(numbers.items(), key=lambda one: (one[1]["cell"], one[1]["line"]))
    )


def adjust(table: pd.DataFrame) -> pd.DataFrame:
    """Add intervals that hold together for all runs that give one (Bonferroni).

    The level is 1 - (1 - 0.95) / m for the m runs with an interval of this key. Each
    side of the 95% interval is lengthened by a normal approximation, on the logarithm
    for ratios (`Finding.of_interval`).
    """
    names = ["adjusted_level", "adjusted_low", "adjusted_high"]
    table = table.assign(**dict.fromkeys(names, np.nan))
    with_interval = table["low"].notna() & table["high"].notna()
    for _, rows in table[with_interval].groupby("key"):
        level = 1 - (1 - LEVEL) / len(rows)
        for index, row in rows.iterrows():
            finding = Finding.of_interval(
                row["value"],
                row["low"],
                row["high"],
                level=row["level"],
                scale="ratio" if row["unit"] == "times" else "difference",
            )
            table.loc[index, names] = level, *(finding.at(level) or (np.nan, np.nan))
    return table


def key_of(table: pd.DataFrame, asked: str | None) -> str | None:
    """The number that the figure shows: the one asked for, else the first estimate."""
    keys = tuple(table["key"].dropna().unique())
    if asked is not None and asked not in keys:
        raise Refused(
            f"KEY={asked}: no run gives such a number{nearest(asked, keys)}; there are "
            f"{', '.join(keys)}"
        )
    estimates = table.loc[table["low"].notna(), "key"]
    return asked or (estimates.iloc[0] if len(estimates) else None)


def draw(table: pd.DataFrame, varied: Sequence[str], key: str, folder: Path) -> Path:
    """Estimates of one number with both intervals, a panel for each of a few values.

    Writes `<key>.png` and `<key>.svg` into the folder; returns the first.
    """
    rows = table[table["key"] == key].dropna(subset="value").astype({"value": float})
    panels, inner = split(rows, varied)
    names = list(dict.fromkeys(inner))
    rows = rows.assign(row=inner)
    parts = [("", rows)] if panels is None else list(rows.groupby(panels, sort=False))
    fig, _ = new_figure(
        "double", 1.1 + 0.15 * len(names), ncols=len(parts), sharey=True, squeeze=False
    )
    axes = fig.axes
    for ax, (panel, part) in zip(axes, parts, strict=True):
        one = part.set_index("row").reindex(names)
        at = 1.0 if (part["unit"] == "times").all() else 0.0
        where = np.arange(len(names))[::-1]
        ax.hlines(
            where, one["adjusted_low"], one["adjusted_high"], color="#999999", lw=0.7
        )
        shown = one[["value", "low", "high"]].rename(columns={"value": "estimate"})
        charts.intervals(ax, shown, f"{panels} = {panel}" if panels else "", at)
    if panels is None:
        axes[0].set_xlabel(key)
    unit = next((u for u in rows["unit"] if u), "")
    count = int(rows["adjusted_low"].notna().sum())
    fig.suptitle(
        f"{key}{f' ({unit})' if unit else ''}: 95% intervals, and thin those that hold "
        f"together for the {count} runs that give one",
        x=0.01,
        ha="left",
        fontsize=8,
    )
    for kind in ("svg", "png"):
        fig.savefig(folder / f"{key}.{kind}")
    plt.close(fig)
    return folder / f"{key}.png"


def split(rows: pd.DataFrame, varied: Sequence[str]) -> tuple[str | None, pd.Series]:
    """The parameter that makes the panels, if one is fit, and the names of the rows."""
    sizes = {name: rows[name].nunique() for name in varied}
    fit = [n for n in varied if 1 < sizes[n] <= MOST_PANELS and len(varied) > 1]
    panels = min(fit, key=lambda name: sizes[name]) if fit else None
    others = [name for name in varied if name != panels]
    words = rows[others].astype(str).agg(", ".join, axis=1)
    return panels, words.rename("row")

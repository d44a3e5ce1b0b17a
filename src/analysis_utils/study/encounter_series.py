"""Every series of encounters since 2020: by month, national and by state, drawn."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.publish import charts
from analysis_utils.publish.style import COLOURS, DASHES, FILLS, MARKERS

# Colour by meaning; meanings are also told by the letter before each title
MEANINGS = {"CBP": "WSO", "ICE": "fitted", "287(g)": "counterfactual"}
SPLICED = pd.Timestamp("2022-10-01")  # the release of arrests joined to detentions
FEW = 20  # agreements that fill a state's panel where it has no more
JOINED, WEEKLY = "ice_arrests_ddp_joined", "ice_arrests_ddp"


def national(name: str, first: str, last: str) -> pd.DataFrame:
    """One series of the nation by month: value, flag and source; index: date.

    "ice_arrests_used" is the one that this study uses: the joined series from October
    2022 on, the weekly one before. Raises NotTestable if no month lies between.
    """
    if name == "ice_arrests_used":
        table = datasets.encounters(level="nation")
        joined = (table.series == JOINED) & (table.date >= SPLICED)
        weekly = (table.series == WEEKLY) & (table.date < SPLICED)
        table = table[joined | weekly]
    else:
        table = datasets.encounters(name, "nation")
    table = table[table.date.between(pd.Timestamp(first), pd.Timestamp(last))]
    if table.empty:
        raise NotTestable(f"{name} has no month from {first} to {last}")
    return table.set_index("date").sort_index()[["value", "flag", "source"]]


def agreements(first: str, last: str, as_of: str | None = None) -> pd.Series:
    """Agreements in force at the end of each month, from ICE's lists; index: month."""
    counts = series.active(basis="listing", as_of=as_of)["all"]
    counts = counts.set_axis(counts.index.to_period("M").to_timestamp())
    return counts[counts.index.to_series().between(pd.Timestamp(first), last)]


def breaks_of(name: str, first: str, last: str) -> pd.DataFrame:
    """Known breaks of a series between two days: date, what (data/hand)."""
    keys = {name} | ({JOINED, WEEKLY} if name == "ice_arrests_used" else set())
    table = datasets.series_breaks()
    inside = table.date.between(pd.Timestamp(first), pd.Timestamp(last))
    return table[table.series.isin(keys) & inside]


def gaps_shown(values: pd.Series) -> pd.Series:
    """Every month from first to last; a month without a count is missing."""
    return values.reindex(pd.date_range(values.index[0], values.index[-1], freq="MS"))


def draw_series(ax: Axes, table: pd.DataFrame, meaning: str, title: str) -> Axes:
    """One series: months that are cut or estimated are drawn hollow."""
    colour = COLOURS[MEANINGS[meaning]]
    cut = table[table["flag"] == "partial"]
    whole = gaps_shown(table["value"].where(table["flag"] != "partial")) / 1000
    ax.plot(whole.index, whole, color=colour, linewidth=1.0)
    cut = table[table["flag"] == "partial"]
    ax.plot(cut.index, cut["value"] / 1000, "o", ms=3, mfc="white", mec=colour, mew=0.8)
    ax.set_ylim(0, 1.16 * float(table["value"].max()) / 1000)
    ax.set_title(title, fontsize=7)
    ax.tick_params(labelsize=6)
    return ax


def draw_breaks(ax: Axes, breaks: pd.DataFrame, number: dict[str, int]) -> Axes:
    """A thin line at each known break, with its number in the table of breaks."""
    top = ax.get_ylim()[1]
    last = None
    for row in breaks.sort_values("date").itertuples():
        if last is not None and (row.date - last).days < 20:
            continue
        last = row.date
        ax.axvline(row.date, color=COLOURS["event"], lw=0.6, ls=(0, (3, 2)))
        ax.text(
            row.date,
            top,
            f" {number[row.what]}",
            fontsize=6,
            va="top",
            color=COLOURS["event"],
        )
    return ax


def share_time(axes: np.ndarray, first: str, last: str) -> None:
    """The same years below every panel."""
    years = pd.date_range(first, last, freq="YS")
    for ax in np.ravel(axes):
        ax.set_xlim(pd.Timestamp(first), pd.Timestamp(last))
        ax.set_xticks(years, [f"{year:%y}" for year in years])


def by_state(name: str, first: str, last: str) -> pd.DataFrame:
    """Counts of a series by month and state, wide; index: date."""
    table = datasets.encounters(name, "state")
    table = table[table.date.between(pd.Timestamp(first), pd.Timestamp(last))]
    return table.pivot(index="date", columns="geography", values="value")


def agreements_by_state(first: str, last: str, as_of: str | None = None):
    """Agreements in force by month and state, wide; index: first day of the month."""
    counts = series.active(basis="listing", by="state", as_of=as_of)
    counts.index = counts.index.to_period("M").to_timestamp()
    return counts.loc[pd.Timestamp(first) : pd.Timestamp(last)]


def draw_tiles(
    fig: Figure, counts: pd.DataFrame, held: pd.DataFrame, places: pd.DataFrame
) -> pd.DataFrame:
    """Small multiples in the places of the states: encounters, and agreements below.

    Each state has its own scale: the line is encounters, as a share of the state's
    largest month, and the filled step agreements, as a share of most agreements there
    or of `FEW`, whichever is more; both largest numbers are printed. Returns what is
    drawn, by state and month.
    """
    places = places.dropna(subset=["tile_row", "tile_col"])
    row = (places.tile_row - places.tile_row.min()).astype(int)
    column = (places.tile_col - places.tile_col.min()).astype(int)
    margins = {"left": 0.005, "right": 0.995, "bottom": 0.005, "top": 0.995}
    grid = fig.add_gridspec(
        row.max() + 1, column.max() + 1, hspace=0.08, wspace=0.08, **margins
    )
    shown = []
    span = (min(counts.index[0], held.index[0]), max(counts.index[-1], held.index[-1]))
    for state in places.index:
        ax = fig.add_subplot(grid[row[state], column[state]])
        part = _draw_tile(ax, state, counts, held)
        ax.set(xlim=span, ylim=(0, 1.75), xticks=[], yticks=[])
        for side in ("top", "right"):
            ax.spines[side].set_visible(True)
        for spine in ax.spines.values():
            spine.set(color="#BBBBBB", linewidth=0.5)
        shown.append(part.assign(state=state))
    return pd.concat(shown).rename_axis("date").reset_index()


def _draw_tile(
    ax: Axes, state: str, counts: pd.DataFrame, held: pd.DataFrame
) -> pd.DataFrame:
    part = pd.DataFrame(
        {
            "encounters": counts.get(state, pd.Series(dtype=float)),
            "agreements": held.get(state, pd.Series(dtype=float)),
        }
    )
    most = part.max()
    if most["agreements"] > 0:
        share = part["agreements"].fillna(0) / max(most["agreements"], FEW)
        ax.fill_between(share.index, share, step="post", lw=0, color=FILLS["TFM"])
    if most["encounters"] > 0:
        share = part["encounters"] / most["encounters"]
        ax.plot(share.index, share, color=COLOURS["WSO"], linewidth=0.8)
    ax.text(
        0.05, 0.96, state, transform=ax.transAxes, va="top", fontsize=6, weight="bold"
    )
    words = [
        short(most["encounters"]) if most["encounters"] > 0 else "none",
        f"{most['agreements']:.0f}" if most["agreements"] > 0 else "0",
    ]
    for place, text, colour in zip(
        (0.97, 0.78), words, (COLOURS["WSO"], COLOURS["TFM"]), strict=True
    ):
        ax.text(
            0.96,
            place,
            text,
            transform=ax.transAxes,
            va="top",
            ha="right",
            fontsize=5.5,
            color=colour,
        )
    return part


def short(count: float) -> str:
    """A count in few letters: 312, 4.1k, 113k.

    >>> short(312), short(4_100), short(113_200)
    ('312', '4.1k', '113k')
    """
    if count < 1000:
        return f"{count:.0f}"
    return f"{count / 1000:.1f}k" if count < 10_000 else f"{count / 1000:.0f}k"


def described(table: pd.DataFrame, title: str) -> str:
    """A series in words: its first, largest and last month."""
    value = table["value"]
    return (
        f"{title}: {value.iloc[0]:,} in {value.index[0]:%B %Y}, largest "
        f"{value.max():,} in {value.idxmax():%B %Y}, last {value.iloc[-1]:,} in "
        f"{value.index[-1]:%B %Y}"
    )


def florida() -> pd.DataFrame:
    """What Florida published since 2025, cumulated: figure, end, low, high, middle."""
    table = datasets.encounter_bounds()
    table = table[(table.geography == "FL") & table.end.notna() & table.start.notna()]
    names = {
        "fl_encounters": "encounters, all police",
        "fl_arrests": "arrests in them, on any ground",
        "fl_arrests_287g": "arrests under an agreement, 287(g)",
        "fl_encounters_highway_patrol": "encounters of the Highway Patrol",
        "fl_apprehensions_highway_patrol": "apprehensions of the Highway Patrol",
    }
    table = table[table.figure.isin(names)].copy()
    table["name"] = table.figure.map(names)
    value = table[["low", "high"]].astype("float64")
    table["shown"] = value.mean(axis=1)
    return table.sort_values(["name", "end"], ignore_index=True)


def patrol_bounds(day: str) -> pd.DataFrame:
    """Published figures on the Florida Highway Patrol, and what each allows on a day.

    A count of encounters since March 2025 cannot fall: what was reached before the day
    bounds it from below, what was reached after it from above, as far as both count the
    same thing.
    """
    table = datasets.encounter_bounds()
    table = table[table.figure == "fl_apprehensions_highway_patrol"].copy()
    table["on the day"] = np.select(
        [table.end.isna(), table.end > pd.Timestamp(day)],
        ["undated: bounds nothing by itself", "from above, if larger"],
        "from below",
    )
    return table


def draw_florida(ax: Axes, table: pd.DataFrame) -> Axes:
    """Cumulated counts by day published, each named at its end."""
    looks = ["all", "JEM", "TFM", "WSO", "other"]
    for (name, part), look in zip(table.groupby("name"), looks, strict=True):
        colour, dash = COLOURS[look], DASHES[look]
        ax.plot(
            part["end"],
            part["shown"],
            ls=(0, dash) if dash else "-",
            marker=MARKERS[look],
            ms=3.5,
            color=colour,
        )
        day, height = part["end"].iloc[-1], float(part["shown"].iloc[-1])
        if "Patrol" not in name:
            charts.end_label(ax, day, height, name, colour)
            continue
        ax.annotate(  # two points at the left: named to the left of them
            name.replace(" of the ", "\nof the "),
            (part["end"].iloc[0], height),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=colour,
            fontsize=7,
        )
    ax.set_xlim(pd.Timestamp("2025-06-01"), table["end"].max() + pd.Timedelta(days=8))
    ax.set_yscale("log")
    ticks = [2000, 5000, 10_000, 20_000, 30_000]
    ax.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    return charts.dates(ax)

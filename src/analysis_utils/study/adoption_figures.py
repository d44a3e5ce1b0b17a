"""Figures of the adoption notebook: each takes axes and returns what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from analysis_utils import datasets, panel, series
from analysis_utils.methods.hazards import HazardResults
from analysis_utils.publish import charts, maps
from analysis_utils.publish.style import COLOURS as COLOURS_OF
from analysis_utils.study.adoption import WORDS

NAMED = {"FL": COLOURS_OF["TFM"], "TX": COLOURS_OF["JEM"]}
LABELS = ["task force agreement", "jail or warrant agreement only"]
# 3 to 1 or more to the ground of the map, and apart in grey and to the colour-blind
COLOURS = {LABELS[0]: "#082A5C", LABELS[1]: "#C65704"}
KINDS = {"sheriff": "Sheriffs", "police": "Municipal police"}


def in_force_by_county(day: pd.Timestamp, as_of: str | None = None) -> pd.Series:
    """What agencies of each county have in force on a day, by FIPS code.

    LABELS[0] if any agency has a task force agreement, else LABELS[1]; counties without
    an agreement are left out. Agreements of state agencies belong to no county.
    as_of : with what was known on this day; with all that is known if None.
    """
    known = series.agreements_known(as_of)
    begun = known["signed"].le(day)
    going = known["gone_by"].isna() | known["gone_by"].gt(day)
    now = known[begun & going]
    county = datasets.agreements().set_index("agreement_id")["county_fips"]
    fips = now["agreement_id"].map(county)
    force = now["model"].eq("TFM").groupby(fips).max()
    force = force[force.index.isin(maps.on_map())]
    return force.map({True: LABELS[0], False: LABELS[1]})


def draw_maps(
    axes: Sequence[Axes], days: Sequence[pd.Timestamp], as_of: str | None = None
) -> pd.DataFrame:
    """A map for each day; the axes after them hold the legend."""
    shown = {}
    for ax, day in zip(axes, days, strict=False):
        values = in_force_by_county(day, as_of)
        maps.choropleth(ax, values, colours=COLOURS, legend=False)
        ax.set_title(f"{day.day} {day:%B %Y}: {len(values):,} counties")
        shown[str(day.date())] = values
    named = {**COLOURS, "no agreement": maps.MISSING}
    for ax in axes[len(days) :]:
        ax.axis("off")
        handles = [Patch(color=c, label=name) for name, c in named.items()]
        ax.legend(
            handles=handles, loc="center", title="Sheriffs and police of the county"
        )
    return pd.DataFrame(shown).rename_axis("county_fips").reset_index()


def saturation(as_of: str | None = None) -> pd.DataFrame:
    """Share of agencies that ever had an agreement since the start, in per cent.

    Columns: kind, state ("all" for the country), week, date, share, agencies.
    """
    every = panel.agencies(tuple(KINDS))
    first = panel.signed_weeks(as_of).groupby("ori")["week"].min()
    every["week"] = every["ori"].map(first)
    weeks = np.arange(-1, panel.last_week(as_of) + 1)
    rows = []
    for kind in KINDS:
        part = every[every["agency_kind"] == kind]
        for state, group in [("all", part), *part.groupby("state")]:
            signed = np.sort(group["week"].dropna())
            share = 100 * np.searchsorted(signed, weeks, side="right") / len(group)
            rows.append(
                pd.DataFrame(
                    {
                        "kind": kind,
                        "state": state,
                        "week": weeks,
                        "date": [panel.week_start(int(w) + 1) for w in weeks],
                        "share": share,
                        "agencies": len(group),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def draw_saturation(axes: Sequence[Axes], table: pd.DataFrame) -> None:
    """One panel a kind; states thin and grey, Florida and Texas named, all in black."""
    for ax, (kind, title) in zip(axes, KINDS.items(), strict=True):
        part = table[table["kind"] == kind]
        for _, lines in part[~part["state"].isin([*NAMED, "all"])].groupby("state"):
            ax.plot(lines["date"], lines["share"], color="0.8", lw=0.6, zorder=1)
        names = datasets.states().set_index("state")["name"]
        ends = []
        for state, colour in {**NAMED, "all": COLOURS_OF["all"]}.items():
            lines = part[part["state"] == state]
            style = {"all": "-", "FL": "--", "TX": "-."}[state]
            ax.plot(lines["date"], lines["share"], style, color=colour, lw=1.6)
            label = "All states" if state == "all" else names[state]
            height = lines["share"].iloc[-1]
            ends.append((height, f"{label} {height:.0f}%", colour))
        ax.set(ylim=(0, 102), xlabel="")
        for height, text, colour in charts.spread(ends, ax):
            charts.end_label(ax, part["date"].max(), height, text, colour)
        charts.dates(ax)
        ax.set_title(f"{title} ({int(part['agencies'].iloc[0]):,})")
        ax.margins(x=0)
    axes[0].set_ylabel("Agencies with an agreement, %")


def coefficients(
    fits: Mapping[str, HazardResults], names: Sequence[str]
) -> pd.DataFrame:
    """Hazard ratios of several fits: one row a covariate and a fit."""
    parts = []
    for label, fit in fits.items():
        have = [name for name in names if name in fit.params]
        table = fit.hazard_ratios(have).rename_axis("covariate").reset_index()
        parts.append(table.assign(fit=label))
    return pd.concat(parts, ignore_index=True)


def draw_coefficients(ax: Axes, table: pd.DataFrame) -> Axes:
    """Ratios with intervals on a log axis, fits beside each other by mark."""
    labels = list(dict.fromkeys(table["fit"]))
    names = list(dict.fromkeys(table["covariate"]))
    marks = ["o", "s", "^", "D", "v"]
    shades = [COLOURS_OF[name] for name in ("all", "JEM", "TFM", "WSO", "other")]
    for n, label in enumerate(labels):
        part = table[table["fit"] == label].set_index("covariate").reindex(names)
        y = np.arange(len(names)) + 0.7 * (n - (len(labels) - 1) / 2) / len(labels)
        reach = [part["ratio"] - part["lower"], part["upper"] - part["ratio"]]
        ax.errorbar(
            part["ratio"],
            y,
            xerr=reach,
            fmt=marks[n],
            ms=3.5,
            lw=1,
            color=shades[n],
            label=label,
        )
    ax.axvline(1, color="0.4", lw=0.7)
    ax.set_xscale("log")
    ticks = [0.25, 0.5, 1, 2, 4, 8]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set(
        yticks=range(len(names)),
        yticklabels=[WORDS[name] for name in names],
        ylim=(len(names) - 0.4, -0.6),
        xlabel="Hazard ratio (95% interval, clustered by state)",
    )
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.35, -0.16), ncols=2)
    return ax


def draw_calibration(ax: Axes, table: pd.DataFrame, title: str) -> Axes:
    """Shares that signed against shares expected, in per cent, on log axes.

    table : groups with rows, expected, observed, lower, upper (counts). A group in
    which nobody signed is a triangle at the lower edge, with its upper limit.
    """
    rate = table[["expected", "observed", "lower", "upper"]].div(table["rows"], axis=0)
    rate = 100 * rate
    seen = rate[rate["observed"] > 0]
    edge = 0.5 * min(rate["expected"].min(), seen["lower"].min())
    top = 2 * max(rate["upper"].max(), rate["expected"].max())
    reach = [seen["observed"] - seen["lower"], seen["upper"] - seen["observed"]]
    style: dict[str, Any] = {"ms": 4, "lw": 1, "color": COLOURS_OF["fitted"]}
    ax.plot([edge, top], [edge, top], color=COLOURS_OF["other"], lw=0.8)
    ax.errorbar(seen["expected"], seen["observed"], yerr=reach, fmt="o", **style)
    none = rate[rate["observed"] == 0]
    ax.vlines(none["expected"], edge, none["upper"], lw=1, color=style["color"])
    ax.plot(none["expected"], np.full(len(none), edge), "v", clip_on=False, **style)
    ax.set(xscale="log", yscale="log", xlim=(edge, top), ylim=(edge, top), title=title)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    return ax

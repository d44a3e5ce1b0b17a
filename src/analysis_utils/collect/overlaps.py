"""Where two publications count the same months: data/encounter_overlaps.csv.

Nothing is reconciled. Both numbers stand, cell by cell where the two have cells in
common, and summed by month or fiscal year.
"""

from pathlib import Path

import pandas as pd

from analysis_utils.collect import cbp, ice_counts
from analysis_utils.collect.counts import PARTIAL

COLUMNS = [
    "comparison", "period", "date", "value_a", "value_b", "difference",
    "percent", "cells", "cells_differing",
]  # fmt: skip
# comparison: (series, level) of a, (series, level) of b, cells below the sum
MONTHLY = {
    "Border Patrol, CBP and OHSS": (
        ("usbp_encounters", "nation"), ("ohss_usbp_encounters", "nation")
    ),
    "Border Patrol by sector, CBP and OHSS": (
        ("usbp_encounters", "sector"), ("ohss_usbp_encounters", "sector")
    ),
    "Border Patrol southwest, CBP and OHSS": (
        ("usbp_encounters_southwest", "nation"),
        ("ohss_usbp_encounters_southwest", "nation"),
    ),
    "ICE arrests, ICE records and DDP": (
        ("ice_arrests", "nation"), ("ice_arrests_ddp", "nation")
    ),
    "ICE arrests, DDP by week and DDP joined to detentions": (
        ("ice_arrests_ddp", "nation"), ("ice_arrests_ddp_joined", "nation")
    ),
    "ICE encounters, ICE records and DDP": (
        ("ice_encounters", "nation"), ("ice_encounters_ddp", "nation")
    ),
    "ICE arrests by state, DDP by two counters": (
        ("ice_arrests_ddp", "state"), ("ice_arrests_ddp_seattle", "state")
    ),
}  # fmt: skip
YEARLY = {
    "ICE arrests by fiscal year, published and records": "ice_arrests",
    "ICE arrests by fiscal year, published and DDP": "ice_arrests_ddp",
    "ICE arrests by fiscal year, published and DDP joined": "ice_arrests_ddp_joined",
}


def encounter_overlaps(
    raw: Path, encounters: pd.DataFrame, figures: pd.DataFrame, hand: Path
) -> pd.DataFrame:
    """Every overlap of two sources: value_a, value_b, difference b - a, percent of a.

    `cells` counts the cells that both have (states, sectors), `cells_differing` those
    with two values. `figures` is data/published_figures.csv, `hand` holds the counts
    that are transcribed.
    """
    whole = encounters[encounters.flag != PARTIAL]
    files = raw / "encounters"
    parts = [*_state_files(files), _cross_reference(files), _transcription(files)]
    parts += [_southwest(whole), _to_date(encounters, hand), *_book_ins(files, whole)]
    for name, (a, b) in MONTHLY.items():
        parts.append(compare(name, _pick(whole, *a), _pick(whole, *b)))
    for name, series in YEARLY.items():
        parts.append(_fiscal_years(name, figures, _pick(whole, series, "nation")))
    return pd.concat(parts, ignore_index=True)[COLUMNS]


def compare(
    name: str, a: pd.Series, b: pd.Series, period: str = "month"
) -> pd.DataFrame:
    """Rows of one comparison; `a` and `b` are indexed by date and geography."""
    both = pd.concat({"a": a, "b": b}, axis=1, join="inner").astype(int)
    both["differs"] = both.a != both.b
    by_date = both.groupby("date").agg(
        value_a=("a", "sum"), value_b=("b", "sum"), cells=("a", "size"),
        cells_differing=("differs", "sum"),
    )  # fmt: skip
    by_date["difference"] = by_date.value_b - by_date.value_a
    percent = 100 * by_date.difference / by_date.value_a.where(by_date.value_a != 0)
    by_date["percent"] = percent.astype(float).round(3)
    return by_date.reset_index().assign(comparison=name, period=period)


def _pick(table: pd.DataFrame, series: str, level: str) -> pd.Series:
    rows = table[(table.series == series) & (table.level == level)]
    return rows.set_index(["date", "geography"]).value


def _state_files(files: Path) -> list[pd.DataFrame]:
    """Each pair of CBP's state files, by month and state."""
    cells = {
        source: cbp.state_cells(files, source)
        .groupby(["date", "state"])
        .encounters.sum()
        for source in cbp.STATE_FILES
    }
    names = list(cells)
    return [
        compare(f"CBP by state, {a} and {b}", *_padded(cells[a], cells[b]))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]


def _padded(a: pd.Series, b: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Both on the months that they share; a state that one does not print is zero."""
    months = set(a.index.get_level_values("date")) & set(
        b.index.get_level_values("date")
    )
    keys = a.index.union(b.index)
    keys = keys[keys.get_level_values("date").isin(months)]
    return a.reindex(keys, fill_value=0), b.reindex(keys, fill_value=0)


def _cross_reference(files: Path) -> pd.DataFrame:
    """Border Patrol: records released under FOIA and CBP's published count."""
    both = cbp.cross_reference(files).dropna().astype(int).assign(geography="US")
    both = both.set_index("geography", append=True)
    return compare("Border Patrol, published and FOIA records", both.cbp, both.foia)


def _transcription(files: Path) -> pd.DataFrame:
    """Border Patrol in FY2020: transcribed from a document, and CBP's later file."""
    early = cbp.sectors(files).monthly_total.to_frame("v").assign(geography="US")
    later = cbp.cross_reference(files).cbp.to_frame("v").assign(geography="US")
    series = [t.set_index("geography", append=True).v for t in (early, later)]
    return compare("Border Patrol, transcribed and later file", *series)


def _southwest(table: pd.DataFrame) -> pd.DataFrame:
    """Southwest land border: the state files, and the sum of the two components."""
    parts = ("usbp_encounters_southwest", "ofo_encounters_southwest")
    patrol, field = (_pick(table, name, "nation") for name in parts)
    total = _pick(table, "cbp_encounters_southwest", "nation")
    return compare(
        "CBP southwest, total and components", total, (patrol + field).dropna()
    )


def _to_date(table: pd.DataFrame, hand: Path) -> pd.DataFrame:
    """CBP nationwide: the state files, and differences of totals to date."""
    later = ice_counts.monthly_counts(hand)
    later = _pick(later, "cbp_encounters", "nation")
    files = table[table.source.isin(cbp.STATE_FILES)]
    files = _pick(files, "cbp_encounters", "nation")
    return compare("CBP nationwide, files and totals to date", files, later)


def _book_ins(files: Path, whole: pd.DataFrame) -> list[pd.DataFrame]:
    """Book-ins of the same months in an earlier and the last workbook of a year."""
    earlier = ice_counts.book_ins(files, ice_counts.EARLIER)
    earlier = earlier[earlier.flag != PARTIAL]
    return [
        compare(
            f"Book-ins by {agency}, earlier and last workbook of the year",
            _pick(earlier, series, "nation"),
            _pick(whole, series, "nation"),
        )
        for agency, series in ice_counts.AGENCIES.items()
    ]


def _fiscal_years(name: str, figures: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """ICE's arrests of a fiscal year as published, and twelve months of a series."""
    months = pd.PeriodIndex(counts.index.get_level_values("date"), freq="M")
    year = months.asfreq("Y-SEP").year  # the year in which September falls
    grouped = counts.groupby(year)
    sums = grouped.sum()[grouped.size() == 12]
    sums.index = pd.MultiIndex.from_tuples(
        [(f"{y - 1}-10-01", "US") for y in sums.index], names=["date", "geography"]
    )
    printed = figures[(figures.figure == "ice_arrests") & (figures.geography == "US")]
    printed = printed.rename(columns={"start": "date"})
    printed = printed.set_index(["date", "geography"]).value.astype(int)
    return compare(name, printed, sums, period="fiscal year")

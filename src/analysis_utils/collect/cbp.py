"""U.S. Customs and Border Protection: encounters by state, Border Patrol by sector."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis_utils.asking import Refused
from analysis_utils.collect.counts import (
    COMPLETE,
    DERIVED,
    MONTHS,
    ZERO,
    fiscal_month,
    read_csv,
    rows,
)

# Each month is taken from the latest publication that covers it: the last in the list.
STATE_FILES = {
    "cbp-state-fy20-fy23": "cbp/cbp-nationwide-encounters-fy20-fy23-state.csv",
    "cbp-state-fy22-fy25": "cbp/nationwide-encounters-fy22-fy25-state.csv",
    "cbp-state-fy23-fy26": "cbp/nationwide-encounters-fy23-fy26-nov-state.csv",
}
SOUTHWEST = "cbp-southwest-fy22-fy25"
SOUTHWEST_FILE = "ohss/sbo-encounters-fy22-fy25-aug.csv"
SECTORS = "cbp-usbp-fy00-fy20"
SECTORS_FILE = "usbp/usbp_monthly_encounters_fy2000-fy2020.csv.gz"
CROSS = "ddp-cbp-cross-reference"
CROSS_FILE = "ddp/encounters_monthly_cross_reference.csv"

REGIONS = {
    "cbp_encounters_southwest": "Southwest Land Border",
    "cbp_encounters_northern": "Northern Land Border",
    "cbp_encounters_other": "Other",
}
TITLES = {"cbp_encounters_title8": "Title 8", "cbp_encounters_title42": "Title 42"}
COMPONENTS = {
    "usbp_encounters_southwest": "U.S. Border Patrol",
    "ofo_encounters_southwest": "Office of Field Operations",
}
BORDERS = ["coastal_border", "northern_border", "southwest_border", "monthly_total"]


def state_cells(raw: Path, source: str) -> pd.DataFrame:
    """Encounters of one state file: date, state, region, title, encounters."""
    columns = {
        "Fiscal Year": "year", "Month (abbv)": "month", "State": "state",
        "Land Border Region": "region", "Title of Authority": "title",
        "Encounter Count": "encounters",
    }  # fmt: skip
    # An empty or "NA" cell must stay visible: groupby would drop a missing one.
    path = raw / STATE_FILES[source]
    frame = read_csv(path, list(columns), keep_default_na=False).rename(columns=columns)
    year = frame.year.astype(str).str.slice(0, 4)  # the last one reads "2026 (FYTD)"
    frame["date"] = fiscal_month(year, frame.month.map(MONTHS))
    keys = ["date", "state", "region", "title"]
    return frame.groupby(keys, as_index=False).encounters.sum()


def latest_cells(raw: Path) -> pd.DataFrame:
    """State cells, each month from the latest file that covers it, with `source`."""
    newest: dict[str, pd.DataFrame] = {}
    for source in STATE_FILES:
        for date, cells in state_cells(raw, source).groupby("date"):
            newest[str(date)] = cells.assign(source=source)
    return pd.concat([newest[date] for date in sorted(newest)], ignore_index=True)


def encounters(raw: Path) -> pd.DataFrame:
    """CBP encounters since October 2019: nation, borders, titles and states."""
    cells = latest_cells(raw)
    source = cells.groupby("date").source.first()
    total = cells.groupby("date").encounters.sum()
    parts = [rows(total, series="cbp_encounters", source=source.to_numpy())]
    for column, names in (("region", REGIONS), ("title", TITLES)):
        table = _by_class(cells, column, names)
        parts += [
            rows(table[name], series=name, source=source.to_numpy()) for name in names
        ]
    return pd.concat([*parts, _by_state(cells, source)], ignore_index=True)


def extended(table: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """CBP's files, and after their last month the nation from totals to date.

    `later` holds differences of cumulated totals (data/hand/monthly_counts.csv); its
    months that the files cover serve only for comparison (encounter_overlaps.csv).
    """
    last = table[table.level == "nation"].date.max()
    more = later[(later.series == "cbp_encounters") & (later.date > last)]
    return pd.concat([table, more], ignore_index=True)


def _by_class(cells: pd.DataFrame, column: str, names: dict[str, str]) -> pd.DataFrame:
    """Sums by date, one column a series; Refused for a class that has no series."""
    unknown = set(cells[column]) - set(names.values())
    if unknown:
        raise Refused(f"CBP state files: {column} {sorted(unknown)} has no series")
    sums = cells.groupby(["date", column]).encounters.sum().unstack(fill_value=0)
    table = sums.reindex(columns=list(names.values()), fill_value=0)
    return table.set_axis(list(names), axis=1)


def _by_state(cells: pd.DataFrame, source: pd.Series) -> pd.DataFrame:
    """Every month for every state that the files ever name; no row printed is zero."""
    sums = cells.groupby(["date", "state"]).encounters.sum()
    grid = sums.unstack(fill_value=0).stack()
    flag = np.where(grid.index.isin(sums.index), COMPLETE, ZERO)
    frame = rows(grid, series="cbp_encounters", source="", level="state", flag=flag)
    return frame.assign(source=frame.date.map(source))


def southwest(raw: Path) -> pd.DataFrame:
    """Southwest land border by component, October 2021 to August 2025."""
    columns = ["Fiscal Year", "Month (abbv)", "Component", "Encounter Count"]
    frame = read_csv(raw / SOUTHWEST_FILE, columns)
    year = frame["Fiscal Year"].astype(str).str.slice(0, 4)
    frame["date"] = fiscal_month(year, frame["Month (abbv)"].map(MONTHS))
    sums = frame.groupby(["Component", "date"])["Encounter Count"].sum()
    return pd.concat(
        [
            rows(sums[printed], series=series, source=SOUTHWEST)
            for series, printed in COMPONENTS.items()
        ],
        ignore_index=True,
    )


def sectors(raw: Path) -> pd.DataFrame:
    """Border Patrol by sector, border and nation, FY2000 to FY2020, wide by date."""
    when = ["month", "fy", "cy"]
    frame = read_csv(raw / SECTORS_FILE, [*when, *BORDERS], sep="|")
    frame.index = pd.Index(fiscal_month(frame.fy, frame.month), name="date")
    return frame.drop(columns=when).sort_index()


def cross_reference(raw: Path) -> pd.DataFrame:
    """Border Patrol nationwide since October 2019: `cbp` published, `foia` records."""
    columns = {
        "month_start": "date",
        "encounters_final_count": "foia",
        "cbp_usb_encounter_count": "cbp",
    }
    frame = read_csv(raw / CROSS_FILE, list(columns)).rename(columns=columns)
    return frame.set_index("date")[["foia", "cbp"]].sort_index()


def border_patrol(raw: Path) -> pd.DataFrame:
    """Border Patrol encounters since October 1999: nation, southwest, sectors."""
    wide, later = sectors(raw), cross_reference(raw).cbp
    early = wide.monthly_total[wide.index < later.index[0]]
    by_sector = wide.drop(columns=BORDERS).rename(columns=sector_name).stack()
    return pd.concat(
        [
            rows(early, series="usbp_encounters", source=SECTORS),
            rows(later, series="usbp_encounters", source=CROSS),
            rows(
                wide.southwest_border, series="usbp_encounters_southwest",
                source=SECTORS,
            ),
            rows(by_sector, series="usbp_encounters", source=SECTORS, level="sector"),
        ],
        ignore_index=True,
    )  # fmt: skip


def sector_name(column: str) -> str:
    """`del_rio` as Del Rio."""
    return column.replace("_", " ").title()


def field_operations(national: pd.DataFrame, patrol: pd.DataFrame) -> pd.DataFrame:
    """Office of Field Operations nationwide: all encounters less Border Patrol's."""
    total = national[
        (national.series == "cbp_encounters") & (national.level == "nation")
    ]
    part = patrol[(patrol.series == "usbp_encounters") & (patrol.level == "nation")]
    difference = total.set_index("date").value - part.set_index("date").value
    return rows(
        difference.dropna().astype(int), series="ofo_encounters", flag=DERIVED,
        source=CROSS,
    )  # fmt: skip

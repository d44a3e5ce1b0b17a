"""U.S. Immigration and Customs Enforcement: book-ins, and counts of released records.

Person-level releases are never read here: their monthly counts are the hand tables
data/hand/ice_foia_2019.csv, ice_removals_dashboard.csv, state_counts.csv,
weekly_counts.csv and monthly_counts.csv.
"""

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from python_calamine import CalamineWorkbook

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect.counts import (
    COLUMNS,
    COMPLETE,
    ESTIMATED,
    MONTHS,
    PARTIAL,
    SUPPRESSED,
    fiscal_month,
    published,
    rows,
)

# Fiscal year and name of each workbook of detention statistics, by source
WORKBOOKS = {
    "ice-detention-fy19": (2019, "FY19-detentionstats.xlsx"),
    "ice-detention-fy20": (2020, "FY20-detentionstats.xlsx"),
    "ice-detention-fy21": (2021, "FY21-detentionstats.xlsx"),
    "ice-detention-fy22": (2022, "FY22-detentionStats.xlsx"),
    "ice-detention-fy23": (2023, "FY23_detentionStats.xlsx"),
    "ice-detention-fy24": (2024, "FY24_detentionStats.xlsx"),
    "ice-detention-fy25": (2025, "FY25_detentionStats09252025.xlsx"),
    "ice-detention-fy26-april": (2026, "FY26_detentionStats_04092026.xlsx"),
}
# Published earlier in a year, and compared with what the year's last workbook says
EARLIER = {"ice-detention-fy26": (2026, "FY26_detentionStats12222025.xlsx")}
BOOK_INS = "Initial Book-Ins by Arresting Agency"
THROUGH = re.compile(r"Detention data .*?through\s+(\d{1,2}/\d{1,2}/\d{4})")
AGENCIES = {"ICE": "ice_bookins_ice_arrest", "CBP": "ice_bookins_cbp_arrest"}

FOIA = "ice-foia-2019-53623"
DASHBOARD = "ice-dashboard-fy21-fy25"
# Series of data/hand/weekly_counts.csv: source, first month, days that records cover.
# Detainers before October 2015 are counted twice by their source and left out.
WEEKLY = {
    "ice_arrests_ddp": (
        "ddp-arrests-2026-03", "2011-10-01", [("2011-10-01", "2025-10-15")]
    ),
    "ice_detainers_ddp": (
        "ddp-detainers-2026-03", "2015-10-01", [("2015-09-27", "2025-10-15")]
    ),
    "ice_encounters_ddp": (
        "ddp-encounters-2026-02", "2011-10-01",
        [("2011-10-01", "2023-01-29"), ("2023-09-01", "2025-07-28")],
    ),
}  # fmt: skip


def book_ins(raw: Path, workbooks: dict = WORKBOOKS) -> pd.DataFrame:
    """Initial book-ins into ICE detention by arresting agency, FY2019 to FY2026.

    `workbooks`: fiscal year and file name by source; `EARLIER` for the comparison.
    """
    return pd.concat(
        [
            _book_ins_of_year(raw / "ice_detention_statistics" / name, year, source)
            for source, (year, name) in workbooks.items()
        ],
        ignore_index=True,
    )


def _book_ins_of_year(path: Path, year: int, source: str) -> pd.DataFrame:
    workbook = CalamineWorkbook.from_path(published(path))
    table = _book_in_table(workbook, path)
    months = pd.Series([MONTHS[name.upper()] for name in table.columns])
    table.columns = pd.Index(fiscal_month(pd.Series(year, months.index), months))
    through = data_through(workbook, path)
    parts = []
    for agency, series in AGENCIES.items():
        counts = table.loc[agency][table.loc[agency] != ""].astype(int)
        ends = pd.PeriodIndex(counts.index, freq="M").end_time
        flag = np.where(ends.normalize() > pd.Timestamp(through), PARTIAL, COMPLETE)
        parts.append(rows(counts, series=series, source=source, flag=flag))
    return pd.concat(parts, ignore_index=True)


def _book_in_table(workbook: CalamineWorkbook, path: Path) -> pd.DataFrame:
    """The printed table: agencies by months, October first; Total checked, dropped."""
    name = next(n for n in workbook.sheet_names if n.startswith("Detention"))
    cells = workbook.get_sheet_by_name(name).to_python()
    found = [
        (i, j) for i, line in enumerate(cells)
        for j, cell in enumerate(line) if BOOK_INS in str(cell)
    ]  # fmt: skip
    if len(found) != 1:
        raise Refused(f"{path}: sheet {name!r} has {len(found)} tables {BOOK_INS!r}")
    row, left = found[0]
    head = [str(cell).strip() for cell in cells[row + 1][left : left + 14]]
    body = [cells[row + k][left : left + 14] for k in (2, 3, 4)]
    table = pd.DataFrame(body, columns=head)
    table.index = pd.Index(table.pop("Agency").str.strip())
    number = table.replace("", 0).astype(int)
    months = number.drop(columns="Total")
    adds = months.loc["ICE"] + months.loc["CBP"]
    if (
        not (adds == months.loc["Total"]).all()
        or months.sum(axis=1).ne(number.Total).any()
    ):
        raise Refused(f"{path}: book-ins of sheet {name!r} do not add up to Total")
    return table.drop(columns="Total")


def data_through(workbook: CalamineWorkbook, path: Path) -> str:
    """Last day that the detention data cover (ISO text), from the footnotes."""
    for line in workbook.get_sheet_by_name("Footnotes").to_python():
        for cell in line:
            match = THROUGH.search(cell) if isinstance(cell, str) else None
            if match:
                day = datetime.strptime(match[1], "%m/%d/%Y").date()
                return day.isoformat()
    raise Refused(f"{path}: the footnotes do not say through which day the data go")


def foia_counts(hand: Path) -> pd.DataFrame:
    """Arrests, encounters, removals, October 2015 to August 2019, nation and area."""
    table = csv_text.typed(hand / "ice_foia_2019.csv").set_index(["date", "area"])
    parts = []
    for column in table:
        counts = table[column].dropna().astype(int)
        nation = counts.index.get_level_values("area") == "US"
        name = f"ice_{column}"
        whole, areas = counts[nation].droplevel("area"), counts[~nation]
        parts.append(rows(whole, series=name, source=FOIA))
        if len(areas):
            parts.append(rows(areas, series=name, source=FOIA, level="area"))
    return pd.concat(parts, ignore_index=True)


def dashboard_removals(hand: Path) -> pd.DataFrame:
    """Removals by area, October 2020 to December 2024; cells under ten withheld."""
    table = csv_text.typed(hand / "ice_removals_dashboard.csv")
    counts = table.set_index(["date", "area"]).removals
    return rows(
        counts, series="ice_removals_dashboard", source=DASHBOARD, level="area",
        flag=SUPPRESSED,
    )  # fmt: skip


def state_counts(hand: Path) -> pd.DataFrame:
    """Arrests and detainers of single states, counted by others from records."""
    table = csv_text.typed(hand / "state_counts.csv")
    return table.rename(columns={"state": "geography"}).assign(level="state")


def monthly_counts(hand: Path) -> pd.DataFrame:
    """Monthly counts published by others, as transcribed, in the columns of counts."""
    return csv_text.typed(hand / "monthly_counts.csv")[COLUMNS]


def weekly_counts(hand: Path) -> pd.DataFrame:
    """Arrests, detainers and encounters by month, spread from weekly counts."""
    table = csv_text.typed(hand / "weekly_counts.csv", parse_dates=["week_start"])
    parts = []
    for series, weeks in table.groupby("series"):
        source, first, covered = WEEKLY[str(series)]
        month = monthly_from_weeks(weeks.set_index("week_start")["count"], covered)
        month = month[month.index >= first]
        flag = np.where(month.whole, ESTIMATED, PARTIAL)
        parts.append(rows(month.value, series=str(series), source=source, flag=flag))
    return pd.concat(parts, ignore_index=True)


def monthly_from_weeks(
    weeks: pd.Series, covered: list[tuple[str, str]]
) -> pd.DataFrame:
    """Weekly counts spread evenly over the covered days of the week, by month.

    `weeks` is indexed by the week's first day. Returns `value` (rounded) and `whole`
    (every day of the month is covered), by ISO date; months not covered are absent.
    """
    days = pd.DatetimeIndex([]).append([pd.date_range(*span) for span in covered])
    week = weeks.index.to_numpy()[weeks.index.searchsorted(days, side="right") - 1]
    daily = pd.Series(weeks.loc[week].to_numpy(float), index=days)
    daily /= pd.Series(week).map(pd.Series(week).value_counts()).to_numpy()
    by_month = daily.groupby(days.to_period("M"))
    whole = by_month.size() == by_month.size().index.days_in_month
    month = pd.DataFrame({"value": by_month.sum().round().astype(int), "whole": whole})
    return month.set_axis(month.index.strftime("%Y-%m-01")).rename_axis("date")

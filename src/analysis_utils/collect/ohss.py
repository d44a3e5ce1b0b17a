"""DHS Office of Homeland Security Statistics: Border Patrol, rounded to ten."""

from pathlib import Path

import pandas as pd
from python_calamine import CalamineWorkbook

from analysis_utils.collect.counts import fiscal_month, published, rows

SOURCE = "ohss-khsm-fy25m11"
FILE = "ohss/KHSM Encounters (USBP) fy25m11.xlsx"
REGIONS = {
    "ohss_usbp_encounters_southwest": "Southwest Land Border",
    "ohss_usbp_encounters_northern": "Northern Land Border",
    "ohss_usbp_encounters_coastal": "Coastal Border",
}


def sheet(workbook: CalamineWorkbook, name: str) -> pd.DataFrame:
    """One sheet: date, the sheet's own keys, and value; totals and notes left out."""
    head, *body = workbook.get_sheet_by_name(name).to_python()
    frame = pd.DataFrame(body, columns=[str(cell).replace("\n", " ") for cell in head])
    frame = frame[pd.to_numeric(frame["Fiscal Year"], errors="coerce").notna()]
    # "01 October" counts the months of the fiscal year
    number = frame["Month"].str.slice(0, 2).astype(int)
    month = (number + 8) % 12 + 1
    frame["date"] = fiscal_month(frame["Fiscal Year"], month)
    frame["value"] = frame["Quantity"].astype(int)
    return frame.drop(columns=["Fiscal Year", "Month", "Quantity"])


def border_patrol(raw: Path) -> pd.DataFrame:
    """Border Patrol encounters October 1999 to November 2024, nation to sector."""
    workbook = CalamineWorkbook.from_path(published(raw / FILE))
    total = sheet(workbook, "Monthly Count").set_index("date").value
    region = sheet(workbook, "Monthly Region").set_index(["Region", "date"]).value
    sector = sheet(workbook, "Monthly Sector")
    sector["Sector"] = sector.Sector.str.replace(r", [A-Z]{2}$", "", regex=True)
    parts = [rows(total, series="ohss_usbp_encounters", source=SOURCE)]
    parts += [
        rows(region[printed], series=series, source=SOURCE)
        for series, printed in REGIONS.items()
    ]
    by_sector = sector.set_index(["date", "Sector"]).value.sort_index()
    parts.append(
        rows(by_sector, series="ohss_usbp_encounters", source=SOURCE, level="sector")
    )
    return pd.concat(parts, ignore_index=True)

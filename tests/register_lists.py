"""Small made lists, and a data folder to compile them in, for the register's tests."""

import datetime
from pathlib import Path

import openpyxl
import pandas as pd

from analysis_utils import csv_text
from analysis_utils.collect import compile as compiling
from analysis_utils.collect import editions, hand
from analysis_utils.collect import lists as known
from analysis_utils.run_context import ROOT

HEADINGS = [
    "STATE",
    "LAW ENFORCEMENT AGENCY",
    "TYPE",
    "COUNTY",
    "SUPPORT TYPE",
    "SIGNED",
    "MOA",
    "ADDENDUM",
]
DOCUMENTS = "https://www.ice.gov/doclib/287gMOA/"
TFM, WSO, JEM = "Task Force Model", "Warrant Service Officer", "Jail Enforcement Model"


def day(text: str) -> datetime.datetime:
    """A date cell."""
    return datetime.datetime.fromisoformat(text)


def row(
    agency: str,
    model: str = TFM,
    signed: object = "2025-03-01",
    state: str = "TEXAS",
    kind: str = "County",
    county: str = "",
) -> list:
    """One printed row."""
    cell = day(signed) if isinstance(signed, str) and signed[:2] == "20" else signed
    return [state, agency, kind, county, model, cell, "link", ""]


def write_list(path: Path, rows: list[list], headings: list[str] = HEADINGS) -> Path:
    """A workbook with one sheet that holds the rows below their headings.

    The address of a document becomes what ICE prints: the word "link" that leads there.
    """
    book = openpyxl.Workbook()
    for cells in [headings, *rows]:
        book.active.append(cells)
    for cell in (cell for cells in book.active.iter_rows() for cell in cells):
        if str(cell.value).startswith(DOCUMENTS):
            cell.value, cell.hyperlink = "link", cell.value
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def data_folder(place: Path) -> Path:
    """A data folder with states, counties, headings and models, and no decisions."""
    data = place / "data"
    (data / "hand").mkdir(parents=True)
    for name in ("states", "counties"):
        (data / f"{name}.csv").write_bytes((ROOT / f"data/{name}.csv").read_bytes())
    for name in hand.KEYS:
        source = csv_text.read(ROOT / f"data/hand/{name}.csv")
        kept = source if name in ("headings", "models") else source[:0]
        kept.to_csv(data / f"hand/{name}.csv", index=False)
    return data


def write_hand(data: Path, name: str, rows: list[tuple]) -> None:
    """Replace the rows of a hand table."""
    path = data / "hand" / f"{name}.csv"
    columns = pd.read_csv(path, nrows=0).columns
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def compiled(
    lists: dict[str, list[list]], place: Path, data: Path | None = None
) -> dict[str, pd.DataFrame]:
    """The register's tables from made lists: date in the name -> rows."""
    raw = place / "raw"
    for stamp, rows in lists.items():
        write_list(raw / "ice_lists" / f"participatingAgencies{stamp}.xlsx", rows)
    data = data or data_folder(place)
    published = editions.read_captures(raw, data)
    decisions = hand.read(data / "hand")
    return made(known.from_workbooks(published, raw, data, decisions), data)


def again(data: Path) -> dict[str, pd.DataFrame]:
    """The register's tables from those in a data folder."""
    return made(known.from_data(data, hand.read(data / "hand")), data)


def made(lists: known.Lists, data: Path) -> dict[str, pd.DataFrame]:
    """The register's tables from lists."""
    decisions, table = hand.read(data / "hand"), lists.in_order()
    rows = compiling.identified(lists.woven(table), data, decisions)
    return compiling.tables_of_lists(table, rows, data, decisions)

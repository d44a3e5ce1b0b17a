"""Lists taken in by `make update`: data/taken_in.csv, and the workbooks in data/lists.

A list whose table is known already (a later sighting of it) is a row without a
workbook of its own. The rows stand in the order in which the lists were taken in.
"""

from pathlib import Path

import pandas as pd

from analysis_utils import csv_text

TABLE = "taken_in"
FOLDER = "lists"
COLUMNS = ["file", "workbook", "edition", "source", "sha256"]


def read(data: Path) -> pd.DataFrame:
    """The lists taken in, in that order; none where there is no such table."""
    path = data / f"{TABLE}.csv"
    if path.exists():
        return csv_text.read(path, COLUMNS)
    return pd.DataFrame(columns=COLUMNS, dtype="str")


def with_list(taken: pd.DataFrame, row: dict[str, str]) -> pd.DataFrame:
    """The lists taken in with one more."""
    return pd.concat([taken, pd.DataFrame([row])[COLUMNS]], ignore_index=True)

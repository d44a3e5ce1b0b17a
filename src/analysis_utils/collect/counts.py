"""Rows of published counts: how raw files are read and what a row looks like.

A row is one count: `date` (first of the month, ISO text), `series`, `level` (nation,
state, area, sector), `geography`, `value`, `flag` and `source` (an id of
data/sources.csv).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis_utils.asking import Refused

COLUMNS = ["date", "series", "level", "geography", "value", "flag", "source"]

COMPLETE = "complete"  # the whole month, as published
PARTIAL = "partial"  # the data begin or end inside the month
ZERO = "zero_filled"  # the publisher prints no row: taken as zero
ESTIMATED = "estimated"  # weekly counts spread over days, then summed by month
SUPPRESSED = "suppressed"  # small cells withheld: the sum is too low
DERIVED = "derived"  # the difference of two published series
FLAGS = (COMPLETE, PARTIAL, ZERO, ESTIMATED, SUPPRESSED, DERIVED)

MONTHS = {
    name: number
    for number, name in enumerate(
        "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), start=1
    )
}


def published(path: Path) -> Path:
    """`path`, if the published file is there; FileNotFoundError says how to get it."""
    if not path.exists():
        raise Refused(
            f"{path}: this published file is missing; `make raw` fetches it, "
            "RAW_DIR names another folder"
        )
    return path


def read_csv(path: Path, columns: list[str], **options) -> pd.DataFrame:
    """A published CSV with at least `columns`; ValueError names what is missing."""
    frame = pd.read_csv(published(path), **options)
    missing = [name for name in columns if name not in frame]
    if missing:
        raise Refused(
            f"{path}: no column {', '.join(missing)}; this is not the expected file "
            f"(it has {', '.join(map(str, frame.columns[:8]))})"
        )
    return frame


def fiscal_month(fiscal_year: pd.Series, month: pd.Series) -> pd.Series:
    """First day (ISO text) of a month (1-12) of a fiscal year, October to September.

    Raises Refused for a month that is missing or no month.
    """
    odd = month.index[~month.isin(range(1, 13))]
    if len(odd):
        raise Refused(f"row {odd[0] + 1}: the month has no known name or number")
    month = month.astype(int)
    year = fiscal_year.astype(int) - (month >= 10)
    return year.astype(str) + "-" + month.astype(str).str.zfill(2) + "-01"


def rows(
    values: pd.Series,
    *,
    series: str,
    source: str | pd.Series,
    level: str = "nation",
    flag: str | np.ndarray | pd.Series = COMPLETE,
) -> pd.DataFrame:
    """Rows of one series from values indexed by date, or by date and geography."""
    frame = values.rename("value").reset_index()
    if frame.shape[1] == 2:
        frame.insert(1, "geography", "US")
    frame.columns = ["date", "geography", "value"]
    return frame.assign(series=series, level=level, flag=flag, source=source)[COLUMNS]

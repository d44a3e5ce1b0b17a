"""What each series of data/encounters.csv is: data/encounter_series.csv."""

from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect.counts import PARTIAL

COLUMNS = [
    "series", "level", "title", "meaning", "unit", "publisher", "counts",
    "known_faults", "first", "last", "months", "months_missing", "first_flag",
    "last_flag", "sources",
]  # fmt: skip


def encounter_series(encounters: pd.DataFrame, hand: Path) -> pd.DataFrame:
    """One row for each series and level: what it counts, its faults, its coverage.

    The words come from data/hand/series.csv, the coverage from the counts; ValueError
    if either names a series that the other lacks.
    """
    words = csv_text.typed(hand / "series.csv")
    odd = set(words.series) ^ set(encounters.series)
    if odd:
        raise Refused(
            f"{hand / 'series.csv'} and the compiled counts differ in {sorted(odd)}"
        )
    groups = encounters.groupby(["series", "level"], sort=True)
    coverage = pd.DataFrame([_coverage(group) for _, group in groups])
    return coverage.merge(words, on="series", validate="m:1")[COLUMNS]


def _coverage(group: pd.DataFrame) -> dict[str, object]:
    """Coverage of one series at one level; a month counts once for all geographies."""
    months = group.date.sort_values().unique()
    first, last = months[0], months[-1]
    span = len(pd.period_range(first, last, freq="M"))
    return {
        "series": group.series.iloc[0],
        "level": group.level.iloc[0],
        "first": first,
        "last": last,
        "months": len(months),
        "months_missing": span - len(months),
        "first_flag": _flag_of_month(group.flag[group.date == first]),
        "last_flag": _flag_of_month(group.flag[group.date == last]),
        "sources": " ".join(sorted(group.source.unique())),
    }


def _flag_of_month(flags: pd.Series) -> str:
    """One flag for all geographies: one partial cell makes the month partial."""
    return PARTIAL if (flags == PARTIAL).any() else flags.mode()[0]

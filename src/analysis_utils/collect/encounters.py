"""Every monthly count in one tidy table: data/encounters.csv, and its companions."""

from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import cbp, ice_counts, ohss
from analysis_utils.collect.bounds import encounter_bounds
from analysis_utils.collect.counts import COLUMNS, FLAGS
from analysis_utils.collect.encounter_series import encounter_series
from analysis_utils.collect.overlaps import encounter_overlaps

KEY = ["series", "level", "geography", "date"]


def tables(raw: Path, data: Path) -> dict[str, pd.DataFrame]:
    """The compiled tables by name, from `raw` and the hand tables below `data`."""
    counts = encounters(raw, data / "hand")
    figures = csv_text.typed(data / "published_figures.csv")
    return {
        "encounters": counts,
        "encounter_series": encounter_series(counts, data / "hand"),
        "encounter_overlaps": encounter_overlaps(raw, counts, figures, data / "hand"),
        "encounter_bounds": encounter_bounds(figures, data / "hand"),
    }


def encounters(raw: Path, hand: Path) -> pd.DataFrame:
    """Monthly counts from the files in `raw` (encounters/) and the hand tables.

    One row for each series, level, geography and month; columns of counts.COLUMNS.
    """
    files = raw / "encounters"
    transcribed = ice_counts.monthly_counts(hand)
    national = cbp.extended(cbp.encounters(files), transcribed)
    patrol = cbp.border_patrol(files)
    table = pd.concat(
        [
            national,
            patrol,
            cbp.southwest(files),
            cbp.field_operations(national, patrol),
            ohss.border_patrol(files),
            ice_counts.book_ins(files),
            ice_counts.foia_counts(hand),
            ice_counts.dashboard_removals(hand),
            ice_counts.state_counts(hand),
            ice_counts.weekly_counts(hand),
            transcribed[transcribed.series.str.startswith("ice_")],
        ],
        ignore_index=True,
    )
    return checked(table)[COLUMNS]


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The table in order; Refused for a count given twice, negative or unflagged."""
    twice = table[table.duplicated(KEY)]
    if len(twice):
        raise Refused(f"two counts for {tuple(twice[KEY].iloc[0])}")
    wrong = table[(table.value < 0) | ~table.flag.isin(FLAGS)]
    if len(wrong):
        raise Refused(f"not a count: {wrong.iloc[0].to_dict()}")
    return table.sort_values(KEY, kind="stable", ignore_index=True)

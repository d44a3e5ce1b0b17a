"""What published totals allow to be said where no series exists: encounter_bounds.csv.

A figure as printed ("about 14,000", "more than 4,900") becomes the lowest and highest
count that it allows. data/hand/figure_meanings.csv says what each figure counts.
"""

from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused

COLUMNS = [
    "figure", "meaning", "counted", "geography", "start", "end", "printed", "low",
    "high", "unit", "publisher", "url", "evidence", "note",
]  # fmt: skip


def encounter_bounds(figures: pd.DataFrame, hand: Path) -> pd.DataFrame:
    """Bounds from data/published_figures.csv; a side that is not bounded is missing.

    A figure that bounds nothing ("more than" of what is already a ceiling) is left out.
    `kind` of figure_meanings: count; ceiling, where the figure holds more than what is
    asked (duplicates, other grounds); floor, where it holds only a part of it. Raises
    Refused for a meaning of a figure that does not exist.
    """
    meanings = csv_text.typed(hand / "figure_meanings.csv")
    lost = sorted(set(meanings.figure) - set(figures.figure))
    if lost:
        raise Refused(
            f"{hand / 'figure_meanings.csv'}: no published figure is called "
            f"{', '.join(lost)}; correct the name or take the row out"
        )
    table = figures.merge(meanings, on="figure", validate="m:1")
    ends = [
        bounds(row.value, row.qualifier, row.kind)
        for row in table.itertuples(index=False)
    ]
    table["low"], table["high"] = zip(*ends, strict=True)
    words = table.qualifier.where(table.qualifier != "exact", "")
    table["printed"] = (words + " " + table.value.map("{:,}".format)).str.strip()
    order = ["meaning", "figure", "geography", "start", "end", "printed"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    table[["low", "high"]] = table[["low", "high"]].astype("Int64")
    bounded = table.low.notna() | table.high.notna()
    return table.loc[bounded, COLUMNS].reset_index(drop=True)


def bounds(
    value: int, qualifier: str, kind: str = "count"
) -> tuple[int | None, int | None]:
    """Lowest and highest whole number that a printed figure allows; None: no bound.

    "About" is read as rounding at the last digit that is not zero: about 14,000 is
    13,500 to 14,499.
    """
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    half = 10**zeros // 2 if value else 0
    low, high = {
        "exact": (value, value),
        "about": (value - half, value + max(half - 1, 0)),
        "more than": (value + 1, None),
        "almost": (None, value - 1),
    }[qualifier]
    return (None if kind == "ceiling" else low, None if kind == "floor" else high)

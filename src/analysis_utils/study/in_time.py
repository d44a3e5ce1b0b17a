"""Agreements beside encounters, arrests, detainers and book-ins by month since 2021."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable

# ICE arrests: the release joined to detentions, from October 2022 on; the weekly one
JOINED, WEEKLY = "ice_arrests_ddp_joined", "ice_arrests_ddp"
SPLICED = pd.Timestamp("2022-10-01")
USED = "ice_arrests_used"


def counts(name: str, level: str = "nation", geography: str = "US") -> pd.Series:
    """Whole months of a series, months that are cut filled in; index: month.

    A month that the data cover in part is put on the straight line, in logarithms,
    between its neighbours; at the ends it is left out. Raises NotTestable for a gap.
    """
    table = datasets.encounters(name, level, geography).sort_values("date")
    value = table.set_index(table["date"].dt.to_period("M"))["value"].astype(float)
    cut = (table["flag"] == "partial").to_numpy()
    value = value.where(~cut)
    value = value.loc[value.first_valid_index() : value.last_valid_index()]
    value = value.reindex(pd.period_range(value.index[0], value.index[-1], freq="M"))
    filled = np.expm1(np.log1p(value).interpolate(limit=1))
    if filled.isna().any():
        raise NotTestable(f"{name} lacks {filled.index[filled.isna()][0]} and its next")
    return filled


def levels(
    name: str,
    window: str,
    level: str = "nation",
    geography: str = "US",
    basis: str = "listing",
) -> pd.DataFrame:
    """Agreements in force at the end of the month, and the outcome; index: month."""
    first, last = window.split(" to ")
    outcome = (
        counts(WEEKLY)[: SPLICED.to_period("M") - 1].combine_first(counts(JOINED))
        if name == USED
        else counts(name, level, geography)
    )
    held = _held(geography, basis)
    frame = pd.DataFrame({"agreements": held, "outcome": outcome}).loc[first:last]
    return frame.dropna().astype(float).rename_axis("month")


def _held(geography: str, basis: str) -> pd.Series:
    choice = {} if geography == "US" else {"state": geography}
    held = series.active(basis=basis, **choice)["all"]
    return held.set_axis(held.index.to_period("M"))


def changes(
    name: str,
    window: str,
    level: str = "nation",
    geography: str = "US",
    *,
    basis: str = "listing",
    scale: Callable = np.log1p,
) -> pd.DataFrame:
    """Monthly changes of the logarithms (of one plus the count) of both; index: month.

    Of the two releases of arrests each change is taken within one of them. basis : of
    agreements, as `series.active` counts them. scale : taken instead of the logarithm.
    """
    frame = scale(levels(name, window, level, geography, basis)).diff()
    month = SPLICED.to_period("M")
    if name == USED and month in frame.index:
        frame.loc[month, "outcome"] = scale(counts(WEEKLY)).diff()[month]
    return frame.dropna()

"""Rows of units and periods made into intervals within which nothing changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused, nearest

from ..arguments import frame

__all__ = ["to_intervals"]


def to_intervals(
    rows: pd.DataFrame,
    covariates: Sequence[str],
    *,
    unit: str = "unit",
    period: str = "period",
    event: str = "event",
    keep: Sequence[str] = (),
) -> pd.DataFrame:
    """Join consecutive periods of a unit in which no covariate changes.

    rows : one row for each unit and period at risk, in any order; the row with the
        event is the last of its unit. period : whole numbers.
    keep : further columns (strata, clusters) that must not change within an interval.

    Returns `unit`, entry, exit (first and last period), event, covariates, kept ones.
    A fit on intervals equals the fit on rows exactly; Refused if a unit has two rows
    in a period or a row after its event.

    >>> rows = pd.DataFrame({"unit": [7, 7, 7, 8], "period": [1, 2, 3, 1],
    ...                      "x": [0, 0, 1, 5], "event": [0, 0, 1, 0]})
    >>> to_intervals(rows, ["x"])
       unit  entry  exit  event  x
    0     7      1     2      0  0
    1     7      3     3      1  1
    2     8      1     1      0  5
    """
    for name, value in {"covariates": covariates, "keep": keep}.items():
        name_list(value, name)
    state = [*covariates, *keep]
    need_columns(rows, [unit, period, event, *state])
    if not pd.api.types.is_integer_dtype(rows[period]):
        raise Refused(f"{period}: whole numbers are needed, so that the next is known.")
    rows = rows.sort_values([unit, period], kind="stable").reset_index(drop=True)
    before = rows[[unit, period, event, *state]].shift()
    same = (rows[unit] == before[unit]).to_numpy()
    step = (rows[period] - before[period]).to_numpy()
    if (same & (step == 0)).any():
        row = rows.iloc[int(np.argmax(same & (step == 0)))]
        raise Refused(f"{unit} {row[unit]} has two rows in period {row[period]}.")
    after = same & (before[event] == 1).to_numpy()
    if after.any():
        name = rows[unit].iloc[int(np.argmax(after))]
        raise Refused(f"{unit} {name} has rows after its event: it is no more at risk.")
    steady = same & (step == 1) & (rows[state] == before[state]).all(axis=1).to_numpy()
    group = rows.groupby(np.cumsum(~steady), sort=False)
    first, last = group.first(), group.last()
    made = first[[unit]].assign(
        entry=first[period], exit=last[period], event=last[event]
    )
    return pd.concat([made, first[state]], axis=1).reset_index(drop=True)


def name_list(value: object, what: str) -> None:
    """Refuse anything but a list of different names of columns."""
    if isinstance(value, str) or not isinstance(value, list | tuple | pd.Index):
        raise Refused(f"{what} is a list of columns, such as ['x'], not {value!r}.")
    double = [name for name in value if list(value).count(name) > 1]
    if double:
        raise Refused(f"{what}: {double[0]} stands there twice.")


def need_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table that lacks a column, or has it twice; name the nearest one."""
    if isinstance(table, pd.DataFrame) and not len(table):
        raise NotTestable("The table has no rows: nobody is at risk.")
    frame(table, "table")
    known = [str(name) for name in table.columns]
    for column in columns:
        if not isinstance(column, str) or column not in known:
            raise Refused(f"No column {column!r}{nearest(str(column), known)}")

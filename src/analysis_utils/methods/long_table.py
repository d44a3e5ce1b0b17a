"""A long table, one row a unit and period: checked, and put on its calendar.

Text sorts "1", "10", "11"; ranks close up periods that no unit has. So periods become
places on a calendar, and neighbours are neighbours in time, not in the table.
"""

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

__all__ = ["calendar_places", "check_ids", "check_numbers", "codes"]


def calendar_places(times: pd.Series | pd.Index, what: str = "time") -> np.ndarray:
    """Place of each period on its calendar, as whole numbers; neighbours differ by 1.

    times: whole numbers, pandas periods, or dates (months and years if all are the
    first or the last of a month, else days). The step is the largest that fits all
    distances, so a period absent from every unit leaves a hole. Text is refused.

    >>> calendar_places(pd.Index(["2020-01-01", "2020-02-01", "2020-05-01"])).tolist()
    Traceback (most recent call last):
    ...
    analysis_utils.asking.Refused: time: periods are text, which sorts '1', '10', '2'. \
Give numbers, dates, or periods: pd.PeriodIndex(data['time'], freq='M').
    >>> months = pd.PeriodIndex(["2020-01", "2020-02", "2020-05"], freq="M")
    >>> calendar_places(months).tolist()
    [0, 1, 4]
    """
    ordinals = _ordinals(pd.Index(times), what)
    steps = np.diff(np.unique(ordinals))
    step = int(np.gcd.reduce(steps)) if len(steps) else 1
    return (ordinals - ordinals.min()) // max(step, 1)


def _ordinals(times: pd.Index, what: str) -> np.ndarray:
    """Whole numbers that count in the calendar's own unit."""
    if times.hasnans:
        raise NotTestable(f"{what} is missing in some rows.")
    if not len(times):
        raise NotTestable(f"{what}: there are no periods.")
    if isinstance(times, pd.PeriodIndex):
        return times.asi8
    if isinstance(times, pd.DatetimeIndex):
        return _of_dates(times)
    if pd.api.types.is_bool_dtype(times) or not pd.api.types.is_numeric_dtype(times):
        raise Refused(
            f"{what}: periods are text, which sorts '1', '10', '2'. Give numbers, "
            f"dates, or periods: pd.PeriodIndex(data[{what!r}], freq='M')."
        )
    return _of_numbers(times.to_numpy(dtype="float64"), what)


def _of_dates(times: pd.DatetimeIndex) -> np.ndarray:
    """Months if all dates begin or all end one; else days (or shorter, if they are)."""
    if times.is_month_start.all() or times.is_month_end.all():
        return (12 * times.year + times.month).to_numpy().astype("int64")
    since = times - times.min()
    return since.to_numpy().astype("timedelta64[s]").astype("int64")


def _of_numbers(values: np.ndarray, what: str) -> np.ndarray:
    """Numbers on a grid of some step: 1, 2, 3 or -1.5, -0.5, 0.5."""
    if not np.isfinite(values).all():
        raise NotTestable(f"{what} is missing or infinite in some rows.")
    steps = np.diff(np.unique(values))
    places = (values - values.min()) / (steps.min() if len(steps) else 1.0)
    fine = places if np.allclose(places, places.round(), atol=1e-6) else places * 12
    if not np.allclose(fine, fine.round(), atol=1e-5) or np.abs(fine).max() > 2**53:
        raise NotTestable(
            f"{what}: the periods are not on a regular grid; give whole numbers, "
            "dates or periods."
        )
    return fine.round().astype("int64")


def codes(values: pd.Series) -> np.ndarray:
    """Whole numbers 0, 1, ... for labels of any one type, in their sorted order.

    >>> codes(pd.Series(["b", "a", "b"])).tolist()
    [1, 0, 1]
    """
    try:
        return pd.factorize(values, sort=True)[0]
    except TypeError:  # text and numbers together have no order
        return pd.factorize(values.astype(str), sort=True)[0]


def check_ids(data: pd.DataFrame, unit: str, time: str) -> None:
    """Refuse rows without a unit or period, and a unit with two rows for a period.

    >>> data = pd.DataFrame({"state": ["TX", "TX"], "year": [1, 1]})
    >>> check_ids(data, "state", "year")
    Traceback (most recent call last):
    ...
    analysis_utils.asking.NotTestable: Unit TX has more than one row for 1.
    """
    if unit == time:
        raise Refused(f"unit and time are both {unit!r}; they are two columns.")
    ids = data[[unit, time]]
    if ids.isna().any(axis=None):
        raise NotTestable(f"{unit} or {time} is missing in some rows.")
    try:
        twice = ids.duplicated()
    except TypeError:
        raise Refused(f"{unit} or {time} holds lists, not labels.") from None
    if twice.any():
        name, period = data.loc[twice, unit].iloc[0], data.loc[twice, time].iloc[0]
        raise NotTestable(f"Unit {name} has more than one row for {period}.")


def check_numbers(column: pd.Series, name: str, units: pd.Series | None = None) -> None:
    """Refuse a column that is not of finite numbers.

    >>> check_numbers(pd.Series([1.0, 2.0]), "y")
    """
    if pd.api.types.is_complex_dtype(column) or not (
        pd.api.types.is_numeric_dtype(column)
    ):
        raise NotTestable(f"{name}: numbers are needed, not values of {column.dtype}.")
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        first = int(np.argmax(bad))
        where = f"in row {column.index[first]}"
        if units is not None:
            where = f"for unit {units.iloc[first]}"
        raise NotTestable(
            f"{name}: {int(bad.sum())} missing or infinite value(s), first {where}."
        )

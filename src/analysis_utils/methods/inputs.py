"""Series as the estimators need them: dated, complete and finite, or a refusal."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

__all__ = ["as_series"]


def as_series(values: pd.Series | Sequence[float], name: str) -> pd.Series:
    """Return the values as floats in calendar order, or refuse them.

    Refused are missing and infinite values, duplicate dates, gaps in the calendar
    and values that are not numbers. Without an index, positions count from 0.

    >>> months = pd.period_range("2020-01", periods=3, freq="M")
    >>> as_series(pd.Series([3, 2, 1], months[::-1]), "y").tolist()
    [1.0, 2.0, 3.0]
    """
    if values is None or isinstance(values, str | bytes | pd.DataFrame | dict):
        raise NotTestable(
            f"{name}: a Series or a list of numbers is needed, not "
            f"{type(values).__name__}."
        )
    try:
        series = pd.Series(values)
    except (TypeError, ValueError) as error:
        raise NotTestable(f"{name}: no Series of numbers: {error}.") from error
    if series.empty:
        raise NotTestable(f"{name}: there are no values.")
    if not isinstance(series.index, pd.DatetimeIndex | pd.PeriodIndex) and not (
        pd.api.types.is_numeric_dtype(series.index.dtype)
    ):
        raise NotTestable(
            f"{name}: rows are labelled by dates, periods or numbers, not by "
            f"{series.index.dtype}: as text, period 10 would come before period 2."
        )
    given = getattr(values, "name", None)
    series = series.rename(name if given is None else given)
    if (
        not pd.api.types.is_numeric_dtype(series.dtype)
        or pd.api.types.is_bool_dtype(series.dtype)
        or pd.api.types.is_complex_dtype(series.dtype)
    ):
        raise NotTestable(f"{name}: numbers are needed, not values of {series.dtype}.")
    series = series.astype("float64").sort_index()
    check_finite(series, name)
    check_calendar(series.index, name)
    return series


def check_finite(series: pd.Series, name: str) -> None:
    """Refuse missing and infinite values, and say where the first ones are."""
    bad = series.index[~np.isfinite(series.to_numpy())]
    if len(bad):
        where = ", ".join(_label(item) for item in bad[:3])
        raise NotTestable(
            f"{name}: {len(bad)} missing or infinite value(s), first at {where}. "
            "Fill them by a stated rule, or leave out the periods at either end."
        )


def check_calendar(index: pd.Index, name: str) -> None:
    """Refuse duplicate dates and periods that are missing between first and last."""
    repeated = index[index.duplicated()]
    if len(repeated):
        raise NotTestable(
            f"{name}: {_label(repeated[0])} occurs more than once. "
            "Add up or choose, so that each period has one value."
        )
    missing = missing_periods(index)
    if missing is not None:
        raise NotTestable(
            f"{name}: the calendar has a gap, first after {_label(missing)}. "
            "Each period between first and last needs a value (0 if nothing occurred)."
        )


def missing_periods(index: pd.Index) -> object | None:
    """Return the last label before the first gap, or None if there is no gap."""
    if len(index) < 3:
        return None
    if isinstance(index, pd.DatetimeIndex):
        if index.freq is not None or _has_frequency(index):
            return None
        steps = index.to_series().diff().dt.days.iloc[1:]
        wide = steps > 1.5 * steps.median()
        return index[int(np.argmax(wide)) if wide.any() else 0]
    if isinstance(index, pd.PeriodIndex):
        steps = np.diff(index.asi8)
    else:
        steps = np.diff(index.to_numpy(dtype="float64"))
    wide = ~np.isclose(steps, steps.min())
    return index[int(np.argmax(wide))] if wide.any() else None


def _has_frequency(index: pd.DatetimeIndex) -> bool:
    """Whether a frequency gives exactly these dates: pandas infers "first Mondays" for
    January, February and May too."""
    with warnings.catch_warnings():  # of the type that pandas 4 will return
        warnings.simplefilter("ignore")
        found = pd.infer_freq(index)
    if found is None:
        return False
    return pd.date_range(index[0], index[-1], freq=found).equals(index)


def align(*series: pd.Series) -> pd.DataFrame:
    """Put series side by side on the periods that all of them cover.

    >>> align(pd.Series([1, 2, 3], name="a"), pd.Series([4, 5], [1, 2], name="b"))
       a  b
    1  2  4
    2  3  5
    """
    frame = pd.concat(series, axis=1, join="inner", keys=range(len(series)))
    if frame.empty:
        names = " and ".join(str(item.name) for item in series)
        raise NotTestable(f"{names} have no period in common.")
    frame.columns = [str(item.name) for item in series]
    check_calendar(frame.index, " and ".join(frame.columns))
    return frame


def check_varies(series: pd.Series, name: str) -> None:
    """Refuse a constant series: nothing can be associated with it."""
    values = series.to_numpy()
    if np.ptp(values) <= 1e-12 * max(1.0, np.abs(values).max()):
        raise NotTestable(f"{name}: all values are the same ({values[0]:g}).")


def _label(item: object) -> str:
    """Write a date without its time of day, anything else as it is."""
    if isinstance(item, pd.Timestamp) and item == item.normalize():
        return str(item.date())
    return str(item)

"""What a caller may pass: each check refuses in words and gives the value back typed.

Libraries that this package wraps accept `level=95` or end the process on a panel of one
unit; so every public function checks what it was given before anything else.
"""

import math
import numbers
from collections.abc import Iterable

import numpy as np
import pandas as pd

from analysis_utils.asking import Refused, nearest


def one_of(value: object, allowed: Iterable[str], what: str) -> str:
    """Return `value` if it is one of the allowed words.

    >>> one_of("cluster", ["cluster", "newey-west"], "errors")
    'cluster'
    >>> one_of("clustr", ["cluster", "newey-west"], "errors")
    Traceback (most recent call last):
    ...
    analysis_utils.asking.Refused: errors 'clustr' is not known; did you mean cluster? \
Choose one of 'cluster', 'newey-west'.
    """
    words = list(allowed)
    if isinstance(value, str) and value in words:
        return value
    near = nearest(value, words) if isinstance(value, str) else ""
    hint = near if near.startswith("; did you mean") else "; c"
    join = " C" if hint.endswith("?") else ""
    raise Refused(
        f"{what} {value!r} is not known{hint}{join}hoose one of "
        f"{', '.join(map(repr, words))}."
    )


def whole(
    value: object, what: str, least: int | None = 0, most: int | None = None
) -> int:
    """Return a whole number between `least` and `most`; numpy's integers are welcome.

    >>> whole(np.int64(3), "lags")
    3
    >>> whole(1.5, "lags")
    Traceback (most recent call last):
    ...
    analysis_utils.asking.Refused: lags 1.5 must be a whole number, 0 or more.
    """
    bounds = "" if least is None else f", {least} or more"
    if most is not None:
        bounds = (
            f" from {least} to {most}" if least is not None else f", {most} at most"
        )
    if isinstance(value, numbers.Integral) and not isinstance(value, bool | np.bool_):
        number = int(value)
        if (least is None or number >= least) and (most is None or number <= most):
            return number
    raise Refused(f"{what} {value!r} must be a whole number{bounds}.")


def share(value: object, what: str) -> float:
    """Return a number strictly between 0 and 1: a level, an alpha, a power.

    >>> share(0.95, "level")
    0.95
    >>> share(95, "level")
    Traceback (most recent call last):
    ...
    analysis_utils.asking.Refused: level 95 must lie between 0 and 1; did you mean 0.95?
    """
    number = _float(value)
    if number is not None and 0 < number < 1:
        return number
    hint = ""
    if number is not None and 1 < number < 100:
        hint = f"; did you mean {number / 100:g}?"
    raise Refused(f"{what} {value!r} must lie between 0 and 1{hint}")


def number(
    value: object,
    what: str,
    least: float = -math.inf,
    most: float = math.inf,
    infinite: bool = False,
) -> float:
    """Return a number from `least` to `most`; infinite ones only if asked for.

    >>> number(2, "dispersion", least=1)
    2.0
    """
    found = _float(value)
    if found is not None and least <= found <= most:
        if infinite or math.isfinite(found):
            return found
    bounds = ""
    if math.isfinite(least) or math.isfinite(most):
        bounds = f" from {least:g} to {most:g}"
    raise Refused(f"{what} {value!r} must be a number{bounds}.")


def flag(value: object, what: str) -> bool:
    """Return True or False as given; a word such as "no" would count as true.

    >>> flag(True, "difference")
    True
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise Refused(f"{what} {value!r} must be True or False.")


def frame(value: object, what: str) -> pd.DataFrame:
    """Return a table that is a DataFrame with rows and one column of each name.

    >>> frame(pd.DataFrame({"y": [1, 2]}), "data").shape
    (2, 1)
    """
    if not isinstance(value, pd.DataFrame):
        raise Refused(f"{what} must be a pandas DataFrame, not {type(value).__name__}.")
    if value.empty:
        raise Refused(f"{what} has no rows or no columns.")
    twice = value.columns[value.columns.duplicated()]
    if len(twice):
        raise Refused(f"{what} has more than one column {twice[0]!r}.")
    return value


def names_of(value: object, what: str) -> list:
    """Names of columns from one or a list of them.

    >>> names_of("vote", "controls"), names_of(("vote", "size"), "controls")
    (['vote'], ['vote', 'size'])
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, Iterable):
        raise Refused(f"{what}: a list of names of columns is needed, not {value!r}.")
    return list(value)


def columns(data: pd.DataFrame, names: Iterable[object]) -> None:
    """Refuse names that are not columns of the data, with those that are.

    >>> columns(pd.DataFrame({"y": [1]}), ["y"])
    """
    absent = [name for name in names if not _has(data, name)]
    if absent:
        raise Refused(
            f"No column {', '.join(map(repr, absent))} in the data; it has "
            f"{', '.join(map(repr, list(data.columns)[:40]))}."
        )


def _has(data: pd.DataFrame, name: object) -> bool:
    try:
        return name in data.columns
    except TypeError:  # a list can't be looked up among names
        return False


def _float(value: object) -> float | None:
    """A plain number as float; None for text, booleans, arrays and NaN."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        return None
    found = float(value)
    return None if math.isnan(found) else found

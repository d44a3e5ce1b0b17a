"""When two values, cells or texts count as the same: typed tolerances.

Linear algebra differs in the last bits between processors and BLAS libraries, and
published values are rounded, so a last digit can flip. Counts, dates, words cannot.
"""

import re
from typing import TypeGuard

from analysis_utils.review.findings import DIFFERS, IDENTICAL, WITHIN, Verdict

NUMBER = 1e-4  # relative: recorded numbers have 5 significant digits
CELL = 1e-5  # relative: cells of tables and of figures' data have 6
ZERO = 1e-9  # of the largest value beside it: what is zero but for rounding
NUMERALS = re.compile(r"[-\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
WHOLE = re.compile(r"[-+]?\d+")


def close(one: float, other: float, relative: float, scale: float = 0.0) -> bool:
    """Whether two numbers agree, where values beside them are as large as `scale`."""
    tolerance = relative * max(abs(one), abs(other)) + ZERO * scale
    return abs(one - other) <= tolerance


def is_number(value: object) -> TypeGuard[float]:
    """True for int and float, not for bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def value(one: object, other: object, exact: bool, scale: float = 0.0) -> Verdict:
    """Verdict on two recorded values.

    Whole numbers without an interval (`exact`) are counts and must be equal; other
    numbers agree to the last of their digits.
    """
    if one == other and type(one) is type(other):
        return IDENTICAL
    if not (is_number(one) and is_number(other)):
        return DIFFERS
    if exact and isinstance(one, int) and isinstance(other, int):
        return DIFFERS
    near = close(float(one), float(other), NUMBER, scale)
    return WITHIN if near else DIFFERS


def as_number(cell: str) -> float | None:
    """A cell of a table as a number; None if it is none."""
    try:
        return float(cell)
    except ValueError:
        return None


def column_type(cells: list[str]) -> str:
    """`count` (whole numbers), `number` or `text`; blank cells fit everywhere."""
    full = [cell for cell in cells if cell]
    if full and all(WHOLE.fullmatch(cell) for cell in full):
        return "count"
    if full and all(as_number(cell) is not None for cell in full):
        return "number"
    return "text"


def text(one: str, other: str, moved: bool) -> Verdict:
    """Verdict on two texts with numbers in them.

    The words must be the same. Numbers with decimals may differ as recorded ones do;
    where the numbers behind the text have `moved` within their tolerance, also by one
    in the last printed place.
    """
    if one == other:
        return IDENTICAL
    if NUMERALS.sub("#", one) != NUMERALS.sub("#", other):
        return DIFFERS
    pairs = zip(NUMERALS.findall(one), NUMERALS.findall(other), strict=True)
    agree = all(a == b or numerals_agree(a, b, moved) for a, b in pairs)
    return WITHIN if agree else DIFFERS


def numerals_agree(one: str, other: str, moved: bool) -> bool:
    """Whether two printed numbers that are not equal agree (see `text`)."""
    if "." not in one + other and "e" not in one + other:
        return False
    places = [len(n.partition(".")[2].partition("e")[0]) for n in (one, other)]
    a, b = (
        float(n.replace(",", "").replace("\N{MINUS SIGN}", "-")) for n in (one, other)
    )
    flip = 1.01 * 10.0 ** -min(places) if moved and "e" not in one + other else 0.0
    return abs(a - b) <= flip or close(a, b, NUMBER)

"""The types of your own columns: which cells each admits, and what they become."""

import re
from collections.abc import Callable
from datetime import date
from functools import cache, partial

import pandas as pd

from analysis_utils import data_folder
from analysis_utils.asking import nearest

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,15}(\.0*)?", re.ASCII)
CODE = re.compile(r"[+-]?0\d", re.ASCII)
DAY = re.compile(r"(19|20)\d\d-\d\d-\d\d", re.ASCII)
MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])(-01)?", re.ASCII)
SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})", re.ASCII)
FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
NOTHING = {"na", "n/a", "#n/a", "nan", "null", "none", "-", ".", "missing", "unknown"}
# Table and column of data/ that hold the codes of a type
CODES = {
    "county": ("counties", "fips"),
    "agency": ("agency_links", "agency_id"),
    "ori": ("agencies_at_risk", "ori"),
}


def fault(cell: str, kind: str, missing: bool) -> str:
    """What is wrong with a cell, and what to do; blank if nothing is."""
    if cell == "":
        return "" if missing else "the cell is empty, and may not be missing"
    reason = KINDS[kind](cell)
    if reason and cell.lower() in NOTHING:
        reason = "leave the cell empty where nothing is known"
    return reason and f"{cell!r} is no {kind}: {reason}"


def typed(cells: pd.Series, kind: str, missing: bool) -> pd.Series:
    """Cells without faults in their type (see own.load)."""
    full = cells[cells != ""]
    if kind == "state":
        return cells.map(lambda cell: states().get(cell.upper(), ""))
    if kind in ("day", "month"):
        days = full.where(full.str.len() == len("2017-03-04"), full + "-01")
        return pd.to_datetime(days).reindex(cells.index)
    if kind == "yes/no":
        flags = full.str.lower().map(FLAGS).astype("boolean").reindex(cells.index)
        return flags if missing else flags.astype("bool")
    if kind in ("number", "whole number"):
        numbers = full.astype("float64").reindex(cells.index)
        return numbers if missing or kind == "number" else numbers.astype("int64")
    return cells


def number(cell: str) -> str:
    """Why a cell is no number; blank if it is one."""
    if NUMBER.fullmatch(cell):
        return _with_zeros(cell)
    return "write 1234.5: a point, no commas, no unit or % sign"


def whole_number(cell: str) -> str:
    """Why a cell is no whole number; blank if it is one."""
    if WHOLE.fullmatch(cell):
        return _with_zeros(cell)
    return "write at most 15 digits, without commas; with decimals it is a number"


def _with_zeros(cell: str) -> str:
    if CODE.match(cell):
        return "it begins with 0, as codes do; declare the column as text or county"
    return ""


def flag(cell: str) -> str:
    """Why a cell is neither yes nor no; blank if it is."""
    return "" if cell.lower() in FLAGS else "write yes or no (true, false, 1, 0)"


def day(cell: str) -> str:
    """Why a cell is no day; blank if it is one."""
    if DAY.fullmatch(cell):
        return "" if _in_calendar(cell) else "the calendar has no such day"
    return f"{_ambiguous(cell)}write 2017-03-04 (year-month-day)"


def month(cell: str) -> str:
    """Why a cell is no month; blank if it is one."""
    return "" if MONTH.fullmatch(cell) else "write 2017-03 (year-month)"


def _ambiguous(cell: str) -> str:
    found = SLASHED.fullmatch(cell)
    two = found and max(int(found[1]), int(found[2])) <= 12 and found[1] != found[2]
    return "it can be read as two days; " if two else ""


def _in_calendar(cell: str) -> bool:
    try:
        return bool(date.fromisoformat(cell))
    except ValueError:
        return False


def state(cell: str) -> str:
    """Why a cell is neither code nor name of a state; blank if it is."""
    if cell.upper() in states():
        return ""
    hint = nearest(cell, states()) if len(cell) > 2 else ""
    return f"write its postal code or its name{_near(hint)}"


def county(cell: str) -> str:
    """Why a cell is no county of data/counties.csv; blank if it is one."""
    if len(cell) < 5 and cell.zfill(5) in codes("county"):
        return f"a zero in front is lost; write {cell.zfill(5)}"
    return code(cell, "county")


def code(cell: str, kind: str) -> str:
    """Why a cell is no code of a type; blank if it is one."""
    table, field = CODES[kind]
    if cell in codes(kind):
        return ""
    hint = nearest(cell, codes(kind)) if kind == "agency" else ""
    return f"data/{table}.csv has no such {field}{_near(hint)}"


def _near(hint: str) -> str:
    """A hint that names one thing; thousands of known codes help nobody."""
    return hint if hint.startswith("; did you mean") else ""


@cache
def states() -> dict[str, str]:
    """Postal codes by code and by name, in capitals."""
    known = data_folder.column("states", "state")
    names = [name.upper() for name in data_folder.column("states", "name")]
    return dict(zip([*known, *names], [*known, *known], strict=True))


@cache
def codes(kind: str) -> frozenset[str]:
    """Every code of a type."""
    return frozenset(data_folder.column(*CODES[kind])) - {""}


def text(cell: str) -> str:
    """Every cell is text."""
    return ""


# Each type with the function that says why a cell does not fit
KINDS: dict[str, Callable[[str], str]] = {
    "text": text,
    "number": number,
    "whole number": whole_number,
    "yes/no": flag,
    "day": day,
    "month": month,
    "state": state,
    "county": county,
    "agency": partial(code, kind="agency"),
    "ori": partial(code, kind="ori"),
}

"""The one reader of CSV tables: strict, every cell as text, faults named by line."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT

CONFLICT = ("<<<<<<<", "=======", ">>>>>>>")


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Table of a CSV file, every cell as text, blank where it is empty.

    A byte order mark, as Excel's "CSV UTF-8" writes it, is no part of the first name.
    columns: names that the heading must have, in this order. Raises Refused with file
    and line for what is no table: a row that is too long or short, an open quotation
    mark, a name twice, text that is not UTF-8, the marks of an unfinished merge.
    """
    if not path.exists():
        raise Refused(
            f"{shown(path)} is missing: restore it (git restore {shown(path)}) or "
            "compile it (make data)"
        )
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = list(_rows(stream, path))
    except UnicodeDecodeError as error:
        raise Refused(
            f'{shown(path)}: not UTF-8 at byte {error.start:,}; save it as "CSV UTF-8"'
        ) from None
    heading, body = (rows[0], rows[1:]) if rows else ([], [])
    _check_heading(path, heading, columns)
    return pd.DataFrame(body, columns=heading, dtype="str")


def typed(path: Path, **options) -> pd.DataFrame:
    """Table of a CSV file in the types that pandas reads, after the checks of `read`.

    options: those of pandas.read_csv.
    """
    read(path)
    return pd.read_csv(path, encoding="utf-8-sig", **options)


def _rows(stream, path: Path) -> Iterator[list[str]]:
    """Rows with as many cells as the heading; blank lines are left out."""
    reader, width, number = csv.reader(stream, strict=True), 0, 0
    try:
        for row in reader:
            number = reader.line_num
            if not row:
                continue
            if row[0].startswith(CONFLICT):
                raise Refused(
                    f"{shown(path)}, line {number}: the mark of an unfinished merge "
                    f"({row[0][:7]}); finish it, or git restore {shown(path)}"
                )
            width = width or len(row)
            if len(row) != width:
                raise Refused(
                    f"{shown(path)}, line {number}: {len(row)} cells, and the heading "
                    f"has {width}; a cell with a comma needs quotation marks around it"
                )
            yield row
    except csv.Error as error:
        raise Refused(
            f"{shown(path)}, line {number + 1} or after: {error}; is a quotation mark "
            "left open?"
        ) from None


def _check_heading(path: Path, heading: list[str], columns: list[str] | None) -> None:
    twice = sorted({name for name in heading if heading.count(name) > 1})
    if not heading or twice:
        what = f"{', '.join(twice)} stands twice" if heading else "no heading"
        raise Refused(f"{shown(path)}, line 1: {what}")
    if columns is not None and heading != columns:
        odd = sorted(set(heading) ^ set(columns)) or ["(their order)"]
        raise Refused(
            f"{shown(path)}, line 1: the columns are not those of "
            f"data/datapackage.json; differing: {', '.join(odd)}"
        )


def shown(path: Path) -> str:
    """A path as people know it: below the project's folder where it is there."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)

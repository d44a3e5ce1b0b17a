"""Two tables as CSV, compared by column."""

import csv
import difflib
import io
from collections.abc import Iterator

from analysis_utils.review import values
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    WITHIN,
    Verdict,
    printable,
)

Table = list[list[str]]
Column = tuple[str, Verdict, str, str, str]  # column, verdict, detail, archived, remade


def read(content: bytes) -> Table:
    """Rows of a CSV file, header first. Raises ValueError if it is none."""
    try:
        text = io.StringIO(content.decode("utf-8"), newline="")
        return list(csv.reader(text, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"cannot be read as CSV ({error})") from error


def compare(archived: bytes, remade: bytes) -> Iterator[Column]:
    """Columns that are not identical, each with where it differs first."""
    try:
        one, other = read(archived), read(remade)
    except ValueError as error:
        yield "", DIFFERS, str(error), "", ""
        return
    if not one or not other or one[0] != other[0]:
        yield "", DIFFERS, "other columns", head(one), head(other)
    elif len(one) != len(other) or ragged(one):
        yield (
            "",
            DIFFERS,
            row_changes(one, other),
            f"{len(one) - 1} rows",
            f"{len(other) - 1} rows",
        )
    else:
        for place, name in enumerate(one[0]):
            cells = [[row[place] for row in table[1:]] for table in (one, other)]
            if cells[0] != cells[1]:
                yield (name, *compare_cells(*cells))


def head(table: Table) -> str:
    """Names of the columns."""
    return printable(", ".join(table[0]) if table else "nothing")


def ragged(table: Table) -> bool:
    """Whether rows have more or fewer cells than the header."""
    return any(len(row) != len(table[0]) for row in table)


def compare_cells(one: list[str], other: list[str]) -> tuple[Verdict, str, str, str]:
    """Verdict on two columns that differ, the first worst cell, its two values."""
    kind = values.column_type(one + other)
    scale = largest(one + other) if kind == "number" else 0.0
    judged = [cell_verdict(a, b, kind, scale) for a, b in zip(one, other, strict=True)]
    verdict = max(judged)
    row = judged.index(verdict)
    count = sum(v is not IDENTICAL for v in judged)
    more = f" and {count - 1} more" if count > 1 else ""
    return verdict, f"line {row + 2}{more}", printable(one[row]), printable(other[row])


def largest(cells: list[str]) -> float:
    """Largest absolute value in a column of numbers."""
    found = [abs(n) for cell in cells if (n := values.as_number(cell)) is not None]
    return max((n for n in found if n < float("inf")), default=0.0)


def cell_verdict(one: str, other: str, kind: str, scale: float) -> Verdict:
    """Verdict on two cells of a column of a kind (see `values.column_type`)."""
    if one == other:
        return IDENTICAL
    if kind != "number" or not one or not other:
        return DIFFERS
    return (
        WITHIN
        if values.close(float(one), float(other), values.CELL, scale)
        else DIFFERS
    )


def row_changes(one: Table, other: Table, most: int = 3) -> str:
    """In words, which lines were changed, are gone, or were added."""
    lines = [[",".join(row) for row in table] for table in (one, other)]
    found = []
    matcher = difflib.SequenceMatcher(None, lines[0], lines[1], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag in ("delete", "replace"):
            found += [
                f"line {n + 1} is gone: {printable(lines[0][n], 120)}"
                for n in range(a, b)
            ]
        if tag in ("insert", "replace"):
            found += [
                f"line {n + 1} is new: {printable(lines[1][n], 120)}"
                for n in range(c, d)
            ]
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more

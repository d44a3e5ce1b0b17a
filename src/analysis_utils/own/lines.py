"""Faults of your own files, named by file and line; files that are no CSV refused."""

import csv
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.csv_text import shown

Fault = tuple[int, str]  # row below the heading, from 0; what is wrong, what to do
MOST = 5  # faults of a file that are named; the rest are counted
# First bytes of what is no CSV
OTHER_FILES = {
    b"PK": "an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\xff\xfe": 'UTF-16 text (Excel\'s "Unicode Text")',
    b"\xfe\xff": 'UTF-16 text (Excel\'s "Unicode Text")',
    b"\x1f\x8b": "a compressed file",
}


def refuse_other_files(path: Path) -> None:
    """Refuse what is no CSV in spite of its name."""
    with open(path, "rb") as stream:
        head = stream.read(4)
    for start, what in OTHER_FILES.items():
        if head.startswith(start):
            raise Refused(
                f'{shown(path)} is {what}, not a CSV: in Excel, "Save As", '
                '"CSV UTF-8 (Comma delimited)"'
            )


def heading(path: Path) -> list[str]:
    """Cells of the heading of a CSV; none where it holds nothing."""
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as stream:
        return next((row for row in csv.reader(stream) if row), [])


def refused(path: Path, faults: list[Fault]) -> Refused:
    """A refusal that names the first faults of a CSV by their lines."""
    starts, named = row_starts(path), faults[:MOST]
    said = [f"{shown(path)}, line {starts[row]}: {what}" for row, what in named]
    if more := len(faults) - len(named):
        said.append(f"{shown(path)}: {more:,} more to put right")
    return Refused("\n".join(said))


def row_starts(path: Path) -> list[int]:
    """Line of each row below the heading; blank lines are no rows."""
    starts, end = [], 0
    with open(path, encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        for row in reader:
            if row:
                starts.append(end + 1)
            end = reader.line_num
    return starts[1:]

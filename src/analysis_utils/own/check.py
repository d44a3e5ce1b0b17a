"""What `make own` says: each of your own files, as declared, or what to put right."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.csv_text import shown
from analysis_utils.own import columns, lines
from analysis_utils.own.table import load

OTHER = 'only CSV files are read: save a workbook as "CSV UTF-8", keep others elsewhere'


def report(folder: Path = columns.FOLDER) -> tuple[list[str], list[str]]:
    """A line for each file that is as declared, and one for each thing to put right."""
    good, wrong = [], []
    for name, declared in columns.declared(folder).items():
        try:
            rows = len(load(name, folder))
        except Refused as refused:
            wrong += str(refused).splitlines()
            continue
        words = ", ".join(f"{one.name} ({one.kind})" for one in declared)
        good.append(f"{shown(folder / name)}.csv: {rows:,} rows; {words}")
    for name in columns.undeclared(folder):
        wrong += undeclared(folder / name)
    return good, wrong


def undeclared(path: Path) -> Iterator[str]:
    """What to do with a file that is not declared; of a CSV, the rows that it needs."""
    yield f"{shown(path)} is not declared"
    if path.suffix != ".csv":
        yield f"  {OTHER}"
        return
    try:
        lines.refuse_other_files(path)
    except Refused as refused:
        yield f"  {refused}"
        return
    table = shown(path.with_name(columns.TABLE))
    yield f"  add to {table}, and fill in ({','.join(columns.HEADING)}):"
    for column in lines.heading(path):
        row = [path.stem, column, *[""] * (len(columns.HEADING) - 2)]
        yield f"  {csv_line(row)}"


def csv_line(cells: list[str]) -> str:
    """Cells as a line of a CSV, quoted where they need it."""
    stream = StringIO()
    csv.writer(stream, lineterminator="").writerow(cells)
    return stream.getvalue()

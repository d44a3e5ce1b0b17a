"""What `make own` says: each of your own files, as declared, or what to put right."""

from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.own import columns, lines
from analysis_utils.own.table import load


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
        good.append(f"{lines.shown(folder / name)}.csv: {rows:,} rows; {words}")
    for name in columns.undeclared(folder):
        wrong += [
            f"{lines.shown(folder / name)} is not declared",
            *to_declare(name, folder),
        ]
    return good, wrong


def to_declare(name: str, folder: Path) -> list[str]:
    """The rows that a CSV needs in columns.csv, to be filled in there."""
    path = folder / name
    if path.suffix != ".csv":
        return []
    try:
        lines.refuse_other_files(path)
    except Refused as refused:
        return str(refused).splitlines()
    empty = "," * (len(columns.HEADING) - 2)
    return [f"  {path.stem},{column}{empty}" for column in lines.heading(path)]

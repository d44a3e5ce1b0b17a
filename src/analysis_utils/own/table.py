"""Your own file as a typed table, or a refusal that names line and column."""

import re
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused, nearest
from analysis_utils.csv_text import shown
from analysis_utils.own import columns, lines, types
from analysis_utils.own.columns import Column


def load(name: str, folder: Path = columns.FOLDER) -> pd.DataFrame:
    """Table of data/own/<name>.csv in the types that columns.csv declares.

    The same table however rows and columns lie in either file: key columns come
    first, then the others, each by name; rows are in the order of their cells. Text
    and codes are strings (blank where missing), days and months datetime64 (a month is
    its first day), numbers float64, whole numbers int64 (float64 where they may be
    missing), yes/no bool (boolean where it may be missing).
    Raises Refused with a line for each thing to put right.
    """
    declared = columns.of(name, folder)
    path = folder / f"{name.removesuffix('.csv')}.csv"
    text = _text(path, declared)
    if faults := [*_blank_rows(text), *_cell_faults(text, declared)]:
        raise lines.refused(path, sorted(faults))
    table = pd.DataFrame(
        {
            one.name: types.typed(text[one.name], one.kind, one.missing)
            for one in declared
        }
    )
    if faults := _repeated(table, text, [one.name for one in declared if one.key]):
        raise lines.refused(path, faults)
    return table.sort_values(list(table.columns), ignore_index=True)


def _text(path: Path, declared: list[Column]) -> pd.DataFrame:
    """The file as text, without the blanks around cells."""
    if not path.exists():
        books = sorted(path.parent.glob(f"{path.stem}.xls*"))
        how = f'save {books[0].name} as "CSV UTF-8"' if books else "put it there"
        raise Refused(
            f"{shown(path)} is declared and not there: {how}, or take its rows "
            f"out of {shown(path.with_name(columns.TABLE))}"
        )
    lines.refuse_other_files(path)
    _check_heading(path, [one.name for one in declared])
    text = csv_text.read(path)
    if text.empty:
        raise Refused(f"{shown(path)} has no row below its heading")
    return text.apply(lambda cells: cells.str.strip())


def _check_heading(path: Path, declared: list[str]) -> None:
    """Refuse a heading with other columns than the declared ones."""
    heading = lines.heading(path)
    where = f"{shown(path)}, line 1"
    if len(heading) == 1 and (sign := re.search("[;\t]", heading[0])):
        kind = "tabs" if sign[0] == "\t" else "semicolons"
        raise Refused(f"{where}: {kind} stand between the cells; save it with commas")
    if "" in heading:
        place = heading.index("") + 1
        raise Refused(f"{where}: column {place} has no name; name it or take it out")
    extra = [name for name in heading if name not in declared]
    gone = [name for name in declared if name not in heading]
    table = shown(path.with_name(columns.TABLE))
    said = [
        f"{where}: column {name!r} is not declared in {table}{nearest(name, gone)}"
        for name in extra
    ]
    said += [f"{where}: column {name!r} is declared and not there" for name in gone]
    if said:
        raise Refused("\n".join(said))


def _blank_rows(text: pd.DataFrame) -> list[lines.Fault]:
    """Rows that hold nothing, as spreadsheets leave them at the end."""
    blank = (text == "").all(axis="columns")
    return [(row, "no cell is filled; take the line out") for row in text.index[blank]]


def _cell_faults(text: pd.DataFrame, declared: list[Column]) -> list[lines.Fault]:
    """Each cell that its column does not admit."""
    filled = text[(text != "").any(axis="columns")]
    found = []
    for one in declared:
        cells = filled[one.name]
        said = {c: types.fault(c, one.kind, one.missing) for c in cells.unique()}
        odd = cells[cells.map(said) != ""]
        found += [(row, f"column {one.name}: {said[c]}") for row, c in odd.items()]
    return found


def _repeated(
    table: pd.DataFrame, text: pd.DataFrame, keys: list[str]
) -> list[lines.Fault]:
    """Rows whose key stands in a row above."""
    if not keys:
        return []
    rows = table.index[table.duplicated(keys)]
    said = "is the key of a line above too; keep one"
    return [(row, f"{', '.join(text.loc[row, keys])} {said}") for row in rows]

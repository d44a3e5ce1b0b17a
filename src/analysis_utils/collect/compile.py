"""Compile data/ from the published lists: `make data`, and `make register`."""

import sys
from pathlib import Path

import pandas as pd

from analysis_utils.collect import editions, hand, history, identify, register, sources
from analysis_utils.collect.workbooks import PrintedTable, UnreadableList, read_table
from analysis_utils.run_context import sha256

LISTS = "lists"  # data/lists: workbooks taken in by `make update`


def captures(raw: Path, taken: Path) -> tuple[pd.DataFrame, dict[str, Path]]:
    """All published copies, and the workbooks at hand by name.

    Workbooks that captures.csv doesn't know (new ones) count as one copy each.
    """
    paths = {path.name: path for folder in (raw / "ice_lists", taken)
             if folder.is_dir() for path in sorted(folder.glob("*.xlsx"))}
    table = editions.read_captures(raw)
    table["workbook"] = table.workbook.where(table.workbook != "", table.file)
    new = [name for name in paths if name not in set(table.workbook)]
    more = pd.DataFrame({"file": new, "workbook": new, "source": "",
                         "sha256": [sha256(paths[name]) for name in new]})
    return pd.concat([table, more], ignore_index=True), paths


def read_lists(table: pd.DataFrame, paths: dict[str, Path]) -> dict[str, PrintedTable]:
    """Every workbook that a capture names and that is at hand."""
    tables = {}
    for name in sorted(set(table.workbook) & set(paths)):
        try:
            tables[name] = read_table(paths[name])
        except UnreadableList as error:
            raise UnreadableList(f"{error} If the file is no list, set it aside in "
                                 "data/hand/files.csv with the reason.") from error
    return tables


def from_lists(raw: Path, data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Editions and printed rows from the published workbooks."""
    table, paths = captures(raw, data / LISTS)
    dated = editions.dated(table, hand.read(data / "hand").files)
    found = editions.in_order(dated, read_lists(dated, paths))
    printed = editions.weave([(e.edition, e.table.rows) for e in found])
    return editions.as_table(found), printed


def from_data(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Editions and printed rows as compiled before."""
    table = pd.read_csv(data / "editions.csv", dtype=str, keep_default_na=False)
    rows = pd.read_csv(data / "printed_rows.csv", dtype=str, keep_default_na=False)
    place = {name: position for position, name in enumerate(table.edition)}
    rows["first"] = rows.first_edition.map(place)
    rows["last"] = rows.last_edition.map(place)
    kept = [*editions.CELLS, "first", "last", "first_edition", "last_edition"]
    return table[editions.COLUMNS_OF_TABLE], rows[kept]


def tables(table: pd.DataFrame, printed: pd.DataFrame, data: Path
           ) -> dict[str, pd.DataFrame]:
    """The tables of the register by name; raises HandTableError."""
    decisions = hand.read(data / "hand")
    places = [pd.read_csv(data / f"{name}.csv", dtype=str, keep_default_na=False)
              for name in ("states", "counties")]
    rows = identify.identified(printed, decisions, places[0])
    compiled = vars(register.compiled(rows, table, decisions, places[1]))
    return compiled | history.tables(data, compiled["agreements"], compiled["editions"])


def main(task: str) -> None:
    """Compile from the workbooks ("data") or from printed_rows.csv ("register")."""
    data = sources.DATA
    table, printed = (from_lists(sources.require(sources.raw_folder()), data)
                      if task == "data" else from_data(data))
    compiled = tables(table, printed, data)
    changed = sources.write_tables(compiled, data)
    print(f"{len(table)} editions, {len(compiled['agreements'])} agreements; "
          f"changed: {', '.join(changed) or 'nothing'}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, FileNotFoundError) as problem:
        sys.exit(str(problem))

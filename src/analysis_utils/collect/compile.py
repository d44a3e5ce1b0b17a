"""Compile data/ from the published lists: `make data`, and `make register`."""

import sys
from pathlib import Path

import pandas as pd

from analysis_utils.collect import editions, hand, history, identify, register, sources
from analysis_utils.collect.workbooks import PrintedTable, UnreadableList, read_table
from analysis_utils.run_context import sha256

LISTS = "lists"  # data/lists: workbooks taken in by `make update`


def copies(published: pd.DataFrame, raw: Path, taken: Path
           ) -> tuple[pd.DataFrame, dict[str, Path]]:
    """Every published copy with its source, and the workbooks at hand by name.

    Workbooks that no copy names (new ones) count as one copy each.
    """
    paths = {path.name: path for folder in (raw / "ice_lists", taken)
             if folder.is_dir() for path in sorted(folder.glob("*.xlsx"))}
    table = published[["file", "workbook", "sha256"]].copy()
    table["source"] = (published.repository + "@" + published.commit + ":"
                       + published.path)
    new = [name for name in paths if name not in set(table.workbook)]
    more = pd.DataFrame({"file": new, "workbook": new, "source": "",
                         "sha256": [sha256(paths[name]) for name in new]})
    return pd.concat([table, more], ignore_index=True), paths


def read_lists(table: pd.DataFrame, paths: dict[str, Path], headings: dict[str, str]
               ) -> dict[str, PrintedTable]:
    """Every workbook that a capture names and that is at hand."""
    tables = {}
    for name in sorted(set(table.workbook) & set(paths)):
        try:
            tables[name] = read_table(paths[name], headings)
        except UnreadableList as error:
            raise UnreadableList(f"{error} If the file is no list, set it aside in "
                                 "data/hand/files.csv with the reason.") from error
    return tables


def from_lists(published: pd.DataFrame, raw: Path, data: Path
               ) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Editions and printed rows from the published workbooks."""
    table, paths = copies(published, raw, data / LISTS)
    decisions = hand.read(data / "hand")
    dated = editions.dated(table, decisions.files)
    lists = read_lists(dated, paths, hand.columns_by_heading(decisions))
    found = editions.in_order(dated, lists)
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
    data, more = sources.DATA, {}
    if task == "data":
        raw = sources.require(sources.raw_folder())
        more["captures"] = editions.read_captures(raw, data)
        table, printed = from_lists(more["captures"], raw, data)
    else:
        table, printed = from_data(data)
    compiled = more | tables(table, printed, data)
    changed = sources.write_tables(compiled, data)
    print(f"{len(table)} editions, {len(compiled['agreements'])} agreements; "
          f"changed: {', '.join(changed) or 'nothing'}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, FileNotFoundError) as problem:
        sys.exit(str(problem))

"""Compile data/ from the published lists: `make data`, and `make register`."""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis_utils.asking import Refused
from analysis_utils.collect import (
    agency_links,
    anomalies,
    dictionary,
    editions,
    encounters,
    geography,
    hand,
    history,
    identify,
    register,
    sources,
)
from analysis_utils.collect.hand import Hand
from analysis_utils.collect.workbooks import PrintedTable, read_table
from analysis_utils.run_context import sha256

LISTS = "lists"  # data/lists: workbooks taken in by `make update`


def copies(
    published: pd.DataFrame, raw: Path, taken: Path
) -> tuple[pd.DataFrame, dict[str, Path]]:
    """Every published copy with its source, and the workbooks at hand by name.

    Workbooks that no copy names (new ones) count as one copy each.
    """
    paths = {
        path.name: path
        for folder in (raw / "ice_lists", taken)
        if folder.is_dir()
        for path in sorted(folder.glob("*.xlsx"))
    }
    table = published[["file", "workbook", "sha256"]].copy()
    table["source"] = (
        published.repository + "@" + published.commit + ":" + published.path
    )
    new = [name for name in paths if name not in set(table.workbook)]
    more = pd.DataFrame(
        {
            "file": new,
            "workbook": new,
            "source": "",
            "sha256": [sha256(paths[name]) for name in new],
        }
    )
    return pd.concat([table, more], ignore_index=True), paths


def read_lists(
    table: pd.DataFrame, paths: dict[str, Path], headings: dict[str, str]
) -> dict[str, PrintedTable]:
    """Every workbook that a capture names and that is at hand."""
    tables = {}
    for name in sorted(set(table.workbook) & set(paths)):
        try:
            tables[name] = read_table(paths[name], headings)
        except Refused as error:
            raise Refused(
                f"{error} If the file is no list, set it aside in "
                "data/hand/files.csv with the reason."
            ) from error
    return tables


def from_lists(
    published: pd.DataFrame, raw: Path, data: Path, decisions: Hand
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Editions, printed rows, and the workbooks that copies name but nobody has."""
    table, paths = copies(published, raw, data / LISTS)
    dated = editions.dated(table, decisions.files)
    lists = read_lists(dated, paths, hand.columns_by_heading(decisions))
    found = editions.in_order(dated, lists)
    printed = editions.weave([(e.edition, e.table.rows) for e in found])
    return editions.as_table(found), printed, sorted(set(dated.workbook) - set(lists))


def from_data(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Editions and printed rows as compiled before."""
    table, rows = read(data, "editions"), read(data, "printed_rows")
    place = {name: position for position, name in enumerate(table.edition)}
    rows["first"] = rows.first_edition.map(place)
    open_end = rows.last_edition == ""
    rows["last_edition"] = rows.last_edition.mask(open_end, table.edition.iloc[-1])
    rows["last"] = rows.last_edition.map(place)
    kept = [*editions.PRINTED, "first", "last", "first_edition", "last_edition"]
    return table[editions.COLUMNS_OF_TABLE], rows[kept]


def identified(printed: pd.DataFrame, data: Path, decisions: Hand) -> pd.DataFrame:
    """Printed rows with the agreement that each states; raises Refused."""
    return identify.identified(
        printed, decisions, read(data, "states"), read(data, "counties")
    )


def read(data: Path, name: str) -> pd.DataFrame:
    """A table of data/ with every cell as text."""
    return pd.read_csv(data / f"{name}.csv", dtype=str, keep_default_na=False)


def tables_of_lists(
    table: pd.DataFrame, rows: pd.DataFrame, data: Path, decisions: Hand
) -> dict[str, pd.DataFrame]:
    """The tables on the years of ICE's lists, from editions and identified rows."""
    compiled = vars(register.compiled(rows, table, decisions, read(data, "counties")))
    return compiled | {"anomalies": anomalies.anomalies(rows)}


def tables(
    table: pd.DataFrame,
    rows: pd.DataFrame,
    data: Path,
    decisions: Hand,
    universe: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables of the register by name, with those of the years before the lists.

    universe: the agencies that it is linked to, by default those compiled before.
    """
    lists = tables_of_lists(table, rows, data, decisions)
    early = history.tables(
        data, lists["agreements"], lists["editions"], decisions.partial
    )
    counties = read(data, "counties")
    links = agency_links.links(
        lists["agreements"],
        early["early_register"],
        read(data, "agencies_at_risk") if universe is None else universe,
        counties,
        agency_links.read_hand(data / "hand"),
        decisions.partial,
    )
    lists["agreements"] = agency_links.with_counties(
        lists["agreements"], links, counties
    )
    return lists | early | {"agency_links": links}


def compiled_from_raw(raw: Path, data: Path) -> dict[str, pd.DataFrame]:
    """Every compiled table from the published files, as far as they are at hand."""
    sources.require(raw / "ice_lists")
    decisions = hand.read(data / "hand")
    published = editions.read_captures(raw, data)
    table, printed, missing = from_lists(published, raw, data, decisions)
    if missing:
        decisions = replace(decisions, partial=True)
        print(
            f"Not in {raw / 'ice_lists'}, so that their editions are left out: "
            f"{', '.join(missing)}",
            file=sys.stderr,
        )
    rows = identified(printed, data, decisions)
    compiled = {"captures": published} | geography.tables(raw, data)
    universe = compiled.get("agencies_at_risk")
    compiled |= tables(table, rows, data, decisions, universe)
    if (raw / "encounters").is_dir():
        return compiled | encounters.tables(raw, data)
    print(
        f"No encounter files in {raw}: their tables stay as they are "
        "(`make raw` fetches them)",
        file=sys.stderr,
    )
    return compiled


def compiled_from_data(data: Path) -> dict[str, pd.DataFrame]:
    """The register's tables from the printed rows compiled before."""
    decisions = hand.read(data / "hand")
    table, printed = from_data(data)
    return tables(table, identified(printed, data, decisions), data, decisions)


def main(task: str) -> None:
    """Compile from published files ("data") or from printed_rows.csv ("register")."""
    data = sources.DATA
    compiled = (
        compiled_from_raw(sources.raw_folder(), data)
        if task == "data"
        else compiled_from_data(data)
    )
    changed = sources.write_tables(compiled, data)
    dictionary.write(data)
    print(
        f"{len(compiled['editions'])} editions, {len(compiled['agreements'])} "
        f"agreements; changed: {', '.join(changed) or 'nothing'}"
    )


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, FileNotFoundError) as problem:
        sys.exit(str(problem))

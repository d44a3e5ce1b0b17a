"""Compile data/ from the published lists: `make data`, and `make register`."""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
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
    lists,
    register,
    sources,
)
from analysis_utils.collect.hand import Hand


def identified(printed: pd.DataFrame, data: Path, decisions: Hand) -> pd.DataFrame:
    """Printed rows with the agreement that each states; raises Refused."""
    return identify.identified(
        printed, decisions, read(data, "states"), read(data, "counties")
    )


def read(data: Path, name: str) -> pd.DataFrame:
    """A table of data/ with every cell as text."""
    return csv_text.read(data / f"{name}.csv")


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
    made = tables_of_lists(table, rows, data, decisions)
    early = history.tables(data, made["agreements"], made["editions"])
    counties = read(data, "counties")
    links = agency_links.links(
        made["agreements"],
        early["early_register"],
        read(data, "agencies_at_risk") if universe is None else universe,
        counties,
        agency_links.read_hand(data / "hand"),
        decisions.partial,
    )
    made["agreements"] = agency_links.with_counties(made["agreements"], links, counties)
    return made | early | {"agency_links": links}


def compiled_from_raw(raw: Path, data: Path) -> dict[str, pd.DataFrame]:
    """Every compiled table from the published files, as far as they are at hand."""
    sources.require(raw / "ice_lists")
    decisions = hand.read(data / "hand")
    published = editions.read_captures(raw, data)
    known = lists.from_workbooks(published, raw, data, decisions)
    table = known.in_order()
    printed = known.woven(table)
    if missing := known.missing():
        decisions = replace(decisions, partial=True)
        print(
            f"Not in {raw / 'ice_lists'}, so that their editions are left out: "
            f"{', '.join(missing)}",
            file=sys.stderr,
        )
    at_hand = (raw / "encounters").is_dir()
    if not at_hand:
        print(
            f"No encounter files in {raw}: their tables stay as they are "
            "(`make raw` fetches them)",
            file=sys.stderr,
        )
    # Encounters rest on nothing of the register: they are compiled on the other core.
    with ProcessPoolExecutor(1, get_context("fork")) as beside:
        counted = beside.submit(encounters.tables, raw, data) if at_hand else None
        rows = identified(printed, data, decisions)
        compiled = {"captures": published} | geography.tables(raw, data)
        universe = compiled.get("agencies_at_risk")
        compiled |= tables(table, rows, data, decisions, universe)
        return compiled | (counted.result() if counted else {})


def compiled_from_data(data: Path) -> dict[str, pd.DataFrame]:
    """The register's tables from the printed rows compiled before."""
    decisions = hand.read(data / "hand")
    return compiled_from_lists(lists.from_data(data, decisions), data, decisions)


def compiled_from_lists(
    known: lists.Lists, data: Path, decisions: Hand
) -> dict[str, pd.DataFrame]:
    """The register's tables from lists (lists.from_data); raises Refused."""
    table = known.in_order()
    rows = identified(known.woven(table), data, decisions)
    return tables(table, rows, data, decisions)


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
    for line in history.unexplained(compiled["published_totals"]):
        print(line)
    print(
        f"{len(compiled['editions'])} editions, {len(compiled['agreements'])} "
        f"agreements; changed: {', '.join(changed) or 'nothing'}"
    )

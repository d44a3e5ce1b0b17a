"""A made list, as ICE may publish it 60 days after the newest (made_list.py FOLDER).

Ten agreements end, one agency is spelt otherwise, 200 are new. The proof that the
register lives takes it in within a clone: every test of data must hold there too.
"""

import sys
from datetime import timedelta
from pathlib import Path

import openpyxl
import pandas as pd
from register_lists import HEADINGS, TFM, row, write_list

from analysis_utils import datasets, series
from analysis_utils.collect.workbooks import CELLS

LATER = timedelta(days=60)
ENDS, NEW = 10, 200


def made(folder: Path) -> Path:
    """Write the list into a folder; its path."""
    day = datasets.editions().first_seen.iloc[-1] + LATER
    printed = series.list_as_of(day)
    # One row for each of the ends, of agreements that the list prints once
    single = ~printed.agreement_id.duplicated(keep=False)
    ended = printed[single].iloc[:: len(printed) // (2 * ENDS)].index[:ENDS]
    kept = printed.drop(index=ended)
    rows = kept[CELLS].values.tolist()
    for cells in rows:
        signed = pd.to_datetime(cells[5], format="%Y-%m-%d", errors="coerce")
        cells[5] = cells[5] if pd.isna(signed) else signed.to_pydatetime()
    renamed = next(cells for cells in rows if "Police Department" in cells[1])
    renamed[1] = renamed[1].replace("Police Department", "Police Departmnt")
    signed = (day - timedelta(days=20)).strftime("%Y-%m-%d")
    rows += [
        row(f"{town} Police Department", TFM, signed, state, "Municipality", county)
        for town, state, county in newcomers()
    ]
    path = write_list(folder / f"participatingAgencies{day:%m%d%Y}am.xlsx", rows)
    link(path, kept.moa_link.tolist())
    return path


def newcomers() -> list[tuple[str, str, str]]:
    """Town, state and county of municipal police that have no agreement yet."""
    table = datasets.agencies_at_risk()
    signed = set(datasets.agency_links().ori)
    names = table.agency + table.state
    free = table[
        (table.agency_kind == "police")
        & (table.level == "municipal")
        & table.agency.str.fullmatch("[A-Z][a-z]+")
        & ~table.ori.isin(signed)
        & ~names.duplicated(keep=False)
        & table.state.isin(["TX", "GA", "PA"])
    ]
    states = datasets.states().set_index("state").name.str.upper()
    counties = datasets.counties().set_index("fips").county
    chosen = free[free.county_fips.isin(counties.index)].head(NEW)
    return [
        (town, states[state], counties[fips])
        for town, state, fips in zip(
            chosen.agency, chosen.state, chosen.county_fips, strict=True
        )
    ]


def link(path: Path, addresses: list[str]) -> None:
    """Let the MOA cells lead where those of the newest list do."""
    book = openpyxl.load_workbook(path)
    column = HEADINGS.index("MOA") + 1
    for number, address in enumerate(addresses, start=2):
        if address:
            book.active.cell(number, column).hyperlink = address
    book.save(path)


if __name__ == "__main__":
    print(made(Path(sys.argv[1])))

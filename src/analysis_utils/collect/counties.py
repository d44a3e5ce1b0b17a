"""County of each printed row: as printed, as decided, or as the agency's name says."""

import pandas as pd

from analysis_utils.collect import naming
from analysis_utils.collect.hand import Hand, require_used

NO_COUNTY = {"", "NA", "N A"}  # normalized cells that name none


def counties_of(rows: pd.DataFrame, hand: Hand, counties: pd.DataFrame) -> pd.Series:
    """FIPS code of each row's county; blank where none is printed or known.

    A county named by the agency itself (Gulf County Sheriff) counts where the list
    printed none.
    """
    known = by_name(counties)
    printed = {
        (row.state, row.printed, naming.normalized(row.agency)): row.county_fips
        for row in hand.counties.itertuples()
    }
    found, used = [], set()
    cells = (rows[name].tolist() for name in ("state_code", "county", "key"))
    for state, cell, key in zip(*cells, strict=True):
        cell = naming.trimmed(cell)
        decided = [k for k in ((state, cell, key), (state, cell, "")) if k in printed]
        used.update(decided)
        fips = printed[decided[0]] if decided else _county(known, state, cell)
        if not fips and naming.normalized(cell) in NO_COUNTY:
            fips = county_in_name(known, state, key)
        found.append(fips)
    keys = [
        (row.state, row.printed, naming.normalized(row.agency))
        for row in hand.counties.itertuples()
    ]
    require_used(hand, "counties", hand.counties, [key in used for key in keys])
    return pd.Series(found, index=rows.index)


def by_name(counties: pd.DataFrame) -> dict[tuple[str, str], str]:
    """FIPS code by state and normalized name of the county."""
    return {
        (state, naming.normalized(name)): fips
        for state, name, fips in zip(
            counties.state, counties.county, counties.fips, strict=True
        )
    }


def _county(known: dict, state: str, cell: str) -> str:
    name = naming.normalized(cell)
    tries = [name, f"{name} COUNTY", f"{name} PARISH", f"{name} CITY"]
    return next((known[state, t] for t in tries if (state, t) in known), "")


def county_in_name(known: dict, state: str, key: str) -> str:
    """FIPS code of the county that an agency is called after; blank if none is."""
    for word in (" COUNTY ", " PARISH "):
        if word in key:
            return known.get((state, key.split(word)[0] + word.rstrip()), "")
    return ""

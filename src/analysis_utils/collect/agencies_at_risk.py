"""Every agency that could sign an agreement: the FBI's list of agencies, compiled.

The FBI counts the employees of police agencies each year; its last report of each
agency says what kind of agency it is, where it is, whom it serves and how many sworn
officers it has. Federal and tribal agencies are left out: 8 U.S.C. 1357(g) speaks of
States and their political subdivisions.
"""

import re
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import naming

FILE = "agencies/fbi_lee_2025.csv"
NO_STATE_AGENCY = {"Federal", "Tribal"}
POSTAL = {"NB": "NE", "GM": "GU"}  # the FBI's codes of states, where they differ
NO_COUNTY = {"NOT SPECIFIED", "UNMAPPED COUNTY"}
NOUNS = re.compile(
    r" (?:COUNTY|PARISH|BOROUGH|CENSUS AREA|MUNICIPALITY|CITY AND BOROUGH"
    r"|PLANNING REGION|MUNICIPIO)$"
)
COUNTY_POLICE = r"\bPOLICE DEPARTMENT$|\bPUBLIC SAFETY$"
NUMBERS = ["population", "officers", "civilians"]
COLUMNS = [
    "ori",
    "state",
    "agency",
    "agency_kind",
    "level",
    "unit",
    "county_fips",
    "counties",
    "fbi_type",
    "data_year",
    *NUMBERS,
]


def compiled(raw: Path, data: Path) -> pd.DataFrame:
    """One row for each agency of a State or of a part of it, in order of ORI.

    raw: folder of the published files; data: folder of the counties and of the hand
    table fbi_kinds. Raises Refused for a county or an ORI that is on no list.
    """
    counties, decided = (
        csv_text.read(data / f"{name}.csv") for name in ("counties", "hand/fbi_kinds")
    )
    table = pd.read_csv(raw / FILE, dtype=str, keep_default_na=False)
    table = table[~table.agency_type_name.isin(NO_STATE_AGENCY)].rename(
        columns={
            "pub_agency_name": "agency",
            "agency_type_name": "fbi_type",
            "officer_ct": "officers",
            "civilian_ct": "civilians",
        }
    )
    table["state"] = table.state_abbr.replace(POSTAL)
    table["agency"] = table.agency.map(naming.trimmed)
    table = table.sort_values("ori", ignore_index=True)
    pairs = [
        kind_and_level(*row)
        for row in zip(table.agency, table.fbi_type, table.state, strict=True)
    ]
    table["agency_kind"], table["level"] = zip(*pairs, strict=True)
    table = _with_decided_kinds(table, decided)
    table["unit"] = _units(table)
    found = _counties(table, counties)
    table["counties"] = found.map(";".join)
    table["county_fips"] = _home_counties(table, found)
    # Only cities and counties serve a population of their own; others print 0
    served = table.fbi_type.isin(["City", "County"]) & (table.population != "0")
    table["population"] = table.population.where(served, "")
    return table[COLUMNS]


def kind_and_level(agency: str, fbi_type: str, state: str) -> tuple[str, str]:
    """Kind of agency in the register's words, and level of government; "" if unsaid.

    A county's agency is its sheriff unless its name says police (Cobb County Police
    Department); Hawaii has no sheriffs of counties.
    """
    name = naming.normalized(agency)
    if fbi_type == "County":
        police = re.search(COUNTY_POLICE, name) or state == "HI"
        return ("police" if police else "sheriff"), "county"
    if fbi_type == "City":  # independent cities have sheriffs of counties
        sheriff = re.search(r"\bSHERIFF\b", name)
        return ("sheriff", "county") if sheriff else ("police", "municipal")
    if fbi_type == "University or College":
        return "campus", ""
    if fbi_type == "Other":
        kind = naming.kind(name, "")
        if re.search(r"\bDETECTIVE|^PROSECUTOR$|\bATTORNEY\b", name):
            kind = "prosecutor"
        return kind, "county" if kind in ("constable", "prosecutor") else ""
    return naming.kind(name, "state"), "state"


def _with_decided_kinds(table: pd.DataFrame, decided: pd.DataFrame) -> pd.DataFrame:
    for row in decided.itertuples():
        hit = table.ori == row.ori
        if not hit.any():
            raise Refused(
                f"data/hand/fbi_kinds.csv, line {row.Index + 2}: the FBI's list has "
                f"no {row.ori}; take the row out"
            )
        table.loc[hit, ["agency_kind", "level"]] = [row.agency_kind, row.level]
    return table


def _units(table: pd.DataFrame) -> pd.Series:
    """True for the posts of a state agency that the list names more than once.

    "State Police:" and "State Police, Avondale" are parts of one agency, which signs
    as a whole.
    """
    stem = table.agency.str.split(r"[:,]", regex=True).str[0]
    # A list with one agency of this name in the state has the agency itself
    again = table.groupby([table.state, stem, table.fbi_type]).ori.transform("size") > 1
    headquarters = table.agency == stem
    return (table.level == "state") & again & ~headquarters


def place_key(name: str) -> str:
    """Name of a county without its noun and spaces, to compare spellings: DEKALB."""
    return NOUNS.sub("", naming.normalized(name)).replace(" ", "")


def _counties(table: pd.DataFrame, counties: pd.DataFrame) -> pd.Series:
    """FIPS codes of the counties that each row names; raises Refused."""
    known: dict[tuple[str, str], str] = {}
    for row in counties.itertuples():
        known.setdefault((row.state, place_key(row.county)), row.fips)
    found = []
    for state, cell in zip(table.state, table.county_name, strict=True):
        names = [n for n in re.split(r"[;,] ?", cell) if n and n not in NO_COUNTY]
        places = [known.get((state, place_key(name)), "") for name in names]
        found.append([fips for fips in places if fips])
        if "" in places and state != "CT":  # one agency there names an old county
            raise Refused(
                f"{FILE}: no county {names[places.index('')]!r} of {state} in "
                "data/counties.csv; the FBI's list spells it otherwise"
            )
    return pd.Series(found, index=table.index)


def _home_counties(table: pd.DataFrame, found: pd.Series) -> pd.Series:
    """One county for each agency: that of its ORI where a city lies in several.

    The third to fifth characters of an ORI number the county in the state; what a
    number means is read from the agencies that name one county.
    """
    number = table.ori.str[:5]
    single = found[found.map(len) == 1].map(lambda places: places[0])
    counts = single.groupby([number[single.index], single]).size()
    often = counts.sort_values(ascending=False, kind="stable").index
    meaning = dict(reversed(often.to_list()))  # of each number the most frequent
    return pd.Series(
        [
            meaning[code] if meaning.get(code) in places else (places or [""])[0]
            for code, places in zip(number, found, strict=True)
        ],
        index=table.index,
    )

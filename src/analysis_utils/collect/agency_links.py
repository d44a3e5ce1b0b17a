"""Which agency of the FBI's list each agency of the register is.

Rules decide from kind, county and name; what they can't is decided, with the reason,
in data/hand/agency_links.csv. An agency that neither links stands without ORI.
"""

import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import naming
from analysis_utils.collect.counties import by_name, county_in_name

HAND = "agency_links"
COLUMNS = [
    "agency_id",
    "state",
    "agency",
    "agency_kind",
    "level",
    "ori",
    "grade",
    "county_fips",
    "reason",
]
# What an office is called besides its place; taken off to compare places
OFFICE = re.compile(
    r"\b(?:POLICE (?:SERVICES )?DEPART(?:E)?MENT|POLICE DIVISION|POLICE"
    r"|(?:DEPARTMENT|DIVISION) OF PUBLIC SAFETY|PUBLIC SAFETY(?: DEPARTMENT)?"
    r"|MARSHALS?(?: OFFICE)?|DEPARTMENT|METROPOLITAN|METRO"
    r"|(?:DISTRICT )?BOARD OF TRUSTEES(?: OF)?)\b"
)
# What kind of municipality it is: compared first, then left out. A township is not
# the borough or city of its name, which often lies beside it.
DESIGNATION = re.compile(
    r"^(?:CITY|TOWN|VILLAGE|BOROUGH) OF (?:THE )?| (?:CITY|TOWN|VILLAGE|BOROUGH)$"
)
COUNTY_NAMED = re.compile(r", [^,]+ County$")
BY_COUNTY = {"sheriff", "prosecutor"}  # kinds with one agency in a county
PRECINCT = re.compile(r"\b(?:PRECINCT|DISTRICT)(?: NO)? ?0*(\d+)\b")


def links(
    agreements: pd.DataFrame,
    early: pd.DataFrame,
    universe: pd.DataFrame,
    counties: pd.DataFrame,
    decided: pd.DataFrame,
    partial: bool = False,
) -> pd.DataFrame:
    """One row for each agency of the register: its ORI, and how it was found.

    agreements, early, universe (agencies_at_risk), counties, decided (the hand
    table): tables as text. county_fips is that of the ORI; state agencies have none.
    Raises Refused for a decision that is impossible or idle (`partial`: idle is fine).
    """
    agencies = agencies_of(agreements, early, counties)
    found = _by_rules(agencies, universe)
    table = agencies.join(found)
    table = _unshared(_decided(table, universe, decided, partial))
    home = table.ori.map(universe.set_index("ori").county_fips)
    table["county_fips"] = home.where(table.level != "state").astype("str").fillna("")
    return table[COLUMNS].sort_values("agency_id", ignore_index=True)


def agencies_of(
    agreements: pd.DataFrame, early: pd.DataFrame, counties: pd.DataFrame
) -> pd.DataFrame:
    """The agencies of both registers, once each, with the county known of them."""
    both = pd.concat([agreements, early.assign(county_fips="")], ignore_index=True)
    # Of an agency's agreements one may name the county and another not
    both = both.sort_values(["agency_id", "county_fips"], ascending=[True, False])
    table = both.drop_duplicates("agency_id").reset_index(drop=True)
    table["name"] = table.agency.map(naming.normalized)
    known = by_name(counties)
    named = [
        county_in_name(known, state, name)
        for state, name in zip(table.state, table.name, strict=True)
    ]
    table["home"] = table.county_fips.where(table.county_fips != "", named)
    wanted = ["agency_id", "state", "agency", "agency_kind", "level", "name", "home"]
    return table[wanted]


def places(name: str) -> dict[bool, str]:
    """Place that an agency is called after: SPRINGDALE, and less its designation.

    By whether it is the looser one. Spaces are left out, so that De Soto is Desoto.
    """
    bare = " ".join(OFFICE.sub(" ", name).split())
    loose = DESIGNATION.sub("", DESIGNATION.sub("", bare))
    return {False: bare.replace(" ", ""), True: loose.replace(" ", "")}


def _by_rules(agencies: pd.DataFrame, universe: pd.DataFrame) -> pd.DataFrame:
    """ORI and grade of each agency by the first rule that leaves one candidate."""
    index = _Index(universe[universe.state.isin(agencies.state)])
    pairs = [index.find(row) for row in agencies.itertuples()]
    return pd.DataFrame(pairs, columns=["ori", "grade"], index=agencies.index)


class _Index:
    """The FBI's agencies by county, and by the place that they are called after."""

    def __init__(self, universe: pd.DataFrame):
        self.by_county, self.by_place = defaultdict(list), defaultdict(list)
        used = ["ori", "state", "agency", "agency_kind", "counties"]
        table = universe[universe.unit.astype(str) == "False"]
        columns = (table[name].tolist() for name in used)
        for ori, state, agency, kind, listed in zip(*columns, strict=True):
            counties = listed.split(";")
            # "Mahoning Township, Lawrence County": the county has its own column
            name = COUNTY_NAMED.sub("", agency)
            if kind in (*BY_COUNTY, "constable"):
                for fips in counties:
                    self.by_county[kind, fips].append((ori, name))
                continue
            for loose, own in places(naming.normalized(name)).items():
                self.by_place[state, kind, loose, own].append((ori, set(counties)))

    def find(self, agency) -> tuple[str, str]:
        """ORI and grade, blank where no rule leaves exactly one candidate."""
        if agency.agency_kind in BY_COUNTY:
            return _only(self.by_county[agency.agency_kind, agency.home], "county")
        if agency.agency_kind == "constable":
            return self._constable(agency)
        for loose, own in places(agency.name).items():
            named = self.by_place[agency.state, agency.agency_kind, loose, own]
            near = [c for c in named if agency.home and agency.home in c[1]]
            if near:
                return _only(near, "name and county")
            unplaced = [c for c in named if not agency.home or c[1] == {""}]
            if unplaced:
                return _only(named, "name")
        return "", ""

    def _constable(self, agency) -> tuple[str, str]:
        number = PRECINCT.search(agency.name)
        same = [
            (ori, name)
            for ori, name in self.by_county["constable", agency.home]
            if number
            and (n := PRECINCT.search(naming.normalized(name)))
            and n[1] == number[1]
        ]
        return _only(same, "county and precinct")


def _only(candidates: list, grade: str) -> tuple[str, str]:
    return (candidates[0][0], grade) if len(candidates) == 1 else ("", "")


def _decided(
    table: pd.DataFrame, universe: pd.DataFrame, decided: pd.DataFrame, partial: bool
) -> pd.DataFrame:
    """Links with the decisions of the hand table; raises Refused for a bad one."""
    known = dict(zip(universe.ori, universe.state, strict=True))
    named = table.groupby(["state", "name"]).indices
    oris, grades = (
        table[name].to_numpy(object, copy=True) for name in ("ori", "grade")
    )
    reasons, times = np.full(len(table), "", dtype=object), Counter(oris)
    for row in decided.itertuples():
        hit = named.get((row.state, naming.normalized(row.agency)), ())
        if row.ori and known.get(row.ori) != row.state:
            _fail(row.Index, f"the FBI's list has no {row.ori} in {row.state}")
        if not len(hit) and not partial:
            _fail(row.Index, f"the register has no {row.agency} in {row.state}")
        # A row may give the reason why two names share an ORI that rules find
        if row.ori and times[row.ori] < 2 and any(oris[i] == row.ori for i in hit):
            _fail(row.Index, "the rules find the same; take the row out")
        for i in hit:
            times[oris[i]] -= 1
            times[row.ori] += 1
            oris[i], reasons[i] = row.ori, row.reason
            grades[i] = "hand" if row.ori else "not on the list"
    decisions = {"ori": oris, "grade": grades, "reason": reasons}
    for name, cells in decisions.items():
        table[name] = pd.Series(cells, index=table.index, dtype="str")
    return table


def _unshared(table: pd.DataFrame) -> pd.DataFrame:
    """Links without those of an ORI that two agencies share for no stated reason.

    Two names may be one agency or two: which, a person decides. Until then neither is
    linked, so that a new list never makes a false link, nor stops for it.
    """
    bare = table[(table.ori != "") & (table.reason == "")]
    shared = bare.index[bare.ori.duplicated(keep=False)]
    table.loc[shared, "ori"], table.loc[shared, "grade"] = "", "shared"
    return table


def sample(links: pd.DataFrame, size: int = 100, seed: int = 287) -> pd.DataFrame:
    """Linked agencies drawn at random, to be checked by eye: agency_id, ori, ..."""
    linked = links[links.ori != ""].sort_values("agency_id")
    return linked.sample(min(size, len(linked)), random_state=seed)


def with_counties(
    agreements: pd.DataFrame, links: pd.DataFrame, counties: pd.DataFrame
) -> pd.DataFrame:
    """Agreements with the county of the linked agency where the lists tell none.

    `county_from` says which it is: "list" (printed, decided, or in the agency's
    name), or "link".
    """
    table = agreements.copy()
    told = table.county_fips != ""
    linked = table.agency_id.map(links.set_index("agency_id").county_fips).fillna("")
    names = counties.set_index("fips").county
    table["county_fips"] = table.county_fips.where(told, linked)
    table["county"] = table.county.where(told, linked.map(names).fillna(""))
    source = pd.Series("list", index=table.index).where(told, "link")
    place = table.columns.get_loc("county_fips") + 1
    table.insert(place, "county_from", source.where(table.county_fips != "", ""))
    return table


def _fail(row: int, what: str) -> None:
    raise Refused(f"data/hand/{HAND}.csv, line {row + 2}: {what}")


def read_hand(folder: Path) -> pd.DataFrame:
    """The hand table of a folder; raises Refused for two decisions on one agency."""
    table = csv_text.read(folder / f"{HAND}.csv")
    twice = table[table.duplicated(["state", "agency"])]
    if len(twice):
        _fail(twice.index[0], "decides the same as a row above; take one out")
    return table

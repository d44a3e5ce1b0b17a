"""Rules for names that hold for every agency: spelling out, kind of agency, slugs.

A rule here is general (apostrophes, "Dept", "Sheriff's Office"). What is true of one
agency only is a decision, and stands with its reason in data/hand/.
"""

import re
import unicodedata
from functools import cache

WORDS = {
    "DEPT": "DEPARTMENT",
    "PD": "POLICE DEPARTMENT",
    "ST": "SAINT",
    "FT": "FORT",
    "TWP": "TOWNSHIP",
    "PCT": "PRECINCT",
    "DPS": "DEPARTMENT OF PUBLIC SAFETY",
    "CORRECTIONS": "CORRECTION",
    "SHERIFFS": "SHERIFF",
}
SHERIFF_OFFICE = re.compile(r"\bSHERIFF (?:OFFICES?|DEPARTMENT)\b")

# First rule that fits decides; the order goes from the particular to the general.
KINDS = (
    ("task force", r"\bTASK FORCE\b"),
    ("campus", r"\b(?:UNIVERSITY|COLLEGE|CAMPUS|SCHOOLS?|TRUSTEES)\b"),
    ("constable", r"\bCONSTABLES?\b"),
    ("sheriff", r"\bSHERIFF\b"),
    ("prosecutor", r"\b(?:COUNTY|DISTRICT|STATE) ATTORNEYS?\b|\bPROSECUT|\bSOLICITOR"),
    ("airport and port", r"\b(?:AIRPORT|PORT AUTHORITY|SEAPORT)\b"),
    (
        "corrections",
        r"\b(?:CORRECTION(?:AL)?|JAILS?|PRISONS?|DETENTION|PRISONER"
        r"|BOARD OF COUNTY COMMISSIONERS)\b",
    ),
    ("police", r"\b(?:POLICE|MARSHALS?|PUBLIC SAFETY|TOWN|CITY|VILLAGE|BOROUGH)\b"),
)


@cache  # the same names come back with every list
def normalized(agency: str) -> str:
    """Name in one spelling: upper case, no punctuation, common words spelled out."""
    plain = re.sub(r"[\u2018\u2019\u02bc'`\u00b4.]", "", agency)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    plain = plain.upper().replace("&", " AND ")
    words = re.sub(r"[^A-Z0-9]+", " ", plain).split()
    return SHERIFF_OFFICE.sub("SHERIFF", " ".join(WORDS.get(w, w) for w in words))


@cache
def trimmed(text: str) -> str:
    """Text without outer or doubled white space (no-break spaces included)."""
    return " ".join(text.split())


def kind(agency: str, level: str) -> str:
    """Kind of agency from its normalized name and level of government."""
    for name, pattern in KINDS:
        if re.search(pattern, agency):
            if name in ("police", "sheriff") and level == "state":
                return "state agency"
            return name
    return "state agency" if level == "state" else "other"


def level(agency: str, printed: str) -> str:
    """Level of government: as printed, but a sheriff is always that of a county.

    Without a printed level (lists before 21 February 2025) the name has to tell; a
    printed level without a meaning, and a name that tells none, are "unknown".
    """
    if re.search(r"\bSHERIFF\b", agency):
        return "county"
    if printed:
        return printed
    if re.search(r"\b(?:COUNTY|PARISH|DISTRICT|REGIONAL)\b", agency):
        return "county"
    if re.search(r"\b(?:STATE|DEPARTMENT OF (?:CORRECTION|PUBLIC SAFETY))\b", agency):
        return "state"
    local = r"\b(?:CITY|TOWN|VILLAGE|BOROUGH|TOWNSHIP|POLICE)\b"
    return "municipal" if re.search(local, agency) else "unknown"


def slug(text: str) -> str:
    """gulf-county-sheriff for GULF COUNTY SHERIFF."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

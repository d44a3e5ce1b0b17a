"""counties.csv with what is known of each county: votes, people, land."""

from pathlib import Path

import pandas as pd

from analysis_utils import csv_text

VOTES = "county/presidential_2024_by_county.csv"
CENSUS = "county/county_complete.csv"
DISTRICT = "11001"
BASE = ["fips", "state", "county", "aor_fy2019", "aor_2025", "note"]
COUNTS = {
    "votes_gop": "votes_republican_2024",
    "votes_dem": "votes_democratic_2024",
    "total_votes": "votes_2024",
}
FACTS = {
    "pop_2019": "population_2019",
    "hispanic_2019": "hispanic_2019",
    "foreign_born_2010": "foreign_born_2010",
    "white_not_hispanic_2019": "white_not_hispanic_2019",
    "black_2019": "black_2019",
    "bachelors_2019": "bachelors_2019",
    "median_household_income_2019": "household_income_2019",
    "area_2010": "area_2010",
    "density_2010": "density_2010",
    "metro_2013": "metro_2013",
}
WHOLE = ["population_2019", "household_income_2019", *COUNTS.values()]


def counties(raw: Path, data: Path) -> pd.DataFrame:
    """The counties of data/counties.csv with votes of 2024 and facts of the Census.

    Blank where the source has another geography: votes in Alaska (by state house
    district), facts in Connecticut (by the counties of old) and in the territories.
    """
    table = csv_text.read(data / "counties.csv")[BASE]
    facts = table[["fips"]].join(votes(raw), on="fips").join(census(raw), on="fips")
    facts[WHOLE] = facts[WHOLE].astype("Int64")
    metro = facts["metro_2013"].map({1.0: "True", 0.0: "False"})
    facts["metro_2013"] = metro.fillna("")
    note = table.pop("note")
    return table.join(facts.drop(columns="fips")).assign(note=note)


def votes(raw: Path) -> pd.DataFrame:
    """Votes of 2024 by FIPS code; the wards of the District of Columbia added up.

    Alaska's rows are left out: their numbers of state house districts look like
    codes of boroughs (02013, 02020) and are none.
    """
    table = pd.read_csv(raw / VOTES, dtype={"county_fips": str})
    table = table[table["state_name"] != "Alaska"]
    wards = table["state_name"] == "District of Columbia"
    fips = table["county_fips"].mask(wards, DISTRICT)
    return table.groupby(fips)[list(COUNTS)].sum().rename(columns=COUNTS)


def census(raw: Path) -> pd.DataFrame:
    """Facts of the Census Bureau by FIPS code; shares in per cent."""
    table = pd.read_csv(raw / CENSUS, dtype={"fips": str}, usecols=["fips", *FACTS])
    table["fips"] = table["fips"].str.zfill(5)
    return table.set_index("fips")[list(FACTS)].rename(columns=FACTS)

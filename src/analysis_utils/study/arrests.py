"""Arrests through 287(g) by month and ICE area, and the agreements there."""

import pandas as pd

from analysis_utils import datasets
from analysis_utils.asking import NotTestable, Refused

# The one agency of a divided state that neither its name nor a later list places: the
# city lies in Dallas, Denton and Collin counties, all of one ICE area.
COUNTY = {"TX-carrollton-police-department": "48113"}


def areas_of(register: pd.DataFrame) -> pd.Series:
    """ICE area of responsibility (2016-2019) of each agreement of a register.

    By county, where the agency's name or the later register names one; else by state.
    Raises Refused for an agency of a divided state whose county is not known.
    """
    counties = datasets.counties().query("aor_fy2019 != ''")
    bare = counties["county"].str.removesuffix(" County").str.removesuffix(" Parish")
    by_name = counties["aor_fy2019"].set_axis(counties["state"] + " " + bare)
    by_name = by_name[~by_name.index.duplicated()]
    later = datasets.agreements().drop_duplicates("agency_id").set_index("agency_id")
    county = register["agency_id"].map(later["county_fips"])
    county = county.fillna(register["agency_id"].map(COUNTY))
    key = register["state"] + " " + register["agency"].str.split(" County ").str[0]
    found = register["state"].map(_undivided(counties, "aor_fy2019"))
    found = found.fillna(county.map(counties.set_index("fips")["aor_fy2019"]))
    found = found.fillna(key.map(by_name))
    if found.isna().any():
        lost = register[found.isna()].iloc[0]
        raise Refused(f"no ICE area is known for {lost['agency']}, {lost['state']}")
    return found


def _undivided(counties: pd.DataFrame, column: str) -> pd.Series:
    """The area of each state that one area holds; missing for the others."""
    areas = counties.groupby("state")[column]
    return areas.first().where(areas.nunique() == 1)


def _held(
    months: pd.PeriodIndex, area: pd.Series, begin: pd.Series, gone: pd.Series
) -> pd.DataFrame:
    """Agreements begun and not gone by each month's end, by area; index: month."""
    there = {m: (begin <= m.end_time) & ~(gone <= m.end_time) for m in months}
    counts = {month: area[held].value_counts() for month, held in there.items()}
    return pd.DataFrame(counts).T.fillna(0).astype("int64").sort_index(axis=1)


def active_by_area(months: pd.PeriodIndex) -> pd.DataFrame:
    """Agreements signed and not known to have ended, by month's end and area."""
    register = datasets.early_register().query("status != 'ended, date unknown'")
    register = register[~(register["gone_by"] <= months[0].start_time)]
    return _held(months, areas_of(register), register["signed"], register["gone_by"])


def held_by_area(months: pd.PeriodIndex) -> pd.DataFrame:
    """Agreements on ICE's lists at the end of each month, by ICE area of 2025.

    By the agency's county, else by its state where one area holds all of it; agencies
    of a divided state without a county are left out.
    """
    counties = datasets.counties()
    agreements = datasets.agreements().set_index("agreement_id")
    area = agreements["county_fips"].map(counties.set_index("fips")["aor_2025"])
    area = area.fillna(agreements["state"].map(_undivided(counties, "aor_2025")))
    spells = datasets.spells()
    area = spells["agreement_id"].map(area)
    return _held(months, area, spells["first_listed"], spells["gone_by"])


def panel(first: str, last: str) -> pd.DataFrame:
    """One row for each area and month: area, month, arrests, all_arrests, agreements.

    Records that name no area ("HQ") are left out.
    """
    months = pd.period_range(first, last, freq="M")
    if months.empty:
        raise NotTestable(f"there is no month to count from {first} to {last}")
    parts = {}
    names = {"arrests": "ice_arrests_287g", "all_arrests": "ice_arrests"}
    for column, name in names.items():
        found = datasets.encounters(name, "area")
        found["month"] = found["date"].dt.to_period("M")
        found = found[found["month"].isin(months) & (found["geography"] != "HQ")]
        parts[column] = found.set_index(["geography", "month"])["value"]
    table = pd.DataFrame(parts).fillna(0).rename_axis(["area", "month"])
    return _with_agreements(table, active_by_area(months))


def recent_panel(counts: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """As `panel`, from data/arrests_by_method.csv: whole months from first to last.

    Arrests of no named area are left out.
    """
    counts = counts[counts["whole"] & ~counts["area"].isin(["", "HQ"])]
    counts = counts.assign(month=counts["date"].dt.to_period("M"))
    months = pd.period_range(first, last, freq="M").intersection(counts["month"])
    counts = counts[counts["month"].isin(months)]
    rows = {"arrests": counts[counts["method"] == "287(g)"], "all_arrests": counts}
    parts = {
        name: part.groupby(["area", "month"])["arrests"].sum()
        for name, part in rows.items()
    }
    areas = sorted(counts["area"].unique())
    index = pd.MultiIndex.from_product([areas, months], names=["area", "month"])
    table = pd.DataFrame(parts).reindex(index, fill_value=0).fillna(0)
    return _with_agreements(table, held_by_area(months))


def _with_agreements(table: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Rows by area and month, with the agreements there; zero where there is none."""
    pairs = held.stack().rename("agreements").rename_axis(["month", "area"])
    table = table.reset_index().join(pairs, on=["month", "area"])
    return table.fillna({"agreements": 0})

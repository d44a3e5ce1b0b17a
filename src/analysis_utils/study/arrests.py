"""Arrests through 287(g), 2015 to 2019: agreements by ICE area, dose and response."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis_utils import datasets, publish
from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.its import InterruptedTimeSeries, ITSResults
from analysis_utils.publish import charts, findings
from analysis_utils.publish.findings import Finding, rank_p
from analysis_utils.publish.style import COLOURS

# The one agency of a divided state that neither its name nor a later list places: the
# city lies in Dallas, Denton and Collin counties, all of one ICE area.
COUNTY = {"TX-carrollton-police-department": "48113"}


def areas_of(register: pd.DataFrame) -> pd.Series:
    """ICE area of responsibility (2016-2019) of each agreement of a register.

    By county, where the agency's name or the later register names one; else by state.
    Raises Refused for an agency of a divided state whose county is not known.
    """
    counties = datasets.counties()
    counties = counties[counties["aor_fy2019"] != ""]
    names = counties["state"] + " " + counties["county"].map(_bare)
    by_name = counties["aor_fy2019"].set_axis(names)
    by_name = by_name[~by_name.index.duplicated()]
    by_fips = counties.set_index("fips")["aor_fy2019"]
    whole = counties.groupby("state")["aor_fy2019"].agg(
        lambda names: names.iloc[0] if names.nunique() == 1 else None
    )
    fips = datasets.agreements().drop_duplicates("agency_id").set_index("agency_id")
    found = register["state"].map(whole)
    county = register["agency_id"].map(fips["county_fips"])
    county = county.fillna(register["agency_id"].map(COUNTY))
    found = found.fillna(county.map(by_fips))
    key = register["state"] + " " + register["agency"].str.split(" County ").str[0]
    found = found.fillna(key.map(by_name))
    if found.isna().any():
        lost = register[found.isna()].iloc[0]
        raise Refused(f"no ICE area is known for {lost['agency']}, {lost['state']}")
    return found


def _bare(county: str) -> str:
    return county.removesuffix(" County").removesuffix(" Parish")


def active_by_area(months: pd.PeriodIndex) -> pd.DataFrame:
    """Agreements signed and not known to have ended, by month's end and area."""
    register = datasets.early_register()
    register = register[register["status"] != "ended, date unknown"]
    register = register[~(register["gone_by"] <= months[0].start_time)]
    area = areas_of(register)
    columns = {}
    for month in months:
        end = month.end_time
        there = (register["signed"] <= end) & ~(register["gone_by"] <= end)
        columns[month] = area[there].value_counts()
    return pd.DataFrame(columns).T.fillna(0).astype("int64").sort_index(axis=1)


def panel(first: str, last: str) -> pd.DataFrame:
    """One row for each area and month: area, month, arrests, all_arrests, agreements.

    Records that name no area ("HQ") are left out.
    """
    months = pd.period_range(first, last, freq="M")
    if months.empty:
        raise NotTestable(f"there is no month to count from {first} to {last}")
    active = active_by_area(months)
    parts = {}
    names = {"arrests": "ice_arrests_287g", "all_arrests": "ice_arrests"}
    for column, name in names.items():
        found = datasets.encounters(name, "area")
        found["month"] = found["date"].dt.to_period("M")
        found = found[found["month"].isin(months) & (found["geography"] != "HQ")]
        parts[column] = found.set_index(["geography", "month"])["value"]
    table = pd.DataFrame(parts).fillna(0).rename_axis(["area", "month"]).reset_index()
    pairs = active.stack().rename("agreements").rename_axis(["month", "area"])
    return table.join(pairs, on=["month", "area"]).fillna({"agreements": 0})


def held_by_area(months: pd.PeriodIndex) -> pd.DataFrame:
    """Agreements on ICE's lists at the end of each month, by ICE area of 2025.

    By the agency's county, else by its state where one area holds all of it; agencies
    of a divided state without a county are left out.
    """
    counties = datasets.counties()
    whole = counties.groupby("state")["aor_2025"].agg(
        lambda names: names.iloc[0] if names.nunique() == 1 else None
    )
    by_fips = counties.set_index("fips")["aor_2025"]
    agreements = datasets.agreements().set_index("agreement_id")
    area = agreements["county_fips"].map(by_fips)
    area = area.fillna(agreements["state"].map(whole))
    spells = datasets.spells()
    spells["area"] = spells["agreement_id"].map(area)
    columns = {}
    for month in months:
        end = month.end_time
        there = (spells["first_listed"] <= end) & ~(spells["gone_by"] <= end)
        columns[month] = spells["area"][there].value_counts()
    return pd.DataFrame(columns).T.fillna(0).astype("int64").sort_index(axis=1)


def recent_panel(counts: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """As `panel`, from data/arrests_by_method.csv: whole months from first to last.

    Arrests of no named area are left out.
    """
    counts = counts[counts["whole"] & ~counts["area"].isin(["", "HQ"])]
    counts = counts.assign(month=counts["date"].dt.to_period("M"))
    months = pd.period_range(first, last, freq="M").intersection(counts["month"])
    counts = counts[counts["month"].isin(months)]
    index = pd.MultiIndex.from_product(
        [sorted(counts["area"].unique()), months], names=["area", "month"]
    )
    program = counts[counts["method"] == "287(g)"]
    parts = {
        "arrests": program.groupby(["area", "month"])["arrests"].sum(),
        "all_arrests": counts.groupby(["area", "month"])["arrests"].sum(),
    }
    table = pd.DataFrame(parts).reindex(index, fill_value=0).fillna(0).reset_index()
    held = held_by_area(months).stack().rename("agreements")
    held = held.rename_axis(["month", "area"])
    return table.join(held, on=["month", "area"]).fillna({"agreements": 0})


def without_area(table: pd.DataFrame) -> int:
    """Arrests through 287(g) in the months of a panel whose records name no area."""
    months = table["month"].unique()
    nation = datasets.encounters("ice_arrests_287g", "nation")
    counted = nation["value"][nation["date"].dt.to_period("M").isin(months)]
    return int(counted.sum() - table["arrests"].sum())


def risen(table: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Means by area before and from the month after a day: arrests and agreements.

    Columns before, after (arrests a month), held_before, held_after (agreements);
    sorted by the rise of arrests, largest first. Raises NotTestable if the months lie
    on one side of the day.
    """
    after = table["month"] > day.to_period("M")
    if after.nunique() < 2:
        first, last = table["month"].min(), table["month"].max()
        raise NotTestable(
            f"{first} to {last} lie on one side of {day:%Y-%m-%d}: choose months "
            "before and after it"
        )
    means = table.groupby(["area", after])[["arrests", "agreements"]].mean().unstack()
    means.columns = ["before", "after", "held_before", "held_after"]
    order = (means["before"] - means["after"]).sort_values(kind="stable").index
    return means.loc[order]


def direction(area: pd.Series) -> str:
    """Whether arrests per agreement rose, fell or cannot be told; a row of `risen`."""
    if not (area["held_before"] and area["held_after"]):
        return "cannot be told, for lack of agreements"
    before = area["before"] / area["held_before"]
    return "rose" if area["after"] / area["held_after"] > before else "did not rise"


def described(by_area: pd.DataFrame, areas: list[str]) -> str:
    """Agreements at both ends and arrests of areas, in words."""
    return "; ".join(
        f"{name}: {row['first']:.0f} agreements at first, {row['last']:.0f} at last, "
        f"{row['arrests']:,.0f} arrests"
        for name, row in by_area.loc[areas].iterrows()
    )


def against_permutation(p: float, permuted: float) -> str:
    """Whether p of the clustered interval and of permutations agree at 0.05."""
    agree = "agree" if (p < 0.05) == (permuted < 0.05) else "do not agree"
    return (
        f"permuting courses of agreements over areas gives p = {permuted:.3f}; "
        f"this p and that of the clustered interval, {p:.3f}, {agree} at 0.05"
    )


def with_dose(table: pd.DataFrame, lag: int = 0, drop: str = "") -> pd.DataFrame:
    """Rows of a panel that E5 is estimated from, with `dose`, log(1 + agreements).

    Areas without any arrest say nothing and are left out. lag: months by which
    agreements come before; drop: an area left out.
    """
    used = table[table["area"] != drop].sort_values(["area", "month"])
    dose = np.log1p(used["agreements"]).groupby(used["area"]).shift(lag)
    used = used.assign(dose=dose).dropna(subset="dose")
    return used[used.groupby("area")["arrests"].transform("sum") > 0]


def permutation_p(table: pd.DataFrame, draws: int = 9999, seed: int = 287) -> float:
    """Rank of the score of the dose when areas are given each other's courses.

    Few areas change, so that the clustered interval may be too narrow; this is exact
    if it does not matter which area has which course of agreements. The score is the
    sum of dose times residual of the model without dose.
    """
    used = table[table.groupby("area")["arrests"].transform("sum") > 0]
    wide = used.pivot(index="area", columns="month", values="arrests")
    margins = np.outer(wide.sum(axis=1), wide.sum(axis=0)) / wide.to_numpy().sum()
    agreements = used.pivot(index="area", columns="month", values="agreements")
    products = (wide - margins).to_numpy() @ np.log1p(agreements).to_numpy().T
    own = np.arange(len(products))
    orders = np.random.default_rng(seed).permuted(np.tile(own, (draws, 1)), axis=1)
    scores = products[own, orders].sum(axis=1)
    return rank_p(np.trace(products), scores, scores.mean())


def ways(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of other doses and outcomes, and without each larger area, by name."""
    others = table.assign(arrests=table["all_arrests"] - table["arrests"])
    rows = {
        "as specified": with_dose(table),
        "agreements one month before": with_dose(table, lag=1),
        "agreements three months before": with_dose(table, lag=3),
        "ICE arrests by other methods": with_dose(others),
    }
    size = table.groupby("area")["arrests"].sum().sort_values(ascending=False)
    without = {
        f"without {area}": with_dose(table, drop=area) for area in size.index[:6]
    }
    return rows | without


def draw_areas(axes: np.ndarray, table: pd.DataFrame, areas: list[str]) -> pd.DataFrame:
    """Arrests (above) and agreements (below) by month, one column an area."""
    shown = table[table["area"].isin(areas)].copy()
    shown["month"] = shown["month"].dt.start_time
    for (top, bottom), area in zip(axes.T, areas, strict=True):
        part = shown[shown["area"] == area]
        top.plot(part["month"], part["arrests"], color=COLOURS["observed"])
        bottom.step(
            part["month"], part["agreements"], color=COLOURS["fitted"], where="post"
        )
        bottom.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        top.set_title(area)
        for ax in (top, bottom):
            ax.set_ylim(0, 1.15 * max(ax.get_ylim()[1], 1))
            years = pd.date_range(part["month"].min(), part["month"].max(), freq="YS")
            ax.set_xticks(years, years.year.astype(str))
    axes[0, 0].set_ylabel("Arrests a month")
    axes[1, 0].set_ylabel("Agreements")
    return shown


def national_share(
    first: str, last: str, method: str = "ice_arrests_287g"
) -> pd.Series:
    """Arrests by one method in per cent of all ICE arrests, by month."""
    counts = {
        name: datasets.encounters(name, "nation").set_index("date")["value"]
        for name in (method, "ice_arrests")
    }
    share = 100 * counts[method] / counts["ice_arrests"]
    share = share.set_axis(share.index.to_period("M"))
    return share.loc[first:last].rename("share of arrests")


def slope_a_year(result: ITSResults) -> Finding:
    """Slope of a linear trend by month, times twelve."""
    slope, se = 12 * result.params["time"], 12 * result.bse["time"]
    return Finding.normal(slope, se, df=result.df_resid, n=result.nobs)


def trends(first: str, last: str) -> pd.DataFrame:
    """Slope of the share a year under other errors, spans and methods of arrest."""
    share = national_share(first, last)
    local = national_share(first, last, "ice_arrests_cap_local")
    ways = {
        "as specified": (share, "reml-ar1"),
        "OLS": (share, "ols"),
        "Newey-West": (share, "newey-west"),
        "without the first year": (share.iloc[12:], "reml-ar1"),
        "without the last year": (share.iloc[:-12], "reml-ar1"),
        "arrests in local jails without 287(g)": (local, "reml-ar1"),
    }
    found = {
        name: slope_a_year(InterruptedTimeSeries(y, (), errors=errors).fit())
        for name, (y, errors) in ways.items()
    }
    return findings.table(found, "months")


def draw_share(ax: Axes, share: pd.Series) -> pd.DataFrame:
    """Share by month, and its mean over twelve months about each; returns both."""
    middle = share.rolling(13, center=True).apply(_twelve, raw=True)
    shown = pd.DataFrame({"observed": share, "mean of twelve months": middle})
    shown = publish.rounded(shown.set_axis(shown.index.start_time.rename("date")))
    ax.plot(shown.index, shown["observed"], "o", ms=3, color=COLOURS["observed"])
    ax.plot(shown.index, shown["mean of twelve months"], color=COLOURS["fitted"])
    ax.set_ylim(bottom=0)
    charts.dates(ax)
    return shown


def _twelve(window: np.ndarray) -> float:
    """Mean of twelve months centred on a month: its first and last count half."""
    weights = np.r_[0.5, np.ones(11), 0.5]
    return float(window @ weights / 12)

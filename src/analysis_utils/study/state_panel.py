"""Agreements and encounters or arrests by state and month; groups of states."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable

TEN_AGENCIES = 10  # a dose of one: one agreement more for each ten agencies
ASK = (
    "ICE's arrests by state, month and method are not in this repository: get a "
    "release of arrest records from the Deportation Data Project, then run `make "
    "arrests FILE=path` and `make all`."
)


def held_by_state(first: str, last: str, as_of: str | None = None) -> pd.DataFrame:
    """Agreements in force at the end of each whole month, by state (50); index: month.

    A state without any agreement in the span has zeros.
    """
    end = min(pd.Period(last, "M").end_time.normalize(), series.last_day(as_of))
    counts = series.active(basis="listing", by="state", as_of=as_of, end=end)
    counts.index = counts.index.to_period("M")
    if end < counts.index[-1].end_time.normalize():
        counts = counts.iloc[:-1]  # that month was not over
    states = datasets.states().query("kind == 'state'")["state"]
    return counts.loc[first:last].reindex(columns=sorted(states), fill_value=0)


def encounters_panel(
    first: str, last: str, as_of: str | None = None, least: float = 0.5
) -> pd.DataFrame:
    """One row for each state and month: encounters, agreements, dose, outcome.

    `outcome` is log(1 + CBP encounters), `dose` agreements for each ten agencies.
    States with an encounter in fewer than `least` of the months are left out.
    """
    held = held_by_state(first, last, as_of)
    table = datasets.encounters("cbp_encounters", "state")
    wide = table.pivot(index="date", columns="geography", values="value")
    wide = wide.set_axis(wide.index.to_period("M")).reindex(held.index)
    states = [s for s in held if s in wide and (wide[s] > 0).mean() >= least]
    agencies = datasets.states().set_index("state")["agencies"]
    parts = {"encounters": wide[states], "agreements": held[states]}
    parts["dose"] = TEN_AGENCIES * held[states] / agencies[states]
    parts["outcome"] = np.log1p(wide[states].astype(float))
    return long(parts)


def long(parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of months by states as one, a row for each state and month."""
    stacked = {name: part.stack() for name, part in parts.items()}
    table = pd.DataFrame(stacked).rename_axis(["month", "state"]).reset_index()
    return table.sort_values(["state", "month"], ignore_index=True)


def arrests_panel(
    counts: pd.DataFrame, first: str, last: str, method: str | None = None
) -> pd.DataFrame:
    """One row for each state and whole month: arrests, agreements, log_agreements.

    `counts` is data/arrests_by_method.csv; `method` one of its methods, None for all.
    A state and month without a row has no arrest. Raises NotTestable if it is empty, or
    has no whole month of the span.
    """
    if counts.empty:
        raise NotTestable(ASK)
    whole = counts[counts["whole"] & (counts["state"] != "")]
    months = whole["date"].dt.to_period("M")
    held = held_by_state(first, last)
    held = held.loc[(held.index >= months.min()) & (held.index <= months.max())]
    if held.empty:
        raise NotTestable(f"the file has no whole month from {first} to {last}")
    chosen = whole if method is None else whole[whole["method"] == method]
    sums = chosen.groupby([chosen["date"].dt.to_period("M"), "state"])["arrests"].sum()
    arrests = sums.unstack().reindex(index=held.index, columns=held.columns)
    parts = {"arrests": arrests.fillna(0).astype("int64"), "agreements": held}
    parts["log_agreements"] = np.log1p(held)
    return long(parts)


def groups_of_states() -> pd.Series:
    """Name of the group of each state: the smallest sets of whole states that share no
    ICE area (2016 to 2019) with another set; index: state."""
    counties = datasets.counties()
    counties = counties[counties["aor_fy2019"] != ""]
    pairs = counties[["state", "aor_fy2019"]].drop_duplicates()
    state, states = pd.factorize(pairs["state"], sort=True)
    area, areas = pd.factorize(pairs["aor_fy2019"], sort=True)
    ones = np.ones(len(pairs))
    size = len(states) + len(areas)
    graph = coo_matrix((ones, (state, len(states) + area)), shape=(size, size))
    _, member = connected_components(graph, directed=False)
    named = pd.Series(member[len(states) :], areas).groupby(member[len(states) :])
    names = {group: " + ".join(sorted(part.index)) for group, part in named}
    return pd.Series([names[m] for m in member[: len(states)]], states)


def long_difference(early: str, late: str, as_of: str | None = None) -> pd.DataFrame:
    """One row a group of states (with the District): per_agency, before, since, change.

    early, late: months, as in "2015-10 to 2016-09"; the later ones are those that
    data/published_figures.csv counts. `per_agency`: agreements in force per law
    enforcement agency. `before`, `since`: ICE arrests a month for 1,000 non-citizens
    in these months. `change`: log of since over before.
    """
    first, last = (
        pd.period_range(*span.split(" to "), freq="M") for span in (early, late)
    )
    group = groups_of_states()
    states = datasets.states().set_index("state")
    states = states[states["kind"].isin(["state", "district"])]
    held = series.agreements_known(as_of)
    held = held[held["gone_by"].isna()].groupby("state").size()
    figures = datasets.published_figures()
    figures = figures.query("figure == 'ice_arrests_by_state_ddp'")
    since = figures.set_index("geography")["value"]
    table = pd.DataFrame(
        {
            "agreements": held.reindex(states.index, fill_value=0),
            "agencies": states["agencies"],
            "noncitizens": states["noncitizens"],
            "since": since.reindex(states.index),
        }
    )
    table = table.groupby(group.reindex(states.index)).sum(min_count=1)
    area = datasets.encounters("ice_arrests", "area")
    area = area[area["date"].dt.to_period("M").isin(first)]
    of_area = {name: key for key in table.index for name in key.split(" + ")}
    table["before"] = area.groupby(area["geography"].map(of_area))["value"].sum()
    thousand = table["noncitizens"] / 1000
    frame = pd.DataFrame({"per_agency": table["agreements"] / table["agencies"]})
    frame["before"] = table["before"] / len(first) / thousand
    frame["since"] = table["since"] / len(last) / thousand
    frame["change"] = np.log(frame["since"] / frame["before"])
    return frame.assign(agreements=table["agreements"]).rename_axis("group")

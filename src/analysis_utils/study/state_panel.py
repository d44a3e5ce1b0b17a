"""Agreements and encounters or arrests by state and month; groups of states."""

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.panel import PanelResult, balanced, panel_association
from analysis_utils.methods.randomisation import exchange_interval
from analysis_utils.publish import Finding
from analysis_utils.publish.style import COLOURS

TEN_AGENCIES = 10  # a dose of one: one agreement more for each ten agencies
ASK = (
    "ICE's arrests by state, month and method are not in this repository: get a "
    "release of arrest records from the Deportation Data Project, then run `make "
    "arrests FILE=path` and `make all`."
)

# A library that this panel uses logs at INFO, and the PDF fonts then fill a cell.
logging.getLogger("fontTools").setLevel(logging.WARNING)


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
    return _long(parts)


def _long(parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    stacked = {name: part.stack() for name, part in parts.items()}
    table = pd.DataFrame(stacked).rename_axis(["month", "state"]).reset_index()
    return table.sort_values(["state", "month"], ignore_index=True)


def arrests_panel(
    counts: pd.DataFrame, first: str, last: str, method: str | None = None
) -> pd.DataFrame:
    """One row for each state and whole month: arrests, agreements, log_agreements.

    `counts` is data/arrests_by_method.csv; `method` one of its methods, None for all.
    A state and month without a row has no arrest. Raises NotTestable if it is empty.
    """
    if counts.empty:
        raise NotTestable(ASK)
    whole = counts[counts["whole"] & (counts["state"] != "")]
    months = whole["date"].dt.to_period("M")
    held = held_by_state(first, last)
    held = held.loc[(held.index >= months.min()) & (held.index <= months.max())]
    chosen = whole if method is None else whole[whole["method"] == method]
    sums = chosen.groupby([chosen["date"].dt.to_period("M"), "state"])["arrests"].sum()
    arrests = sums.unstack().reindex(index=held.index, columns=held.columns)
    parts = {"arrests": arrests.fillna(0).astype("int64"), "agreements": held}
    parts["log_agreements"] = np.log1p(held)
    return _long(parts)


def shifted(table: pd.DataFrame, column: str, months: int) -> pd.Series:
    """A column as it is `months` later (negative: earlier) in the same state."""
    return table.groupby("state")[column].shift(-months)


def projections(
    table: pd.DataFrame, horizons: Iterable[int], errors: str = "cluster"
) -> dict[int, PanelResult]:
    """Local projections: outcome[t+h] - outcome[t-1] on the change of dose at t.

    State and month effects; Jordà 2005, AER 95:161. The horizon of -1 is zero by
    construction and left out. State effects make the estimate low by about h / T of
    itself, because the months after a rise are in the state's mean.
    """
    change = table.groupby("state")["dose"].diff()
    before = shifted(table, "outcome", -1)
    found = {}
    for horizon in horizons:
        if horizon == -1:
            continue
        response = shifted(table, "outcome", horizon) - before
        rows = table.assign(response=response, change=change)
        rows = rows.dropna(subset=["response", "change"])
        found[horizon] = panel_association(
            rows, "response", "change", unit="state", time="month", errors=errors
        )
    return found


def finding(result: PanelResult, units: str = "") -> Finding:
    """The first coefficient of a panel regression, or why it has no interval."""
    name = result.params.index[0]
    effective = f"{result.effective_clusters[name]:.1f} effective states"
    if result.refusals[name]:
        return Finding(
            float(result.params[name]), n=result.nobs, note=result.refusals[name]
        )
    found = Finding.normal(
        float(result.params[name]), float(result.bse[name]),
        df=float(result.df_resid[name]), n=result.nobs, units=units,
    )  # fmt: skip
    return Finding(**(vars(found) | {"note": effective}))


def randomised(
    table: pd.DataFrame,
    horizon: int,
    draws: int = 1999,
    seed: int = 287,
    units: str = "",
) -> Finding:
    """The projection at one horizon, tested by giving states each other's courses.

    Exact if it does not matter which state has which course of agreements: it holds
    where one or two states carry the estimate and errors by cluster do not. The
    interval holds the effects, the same for every state, that this test does not
    reject; beyond those tried (20 standard deviations of its draws) it is open.
    """
    y, x, on_y, on_x = _exchanged(table, horizon, draws, seed)
    size = float((x**2).sum())
    estimate = float((x * y).sum()) / size
    interval = exchange_interval(estimate, on_y, on_x, reach=20)
    rank = publish.findings.rank_p(estimate, on_y, float(on_y.mean()))
    note = "interval and p by permutation of courses of agreements over states"
    return Finding(estimate, interval, rank, y.size, units, note)


def _exchanged(table: pd.DataFrame, horizon: int, draws: int, seed: int):
    """Response and change of dose, demeaned, and their coefficient when states exchange
    courses: of the response, and of the dose itself, for each draw."""
    wide = table.pivot(index="month", columns="state", values="outcome")
    dose = table.pivot(index="month", columns="state", values="dose").diff()
    response = (wide.shift(-horizon) - wide.shift(1)).dropna()
    rows = response.index.intersection(dose.dropna().index)
    y, x = (balanced(part.loc[rows].to_numpy()) for part in (response, dose))
    own = np.arange(x.shape[1])
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(own, (draws, 1)), axis=1)
    size = float((x**2).sum())
    on_y, on_x = ((x.T @ z)[orders, own].sum(axis=1) / size for z in (y, x))
    return y, x, on_y, on_x


def projected(
    result: PanelResult, table: pd.DataFrame, horizon: int, seed: int, units: str = ""
) -> Finding:
    """A projection by errors clustered by state; by permutation where few carry it."""
    found = finding(result, units)
    return (
        found if found.interval else randomised(table, horizon, seed=seed, units=units)
    )


def draw_projections(ax: Axes, found: pd.DataFrame) -> Axes:
    """Response by months before and after; index: horizon; estimate, low, high."""
    at = found.index.to_numpy()
    ax.axhline(0, color=COLOURS["event"], lw=0.7)
    ax.axvline(-0.5, color=COLOURS["event"], lw=0.7, ls=(0, (4, 3)))
    ax.vlines(at, found["low"], found["high"], color=COLOURS["fitted"], lw=1)
    ax.plot(at, found["estimate"], "o", color=COLOURS["fitted"])
    ax.set_xticks(sorted({*at.tolist(), -1}))
    ax.set_xlabel("Months after the rise of agreements (before: negative)")
    return ax


def detectable(table: pd.DataFrame, horizon: int, seed: int = 287) -> float:
    """Smallest response found with 80 % power by permutation of courses over states.

    An effect of size b moves the statistic by b; the test rejects beyond the quantile
    of 97.5 % of its draws, whose spread it keeps: quantile plus 0.84 standard errors.
    """
    _, _, draws, _ = _exchanged(table, horizon, 999, seed)
    draws = draws - draws.mean()
    return float(np.quantile(np.abs(draws), 0.95) + 0.8416 * draws.std())


# Groups of states that share no ICE area


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

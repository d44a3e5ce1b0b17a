"""Who signs, and when: agencies at risk by week, their hazards and what they rest on.

The tables that a hazard is fitted to, the randomisation of state acts, simulated
designs. Drawing is in `adoption_figures`, forecasts in `predictions.hazard`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils import panel
from analysis_utils.asking import NotTestable
from analysis_utils.methods.hazards import HazardResults, fit_hazard
from analysis_utils.methods.randomisation import (
    Randomisation,
    additive,
    invert,
    randomise,
    score_contributions,
    score_variances,
)
from analysis_utils.publish import Finding

COVARIATES = [*panel.FACTS, "log_officers", "neighbours"]
WORDS = {
    "republican": "Republican vote, 10 points more",
    "hispanic": "Hispanic share, 10 points more",
    "foreign_born": "Born abroad, 10 points more",
    "log_population": "County 2.7 times as large",
    "metro": "Metropolitan county",
    "log_officers": "Agency 2.7 times as large",
    "neighbours": "All neighbours have signed",
    "mandate_signed": "Mandate signed, not in force",
    "mandate_in_force": "Mandate in force",
    "own_other": "Has a jail or warrant agreement",
}
CARRY = ["state", "agency_kind", "county_fips", *panel.FACTS, "log_officers"]
EFFECT_RANGE = (np.log(1 / 50), np.log(50))


def first_agreements(
    as_of: str | None = None,
    kinds: Sequence[str] = ("sheriff", "police"),
    lag: int = 4,
) -> pd.DataFrame:
    """Intervals of agencies at risk of a first agreement of any model.

    Columns: unit (ORI), entry, exit (weeks), event, state, agency_kind, county_fips,
    facts, log_officers, neighbours, and mandates of the agency's own kind.
    """
    last = panel.last_week(as_of)
    every = panel.agencies(kinds)
    signed = panel.signed_weeks(as_of)
    first = signed.groupby("ori")["week"].min()
    table = panel.at_risk(every[every["complete"]], first, last, CARRY)
    table = panel.cut(table, panel.neighbour_steps(by_county(signed), lag), _COUNTY)
    return with_mandates(table, last)


def task_force(as_of: str | None = None, lag: int = 4) -> pd.DataFrame:
    """Intervals of sheriffs at risk of a task force agreement, with `own_other`.

    own_other : 1 from `lag` weeks after a jail or warrant agreement was signed.
    """
    last = panel.last_week(as_of)
    every = panel.agencies(("sheriff",))
    signed = panel.signed_weeks(as_of)
    joined = signed[signed["model"] == "TFM"].set_index("ori")["week"]
    table = panel.at_risk(every[every["complete"]], joined, last, CARRY)
    table = panel.cut(table, panel.neighbour_steps(by_county(signed), lag), _COUNTY)
    other = signed[signed["model"] != "TFM"].groupby("ori")["week"].min() + lag
    return panel.cut(table, _switch_steps(table["unit"], other, "own_other"), "unit")


def with_mandates(
    table: pd.DataFrame, last: int, duty_of: str | None = None
) -> pd.DataFrame:
    """The intervals cut where a mandate is signed or comes into force.

    duty_of : give agencies the mandates of another kind (a placebo); None: their own.
    """
    kind = table["agency_kind"] if duty_of is None else duty_of
    table = table.assign(duty=table["state"] + " " + kind)
    steps = panel.mandate_steps(last)
    none = pd.DataFrame({"duty": table["duty"].unique(), "week": panel.EVER})
    steps = pd.concat([steps, none[~none["duty"].isin(steps["duty"])]]).fillna(0.0)
    old = [name for name in steps.columns if name in table and name != "duty"]
    return panel.cut(table.drop(columns=old), steps, "duty").drop(columns="duty")


_COUNTY = "county_fips"


@cache
def _county_of() -> pd.Series:
    every = panel.agencies()
    return every.set_index("ori")["county_fips"]


def by_county(signed: pd.DataFrame) -> pd.Series:
    """Week of the first agreement of a sheriff or municipal police by county."""
    county = signed["ori"].map(_county_of())
    return signed.groupby(county)["week"].min()


def _switch_steps(units: Iterable, week: pd.Series, name: str) -> pd.DataFrame:
    """Steps of a value that is 0, and 1 from a week on where there is one."""
    every = pd.Index(pd.unique(pd.Series(units)))
    none = pd.DataFrame({"unit": every, "week": panel.EVER, name: 0.0})
    found = week[week.index.isin(every)].clip(lower=panel.EVER).astype(int)
    on = pd.DataFrame({"unit": found.index, "week": found.to_numpy(), name: 1.0})
    return pd.concat([none, on]).drop_duplicates(["unit", "week"], keep="last")


def ratio(fit: HazardResults, name: str) -> Finding:
    """A hazard ratio with its t interval by clusters."""
    groups = fit.sets.table[fit.columns.cluster].nunique()
    b, se = float(fit.params[name]), float(fit.bse[name])
    return Finding.ratio(b, se, groups - 1, n=fit.n_at_risk)


def without_each_state(
    fit: Callable[[pd.DataFrame], HazardResults],
    table: pd.DataFrame,
    names: Sequence[str],
    least: int = 10,
) -> dict[str, dict[str, Finding]]:
    """Ratios without one state, for each state with `least` signings or more."""
    events = table.groupby("state")["event"].sum()
    found = {}
    for state in events[events >= least].index:
        made = fit(table[table["state"] != state])
        found[state] = {name: ratio(made, name) for name in names}
    return found


def exchange_p(
    table: pd.DataFrame, name: str, draws: int = 1999, seed: int = 287
) -> float:
    """p of a county's covariate, exchanged among the counties of each state.

    A score test: the model is fitted without the covariate, and its residuals by county
    are multiplied with the covariate of another county of the state. It does not rest
    on how many states hold the information, as errors clustered by state do.
    """
    others = [other for other in COVARIATES if other != name]
    fit = fit_hazard(table, others, strata=["state", "agency_kind"])
    sums, labels = fit.residual_sums(["state", _COUNTY])
    fips = labels.get_level_values(_COUNTY)
    x = table.groupby(_COUNTY)[name].first().reindex(fips).to_numpy()
    residual = sums.sum(axis=1)
    test = randomise(
        lambda orders: x[orders] @ residual,
        x,
        strata=labels.get_level_values("state"),
        draws=draws,
        seed=seed,
    )
    # in a state the residuals do not add up to 0, so that the mean is not 0 either
    centred = np.abs(test.draws - test.draws.mean())
    extreme = centred >= abs(test.observed - test.draws.mean())
    return float((1 + extreme.sum()) / (1 + draws))


def exchanged(
    table: pd.DataFrame, columns: Sequence[str], seed: int = 287
) -> pd.DataFrame:
    """Facts of each county exchanged at random with another county of its state."""
    rng = np.random.default_rng(seed)
    by_county = table.groupby(_COUNTY)[["state", *columns]].first()
    moved = by_county.copy()
    for _, part in by_county.groupby("state"):
        order = rng.permutation(len(part))
        moved.loc[part.index, list(columns)] = part[list(columns)].to_numpy()[order]
    made = table.drop(columns=list(columns))
    return made.merge(moved[list(columns)], left_on=_COUNTY, right_index=True)


def neighbours_exchanged(
    table: pd.DataFrame, as_of: str | None = None, lag: int = 4, seed: int = 287
) -> pd.DataFrame:
    """Intervals with the neighbours' history of another county of the same state."""
    rng = np.random.default_rng(seed)
    steps = panel.neighbour_steps(by_county(panel.signed_weeks(as_of)), lag)
    state = table.groupby(_COUNTY)["state"].first()
    source: dict[str, str] = {}
    for _, part in state.groupby(state):
        source |= dict(zip(part.index, rng.permutation(part.index), strict=True))
    lent = steps.rename(columns={_COUNTY: "lender"})
    whole = whole_spells(table).assign(lender=lambda t: t[_COUNTY].map(source))
    return panel.cut(whole.drop(columns="neighbours"), lent, "lender")


def whole_spells(table: pd.DataFrame) -> pd.DataFrame:
    """One interval for each unit again, with the facts that do not change."""
    table = table.sort_values(["unit", "entry"])
    ends = table.groupby("unit").agg(
        entry=("entry", "min"), exit=("exit", "max"), event=("event", "max")
    )
    rest = table.drop_duplicates("unit").drop(columns=["entry", "exit", "event"])
    return rest.merge(ends, left_on="unit", right_index=True).reset_index(drop=True)


def to_the_end(table: pd.DataFrame, as_of: str | None, lag: int) -> pd.DataFrame:
    """The same agencies, as they would have stayed at risk had nobody signed."""
    last = panel.last_week(as_of)
    whole = whole_spells(table).assign(exit=last, event=0).drop(columns="neighbours")
    steps = panel.neighbour_steps(by_county(panel.signed_weeks(as_of)), lag)
    return panel.cut(whole, steps, _COUNTY)


def detectable_ratios(
    table: pd.DataFrame,
    full: pd.DataFrame,
    names: Sequence[str],
    level: float,
    draws: int = 40,
    seed: int = 287,
    covariates: Sequence[str] = COVARIATES,
) -> pd.Series:
    """Hazard ratios found with 80 % power: designs in which chance alone decides.

    full : the agencies as if nobody had signed (`to_the_end`). In each draw as many
    agencies of a state and kind sign in each week as did, but which ones is left to
    chance; the spread of the estimates, times the t quantile at `level` plus that of
    the power, is the logarithm of the ratio. Only margins of the outcome are used, not
    who signed. Dependence within states beyond the margins is not simulated: the ratios
    are lower bounds.
    """
    slots = table[table["event"] == 1].groupby(["state", "agency_kind", "exit"]).size()
    strata = pd.MultiIndex.from_frame(full[["state", "agency_kind"]])
    full = full[strata.isin(slots.index.droplevel("exit"))]  # others say nothing
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        drawn = _signed_by_chance(full, slots, rng)
        try:
            made = fit_hazard(drawn, covariates, strata=["state", "agency_kind"])
        except NotTestable:  # few signings, all at one end of a covariate
            continue
        found.append(made.params[list(names)])
    if len(found) < draws / 2:
        return pd.Series(np.nan, list(names))
    spread = pd.DataFrame(found).std()
    df = table.loc[table["event"] == 1, "state"].nunique() - 1
    reach = stats.t.isf((1 - level) / 2, df) + stats.norm.ppf(0.8)
    return np.exp(reach * spread)


def margins_of_switch(
    table: pd.DataFrame, level: float, draws: int = 40, seed: int = 287
) -> float:
    """As `detectable_ratios`, for `own_other` of the table of `task_force`.

    Who had another agreement, and since when, is kept; sheriffs who signed keep what
    they had then to the end.
    """
    last = int(table["exit"].max())
    final = table.groupby("unit")["exit"].transform("max") == table["exit"]
    full = table.assign(exit=table["exit"].where(~final, last), event=0)
    covariates = [*COVARIATES, "own_other"]
    found = detectable_ratios(
        table, full, ["own_other"], level, draws, seed, covariates
    )
    return float(found["own_other"])


def _signed_by_chance(
    full: pd.DataFrame, slots: pd.Series, rng: np.random.Generator
) -> pd.DataFrame:
    """Intervals cut where agencies drawn at random sign in the weeks given."""
    units = full.drop_duplicates("unit")[["unit", "state", "agency_kind"]]
    units = units.iloc[rng.permutation(len(units))]
    place = units.groupby(["state", "agency_kind"]).cumcount()
    weeks = slots.index.repeat(slots).to_frame(index=False)
    weeks["place"] = weeks.groupby(["state", "agency_kind"]).cumcount()
    drawn = units.assign(place=place).merge(weeks, on=["state", "agency_kind", "place"])
    week = full["unit"].map(drawn.set_index("unit")["exit"])
    kept = full[week.isna() | (full["entry"] <= week)]
    week = week[kept.index]
    last = week.notna() & (week <= kept["exit"])
    exit_ = kept["exit"].where(~last, week).astype(int)
    return kept.assign(exit=exit_, event=last.astype(int)).reset_index(drop=True)


class StateAct:
    """A covariate that states decide: randomisation over states, and its inversion.

    table : intervals. name : the covariate, constant by state and week. others : the
        covariates that stay. levels : whether states have effects of their own.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        name: str,
        others: Sequence[str],
        *,
        levels: bool = True,
        draws: int = 9999,
        seed: int = 287,
    ) -> None:
        self.table, self.name, self.others = table, name, list(others)
        self.effects = ["state"] if levels else []
        self.levels, self.draws, self.seed = levels, draws, seed
        self._p: dict[float, float] = {}

    @cached_property
    def fit(self) -> HazardResults:
        """The model with the act; NotTestable if its ratio has no finite estimate."""
        wanted = [self.name, *self.others]
        return fit_hazard(self.table, wanted, cluster="state", effects=self.effects)

    def parts(self, effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Contributions, variances and histories with the effect imposed."""
        table = self.table.assign(imposed=effect * self.table[self.name])
        made = fit_hazard(table, self.others, offset="imposed", effects=self.effects)
        residuals, labels = made.residual_sums(["state"])
        expected, _ = made.expected_sums(["state"])
        histories = self.histories(labels.get_level_values(0), made.sets.periods)
        contributions = score_contributions(residuals, histories)
        if self.levels:
            return contributions, score_variances(expected, histories), histories
        return contributions, expected @ (histories**2).T, histories

    def histories(self, states: pd.Index, periods: pd.Index) -> np.ndarray:
        """The covariate by state and week, also where nobody is left at risk."""
        rows = self.table.groupby(["state", "entry"])[self.name].first()
        wide = rows.unstack("entry").reindex(states).reindex(columns=periods)
        return wide.ffill(axis=1).fillna(0.0).to_numpy()

    def test(self, effect: float = 0.0) -> Randomisation:
        """Is this effect (a log hazard ratio) compatible with chance over states?"""
        contributions, variances, histories = self.parts(effect)
        statistic = additive(contributions, variances=variances)
        return randomise(statistic, histories, draws=self.draws, seed=self.seed)

    def pvalue(self, effect: float) -> float:
        """p of an effect; each is tested once."""
        key = round(float(effect), 9)
        if key not in self._p:
            self._p[key] = self.test(effect).pvalue
        return self._p[key]

    def finding(self) -> Finding:
        """The hazard ratio with the interval that randomisation does not reject."""
        b = float(self.fit.params[self.name])

        def interval(level: float) -> tuple[float, float]:
            low, high = invert(
                self.pvalue, b, *EFFECT_RANGE, alpha=1 - level, tolerance=0.02
            )
            low, high = max(low, EFFECT_RANGE[0]), min(high, EFFECT_RANGE[1])
            return float(np.exp(low)), float(np.exp(high))

        return Finding(
            float(np.exp(b)),
            interval,
            self.pvalue(0.0),
            n=self.fit.n_at_risk,
            note="interval by exchanging states' histories; ratios beyond 1/50 and 50 "
            "are not tried",
        )

    def detectable(self, level: float) -> float:
        """Ratio found with 80 % power: from estimates of exchanged histories."""
        contributions, variances, histories = self.parts(0.0)
        rng = np.random.default_rng(self.seed)
        orders = rng.permuted(
            np.tile(np.arange(len(histories)), (self.draws, 1)), axis=1
        )
        own = np.arange(len(histories))
        information = variances[own, orders].sum(axis=1)
        steps = contributions[own, orders].sum(axis=1)[information > 0]
        steps = steps / information[information > 0]
        critical = np.quantile(np.abs(steps), level)
        return float(np.exp(critical + stats.norm.ppf(0.8) * steps.std()))

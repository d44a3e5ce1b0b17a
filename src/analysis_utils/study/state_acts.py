"""State acts that make sheriffs seek agreements: adoption by state and month.

Shapes data for the exchange of acts among states, for placebo windows, and for the
library's synthetic control. Models and tests stand in the notebook.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from diff_diff.results import MultiPeriodDiDResults, PeriodEffect

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable, Refused, nearest
from analysis_utils.methods.curve import SpecificationCurve, curve_of_draws
from analysis_utils.methods.randomisation import (
    Randomisation,
    additive,
    invert,
    randomise,
)
from analysis_utils.panel import REACH
from analysis_utils.publish import Finding

FIRST = "2021-01"  # ICE's lists are held from this month on
DELAY = pd.Timedelta(days=10)  # a month counts when a list this much later is known
OUTCOMES = ("first agreement", "every agreement", "jail or warrant")
DAYS = {"signed": "signed", "in force": "in_force", "in_force": "in_force"}
NEVER = pd.Period("2999-12", "M")


def last_month(as_of: str | None = None) -> pd.Period:
    """The last whole month whose signings the lists known on a day can show."""
    after = series.last_day(as_of) - DELAY + pd.Timedelta(days=1)
    return after.to_period("M") - 1


def agencies(kinds: Sequence[str] = ("sheriff",)) -> pd.Series:
    """Number of agencies of these kinds on the FBI's list, by state."""
    table = _at_risk()
    known = sorted(table["agency_kind"].unique())
    for kind in kinds:
        if kind not in known:
            raise Refused(f"no agencies of kind {kind!r}{nearest(kind, tuple(known))}")
    chosen = table[table["agency_kind"].isin(list(kinds))]
    return chosen.groupby("state").size().rename("agencies")


def adopted(
    kinds: Sequence[str] = ("sheriff",),
    outcome: str = "first agreement",
    *,
    as_of: str | None = None,
    by: str = "signed",
) -> pd.DataFrame:
    """Agencies per 100 that have signed by the end of each month, months by states.

    kinds : of agency; the FBI's list gives the denominator, and only agencies linked to
        it count above. outcome : "first agreement" of any model, "every agreement", or
        the first under a "jail or warrant" model. by : "signed", or "first_listed".
        Agreements that had ended before January 2021 are not known.
    """
    if outcome not in OUTCOMES:
        raise Refused(f"no outcome {outcome!r}{nearest(outcome, OUTCOMES)}")
    size = agencies(kinds)
    known = _linked(as_of)
    known = known[known["agency_kind"].isin(list(kinds)) & known[by].notna()]
    if outcome == "jail or warrant":
        known = known[known["model"].isin(["JEM", "WSO"])]
    known = known.sort_values([by, "agreement_id"])
    if outcome != "every agreement":
        known = known.drop_duplicates("ori")
    months = pd.period_range(FIRST, last_month(as_of), freq="M", name="month")
    when = known[by].dt.to_period("M").clip(lower=months[0])
    counts = pd.crosstab(when, known["state"]).reindex(months, fill_value=0)
    stock = counts.reindex(columns=size.index, fill_value=0).cumsum()
    return 100 * stock / size


@cache
def _at_risk() -> pd.DataFrame:
    return datasets.agencies_at_risk()


@cache
def _linked(as_of: str | None) -> pd.DataFrame:
    """Agreements known on a day whose agency is on the FBI's list, with its ORI."""
    links = datasets.agency_links()
    ori = links[links["ori"] != ""].set_index("agency_id")["ori"]
    known = series.agreements_known(as_of)
    return known.assign(ori=known["agency_id"].map(ori)).dropna(subset="ori")


def act_months(events: Iterable[str], day: str) -> pd.Series:
    """Month in which each of these acts was signed or came into force, by state.

    A day that was not found is that of the event, as data/policy_events.csv has it.
    """
    if day not in DAYS:
        raise Refused(f"no day {day!r}{nearest(day, tuple(DAYS))}")
    table = datasets.policy_events().set_index("id")
    wanted = list(events)
    for name in wanted:
        if name not in table.index:
            raise Refused(
                f"no policy event {name!r}{nearest(name, tuple(table.index))}"
            )
    chosen = table.loc[wanted]
    days = chosen[DAYS[day]].fillna(chosen["date"])
    days.index = pd.Index(chosen["state"], name="state")
    return days.dt.to_period("M").rename("act")


def reached(table: pd.DataFrame, kind: str) -> pd.Series:
    """Whether each act reaches a kind of agency, from `applies_to`."""
    named = table["applies_to"].str.split(";")
    return named.map(
        lambda words: any(kind in REACH.get(word, (word,)) for word in words)
    )


def pool(treated: Iterable[str], end: pd.Period, kind: str = "sheriff") -> list[str]:
    """States with these acts, and the controls: no act of either sign by that month.

    Left out are states where a ban reaches the kind of agency by the end of the month,
    and states with any other mandate signed, also one for state agencies.
    """
    day = end.end_time
    bans, mandates = datasets.bans(), datasets.mandates()
    banned = set(bans.loc[reached(bans, kind) & (bans["since"] <= day), "state"])
    begun = mandates[["signed", "since"]].min(axis=1)
    other = set(mandates.loc[begun <= day, "state"])
    kept = set(agencies([kind]).index) - banned - other
    return sorted(kept | set(treated))


@dataclass(frozen=True)
class Acts:
    """Adoption by state, and which state got an act in which month.

    adopted : months by states, all that take part. since : month of the act by state.
    control : "not-yet" or "never". trend : months before from which a line of the
    state's own is continued, or 0. weight : of each act by state, alike if None.
    leave_out : states with an act that are neither treated nor control.
    """

    adopted: pd.DataFrame
    since: pd.Series
    control: str = "not-yet"
    trend: int = 0
    weight: pd.Series | None = None
    leave_out: tuple[str, ...] = ()

    @property
    def states(self) -> pd.Index:
        """All states that take part."""
        return self.adopted.columns

    @property
    def treated(self) -> pd.Series:
        """Months of the acts that are studied."""
        return self.since.drop(list(self.leave_out))

    def without(self, *states: str) -> "Acts":
        """The same, with these states' acts and the states themselves left out."""
        return replace(self, leave_out=(*self.leave_out, *states))

    def moved(self, months: int) -> "Acts":
        """The same acts so many months earlier (a placebo in time)."""
        return replace(self, since=self.since - months)

    def changes(self, k: int) -> np.ndarray:
        """(states, acts): change from the month before each act to event month k."""
        return self._windows(self.adopted, k)

    def exposures(self, k: int) -> np.ndarray:
        """(states, acts): the same window of an effect of 1 since each state's act."""
        own = _ordinals(self.since.reindex(self.states).fillna(NEVER))
        on = _ordinals(self.adopted.index)[:, None] >= own
        table = pd.DataFrame(on, self.adopted.index, self.states, dtype="float64")
        return self._windows(table, k)

    def _windows(self, table: pd.DataFrame, k: int) -> np.ndarray:
        columns = []
        for state, month in self.treated.items():
            ends = {month - 1, month + k}
            ends |= {month - 1 - self.trend} if self.trend else set()
            lacking = [end for end in ends if end not in table.index]
            if lacking:
                raise NotTestable(
                    f"The act of {state} needs {lacking[0]:%B %Y}; the months run from "
                    f"{table.index[0]:%B %Y} to {table.index[-1]:%B %Y}."
                )
            base = table.loc[month - 1]
            change = table.loc[month + k] - base
            if self.trend:
                slope = (base - table.loc[month - 1 - self.trend]) / self.trend
                change = change - (k + 1) * slope
            columns.append(change.to_numpy())
        return np.column_stack(columns)

    def histories(self) -> np.ndarray:
        """Number of each state's act, -1 for none: what states exchange."""
        order = {state: i for i, state in enumerate(self.since.index)}
        return np.array([order.get(state, -1) for state in self.states])

    def shares(self, k: int) -> np.ndarray:
        """(states, acts): weight of a state in an act's difference, by its history."""
        own = self.since.reindex(self.states).fillna(NEVER)
        kept = ~self.states.isin(self.leave_out)
        acts = self.treated
        alike = pd.Series(1.0, acts.index)
        weight = alike if self.weight is None else self.weight[acts.index]
        made = np.zeros((len(self.states), len(acts)))
        for a, (state, month) in enumerate(acts.items()):
            last = NEVER - 1 if self.control == "never" else max(month + k, month - 1)
            controls = (own > last).to_numpy() & kept & (self.states != state)
            if not controls.any():
                raise NotTestable(f"No control is left for the act of {state}.")
            made[controls, a] = -1 / controls.sum()
            made[self.states == state, a] = 1.0
        return made * (weight / weight.sum()).to_numpy()

    def contributions(self, k: int) -> np.ndarray:
        """(states, states): what each adds to the estimate with another's history."""
        return self.changes(k) @ self.shares(k).T

    def estimate(self, k: int) -> float:
        """Mean over the acts of the difference at event month k."""
        return float(np.trace(self.contributions(k)))

    def exchange(self, k: int, draws: int = 9999, seed: int = 287) -> "Exchange":
        """The acts exchanged among states, at event month k."""
        shares, histories = self.shares(k).T, self.histories()
        options = {"draws": draws, "seed": seed}  # the same assignments in both
        return Exchange(
            randomise(additive(self.changes(k) @ shares), histories, **options),
            randomise(additive(self.exposures(k) @ shares), histories, **options),
        )

    def finding(self, k: int, draws: int = 9999, seed: int = 287) -> Finding:
        """Effect at event month k; the interval holds what exchange does not reject."""
        made = self.exchange(k, draws, seed)
        return Finding(
            made.outcome.observed,
            made.interval,
            made.outcome.pvalue,
            n=int(self.adopted.shape[1] - len(self.leave_out)),
        )

    def among_controls(self) -> "Acts":
        """The acts given to states that have none: to know chance before the effect."""
        none = [s for s in self.states if s not in self.since.index]
        lent = self.treated.set_axis(none[: len(self.treated)])
        return Acts(self.adopted[none], lent, self.control, self.trend)

    def event_months(
        self, months: Sequence[int], draws: int = 1999, seed: int = 287
    ) -> pd.DataFrame:
        """Effect, 95 % interval and p by event month; the month before is 0.

        Before the act there is no effect to test: there the interval is the estimate
        less and plus what 95 % of the exchanges stay within.
        """
        rows = {}
        for k in months:
            if k == -1:
                rows[k] = (0.0, 0.0, 0.0, np.nan)
                continue
            made = self.exchange(k, draws, seed)
            effect = made.outcome.observed
            reach = np.quantile(np.abs(made.outcome.draws), 0.95, method="higher")
            ends = made.interval(0.95) if k >= 0 else (effect - reach, effect + reach)
            rows[k] = (effect, *ends, made.outcome.pvalue)
        columns = ["effect", "low", "high", "p"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        return table.rename_axis("event_month")

    def largest(self, months: Sequence[int], seed: int = 287) -> Randomisation:
        """Largest absolute effect of several event months, under exchange."""
        own = np.arange(len(self.states))
        tables = [self.contributions(k) for k in months]
        return randomise(
            lambda orders: np.max(
                [np.abs(t[own, orders].sum(axis=1)) for t in tables], axis=0
            ),
            self.histories(),
            seed=seed,
        )

    def covariance(
        self, months: Sequence[int], draws: int = 9999, seed: int = 287
    ) -> np.ndarray:
        """Covariance of the effects of event months, acts given to states without."""
        lent = self.among_controls()
        made = [lent.exchange(k, draws, seed).outcome.draws for k in months]
        return np.cov(made)

    def long(self) -> pd.DataFrame:
        """One row for each state and month: state, month, adopted, act (or missing)."""
        kept = self.adopted.drop(columns=list(self.leave_out))
        table = kept.stack().rename("adopted").reset_index()
        table.columns = ["month", "state", "adopted"]
        return table.assign(act=table["state"].map(self.treated))


@dataclass(frozen=True)
class Exchange:
    """Estimates under exchanged acts, and what an effect of 1 adds to each of them."""

    outcome: Randomisation
    dose: Randomisation

    def pvalue(self, effect: float = 0.0) -> float:
        """p of an effect that is the same for all acts and months."""
        made = self.outcome.draws - effect * self.dose.draws
        seen = self.outcome.observed - effect * self.dose.observed
        return replace(self.outcome, observed=seen, draws=made).pvalue

    def interval(self, level: float) -> tuple[float, float]:
        """Effects that are not rejected; endless where assignments are too few."""
        unit = float(self.outcome.draws.std()) or 1.0
        middle = self.outcome.observed
        low, high = invert(
            lambda u: self.pvalue(middle + u * unit),
            0.0,
            -30.0,
            30.0,
            alpha=1 - level,
            tolerance=0.001,
        )
        return middle + low * unit, middle + high * unit


def design(
    events: Sequence[str],
    day: str,
    months: int,
    *,
    kind: str = "sheriff",
    outcome: str = "first agreement",
    as_of: str | None = None,
    control: str = "not-yet",
    trend: int = 0,
) -> Acts:
    """The acts with their controls; months end with the last one needed, if known.

    Later lists change nothing in it. NotTestable names acts whose months are not known.
    """
    since = act_months(events, day)
    table = adopted([kind], outcome, as_of=as_of)
    end = (since + months).max()
    late = since[since + months > table.index[-1]]
    if len(late):
        raise NotTestable(
            f"{months} months after the act are not known yet for "
            f"{', '.join(late.index)}: the lists show signings to "
            f"{table.index[-1]:%B %Y}."
        )
    taking_part = pool(since.index, end, kind)
    lacking = [state for state in taking_part if state not in table]
    if lacking:
        raise NotTestable(f"{', '.join(lacking)} has no {kind} on the FBI's list.")
    return Acts(table.loc[:end, taking_part], since, control, trend)


def placebo_windows(table: pd.DataFrame, months: int, until: pd.Period) -> pd.Series:
    """Each state's change less the mean of the others, in every window, as placebos.

    table : of states without an act. A window is a month and `months` more, and ends by
        `until`. Index: state, first month.
    """
    firsts = [month for month in table.index[1:] if month + months <= until]
    made = {first: one_against_rest(table, first, months) for first in firsts}
    return pd.concat(made, names=["first"]).swaplevel().sort_index()


def by_placebos(estimate: float, placebos: pd.Series) -> Finding:
    """A difference with its interval and p from differences without an act.

    The estimate less and plus the quantile of the absolute placebos, the estimate
    counted as one of them; endless where they are too few for the level.
    """
    estimate = round(estimate, 9)  # sums of floats that should be zero are zero
    size = np.sort(np.abs(placebos.to_numpy())).round(9)
    total = len(size) + 1
    p = (1 + (size >= abs(estimate)).sum()) / total

    def interval(level: float) -> tuple[float, float]:
        place = int(np.ceil(level * total - 1e-9))
        reach = size[place - 1] if place <= len(size) else np.inf
        return estimate - reach, estimate + reach

    return Finding(estimate, interval, float(p), n=len(placebos))


def one_against_rest(table: pd.DataFrame, first: pd.Period, months: int) -> pd.Series:
    """Each state's change over a window less the mean change of the other states."""
    needed = (first - 1, first + months)
    if not set(needed) <= set(table.index):
        raise NotTestable(
            f"Agreements by agency from {needed[0]:%B %Y} to {needed[1]:%B %Y} are "
            f"needed; the lists used here show them to {table.index[-1]:%B %Y}."
        )
    change = table.loc[first + months] - table.loc[first - 1]
    return change - (change.sum() - change) / (len(change) - 1)


def as_treated(table: pd.DataFrame, state: str, since: pd.Period) -> pd.DataFrame:
    """Rows for a library: state, month (a number), adopted, treated (0 or 1 state)."""
    long = table.stack().rename("adopted").reset_index()
    long.columns = ["month", "state", "adopted"]
    long["treated"] = (long["state"] == state).astype(int)
    long["event_month"] = [(month - since).n for month in long["month"]]
    return long.drop(columns="month")


def _ordinals(months: Iterable[pd.Period]) -> np.ndarray:
    return np.array([month.ordinal for month in months])


def curve(
    grid: Mapping[str, Sequence],
    events: Sequence[str],
    *,
    as_of: str | None = None,
    draws: int = 4999,
    seed: int = 287,
) -> SpecificationCurve:
    """All specifications of a grid, with the same exchanges of acts in each of them.

    The choices are outcome, day, months, control, trend, weight and acts. An act whose
    months are not known yet drops out of a specification; `acts left` counts the rest.
    p and intervals: by the distribution over exchanges.
    """
    names = list(grid)
    tables = {o: adopted(["sheriff"], o, as_of=as_of) for o in grid["outcome"]}
    months = {day: act_months(events, day) for day in grid["day"]}
    last = min(table.index[-1] for table in tables.values())
    states = pool(months[grid["day"][0]].index, last)
    size = agencies()
    fits, orders = [], None
    for values in product(*grid.values()):
        named = dict(zip(names, values, strict=True))
        since = months[named["day"]]
        late = since.index[since + named["months"] > last]
        gone = {named["acts"].removeprefix("without ")} & set(since.index) | set(late)
        acts = Acts(
            tables[named["outcome"]][states],
            since,
            named["control"],
            6 if named["trend"] == "six months before" else 0,
            size if named["weight"] == "by sheriffs" else None,
            tuple(sorted(gone)),
        )
        if orders is None:
            orders = _orders(len(states), draws, seed)
        table = acts.contributions(named["months"])
        drawn = table[np.arange(len(states)), orders].sum(axis=1)
        named["acts left"] = len(acts.treated)
        fits.append((named, acts.estimate(named["months"]), drawn))
    return curve_of_draws(grid, fits)


def _orders(size: int, draws: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.arange(size), (draws, 1)), axis=1)


def for_library(effects: pd.Series, covariance: np.ndarray) -> MultiPeriodDiDResults:
    """Effects by event month (without -1) as the library's sensitivity takes them.

    covariance : of the same event months, in their order.
    """
    months = list(effects.index)
    spread = np.sqrt(np.diag(covariance))
    periods = {
        month: PeriodEffect(month, effect, se, effect / se, np.nan, (np.nan, np.nan))
        for month, effect, se in zip(months, effects, spread, strict=True)
    }
    after = [month for month in months if month >= 0]
    return MultiPeriodDiDResults(
        period_effects=periods,
        avg_att=float(effects[after].mean()),
        avg_se=np.nan,
        avg_t_stat=np.nan,
        avg_p_value=np.nan,
        avg_conf_int=(np.nan, np.nan),
        n_obs=0,
        n_treated=0,
        n_control=0,
        pre_periods=[month for month in months if month < 0],
        post_periods=after,
        vcov=covariance,
        reference_period=-1,
        interaction_indices={month: i for i, month in enumerate(months)},
    )


def overview(as_of: str | None = None) -> pd.DataFrame:
    """What each state act asks of whom, by when, and who signed around it.

    Of sheriffs where the act names them, else of agencies of the state itself. Counts
    are agencies with a first agreement: `before` the day of signing, `in 26 weeks` from
    it (missing while they are not over) and `by now`, the newest list.
    """
    known = series.agreements_known(as_of)
    known = known[known["signed"].notna()].sort_values("signed")
    size, last = agencies(), series.last_day(as_of)
    rows = []
    for act in datasets.mandates().itertuples():
        sheriffs = "sheriff" in act.applies_to.split(";")
        here = known[known["state"] == act.state]
        ours = (
            here["agency_kind"] == "sheriff" if sheriffs else here["level"] == "state"
        )
        first = here[ours].drop_duplicates("agency_id")["signed"]
        day = act.date if pd.isna(act.signed) else act.signed
        end = day + pd.Timedelta(weeks=26)
        rows.append(
            {
                "state": act.state,
                "whom": "sheriffs" if sheriffs else "state agencies",
                "signed": day,
                "in force": act.since,
                "deadline": act.deadline,
                "agencies": size.get(act.state) if sheriffs else None,
                "before": int((first < day).sum()),
                "in 26 weeks": int(first.between(day, end, inclusive="left").sum())
                if end <= last
                else None,
                "by now": len(first),
            }
        )
    counts = ["agencies", "before", "in 26 weeks", "by now"]
    return pd.DataFrame(rows).set_index("state").astype(dict.fromkeys(counts, "Int64"))


def signed_between(
    start: pd.Timestamp, end: pd.Timestamp, *, as_of: str | None = None, **of: str
) -> int:
    """Agreements signed from a day on, before `end`; `state=` and `agency_kind=`."""
    table = series.agreements_known(as_of)
    chosen = table["signed"].between(start, end, inclusive="left")
    for column, value in of.items():
        chosen &= table[column] == value
    return int(chosen.sum())


def state_agencies_gone(
    state: str, day: pd.Timestamp, as_of: str | None = None
) -> dict[str, int]:
    """Agreements of a state's own agencies in force on a day, and how many are gone."""
    known = series.agreements_known(as_of)
    ours = known[(known["state"] == state) & (known["level"] == "state")]
    held = ours[(ours["signed"] < day) & ~(ours["gone_by"] <= day)]
    return {"held": len(held), "gone": int(held["gone_by"].notna().sum())}

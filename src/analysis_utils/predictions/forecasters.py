"""Agreements in force to come, by state and model, by three forecasters.

    register = Register.known("2026-04-13")
    naive(register, {"2026-05-18": 5})["2026-05-18"]     # (draws, cells)

Each gives draws of the agreements on ICE's list some weeks after the newest list, with
one column for each state and model; the days of one draw belong together. What state
acts do is in `acts`, how wrong earlier forecasts were in `backtests`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analysis_utils import datasets, panel, series
from analysis_utils.predictions.hazard import AdoptionForecast

MODELS = ("JEM", "TFM", "WSO")
MONTH, HALF, YEAR = (pd.Timedelta(weeks=weeks) for weeks in (4, 26, 52))
SMEARED = 0.05  # share of a model's signings that any state may have
DRAWS, SEED = 1000, 287
Draws = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Register:
    """Agreements as known on a day, with the ORI of the agency where it is linked."""

    as_of: str
    day: pd.Timestamp
    table: pd.DataFrame
    cells: pd.MultiIndex

    @classmethod
    def known(cls, as_of: str) -> "Register":
        """The register of a day; cells are all states and models, also the empty."""
        links = datasets.agency_links().set_index("agency_id")["ori"]
        table = series.agreements_known(as_of)
        table["ori"] = table["agency_id"].map(links).fillna("")
        states = sorted(datasets.states()["state"])
        cells = pd.MultiIndex.from_product([states, MODELS], names=["state", "model"])
        return cls(as_of, series.last_day(as_of), table, cells)

    def counted(self, rows: pd.DataFrame) -> pd.Series:
        """Rows by state and model, zero where there is none."""
        counts = rows.groupby(["state", "model"]).size()
        return counts.reindex(self.cells, fill_value=0).astype("float64")

    @property
    def active(self) -> pd.DataFrame:
        """Agreements on the newest list."""
        return self.table[self.table["gone_by"].isna()]

    def new(self, span: pd.Timedelta) -> pd.DataFrame:
        """Agreements first listed within a span before the newest list."""
        return self.table[self.table["first_listed"] > self.day - span]

    def ended(self, span: pd.Timedelta) -> pd.DataFrame:
        """Agreements that left the list within a span before the newest list."""
        return self.table[self.table["gone_by"] > self.day - span]

    def stock(self, day: pd.Timestamp) -> pd.Series:
        """Agreements in force by model on an earlier day."""
        rows = self.table[self.table["first_listed"] <= day]
        rows = rows[~(rows["gone_by"] <= day)]
        return rows.groupby("model").size().reindex(MODELS, fill_value=0)


def weeks_ahead(register: Register, days: list[str]) -> dict[str, int]:
    """Whole weeks from the newest list to each day, at least one."""
    gaps = (pd.to_datetime(days) - register.day).days
    return dict(zip(days, (max(1, round(gap / 7)) for gap in gaps), strict=True))


def naive(
    register: Register,
    weeks: Mapping[str, int],
    factors: Mapping[str, np.ndarray] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Draws:
    """The signings and ends of the last four weeks go on at the same rate.

    factors : by day, what multiplies the signings of each draw (errors of earlier
        forecasts); by default 1.
    """
    rng = np.random.default_rng(seed)
    born = _smeared(register.counted(register.new(MONTH))) / 4
    gone = register.counted(register.ended(MONTH)) / 4
    stock = register.counted(register.active)
    added = _poisson_path(born, weeks, factors, draws, rng)
    left = _poisson_path(gone, weeks, None, draws, rng)
    return {
        day: _frame(np.maximum(stock.to_numpy() + added[day] - left[day], 0), register)
        for day in weeks
    }


def trend(
    register: Register,
    weeks: Mapping[str, int],
    draws: int = DRAWS,
    seed: int = SEED,
) -> Draws:
    """A local linear trend of each model's total, shared out as the last half year.

    Level and slope are random walks (a state space, by maximum likelihood, on the
    last 60 weekly counts). A rise is shared out over states by a multinomial with
    uncertain shares, a fall by how many agreements each state has.
    """
    rng = np.random.default_rng(seed)
    stock = register.counted(register.active)
    recent = _smeared(register.counted(register.new(HALF)))
    made = {day: np.tile(stock.to_numpy(), (draws, 1)) for day in weeks}
    for model in MODELS:
        paths = _trend_paths(register, model, max(weeks.values()), draws, rng)
        columns = np.flatnonzero(register.cells.get_level_values("model") == model)
        shares = rng.dirichlet(recent.to_numpy()[columns] + 1e-3, size=draws)
        held = stock.to_numpy()[columns]
        for day, ahead in weeks.items():
            change = np.rint(paths[:, ahead - 1] - held.sum()).astype(int)
            change = np.maximum(change, -int(held.sum()))
            rise = rng.multinomial(np.maximum(change, 0), shares)
            fall = np.array(
                [
                    rng.multivariate_hypergeometric(held.astype(int), n)
                    for n in np.maximum(-change, 0)
                ]
            )
            made[day][:, columns] += rise - fall
    return {day: _frame(made[day], register) for day in weeks}


def hazard(
    register: Register,
    weeks: Mapping[str, int],
    factors: Mapping[str, np.ndarray] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Draws:
    """Who signs next by the hazard model, other agencies and ends at their old rates.

    Sheriffs and municipal police of the FBI's list by `AdoptionForecast`, model by
    model; all others (constables, state agencies, agencies not linked) at the rate of
    the last half year; ends by model at the rate of the last year.
    """
    rng = np.random.default_rng(seed)
    fits = {model: fitted(register, model) for model in MODELS}
    others = _smeared(register.counted(_others(register.new(HALF)))) / 26
    more = _poisson_path(others, weeks, factors, draws, rng)
    added = {day: _frame(more[day], register) for day in weeks}
    for place, (model, fit) in enumerate(fits.items()):
        counts = fit.counts(weeks, draws, seed + place)
        for day, table in counts.items():
            scaled = table.to_numpy() * _factor(factors, day)
            whole = np.floor(scaled + rng.random(scaled.shape))
            names = pd.MultiIndex.from_product([table.columns, [model]])
            added[day][names] += whole
    left = _end_path(register, weeks, draws, rng)
    stock = register.counted(register.active).to_numpy()
    return {day: added[day] + stock - left[day] for day in weeks}


def fitted(register: Register, model: str | None) -> AdoptionForecast:
    """The hazard of a model among agencies that are not on the newest list with it."""
    fit = AdoptionForecast.fit(model, register.as_of)
    held = register.active
    if model is not None:
        held = held[held["model"] == model]
    return fit.without(set(held["ori"]))


def _others(rows: pd.DataFrame) -> pd.DataFrame:
    """Agreements of agencies whose signing the hazard model does not cover."""
    covered = pd.Series(False, rows.index)
    for model in MODELS:
        kinds = ("sheriff", "police") if model == "TFM" else ("sheriff",)
        every = panel.agencies(kinds)
        known = set(every.loc[every["complete"], "ori"])
        covered |= (rows["model"] == model) & rows["ori"].isin(known)
    return rows[~covered]


def _smeared(counts: pd.Series) -> pd.Series:
    """Counts with a small part shared out evenly, so that none is quite zero."""
    even = counts.groupby("model").transform("mean")
    return (1 - SMEARED) * counts + SMEARED * even


def _poisson_path(
    rate: pd.Series,
    weeks: Mapping[str, int],
    factors: Mapping[str, np.ndarray] | None,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Running sums (draws, cells) of Poisson counts at weekly rates, day by day."""
    running, before = np.zeros((draws, len(rate))), 0
    made = {}
    for day, ahead in sorted(weeks.items(), key=lambda item: item[1]):
        mean = (ahead - before) * rate.to_numpy() * _factor(factors, day)
        running = running + rng.poisson(np.broadcast_to(mean, running.shape))
        made[day], before = running, ahead
    return made


def _factor(factors: Mapping[str, np.ndarray] | None, day: str) -> np.ndarray | float:
    return 1.0 if factors is None else factors[day][:, None]


def _end_path(
    register: Register, weeks: Mapping[str, int], draws: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Agreements of the newest list that will have ended, one lifetime for each."""
    ends = register.ended(YEAR).groupby("model").size()
    ends = ends.reindex(MODELS, fill_value=0)
    exposed = (register.stock(register.day - YEAR) + register.stock(register.day)) / 2
    rate = rng.gamma(ends.to_numpy() + 0.5, 1 / (52 * exposed.to_numpy()), (draws, 3))
    held = register.counted(register.active).to_numpy().astype(int)
    column = np.searchsorted(MODELS, register.cells.get_level_values("model"))
    left, before, made = np.tile(held, (draws, 1)), 0, {}
    for day, ahead in sorted(weeks.items(), key=lambda item: item[1]):
        share = -np.expm1(-rate[:, column] * (ahead - before))
        left, before = left - rng.binomial(left, share), ahead
        made[day] = held - left
    return made


def _trend_paths(
    register: Register, model: str, ahead: int, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """(draws, weeks) of a model's total to come."""
    daily = series.active(
        basis="listing", frequency="day", model=model, as_of=register.as_of
    )["all"]
    weekly = daily.iloc[::-7].iloc[:60].iloc[::-1].to_numpy(dtype="float64")
    fit = UnobservedComponents(weekly, "local linear trend").fit(disp=False)
    paths = fit.simulate(ahead, anchor="end", repetitions=draws, rng=rng).reshape(
        ahead, draws
    )
    return paths.T


def _frame(values: np.ndarray, register: Register) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(values, dtype="float64"), columns=register.cells)

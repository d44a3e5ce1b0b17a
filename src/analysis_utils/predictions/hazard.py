"""Who will sign next: probabilities by agency, and counts by state and model.

    forecast = AdoptionForecast.fit("TFM", as_of="2026-04-13")
    forecast.probabilities(weeks=13)          # one row an agency still at risk
    forecast.counts({"2026-05-18": 7}, draws=1000, seed=1)   # (draws, states) by day

The model is that of the notebook with effects of state and of kind by week, so that it
has a baseline to carry on; week effects to come are drawn from those of the last half
year, in blocks of four weeks, because agencies sign in batches.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis_utils import panel
from analysis_utils.methods.hazards import HazardResults, fit_hazard
from analysis_utils.study import adoption

RECENT, BLOCK = 26, 4
PRIOR = 2.0  # signings that a state's own record is averaged with
FACTS = [*panel.FACTS, "log_officers"]


@dataclass(frozen=True)
class AdoptionForecast:
    """A fitted hazard, the agencies still at risk, and recent week effects by kind."""

    fit_: HazardResults
    waiting: pd.DataFrame
    baseline: pd.DataFrame
    score: pd.Series

    @classmethod
    def fit(
        cls,
        model: str | None = None,
        as_of: str | None = None,
        kinds: Sequence[str] = ("sheriff", "police"),
        last: int | None = None,
    ) -> "AdoptionForecast":
        """Fit to what is known on a day.

        model : "TFM", "JEM" or "WSO" (jail models: sheriffs only), or None for a first
            agreement of any model. last : forget everything after this week.
        """
        if model in ("JEM", "WSO"):
            kinds = ("sheriff",)
        table = intervals(model, as_of, kinds, last)
        fit = fit_hazard(
            table,
            [*FACTS, "neighbours"],
            strata=["agency_kind"],
            effects=["state"],
            cluster="state",
        )
        end = int(table["exit"].max())
        waiting = table[(table["exit"] == end) & (table["event"] == 0)]
        score = pd.Series(_predictor(fit, table, waiting), waiting["unit"])
        recent = fit.baseline.iloc[:, -RECENT:].fillna(0.0)
        return cls(fit, waiting.reset_index(drop=True), recent, score)

    def probabilities(self, weeks: float) -> pd.Series:
        """Probability of signing within so many weeks, by ORI."""
        mean = weeks * self.baseline.mean(axis=1)
        hazard = np.exp(self.score.to_numpy()) * self._of_kind(mean)
        return pd.Series(-np.expm1(-hazard), self.score.index, name="probability")

    def counts(
        self, weeks: Mapping[str, int], draws: int = 1000, seed: int = 287
    ) -> dict[str, pd.DataFrame]:
        """Draws of new signings by state up to each horizon: name -> (draws, states).

        weeks : name of a horizon (a day, say) -> weeks from the end of the data. One
        draw takes coefficients from their clustered covariance, blocks of recent week
        effects, and chance for each agency; horizons of one draw belong together.
        """
        rng = np.random.default_rng(seed)
        order = sorted(weeks, key=weeks.__getitem__)
        states = np.unique(self.waiting["state"])
        code = np.searchsorted(states, self.waiting["state"])
        kind = self.baseline.index.get_indexer(self.waiting["agency_kind"])
        made = {name: np.zeros((draws, len(states))) for name in order}
        shifts = self._coefficient_shifts(draws, rng)
        for draw in range(draws):
            path = self._baseline_path(max(weeks.values()), rng)
            wait = rng.exponential(size=len(code)) / np.exp(
                self.score.to_numpy() + shifts[:, draw]
            )
            for name in order:
                signed = wait < path[:, : weeks[name]].sum(axis=1)[kind]
                made[name][draw] = np.bincount(code, signed, minlength=len(states))
        return {name: pd.DataFrame(made[name], columns=states) for name in order}

    def without(self, signed: Collection[str]) -> "AdoptionForecast":
        """The same, with agencies left out that are known to have signed since."""
        kept = ~self.waiting["unit"].isin(signed)
        waiting = self.waiting[kept].reset_index(drop=True)
        return replace(self, waiting=waiting, score=self.score[kept.to_numpy()])

    def _of_kind(self, values: pd.Series) -> np.ndarray:
        return self.waiting["agency_kind"].map(values).to_numpy(dtype="float64")

    def _coefficient_shifts(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Changes of the predictor when covariates' coefficients are drawn anew."""
        names = [*FACTS, "neighbours"]
        x = self.waiting[names].to_numpy(dtype="float64")
        x = x - x.mean(axis=0)  # the level is in the week effects
        cov = self.fit_.cov.loc[names, names].to_numpy()
        moved = rng.multivariate_normal(np.zeros(len(names)), cov, draws)
        return x @ moved.T

    def _baseline_path(self, weeks: int, rng: np.random.Generator) -> np.ndarray:
        """Week effects to come by kind: blocks of recent weeks, the same for kinds."""
        recent = self.baseline.to_numpy()
        starts = rng.integers(0, recent.shape[1], -(-weeks // BLOCK))
        columns = (starts[:, None] + np.arange(BLOCK)).ravel() % recent.shape[1]
        return recent[:, columns[:weeks]]


def intervals(
    model: str | None, as_of: str | None, kinds: Sequence[str], last: int | None
) -> pd.DataFrame:
    """Intervals at risk of a model (None: of any), forgetting what is after `last`."""
    end = panel.last_week(as_of) if last is None else last
    signed = panel.signed_weeks(as_of)
    chosen = signed if model is None else signed[signed["model"] == model]
    first = chosen.groupby("ori")["week"].min()
    every = panel.agencies(kinds)
    table = panel.at_risk(every[every["complete"]], first, end, adoption.CARRY)
    counties = adoption.by_county(signed[signed["week"] <= end])
    return panel.cut(table, panel.neighbour_steps(counties, 4), "county_fips")


def _predictor(
    fit: HazardResults, table: pd.DataFrame, rows: pd.DataFrame
) -> np.ndarray:
    """Predictors with the states' effects drawn towards their mean.

    A state's effect is the logarithm of its signings over those that the covariates
    and week effects give; both are raised by what PRIOR signings would be at the mean.
    So a state where nobody has signed has a small hazard and not none.
    """
    names = [*FACTS, "neighbours"]
    sums = fit.baseline.fillna(0.0).cumsum(axis=1).to_numpy()
    sums = np.column_stack([np.zeros(len(sums)), sums])
    kind = fit.baseline.index.get_indexer(table["agency_kind"])
    start = int(fit.baseline.columns[0])
    risk = sums[kind, table["exit"] - start + 1] - sums[kind, table["entry"] - start]
    expected = np.exp((table[names] @ fit.params[names]).to_numpy()) * risk
    state = table["state"].to_numpy()
    given = pd.Series(expected).groupby(state).sum()
    seen = table["event"].groupby(state).sum()
    effect = np.log((seen + PRIOR) / (given + PRIOR * given.sum() / seen.sum()))
    own = (rows[names] @ fit.params[names]).to_numpy()
    return own + rows["state"].map(effect).to_numpy()

"""Predictions from the lists to 13 April 2026, written before later ones were seen.

    python -m analysis_utils.predictions.predict      # writes data/predicted_*.csv anew

The files are committed; a test makes them again from the lists of that day. Of later
days some national totals had been published and seen: 1,843 for 18 May 2026, 2,510 and
2,539 for mid-September and 2,654 for 9 October. They enter no computation.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_utils import datasets
from analysis_utils.data_folder import DATA
from analysis_utils.predictions import forecasters
from analysis_utils.predictions.acts import (
    after_acts,
    announced_after,
    excess_shares,
    new_mandates,
)
from analysis_utils.predictions.backtests import (
    FORECASTERS,
    LEVELS,
    QUANTILES,
    SCALED,
    Drift,
    backtests,
)
from analysis_utils.predictions.expected import expected_answers
from analysis_utils.predictions.forecasters import (
    DRAWS,
    SEED,
    Draws,
    Register,
    weeks_ahead,
)

AS_OF = "2026-04-13"
DAYS = ["2026-04-30", "2026-05-18", "2026-06-09", "2026-07-20"]
DAYS += ["2026-09-08", "2026-10-09"]
AGENCIES_UNTIL = "2026-07-20"
WORDS = {
    "hazard": "Hazard model",
    "trend": "Local linear trend",
    "naive": "Last month's rate",
    "A1": "hazard ratio, Republican vote",
    "A2": "hazard ratio, Hispanic share",
    "A3": "hazard ratio, neighbours",
    "A5": "hazard ratio, other agreement of the sheriff",
    "G1": "agreements gained a week",
    "G3": "gained a week, over weeks 27 to 52 of the order",
    "P1": "odds of task force among sheriffs, ratio",
    "P2": "the same outside Florida and Texas",
    "P3": "odds of municipal agencies, ratio",
    "P4": "odds of task force among all, ratio",
    "T1": "share gone in New York less elsewhere",
    "T2": "share gone elsewhere less the usual share",
    "T3": "rate of ending, warrant over jail",
    "E3a": "correlation of states' gains with the vote",
    "E3b": "correlation of states' gains with non-citizens",
    "S6": "gained per 100 agencies, Tennessee less others",
    "TX": "agreements that Texas gains a week",
}


def forecasts(register: Register, table: pd.DataFrame) -> dict[str, Draws]:
    """Draws by forecaster and day; table: backtests, which scale the signings.

    The hazard forecaster knows the acts of states, the two others do not.
    """
    weeks = weeks_ahead(register, DAYS)
    made = {}
    for name, forecaster in FORECASTERS.items():
        options = {}
        if name in SCALED:
            options = {"factors": Drift.of(table, name).factors(weeks)}
        made[name] = forecaster(register, weeks, **options, draws=DRAWS, seed=SEED)
    made["hazard"] = after_acts(
        made["hazard"], register, weeks, announced_after(register.day)
    )
    return made


def counts(made: dict[str, Draws]) -> pd.DataFrame:
    """Quantiles of agreements by forecaster, day, state and model, and of sums.

    "US" and "all" stand for all states and all models.
    """
    rows = []
    for name, days in made.items():
        for day, draws in days.items():
            for (state, model), values in _with_sums(draws).items():
                quantiles = np.quantile(values, LEVELS)
                rows.append((name, day, state, model, *quantiles, values.mean()))
    names = ["forecaster", "day", "state", "model", *QUANTILES, "mean"]
    table = pd.DataFrame(rows, columns=names)
    return table.round(2)


def agencies(register: Register, table: pd.DataFrame) -> pd.DataFrame:
    """Probability of a first agreement of any model by AGENCIES_UNTIL, by ORI.

    Sheriffs and municipal police of the FBI's list, without an agreement on the newest
    list, in counties with all facts.
    """
    weeks = weeks_ahead(register, [AGENCIES_UNTIL])[AGENCIES_UNTIL]
    drift = Drift.of(table, "hazard")
    factor = float(np.exp(np.interp(weeks, drift.weeks, drift.mean)))
    fit = forecasters.fitted(register, None)
    fit = replace(fit, baseline=factor * fit.baseline)
    made = fit.waiting[["unit", "state", "agency_kind"]].rename(columns={"unit": "ori"})
    chance = fit.probabilities(weeks)
    announced = announced_after(register.day)
    for act in datasets.bans().itertuples():
        if act.id in announced:  # nobody signs once a ban is signed
            open_ = max(0.0, (act.date - register.day).days / 7)
            less = fit.probabilities(min(open_, weeks))
            chance = chance.where(made["state"].to_numpy() != act.state, less)
    chance = chance.to_numpy()
    for act in new_mandates(register, announced).itertuples():
        past = max(0, (pd.Timestamp(AGENCIES_UNTIL) - act.begun).days // 7)
        more = excess_shares(register, past).mean()
        reached = (made["state"] == act.state) & (made["agency_kind"] == "sheriff")
        chance = np.where(reached, 1 - (1 - chance) * (1 - more), chance)
    made = made.assign(until=AGENCIES_UNTIL, probability=np.round(chance, 5))
    return made.sort_values("ori", ignore_index=True)


def predictions(table: pd.DataFrame | None = None) -> dict[str, pd.DataFrame]:
    """All tables by name; table: backtests made before, which take minutes."""
    register = Register.known(AS_OF)
    if table is None:
        table = backtests(AS_OF)
    made = forecasts(register, table)
    answers = expected_answers(register, made["hazard"], SEED)
    return {
        "forecast_backtests": table,
        "predicted_counts": counts(made),
        "predicted_agencies": agencies(register, table),
        "predicted_answers": answers.round(4),
    }


def write(folder: Path = DATA) -> None:
    """Write every table as a file of data/."""
    for name, table in predictions().items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d")


def national(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of predicted_counts for all states and models."""
    return table[(table["state"] == "US") & (table["model"] == "all")]


def _with_sums(draws: pd.DataFrame) -> pd.DataFrame:
    """Cells, and sums over models ("all") and states ("US")."""
    parts = {tuple(cell): draws[cell] for cell in draws.columns}
    by_state = draws.T.groupby(level="state").sum().T
    by_model = draws.T.groupby(level="model").sum().T
    parts |= {(state, "all"): by_state[state] for state in by_state}
    parts |= {("US", model): by_model[model] for model in by_model}
    parts["US", "all"] = draws.sum(axis=1)
    return pd.DataFrame(parts)

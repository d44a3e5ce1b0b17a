"""How wrong the forecasters were before: forecasts from earlier days, and the lists.

    table = backtests(as_of="2026-04-13")         # national totals, one row a forecast
    Drift.of(table, "hazard").factors({"2026-05-18": 5})

Forecasts made on earlier days know only what was known then. The ratio of what was
added to what was predicted gives each later forecast a common factor: its mean, drawn
towards 1 because few of these spans do not overlap, and its spread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.predictions import forecasters
from analysis_utils.predictions.forecasters import DRAWS, SEED, Draws, Register

FORECASTERS: dict[str, Callable[..., Draws]] = {
    "hazard": forecasters.hazard,
    "trend": forecasters.trend,
    "naive": forecasters.naive,
}
SCALED = ("hazard", "naive")  # the trend has errors of its own, by its model
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
QUANTILES = {f"q{1000 * level:03.0f}": level for level in LEVELS}
ORIGINS = 7  # four weeks apart; before them the hazard has too few weeks
SPANS = (5, 13, 26)  # weeks
LEAST = 3  # forecasts of a span from which a spread is taken


def origins(last: pd.Timestamp) -> list[pd.Timestamp]:
    """Days on which earlier forecasts are made: every fourth week before the last."""
    step = pd.Timedelta(weeks=4)
    first = last - pd.Timedelta(weeks=SPANS[0])
    return [first - step * k for k in range(ORIGINS)][::-1]


def backtests(as_of: str, draws: int = 200, seed: int = SEED) -> pd.DataFrame:
    """Predicted and listed national totals after each origin, by forecaster."""
    register = Register.known(as_of)
    made = [
        backtest(register, name, origin, draws, seed)
        for origin in origins(register.day)
        for name in FORECASTERS
    ]
    return pd.concat(made, ignore_index=True)


def backtest(
    register: Register, name: str, origin: pd.Timestamp, draws: int, seed: int = SEED
) -> pd.DataFrame:
    """One forecaster from one day: a row for each span that the register covers."""
    then = Register.known(str(origin.date()))
    weeks = {
        str((then.day + pd.Timedelta(weeks=span)).date()): span
        for span in SPANS
        if then.day + pd.Timedelta(weeks=span) <= register.day
    }
    forecast = FORECASTERS[name](then, weeks, draws=draws, seed=seed)
    rows = []
    for day, span in weeks.items():
        total = forecast[day].sum(axis=1)
        quantiles = np.quantile(total, LEVELS)
        row = {"forecaster": name, "origin": then.day, "day": day, "weeks": span}
        row |= {"at_origin": len(then.active)}
        row |= dict(zip(QUANTILES, quantiles, strict=True))
        row["listed"] = int(register.stock(pd.Timestamp(day)).sum())
        rows.append(row)
    table = pd.DataFrame(rows).astype({"day": "datetime64[ns]"})
    return table.assign(**table[list(QUANTILES)].round(2))


@dataclass(frozen=True)
class Drift:
    """Mean and standard deviation of log(added / predicted to be added), by weeks."""

    weeks: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, name: str) -> "Drift":
        """From the backtests of a forecaster; spread of its own draws taken off."""
        part = table[table["forecaster"] == name]
        found = []
        for span, rows in part.groupby("weeks"):
            if len(rows) < LEAST:
                continue  # the errors of the span before stand for these
            start = rows["at_origin"]
            ratio = np.log((rows["listed"] - start) / (rows["q500"] - start))
            width = np.log(
                (rows["q900"] - start).clip(lower=1)
                / (rows["q100"] - start).clip(lower=1)
            )
            own = float(((width / 2.563) ** 2).mean())  # 80 % of a normal
            days = (rows["origin"].max() - rows["origin"].min()).days
            apart = 1 + days / 7 / span  # spans that do not overlap
            mean = float(ratio.mean()) * apart / (1 + apart)
            spread = float(((ratio - mean) ** 2).mean()) * (1 + 1 / apart)
            found.append((span, mean, np.sqrt(max(spread - own, 0.0))))
        return cls(*np.array(found).T)

    def factors(
        self, weeks: Mapping[str, int], draws: int = DRAWS, seed: int = SEED
    ) -> dict[str, np.ndarray]:
        """(draws,) by day; one draw is high or low on all days alike."""
        z = np.random.default_rng([seed, 1]).standard_normal(draws)
        return {
            day: np.exp(
                np.interp(ahead, self.weeks, self.mean)
                + z * np.interp(ahead, self.weeks, self.sd)
            )
            for day, ahead in weeks.items()
        }

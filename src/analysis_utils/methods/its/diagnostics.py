"""Are the residuals what the model says they are?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
from statsmodels.stats.stattools import durbin_watson, jarque_bera
from statsmodels.tsa.stattools import acf, pacf

from .seasonality import natural_cycle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .results import ITSResults


@dataclass(frozen=True)
class Diagnostics:
    """Checks of the innovations (see ITSResults.innovations) of the treated series.

    acf : lag, acf, pacf, limit (1.96/sqrt(n), for white noise).
    tests : statistic and p of Ljung-Box at several lags, of Breusch-Pagan, of a change
        of variance after the first event (Levene), of normality (Jarque-Bera); for
        counts the Pearson dispersion with p of no overdispersion; Durbin-Watson
        without p, since it sees one lag only (Turner et al. 2021).
    """

    acf: pd.DataFrame
    tests: pd.DataFrame

    @classmethod
    def of(cls, result: ITSResults, lags: Sequence[int] | None = None) -> Diagnostics:
        """Compute the checks; `lags` of Ljung-Box: 1, half a cycle, one and two."""
        e = _treated(result)
        lags = _lags(result, len(e)) if lags is None else sorted(set(lags))
        tests = [*_ljung_box(result, e, lags), *_spread(result, e), *_counts(result)]
        tests.append(("Durbin-Watson", durbin_watson(e), np.nan))
        table = pd.DataFrame(tests, columns=["test", "statistic", "p"])
        return cls(_correlations(e, max(lags)), table.set_index("test"))

    def plot(self, ax: Axes, which: str = "acf") -> Axes:
        """Draw the bars of "acf" or "pacf" with white-noise limits."""
        rows = self.acf[self.acf["lag"] > 0]
        limit = rows["limit"].iloc[0]
        ax.axhspan(-limit, limit, color="0.9", zorder=0)
        ax.axhline(0, color="0.4", linewidth=0.6)
        ax.vlines(rows["lag"], 0, rows[which], color="#0072B2", linewidth=1.5)
        ax.set(xlabel="Lag (periods)", ylabel=which.upper(), ylim=(-1, 1))
        return ax


def _treated(result: ITSResults) -> np.ndarray:
    e = result.innovations
    return (e if result.model.control is None else e.loc["treated"]).to_numpy()


def _lags(result: ITSResults, n: int) -> list[int]:
    try:
        cycle = int(natural_cycle(result.model.design.periods))
    except ValueError:
        cycle = 4
    wanted = {1, max(2, cycle // 2), cycle, 2 * cycle}
    kept = sorted(lag for lag in wanted if lag <= min(n // 2 - 1, 40))
    return kept or [1]


def _correlations(e: np.ndarray, most: int) -> pd.DataFrame:
    lags = np.arange(most + 1)
    return pd.DataFrame(
        {
            "lag": lags,
            "acf": acf(e, nlags=most, fft=False),
            "pacf": pacf(e, nlags=most, method="ldb"),
            "limit": 1.96 / np.sqrt(len(e)),
        }
    )


def _ljung_box(result: ITSResults, e: np.ndarray, lags: Sequence[int]) -> list:
    """Degrees of freedom lose one for each estimated AR or MA coefficient."""
    noise = result.noise
    fitted = sum(k == "rho" or k.startswith(("ar.", "ma.")) for k in noise)
    table = acorr_ljungbox(e, lags=list(lags), model_df=fitted)
    return [
        (f"Ljung-Box, lags 1-{lag}", row["lb_stat"], row["lb_pvalue"])
        for lag, row in table.iterrows()
    ]


def _spread(result: ITSResults, e: np.ndarray) -> list:
    """Breusch-Pagan (studentized) by the fitted values; Levene; Jarque-Bera."""
    fitted = result.fittedvalues
    if result.model.control is not None:
        fitted = fitted.loc["treated"]
    fitted = fitted.to_numpy()[-len(e) :]
    rows = []
    if np.ptp(fitted) > 0:
        exog = np.column_stack([np.ones(len(e)), fitted / np.abs(fitted).max()])
        rows = [("Breusch-Pagan, by fitted values", *het_breuschpagan(e, exog)[:2])]
    rows += _levene(result, e)
    statistic, p, _, _ = jarque_bera(e)
    return [*rows, ("Jarque-Bera", float(statistic), float(p))]


def _levene(result: ITSResults, e: np.ndarray) -> list:
    design = result.model.design
    if not design.spans:
        return []
    first = min(a for a, _ in design.spans.values())
    time = design.layout.time[: design.used[: len(design.periods)].sum()][-len(e) :]
    before, after = e[time < first], e[time >= first]
    if min(len(before), len(after)) < 3:
        return []
    found = stats.levene(before, after)
    return [("Levene, before v after", float(found.statistic), float(found.pvalue))]


def _counts(result: ITSResults) -> list:
    if not result.model.log_link:
        return []
    df = result.nobs - len(result.params)
    phi = result.scale
    return [("Pearson dispersion", phi, float(stats.chi2.sf(phi * df, df)))]

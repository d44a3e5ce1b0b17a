"""Are the residuals what the model says they are?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
from statsmodels.stats.stattools import durbin_watson, jarque_bera
from statsmodels.tsa.stattools import acf, pacf

from analysis_utils.asking import Refused

from ..arguments import whole
from .seasonality import natural_cycle

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Residuals:
    """What the checks read of a fit: rows of the treated series, one a period.

    after : rows from the first event on. terms : AR and MA coefficients estimated.
    dispersion : Pearson's phi of counts and its degrees of freedom.
    """

    innovations: np.ndarray
    fitted: np.ndarray
    after: np.ndarray
    periods: pd.PeriodIndex
    terms: int
    dispersion: tuple[float, float] | None


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
    def of(cls, rows: Residuals, lags: Sequence[int] | None = None) -> Diagnostics:
        """Compute the checks; `lags` of Ljung-Box: 1, half a cycle, one and two."""
        e = rows.innovations
        lags = _lags(rows.periods, len(e)) if lags is None else _asked(lags, len(e))
        tests = [*_ljung_box(rows, lags), *_spread(rows), *_counts(rows)]
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


def _lags(periods: pd.PeriodIndex, n: int) -> list[int]:
    try:
        cycle = int(natural_cycle(periods))
    except ValueError:
        cycle = 4
    wanted = {1, max(2, cycle // 2), cycle, 2 * cycle}
    kept = sorted(lag for lag in wanted if lag <= min(n // 2 - 1, 40))
    return kept or [1]


def _asked(lags: object, n: int) -> list[int]:
    if isinstance(lags, str) or not isinstance(lags, Iterable):
        raise Refused(f"lags is a list of whole numbers, not {lags!r}.")
    found = sorted({whole(lag, "lag", least=1, most=n // 2 - 1) for lag in lags})
    if not found:
        raise Refused("lags is empty: name one lag at least.")
    return found


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


def _ljung_box(rows: Residuals, lags: Sequence[int]) -> list:
    """Degrees of freedom lose one for each estimated AR or MA coefficient."""
    table = acorr_ljungbox(rows.innovations, lags=list(lags), model_df=rows.terms)
    return [
        (f"Ljung-Box, lags 1-{lag}", row["lb_stat"], row["lb_pvalue"])
        for lag, row in table.iterrows()
    ]


def _spread(rows: Residuals) -> list:
    """Breusch-Pagan (studentized) by the fitted values; Levene; Jarque-Bera."""
    e, fitted = rows.innovations, rows.fitted
    tests = []
    if np.ptp(fitted) > 0:
        exog = np.column_stack([np.ones(len(e)), fitted / np.abs(fitted).max()])
        tests = [("Breusch-Pagan, by fitted values", *het_breuschpagan(e, exog)[:2])]
    before, after = e[~rows.after], e[rows.after]
    if min(len(before), len(after)) >= 3:
        found = stats.levene(before, after)
        name = "Levene, before v after"
        tests.append((name, float(found.statistic), float(found.pvalue)))
    statistic, p, _, _ = jarque_bera(e)
    return [*tests, ("Jarque-Bera", float(statistic), float(p))]


def _counts(rows: Residuals) -> list:
    if rows.dispersion is None:
        return []
    phi, df = rows.dispersion
    return [("Pearson dispersion", phi, float(stats.chi2.sf(phi * df, df)))]

"""Are the residuals what the model says they are? Tests, and notes in words."""

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
from .estimators import Estimate
from .least_squares import Layout
from .seasonality import natural_cycle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


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


LEVEL = 0.05
_MOST_LAGS = 6


def residual_notes(
    estimate: Estimate,
    layout: Layout,
    first: int | None,
    y: np.ndarray | None = None,
    poisson: bool = False,
) -> tuple[str, ...]:
    """Return notes on autocorrelation, variance and zeros of a fit.

    first : row of the first period after the first event, None without an event.
    y : the outcome, if it is counts; poisson : their variance is their mean.
    """
    layout = _last(layout, len(estimate.innovations))
    notes = _autocorrelation(estimate, layout, y is not None)
    if first is not None and "sd_ratio" not in estimate.noise:
        notes += _variance(estimate, layout, first, y is not None)
    return notes if y is None else notes + _zeros(estimate, y, poisson)


def _last(layout: Layout, n: int) -> Layout:
    """The layout of the last n rows: a start-up has no innovations."""
    return Layout(layout.time[-n:], layout.unit[-n:])


def autocorrelations(e: np.ndarray, layout: Layout, most: int) -> np.ndarray:
    """Autocorrelations at lags 1 to `most` of pairs that are that far apart.

    Pairs never leave a unit; a period left out is a period.

    >>> layout = Layout(np.array([0, 1, 3, 4]), np.zeros(4, int))
    >>> autocorrelations(np.array([1.0, 1.0, -1.0, -1.0]), layout, 2)
    array([ 0.5 , -0.25])
    """
    place = {
        pair: i for i, pair in enumerate(zip(layout.unit, layout.time, strict=True))
    }
    found = np.zeros(most)
    for lag in range(1, most + 1):
        pairs = [
            (i, place[unit, time - lag])
            for (unit, time), i in place.items()
            if (unit, time - lag) in place
        ]
        now, before = np.array(pairs, int).reshape(-1, 2).T
        found[lag - 1] = e[now] @ e[before] / (e @ e)
    return found


def _autocorrelation(estimate: Estimate, layout: Layout, counts: bool) -> tuple:
    """Ljung-Box over up to six lags, and lag 1 alone; AR and MA terms cost a lag."""
    e, noise, n = estimate.innovations, estimate.noise, len(estimate.innovations)
    most = min(_MOST_LAGS, n // 4)
    fitted = sum(k.startswith(("rho", "ar.", "ma.")) for k in noise)
    fitted = round(noise.get("mean_order", fitted))
    if most <= fitted:
        return ()
    r = autocorrelations(e, layout, most)
    pieces = n * (n + 2) * r**2 / (n - np.arange(1, most + 1))
    allowed = int(noise.get("lags", 0))
    p = stats.chi2.sf(pieces[allowed:].sum(), max(most - max(fitted, allowed), 1))
    alone = fitted == 0 and allowed == 0 and r[0] > 2 / np.sqrt(n)
    if allowed >= most or (p >= LEVEL and not alone):
        return ()
    lag = allowed + int(np.argmax(np.abs(r[allowed:]))) if p < LEVEL else 0
    cure = "family='quasipoisson', " if counts else ""
    return (
        f"Residuals are autocorrelated (lag {lag + 1}: {r[lag]:.2f}; lags 1 to {most}: "
        f"p {p:.3f}): intervals are too narrow; use {cure}errors='reml-ar'.",
    )


def _variance(estimate: Estimate, layout: Layout, first: int, counts: bool) -> tuple:
    """Brown and Forsythe's test of one variance before and after the event."""
    treated = layout.unit == layout.unit[0]
    e, time = estimate.innovations[treated], layout.time[treated]
    before, after = e[time < first], e[time >= first]
    if min(len(before), len(after)) < 5 or min(np.ptp(before), np.ptp(after)) == 0:
        return ()
    found = stats.levene(before, after, center="median")
    if not found.pvalue < LEVEL:
        return ()
    ratio = after.std() / before.std()
    cure = "" if counts else "; use errors='reml-ar-break'"
    return (
        f"Residuals vary {ratio:.2g} times as much after the event as before "
        f"(standard deviations; p {found.pvalue:.3f}): one variance for both makes "
        f"intervals wrong{cure}.",
    )


def _zeros(estimate: Estimate, y: np.ndarray, poisson: bool) -> tuple:
    """Zeros beyond those of the family; and counts that are mostly zeros."""
    zeros = int((y == 0).sum())
    chance = _chance_of_zero(estimate, poisson)
    expected, sd = chance.sum(), np.sqrt((chance * (1 - chance)).sum())
    notes: tuple[str, ...] = ()
    if zeros > expected + stats.norm.isf(LEVEL) * max(sd, 1e-12) and zeros > 1:
        notes = (
            f"Zero-inflated: {zeros} of {len(y)} counts are 0 where the model expects "
            f"{expected:.1f}: its variance is not that of these counts.",
        )
    if zeros > 0.4 * len(y):
        notes += (
            f"{zeros} of {len(y)} counts are 0: intervals by a normal distribution are "
            "too narrow; use family='quasipoisson', errors='reml-ar', or longer "
            "periods.",
        )
    return notes


def _chance_of_zero(estimate: Estimate, poisson: bool) -> np.ndarray:
    """Chance of a zero: Poisson, or a negative binomial with the model's variance."""
    mu, alpha = estimate.fitted, estimate.noise.get("alpha")
    if alpha is not None:
        return np.exp(-mu) if alpha < 1e-6 else (1 + alpha * mu) ** (-1 / alpha)
    phi = 1.0 if poisson else estimate.noise.get("dispersion", 1.0)
    return np.exp(-mu) if phi <= 1 + 1e-6 else phi ** (-mu / (phi - 1))

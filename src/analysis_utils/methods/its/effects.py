"""Effects with intervals by the delta method; tests of several coefficients at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable

from .estimators import Estimate

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


@dataclass(frozen=True)
class Path:
    """Mean of each period under one design: value and gradient by the coefficients."""

    value: np.ndarray
    gradient: np.ndarray

    def total(self) -> Path:
        """Return the sum over periods."""
        return Path(self.value.sum(keepdims=True), self.gradient.sum(0, keepdims=True))

    def cumulated(self) -> Path:
        """Return the running sum over periods."""
        return Path(self.value.cumsum(), self.gradient.cumsum(axis=0))

    def __sub__(self, other: Path) -> Path:
        return Path(self.value - other.value, self.gradient - other.gradient)

    def __truediv__(self, n: float) -> Path:
        return Path(self.value / n, self.gradient / n)

    def log(self) -> Path:
        """Return the logarithm, not a number where the mean is not positive."""
        value = np.where(self.value > 0, self.value, np.nan)
        return Path(np.log(value), self.gradient / value[:, None])

    def se(self, cov: np.ndarray) -> np.ndarray:
        """Return the standard error of each value."""
        variance = np.einsum("ij,jk,ik->i", self.gradient, cov, self.gradient)
        return np.sqrt(np.clip(variance, 0, None))


def path(X: np.ndarray, params: np.ndarray, offset: np.ndarray, log_link: bool) -> Path:
    """Return the means ``X b``, or ``exp(X b + offset)`` for a log link."""
    if not log_link:
        return Path(X @ params, X)
    mu = np.exp(X @ params + offset)
    return Path(mu, mu[:, None] * X)


def compare(
    fitted: Path, counter: Path, cov: np.ndarray, reference, log_link: bool = False
) -> pd.DataFrame:
    """Return difference and ratio of two sums over the same periods.

    Rows: mean difference per period, cumulated difference, ratio of sums. The ratio's
    interval is symmetric on the log scale. Without a log link the ratio is empty where
    the interval of the sum below the line reaches zero: the ratio then has no bound.
    """
    n = len(fitted.value)
    gap = (fitted - counter).total()
    log_ratio = fitted.total().log() - counter.total().log()
    ratio = exponentiated(interval(log_ratio, cov, reference))
    if not log_link and interval(counter.total(), cov, reference)["lower"].iloc[0] <= 0:
        ratio = ratio * np.nan
    rows = [interval(gap / n, cov, reference), interval(gap, cov, reference), ratio]
    names = ["mean difference", "cumulated difference", "ratio"]
    return pd.concat(rows).set_axis(pd.Index(names, name="effect"))


def exponentiated(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of log ratios as one of ratios; p stays."""
    return table.assign(**np.exp(table[["estimate", "lower", "upper"]]))


def interval(values: Path, cov: np.ndarray, reference) -> pd.DataFrame:
    """Return estimate, lower, upper and p (of no effect) for each value."""
    quantile, tail = reference
    se = values.se(cov)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * tail(np.abs(values.value / se))
    return pd.DataFrame(
        {
            "estimate": values.value,
            "lower": values.value - quantile * se,
            "upper": values.value + quantile * se,
            "p": p,
        }
    )


def wald_test(b: np.ndarray, cov: np.ndarray, df_resid: float) -> pd.Series:
    """Return the Wald test that all these coefficients are zero.

    F with n - k degrees where intervals are by t, chi-squared where they are by z.
    """
    q, chi2 = len(b), float(b @ np.linalg.solve(cov, b))
    if np.isinf(df_resid):
        return _row(chi2, q, np.inf, stats.chi2.sf(chi2, q))
    return _row(chi2 / q, q, df_resid, stats.f.sf(chi2 / q, q, df_resid))


def compare_f_test(large: Estimate, small: Estimate, label: str) -> pd.Series:
    """Return the F test of a smaller nested model by deviance over its dispersion.

    For OLS the residual sums of squares, for Poisson and quasi-Poisson the deviances
    over Pearson's dispersion of the larger model (R: ``anova(..., test="F")``).
    """
    if large.deviance is None or small.deviance is None:
        raise NotTestable(f"No deviance with {label}: wald_test().")
    q, n = len(large.params) - len(small.params), len(large.fitted)
    if q < 1 or n != len(small.fitted):
        raise NotTestable("The restricted model has fewer terms and the same periods.")
    df = n - len(large.params)
    f = (small.deviance - large.deviance) / q / large.scale
    return _row(f, q, df, stats.f.sf(f, q, df))


def _row(statistic: float, df: float, df_resid: float, p: float) -> pd.Series:
    values = {"statistic": statistic, "df": df, "df_resid": df_resid, "p": float(p)}
    return pd.Series(values, dtype=float)

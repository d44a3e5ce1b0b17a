"""Tests of several coefficients at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable

from .estimators import Estimate

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


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

"""Tests of several coefficients at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable

if TYPE_CHECKING:
    from .results import ITSResults

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


def wald_test(result: ITSResults, names: Sequence[str]) -> pd.Series:
    """Return the Wald test that all these coefficients are zero.

    F with n - k degrees where intervals are by t, chi-squared where they are by z.
    """
    names = list(names)
    b = result.params[names].to_numpy()
    cov = result.cov_params().loc[names, names].to_numpy()
    q, chi2 = len(names), float(b @ np.linalg.solve(cov, b))
    if np.isinf(result.df_resid):
        return _row(chi2, q, np.inf, stats.chi2.sf(chi2, q))
    return _row(chi2 / q, q, result.df_resid, stats.f.sf(chi2 / q, q, result.df_resid))


def compare_f_test(result: ITSResults, restricted: ITSResults) -> pd.Series:
    """Return the F test of a smaller nested model by deviance over its dispersion.

    For OLS the residual sums of squares, for Poisson and quasi-Poisson the deviances
    over Pearson's dispersion of the larger model (R: ``anova(..., test="F")``).
    """
    large, small = result._estimate.deviance, restricted._estimate.deviance
    q = len(result.params) - len(restricted.params)
    if large is None or small is None:
        raise NotTestable(
            f"No deviance with {result.model.estimator.label}: wald_test()."
        )
    if q < 1 or result.nobs != restricted.nobs:
        raise NotTestable("The restricted model has fewer terms and the same periods.")
    df = result.nobs - len(result.params)
    f = (small - large) / q / result.scale
    return _row(f, q, df, stats.f.sf(f, q, df))


def _row(statistic: float, df: float, df_resid: float, p: float) -> pd.Series:
    values = {"statistic": statistic, "df": df, "df_resid": df_resid, "p": float(p)}
    return pd.Series(values, dtype=float)

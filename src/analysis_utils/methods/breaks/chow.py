"""Test of a break at a date that was known before looking at the series."""

import numpy as np
import pandas as pd
import statsmodels.api as sm

from analysis_utils.asking import NotTestable

from ..arguments import frame as frame_of
from ..arguments import number
from ..inputs import align, as_series
from ..its.calendar import moment
from ..resampling.newey_west import checked_lags
from .results import SEARCHED, EstimatedBreak


def chow_test(
    y: pd.Series,
    first_after: object,
    regressors: pd.DataFrame | None = None,
    *,
    maxlags: int | None = None,
) -> pd.Series:
    """Test that no coefficient of y = X b + e changes at a known date.

    first_after: first period of the new regime. regressors: columns beside the
    constant. maxlags: Newey-West errors (with n / (n - k)); None: classical F test
    (Chow 1960, Econometrica 28:591). Returns F, its degrees of freedom and p.

    Raises NotTestable for a date that was estimated by `find_breaks`.

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(24)
    >>> y = pd.Series(noise + 5 * (months >= "2021-01"), months)
    >>> bool(chow_test(y, "2021-01")["p"] < 0.001)
    True
    """
    if isinstance(first_after, EstimatedBreak):
        raise NotTestable(SEARCHED)
    series = [as_series(y, "y")]
    maxlags = checked_lags(maxlags, len(series[0]))
    if regressors is not None:
        regressors = frame_of(regressors, "regressors")
        series += [as_series(regressors[name], str(name)) for name in regressors]
    frame = align(*series)
    design = sm.add_constant(frame.iloc[:, 1:])
    after = np.asarray(frame.index >= _like(first_after, frame.index))
    k = design.shape[1]
    if min(after.sum(), (~after).sum()) <= k:
        raise NotTestable(
            f"{first_after}: {k} coefficients need {k + 1} periods or more "
            "before and after the date."
        )
    columns = np.column_stack([design, design.mul(after, axis=0)])
    options = (
        {}
        if maxlags is None
        else {
            "cov_type": "HAC",
            "cov_kwds": {"maxlags": maxlags, "use_correction": True},
        }
    )
    fit = sm.OLS(frame.iloc[:, 0].to_numpy(), columns).fit(use_t=True, **options)
    test = fit.f_test(np.eye(2 * k)[k:])
    return pd.Series(
        {
            "F": float(test.fvalue),
            "df": k,
            "df_resid": int(test.df_denom),
            "p": float(test.pvalue),
        }
    )


def _like(date: object, index: pd.Index) -> object:
    """Read a date as the index writes dates."""
    if isinstance(index, pd.PeriodIndex):
        return pd.Period(moment(date), index.freq)
    if isinstance(index, pd.DatetimeIndex):
        return moment(date)
    return number(date, "first_after")

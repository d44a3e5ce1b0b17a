"""Unit-root and stationarity tests, reported beside a result and never decided on."""

import warnings

import pandas as pd
from statsmodels.tools.sm_exceptions import InterpolationWarning
from statsmodels.tsa.stattools import adfuller, kpss

from analysis_utils.asking import NotTestable

from ..arguments import frame as table
from ..inputs import as_series, check_varies

__all__ = ["stationarity_tests"]

MINIMUM = 8


def stationarity_tests(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the augmented Dickey-Fuller and the KPSS test of each column.

    ADF: the hypothesis is a unit root, lags by AIC; KPSS: the hypothesis is
    stationarity, automatic lags, p between .01 and .10 as tabulated. Both with a
    constant ("c") and with a linear trend ("ct"). statsmodels `adfuller`, `kpss`.

    >>> import numpy as np
    >>> walk = np.random.default_rng(0).standard_normal(80).cumsum()
    >>> table = stationarity_tests(pd.DataFrame({"walk": walk}))
    >>> bool(table.loc[("walk", "ADF", "c"), "p"] > 0.05)  # no evidence against a root
    True
    """
    checked = table(frame, "frame")
    for name in checked.columns:
        if len(checked) < MINIMUM:
            raise NotTestable(
                f"{name}: {len(checked)} periods are too few for unit-root tests; "
                f"{MINIMUM} are needed."
            )
    rows = [
        {
            "series": name,
            "test": test,
            "terms": terms,
            "statistic": statistic,
            "p": p,
            "lags": lags,
        }
        for name in frame.columns
        for test, terms, statistic, p, lags in _tests(as_series(frame[name], str(name)))
    ]
    return pd.DataFrame(rows).set_index(["series", "test", "terms"])


def _tests(series: pd.Series) -> list[tuple]:
    check_varies(series, str(series.name))
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterpolationWarning)
        for terms in ("c", "ct"):
            adf = adfuller(series, regression=terms, autolag="AIC", result_object=True)
            found.append(("ADF", terms, adf.statistic, adf.pvalue, adf.lags))
            level = kpss(series, regression=terms, nlags="auto", result_object=True)
            found.append(("KPSS", terms, level.statistic, level.pvalue, level.lags))
    return found

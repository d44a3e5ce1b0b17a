"""Interrupted time series: segmented regression with honest intervals.

State the model, print it, fit it, ask for the effect:

>>> import numpy as np, pandas as pd
>>> months = pd.period_range("2020-01", periods=48, freq="M")
>>> noise = np.random.default_rng(1).standard_normal(48)
>>> y = pd.Series(50 + 8.0 * (months >= "2022-01") + noise, months, name="sales")
>>> law = Intervention("law", "2022-01-20", slope=True)
>>> model = InterruptedTimeSeries(y, law)
>>> print(model.equation)
sales_t = b0 + b1 time_t + b2 law_level_t + b3 law_slope_t + e_t
  e_t = rho e_{t-1} + u_t
  law: first affected period 2022-01 (t = 24), ramp from 0
>>> result = model.fit()
>>> result.params.round(1).to_dict()
{'Intercept': 50.1, 'time': 0.0, 'law_level': 7.1, 'law_slope': 0.0}
>>> effects = result.effect(over=("2022", "2022")).drop(columns="p")
>>> print(effects.round(1))  # doctest: +NORMALIZE_WHITESPACE
                      estimate  lower  upper
effect
mean difference            7.2    5.8    8.6
cumulated difference      86.8   70.1  103.5
ratio                      1.1    1.1    1.2

Beside the fit: `result.diagnostics()`, `result.plot(ax)`, `model.forecast()`; and the
modules `power`, `placebo` and `sensitivity`.
"""

from .counts import CountModel, QuasiPoissonAR, QuasiPoissonAR1
from .estimators import OLS, NeweyWest, PraisWinsten, RemlAR1
from .forecast import ForecastResults
from .intervention import Intervention
from .model import InterruptedTimeSeries
from .reml_ar import RemlAR
from .results import ITSResults
from .seasonality import Fourier, SeasonalDummies
from .statespace import Sarima, Structural

__all__ = [
    "CountModel",
    "ForecastResults",
    "Fourier",
    "ITSResults",
    "InterruptedTimeSeries",
    "Intervention",
    "NeweyWest",
    "OLS",
    "PraisWinsten",
    "QuasiPoissonAR",
    "QuasiPoissonAR1",
    "RemlAR",
    "RemlAR1",
    "Sarima",
    "SeasonalDummies",
    "Structural",
]

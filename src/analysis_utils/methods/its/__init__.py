"""Interrupted time series: segmented regression with honest intervals."""

from .counts import CountModel
from .estimators import OLS, NeweyWest, PraisWinsten, RemlAR1
from .intervention import Intervention
from .model import InterruptedTimeSeries
from .refusals import Refusal
from .results import ITSResults
from .seasonality import Fourier, SeasonalDummies
from .statespace import Sarima, Structural

__all__ = [
    "CountModel",
    "Fourier",
    "ITSResults",
    "InterruptedTimeSeries",
    "Intervention",
    "NeweyWest",
    "OLS",
    "PraisWinsten",
    "Refusal",
    "RemlAR1",
    "Sarima",
    "SeasonalDummies",
    "Structural",
]

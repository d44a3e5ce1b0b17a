"""Association of two time series: innovations, cross-correlations, limits that hold."""

from .associate import METHODS, associate
from .result import AssociationResult
from .stationarity import stationarity_tests

__all__ = ["METHODS", "AssociationResult", "associate", "stationarity_tests"]

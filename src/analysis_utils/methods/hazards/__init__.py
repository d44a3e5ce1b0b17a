"""Discrete-time hazards: who has an event, and when, for units over periods."""

from .collapse import to_intervals
from .fit import fit_hazard
from .results import HazardResults

__all__ = ["HazardResults", "fit_hazard", "to_intervals"]

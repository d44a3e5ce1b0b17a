"""Associations in panels: regressions with effects of units and of periods."""

from .association import panel_association
from .demeaning import EFFECTS, balanced, within
from .regression import ERRORS
from .result import PanelResult

__all__ = [
    "EFFECTS",
    "ERRORS",
    "PanelResult",
    "balanced",
    "panel_association",
    "within",
]

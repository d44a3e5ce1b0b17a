"""Figures, tables and numbers of a run: the one place that writes its outputs."""

from analysis_utils.publish.files import figure, rounded
from analysis_utils.publish.findings import Finding
from analysis_utils.publish.results import (
    check,
    detectable,
    hypothesis,
    number,
    recorded,
    sentence,
    title,
)
from analysis_utils.publish.style import COLOURS, MODEL_NAMES, new_figure
from analysis_utils.publish.tables import table

__all__ = [
    "COLOURS",
    "MODEL_NAMES",
    "Finding",
    "check",
    "detectable",
    "figure",
    "hypothesis",
    "new_figure",
    "number",
    "recorded",
    "rounded",
    "sentence",
    "table",
    "title",
]

"""What a model states, frozen: the words that design and equation are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from .intervention import Intervention
from .seasonality import Seasonality

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


@dataclass(frozen=True)
class Specification:
    """The words of a model, checked; the arguments are those of the model."""

    y: pd.Series
    name: str
    interventions: list[Intervention]
    family: str
    estimator: Any
    trend: str | None
    trend_df: int
    seasonality: list[Seasonality]
    offset: pd.Series | pd.DataFrame | None
    covariates: pd.DataFrame | None
    control: pd.DataFrame | None
    exclude: list[tuple[object, object]]

    @property
    def log_link(self) -> bool:
        """Whether the model is of the logarithm of the mean (counts)."""
        return self.family != "gaussian"

"""The pace of a gradual effect, by the likelihood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable

from ..arguments import share
from .model import InterruptedTimeSeries, stated_model

GRID = np.round(np.arange(0.05, 1.0, 0.05), 2)


def profile_decay(
    model: InterruptedTimeSeries, event: str, grid: np.ndarray = GRID
) -> pd.DataFrame:
    """Return the likelihood of each decay of one event (Box & Tiao 1975).

    Columns: `deviance` (minus twice the log likelihood, the smallest is 0) and
    `inside`, whether the decay lies in the 95 % likelihood interval (deviance up to
    3.84). For SARIMA or structural errors, OLS and (quasi-)Poisson; the others have no
    likelihood that can be compared across columns. Intervals of the effect given one
    decay do not count that it was chosen: show the effect at both ends of the interval.

    >>> from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
    >>> months = pd.period_range("2020-01", periods=48, freq="M")
    >>> fades = 20 * 0.7 ** np.clip(np.arange(48) - 24, 0, None) * (np.arange(48) >= 24)
    >>> y = pd.Series(np.random.default_rng(2).standard_normal(48) + fades, months)
    >>> shock = Intervention("shock", "2022-01", level=False, pulse=1)
    >>> model = InterruptedTimeSeries(y, shock, errors="ols")
    >>> float(profile_decay(model, "shock")["deviance"].idxmin())
    0.7
    """
    stated_model(model)
    if isinstance(grid, str) or not isinstance(grid, Iterable):
        raise NotTestable(f"grid is a list of decays between 0 and 1, not {grid!r}.")
    grid = [share(decay, "decay") for decay in grid]
    if not grid:
        raise NotTestable("grid is empty: name one decay at least.")
    if not isinstance(event, str) or event not in model.design.owners:
        raise NotTestable(
            f"No event {event!r}: there are {', '.join(model.design.owners)}."
        )
    values = []
    for decay in grid:
        parts = [
            replace(part, decay=float(decay)) if part.name == event else part
            for part in model.interventions
        ]
        values.append(_minus_two_loglik(model.replace(interventions=parts).fit()))
    deviance = np.array(values) - min(values)
    inside = deviance <= stats.chi2.isf(0.05, 1)
    index = pd.Index(grid, name="decay")
    return pd.DataFrame({"deviance": deviance, "inside": inside}, index)


def _minus_two_loglik(result) -> float:
    estimate = result._estimate
    if "loglik" in result.noise:
        return -2 * result.noise["loglik"]
    if estimate.deviance is None:
        raise NotTestable(f"{result.model.estimator.label}: no likelihood to profile.")
    if result.model.log_link:
        return estimate.deviance / estimate.scale
    return result.nobs * float(np.log(estimate.deviance))

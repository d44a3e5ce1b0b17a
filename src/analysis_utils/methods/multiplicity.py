"""Several tests at once: Holm, Benjamini-Hochberg, Romano-Wolf."""

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from .inputs import InputError


def holm(pvalues: pd.Series) -> pd.Series:
    """Return p-values adjusted so that one false rejection is rare (Holm 1979)."""
    return _adjust(pvalues, "holm")


def benjamini_hochberg(pvalues: pd.Series) -> pd.Series:
    """Return p-values adjusted for the false discovery rate (1995), any order."""
    return _adjust(pvalues, "fdr_bh")


def romano_wolf(statistics: pd.Series, null_draws: np.ndarray) -> pd.Series:
    """Return stepdown p-values that use the dependence between the tests.

    `statistics` (m,) are observed absolute or signed t statistics, `null_draws`
    (draws, m) the same statistics under the hypothesis (bootstrap: centred at the
    estimate; permutation: as they are). Two-sided. Romano and Wolf 2005,
    Econometrica 73:1237; p-values of 2016, Statistics & Probability Letters 113:38.
    """
    observed = np.abs(_checked(statistics, "statistics").to_numpy())
    draws = np.abs(np.asarray(null_draws, dtype="float64"))
    if draws.ndim != 2 or draws.shape[1] != len(observed):
        raise InputError(
            f"null_draws must have {len(observed)} columns, one for each statistic; "
            f"its shape is {draws.shape}.")
    if not np.isfinite(draws).all():
        raise InputError("null_draws holds missing or infinite values.")
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(draws[:, order][:, ::-1], axis=1)[:, ::-1]
    exceed = (largest >= observed[order]).sum(axis=0)
    stepdown = np.maximum.accumulate((exceed + 1) / (len(draws) + 1))
    adjusted = np.empty(len(observed))
    adjusted[order] = stepdown
    return pd.Series(adjusted, index=statistics.index, name="romano_wolf")


def _adjust(pvalues: pd.Series, method: str) -> pd.Series:
    checked = _checked(pvalues, "p-values")
    if ((checked < 0) | (checked > 1)).any():
        raise InputError("p-values must lie between 0 and 1.")
    adjusted = multipletests(checked, method=method)[1]
    return pd.Series(adjusted, index=pvalues.index, name=method)


def _checked(values: pd.Series, what: str) -> pd.Series:
    series = pd.Series(values).astype("float64")
    if series.empty or series.isna().any():
        raise InputError(
            f"{what}: {int(series.isna().sum())} of {len(series)} are missing. A test "
            "that failed still belongs to the family: decide what to do with it.")
    return series

"""Several tests at once: Holm, Benjamini-Hochberg, Romano-Wolf."""

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from analysis_utils.asking import NotTestable

from .resampling.batches import run_batches
from .resampling.bootstrap import block_indices
from .resampling.linear import LinearEngine


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
        raise NotTestable(
            f"null_draws must have {len(observed)} columns, one for each statistic; "
            f"its shape is {draws.shape}."
        )
    if not np.isfinite(draws).all():
        raise NotTestable("null_draws holds missing or infinite values.")
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(draws[:, order][:, ::-1], axis=1)[:, ::-1]
    exceed = (largest >= observed[order]).sum(axis=0)
    stepdown = np.maximum.accumulate((exceed + 1) / (len(draws) + 1))
    adjusted = np.empty(len(observed))
    adjusted[order] = stepdown
    return pd.Series(adjusted, index=statistics.index, name="romano_wolf")


def romano_wolf_regressions(
    outcomes: pd.DataFrame,
    design: pd.DataFrame | np.ndarray,
    coefficient: int | str,
    *,
    length: int,
    maxlags: int | None = None,
    draws: int = 9999,
    seed: int = 0,
    workers: int = 1,
) -> pd.DataFrame:
    """Test one coefficient for several outcomes of one design, by block bootstrap.

    outcomes: (n, m), one column a test. length: of the blocks of residuals, which are
    the same rows for all outcomes, so that their dependence is kept. maxlags: of
    Newey-West errors, None for classical. Returns estimate, standard error, t, and
    Romano-Wolf's p beside the unadjusted one, both from the draws.
    """
    engine, y = LinearEngine(design), outcomes.to_numpy(dtype="float64")
    fits = engine.fit(y, [coefficient], maxlags=maxlags)
    fitted = engine.design.q @ (engine.design.q.T @ y)
    residuals = y - fitted - (y - fitted).mean(axis=0)

    def work(size: int, rng: np.random.Generator) -> np.ndarray:
        rows = block_indices(len(y), size, length, rng)
        drawn = [
            engine.fit(
                fitted[:, [j]] + residuals[rows, j].T, [coefficient], maxlags=maxlags
            )
            for j in range(y.shape[1])
        ]
        return np.column_stack(
            [
                (fit.params[0] - fits.params[0, j]) / fit.bse[0]
                for j, fit in enumerate(drawn)
            ]
        )

    null = run_batches(work, draws, seed=seed, workers=workers, label="Romano-Wolf")
    t = pd.Series(fits.tvalues[0], outcomes.columns, name="t")
    single = ((np.abs(null) >= np.abs(t.to_numpy())).sum(axis=0) + 1) / (draws + 1)
    return pd.DataFrame(
        {
            "estimate": fits.params[0],
            "std err": fits.bse[0],
            "t": t,
            "p": single,
            "romano_wolf": romano_wolf(t, null),
        }
    )


def _adjust(pvalues: pd.Series, method: str) -> pd.Series:
    checked = _checked(pvalues, "p-values")
    if ((checked < 0) | (checked > 1)).any():
        raise NotTestable("p-values must lie between 0 and 1.")
    adjusted = multipletests(checked, method=method)[1]
    return pd.Series(adjusted, index=pvalues.index, name=method)


def _checked(values: pd.Series, what: str) -> pd.Series:
    series = pd.Series(values).astype("float64")
    if series.empty or series.isna().any():
        raise NotTestable(
            f"{what}: {int(series.isna().sum())} of {len(series)} are missing. A test "
            "that failed still belongs to the family: decide what to do with it."
        )
    return series

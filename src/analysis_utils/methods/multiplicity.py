"""Several tests at once: Holm, Benjamini-Hochberg, Romano-Wolf."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from analysis_utils.asking import NotTestable, Refused

from .arguments import frame, whole
from .resampling.batches import run_batches
from .resampling.bootstrap import block_indices
from .resampling.linear import LinearEngine

__all__ = ["benjamini_hochberg", "holm", "romano_wolf", "romano_wolf_regressions"]


def holm(pvalues: pd.Series | Sequence[float]) -> pd.Series:
    """Return p-values adjusted so that one false rejection is rare (Holm 1979).

    pvalues: (m,) of one family, labels kept. Refuses missing values: a test that
    failed still belongs to its family.

    >>> holm(pd.Series({"H1": 0.01, "H2": 0.04, "H3": 0.03})).round(3).to_dict()
    {'H1': 0.03, 'H2': 0.06, 'H3': 0.06}
    """
    return _adjust(pvalues, "holm")


def benjamini_hochberg(pvalues: pd.Series | Sequence[float]) -> pd.Series:
    """Return p-values adjusted for the false discovery rate (1995), any order.

    pvalues: (m,) of one family, labels kept.

    >>> benjamini_hochberg(pd.Series({"E1": 0.01, "E2": 0.04})).to_dict()
    {'E1': 0.02, 'E2': 0.04}
    """
    return _adjust(pvalues, "fdr_bh")


def romano_wolf(statistics: pd.Series, null_draws: np.ndarray) -> pd.Series:
    """Return stepdown p-values that use the dependence between the tests.

    `statistics` (m,) are observed absolute or signed t statistics, `null_draws`
    (draws, m) the same statistics under the hypothesis (bootstrap: centred at the
    estimate; permutation: as they are). Two-sided. Romano and Wolf 2005,
    Econometrica 73:1237; p-values of 2016, Statistics & Probability Letters 113:38.

    >>> null = np.random.default_rng(0).standard_normal((999, 2))
    >>> romano_wolf(pd.Series({"a": 3.1, "b": 0.4}), null).round(3).to_dict()
    {'a': 0.006, 'b': 0.667}
    """
    series = _checked(statistics, "statistics")
    observed = np.abs(series.to_numpy())
    draws = np.abs(_matrix(null_draws))
    if draws.ndim != 2 or draws.shape[1] != len(observed):
        raise NotTestable(
            f"null_draws must have {len(observed)} columns, one for each statistic; "
            f"its shape is {draws.shape}."
        )
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(draws[:, order][:, ::-1], axis=1)[:, ::-1]
    exceed = (largest >= observed[order]).sum(axis=0)
    stepdown = np.maximum.accumulate((exceed + 1) / (len(draws) + 1))
    adjusted = np.empty(len(observed))
    adjusted[order] = stepdown
    return pd.Series(adjusted, index=series.index, name="romano_wolf")


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
    Romano-Wolf's p beside the unadjusted one, both from the draws. outcomes and design
    have the same rows; if both are tables, the same labels.

    >>> rng = np.random.default_rng(1)
    >>> X = pd.DataFrame({"one": 1.0, "law": np.repeat([0.0, 1.0], 30)})
    >>> Y = pd.DataFrame(rng.standard_normal((60, 2)), columns=["a", "b"])
    >>> Y["b"] += 2 * X["law"]
    >>> found = romano_wolf_regressions(Y, X, "law", length=4, draws=199)
    >>> (found["romano_wolf"] < 0.05).to_dict()
    {'a': False, 'b': True}
    """
    y = _outcomes(outcomes, design)
    length = whole(length, "length", 1, len(y))
    maxlags = None if maxlags is None else whole(maxlags, "maxlags", 0, len(y) - 1)
    draws, workers = whole(draws, "draws", 1), whole(workers, "workers", 1)
    seed = whole(seed, "seed")
    engine = LinearEngine(design)
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


def _outcomes(outcomes: pd.DataFrame, design: pd.DataFrame | np.ndarray) -> np.ndarray:
    """Outcomes as an array (n, m), of the same rows as the design."""
    table = frame(outcomes, "outcomes")
    if len(table) != len(design):
        raise Refused(f"outcomes have {len(table)} rows, the design {len(design)}.")
    if isinstance(design, pd.DataFrame) and not table.index.equals(design.index):
        raise Refused(
            "outcomes and design have different row labels: align them first, by "
            "outcomes.reindex(design.index)."
        )
    return _matrix(table)


def _matrix(values: object) -> np.ndarray:
    """Finite numbers as floats."""
    try:
        matrix = np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        raise Refused("Numbers are needed: a table or an array of them.") from None
    if not np.isfinite(matrix).all():
        raise NotTestable("There are missing or infinite values.")
    return matrix


def _adjust(pvalues: pd.Series | Sequence[float], method: str) -> pd.Series:
    checked = _checked(pvalues, "p-values")
    if ((checked < 0) | (checked > 1)).any():
        raise NotTestable("p-values must lie between 0 and 1.")
    adjusted = multipletests(checked, method=method)[1]
    return pd.Series(adjusted, index=checked.index, name=method)


def _checked(values: pd.Series | Sequence[float], what: str) -> pd.Series:
    """A Series of finite numbers, or a refusal."""
    if isinstance(values, str | bytes | dict) or np.ndim(values) != 1:
        raise Refused(f"{what}: a Series or a list of numbers is needed.")
    try:
        series = pd.Series(values).astype("float64")
    except (TypeError, ValueError):
        raise Refused(f"{what}: numbers are needed.") from None
    missing = int((~np.isfinite(series)).sum())
    if series.empty or missing:
        raise NotTestable(
            f"{what}: {missing} of {len(series)} are missing or infinite. A test "
            "that failed still belongs to the family: decide what to do with it."
        )
    return series

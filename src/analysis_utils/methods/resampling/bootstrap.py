"""Blocks of a series drawn with replacement, and regressions refitted on them."""

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import number, one_of, whole
from .batches import run_batches
from .design import as_outcomes
from .linear import LinearEngine

KINDS = ("circular", "moving", "stationary")


def block_indices(
    n: int,
    draws: int,
    length: float,
    rng: np.random.Generator,
    kind: str = "circular",
) -> np.ndarray:
    """Return row numbers of block bootstrap samples: (draws, n).

    kind: "moving" blocks inside the series (Kunsch 1989), "circular" ones that wrap
    around its end (Politis and Romano 1992), "stationary" ones of geometric length
    with mean `length` (Politis and Romano 1994).

    >>> block_indices(6, 2, 3, np.random.default_rng(0))
    array([[5, 0, 1, 1, 2, 3],
           [0, 1, 2, 4, 5, 0]])
    """
    one_of(kind, KINDS, "kind")
    if not isinstance(rng, np.random.Generator):
        raise NotTestable(f"rng is np.random.default_rng(seed), not {rng!r}.")
    n, draws = whole(n, "n", least=1), whole(draws, "draws", least=1)
    if not 1 <= number(length, "length") <= n:
        raise NotTestable(f"Blocks of {length} do not fit a series of {n} periods.")
    if kind != "stationary" and length != int(length):
        raise NotTestable(f"Blocks of kind {kind!r} have a whole length, not {length}.")
    if kind == "stationary":
        fresh = rng.random((draws, n)) < 1 / length
        fresh[:, 0] = True
    else:
        fresh = np.broadcast_to(np.arange(n) % int(length) == 0, (draws, n))
    last = n - int(length) + 1 if kind == "moving" else n
    starts = rng.integers(0, last, (draws, n))
    begun = np.maximum.accumulate(np.where(fresh, np.arange(n), 0), axis=1)
    return (np.take_along_axis(starts, begun, axis=1) + np.arange(n) - begun) % n


def residual_block_bootstrap(
    outcome: np.ndarray | pd.Series,
    design: np.ndarray | pd.DataFrame,
    coefficient: int | str,
    *,
    length: int,
    draws: int = 9999,
    seed: int = 0,
    maxlags: int | None = None,
    kind: str = "circular",
    workers: int = 1,
) -> np.ndarray:
    """Return estimate and standard error of `coefficient` in each draw: (draws, 2).

    Each draw adds resampled blocks of the least squares residuals (centred) to the
    fit, and refits. maxlags: of Newey-West errors, None for classical ones.

    >>> y, X = np.array([1.0, 2, 1, 5, 6, 5]), np.eye(2)[[0, 0, 0, 1, 1, 1]]
    >>> residual_block_bootstrap(y, X, 1, length=2, draws=5).shape
    (5, 2)
    """
    engine = LinearEngine(design)
    y = as_outcomes(outcome, engine.design.shape[0], engine.design.rows)
    if y.shape[1] != 1:
        raise NotTestable("One outcome is resampled: a Series or an array (n,).")
    y = y[:, 0]
    engine.design.position(coefficient)
    whole(draws, "draws", least=1)
    whole(seed, "seed")
    whole(workers, "workers", least=1)
    fitted = engine.design.q @ (engine.design.q.T @ y)
    residuals = y - fitted - (y - fitted).mean()

    def work(size: int, rng: np.random.Generator) -> np.ndarray:
        rows = block_indices(len(y), size, length, rng, kind)
        fits = engine.fit(
            fitted[:, None] + residuals[rows].T, [coefficient], maxlags=maxlags
        )
        return np.column_stack([fits.params[0], fits.bse[0]])

    return run_batches(work, draws, seed=seed, workers=workers, label="block bootstrap")

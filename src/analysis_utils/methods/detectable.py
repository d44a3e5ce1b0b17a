"""The smallest effect that a design finds, by simulation, for any design."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis_utils.asking import NotTestable, Refused

from .arguments import number, share, whole
from .resampling.batches import run_batches

Rejects = Callable[[float, int, np.random.Generator], np.ndarray]


def detectable_effect(
    rejects: Rejects,
    low: float,
    high: float,
    *,
    target: float = 0.8,
    n_sim: int = 500,
    seed: int = 0,
    batch: int = 100,
    workers: int = 1,
    tolerance: float = 0.02,
) -> float:
    """The effect between `low` and `high` that is found with probability `target`.

    rejects : function of (effect, size, rng) that simulates `size` data sets with this
        effect and returns (size,) truth values, whether the test rejects. The random
        numbers are the same for every effect, so that power is smooth in it.
    low : an effect too small (none, say); high : the largest of interest; high may be
        below low for decreases. Bisection to `tolerance` of the range.

    NotTestable if even `high` is found less often.

    >>> def z_test(effect, size, rng):
    ...     return np.abs(rng.standard_normal(size) + effect) > 1.96
    >>> round(detectable_effect(z_test, 0, 5, n_sim=4000), 1)
    2.8
    """
    target, tolerance = share(target, "target"), share(tolerance, "tolerance")
    near, far = number(low, "low"), number(high, "high")
    if near == far:
        raise Refused("low and high are the same: no range to search.")

    def found(effect: float) -> bool:
        return _power(rejects, effect, n_sim, seed, batch, workers) >= target

    if not found(far):
        raise NotTestable(
            f"An effect of {far:g} is found with probability below {target:g}: this "
            "design cannot answer the question."
        )
    span = abs(far - near)
    while abs(far - near) > tolerance * span:
        middle = (near + far) / 2
        near, far = (near, middle) if found(middle) else (middle, far)
    return far


def _power(
    rejects: Rejects, effect: object, n_sim: int, seed: int, batch: int, workers: int
) -> float:
    """How often the test rejects in simulated data with this effect."""
    size = number(effect, "effect")
    n_sim, batch = whole(n_sim, "n_sim", 1), whole(batch, "batch", 1)
    seed = whole(seed, "seed")
    if not callable(rejects):
        raise Refused(f"rejects must be a function, not {type(rejects).__name__}.")

    def work(count: int, rng: np.random.Generator) -> np.ndarray:
        found = np.asarray(rejects(size, count, rng))
        if found.shape != (count,):
            raise Refused(
                f"rejects returned the shape {found.shape}; ({count},) is needed."
            )
        return found.astype(bool)

    found = run_batches(
        work, n_sim, seed=seed, batch=batch, workers=workers, label="power"
    )
    return float(found.mean())

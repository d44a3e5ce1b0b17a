"""Noise as the errors of a model have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .least_squares import Layout


@dataclass(frozen=True)
class GaussianNoise:
    """AR(1) errors with standard deviation `sigma` (of the errors, not innovations)."""

    sigma: float = 1.0
    rho: float = 0.0

    def draw(
        self, mean: np.ndarray, layout: Layout, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return outcomes (rows, size) around the means, stationary from the start."""
        e = rng.standard_normal((len(mean), size))
        steps = layout.steps
        for row in range(1, len(mean)):
            if steps[row]:
                carry = self.rho ** int(steps[row])
                e[row] = carry * e[row - 1] + np.sqrt(1 - carry**2) * e[row]
        return mean[:, None] + self.sigma * e


@dataclass(frozen=True)
class CountNoise:
    """Independent counts with variance ``dispersion * mean`` (1: Poisson)."""

    dispersion: float = 1.0

    def draw(
        self, mean: np.ndarray, layout: Layout, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return counts (rows, size): Poisson with gamma-distributed means."""
        shape = (len(mean), size)
        if self.dispersion <= 1:
            return rng.poisson(np.broadcast_to(mean[:, None], shape)).astype(float)
        spread = self.dispersion - 1
        rates = rng.gamma(np.broadcast_to(mean[:, None] / spread, shape), spread)
        return rng.poisson(rates).astype(float)


Noise = GaussianNoise | CountNoise

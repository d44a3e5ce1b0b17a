"""Noise as the errors of a model have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from .least_squares import Layout

__all__ = ["CountNoise", "GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise:
    """AR(1) errors with standard deviation `sigma` (of the errors, not innovations)."""

    sigma: float = 1.0
    rho: float = 0.0

    def draw(
        self, mean: np.ndarray, layout: Layout, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return outcomes (rows, size) around the means, stationary from the start."""
        e = ar1_normals(layout, size, self.rho, rng)
        return mean[:, None] + self.sigma * e


@dataclass(frozen=True)
class CountNoise:
    """Counts with variance ``dispersion * mean`` (1: Poisson), a Poisson-gamma mixture.

    rho : autocorrelation of the normal scores behind the gamma-distributed rates
        (Gaussian copula); that of the counts themselves is lower.
    """

    dispersion: float = 1.0
    rho: float = 0.0

    def draw(
        self, mean: np.ndarray, layout: Layout, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return counts (rows, size) with these means."""
        mean = np.broadcast_to(mean[:, None], (len(mean), size))
        spread = self.dispersion - 1
        if spread <= 0:
            return rng.poisson(mean).astype(float)
        if self.rho == 0:
            return rng.poisson(rng.gamma(mean / spread, spread)).astype(float)
        level = special.ndtr(ar1_normals(layout, size, self.rho, rng))
        rates = spread * special.gammaincinv(mean / spread, level)
        return rng.poisson(rates).astype(float)


def ar1_normals(
    layout: Layout, size: int, rho: float, rng: np.random.Generator
) -> np.ndarray:
    """Return standard normal AR(1) series (rows, size), stationary from the start."""
    e = rng.standard_normal((len(layout.time), size))
    for row, step in enumerate(layout.steps):
        if step:
            carry = rho ** int(step)
            e[row] = carry * e[row - 1] + np.sqrt(1 - carry**2) * e[row]
    return e


Noise = GaussianNoise | CountNoise

"""Series that resemble a given one but are independent of any other.

Each function takes one series (n,), the number of draws and a generator, and returns
an array (draws, n). They differ in what of the series' own dependence they keep.
"""

import numpy as np


def permuted(values: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Permute the values: keeps their distribution, for series that are white."""
    return rng.permuted(np.tile(values, (draws, 1)), axis=1)


def phase_randomized(
    values: np.ndarray, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Randomize the Fourier phases: keeps the periodogram, so every autocorrelation.

    Theiler et al. 1992, Physica D 58:77. Assumes a stationary, near Gaussian series.
    """
    n = len(values)
    spectrum = np.fft.rfft(values)
    phases = rng.uniform(0, 2 * np.pi, (draws, len(spectrum)))
    phases[:, 0] = 0
    if n % 2 == 0:
        phases[:, -1] = rng.integers(0, 2, draws) * np.pi
    return np.fft.irfft(spectrum * np.exp(1j * phases), n=n, axis=1)


def block_permuted(
    values: np.ndarray, draws: int, rng: np.random.Generator, length: int
) -> np.ndarray:
    """Permute blocks of `length` after a random circular start.

    Keeps the dependence within blocks; the last block may be shorter.
    """
    n = len(values)
    starts = np.arange(0, n, length)
    order = rng.permuted(np.tile(np.arange(len(starts)), (draws, 1)), axis=1)
    blocks = np.resize(np.arange(n), (len(starts), length)).astype(float)
    blocks.ravel()[n:] = np.nan
    positions = blocks[order].reshape(draws, -1)
    positions = positions[~np.isnan(positions)].reshape(draws, n).astype(int)
    return values[(positions + rng.integers(0, n, (draws, 1))) % n]


def circular_shifts(values: np.ndarray) -> np.ndarray:
    """Return all n - 1 circular shifts: keeps everything but the alignment."""
    n = len(values)
    return values[(np.arange(n)[None, :] + np.arange(1, n)[:, None]) % n]

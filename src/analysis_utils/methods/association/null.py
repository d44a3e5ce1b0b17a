"""How correlations over lags are spread when two series have nothing in common."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import stats

from analysis_utils.asking import NotTestable

from ..resampling.batches import run_batches
from .correlations import (
    FISHER_Z,
    bretherton_size,
    cross_correlations,
    pyper_peterman_size,
    shifted,
)

__all__: list[str] = []  # all of it serves `associate`

WHITE = ("prewhiten", "difference")
EFFECTIVE_SIZE = {"bretherton": bretherton_size, "pyper-peterman": pyper_peterman_size}


@dataclass(frozen=True)
class Null:
    """Spread and p-values of correlations (lags,) without association.

    `limit`: the |r| of one lag that is exceeded with probability 1 - level.
    `quantile`: the multiple of `sd` that the largest of all lags exceeds so.
    """

    sd: np.ndarray
    limit: np.ndarray
    n_effective: np.ndarray
    pvalues: np.ndarray
    sup_pvalue: float
    quantile: float
    draws: int


def null_of(
    method: str,
    pair: np.ndarray,
    lags: np.ndarray,
    measure: str,
    *,
    basis: np.ndarray | None = None,
    level: float = 0.95,
    draws: int,
    seed: int,
) -> Null:
    """Return the null of `cross_correlations(pair[0], pair[1])` by the named method.

    `basis` (n, 1 + q): orthonormal, of the constant and of what was partialled out;
    surrogates are made orthogonal to it, as the data are.
    """
    observed = cross_correlations(pair[0], pair[1], lags, measure)[0]
    if basis is None:
        basis = np.full((pair.shape[1], 1), pair.shape[1] ** -0.5)
    lost = basis.shape[1] - 1
    pairs = pair.shape[1] - np.abs(lags) - lost
    if method in EFFECTIVE_SIZE:
        size = EFFECTIVE_SIZE[method](*pair)
        return _from_size(observed, size * pairs / pair.shape[1], measure, level)
    sample = _draws(method, pair, lags, measure, basis, draws, seed)
    sd = np.sqrt(np.mean(sample**2, axis=0))
    factor, _ = FISHER_Z[measure]
    size = np.minimum(pairs, factor / sd**2 + 1)
    return _from_draws(observed, sample, sd, size, level)


def _from_draws(
    observed: np.ndarray,
    sample: np.ndarray,
    sd: np.ndarray,
    size: np.ndarray,
    level: float,
) -> Null:
    """p-values by counting draws; the observed value counts as one of them."""
    largest = np.max(np.abs(sample) / sd, axis=1)
    tiny = 1 - 1e-12
    exceed = (np.abs(sample) >= np.abs(observed) * tiny).sum(axis=0)
    exceed_sup = (largest >= np.max(np.abs(observed) / sd) * tiny).sum()
    count = len(sample) + 1
    limit = np.quantile(np.abs(sample), level, axis=0, method="higher")
    return Null(
        sd,
        limit,
        size,
        (exceed + 1) / count,
        float((exceed_sup + 1) / count),
        float(np.quantile(largest, level, method="higher")),
        len(sample),
    )


def _from_size(
    observed: np.ndarray, size: np.ndarray, measure: str, level: float
) -> Null:
    """p-values by Student's t with the effective size, over lags by Sidak."""
    if size.min() <= 3:
        raise NotTestable(
            f"The series are worth only {size.min():.1f} independent periods, too few "
            "for a test: their autocorrelation is too strong. Use method='prewhiten'."
        )
    factor, _ = FISHER_Z[measure]
    sd = np.sqrt(factor / (size - 1))
    t = observed * np.sqrt((size - 2) / (1 - observed**2)) / math.sqrt(factor)
    p = 2 * stats.t.sf(np.abs(t), size - 2)
    count = len(observed)
    quantile = stats.norm.isf((1 - level ** (1 / count)) / 2)
    limit = stats.norm.ppf(0.5 + level / 2) * sd
    return Null(
        sd,
        limit,
        size,
        p,
        float(-np.expm1(count * np.log1p(-p.min()))),
        float(quantile),
        0,
    )


def _draws(
    method: str,
    pair: np.ndarray,
    lags: np.ndarray,
    measure: str,
    basis: np.ndarray,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Correlations (draws, lags) of surrogates of x with y."""
    x, y = pair
    if method in WHITE:
        work = _sign_flips(pair, lags, measure, basis)
    else:
        surrogate = _surrogate(method, pair)

        def correlate(made: np.ndarray) -> np.ndarray:
            return cross_correlations(made - (made @ basis) @ basis.T, y, lags, measure)

        if method == "shift":
            return correlate(_circular_shifts(x))

        def work(size: int, rng: np.random.Generator) -> np.ndarray:
            return correlate(surrogate(x, size, rng))

    n = len(x)
    width = n * n // 2 if measure == "kendall" else n
    return run_batches(
        work,
        draws,
        seed=seed,
        batch=max(1, 2_000_000 // width),
        label=f"{method} draws",
    )


def _sign_flips(
    pair: np.ndarray, lags: np.ndarray, measure: str, basis: np.ndarray
) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Draws in which each period of x changes its sign by chance; sizes stay in place.

    So a burst that both series share stays shared, and only the signs of what they do
    in it are new: the test holds its size whatever the two variances do (Wu 1986;
    Davidson and Flachaire 2008). Periods that the nuisance fits closely have small
    residuals; they are scaled up by their leverage.
    """
    x, y = pair
    if measure == "kendall":
        return lambda size, rng: cross_correlations(
            x * _signs(size, len(x), rng), y, lags, measure
        )
    if measure == "spearman":
        x, y = stats.rankdata(x), stats.rankdata(y)
    x, y = (item - item.mean() for item in (x, y))
    room = np.clip(1 - (basis**2).sum(axis=1), 0.05, 1)
    ahead = shifted(y / np.linalg.norm(y), lags)
    scaled = x / np.linalg.norm(x) / np.sqrt(room)
    return lambda size, rng: (scaled * _signs(size, len(x), rng)) @ ahead


def _signs(size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice([-1.0, 1.0], (size, n))


def _surrogate(method: str, pair: np.ndarray) -> Callable:
    if method == "phase":
        return _phase_randomized
    return partial(_block_permuted, length=block_length(pair))


def block_length(pair: np.ndarray) -> int:
    """Block length of Politis and White 2004 (corrected 2009), the longer of the two.

    By arch's `optimal_block_length`, circular; at most a quarter of the series.
    """
    from arch.bootstrap import optimal_block_length

    lengths = optimal_block_length(pair.T)["circular"]
    return int(np.clip(math.ceil(lengths.max()), 1, pair.shape[1] // 4))


def _phase_randomized(
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


def _block_permuted(
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


def _circular_shifts(values: np.ndarray) -> np.ndarray:
    """Return all n - 1 circular shifts: keeps everything but the alignment."""
    n = len(values)
    return values[(np.arange(n)[None, :] + np.arange(1, n)[:, None]) % n]

"""How often each method finds an association between series that have none."""

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import METHODS, associate
from analysis_utils.methods.resampling.batches import run_batches

BURN = 100
LENGTHS = (36, 60, 120)
Maker = Callable[[int, np.random.Generator], np.ndarray]


def autoregressive(rho: float, burst: float = 1.0, last: float = 0.25) -> Maker:
    """AR(1) series; the innovations of the last part may be `burst` times as large."""

    def make(n: int, rng: np.random.Generator) -> np.ndarray:
        noise = rng.standard_normal(n + BURN)
        noise[len(noise) - int(n * last) :] *= burst
        return lfilter([1.0], [1.0, -rho], noise)[BURN:]

    return make


def counts_with_trend(dispersion: float) -> Maker:
    """Counts around a rising mean, variance dispersion * mean."""
    return lambda n, rng: _counts(np.linspace(15, 40, n), dispersion, rng)


def counts_that_jump(low: float, high: float, dispersion: float = 1.0) -> Maker:
    """Counts whose mean jumps in the last fifth: agreements and arrests of 2025."""

    def make(n: int, rng: np.random.Generator) -> np.ndarray:
        return _counts(np.where(np.arange(n) < 0.8 * n, low, high), dispersion, rng)

    return make


def _counts(mean: np.ndarray, dispersion: float, rng: np.random.Generator):
    if dispersion > 1:
        mean = rng.gamma(mean / (dispersion - 1), dispersion - 1)
    return rng.poisson(mean).astype(float)


def with_season(n: int, rng: np.random.Generator) -> np.ndarray:
    """White noise around a season of 12 that all series share."""
    season = 2 * np.random.default_rng(0).standard_normal(12)
    return season[np.arange(n) % 12] + rng.standard_normal(n)


def batches(n: int, rng: np.random.Generator) -> np.ndarray:
    """Weekly counts with a few days on which many sign at once."""
    few = rng.poisson(3, n) + rng.poisson(30, n) * (rng.random(n) < 0.08)
    return few.astype(float)


def jumps(n: int, rng: np.random.Generator) -> np.ndarray:
    """Normal values whose level jumps by five in the last fifth."""
    return rng.standard_normal(n) + 5.0 * (np.arange(n) >= 0.8 * n)


KINDS: dict[str, Maker] = {
    "white": autoregressive(0.0),
    "AR .4": autoregressive(0.4),
    "AR .8": autoregressive(0.8),
    "AR .9": autoregressive(0.9),
    "random walk": lambda n, rng: rng.standard_normal(n).cumsum(),
    "random walk + drift": lambda n, rng: (0.5 + rng.standard_normal(n)).cumsum(),
    "trend + AR .5": lambda n, rng: 0.1 * np.arange(n) + autoregressive(0.5)(n, rng),
    "trending counts, dispersion 5": counts_with_trend(5.0),
    "trending counts, dispersion 20": counts_with_trend(20.0),
    "shared season": with_season,
    "both 5 times noisier in the last quarter": autoregressive(0.0, 5.0),
    "the same, AR .5": autoregressive(0.5, 5.0),
    "both jump by 5 sd in the last fifth": jumps,
    "counts 5, then 15": counts_that_jump(5, 15),
    "counts 5, then 50": counts_that_jump(5, 50),
    "counts 5, then 50, dispersion 10": counts_that_jump(5, 50, 10.0),
    "counts 0, then 20": counts_that_jump(0, 20),
    "counts 0.1, then 20, dispersion 5": counts_that_jump(0.1, 20, 5.0),
    "batch days": batches,
}


def calibrate_associations(
    draws: int = 200,
    others: int = 60,
    n_resamples: int = 199,
    seed: int = 20250120,
    workers: int = 1,
) -> pd.DataFrame:
    """Return the size of nominal 5 % tests of r between two independent series.

    Prewhitening (lag 0, and the sup-test over lags -6 to 6) at all lengths by `draws`
    pairs; the other methods at n = 60 by `others`. One row a kind of
    series, length and method: `size`, its Monte Carlo standard error, `refused` (share
    of pairs for which the method gives no number; they count neither way), `draws`.
    """
    rows = []
    for kind, make in KINDS.items():
        for n in LENGTHS:
            row = {"series": kind, "n": n}
            both = run_batches(
                partial(_both, make, n, n_resamples),
                draws,
                seed=seed,
                batch=100,
                workers=workers,
                label=f"{kind}, {n}",
            )
            for name, p in zip(MAIN, both.T, strict=True):
                rows.append(row | {"method": name, **_rates(p)})
            for name, options in _others(n).items():
                p = run_batches(
                    partial(pvalues, make, n, n_resamples, options),
                    others,
                    seed=seed,
                    batch=100,
                    workers=workers,
                    label=f"{kind}, {n}: {name}",
                )
                rows.append(row | {"method": name, **_rates(p)})
    return pd.DataFrame(rows)


MAIN = ("prewhiten", "prewhiten, sup over 13 lags")


def _others(n: int) -> dict[str, dict]:
    """Options of the tests beside it at length n."""
    if n != 60:
        return {}
    tests: dict[str, dict] = {"naive": {"method": "naive"}}
    tests |= {method: {"method": method} for method in METHODS if method not in MAIN}
    tests["prewhiten, period 12"] = {"period": 12}
    tests["prewhiten, steps and regimes left in"] = {"steps": 0, "regimes": 0}
    return tests


def _both(make: Maker, n: int, n_resamples: int, size: int, rng) -> np.ndarray:
    """p at lag 0, and of the largest r at lags -6 to 6: (size, 2)."""

    def one() -> tuple[float, float]:
        x, y = make(n, rng), make(n, rng)
        seed = int(rng.integers(2**31))
        for most in (6, 0):
            try:
                found = associate(
                    x, y, max_lag=most, n_resamples=n_resamples, seed=seed
                )
            except NotTestable:  # lag 0 may be answered where more lags are not
                continue
            return found.pvalues.loc[0], found.sup_pvalue if most else np.nan
        return np.nan, np.nan

    return np.array([one() for _ in range(size)])


def _rates(p: np.ndarray) -> dict[str, float]:
    """Size among the pairs that gave a number, its error, and the share refused."""
    kept = p[~np.isnan(p)]
    size = float((kept <= 0.05).mean()) if len(kept) else np.nan
    error = np.sqrt(size * (1 - size) / max(len(kept), 1))
    return {
        "size": round(size, 4),
        "mc_error": round(float(error), 4),
        "refused": round(1 - len(kept) / len(p), 4),
        "draws": len(p),
    }


def pvalues(
    make: Maker, n: int, n_resamples: int, options: dict, size: int, rng
) -> np.ndarray:
    """p of simulated pairs, NaN where the method refuses."""
    chosen = {"max_lag": 0, **options}
    naive = chosen.get("method") == "naive"
    if naive:
        chosen["method"] = "shift"

    def one() -> float:
        pair = pd.DataFrame({"x": make(n, rng), "y": make(n, rng)})
        seed = int(rng.integers(2**31))
        try:
            found = associate(
                pair["x"], pair["y"], n_resamples=n_resamples, seed=seed, **chosen
            )
        except NotTestable:
            return np.nan
        return float(found.naive["p"].iloc[0]) if naive else found.sup_pvalue

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array([one() for _ in range(size)])


def intervals(draws: int = 100, seed: int = 1) -> pd.DataFrame:
    """Coverage of the 95 % interval at lag 0 of series with a true correlation.

    `found`: share in which it is found (p of 5 % or less): size where r is 0, else
    power.
    """
    rows = []
    for kind, burst in (("white", 1.0), ("both 5 times noisier", 5.0)):
        for n in LENGTHS:
            for true in (0.0, 0.3, 0.6):
                rng = np.random.default_rng(seed)
                got = np.array([_held(n, true, burst, rng) for _ in range(draws)])
                covered, found = got.mean(axis=0)
                rows.append(
                    {
                        "series": kind,
                        "n": n,
                        "r": true,
                        "covered": round(covered, 3),
                        "found": round(found, 3),
                        "draws": draws,
                    }
                )
    return pd.DataFrame(rows)


def _held(
    n: int, true: float, burst: float, rng: np.random.Generator
) -> tuple[bool, bool]:
    x, e = rng.standard_normal((2, n))
    y = true * x + np.sqrt(1 - true**2) * e
    scale = np.where(np.arange(n) < 0.75 * n, 1.0, burst)
    found = associate(x * scale, y * scale, max_lag=0, n_resamples=199)
    lower, upper = found.conf_int().loc[0]
    return bool(lower <= true <= upper), bool(found.sup_pvalue <= 0.05)

"""How often each method finds an association between series that have none."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from analysis_utils.asking import NotTestable

from .association import (
    METHODS,
    calendar_columns,
    naive_pvalues,
    partial_out,
    transform,
)
from .association_null import null_of
from .resampling.batches import run_batches

BURN = 100
LENGTHS = (12, 24, 48, 60, 100, 200)
Maker = Callable[[int, np.random.Generator], np.ndarray]


def autoregressive(rho: float) -> Maker:
    """Return a maker of stationary AR(1) series."""
    return lambda n, rng: lfilter([1.0], [1.0, -rho], rng.standard_normal(n + BURN))[
        BURN:
    ]


def counts_with_trend(dispersion: float) -> Maker:
    """Return a maker of counts around a rising mean, variance dispersion * mean."""

    def make(n: int, rng: np.random.Generator) -> np.ndarray:
        mean = np.linspace(15, 40, n)
        shape = mean / (dispersion - 1)
        return rng.poisson(rng.gamma(shape, dispersion - 1)).astype(float)

    return make


def with_season(n: int, rng: np.random.Generator) -> np.ndarray:
    """Make white noise around a season of 12 that all series share."""
    season = 2 * np.random.default_rng(0).standard_normal(12)
    return season[np.arange(n) % 12] + rng.standard_normal(n)


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
}


def calibrate_associations(
    draws: int = 500, n_resamples: int = 199, seed: int = 20250120, workers: int = 1
) -> pd.DataFrame:
    """Return the size of nominal 5 % tests of r between two independent series.

    All methods at n = 60; prewhitening (lag 0, and the sup-test over lags -6 to 6 where
    the series is long enough) and the naive test at all lengths. One row a kind of
    series, length and method: `size`, its Monte Carlo standard error, `refused` (share
    of pairs for which the method gives no number; they count neither way).
    """
    rows = []
    for kind, make in KINDS.items():
        for n in LENGTHS:
            for name, test in _tests(n).items():
                p = run_batches(
                    partial(pvalues, make, n, n_resamples, *test),
                    draws,
                    seed=seed,
                    batch=100,
                    workers=workers,
                    label=f"{kind}, {n}: {name}",
                )
                rows.append({"series": kind, "n": n, "method": name, **_rates(p)})
    return pd.DataFrame(rows)


def _tests(n: int) -> dict[str, tuple[str, int, int | None]]:
    """Method, largest lag and period of the season of each test at length n."""
    tests = {method: (method, 0, None) for method in METHODS} if n == 60 else {}
    tests |= {"naive": ("naive", 0, None), "prewhiten": ("prewhiten", 0, None)}
    if n >= 24:
        tests["prewhiten, sup over 13 lags"] = ("prewhiten", 6, None)
    if n >= 48:
        tests["prewhiten, period 12"] = ("prewhiten", 0, 12)
    return tests


def _rates(p: np.ndarray) -> dict[str, float]:
    """Size among the pairs that gave a number, its error, and the share refused."""
    kept = p[~np.isnan(p)]
    size = float((kept <= 0.05).mean()) if len(kept) else np.nan
    error = np.sqrt(size * (1 - size) / max(len(kept), 1))
    return {
        "size": round(size, 4),
        "mc_error": round(float(error), 4),
        "refused": round(1 - len(kept) / len(p), 4),
    }


def pvalues(
    make: Maker,
    n: int,
    n_resamples: int,
    method: str,
    max_lag: int,
    period: int | None,
    size: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """p of simulated pairs, NaN where the method refuses."""
    lags = np.arange(-max_lag, max_lag + 1)

    def one() -> float:
        frame = pd.DataFrame({"x": make(n, rng), "y": make(n, rng)})
        if method == "naive":
            return float(naive_pvalues(frame, lags, "pearson").iloc[0])
        try:
            calendar = calendar_columns(frame.index, method == "prewhiten", period)
            used = transform(frame, method, calendar=calendar)[0]
            pair, basis = partial_out(used, calendar.loc[used.index])
            return null_of(
                method,
                pair.to_numpy().T,
                lags,
                "pearson",
                basis=basis,
                draws=n_resamples,
                seed=int(rng.integers(2**31)),
            ).sup_pvalue
        except NotTestable:
            return np.nan

    return np.array([one() for _ in range(size)])

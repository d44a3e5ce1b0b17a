"""Error rates of the estimators by simulation: what a 95 % interval really covers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.methods.its import (
    OLS,
    InterruptedTimeSeries,
    Intervention,
    NeweyWest,
    PraisWinsten,
    RemlAR1,
)
from analysis_utils.methods.its.refit import CountNoise, GaussianNoise, refit
from analysis_utils.methods.resampling.batches import run_batches

LENGTHS = (12, 24, 48, 100, 200)
RHOS = (0.0, 0.4, 0.8)
DISPERSIONS = (5.0, 20.0)
GAUSSIAN = {
    "OLS": OLS(),
    "Newey-West": NeweyWest(),
    "Prais-Winsten": PraisWinsten(),
    "REML, AR(1)": RemlAR1(),
}
# Name -> family and errors.
COUNTS = {
    "Poisson": ("poisson", None),
    "quasi-Poisson": ("quasipoisson", None),
    "negative binomial": ("negative_binomial", None),
    "Poisson, Newey-West": ("poisson", "newey-west"),
    "quasi-Poisson, AR(1)": ("quasipoisson", "reml-ar1"),
}
SLOW = ("negative binomial", "quasi-Poisson, AR(1)")  # refitted draw by draw
MEAN_COUNT = 25.0
SEED = 20250120


def calibrate(
    draws: int = 2000, slow_draws: int = 200, seed: int = SEED, workers: int = 1
) -> pd.DataFrame:
    """Return size and coverage of 5 % tests and 95 % intervals without any effect.

    Model: intercept, trend, level and slope change in the middle of n periods. Gaussian
    outcomes with AR(1) errors; counts of mean 25 with variance dispersion * mean, whose
    normal scores are AR(1). `slow_draws` for the two estimators of counts that are
    refitted draw by draw. One row a setting, estimator and coefficient: `size` (share
    of |t| over the critical value), `coverage` (1 - size), Monte Carlo standard error,
    `refused` (draws without a finite estimate; they count neither way).
    """
    rows = []
    for n in LENGTHS:
        for rho in RHOS:
            noise = GaussianNoise(1.0, rho)
            for name, errors in GAUSSIAN.items():
                model = model_of(n, "gaussian", errors, np.zeros(n))
                rows += rates(model, noise, name, draws, seed, workers)
        for dispersion, rho in product(DISPERSIONS, RHOS):
            noise = CountNoise(dispersion, rho)
            for name, (family, errors) in COUNTS.items():
                model = model_of(n, family, errors, np.full(n, MEAN_COUNT))
                size = slow_draws if name in SLOW else draws
                rows += rates(model, noise, name, size, seed, workers)
    return pd.DataFrame(rows)


def model_of(n: int, family: str, errors: object, mean: np.ndarray):
    """Return a model with a stand-in outcome: its design and estimator are used."""
    periods = pd.period_range("2000-01", periods=n, freq="M")
    event = Intervention("event", periods[n // 2], slope=True)
    y = pd.Series(mean + _stand_in(n), periods)
    return InterruptedTimeSeries(y, event, family=family, errors=errors)


def _stand_in(n: int) -> np.ndarray:
    """Return whole numbers without a trend, to which any model can be fitted."""
    return np.arange(n) ** 2 * 7 % 11 % 4


def rates(model, noise, name, draws, seed, workers) -> list[dict]:
    """Simulate, refit, and count rejections of level and slope."""
    n = len(model.y)
    mean = model.design.y - _stand_in(n)
    terms = ["event_level", "event_slope"]
    place = [model.design.names.index(term) for term in terms]
    one_by_one = model.family == "negative_binomial"

    def work(size: int, rng: np.random.Generator) -> np.ndarray:
        outcomes = noise.draw(mean, model.design.layout, size, rng)
        params, bse = refit(model, outcomes, one_by_one=one_by_one)
        with np.errstate(invalid="ignore"):
            return (params / bse)[place].T

    t = run_batches(work, draws, seed=seed, batch=500, workers=workers, label=name)
    df = model.fit().df_resid
    law = stats.norm if np.isinf(df) else stats.t(df)
    return [
        {**_setting(noise, n), "estimator": name, "term": term}
        | _share(t[:, column], law.isf(0.025))
        for column, term in enumerate(("level", "slope"))
    ]


def _setting(noise, n: int) -> dict[str, object]:
    gaussian = isinstance(noise, GaussianNoise)
    return {
        "outcome": "gaussian" if gaussian else "count",
        "n": n,
        "rho": noise.rho,
        "dispersion": np.nan if gaussian else noise.dispersion,
    }


def _share(t: np.ndarray, critical: float) -> dict[str, float]:
    kept = t[np.isfinite(t)]
    size = float((np.abs(kept) > critical).mean())
    return {
        "size": round(size, 4),
        "coverage": round(1 - size, 4),
        "mc_se": round(float(np.sqrt(size * (1 - size) / len(kept))), 4),
        "refused": round(1 - len(kept) / len(t), 4),
        "draws": len(t),
    }

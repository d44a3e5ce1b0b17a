"""Breaks under autocorrelation: how often one is found of none, what dates cover."""

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from analysis_utils.methods.breaks.search import find_breaks

RHOS = (0.0, 0.4, 0.6)
LENGTH, MIDDLE = 120, 60
WAYS = {
    "BIC, errors independent": {},
    "sequential, errors autocorrelated": {
        "errors": "autocorrelated",
        "choose": "sequential",
        "n_resamples": 199,
    },
}


def calibrate_breaks(draws: int = 100) -> pd.DataFrame:
    """One row an autocorrelation and way of searching.

    `found`: share of series of 120 periods without a break in which one is found.
    `covered`: share of 95 % intervals of the date that hold it, where the level moves
    by 1.5 standard deviations in the middle and one break is asked for; `width`: their
    median length in periods.
    """
    rows = []
    for rho in RHOS:
        for name, options in WAYS.items():
            found = [len(_search(rho, i, 0.0, options).cuts) > 0 for i in range(draws)]
            dated = [_dated(rho, i, options) for i in range(draws)]
            covered, width = zip(*dated, strict=True)
            share = float(np.mean(covered))
            rows.append(
                {
                    "rho": rho,
                    "search": name,
                    "found": round(float(np.mean(found)), 3),
                    "covered": round(share, 3),
                    "mc_error": round(float(np.sqrt(share * (1 - share) / draws)), 3),
                    "width": float(np.median(width)),
                    "draws": draws,
                }
            )
    return pd.DataFrame(rows)


def _search(rho: float, seed: int, jump: float, options: dict):
    shocks = np.random.default_rng(seed).standard_normal(LENGTH + 60)
    noise = lfilter([1.0], [1.0, -rho], shocks)[60:] * np.sqrt(1 - rho**2)
    months = pd.period_range("2015-01", periods=LENGTH, freq="M")
    y = pd.Series(noise + jump * (np.arange(LENGTH) >= MIDDLE), months)
    return find_breaks(y, max_breaks=3, **options)


def _dated(rho: float, seed: int, options: dict) -> tuple[bool, int]:
    errors = options.get("errors", "independent")
    found = _search(rho, seed, 1.5, {"errors": errors, "n_breaks": 1})
    (one,) = found.breaks
    true = pd.Period("2015-01", "M") + MIDDLE - 1
    if one.lower is None:
        return True, LENGTH
    return bool(one.lower <= true <= one.upper), (one.upper - one.lower).n

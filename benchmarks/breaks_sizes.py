"""Breaks under autocorrelation: how often one is found of none, what dates cover."""

from itertools import product

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from analysis_utils.methods.breaks.results import BreakSearch
from analysis_utils.methods.breaks.search import find_breaks

SHAPES = {
    "AR(0)": (0.0, 1.0),
    "AR(1), .4": (0.4, 1.0),
    "AR(1), .6": (0.6, 1.0),
    "AR(1), .8": (0.8, 1.0),
    "AR(1), .5, variance x 9 after": (0.5, 3.0),
}
LENGTHS = (48, 120)
WAYS = {
    "BIC, errors independent": {},
    "sequential, errors autocorrelated": {
        "errors": "autocorrelated",
        "choose": "sequential",
        "n_resamples": 199,
    },
}


def calibrate_breaks(draws: int = 200) -> pd.DataFrame:
    """One row a number of periods, kind of errors and way of searching.

    `found`: share of series without a break in the mean in which one is found.
    `covered`: share of 95 % intervals of the date that hold it, where the level moves
    in the middle by 1.5 standard deviations and one break is asked for; `width`: their
    median length in periods; `smaller`: the share covered for half that move.
    """
    rows = product(LENGTHS, SHAPES, WAYS)
    return pd.DataFrame(_row(*row, draws) for row in rows)


def _row(n: int, shape: str, name: str, draws: int) -> dict[str, object]:
    found = [len(_search(n, shape, i, 0, WAYS[name]).cuts) > 0 for i in range(draws)]
    covered, width = zip(
        *(_dated(n, shape, i, 1.5, name) for i in range(draws)), strict=True
    )
    smaller = [_dated(n, shape, i, 0.75, name)[0] for i in range(draws)]
    share = float(np.mean(covered))
    return {
        "n": n,
        "errors": shape,
        "search": name,
        "found": round(float(np.mean(found)), 3),
        "covered": round(share, 3),
        "mc_error": round(float(np.sqrt(share * (1 - share) / draws)), 3),
        "width": float(np.median(width)),
        "smaller": round(float(np.mean(smaller)), 3),
        "draws": draws,
    }


def _search(n: int, shape: str, seed: int, jump: float, options: dict) -> BreakSearch:
    rho, ratio = SHAPES[shape]
    after = np.arange(n) >= n // 2
    shocks = np.random.default_rng(seed).standard_normal(n + 60)
    shocks[60:] *= np.where(after, ratio, 1.0)
    noise = lfilter([1.0], [1.0, -rho], shocks)[60:] * np.sqrt(1 - rho**2)
    jump *= np.sqrt((1 + ratio**2) / 2)
    months = pd.period_range("2015-01", periods=n, freq="M")
    return find_breaks(pd.Series(noise + jump * after, months), max_breaks=3, **options)


def _dated(n: int, shape: str, seed: int, jump: float, name: str) -> tuple[bool, int]:
    errors = WAYS[name].get("errors", "independent")
    options = {"errors": errors, "n_breaks": 1, "n_resamples": 1}
    (one,) = _search(n, shape, seed, jump, options).breaks
    true = pd.Period("2015-01", "M") + n // 2 - 1
    if one.lower is None:
        return True, n
    return bool(one.lower <= true <= one.upper), (one.upper - one.lower).n

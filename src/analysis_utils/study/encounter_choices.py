"""Choices of the curve on encounters: the largest correlation, measured otherwise."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import associate
from analysis_utils.methods.curve import SpecificationCurve, curve_of_draws
from analysis_utils.study import in_time

BASES = {"listed": "listing", "signed": "signing"}
SCALES = {"logarithm": np.log1p, "square root": np.sqrt}
EARLY_2025 = "2025-01", "2025-06"
WHITENED = ("agreements", "change of the", "autoregression", "early 2025", "trend")


def curve(
    grid: Mapping[str, Sequence],
    name: str,
    window: str,
    seed: int = 287,
    draws: int = 999,
) -> SpecificationCurve:
    """Correlation at the strongest lag for each combination of choices.

    name, window : of the outcome, as `in_time.changes` takes them. Without association:
    signs of what is left of the agreements after prewhitening are drawn by month, the
    same in all specifications. The strongest lag is that with the largest correlation
    in units of its spread over draws; p is for the largest, so that it knows of the
    search over lags.
    """
    rng = np.random.default_rng(seed)
    months = pd.period_range(*window.split(" to "), freq="M")
    signs = pd.DataFrame(rng.choice([-1.0, 1.0], (len(months), draws)), months)
    pairs = {
        (b, s): in_time.changes(name, window, basis=BASES[b], scale=SCALES[s])
        for b, s in product(grid["agreements"], grid["change of the"])
    }
    whitened = {
        values: _whitened(pairs[values[:2]], max(grid["lags"]), *values[2:])
        for values in product(*(grid[choice] for choice in WHITENED))
    }
    fits: list[tuple[dict, float | str, np.ndarray]] = []
    for values in product(*grid.values()):
        named = dict(zip(grid, values, strict=True))
        pair = whitened[tuple(named[choice] for choice in WHITENED)]
        if isinstance(pair, str):
            fits.append((named, pair, np.empty(0)))
            continue
        lag, r, drawn = strongest(pair, signs, named["lags"], named["correlation"])
        fits.append((named | {"lag": lag}, r, drawn))
    return curve_of_draws(grid, fits)


def _whitened(
    pair: pd.DataFrame, lags: int, order: str, early: str, trend: str
) -> pd.DataFrame | str:
    """Both series as `associate` correlates them, or why it refuses."""
    out = early == "left out"
    spring = in_time.left_out(pair.index, *EARLY_2025) if out else None
    try:
        return associate(
            pair["agreements"],
            pair["outcome"],
            max_lag=lags,
            controls=spring,
            steps=0 if out else 2,  # the steps lie in the months that are taken out
            order=None if order == "by AIC" else int(order),
            trend=trend == "taken out",
            n_resamples=1,
        ).series
    except NotTestable as refusal:
        return str(refusal)


def strongest(
    pair: pd.DataFrame, signs: pd.DataFrame, lags: int, measure: str
) -> tuple[int, float, np.ndarray]:
    """The strongest lag, its correlation, and the strongest under drawn signs.

    pair : whitened series, the first of which leads at positive lags. signs : months by
    draws. Both are in units of the spread of the observed lag, so that draws of lags
    with fewer pairs do not count for more. `associate` scales draws by the leverage of
    what was taken out as well; here the same draws serve all specifications.
    """
    # Months that are left out are zero but for rounding, which ranks must not order.
    ranks = (pair / pair.abs().max()).round(10).rank()
    values = ranks if measure == "ranks" else pair
    x, y = ((values - values.mean()) / values.std(ddof=0)).to_numpy().T
    n = len(x)
    ahead = np.zeros((n, 2 * lags + 1))
    for column, lag in enumerate(range(-lags, lags + 1)):
        low, high = max(0, -lag), min(n, n - lag)
        ahead[low:high, column] = y[low + lag : high + lag] / n
    drawn = (x[:, None] * signs.loc[pair.index].to_numpy()).T @ ahead
    spread = drawn.std(axis=0)
    observed = (x @ ahead) / spread
    at = int(np.abs(observed).argmax())
    z = drawn / spread
    largest = z[np.arange(len(z)), np.abs(z).argmax(axis=1)]
    return at - lags, float(observed[at] * spread[at]), largest * spread[at]

"""How a count series begins: forms of an onset, and counts above what went before.

A step at the date of an event is one form among several: the answer may come late, or
grow. The forms have one constant rate before and one level that is reached after,

    E(y_t) = exposure_t (base + level * shape(t - event)),   base, level >= 0,

so that no expected count is negative. Which form predicts best is decided by data that
it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable, Refused

from .arguments import one_of, share, whole
from .inputs import as_series
from .scores import crps, numbers

FORMS = ("none", "step", "ramp", "transfer", "logistic")
PARAMETERS = {
    "none": (),
    "step": ("delay",),
    "ramp": ("delay", "length"),
    "transfer": ("delay", "delta"),
    "logistic": ("mid", "width"),
}
DRAWS = 400
HALVINGS = 60


@dataclass(frozen=True)
class Onset:
    """A fitted form.

    shape : its parameters in periods (delay, length, mid, width) or as a share (delta).
    base, level : rates per exposure before, and added in the long run.
    dispersion : Pearson's chi-squared over degrees of freedom, at least 1.
    """

    form: str
    shape: dict[str, float]
    base: float
    level: float
    loglik: float
    dispersion: float
    fitted: pd.Series
    position: int

    def rate(self, since: np.ndarray) -> np.ndarray:
        """Rates at whole periods since the event (0 is the first after it)."""
        since = np.asarray(since, dtype="float64")
        return self.base + self.level * shape_of(self.form, since, **self.shape)


def shape_of(form: str, since: np.ndarray, **shape: float) -> np.ndarray:
    """Share of the level that is reached `since` periods after the event; 0 before.

    "step" (delay), "ramp" (delay, length: in equal parts), "transfer" (delay, delta:
    first-order transfer function level (1 - delta) / (1 - delta B) of a step; Box &
    Tiao 1975), "logistic" (mid, width).

    >>> shape_of("transfer", np.arange(-1, 4), delay=1, delta=0.5)
    array([0.   , 0.   , 0.5  , 0.75 , 0.875])
    >>> shape_of("ramp", np.arange(-1, 4), delay=0, length=4)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    one_of(form, FORMS, "form")
    since = numbers(since, "since")
    absent = [name for name in PARAMETERS[form] if name not in shape]
    if absent:
        raise Refused(f"form {form!r} needs {', '.join(absent)}.")
    if form == "none":
        return np.zeros_like(since)
    if form == "logistic":
        steep = np.clip((since - shape["mid"]) / shape["width"], -50, 50)
        return np.where(since >= 0, 1 / (1 + np.exp(-steep)), 0.0)
    late = since - shape["delay"] + 1
    if form == "step":
        return (late >= 1).astype(float)
    if form == "ramp":
        return np.clip(late / shape["length"], 0, 1)
    return np.where(late >= 1, 1 - shape["delta"] ** np.maximum(late, 0), 0.0)


def fit_onset(
    counts: pd.Series,
    event: object,
    form: str = "step",
    *,
    exposure: pd.Series | None = None,
    grid: Sequence[dict] | None = None,
) -> Onset:
    """Fit one form by Poisson likelihood; the variance is dispersion times the mean.

    counts : whole numbers by period, no gap. event : label of the first period after
    it. grid : shapes to try (default: delays to half of the periods after, for a step
    to all; lengths, speeds and widths to all). For a given shape the base and the
    level are exact: fitted counts add up to the counts, which leaves one concave
    dimension.

    >>> y = pd.Series([0, 1, 0, 0, 1, 0, 0, 0, 5, 4, 6, 5])
    >>> fit = fit_onset(y, 6, "step")
    >>> fit.shape, round(fit.base, 2), round(fit.base + fit.level, 2)
    ({'delay': 2}, 0.25, 5.0)
    """
    y, size, place = _checked(counts, event, exposure)
    one_of(form, FORMS, "form")
    since = np.arange(len(y)) - place
    shapes = list(grid) if grid is not None else _grid(form, len(y) - place)
    g = np.array([shape_of(form, since, **shape) for shape in shapes])
    base, level, loglik = _profile(y.to_numpy(), size, g)
    best = int(np.argmax(loglik))
    mean = size * (base[best] + level[best] * g[best])
    free = max(1, len(y) - (1 if form == "none" else 2 + len(shapes[best])))
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = np.where(mean > 0, (y - mean) ** 2 / mean, 0.0).sum() / free
    return Onset(
        form,
        shapes[best],
        float(base[best]),
        float(level[best]),
        float(loglik[best]),
        max(1.0, float(pearson)),
        pd.Series(mean, y.index, name="fitted"),
        place,
    )


def compare_onsets(
    counts: pd.Series,
    event: object,
    forms: Sequence[str] = FORMS,
    *,
    horizon: int = 4,
    first: int = 8,
    every: int = 1,
    exposure: pd.Series | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Score the forms on counts that they have not seen, the best first.

    Each is fitted to the data up to `first`, first + every, ... periods after the event
    and predicts the next `horizon` counts (negative binomial with the fitted mean and
    dispersion). Columns: crps (mean, in counts; decides), bias (observed less
    predicted, mean), n (predictions), and shape, base, level of the fit to all data.
    Leave-future-out: Bürkner, Gabry & Vehtari 2020, Journal of Statistical Computation
    and Simulation 90:2499. The choice is made on the same series: show all forms.

    >>> t = np.arange(60)
    >>> y = pd.Series(np.random.default_rng(0).poisson(0.2 + 20 * (t >= 25)))
    >>> compare_onsets(y, 20, ["none", "step"])["shape"].to_dict()
    {'step': 'delay 5', 'none': ''}
    """
    y, size, place = _checked(counts, event, exposure)
    horizon, first = whole(horizon, "horizon", 1), whole(first, "first", 1)
    every, seed = whole(every, "every", 1), whole(seed, "seed")
    if isinstance(forms, str) or not isinstance(forms, Iterable) or not list(forms):
        raise Refused("forms: a list of " + ", ".join(FORMS))
    cuts = range(place + first, len(y) - horizon + 1, every)
    if not len(cuts):
        raise NotTestable(
            f"{len(y) - place} periods after the event leave none to predict: "
            f"{first + horizon} are needed."
        )
    sizes = pd.Series(size, y.index)
    rows = {}
    for form in dict.fromkeys(forms):
        scores, gaps = [], []
        for cut in cuts:
            rng = np.random.default_rng([seed, cut])  # the same numbers for each form
            seen = y.iloc[:cut]
            fit = fit_onset(seen, event, form, exposure=sizes.iloc[:cut])
            ahead = np.arange(cut, cut + horizon)
            mean = size[ahead] * fit.rate(ahead - place)
            draws = _negative_binomial(mean, fit.dispersion, DRAWS, rng)
            observed = y.to_numpy()[ahead]
            scores.append(crps(draws, observed).mean())
            gaps.append((observed - mean).mean())
        full = fit_onset(y, event, form, exposure=sizes)
        rows[form] = {
            "crps": float(np.mean(scores)),
            "bias": float(np.mean(gaps)),
            "n": len(cuts) * horizon,
            "shape": ", ".join(f"{k} {v:g}" for k, v in full.shape.items()),
            "base": full.base,
            "level": full.level,
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("form")
    return table.sort_values("crps", kind="stable")


def cumulative_effect(
    counts: pd.Series,
    event: object,
    horizons: Sequence[int],
    *,
    exposure: pd.Series | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Counts above a counterfactual that goes on at the rate of before.

    One row a horizon (periods after the event): observed, counterfactual (mean),
    lower and upper (range that holds its count with 1 - alpha, never negative), effect
    and its limits (observed less upper, observed less lower), effect in times the
    counterfactual's upper limit of the mean (`ratio_lower`: the exact Poisson bound
    times the overdispersion of the past; finite for a past of zeros).

    The range is that of a negative binomial: it counts the uncertainty of the rate
    (Jeffreys' prior, so that it is not 0 after a past of zeros) and overdispersion of
    the past, if there is any.

    >>> y = pd.Series([0] * 50 + [0, 0, 3, 9])
    >>> row = cumulative_effect(y, 50, [4]).loc[4]
    >>> row[["observed", "upper", "effect"]].round(2).tolist()
    [12.0, 1.0, 11.96]
    """
    y, size, place = _checked(counts, event, exposure)
    alpha = share(alpha, "alpha")
    if place < 2:
        raise NotTestable("Two periods before the event are needed for a rate.")
    before, seen = y.to_numpy()[:place], float(y.to_numpy()[:place].sum())
    past = float(size[:place].sum())
    rate = seen / past
    phi = 1.0
    if seen:
        pearson = (before - rate * size[:place]) ** 2 / (rate * size[:place])
        phi = max(1.0, float(pearson.sum() / (place - 1)))
    rows = {}
    if isinstance(horizons, str) or not isinstance(horizons, Iterable):
        raise Refused("horizons: a list of whole numbers of periods.")
    for horizon in horizons:
        h = whole(horizon, "horizon", 1)
        if not h <= len(y) - place:
            raise NotTestable(
                f"horizon {h}: the series has {len(y) - place} periods after the event."
            )
        ahead = float(size[place : place + h].sum())
        mean = (seen + 0.5) * ahead / past
        low, high = _predictive(mean, phi * (1 + ahead / past), alpha)
        observed = int(y.to_numpy()[place : place + h].sum())
        top = stats.chi2.isf(alpha / 2, 2 * seen + 2) / 2 * phi * ahead / past
        rows[h] = {
            "observed": observed,
            "counterfactual": mean,
            "lower": low,
            "upper": high,
            "effect": observed - mean,
            "effect_lower": observed - high,
            "effect_upper": observed - low,
            "ratio_lower": observed / top,
        }
    if not rows:
        raise Refused("horizons: one at least is needed.")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("horizon")


def _checked(counts, event, exposure) -> tuple[pd.Series, np.ndarray, int]:
    """Counts in order, exposures, and the place of the event."""
    y = as_series(counts, "counts")
    if (y < 0).any() or (y != y.round()).any():
        raise NotTestable("counts: whole numbers from 0 are needed.")
    if y.sum() == 0:
        raise NotTestable("counts: all are 0, no onset can be seen.")
    if (not np.isscalar(event) and not isinstance(event, pd.Period | pd.Timestamp)) or (
        event not in y.index
    ):
        raise Refused(
            f"event: {event} is not a period of the series ({y.index[0]} to "
            f"{y.index[-1]}); name the first period after it."
        )
    place = int(y.index.get_loc(event))
    if place < 1:
        raise NotTestable("event: a period before it is needed at least.")
    if exposure is None:
        return y, np.ones(len(y)), place
    size = as_series(exposure, "exposure").reindex(y.index)
    if size.isna().any() or (size <= 0).any():
        raise NotTestable("exposure: each period needs a value above 0.")
    return y, size.to_numpy(), place


def _grid(form: str, after: int) -> list[dict]:
    """Shapes to try for so many periods after the event."""
    if form == "none":
        return [{}]
    if form == "step":
        return [{"delay": d} for d in range(after)]
    delays = range(0, max(1, after // 2) + 1)
    if form == "ramp":
        lengths = sorted({1, 2, 3, 4, 6, 8, 12, 16, 26, 39, 52, 78, after})
        lengths = [n for n in lengths if n <= after]
        return [{"delay": d, "length": n} for d, n in product(delays, lengths)]
    if form == "transfer":
        deltas = (0.0, 0.25, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97)
        return [{"delay": d, "delta": x} for d, x in product(delays, deltas)]
    mids = range(0, after)
    widths = (0.25, 0.5, 1, 2, 4, 8, 16)
    return [{"mid": m, "width": w} for m, w in product(mids, widths)]


def _profile(y: np.ndarray, size: np.ndarray, g: np.ndarray):
    """Base, level and log likelihood for each shape (row of g).

    At the maximum the fitted counts add up to the counts; what is left is the share of
    the base in them, where the likelihood is concave: bisection of its derivative.
    """
    total, exposed = y.sum(), size.sum()
    reach = (g * size).sum(axis=1)
    u = size / exposed
    v = np.divide(
        g * size, reach[:, None], out=np.zeros_like(g), where=reach[:, None] > 0
    )
    seen = y > 0
    ys, us, vs = y[seen], u[seen], v[:, seen]

    def slope(share: np.ndarray) -> np.ndarray:
        mean = share[:, None] * us + (1 - share)[:, None] * vs
        return (ys * (us - vs) / np.maximum(mean, 1e-300)).sum(axis=1)

    low, high = np.full(len(g), 1e-12), np.ones(len(g))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rising = slope(middle) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    share = np.where(
        (reach == 0) | (slope(np.ones(len(g))) >= 0), 1.0, (low + high) / 2
    )
    base = share * total / exposed
    level = np.divide(
        (1 - share) * total, reach, out=np.zeros_like(share), where=reach > 0
    )
    mean = np.maximum(size * (base[:, None] + level[:, None] * g), 1e-300)
    loglik = (y * np.log(mean) - mean).sum(axis=1)
    return base, level, loglik


def _negative_binomial(mean, dispersion: float, draws: int, rng) -> np.ndarray:
    """Counts (draws, periods) with variance dispersion * mean."""
    mean = np.broadcast_to(mean, (draws, len(mean)))
    spread = dispersion - 1
    if spread < 1e-6:
        return rng.poisson(mean).astype(float)
    return rng.poisson(rng.gamma(mean / spread + 1e-12, spread)).astype(float)


def _predictive(mean: float, dispersion: float, alpha: float) -> tuple[float, float]:
    """Limits of a negative binomial with this mean and variance dispersion * mean."""
    law = stats.nbinom(mean / (dispersion - 1), 1 / dispersion)
    return float(law.ppf(alpha / 2)), float(law.isf(alpha / 2))

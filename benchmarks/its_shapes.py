"""What intervals of interrupted time series hold on shapes that this field has.

No effect is simulated; counted is how often the 95 % interval of the level and of the
slope change holds it. Each draw has its own random stream by number, so that the table
does not depend on workers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats
from scipy.signal import lfilter

from analysis_utils.asking import Refused
from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
from analysis_utils.methods.resampling.batches import in_parallel

BURN = 200
Maker = Callable[[int, np.random.Generator], pd.DataFrame | np.ndarray]
LENGTHS = (48, 96)
HELD = ("level", "slope")
GAUSSIAN = {
    "OLS": {"errors": "ols"},
    "Newey-West": {"errors": "newey-west"},
    "REML, AR(1)": {},
    "REML, AR(0-3) averaged": {"errors": "reml-ar"},
    "the same, variance may change": {"errors": "reml-ar-break"},
}
COUNTS = {
    "quasi-Poisson": {"family": "quasipoisson"},
    "negative binomial": {"family": "negative_binomial"},
    "quasi-Poisson, Newey-West": {"family": "quasipoisson", "errors": "newey-west"},
    "quasi-Poisson, AR(1)": {"family": "quasipoisson", "errors": "reml-ar1"},
    "quasi-Poisson, AR(0-3) averaged": {"family": "quasipoisson", "errors": "reml-ar"},
}


@dataclass(frozen=True)
class Shape:
    """A kind of series: how it is made, and by what it is estimated."""

    name: str
    make: Maker
    estimators: dict[str, dict]


def autoregressive(*phi: float, ratio: float = 1.0) -> Maker:
    """AR(p) noise; from the middle on with `ratio` times the standard deviation."""

    def make(n: int, rng: np.random.Generator) -> np.ndarray:
        e = lfilter([1.0], [1.0, *(-np.array(phi))], rng.standard_normal(n + BURN))
        return e[BURN:] * np.where(np.arange(n) >= n // 2, ratio, 1.0)

    return make


def mostly_zeros(n: int, rng: np.random.Generator) -> np.ndarray:
    """60 % zeros, else 1 + Poisson(4); normal scores behind them are AR(1), .5."""
    level = special.ndtr(autoregressive(0.5)(n, rng) * np.sqrt(0.75))
    above = np.clip((level - 0.6) / 0.4, 1e-9, 1 - 1e-9)
    return np.where(level < 0.6, 0.0, 1 + stats.poisson.ppf(above, 4))


def bursts_of_one_day(n: int, rng: np.random.Generator) -> np.ndarray:
    """A few a period, and in one of twelve a day on which many sign."""
    return rng.poisson(4, n) + rng.poisson(40, n) * (rng.random(n) < 1 / 12) * 1.0


def regime_change(n: int, rng: np.random.Generator) -> np.ndarray:
    """AR(1) noise around a level that no event explains and that moves a third in."""
    return autoregressive(0.4)(n, rng) + 2.0 * (np.arange(n) >= n // 3)


def zeros_before(n: int, rng: np.random.Generator) -> np.ndarray:
    """Rare counts in the first quarter, then fifty times as many: no series to fit."""
    return rng.poisson(np.where(np.arange(n) < n // 4, 0.1, 5.0)).astype(float)


def few_states(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """One treated state and three others: AR(1) each, and shared months."""
    shared = autoregressive(0.4)(n, rng)
    own = [autoregressive(0.4)(n, rng) + shared for _ in range(4)]
    return pd.DataFrame(dict(zip("tabc", own, strict=True)))


CONTROLLED = {
    "OLS, all four in one design": {"errors": "ols"},
    "REML, AR(1), all four in one design": {"errors": "reml-ar1"},
    "REML, AR(1), treated minus mean of the others": {},
    "REML, AR(0-3) averaged, treated minus mean": {"errors": "reml-ar"},
}
SHAPES = [
    Shape("independent", autoregressive(), GAUSSIAN),
    Shape("AR(1), .4", autoregressive(0.4), GAUSSIAN),
    Shape("AR(2), .3 and .5", autoregressive(0.3, 0.5), GAUSSIAN),
    Shape("variance x 9 after", autoregressive(ratio=3.0), GAUSSIAN),
    Shape("variance x 9 after, AR(1) .4", autoregressive(0.4, ratio=3.0), GAUSSIAN),
    Shape("regime change before the event", regime_change, GAUSSIAN),
    Shape("60 % zeros, latent AR(1) .5", mostly_zeros, COUNTS),
    Shape("bursts of one day", bursts_of_one_day, COUNTS),
    Shape("zeros before", zeros_before, COUNTS),
    Shape("few states: 1 treated, 3 others", few_states, CONTROLLED),
]


def coverage(draws: int = 300, seed: int = 20250120, workers: int = 1) -> pd.DataFrame:
    """Return coverage of level and slope change, one row a shape, length, estimator.

    `noted`: share of fits with a note on their residuals; `refused`: draws without a
    finite estimate, which count neither way.
    """
    rows = [
        {"shape": shape.name, "n": n, "estimator": name}
        | _held(shape.make, n, name, options, draws, seed, workers)
        for shape in SHAPES
        for n in LENGTHS
        for name, options in shape.estimators.items()
    ]
    return pd.DataFrame(rows)


def _held(make, n, name, options, draws, seed, workers) -> dict[str, float]:
    def one(number: int) -> tuple[float, float, float]:
        rng = np.random.default_rng([seed, n, number])
        return _fit(make(n, rng), name, options)

    found = np.array(in_parallel(one, range(draws), workers=workers, label=name))
    kept = found[np.isfinite(found).all(axis=1)]
    level, slope, noted = kept.mean(axis=0) if len(kept) else [np.nan] * 3
    return {
        "level": round(level, 3),
        "slope": round(slope, 3),
        "mc_se": round(float(np.sqrt(level * (1 - level) / max(len(kept), 1))), 3),
        "noted": round(noted, 3),
        "refused": round(1 - len(kept) / draws, 3),
        "draws": draws,
    }


def _fit(values, name: str, options: dict) -> tuple[float, float, float]:
    """Whether the intervals of level and slope hold zero; whether a note says so."""
    months = pd.period_range("2000-01", periods=len(values), freq="M")
    event = Intervention("event", months[len(values) // 2], slope=True)
    prefix = ""
    if isinstance(values, pd.DataFrame):
        values = values.set_axis(months)
        treated, others = values["t"], values[["a", "b", "c"]]
        if "treated minus" in name:
            values = treated - others.mean(axis=1)
        else:
            values, options, prefix = treated, options | {"control": others}, "treated_"
    y = pd.Series(np.asarray(values, float), months, name="y")
    try:
        fit = InterruptedTimeSeries(y, event, **options).fit()
    except Refused:
        return np.nan, np.nan, np.nan
    ends = fit.conf_int().loc[[f"{prefix}event_level", f"{prefix}event_slope"]]
    held = (ends["lower"] <= 0) & (ends["upper"] >= 0)
    words = ("Residuals", "Zero-inflated", "counts are 0")
    noted = any(word in note for note in fit.notes for word in words)
    return float(held.iloc[0]), float(held.iloc[1]), float(noted)


PAGE = """# What intervals hold on shapes that this field has

Made by `make calibrate` (the table as data:
`calibration_shapes.csv`). No effect is simulated: `level` and `slope` are the shares of
draws whose 95 % interval holds the true change, 0; `noted` is the share with a note on
residuals or zeros in `result.notes`; `refused` the share without a finite estimate. The
event is in the middle. Monte Carlo error at .95 with {draws} draws: {error}.

**Bold** shares are below .93 by more than chance (two such errors): read them before
you choose an estimator. A trend that breaks for another reason ("regime change",
"zeros before") is a wrong model, and no model of the errors repairs it: date the other
change, or begin the series after it.
"""


def page(table: pd.DataFrame) -> str:
    """The table as a page, one section a shape."""
    draws = int(table["draws"].max())
    error = f"{(0.95 * 0.05 / draws) ** 0.5:.3f}".removeprefix("0")
    parts = [PAGE.format(draws=draws, error=error)]
    table = table.assign(
        **{name: table[name].map(lambda share: _share(share, draws)) for name in HELD}
    )
    columns = ["n", "estimator", "level", "slope", "noted", "refused", "draws"]
    for shape, rows in table.groupby("shape", sort=False):
        lines = [_cells(row) for row in rows[columns].to_numpy()]
        head = f"{_cells(columns)}\n{_cells('---' for _ in columns)}"
        parts.append(f"## {shape}\n\n{head}\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _share(share: float, draws: int) -> str:
    """A share of intervals that hold; bold where it is below .93 beyond chance."""
    error = (max(share * (1 - share), 1e-9) / draws) ** 0.5
    return f"**{share}**" if share + 2 * error < 0.93 else str(share)


def _cells(values) -> str:
    return f"| {' | '.join(map(str, values))} |"

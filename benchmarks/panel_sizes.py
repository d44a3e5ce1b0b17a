"""Coverage of panel intervals and event studies when few states are treated."""

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from analysis_utils.methods.event_study import group_time_effects
from analysis_utils.methods.panel import panel_association

# States, treated of each cohort, cohorts; the study's own shapes among them.
DESIGNS = (
    (50, 1, 1),
    (50, 2, 1),
    (50, 3, 1),
    (50, 8, 1),
    (20, 2, 2),
    (50, 8, 3),
)
ERRORS = ("cluster", "CRV1", "driscoll-kraay")


def simulated(
    units: int, treated: int, cohorts: int, periods: int, seed: int, rho: float = 0.6
) -> pd.DataFrame:
    """No effect of a law; AR(1) errors. Columns unit, time, law, first, y."""
    rng = np.random.default_rng(seed)
    noise = lfilter([1], [1, -rho], rng.standard_normal((units, periods + 50)), axis=1)
    first = np.full(units, np.nan)
    for i in range(cohorts):
        start = periods // 2 + i * max(periods // 10, 1)
        first[i * treated : (i + 1) * treated] = start
    time = np.tile(np.arange(periods), units)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "time": time,
            "law": 1.0 * (time >= np.repeat(first, periods)),
            "first": np.repeat(first, periods),
            "y": noise[:, 50:].ravel(),
        }
    )


def calibrate_panels(draws: int = 60) -> pd.DataFrame:
    """One row a design and method: coverage of 95 % intervals of a true zero.

    `given`: share of samples with an interval at all; `coverage` is among those.
    """
    rows = []
    for design in DESIGNS:
        parts = [*_regressions(design, draws), *_events(design, draws)]
        for name, covered in parts:
            given = covered[~np.isnan(covered)]
            rows.append(
                {
                    "states": design[0],
                    "treated each": design[1],
                    "cohorts": design[2],
                    "method": name,
                    "coverage": round(float(given.mean()), 3) if len(given) else "",
                    "given": round(len(given) / len(covered), 3),
                }
            )
    return pd.DataFrame(rows)


def _regressions(design: tuple[int, int, int], draws: int):
    found = {}
    for errors in ERRORS:
        inside = []
        for seed in range(draws):
            fit = panel_association(
                simulated(*design, 40, seed),
                "y",
                "law",
                unit="unit",
                time="time",
                errors=errors,
            )
            inside.append(_covers(*fit.conf_int().iloc[0]))
        found[f"panel_association, {errors}"] = np.array(inside)
    return found.items()


def _events(design: tuple[int, int, int], draws: int):
    found: dict[str, list] = {"overall": [], "band": [], "pre-trend": []}
    for seed in range(draws):
        effects = group_time_effects(
            simulated(*design, 10, seed),
            outcome="y",
            unit="unit",
            time="time",
            cohort="first",
            n_resamples=199,
        )
        dynamic = effects.aggregate("dynamic")
        found["overall"].append(_covers(*dynamic.overall.conf_int().iloc[0]))
        band = dynamic.conf_int(simultaneous=True)
        all_in = (band["lower"] <= 0) & (band["upper"] >= 0)
        found["band"].append(
            np.nan if band.isna().any(axis=None) else float(all_in.all())
        )
        try:
            found["pre-trend"].append(float(effects.pre_trend_test()["p"] > 0.05))
        except ValueError:
            found["pre-trend"].append(np.nan)
    return {f"event study, {key}": np.array(v) for key, v in found.items()}.items()


def _covers(lower: float, upper: float) -> float:
    return np.nan if np.isnan(lower) else float(lower <= 0 <= upper)

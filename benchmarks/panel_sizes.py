"""Coverage of panel intervals and event studies when few states are treated."""

from functools import partial

import numpy as np
import pandas as pd
from scipy import stats
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
# Periods of panels whose states share shocks, for which Driscoll-Kraay errors are.
PERIODS = (8, 12, 20, 40, 80)


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


def with_shared_shocks(
    units: int, periods: int, seed: int, rho: float = 0.6
) -> pd.DataFrame:
    """Regressor and outcome, unrelated, that answer to shocks of their own.

    AR(1) all; each unit answers to both shocks by one factor of its own, so that
    neighbours in a period are alike and errors clustered by unit too small.
    """
    rng = np.random.default_rng(seed)

    def noise(rows: int) -> np.ndarray:
        draws = rng.standard_normal((2, rows, periods + 50))
        return lfilter([1], [1, -rho], draws, axis=2)[:, :, 50:]

    x, y = rng.standard_normal((units, 1)) * noise(1) + noise(units)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "time": np.tile(np.arange(periods), units),
            "x": x.ravel(),
            "y": y.ravel(),
        }
    )


def calibrate_panels(draws: int = 200) -> pd.DataFrame:
    """One row a design and method: coverage of 95 % intervals of a true zero.

    `given`: share of samples with an interval at all; `coverage` is among those (of
    Driscoll and Kraay's errors: as if it had been given), with its Monte Carlo
    standard error.
    """
    rows = []
    for design in DESIGNS:
        where = {
            "design": "law",
            "states": design[0],
            "treated each": design[1],
            "cohorts": design[2],
        }
        for errors in ERRORS:
            make = partial(simulated, *design, 40)
            what = {"periods": 40, "method": f"panel_association, {errors}"}
            rows.append({**where, **what, **_panel(make, "law", errors, draws)})
        for name, covered in _events(design, draws):
            what = {"periods": 10, "method": name}
            rows.append({**where, **what, **_rate(covered)})
    for rho in (0.3, 0.6):
        for periods in PERIODS:
            where = {"design": f"shared shocks, AR {rho}", "states": 30}
            for errors in ("driscoll-kraay", "cluster"):
                make = partial(with_shared_shocks, 30, periods, rho=rho)
                what = {"periods": periods, "method": f"panel_association, {errors}"}
                rows.append({**where, **what, **_panel(make, "x", errors, draws)})
    columns = ["treated each", "cohorts"]
    return pd.DataFrame(rows).astype(dict.fromkeys(columns, "Int64"))


def _rate(covered: np.ndarray) -> dict[str, float]:
    given = covered[~np.isnan(covered)]
    share = float(given.mean()) if len(given) else np.nan
    return {
        "coverage": round(share, 3),
        "mc_error": round(float(np.sqrt(share * (1 - share) / max(len(given), 1))), 3),
        "given": round(len(given) / len(covered), 3),
        "draws": len(covered),
    }


def _panel(data_of, regressor: str, errors: str, draws: int) -> dict[str, float]:
    """Coverage, and the share of intervals that is given.

    Where none is given, by errors that are refused whole: as if it had been.
    """
    inside, given = [], []
    for seed in range(draws):
        fit = panel_association(
            data_of(seed), "y", regressor, unit="unit", time="time", errors=errors
        )
        critical = stats.t.isf(0.025, fit.df_resid[regressor])
        inside.append(float(abs(fit.tvalues[regressor]) <= critical))
        given.append(fit.refusals[regressor] == "")
    inside, given = np.array(inside), np.array(given)
    if errors != "driscoll-kraay":
        inside = np.where(given, inside, np.nan)
    return _rate(inside) | {"given": round(float(given.mean()), 3)}


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

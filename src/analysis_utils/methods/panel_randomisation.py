"""Randomisation over units: what holds when one or two units are treated.

Units exchange their histories of treatment; effects of units and periods stay. It tests
that no unit was affected, and is exact if units were exchangeable (within strata).
"""

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from .arguments import columns, flag, frame, share, whole
from .event_study.results import GroupTimeEffects
from .long_table import calendar_places, check_ids, check_numbers
from .panel import balanced
from .randomisation import additive, invert, linear_interval, randomise

__all__ = ["event_randomisation", "panel_randomisation"]


def panel_randomisation(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    *,
    unit: str,
    time: str,
    strata: str | None = None,
    alpha: float = 0.05,
    draws: int = 9999,
    seed: int = 0,
) -> pd.Series:
    """Effect with effects of units and periods; p and interval by exchanging units.

    data: one row for each unit and period, balanced. treatment: 0 and 1, or a dose.
    strata: a column constant within units; units exchange within its values. Returns
    estimate, lower, upper, p.

    >>> data = pd.DataFrame({"state": np.repeat(np.arange(20), 8),
    ...                      "year": np.tile(np.arange(8), 20)})
    >>> data["law"] = 1.0 * ((data["state"] == 0) & (data["year"] >= 4))
    >>> data["y"] = 5 * data["law"] + np.random.default_rng(0).standard_normal(160)
    >>> found = panel_randomisation(data, "y", "law", unit="state", time="year")
    >>> float(found["p"])  # the largest of twenty
    0.05
    """
    share(alpha, "alpha")
    draws, seed = whole(draws, "draws", 1), whole(seed, "seed")
    frame(data, "data")
    extra = [strata] if strata is not None else []
    columns(data, [outcome, treatment, unit, time, *extra])
    check_ids(data, unit, time)
    calendar_places(data[time], time)
    for name in (outcome, treatment):
        check_numbers(data[name], name)
    tables = (_wide(data, name, unit, time) for name in (outcome, treatment))
    y, d = (table - table.mean() for table in tables)
    groups = None
    if strata is not None:
        first = data.groupby(unit, sort=True)[strata]
        if (first.nunique(dropna=False) > 1).any():
            raise NotTestable(f"{strata} varies within units.")
        groups = first.first().to_numpy()
    left = balanced(d)
    if np.linalg.norm(left) <= 1e-9 * float(np.linalg.norm(d)):
        raise NotTestable(f"{treatment} does not vary beyond units and periods.")
    found = linear_interval(
        balanced(y), left, strata=groups, alpha=alpha, draws=draws, seed=seed
    )
    return found.rename(treatment)


def _wide(data: pd.DataFrame, name: str, unit: str, time: str) -> np.ndarray:
    table = data.pivot(index=unit, columns=time, values=name)
    missing = int(table.isna().sum().sum())
    if missing:
        raise NotTestable(
            f"The panel is unbalanced: {missing} pairs of unit and period have no row. "
            "Units can exchange their histories only if all have the same periods."
        )
    return table.to_numpy(dtype="float64")


def event_randomisation(
    effects: GroupTimeEffects,
    *,
    alpha: float = 0.05,
    draws: int = 9999,
    seed: int = 0,
    interval: bool = True,
) -> pd.Series:
    """The average effect on the treated, with units exchanging their cohorts.

    effects: of `group_time_effects` without covariates, weights or clusters, so that
    it is a sum over units. The statistic is `aggregate("simple")`. The interval holds
    the constant effects that are not rejected; infinite ends say that there are too
    few assignments for alpha. Returns estimate, lower, upper, p.

    >>> from analysis_utils.methods.event_study import group_time_effects
    >>> data = pd.DataFrame({"state": np.repeat(np.arange(30), 6),
    ...                      "year": np.tile(np.arange(6), 30)})
    >>> data["first"] = np.where(data["state"] == 0, 3, np.nan)
    >>> data["y"] = 6.0 * (data["year"] >= data["first"])
    >>> data["y"] += np.random.default_rng(0).standard_normal(180)
    >>> effects = group_time_effects(data, outcome="y", unit="state", time="year",
    ...                              cohort="first", n_resamples=9)
    >>> round(float(event_randomisation(effects)["p"]), 3)  # one of thirty
    0.033
    """
    if not isinstance(effects, GroupTimeEffects):
        raise Refused("effects: the result of group_time_effects is needed.")
    share(alpha, "alpha")
    draws, seed = whole(draws, "draws", 1), whole(seed, "seed")
    flag(interval, "interval")
    changes, exposures, weights = effects.as_sums()
    table, doses = changes @ weights.T, exposures @ weights.T
    histories = np.nan_to_num(effects.panel.cohort, posinf=-1e9)

    def tested(effect: float) -> float:
        return randomise(
            additive(table - effect * doses), histories, draws=draws, seed=seed
        ).pvalue

    estimate = float(np.trace(table))
    free = randomise(additive(table), histories, draws=draws, seed=seed)
    lower = upper = np.nan
    if interval:
        # In units of the null's spread, so that the search does not depend on scale.
        unit = float(free.draws.std()) or 1.0
        low, high = invert(
            lambda u: tested(estimate + u * unit),
            0.0,
            -50.0,
            50.0,
            alpha=alpha,
            tolerance=0.002,
        )
        lower, upper = estimate + low * unit, estimate + high * unit
    return pd.Series(
        {"estimate": estimate, "lower": lower, "upper": upper, "p": free.pvalue}
    )

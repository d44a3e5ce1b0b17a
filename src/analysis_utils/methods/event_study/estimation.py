"""Group-time average treatment effects of Callaway and Sant'Anna."""

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import flag, names_of, one_of, share, whole
from .aggregation import Cells
from .estimates import Inference
from .panel_data import AdoptionPanel, adoption_panel
from .results import GroupTimeEffects
from .two_periods import ESTIMATORS, att_two_periods

__all__ = ["group_time_effects"]

CONTROLS = ("never", "not-yet")
BASES = ("varying", "universal")


def group_time_effects(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    control: str = "never",
    covariates: tuple[str, ...] = (),
    estimator: str = "dr",
    base_period: str = "varying",
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    drop_incomplete: bool = False,
    level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
    workers: int = 1,
) -> GroupTimeEffects:
    """Estimate ATT(g, t): the effect at t on the units first treated at g.

    data: one row for each unit and period, balanced. cohort: first treated period,
    missing, 0 or infinite for never. control: units "never" treated, or "not-yet"
    treated at t. covariates: by their values in the base period. estimator: "dr"
    (doubly robust), "reg" (outcome regression) or "ipw". base_period: "varying"
    compares periods before treatment with the one before each, "universal" all with
    the last before treatment. anticipation: periods before treatment in which it may
    have effects. weights: of units, constant over time. cluster: a column that is
    constant within units; by unit if None. drop_incomplete: leave out units that lack
    periods instead of refusing them. Units treated from the first period on are
    left out, and the result says so.

    Callaway and Sant'Anna 2021, J. Econometrics 225:200. Limits are normal with 20
    clusters or more in each cohort, else Student's t; an estimate that rests on one
    cluster has none. A day inside a period counts from that period on. Raises
    NotTestable for panels that are unbalanced, have missing values or periods that no
    unit has, or lack control units.

    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"unit": np.repeat(np.arange(60), 6),
    ...                      "year": np.tile(np.arange(2000, 2006), 60)})
    >>> data["first"] = np.where(data["unit"] < 25, 2003, np.nan)
    >>> data["y"] = 2.0 * (data["year"] >= data["first"]) + rng.standard_normal(360)
    >>> effects = group_time_effects(data, outcome="y", unit="unit", time="year",
    ...                              cohort="first", n_resamples=199)
    >>> round(float(effects.aggregate("simple").overall.params.iloc[0]), 1)
    1.9
    """
    one_of(control, CONTROLS, "control")
    one_of(estimator, ESTIMATORS, "estimator")
    one_of(base_period, BASES, "base_period")
    anticipation = whole(anticipation, "anticipation")
    n_resamples, seed = whole(n_resamples, "n_resamples", 1), whole(seed, "seed")
    level, workers = share(level, "level"), whole(workers, "workers", 1)
    panel = adoption_panel(
        data,
        outcome,
        unit,
        time,
        cohort,
        tuple(names_of(covariates, "covariates")),
        weights,
        cluster,
        flag(drop_incomplete, "drop_incomplete"),
    )
    panel, periods = _estimable(panel, control, anticipation)
    cells = _cells(panel, periods, control, estimator, base_period, anticipation)
    inference = Inference(
        panel.clusters, panel.cohort, level, n_resamples, seed, workers
    )
    return GroupTimeEffects.of(cells, panel, inference, control, estimator)


def _estimable(
    panel: AdoptionPanel, control: str, anticipation: int
) -> tuple[AdoptionPanel, int]:
    """Leave out the always treated; find how many periods have control units."""
    always = panel.cohort <= panel.clock[0] + anticipation
    if always.any():
        panel = panel.keep(
            ~always,
            f"{int(always.sum())} units treated from the first "
            "period on are left out: they have no before.",
        )
    if not len(panel.groups):
        raise NotTestable("No unit is first treated after the first period.")
    if np.isinf(panel.cohort).any():
        return panel, len(panel.clock)
    if control == "never":
        raise NotTestable(
            "All units are treated by the last period, so none is a "
            "never-treated control: use control='not-yet'."
        )
    return _last_cohort_as_control(panel, anticipation)


def _last_cohort_as_control(
    panel: AdoptionPanel, anticipation: int
) -> tuple[AdoptionPanel, int]:
    """Without never-treated units, stop before the last cohort is treated."""
    last = panel.groups[-1]
    periods = int((panel.clock < last - anticipation).sum())
    if periods < 2 or len(panel.groups) < 2:
        raise NotTestable("All units are treated at once: there is no control.")
    note = (
        f"All units are treated by the last period; effects are estimated before "
        f"{panel.label(last)}, with the cohort of that period as control."
    )
    panel = panel.keep(np.ones(len(panel.cohort), bool), note)
    panel.cohort[panel.cohort >= panel.clock[periods]] = np.inf
    return panel, periods


def _cells(
    panel: AdoptionPanel,
    periods: int,
    control: str,
    estimator: str,
    base_period: str,
    anticipation: int,
) -> Cells:
    """Estimate every group and period."""
    clock, rows = panel.clock[:periods], []
    for group in panel.groups:
        base = int((clock + anticipation < group).sum()) - 1
        for now in range(0 if base_period == "universal" else 1, periods):
            before = base if base_period == "universal" or now > base else now - 1
            found = _cell(panel, group, now, before, control, estimator, anticipation)
            rows.append((group, clock[now], clock[before], *found))
    groups, times, bases, effects, influence, fewest = zip(*rows, strict=True)
    return Cells(
        group=np.array(groups),
        time=np.array(times),
        effect=np.array(effects),
        influence=np.column_stack(influence),
        members=(panel.cohort[:, None] == np.array(groups)) * panel.weights[:, None],
        anticipation=anticipation,
        fewest=np.array(fewest),
        base=np.array(bases),
    )


def _cell(
    panel: AdoptionPanel,
    group: float,
    now: int,
    before: int,
    control: str,
    estimator: str,
    anticipation: int,
) -> tuple[float, np.ndarray, float]:
    """ATT of one group and period, influence (units,), clusters of the fewer side.

    In the base period itself 0, by definition, with infinitely many clusters.
    """
    influence = np.zeros(len(panel.cohort))
    if now == before:
        return 0.0, influence, np.inf
    treated = panel.cohort == group
    controls = np.isinf(panel.cohort)
    if control == "not-yet":
        horizon = panel.clock[max(now, before)] + anticipation
        controls |= (panel.cohort > horizon) & ~treated
    used = treated | controls
    if not controls.any():
        raise NotTestable(
            f"Group {panel.label(group)}, period {panel.times[now]}: no unit is left "
            "as a control."
        )
    change = panel.outcome[:, now] - panel.outcome[:, before]
    covariates = panel.covariates[:, min(now, before)]
    try:
        effect, by_unit = att_two_periods(
            change[used],
            treated[used].astype(float),
            covariates[used],
            panel.weights[used],
            estimator,
        )
    except NotTestable as error:
        raise NotTestable(
            f"Group {panel.label(group)}, period {panel.times[now]}: {error}. Use "
            "fewer covariates or another estimator."
        ) from error
    influence[used] = by_unit * len(used) / used.sum()
    sides = [len(np.unique(panel.clusters[side])) for side in (treated, controls)]
    return effect, influence, min(sides)

"""Group-time average treatment effects of Callaway and Sant'Anna."""

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from .aggregation import Cells
from .estimates import Inference
from .panel_data import AdoptionPanel, adoption_panel
from .results import GroupTimeEffects
from .two_periods import ESTIMATORS, att_two_periods

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

    Callaway and Sant'Anna 2021, J. Econometrics 225:200. Raises NotTestable for panels
    that are unbalanced, have missing values, or lack control units.
    """
    for value, allowed, what in (
        (control, CONTROLS, "control"),
        (estimator, ESTIMATORS, "estimator"),
        (base_period, BASES, "base_period"),
    ):
        if value not in allowed:
            raise ValueError(
                f"{what} {value!r} is not known; choose one of "
                f"{', '.join(map(repr, allowed))}."
            )
    panel = adoption_panel(
        data,
        outcome,
        unit,
        time,
        cohort,
        tuple(covariates),
        weights,
        cluster,
        drop_incomplete,
    )
    panel, periods = _estimable(panel, control, anticipation)
    cells = _cells(panel, periods, control, estimator, base_period, anticipation)
    inference = Inference(panel.clusters, level, n_resamples, seed, workers)
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
    n, clock = len(panel.cohort), panel.clock[:periods]
    found, influence = [], []
    for group in panel.groups:
        base = int((clock + anticipation < group).sum()) - 1
        for now in range(0 if base_period == "universal" else 1, periods):
            before = base if base_period == "universal" or now > base else now - 1
            if now == before:
                found.append((group, clock[now], 0.0))
                influence.append(np.zeros(n))
                continue
            effect, by_unit = _cell(
                panel, group, now, before, control, estimator, anticipation
            )
            found.append((group, clock[now], effect))
            influence.append(by_unit)
    groups, times, effects = np.array(found).T
    members = (panel.cohort[:, None] == groups) * panel.weights[:, None]
    return Cells(
        groups, times, effects, np.column_stack(influence), members, anticipation
    )


def _cell(
    panel: AdoptionPanel,
    group: float,
    now: int,
    before: int,
    control: str,
    estimator: str,
    anticipation: int,
) -> tuple[float, np.ndarray]:
    """ATT of one group and period against its base period, influence (units,)."""
    treated = panel.cohort == group
    controls = np.isinf(panel.cohort)
    if control == "not-yet":
        horizon = panel.clock[max(now, before)] + anticipation
        controls |= (panel.cohort > horizon) & ~treated
    used = treated | controls
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
    influence = np.zeros(len(used))
    influence[used] = by_unit * len(used) / used.sum()
    return effect, influence

"""The door: a table of intervals in, a fitted hazard out."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis_utils.asking import Refused

from ..resampling.batches import one_blas_thread
from .collapse import name_list
from .likelihood import Likelihood
from .results import HazardResults
from .risk_sets import Columns, build


def fit_hazard(
    table: pd.DataFrame,
    covariates: Sequence[str],
    *,
    unit: str = "unit",
    entry: str = "entry",
    exit: str = "exit",
    event: str = "event",
    strata: Sequence[str] = (),
    effects: Sequence[str] = (),
    offset: str | None = None,
    cluster: str | None = None,
) -> HazardResults:
    """Fit log(-log(1 - h)) = alpha(stratum, period) + x b + offset by likelihood.

    table : intervals of units at risk: `entry` and `exit` are its first and last
        period (whole numbers), `event` 1 if the unit's event is in the last one, and
        covariates are constant within. Rows of units and periods are intervals of one
        period; `to_intervals` joins them. A unit enters late or leaves early by its
        intervals alone.
    strata : columns whose combinations have period effects of their own; without them
        all units share the period effects.
    effects : columns whose levels shift the hazard by a factor in all periods.
    offset : column added to the predictor (the logarithm of an exposure).
    cluster : column of groups within which units depend on each other: sandwich
        covariance of the concentrated scores times G/(G-1), intervals by t with G-1
        degrees of freedom. Without it, the observed information and the normal law.

    exp(b) is a hazard ratio: the model is that of proportional hazards in continuous
    time, observed by period (Prentice & Gloeckler 1978, Biometrics 34:57; Allison
    1982, Sociological Methodology 13:61). Period effects are concentrated out exactly,
    by sums over risk sets; no row of a unit and a period is ever made. NotTestable if
    there is no event, a covariate does not vary, or a ratio has no finite estimate.

    >>> table = pd.DataFrame({"unit": range(8), "entry": 1, "event": [1, 1, 1, 0] * 2,
    ...                       "exit": [1, 2, 2, 3, 1, 3, 3, 3], "x": [1] * 4 + [0] * 4})
    >>> fit = fit_hazard(table, ["x"])
    >>> print(fit.hazard_ratios().round(3).loc["x", ["ratio", "lower", "upper"]].values)
    [1.44  0.283 7.344]
    """
    for name, value in {
        "covariates": covariates,
        "strata": strata,
        "effects": effects,
    }.items():
        name_list(value, name)
    both = set(strata) & set(effects)
    if both:
        raise Refused(f"{', '.join(sorted(both))}: strata contain the additive effect.")
    columns = Columns(
        tuple(covariates),
        unit,
        entry,
        exit,
        event,
        tuple(strata),
        tuple(effects),
        offset,
        cluster,
    )
    sets = build(table, columns)
    with one_blas_thread():
        return HazardResults(columns, sets, Likelihood(sets).maximise())

"""Associations in panels, with effects of units and of time: pyfixest's regressions.

y[i,t] = unit[i] + time[t] + b'x[i,t] + e[i,t]. What all units share at a time, and what
is lasting in a unit, cannot make y and x move together. For counts the same in the
logarithm of their mean (Poisson).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_utils.asking import Refused

from ..arguments import flag, one_of
from .demeaning import EFFECTS, Within
from .regression import (
    CLUSTERED,
    ERRORS,
    FAMILIES,
    FEWEST,
    FEWEST_PERIODS,
    LASTING,
    Regression,
    degrees,
    lags_of,
)
from .result import PanelResult
from .table import checked, differences, estimable, regressors_of, short_names, standard

__all__ = ["panel_association"]


def panel_association(
    data: pd.DataFrame,
    outcome: str,
    regressors: str | Sequence[str],
    *,
    unit: str,
    time: str,
    effects: str = "two-way",
    errors: str = "cluster",
    maxlags: int | None = None,
    difference: bool = False,
    weights: str | None = None,
    cluster: str | None = None,
    family: str = "gaussian",
) -> PanelResult:
    """Regress an outcome on regressors with fixed effects of units and times.

    data: one row for each unit and period, gaps and unequal lengths allowed except for
    errors with lags. time: whole numbers, dates or pandas periods. effects: one of
    `EFFECTS`. errors: one of `ERRORS`; the default holds for few clusters, and where
    fewer than two carry an estimate no interval is given (use `panel_randomisation`).
    maxlags: of errors with lags, 1.3 sqrt(T) if None (Lazarus, Lewis, Stock and Watson
    2018), with the critical values of Kiefer and Vogelsang (2005). difference: first
    differences within units of neighbouring periods, for series with trends or unit
    roots of their own. weights: precision of the rows. family: "poisson" for counts;
    then coefficients are of the logarithm of the mean. cluster: a column; one with
    fewer, larger clusters than units is stricter.

    Raises NotTestable for missing values, duplicates, one unit or period, regressors
    without variation beyond the effects.

    >>> rng = np.random.default_rng(2)
    >>> data = pd.DataFrame({"state": np.repeat(list("ABCDEFGHIJ"), 12),
    ...                      "month": np.tile(np.arange(12), 10)})
    >>> data["x"] = rng.standard_normal(120)
    >>> data["y"] = 2 * data["x"] + data["month"] + rng.standard_normal(120)
    >>> result = panel_association(data, "y", "x", unit="state", time="month")
    >>> result.params.round(1).to_dict(), result.conf_int().round(1).values.tolist()
    ({'x': 1.8}, [[1.6, 2.1]])
    """
    names = regressors_of(regressors)
    one_of(effects, EFFECTS, "effects")
    one_of(errors, ERRORS, "errors")
    one_of(family, FAMILIES, "family")
    if family == "poisson" and flag(difference, "difference"):
        raise Refused(
            "difference=True has no meaning for counts with family='poisson'."
        )
    table = checked(data, outcome, names, unit, time, weights, cluster)
    if flag(difference, "difference"):
        table = differences(table, ["y", *short_names(names)])
    table, dropped = estimable(table, effects, family)
    lags = lags_of(table, errors, maxlags)
    centre, scale = standard(table, names, family)
    regression = Regression(effects, errors, lags, "cluster" if cluster else "unit")
    moved = table.assign(**(table[scale.index] - centre) / scale)
    fit = regression.of(short_names(names), moved, family)
    part = Within.of(fit, moved, scale, effects, short_names(names), family)
    params = pd.Series(fit.coef().to_numpy() * part.units, names, name="coef")
    cov = np.outer(part.units, part.units) * np.atleast_2d(fit._vcov)
    df = np.full(len(names), degrees(fit, errors, lags, table))
    carried = part.effective(table, errors, "cluster" if cluster else "unit")
    if errors == "cluster":
        groups = table["cluster" if cluster else "unit"].to_numpy()
        se, df = part.reduced(groups, table, effects)
        ratio = se * part.units / np.sqrt(np.diag(cov))
        cov = cov * np.outer(ratio, ratio)
    return PanelResult(
        params=params,
        cov=pd.DataFrame(cov, names, names),
        df_resid=pd.Series(df, names, name="df"),
        nobs=len(table),
        outcome=outcome,
        effects=effects,
        errors=ERRORS[errors],
        effective_clusters=pd.Series(carried, names, name="effective clusters"),
        refusals=_refusals(
            names, carried, df, np.diag(cov), errors, table, part.others
        ),
        r_naive=float(table["y"].corr(table["x0"])),
        within=part.shown(names[0], outcome),
        notes=_notes(table, dropped, errors),
    )


def _refusals(
    names: list[str],
    carried: np.ndarray,
    df: np.ndarray,
    var: np.ndarray,
    errors: str,
    table: pd.DataFrame,
    others: np.ndarray,
) -> pd.Series:
    """By regressor, why no interval is given."""
    if errors == "driscoll-kraay":
        words = [_too_short(name, table, others[:, j]) for j, name in enumerate(names)]
        return pd.Series(words, names, name="refusal")
    least = FEWEST.get(errors, 0.0)
    found = []
    for name, clusters, freedom, variance in zip(names, carried, df, var, strict=True):
        few = errors in CLUSTERED and clusters < least
        thin = errors == "cluster" and (freedom < 1 or variance <= 1e-20)
        found.append(
            f"{name}: {clusters:.1f} clusters carry this estimate, too few for an "
            f"interval by errors={errors!r}: use panel_randomisation"
            + ("." if errors == "cluster" else ", or errors='cluster'.")
            if few or thin
            else ""
        )
    return pd.Series(found, names, name="refusal")


def _too_short(name: str, table: pd.DataFrame, left: np.ndarray) -> str:
    """Why the periods are too few for Driscoll and Kraay's errors, or ""."""
    periods = table["time"].nunique()
    instead = "use errors='cluster' if units share no shocks, or panel_randomisation."
    if periods < FEWEST_PERIODS:
        return (
            f"{name}: Driscoll-Kraay errors rest on {periods} periods and "
            f"{FEWEST_PERIODS} are needed for an interval: {instead}"
        )
    before = pd.Series(left).groupby(table["unit"].to_numpy()).shift()
    lasting = float((left * before).sum() / (before**2).sum())
    if lasting > LASTING:
        return (
            f"{name} lasts (autocorrelation within units {lasting:.2f}), as a law in "
            f"force does: {periods} periods then hold too few changes for an interval "
            f"by Driscoll-Kraay errors: {instead}"
        )
    return ""


def _notes(table: pd.DataFrame, dropped: int, errors: str) -> tuple[str, ...]:
    """What the reader should know about these data and these errors."""
    notes = ["Naive r: pooled rows, as if they were independent."]
    if dropped:
        notes.append(
            f"{dropped} rows are alone in their unit or period, or in one without any "
            "count, and left out."
        )
    if errors in ("heteroscedastic", "independent"):
        notes.append(
            "Errors are taken as independent within units; policies that last make "
            "such intervals too narrow."
        )
    return tuple(notes)

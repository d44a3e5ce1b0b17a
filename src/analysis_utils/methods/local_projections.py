"""Local projections: how an outcome moves before and after a dose changes.

For each horizon h: y[i,t+h] - y[i,t-1] on the change of x at t, with effects of
periods; what is lasting in a unit is gone by the difference. Horizons before 0 are
leads: what the outcome did before the dose changed, and where a pre-trend shows.
Jorda 2005, AER 95:161; for panels Dube, Girardi, Jorda and Taylor 2025, J. Applied
Econometrics.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable, Refused

from .arguments import columns, flag, frame, names_of, share, whole
from .long_table import calendar_places, check_ids, check_numbers
from .panel import panel_association

__all__ = ["leads_test", "local_projections"]


def local_projections(
    data: pd.DataFrame,
    outcome: str,
    dose: str,
    *,
    unit: str,
    time: str,
    leads: int = 6,
    lags: int = 12,
    controls: Sequence[str] = (),
    dose_lags: int = 1,
    outcome_lags: int = 0,
    cluster: str | None = None,
    errors: str = "cluster",
    changes: bool = True,
    trends: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Response of the outcome, period by period, to a change of the dose by one.

    data: one row for each unit and period; holes only drop the rows that need them.
    leads, lags: horizons -leads to lags; -1 is the base, zero by definition. controls:
    columns, as they are at t. dose_lags: earlier changes of the dose held constant;
    outcome_lags: earlier changes of the outcome (leads are then held constant too, so
    they cannot show a pre-trend). changes: the dose enters by its change; False if the
    column already is one. trends: a linear trend of each unit (an effect of units in
    the differences); it biases leads and lags by about (leads + lags) / periods of the
    effect, so it is not the default. cluster, errors: as in `panel_association`.

    Returns one row a horizon: estimate, std err, df, p, lower, upper; sup lower, sup
    upper (all horizons at once, Bonferroni); clusters (effective), n, refusal.

    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"state": np.repeat(np.arange(30), 24),
    ...                      "month": np.tile(np.arange(24), 30)})
    >>> data["agreements"] = rng.poisson(0.3, 720)
    >>> data["agreements"] = data.groupby("state")["agreements"].cumsum()
    >>> data["y"] = 3 * data["agreements"] + rng.standard_normal(720)
    >>> found = local_projections(data, "y", "agreements", unit="state", time="month",
    ...                           leads=2, lags=1)
    >>> found["estimate"].round(0).abs().tolist()
    [0.0, 0.0, 3.0, 3.0]
    """
    leads, lags = whole(leads, "leads"), whole(lags, "lags")
    dose_lags = whole(dose_lags, "dose_lags")
    outcome_lags = whole(outcome_lags, "outcome_lags")
    level, changes = share(level, "level"), flag(changes, "changes")
    effects = "two-way" if flag(trends, "trends") else "time"
    table = _table(data, outcome, dose, unit, time, controls, cluster)
    wide = {
        name: table.pivot(index="place", columns="unit", values=name).reindex(
            range(table["place"].max() + 1)
        )
        for name in ("y", "x", *[c for c in table if str(c).startswith("c")])
    }
    shock = wide["x"].diff() if changes else wide["x"]
    fixed = {f"x lag {k}": shock.shift(k) for k in range(1, dose_lags + 1)}
    fixed |= {
        f"y lag {k}": wide["y"].diff().shift(k) for k in range(1, outcome_lags + 1)
    }
    fixed |= {name: wide[name] for name in wide if name.startswith("c")}
    base = wide["y"].shift(1)
    groups = table.drop_duplicates("unit").set_index("unit").get("group")
    rows = {}
    for horizon in range(-leads, lags + 1):
        if horizon == -1:
            rows[horizon] = _base_row()
            continue
        columns_of = {"y": wide["y"].shift(-horizon) - base, "x": shock, **fixed}
        rows[horizon] = _row(columns_of, groups, effects, errors, level, horizon)
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("horizon")
    return _with_band(found, level)


def leads_test(found: pd.DataFrame) -> pd.Series:
    """One p for all leads of `local_projections`: Bonferroni's, which holds its size.

    >>> table = pd.DataFrame({"p": [0.04, 0.5, np.nan, 0.001]}, index=[-3, -2, -1, 0])
    >>> leads_test(table).to_dict()
    {'tests': 2.0, 'p': 0.08}
    """
    if not isinstance(found, pd.DataFrame) or "p" not in found:
        raise Refused("found: the table that local_projections returns is needed.")
    p = found.loc[found.index < -1, "p"].dropna()
    if p.empty:
        raise NotTestable("There are no leads with a p; ask for leads=2 or more.")
    return pd.Series({"tests": len(p), "p": min(1.0, len(p) * p.min())})


def _table(
    data: pd.DataFrame,
    outcome: str,
    dose: str,
    unit: str,
    time: str,
    controls: Sequence[str],
    cluster: str | None,
) -> pd.DataFrame:
    """The columns under short names, checked; periods as places on their calendar."""
    frame(data, "data")
    names = names_of(controls, "controls")
    given = [cluster] if cluster is not None else []
    columns(data, [outcome, dose, unit, time, *names, *given])
    check_ids(data, unit, time)
    if outcome == dose:
        raise Refused(f"{outcome} is the outcome and the dose.")
    for name in (outcome, dose, *names):
        check_numbers(data[name], name)
    table = pd.DataFrame(
        {
            "unit": data[unit].to_numpy(),
            "place": calendar_places(data[time], time),
            "y": data[outcome].to_numpy(dtype="float64"),
            "x": data[dose].to_numpy(dtype="float64"),
        }
    )
    for i, name in enumerate(names):
        table[f"c{i}"] = data[name].to_numpy(dtype="float64")
    if cluster is not None:
        if (data.groupby(unit)[cluster].nunique(dropna=False) > 1).any():
            raise NotTestable(f"{cluster} varies within units.")
        table["group"] = data[cluster].to_numpy()
    return table


def _row(
    parts: dict[str, pd.DataFrame],
    groups: pd.Series | None,
    effects: str,
    errors: str,
    level: float,
    horizon: int,
) -> dict[str, object]:
    """The regression of one horizon."""
    stacked = pd.DataFrame({name: part.stack() for name, part in parts.items()})
    used = stacked.dropna().reset_index()
    if used.empty:
        raise NotTestable(f"Horizon {horizon}: no unit is observed at both ends.")
    if groups is not None:
        used["group"] = used["unit"].map(groups)
    others = [name for name in parts if name not in ("y", "x")]
    try:
        fit = panel_association(
            used,
            "y",
            ["x", *others],
            unit="unit",
            time="place",
            effects=effects,
            errors=errors,
            cluster=None if groups is None else "group",
        )
    except NotTestable as error:
        raise NotTestable(f"Horizon {horizon}: {error}") from error
    lower, upper = fit.conf_int(1 - level).loc["x"]
    return {
        "estimate": fit.params["x"],
        "std err": fit.bse["x"],
        "df": fit.df_resid["x"],
        "p": fit.pvalues["x"],
        "lower": lower,
        "upper": upper,
        "clusters": fit.effective_clusters["x"],
        "n": fit.nobs,
        "refusal": fit.refusals["x"],
    }


def _base_row() -> dict[str, object]:
    zero = dict.fromkeys(("estimate", "std err", "lower", "upper"), 0.0)
    empty = dict.fromkeys(("df", "p", "clusters"), np.nan)
    return {**zero, **empty, "n": 0, "refusal": ""}


def _with_band(found: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add limits that hold for all horizons at once."""
    tests = max(int(found["p"].notna().sum()), 1)
    width = stats.t.isf((1 - level) / 2 / tests, found["df"].astype(float))
    width = pd.Series(width, found.index) * found["std err"].astype(float)
    width = width.where(found["refusal"] == "").mask(found["n"] == 0, 0.0)
    estimate = found["estimate"].astype(float)
    found.insert(6, "sup lower", estimate - width)
    found.insert(7, "sup upper", estimate + width)
    return found

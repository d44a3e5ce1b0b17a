"""The long table of a panel regression: checked, differenced, idle rows left out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from ..arguments import columns, frame, names_of
from ..long_table import calendar_places, check_ids, check_numbers, codes
from .demeaning import EFFECTS, within

__all__: list[str] = []  # all of it serves `panel_association`


def regressors_of(regressors: str | Sequence[str]) -> list[str]:
    names = names_of(regressors, "regressors")
    if not names or not all(isinstance(name, str) for name in names):
        raise Refused("regressors: one name of a column, or a list of them.")
    if len(set(names)) < len(names):
        raise Refused(f"regressors {names} name a column twice.")
    return names


def short_names(names: list[str]) -> list[str]:
    return [f"x{i}" for i in range(len(names))]


def checked(
    data: pd.DataFrame,
    outcome: str,
    names: list[str],
    unit: str,
    time: str,
    weights: str | None,
    cluster: str | None,
) -> pd.DataFrame:
    """Check the columns; give them short names, units codes and periods places.

    pyfixest needs integers for the ids of Newey-West and Driscoll-Kraay errors.
    """
    frame(data, "data")
    given = [name for name in (weights, cluster) if name is not None]
    columns(data, [outcome, *names, unit, time, *given])
    check_ids(data, unit, time)
    if outcome in names:
        raise Refused(f"{outcome} is the outcome and a regressor.")
    wanted = dict(zip(["y", *short_names(names)], [outcome, *names], strict=True))
    wanted |= {"weight": weights} if weights is not None else {}
    table = pd.DataFrame(index=range(len(data)))
    for key, name in wanted.items():
        check_numbers(data[name], name)
        table[key] = data[name].to_numpy(dtype="float64")
        if key != "weight" and np.ptp(table[key]) == 0:
            raise NotTestable(f"{name}: all values are the same.")
    if weights is not None and (table["weight"] <= 0).any():
        raise NotTestable(f"{weights}: weights must be positive.")
    table["unit"] = codes(data[unit])
    table["time"] = calendar_places(data[time], time)
    if cluster is not None:
        if data[cluster].isna().any():
            raise NotTestable(f"{cluster} is missing in some rows.")
        table["cluster"] = codes(data[cluster])
    return table.sort_values(["unit", "time"]).reset_index(drop=True)


def differences(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """First differences within units, of rows whose period follows the one before."""
    grouped = table.groupby("unit")
    follows = grouped["time"].diff() == 1
    moved = table.assign(**{name: grouped[name].diff() for name in names})
    return moved[follows].reset_index(drop=True)


def estimable(
    table: pd.DataFrame, effects: str, family: str
) -> tuple[pd.DataFrame, int]:
    """Leave out rows that say nothing, and refuse what pyfixest would abort on."""
    before = len(table)
    if family == "poisson":
        if (table["y"] < 0).any():
            raise NotTestable("The outcome has negative values: no counts.")
        for way in EFFECTS[effects]:  # all zeros: the effect is minus infinity
            table = table[table.groupby(way)["y"].transform("sum") > 0]
    while True:
        alone = np.zeros(len(table), dtype=bool)
        for way in EFFECTS[effects]:
            alone |= (table.groupby(way)["y"].transform("size") == 1).to_numpy()
        if not alone.any():
            break
        table = table[~alone]
    table = table.reset_index(drop=True)
    units, periods = table["unit"].nunique(), table["time"].nunique()
    if units < 2 or periods < 2:
        raise NotTestable(
            f"{units} unit(s) and {periods} period(s) are left with more than one row: "
            "a panel needs two of each or more."
        )
    x = [name for name in table if name.startswith("x")]
    used = sum(table[way].nunique() - 1 for way in EFFECTS[effects]) + 1
    if len(table) - used - len(x) < 1:
        raise NotTestable(
            f"{len(table)} rows for {used + len(x)} coefficients and effects: nothing "
            "is left to estimate errors from."
        )
    groups = [table[way].to_numpy() for way in EFFECTS[effects]]
    deviations = table[["y", *x]] - table[["y", *x]].mean()
    left = within(deviations.to_numpy(), groups)
    spread = np.linalg.norm(left, axis=0) / np.maximum(
        np.linalg.norm(deviations, axis=0), 1e-300
    )
    if spread[0] <= 1e-9:
        raise NotTestable("The outcome does not vary beyond the effects.")
    scaled = left[:, 1:] / np.maximum(np.linalg.norm(left[:, 1:], axis=0), 1e-300)
    if (spread[1:] <= 1e-9).any() or np.linalg.cond(scaled) > 1e8:
        raise NotTestable(
            "A regressor does not vary beyond the effects, or is a "
            "combination of the others: leave it out."
        )
    return table, before - len(table)


def standard(
    table: pd.DataFrame, names: list[str], family: str
) -> tuple[pd.Series, pd.Series]:
    """Centre and scale by column: a solver's tolerance must not depend on units."""
    columns = short_names(names) + (["y"] if family == "gaussian" else [])
    return table[columns].mean(), table[columns].std(ddof=0)

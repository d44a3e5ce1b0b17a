"""A long table as a balanced panel: units in rows, periods in columns, or a refusal."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable


@dataclass(frozen=True)
class AdoptionPanel:
    """Outcomes (units, periods) with the period in which each unit is first treated.

    `times`: as given, sorted. `clock`: the same as numbers, for distances. `cohort`:
    on that clock, infinite for units not treated within the panel. `covariates`:
    (units, periods, p), first column 1. `clusters`: codes of the units.
    """

    outcome: np.ndarray
    times: pd.Index
    clock: np.ndarray
    cohort: np.ndarray
    covariates: np.ndarray
    weights: np.ndarray
    clusters: np.ndarray
    notes: tuple[str, ...]

    @property
    def groups(self) -> np.ndarray:
        """The cohorts that are treated within the panel, on the clock."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])

    def label(self, clock: float) -> object:
        """The period or cohort as the user wrote it."""
        found = np.flatnonzero(self.clock == clock)
        return self.times[found[0]] if len(found) else clock

    def keep(self, units: np.ndarray, note: str) -> "AdoptionPanel":
        """Return the panel of some units (a mask), with a note that says why."""
        return AdoptionPanel(
            self.outcome[units],
            self.times,
            self.clock,
            self.cohort[units],
            self.covariates[units],
            self.weights[units],
            np.unique(self.clusters[units], return_inverse=True)[1],
            (*self.notes, note),
        )


def adoption_panel(
    data: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    covariates: tuple[str, ...] = (),
    weights: str | None = None,
    cluster: str | None = None,
    drop_incomplete: bool = False,
) -> AdoptionPanel:
    """Check a long table (one row for each unit and period) and shape it.

    cohort: period of first treatment, in the units of `time`; missing, 0 or infinite
    for units that are never treated. drop_incomplete: leave out units that lack
    periods, with a note, instead of refusing them.
    """
    extra = [name for name in (weights, cluster) if name is not None]
    columns = [outcome, unit, time, cohort, *covariates, *extra]
    absent = [name for name in columns if name not in data.columns]
    if absent:
        raise NotTestable(
            f"No column {', '.join(map(repr, absent))} in the data; it has "
            f"{', '.join(map(repr, data.columns))}."
        )
    table = data[list(dict.fromkeys(columns))].sort_values([unit, time])
    _check_values(table, [outcome, unit, time, *covariates, *extra], unit, time)
    table, notes = _complete(table, unit, time, drop_incomplete)
    units, times = table[unit].unique(), pd.Index(table[time].unique()).sort_values()
    shape = (len(units), len(times))
    clock, cohorts = _on_a_clock(times, _constant(table, cohort, unit))
    ones = np.ones((*shape, 1))
    values = table[list(covariates)].to_numpy(dtype="float64").reshape(*shape, -1)
    return AdoptionPanel(
        outcome=table[outcome].to_numpy(dtype="float64").reshape(shape),
        times=times,
        clock=clock,
        cohort=cohorts,
        covariates=np.concatenate([ones, values], axis=2),
        weights=_weights(table, weights, unit, len(units)),
        clusters=(
            np.arange(len(units))
            if cluster is None
            else pd.factorize(_constant(table, cluster, unit), sort=True)[0]
        ),
        notes=notes,
    )


def _check_values(
    table: pd.DataFrame, complete: list[str], unit: str, time: str
) -> None:
    """Refuse missing and infinite values, and duplicate rows."""
    for name in dict.fromkeys(complete):
        bad = table[name].isna()
        if pd.api.types.is_float_dtype(table[name]):
            bad |= np.isinf(table[name])
        if bad.any():
            raise NotTestable(
                f"{name}: {int(bad.sum())} missing or infinite value(s), "
                f"first for unit {table.loc[bad, unit].iloc[0]}."
            )
    twice = table.duplicated([unit, time])
    if twice.any():
        name, period = table.loc[twice, unit].iloc[0], table.loc[twice, time].iloc[0]
        raise NotTestable(f"Unit {name} has more than one row for {period}.")


def _complete(
    table: pd.DataFrame, unit: str, time: str, drop: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Refuse units that lack periods, or leave them out with a note."""
    counts = table.groupby(unit, sort=True).size()
    short = counts.index[counts < table[time].nunique()]
    if not len(short):
        return table, ()
    if not drop:
        raise NotTestable(
            f"The panel is unbalanced: {len(short)} of {len(counts)} units lack "
            f"periods, first {short[0]}. Complete them, or use drop_incomplete=True."
        )
    if len(short) == len(counts):
        raise NotTestable("No unit has all periods.")
    return table[~table[unit].isin(short)], (
        f"{len(short)} of {len(counts)} units lack periods and are left out.",
    )


def _constant(table: pd.DataFrame, name: str, unit: str) -> pd.Series:
    """Return one value for each unit; refuse a column that varies within units."""
    grouped = table.groupby(unit, sort=True)[name]
    varying = grouped.nunique(dropna=False) > 1
    if varying.any():
        raise NotTestable(
            f"{name} varies within unit {varying.idxmax()}; it must be one "
            "value for each unit."
        )
    return grouped.first()


def _on_a_clock(times: pd.Index, cohort: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return periods and cohorts as numbers; cohorts beyond the last are infinite.

    Numbers stay as they are. Dates and periods are counted, and a cohort counts from
    the first period that is not before it.
    """
    if pd.api.types.is_numeric_dtype(times):
        clock = times.to_numpy(dtype="float64")
        values = cohort.astype("float64").to_numpy(copy=True)
        values[np.isnan(values) | (values == 0) | (values > clock[-1])] = np.inf
        return clock, values
    clock = np.arange(len(times), dtype="float64")
    never = cohort.isna()
    values = np.full(len(cohort), np.inf)
    values[~never] = times.searchsorted(pd.Index(cohort[~never]))
    values[values >= len(times)] = np.inf
    return clock, values


def _weights(table: pd.DataFrame, name: str | None, unit: str, n: int) -> np.ndarray:
    if name is None:
        return np.ones(n)
    values = _constant(table, name, unit).to_numpy(dtype="float64")
    if (values <= 0).any():
        raise NotTestable(f"{name}: weights must be positive.")
    return values / values.mean()

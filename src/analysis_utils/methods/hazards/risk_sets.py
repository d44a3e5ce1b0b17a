"""A table of intervals as the arrays that the likelihood needs, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from analysis_utils.asking import NotTestable, Refused

from .collapse import need_columns

__all__: list[str] = []  # the door is fit.py


@dataclass(frozen=True)
class Columns:
    """Names of the columns that say what a row is."""

    covariates: tuple[str, ...]
    unit: str
    entry: str
    exit: str
    event: str
    strata: tuple[str, ...]
    effects: tuple[str, ...]
    offset: str | None
    cluster: str | None


@dataclass(frozen=True)
class RiskSets:
    """Intervals i at risk in cells (stratum, period) `first` <= c < `end`, no event.

    A cell is a place in an array (strata, periods + 1); the last column takes the ends.
    An interval with an event has it in cell `end`. `X` is centred and scaled.
    """

    table: pd.DataFrame
    names: list[str]
    X: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    first: np.ndarray
    end: np.ndarray
    event: np.ndarray
    stratum: np.ndarray
    strata: pd.Index
    periods: pd.Index
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Strata, periods + 1."""
        return len(self.strata), len(self.periods) + 1

    @property
    def counted(self) -> np.ndarray:
        """Unit-periods in each interval, the one of the event among them."""
        return self.end - self.first + self.event

    def span_matrix(self, weights: np.ndarray | None = None) -> sparse.csr_array:
        """(cells, intervals): +1 where an interval begins, -1 where it ends.

        Its product with values of the intervals, summed along periods, is the sum over
        those at risk without event.
        """
        n = len(self.first)
        ones = np.ones(n) if weights is None else weights
        rows = np.concatenate([self.first, self.end])
        columns = np.tile(np.arange(n), 2)
        cells = self.shape[0] * self.shape[1]
        values = np.concatenate([ones, -ones])
        return sparse.csr_array((values, (rows, columns)), shape=(cells, n))


def build(table: pd.DataFrame, columns: Columns) -> RiskSets:
    """Check the table and turn it into arrays."""
    if not columns.covariates:
        raise Refused("covariates: one column at least is needed.")
    named = [columns.unit, columns.entry, columns.exit, columns.event]
    extra = [name for name in (columns.offset, columns.cluster) if name]
    need_columns(
        table, [*named, *columns.covariates, *columns.strata, *columns.effects, *extra]
    )
    table, notes = _informative(table.reset_index(drop=True), columns)
    entry, last = (_whole(table[name], name) for name in named[1:3])
    event = _zero_one(table[columns.event], columns.event)
    _check_intervals(table[columns.unit], entry, last, event)
    periods = pd.RangeIndex(entry.min(), last.max() + 1, name="period")
    stratum, strata = codes_of(table, columns.strata)
    begin = stratum * (len(periods) + 1)
    matrix, names = _design(table, columns)
    weights = last - entry + 1
    centre = np.average(matrix, axis=0, weights=weights) if names else np.zeros(0)
    scale = np.sqrt(np.average((matrix - centre) ** 2, axis=0, weights=weights))
    for name, spread, middle in zip(names, scale, centre, strict=True):
        if spread <= 1e-10 * max(1.0, abs(middle)):
            raise NotTestable(f"{name} is the same in all rows ({middle:g}).")
    return RiskSets(
        table,
        names,
        (matrix - centre) / scale,
        centre,
        scale,
        np.zeros(len(table))
        if columns.offset is None
        else _finite(table[columns.offset], columns.offset),
        begin + (entry - entry.min()),
        begin + (last - entry.min()) + ~event,
        event,
        stratum,
        strata,
        periods,
        notes,
    )


def _informative(table: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, tuple]:
    """Leave out levels of additive effects without an event: their hazard is 0."""
    notes = []
    for effect in columns.effects:
        events = table.groupby(effect, observed=True)[columns.event].transform("sum")
        empty = sorted(map(str, table.loc[events == 0, effect].unique()))
        if empty:
            notes.append(
                f"No event in {len(empty)} level(s) of {effect} ({', '.join(empty)}): "
                "their effect is minus infinity and they say nothing on the rest."
            )
            table = table[events > 0].reset_index(drop=True)
    if table.empty or table[columns.event].sum() == 0:
        raise NotTestable("No event in the table: no hazard can be estimated.")
    return table, tuple(notes)


def _design(table: pd.DataFrame, columns: Columns) -> tuple[np.ndarray, list[str]]:
    """Covariates, and indicators of every level but the first of additive effects."""
    parts = [_finite(table[name], name) for name in columns.covariates]
    names = list(columns.covariates)
    for effect in columns.effects:
        codes, levels = codes_of(table, (effect,))
        for code in range(1, len(levels)):
            parts.append((codes == code).astype(float))
            names.append(f"{effect}[{levels[code]}]")
    matrix = np.column_stack(parts) if parts else np.zeros((len(table), 0))
    return matrix, names


def codes_of(table: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, pd.Index]:
    """Whole numbers for the combinations of values that occur, in sorted order."""
    if not names:
        return np.zeros(len(table), dtype=int), pd.Index(["all"], name="stratum")
    keys = table[list(names)]
    if keys.isna().any(axis=None):
        raise Refused(f"{', '.join(names)}: missing values; name the group they are.")
    if len(names) == 1:
        codes, levels = pd.factorize(keys.iloc[:, 0], sort=True)
        return codes, pd.Index(levels, name=names[0])
    codes = keys.groupby(list(names), observed=True).ngroup().to_numpy()
    levels = keys.drop_duplicates().sort_values(list(names))  # in the order of ngroup
    return codes, pd.MultiIndex.from_frame(levels)


def _finite(values: pd.Series, name: str) -> np.ndarray:
    if not (
        pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)
    ):
        raise Refused(f"{name}: numbers are needed, not values of {values.dtype}.")
    array = values.to_numpy(dtype="float64", na_value=np.nan)
    if not np.isfinite(array).all():
        raise NotTestable(
            f"{name}: {int((~np.isfinite(array)).sum())} missing or infinite value(s). "
            "Leave those rows out, or fill them by a stated rule."
        )
    return array


def _whole(values: pd.Series, name: str) -> np.ndarray:
    array = _finite(values, name)
    if (array != np.round(array)).any():
        raise Refused(f"{name}: periods are whole numbers, counted from any start.")
    return array.astype(int)


def _zero_one(values: pd.Series, name: str) -> np.ndarray:
    array = _finite(values, name)
    if not np.isin(array, (0, 1)).all():
        raise Refused(f"{name}: 0 (no event) or 1 (an event in the last period).")
    return array == 1


def _check_intervals(unit: pd.Series, entry, last, event) -> None:
    """Refuse reversed or overlapping intervals, and time at risk after the event."""
    if (last < entry).any():
        name = unit.iloc[int(np.argmax(last < entry))]
        raise Refused(f"Unit {name}: an interval ends before it begins.")
    if unit.isna().any():
        raise Refused(f"{unit.name}: every row needs its unit; some have none.")
    frame = pd.DataFrame({"unit": pd.factorize(unit)[0], "a": entry, "b": last})
    order = frame.sort_values(["unit", "a"], kind="stable").index.to_numpy()
    code, a, b = (frame[name].to_numpy()[order] for name in ("unit", "a", "b"))
    same = code[1:] == code[:-1]
    overlap = same & (a[1:] <= b[:-1])
    if overlap.any():
        name = unit.iloc[order[int(np.argmax(overlap)) + 1]]
        raise Refused(
            f"Unit {name} is in two rows at the same time. Give each kind of "
            "event its own unit name, or each spell its own."
        )
    late = same & event[order][:-1]
    if late.any():
        name = unit.iloc[order[int(np.argmax(late))]]
        raise Refused(
            f"Unit {name} is at risk after its event: give repeated "
            "events a unit name each, or end the unit there."
        )

"""A long table as a balanced panel: units in rows, periods in columns, or a refusal."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from ..arguments import columns, frame
from ..long_table import calendar_places, check_ids, check_numbers

__all__: list[str] = []  # all of it serves `group_time_effects`


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
        return replace(
            self,
            outcome=self.outcome[units],
            cohort=self.cohort[units],
            covariates=self.covariates[units],
            weights=self.weights[units],
            clusters=np.unique(self.clusters[units], return_inverse=True)[1],
            notes=(*self.notes, note),
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
    wanted = [outcome, unit, time, cohort, *covariates, *extra]
    columns(frame(data, "data"), wanted)
    check_ids(data, unit, time)
    calendar_places(data[time], time)  # refuses text before anything is sorted by it
    for name in [outcome, *covariates, *([weights] if weights else [])]:
        check_numbers(data[name], str(name), data[unit])
    if cluster is not None and data[cluster].isna().any():
        raise NotTestable(f"{cluster} is missing in some rows.")
    try:
        table = data[list(dict.fromkeys(wanted))].sort_values([unit, time])
    except TypeError:
        raise Refused(f"{unit} mixes text and numbers: give it one type.") from None
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

    Numbers stay as they are. Dates and periods are places on their calendar, and a
    cohort's day belongs to the period that it lies in.
    """
    places = calendar_places(times)
    wide = np.diff(places) > 1
    if wide.any():
        raise NotTestable(
            f"No unit has the period after {times[int(np.argmax(wide))]}: a stretch "
            "that is absent for all cannot be closed up. Study the parts by themselves."
        )
    if pd.api.types.is_numeric_dtype(times):
        clock = times.to_numpy(dtype="float64")
        values = _numeric(cohort)
        # 0 means never, unless 0 is a period of this panel (time centred at the law)
        zero_is_never = not clock[0] <= 0 <= clock[-1]
        never = np.isnan(values) | ((values == 0) & zero_is_never)
        values[never | (values > clock[-1])] = np.inf
        return clock, values
    clock = np.arange(len(times), dtype="float64")
    never = cohort.isna()
    values = np.full(len(cohort), np.inf)
    values[~never] = _period_of(times, cohort[~never])
    values[values >= len(times)] = np.inf
    return clock, values


def _numeric(cohort: pd.Series) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(cohort) and not cohort.isna().all():
        raise Refused(
            f"Periods are numbers and cohorts are {cohort.dtype}: give both in the "
            "same units."
        )
    return cohort.astype("float64").to_numpy(copy=True)


def _period_of(times: pd.Index, cohort: pd.Series) -> np.ndarray:
    """Place of the period in which each cohort's day lies; -1 before the first."""
    if isinstance(times, pd.PeriodIndex):
        if isinstance(cohort.dtype, pd.PeriodDtype):
            days = cohort.dt.start_time
        else:
            days = _days(cohort)
        inside = pd.PeriodIndex(days, freq=times.freqstr)
        return np.clip(inside.asi8 - times.asi8[0], -1, len(times))
    days = pd.DatetimeIndex(_days(cohort))
    step = times[-1] - times[-2] if len(times) > 1 else pd.Timedelta(0)
    if times.is_month_end.all():  # labels end their period
        places = times.searchsorted(days.normalize(), side="left")
    else:
        places = times.searchsorted(days, side="right") - 1
    return np.where(days >= times[-1] + step, len(times), places)


def _days(cohort: pd.Series) -> pd.Series:
    if isinstance(cohort.dtype, pd.PeriodDtype):
        return cohort.dt.start_time
    try:
        if pd.api.types.is_datetime64_any_dtype(cohort):
            return cohort
        if cohort.map(lambda day: hasattr(day, "year")).all():
            return pd.to_datetime(cohort.map(lambda d: pd.Timestamp(d)))
    except (TypeError, ValueError):
        pass
    raise Refused(
        f"Periods are dates and cohorts are {cohort.dtype}: give both as dates."
    )


def _weights(table: pd.DataFrame, name: str | None, unit: str, n: int) -> np.ndarray:
    if name is None:
        return np.ones(n)
    values = _constant(table, name, unit).to_numpy(dtype="float64")
    if (values <= 0).any():
        raise NotTestable(f"{name}: weights must be positive.")
    return values / values.mean()

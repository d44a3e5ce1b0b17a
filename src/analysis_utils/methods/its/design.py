"""From the words of a model to its columns, with and without the interventions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline
from scipy.linalg import qr

from analysis_utils.asking import NotTestable

from . import seasonality
from .calendar import as_periods, last_moment, listed, moment
from .intervention import Intervention
from .least_squares import Layout
from .seasonality import Seasonality

__all__ = ["Design"]


@dataclass(frozen=True)
class Specification:
    """The words of a model, checked; the arguments are those of the model."""

    y: pd.Series
    name: str
    interventions: list[Intervention]
    family: str
    estimator: Any
    trend: str | None
    trend_df: int
    seasonality: list[Seasonality]
    offset: pd.Series | pd.DataFrame | None
    covariates: pd.DataFrame | None
    control: pd.DataFrame | None
    exclude: list[tuple[object, object]]

    @property
    def log_link(self) -> bool:
        """Whether the model is of the logarithm of the mean (counts)."""
        return self.family != "gaussian"


TREATED = "treated"


@dataclass(frozen=True)
class Design:
    """The rows and columns of a model.

    `table` has the outcome "y" and every column for all periods (of all units),
    indexed by (unit, date); `used` says which rows are fitted; `owners` maps each
    intervention's name to its columns.
    """

    table: pd.DataFrame
    names: list[str]
    owners: dict[str, list[str]]
    used: np.ndarray
    periods: pd.PeriodIndex
    spans: dict[str, tuple[int, int]]
    notes: tuple[str, ...]

    @cached_property
    def y(self) -> np.ndarray:
        """The fitted outcomes."""
        return self.table["y"].to_numpy(float)[self.used]

    @cached_property
    def X(self) -> np.ndarray:
        """The fitted rows of the design."""
        return self.table[self.names].to_numpy(float)[self.used]

    @property
    def offset(self) -> np.ndarray:
        """The fitted rows of the offset, zero if there is none."""
        return self.table["offset"].to_numpy(float)[self.used]

    @cached_property
    def layout(self) -> Layout:
        """Period and unit of each fitted row."""
        n = len(self.periods)
        rows = np.flatnonzero(self.used)
        starts = [start for start, _ in self.spans.values()]
        return Layout(rows % n, rows // n, min(starts, default=None))

    @property
    def treated(self) -> pd.DataFrame:
        """The rows of the series of interest, one a period."""
        return self.table.iloc[: len(self.periods)]

    def without(self, interventions: list[str]) -> pd.DataFrame:
        """Return the treated rows as if these interventions had not happened."""
        rows = self.treated[self.names].copy()
        for name in interventions:
            rows[self.owners[name]] = 0.0
        return rows


def build(model: Specification) -> Design:
    """Return the design of a model, or refuse what cannot be estimated."""
    periods = as_periods(model.y.index)
    _check_names(model.interventions)
    pieces = [part.columns(periods) for part in model.interventions]
    table = _table(model, periods, pieces)
    names = [name for name in table if name not in ("y", "offset")]
    kept = ~_left_out(periods, model.interventions, model.exclude)
    design = Design(
        table=table,
        names=names,
        owners=_owners(model.interventions, pieces, model.control is not None),
        used=np.tile(kept, len(table) // len(periods)),
        periods=periods,
        spans={part.name: part.span(periods) for part in model.interventions},
        notes=(),
    )
    return _checked(design, model.interventions, kept)


def _table(model: Specification, periods, pieces) -> pd.DataFrame:
    """Outcome, columns and offset of all units, the treated one first."""
    shared = pd.concat([_trend(model, periods), *pieces], axis=1)
    seasons = seasonality.columns(model.seasonality, periods)
    common = [part for part in (seasons, model.covariates) if part is not None]
    controls = {} if model.control is None else dict(model.control.items())
    units = {"treated": model.y} | controls
    blocks = {}
    for number, (name, unit) in enumerate(units.items()):
        block = _block(shared, common, bool(controls), treated=number == 0)
        block.insert(0, "y", unit.to_numpy(float))
        blocks[name] = block
    table = pd.concat(blocks, names=["unit", "date"])
    _check_columns(table.columns)
    table["offset"] = _offset(model.offset, list(units.values()), len(periods))
    return table


def _trend(model: Specification, periods) -> pd.DataFrame:
    """Intercept and smooth change, time 0 at the first period.

    State-space errors absorb the intercept, and the linear trend, where they wander.
    """
    absorbed = getattr(model.estimator, "absorbed", 0)
    time, trend = np.arange(len(periods), dtype=float), model.trend
    columns = {} if absorbed > 0 else {"Intercept": np.ones(len(time))}
    if trend not in (None, "linear", "quadratic", "spline"):
        raise NotTestable(f"trend is None, linear, quadratic or spline, not {trend!r}.")
    if trend == "spline":
        columns |= _spline(time, model.trend_df)
    elif trend and absorbed < 2:
        columns["time"] = time
    if trend == "quadratic":
        columns["time_squared"] = time**2
    return pd.DataFrame(columns, index=periods)


def _spline(time: np.ndarray, df: int) -> dict[str, np.ndarray]:
    """Natural cubic spline on df + 1 evenly spaced knots, the constant left out."""
    if df < 2:
        raise NotTestable(f"A spline has at least 2 degrees of freedom: trend_df={df}.")
    knots = np.linspace(time[0], time[-1], df + 1)
    basis = CubicSpline(knots, np.eye(df + 1), bc_type="natural")(time)
    return {f"time_spline{k}": basis[:, k] for k in range(1, df + 1)}


def _block(shared, common, controlled: bool, treated: bool) -> pd.DataFrame:
    """Columns of one unit; with controls every shared column has a treated twin."""
    if not controlled:
        return pd.concat([shared, *common], axis=1)
    twin = (shared * float(treated)).rename(columns=_twin)
    return pd.concat([shared, twin, *common], axis=1)


def _twin(name: str) -> str:
    return TREATED if name == "Intercept" else f"{TREATED}_{name}"


def _owners(interventions, pieces, controlled: bool) -> dict[str, list[str]]:
    rename = _twin if controlled else str
    return {
        part.name: [rename(column) for column in piece]
        for part, piece in zip(interventions, pieces, strict=True)
    }


def _check_columns(columns: pd.Index) -> None:
    """Refuse a covariate that has the name of another column."""
    twice = columns[columns.duplicated()].union(columns.intersection(["offset"]))
    if len(twice):
        raise NotTestable(
            f"Column names occur twice: {listed(twice)}. Rename a covariate."
        )


def _check_names(interventions: list[Intervention]) -> None:
    slugs = pd.Index([part.slug for part in interventions])
    if slugs.has_duplicates:
        twice = listed(slugs[slugs.duplicated()])
        raise NotTestable(f"Interventions need different names: {twice} occurs twice.")


def align(data: pd.Series | pd.DataFrame, y: pd.Series, what: str):
    """Return `data` in the periods of `y`, refused if one of them is missing."""
    periods = as_periods(y.index)
    own = as_periods(data.index)
    if own.freqstr != periods.freqstr:
        raise NotTestable(
            f"{what} has periods {own.freqstr}, the outcome {periods.freqstr}."
        )
    if own.has_duplicates:
        raise NotTestable(
            f"{what} has duplicate dates: {listed(own[own.duplicated()])}."
        )
    missing = periods.difference(own)
    if len(missing):
        raise NotTestable(f"{what} has no value at {listed(missing)}.")
    return data.set_axis(own).reindex(periods)


def _offset(offset, units: list[pd.Series], n: int) -> np.ndarray:
    """Return one offset a row: a series for all units, or a table by their names."""
    if offset is None:
        return np.zeros(n * len(units))
    _check_logged(offset.to_numpy(float))
    if isinstance(offset, pd.Series):
        return np.tile(offset.to_numpy(float), len(units))
    names = [unit.name for unit in units]
    missing = [str(name) for name in names if name not in offset]
    if missing:
        raise NotTestable(f"The offset has no column {', '.join(missing)}.")
    return offset[names].to_numpy(float).T.ravel()


# exp(27) = 5e11 is above the hours that all people in the United States live in a
# month: no exposure is larger, and days in a month (28 to 31) are not logarithms.
_LARGEST_LOG = 27.0


def _check_logged(offset: np.ndarray) -> None:
    """Refuse an exposure where its logarithm is meant."""
    known = offset[np.isfinite(offset)]
    counted = len(np.unique(known)) > 1 and (known == np.round(known)).all()
    if known.size and (known.max() > _LARGEST_LOG or counted):
        raise NotTestable(
            f"The offset is the logarithm of the exposure; {known.max():g} would be "
            f"that of exp({known.max():g}). Pass np.log(exposure)."
        )


def _left_out(periods, interventions, exclude) -> np.ndarray:
    out = np.zeros(len(periods), dtype=bool)
    for first, last in exclude:
        inside = (periods.end_time >= moment(first)) & (
            periods.start_time <= last_moment(last)
        )
        if not inside.any():
            raise NotTestable(f"The exclusion {first} to {last} lies outside the data.")
        out |= inside
    for part in interventions:
        out |= part.excluded(periods)
    return out


def _checked(design: Design, interventions, kept: np.ndarray) -> Design:
    """Return the design with its notes, or refuse it."""
    _check_values(design)
    notes = []
    for part in interventions:
        notes += _check_intervention(design, part, kept)
    n, k = design.X.shape
    if n <= k:
        raise NotTestable(f"Too few points: {n} rows for {k} coefficients.")
    if k:
        check_rank(design.X, design.names)
    return replace(design, notes=tuple(notes))


def _check_values(design: Design) -> None:
    rows = design.table.loc[design.used]
    for column in ["y", *design.names, "offset"]:
        values = rows[column].to_numpy(float)
        bad = ~np.isfinite(values)
        if bad.any():
            what = "missing" if np.isnan(values[bad]).any() else "infinite"
            where = listed(rows.index[bad].get_level_values("date"))
            raise NotTestable(
                f"{'The outcome' if column == 'y' else column} is {what} at {where}. "
                "Repair it, or name these periods in exclude=."
            )
    y = design.treated["y"][design.used[: len(design.periods)]]
    if y.nunique() < 2:
        raise NotTestable("The outcome is constant: there is nothing to explain.")


def _check_intervention(design: Design, part: Intervention, kept) -> list[str]:
    """Count the fitted periods on each side of the first effect."""
    first, last = design.spans[part.name]
    before, after = int(kept[:first].sum()), int(kept[first:last].sum())
    if before < 2:
        raise NotTestable(f"{part.name} has {before} period before it: two are needed.")
    if after < 1:
        raise NotTestable(f"{part.name} has no fitted period after it.")
    if part.slope:
        column = f"{part.slug}_slope"
        ramp = design.treated[column].to_numpy()[first:last][kept[first:last]]
        if len(np.unique(ramp)) < 2:
            raise NotTestable(
                f"{part.name}: a slope needs two periods after the event at least, "
                f"it has {after}. Use slope=False."
            )
    if min(before, after) < 8 and not part.pulse:
        return [
            f"{part.name} has {before} periods before and {after} after it: with fewer "
            "than 8 on a side prefer OLS or a permutation test."
        ]
    return []


def check_rank(X: np.ndarray, names: list[str]) -> None:
    """Refuse columns that are combinations of others, naming both."""
    length = np.sqrt((X**2).sum(axis=0))
    if (length == 0).any():
        zero = [name for name, size in zip(names, length, strict=True) if size == 0]
        raise NotTestable(f"{', '.join(zero)} is zero in every fitted period: drop it.")
    _, r, order = qr(X / length, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(r))
    rank = int((diagonal > 1e-9 * diagonal[0]).sum())
    if rank == len(names):
        return
    loose, held = order[rank], order[:rank]
    weights = np.linalg.lstsq(X[:, held] / length[held], X[:, loose], rcond=None)[0]
    partners = [names[held[i]] for i in np.flatnonzero(np.abs(weights) > 1e-6)]
    raise NotTestable(
        f"Collinear: {names[loose]} is determined by {', '.join(partners)} in the "
        "fitted periods, so their effects cannot be told apart. Leave one out."
    )

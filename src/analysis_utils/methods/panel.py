"""Associations in panels, with effects of units and of time: pyfixest's regressions.

y[i,t] = unit[i] + time[t] + b'x[i,t] + e[i,t]. What all units share at a time, and what
is lasting in a unit, cannot make y and x move together.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.iolib.summary2 import Summary

from analysis_utils.asking import NotTestable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EFFECTS = {"two-way": "unit + time", "unit": "unit", "time": "time"}
ERRORS = {
    "cluster": "clustered by unit (or by the column `cluster`)",
    "two-way cluster": "clustered by unit and by time",
    "driscoll-kraay": "any correlation between units, Bartlett lags in time",
    "newey-west": "Bartlett lags within units",
    "heteroscedastic": "HC1",
    "independent": "classical",
}


@dataclass(frozen=True)
class PanelResult:
    """A regression with fixed effects; `params`, `bse`, `conf_int()` as statsmodels.

    `r_within`: partial correlation of y with the first regressor, given effects and
    the other regressors. `r_naive`: their correlation in the pooled data, as if all
    rows were independent. `within`: the two, demeaned, as the figure draws them.
    """

    params: pd.Series
    cov: pd.DataFrame
    df_resid: float
    nobs: int
    outcome: str
    effects: str
    errors: str
    r_naive: float
    within: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the named kind."""
        return pd.Series(np.sqrt(np.diag(self.cov)), self.params.index, name="std err")

    @property
    def tvalues(self) -> pd.Series:
        """Estimates divided by their standard errors."""
        return (self.params / self.bse).rename("t")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided, by Student's t (clusters - 1 degrees of freedom if clustered)."""
        return pd.Series(
            2 * stats.t.sf(self.tvalues.abs(), self.df_resid),
            self.params.index,
            name="p",
        )

    @property
    def r_within(self) -> float:
        """Correlation of what the effects and the other regressors leave."""
        return float(self.within.corr().iloc[0, 1])

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals by Student's t."""
        width = stats.t.isf(alpha / 2, self.df_resid) * self.bse
        return pd.DataFrame(
            {"lower": self.params - width, "upper": self.params + width}
        )

    def summary(self) -> Summary:
        """Coefficients, kind of errors, within and naive correlation."""
        summary = Summary()
        summary.add_title(f"Panel regression of {self.outcome}, {self.effects} effects")
        summary.add_dict(
            {
                "Errors": self.errors,
                "Observations": str(self.nobs),
                "r within": f"{self.r_within:.4f}",
                "naive r (pooled)": f"{self.r_naive:.4f}",
            }
        )
        table = pd.concat(
            [self.params, self.bse, self.tvalues, self.pvalues, self.conf_int()], axis=1
        )
        summary.add_df(table, float_format="%.4f")
        for note in self.notes:
            summary.add_text(note)
        return summary

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Added-variable plot: what the effects leave of y, over that of x."""
        from matplotlib import pyplot as plt

        ax = plt.gca() if ax is None else ax
        x, y = self.within.columns
        ax.plot(self.within[x], self.within[y], ".", ms=3, color="0.6")
        ends = np.array([self.within[x].min(), self.within[x].max()])
        ax.plot(ends, self.params.iloc[0] * ends, lw=1.5)
        ax.set(xlabel=f"{x}, within", ylabel=f"{y}, within")
        return ax


def panel_association(
    data: pd.DataFrame,
    outcome: str,
    regressors: str | Sequence[str],
    *,
    unit: str,
    time: str,
    effects: str = "two-way",
    errors: str = "driscoll-kraay",
    maxlags: int | None = None,
    difference: bool = False,
    weights: str | None = None,
    cluster: str | None = None,
) -> PanelResult:
    """Regress an outcome on regressors with fixed effects of units and time.

    data: one row for each unit and period, gaps and unequal lengths allowed except for
    errors with lags. effects: one of `EFFECTS`. errors: one of `ERRORS`; the default
    allows for shocks common to the units and for autocorrelation, and needs some 20
    periods or more; with few periods and many units use "cluster". maxlags: of errors
    with lags, floor(4 (T/100)^(2/9)) if None. difference: first differences within
    units, for series with trends or unit roots of their own. weights: precision of the
    rows. Small-sample corrections are pyfixest's defaults (those of R's fixest).

    Raises NotTestable for missing values, duplicates, regressors without variation.
    """
    names = [regressors] if isinstance(regressors, str) else list(regressors)
    _check_choices(effects, errors)
    table = _table(data, outcome, names, unit, time, weights, cluster)
    if difference:
        table = _differences(table, ["y", *_codes(names)])
    lags = _lags(table, errors, maxlags)
    fits = _Regression(
        effects,
        errors,
        lags,
        "cluster" if cluster else "unit",
        "weight" if weights else None,
    )
    main = fits.of("y", _codes(names), table)
    if len(main.coef()) < len(names):
        raise NotTestable(
            "A regressor does not vary beyond the effects, or is a "
            "combination of the others: leave it out."
        )
    rest = _codes(names)[1:]
    within = pd.DataFrame(
        {
            name: fits.of(code, rest, table).resid()
            for name, code in ((names[0], "x0"), (outcome, "y"))
        }
    )
    return PanelResult(
        params=pd.Series(main.coef().to_numpy(), names, name="coef"),
        cov=pd.DataFrame(main._vcov, names, names),
        df_resid=float(main._df_t),
        nobs=int(main._N),
        outcome=outcome,
        effects=effects,
        errors=ERRORS[errors],
        r_naive=float(table["y"].corr(table["x0"])),
        within=within,
        notes=_notes(table, len(table) - int(main._N), errors),
    )


@dataclass(frozen=True)
class _Regression:
    """pyfixest with the effects and errors chosen once."""

    effects: str
    errors: str
    lags: int
    cluster: str
    weights: str | None

    def of(self, outcome: str, regressors: Sequence[str], table: pd.DataFrame) -> Any:
        """Regress one column of the table on others."""
        import pyfixest

        right = " + ".join(regressors) if regressors else "1"
        vcov, options = self._vcov()
        formula = f"{outcome} ~ {right} | {EFFECTS[self.effects]}"
        with warnings.catch_warnings():  # what it leaves out, the caller refuses
            warnings.simplefilter("ignore")
            return pyfixest.feols(
                formula, table, vcov=vcov, vcov_kwargs=options, weights=self.weights
            )

    def _vcov(self) -> tuple[Any, dict | None]:
        lags = {"lag": self.lags, "time_id": "time", "panel_id": "unit"}
        return {
            "cluster": ({"CRV1": self.cluster}, None),
            "two-way cluster": ({"CRV1": "unit + time"}, None),
            "driscoll-kraay": ("DK", lags),
            "newey-west": ("NW", lags),
            "heteroscedastic": ("HC1", None),
            "independent": ("iid", None),
        }[self.errors]


def _codes(names: list[str]) -> list[str]:
    return [f"x{i}" for i in range(len(names))]


def _table(
    data: pd.DataFrame,
    outcome: str,
    names: list[str],
    unit: str,
    time: str,
    weights: str | None,
    cluster: str | None,
) -> pd.DataFrame:
    """Check the columns; give them short names and whole numbers as ids.

    pyfixest needs integers for the ids of Newey-West and Driscoll-Kraay errors.
    """
    wanted = dict(zip(["y", *_codes(names)], [outcome, *names], strict=True))
    wanted |= {
        key: name
        for key, name in (("weight", weights), ("cluster", cluster))
        if name is not None
    }
    absent = [name for name in (*wanted.values(), unit, time) if name not in data]
    if absent:
        raise NotTestable(f"No column {', '.join(map(repr, absent))} in the data.")
    ids = data[[unit, time]]
    if ids.isna().any(axis=None):
        raise NotTestable(f"{unit} or {time} is missing in some rows.")
    twice = ids.duplicated()
    if twice.any():
        name, period = data.loc[twice, unit].iloc[0], data.loc[twice, time].iloc[0]
        raise NotTestable(f"Unit {name} has more than one row for {period}.")
    table = pd.DataFrame({key: data[name] for key, name in wanted.items()})
    for key, name in wanted.items():
        if key != "cluster":
            _check_column(table[key], name)
            table[key] = table[key].astype("float64")
    table["unit"] = pd.factorize(data[unit], sort=True)[0]
    table["time"] = pd.factorize(data[time], sort=True)[0]
    if "cluster" in table:
        table["cluster"] = pd.factorize(table["cluster"], sort=True)[0]
    return table.sort_values(["unit", "time"]).reset_index(drop=True)


def _check_column(column: pd.Series, name: str) -> None:
    if not pd.api.types.is_numeric_dtype(column):
        raise NotTestable(f"{name}: numbers are needed, not values of {column.dtype}.")
    bad = ~np.isfinite(column.astype("float64"))
    if bad.any():
        raise NotTestable(
            f"{name}: {int(bad.sum())} missing or infinite value(s), first "
            f"in row {bad.idxmax()}."
        )
    if np.ptp(column.astype("float64")) == 0:
        raise NotTestable(f"{name}: all values are the same.")


def _differences(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """First differences within units, of rows whose period follows the one before."""
    grouped = table.groupby("unit")
    follows = grouped["time"].diff() == 1
    return table.assign(**{name: grouped[name].diff() for name in columns})[
        follows
    ].reset_index(drop=True)


def _lags(table: pd.DataFrame, errors: str, maxlags: int | None) -> int:
    """Return the lags, and refuse gaps where lags need neighbours in time."""
    if errors not in ("driscoll-kraay", "newey-west"):
        return 0
    gaps = table.groupby("unit")["time"].diff().dropna() != 1
    if gaps.any():
        raise NotTestable(
            f"errors={errors!r} needs units without gaps in time; "
            f"{int(gaps.sum())} periods are missing. Use 'cluster'."
        )
    periods = table["time"].nunique()
    return int(4 * (periods / 100) ** (2 / 9)) if maxlags is None else maxlags


def _notes(table: pd.DataFrame, dropped: int, errors: str) -> tuple[str, ...]:
    """What the reader should know about these data and these errors."""
    notes = ["Naive r: pooled rows, as if they were independent."]
    periods, units = table["time"].nunique(), table["unit"].nunique()
    if dropped:
        notes.append(f"{dropped} rows are alone in their unit or period and left out.")
    if errors == "driscoll-kraay" and periods < 20:
        notes.append(
            f"Driscoll-Kraay errors rest on {periods} periods: too few, the "
            "intervals are too narrow."
        )
    if errors == "cluster" and units < 30:
        notes.append(
            f"{units} units are few clusters: the intervals may be too narrow."
        )
    return tuple(notes)


def _check_choices(effects: str, errors: str) -> None:
    for value, allowed, what in (
        (effects, EFFECTS, "effects"),
        (errors, ERRORS, "errors"),
    ):
        if value not in allowed:
            raise ValueError(
                f"{what} {value!r} is not known; choose one of "
                f"{', '.join(map(repr, allowed))}."
            )

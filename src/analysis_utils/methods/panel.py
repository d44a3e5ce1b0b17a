"""Associations in panels, with effects of units and of time: pyfixest's regressions.

y[i,t] = unit[i] + time[t] + b'x[i,t] + e[i,t]. What all units share at a time, and what
is lasting in a unit, cannot make y and x move together. For counts the same in the
logarithm of their mean (Poisson).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import optimize, stats
from statsmodels.iolib.summary2 import Summary

from analysis_utils.asking import NotTestable, Refused

from .arguments import columns, flag, frame, one_of, share, whole
from .few_clusters import bias_reduced, effective_clusters
from .long_table import calendar_places, check_ids, check_numbers, codes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["panel_association", "within"]

EFFECTS = {"two-way": ["unit", "time"], "unit": ["unit"], "time": ["time"]}
ERRORS = {
    "cluster": "clustered by unit or `cluster`: CR2, Satterthwaite's df",
    "CRV1": "clustered by unit or `cluster`, the usual sandwich",
    "CRV3": "clustered by unit or `cluster`, jackknife",
    "two-way cluster": "clustered by unit and by time",
    "driscoll-kraay": "any correlation between units, Bartlett lags in time, fixed-b",
    "newey-west": "Bartlett lags within units, fixed-b",
    "heteroscedastic": "HC1",
    "independent": "classical",
}
FAMILIES = ("gaussian", "poisson")
LAGGED = ("driscoll-kraay", "newey-west")
CLUSTERED = ("cluster", "CRV1", "CRV3", "two-way cluster")
# Coverage of 95 % intervals of a law in k of 50 states, AR(.6), 40 periods (measured,
# docs/calibration_panels.csv): CR2 .95 or more from k = 2 on, CRV1 .94 from 8 on.
FEWEST = {"cluster": 1.9, "CRV1": 10.0, "CRV3": 10.0, "two-way cluster": 10.0}


@dataclass(frozen=True)
class PanelResult:
    """A regression with fixed effects; `params`, `bse`, `conf_int()` as statsmodels.

    `df_resid`: degrees of freedom by regressor. `effective_clusters`: how many equal
    clusters would carry as much of each regressor's variation. `refusals`: by
    regressor, why no interval is given ("" if one is). `r_within`: partial correlation
    of y with the first regressor, given effects and the other regressors. `r_naive`:
    their correlation in the pooled data, as if all rows were independent. `within`:
    the two, demeaned, as the figure draws them.
    """

    params: pd.Series
    cov: pd.DataFrame
    df_resid: pd.Series
    nobs: int
    outcome: str
    effects: str
    errors: str
    effective_clusters: pd.Series
    refusals: pd.Series
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
        """Two-sided, by Student's t; NaN where too few clusters carry the estimate."""
        p = 2 * stats.t.sf(self.tvalues.abs(), self.df_resid)
        return pd.Series(p, self.params.index, name="p").where(self.refusals == "")

    @property
    def r_within(self) -> float:
        """Correlation of what the effects and the other regressors leave."""
        return float(self.within.corr().iloc[0, 1])

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals by Student's t; NaN where too few clusters carry the estimate."""
        width = stats.t.isf(share(alpha, "alpha") / 2, self.df_resid) * self.bse
        width = width.where(self.refusals == "")
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
            [
                self.params,
                self.bse,
                self.df_resid.rename("df"),
                self.pvalues,
                self.conf_int(),
                self.effective_clusters.rename("eff. clusters"),
            ],
            axis=1,
        )
        summary.add_df(table, float_format="%.4f")
        for note in (*self.notes, *filter(None, self.refusals.unique())):
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
    names = _names(regressors)
    one_of(effects, EFFECTS, "effects")
    one_of(errors, ERRORS, "errors")
    one_of(family, FAMILIES, "family")
    if family == "poisson" and flag(difference, "difference"):
        raise Refused(
            "difference=True has no meaning for counts with family='poisson'."
        )
    table = _table(data, outcome, names, unit, time, weights, cluster)
    if flag(difference, "difference"):
        table = _differences(table, ["y", *_codes(names)])
    table, dropped = _estimable(table, effects, family)
    lags = _lags(table, errors, maxlags)
    centre, scale = _standard(table, names, family)
    regression = _Regression(effects, errors, lags, "cluster" if cluster else "unit")
    moved = table.assign(**(table[scale.index] - centre) / scale)
    fit = regression.of(_codes(names), moved, family)
    part = _Within.of(fit, moved, scale, effects, _codes(names), family)
    params = pd.Series(fit.coef().to_numpy() * part.units, names, name="coef")
    cov = np.outer(part.units, part.units) * np.atleast_2d(fit._vcov)
    df = np.full(len(names), _degrees(fit, errors, lags, table))
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
        refusals=_refusals(names, carried, df, np.diag(cov), errors),
        r_naive=float(table["y"].corr(table["x0"])),
        within=part.shown(names[0], outcome),
        notes=_notes(table, dropped, errors),
    )


@dataclass(frozen=True)
class _Regression:
    """pyfixest with the effects and errors chosen once."""

    effects: str
    errors: str
    lags: int
    cluster: str

    def of(self, regressors: Sequence[str], table: pd.DataFrame, family: str) -> Any:
        """Regress y on columns of the table; what pyfixest drops is refused."""
        import pyfixest

        formula = f"y ~ {' + '.join(regressors)} | {' + '.join(EFFECTS[self.effects])}"
        vcov, options = self._vcov()
        weights = "weight" if "weight" in table else None
        fit = pyfixest.feols if family == "gaussian" else pyfixest.fepois
        more = {} if family == "gaussian" else {"iwls_maxiter": 100}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = fit(
                    formula,
                    table,
                    vcov=vcov,
                    vcov_kwargs=options,
                    weights=weights,
                    **more,
                )
            except Exception as error:  # whatever the library says, in our words
                raise NotTestable(
                    f"The regression cannot be computed on these data ({error})."
                ) from error
        if len(found.coef()) < len(regressors) or int(found._N) != len(table):
            raise NotTestable(
                "A regressor does not vary beyond the effects, or is a "
                "combination of the others: leave it out."
            )
        return found

    def _vcov(self) -> tuple[Any, dict | None]:
        lags = {"lag": self.lags, "time_id": "time", "panel_id": "unit"}
        return {
            "cluster": ({"CRV1": self.cluster}, None),
            "CRV1": ({"CRV1": self.cluster}, None),
            "CRV3": ({"CRV3": self.cluster}, None),
            "two-way cluster": ({"CRV1": "unit + time"}, None),
            "driscoll-kraay": ("DK", lags),
            "newey-west": ("NW", lags),
            "heteroscedastic": ("HC1", None),
            "independent": ("iid", None),
        }[self.errors]


@dataclass(frozen=True)
class _Within:
    """The model's columns without the effects, scaled by the roots of the weights.

    x: (n, k). y: (n,). others: for each regressor what the rest of x and the effects
    leave of it, (n, k). residuals: (n,). units: (k,) from standardised to given units.
    """

    x: np.ndarray
    y: np.ndarray
    others: np.ndarray
    residuals: np.ndarray
    root: np.ndarray
    units: np.ndarray

    @classmethod
    def of(
        cls,
        fit: Any,
        moved: pd.DataFrame,
        scale: pd.Series,
        effects: str,
        names: list[str],
        family: str,
    ) -> "_Within":
        """From a fit of the standardised table; counts by their working response."""
        weights = moved["weight"].to_numpy() if "weight" in moved else None
        y = moved["y"].to_numpy()
        if family == "poisson":
            mean = np.clip(np.asarray(fit._Y_hat_response).ravel(), 1e-12, None)
            y = np.log(mean) + (y - mean) / mean
            weights = mean if weights is None else mean * weights
        groups = [moved[name].to_numpy() for name in EFFECTS[effects]]
        both = within(np.column_stack([y, moved[names]]), groups, weights)
        root = np.ones(len(y)) if weights is None else np.sqrt(weights)
        y, x = both[:, 0] * root, both[:, 1:] * root[:, None]
        units = (scale["y"] if family == "gaussian" else 1.0) / scale[names].to_numpy()
        left = np.column_stack(
            [_left(x[:, j], np.delete(x, j, 1)) for j in range(len(names))]
        )
        return cls(x, y, left, y - x @ fit.coef().to_numpy(), root, units)

    def effective(self, table: pd.DataFrame, errors: str, cluster: str) -> np.ndarray:
        """Effective clusters of each regressor, the fewer of the ways clustered."""
        ways = ["unit", "time"] if errors == "two-way cluster" else [cluster]
        if errors == "driscoll-kraay":
            ways = ["time"]
        found = [
            [effective_clusters(self.others[:, j], codes(table[way])) for way in ways]
            for j in range(self.x.shape[1])
        ]
        return np.min(found, axis=1)

    def reduced(
        self, groups: np.ndarray, table: pd.DataFrame, effects: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """CR2 errors and degrees of freedom of each regressor."""
        nuisance = self._nuisance(groups, table, effects)
        found = [
            bias_reduced(
                self.others[:, j],
                self.residuals,
                codes(pd.Series(groups)),
                np.column_stack([nuisance, np.delete(self.x, j, axis=1)]),
            )
            for j in range(self.x.shape[1])
        ]
        se, df = np.array(found).T
        return se, df

    def _nuisance(
        self, groups: np.ndarray, table: pd.DataFrame, effects: str
    ) -> np.ndarray:
        """Columns of the effects; those of units within clusters are demeaned away."""
        unit = codes(table["unit"])
        nested = (
            table.groupby("unit")["cluster"].nunique().max() == 1
            if ("cluster" in table)
            else True
        )
        parts = []
        if "time" in EFFECTS[effects]:
            dummies = np.eye(table["time"].nunique())[codes(table["time"])]
            if "unit" in EFFECTS[effects] and nested:
                dummies = within(dummies, [unit], self.root**2)
            parts.append(dummies)
        if "unit" in EFFECTS[effects] and not nested:
            parts.append(np.eye(unit.max() + 1)[unit])
        empty = np.empty((len(table), 0))
        return np.column_stack([empty, *parts]) * self.root[:, None]

    def shown(self, regressor: str, outcome: str) -> pd.DataFrame:
        """First regressor and outcome, given the rest: what the figure draws."""
        rest = self.x[:, 1:]
        pair = {regressor: self.others[:, 0] / self.root / self.units[0]}
        label = outcome if outcome != regressor else f"{outcome} (outcome)"
        pair[label] = _left(self.y, rest) / self.root
        return pd.DataFrame(pair)


def within(
    values: np.ndarray, groups: Sequence[np.ndarray], weights: np.ndarray | None = None
) -> np.ndarray:
    """Take out the (weighted) means of groupings, by turns until none is left.

    values: (n,) or (n, k). groups: codes (n,) of each grouping. Gaure 2013, Comput.
    Stat. Data Anal. 66:8: the method of alternating projections.

    >>> within(np.array([1.0, 2.0, 5.0, 6.0]), [np.array([0, 0, 1, 1])]).tolist()
    [-0.5, 0.5, -0.5, 0.5]
    """
    left = np.array(values, dtype="float64", ndmin=2, copy=True)
    left = left.T if np.ndim(values) == 1 else left
    w = np.ones(len(left)) if weights is None else np.asarray(weights, dtype="float64")
    if any(len(group) != len(left) for group in groups) or len(w) != len(left):
        raise Refused("values, groups and weights must have one entry for each row.")
    totals = [np.bincount(group, weights=w) for group in groups]
    limit = 1e-13 * max(float(np.abs(left).max(initial=0)), 1e-300)
    for _ in range(10_000):
        most = 0.0
        for group, total in zip(groups, totals, strict=True):
            for column in left.T:
                sums = np.bincount(group, weights=w * column)
                means = sums / np.where(total > 0, total, 1)
                column -= means[group]
                most = max(most, float(np.abs(means).max(initial=0)))
        if most <= limit or len(groups) == 1:
            break
    return left[:, 0] if np.ndim(values) == 1 else left


def _left(values: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Residuals of a column on others."""
    if not rest.shape[1]:
        return values
    return values - rest @ np.linalg.lstsq(rest, values, rcond=None)[0]


def _names(regressors: str | Sequence[str]) -> list[str]:
    if isinstance(regressors, str):
        return [regressors]
    try:
        names = list(regressors)
    except TypeError:
        names = []
    if not names or not all(isinstance(name, str) for name in names):
        raise Refused("regressors: one name of a column, or a list of them.")
    if len(set(names)) < len(names):
        raise Refused(f"regressors {names} name a column twice.")
    return names


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
    """Check the columns; give them short names, units codes and periods places.

    pyfixest needs integers for the ids of Newey-West and Driscoll-Kraay errors.
    """
    frame(data, "data")
    given = [name for name in (weights, cluster) if name is not None]
    columns(data, [outcome, *names, unit, time, *given])
    check_ids(data, unit, time)
    if outcome in names:
        raise Refused(f"{outcome} is the outcome and a regressor.")
    wanted = dict(zip(["y", *_codes(names)], [outcome, *names], strict=True))
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


def _differences(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """First differences within units, of rows whose period follows the one before."""
    grouped = table.groupby("unit")
    follows = grouped["time"].diff() == 1
    moved = table.assign(**{name: grouped[name].diff() for name in names})
    return moved[follows].reset_index(drop=True)


def _estimable(
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


def _standard(
    table: pd.DataFrame, names: list[str], family: str
) -> tuple[pd.Series, pd.Series]:
    """Centre and scale by column: a solver's tolerance must not depend on units."""
    columns = _codes(names) + (["y"] if family == "gaussian" else [])
    return table[columns].mean(), table[columns].std(ddof=0)


def _lags(table: pd.DataFrame, errors: str, maxlags: int | None) -> int:
    """Return the lags, and refuse gaps where lags need neighbours in time."""
    periods = table["time"].nunique()
    most = max(periods // 2, 1)
    if maxlags is not None:
        whole(maxlags, "maxlags", 0, most)
    if errors not in LAGGED:
        return 0
    gaps = table.groupby("unit")["time"].diff().dropna() != 1
    if gaps.any():
        raise NotTestable(
            f"errors={errors!r} needs units without gaps in time; "
            f"{int(gaps.sum())} periods are missing. Use 'cluster'."
        )
    return min(int(np.ceil(1.3 * periods**0.5)), most) if maxlags is None else maxlags


def _degrees(fit: Any, errors: str, lags: int, table: pd.DataFrame) -> float:
    """Degrees of freedom; with lags those whose t has the fixed-b critical value.

    Kiefer and Vogelsang 2005, Econometric Theory 21:1130, table 1: Bartlett, 97.5 %.
    """
    if errors not in LAGGED:
        return float(fit._df_t)
    b = (lags + 1) / table["time"].nunique()
    critical = 1.96 + 2.9694 * b + 0.416 * b**2 - 0.5324 * b**3
    df = optimize.brentq(lambda df: stats.t.isf(0.025, df) - critical, 0.5, 1e7)
    return float(min(df, fit._df_t))


def _refusals(
    names: list[str], carried: np.ndarray, df: np.ndarray, var: np.ndarray, errors: str
) -> pd.Series:
    """By regressor, why no interval is given."""
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


def _notes(table: pd.DataFrame, dropped: int, errors: str) -> tuple[str, ...]:
    """What the reader should know about these data and these errors."""
    notes = ["Naive r: pooled rows, as if they were independent."]
    periods = table["time"].nunique()
    if dropped:
        notes.append(
            f"{dropped} rows are alone in their unit or period, or in one without any "
            "count, and left out."
        )
    if errors == "driscoll-kraay" and periods < 20:
        notes.append(
            f"Driscoll-Kraay errors rest on {periods} periods: too few, the "
            "intervals are too narrow."
        )
    if errors in ("heteroscedastic", "independent"):
        notes.append(
            "Errors are taken as independent within units; policies that last make "
            "such intervals too narrow."
        )
    return tuple(notes)

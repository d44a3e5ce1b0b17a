"""What a fitted interrupted time series says, with dates kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.iolib.summary2 import Summary

from analysis_utils.asking import NotTestable

from ..arguments import share
from . import effects
from .calendar import window
from .diagnostics import Diagnostics, Residuals, residual_notes
from .effects import compare_f_test, wald_test
from .estimators import Estimate
from .statement import Statement

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ITSResults:
    """Coefficients, counterfactual and effects of one fitted model.

    Attributes `params`, `bse`, `tvalues`, `pvalues` and the methods `conf_int`,
    `cov_params`, `summary` are as in statsmodels; `noise` holds what was estimated of
    the errors (rho, lags, dispersion, ...), `notes` what the reader should know.
    """

    def __init__(self, model: Statement, estimate: Estimate) -> None:
        names = pd.Index(model.design.names)
        self.model = model
        self.params = pd.Series(estimate.params, names, name="coefficient")
        self._cov = pd.DataFrame(estimate.cov, names, names)
        self.bse = pd.Series(_roots(estimate, names), names, name="std err")
        self.nobs = len(estimate.fitted)
        self.df_resid = estimate.df
        if model.use_t is not None:
            self.df_resid = self.nobs - len(names) if model.use_t else np.inf
        self.noise = dict(estimate.noise)
        self.scale = estimate.scale
        self._estimate = estimate

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know: of the data, the estimator, the residuals."""
        design, family = self.model.design, self.model.family
        starts = [start for start, _ in design.spans.values()]
        found = residual_notes(
            self._estimate,
            design.layout,
            min(starts, default=None),
            design.y if self.model.log_link else None,
            poisson=family == "poisson",
        )
        return (*design.notes, *self._estimate.notes, *found)

    @property
    def tvalues(self) -> pd.Series:
        """Coefficients over their standard errors."""
        name = "z" if np.isinf(self.df_resid) else "t"
        return (self.params / self.bse).rename(name)

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided p values, from t(n - k) or the normal distribution."""
        p = 2 * self._tail(self.tvalues.abs())
        return pd.Series(p, self.params.index, name="p")

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Return the lower and upper ends of 1 - alpha intervals."""
        half = self._quantile(alpha) * self.bse
        return pd.DataFrame({"lower": self.params - half, "upper": self.params + half})

    def cov_params(self) -> pd.DataFrame:
        """Return the covariance of the coefficients."""
        return self._cov.copy()

    @cached_property
    def _reference(self):
        return stats.norm if np.isinf(self.df_resid) else stats.t(self.df_resid)

    def _quantile(self, alpha: float) -> float:
        return float(self._reference.isf(share(alpha, "alpha") / 2))

    def _tail(self, t):
        return self._reference.sf(t)

    def table(self, alpha: float = 0.05) -> pd.DataFrame:
        """Return one row a coefficient: estimate, standard error, t, p, interval.

        For counts also the rate ratio exp(b) with its interval.
        """
        parts = [self.params, self.bse, self.tvalues, self.pvalues]
        table = pd.concat([*parts, self.conf_int(alpha)], axis=1)
        if self.model.log_link:
            ratios = np.exp(table[["coefficient", "lower", "upper"]])
            names = ["rate ratio", "ratio lower", "ratio upper"]
            table[names] = ratios.to_numpy()
        return table

    def summary(self, alpha: float = 0.05) -> Summary:
        """Return model, coefficients and notes; prints as text, shows as HTML."""
        normal = np.isinf(self.df_resid)
        facts = {
            "Outcome": self.model.name,
            "Errors": self.model.estimator.label,
            "Periods": f"{self.model.design.periods[0]} to "
            f"{self.model.design.periods[-1]}",
            "Observations": str(self.nobs),
            "Intervals by": "z" if normal else f"t({self.df_resid:g})",
        } | {name: f"{value:.4g}" for name, value in self.noise.items()}
        summary = Summary()
        summary.add_title("Interrupted time series")
        summary.add_dict(facts)
        summary.add_df(self.table(alpha), float_format="%.4f")
        for line in (*self.model.equation.splitlines(), *self._notes()):
            summary.add_text(line)
        return summary

    def _notes(self) -> list[str]:
        return [f"Note: {note}" for note in self.notes]

    def t_test(self, weights: dict[str, float], alpha: float = 0.05) -> pd.Series:
        """Return estimate, interval and p of a weighted sum of coefficients.

        ``result.t_test({"time": 1, "law_slope": 1})`` is the trend after the law.
        """
        unknown = sorted(set(weights) - set(self.params.index))
        if unknown:
            raise NotTestable(
                f"No coefficient {', '.join(unknown)}: there are "
                f"{', '.join(self.params.index)}."
            )
        row = pd.Series(weights).reindex(self.params.index, fill_value=0.0).to_numpy()
        value = effects.Path(np.array([row @ self.params]), row[None, :])
        return self._interval(value, alpha).iloc[0].rename("contrast")

    def wald_test(self, names: Sequence[str]) -> pd.Series:
        """Return the joint Wald test that these coefficients are zero."""
        names = list(names)
        unknown = [str(name) for name in names if name not in self.params.index]
        if unknown or not names:
            raise NotTestable(
                f"No coefficient {', '.join(unknown)}: there are "
                f"{', '.join(self.params.index)}."
            )
        cov = self._cov.loc[names, names].to_numpy()
        return wald_test(self.params[names].to_numpy(), cov, self.df_resid)

    def compare_f_test(self, restricted: ITSResults) -> pd.Series:
        """Return the F test against a smaller nested model; see comparison."""
        large, small = self._estimate, restricted._estimate
        return compare_f_test(large, small, self.model.estimator.label)

    def _interval(self, values: effects.Path, alpha: float) -> pd.DataFrame:
        reference = (self._quantile(alpha), self._tail)
        return effects.interval(values, self._cov.to_numpy(), reference)

    # Paths of the mean

    def _path(self, X: pd.DataFrame) -> effects.Path:
        offset = self.model.design.treated["offset"].to_numpy()
        params = self.params.to_numpy()
        return effects.path(X.to_numpy(), params, offset, self.model.log_link)

    def _paths(self, of: str | Sequence[str] | None) -> tuple:
        design = self.model.design
        with_it, without = design.treated[design.names], design.without(self._named(of))
        if "Intercept" in design.names:
            return self._path(with_it), self._path(without)
        return self._differenced(with_it - without)

    def _differenced(self, change: pd.DataFrame) -> tuple[effects.Path, effects.Path]:
        """Paths of an outcome whose level was differenced away (SARIMA, d + D > 0).

        Fitted are the one-step predictions, taken as given; the counterfactual is
        those without the modelled effect.
        """
        used = self.model.design.used
        fitted = np.full(len(change), np.nan)
        fitted[used] = self._estimate.fitted
        gradient = change.to_numpy()
        with_it = effects.Path(fitted, np.zeros_like(gradient))
        return with_it, with_it - effects.Path(gradient @ self.params, gradient)

    def _named(self, of: str | Sequence[str] | None) -> list[str]:
        every = list(self.model.design.owners)
        if of is None:
            if not every:
                raise NotTestable(
                    "The model has no intervention, so no counterfactual."
                )
            return every
        names = [of] if isinstance(of, str) else list(of)
        unknown = [name for name in names if name not in every]
        if unknown:
            raise NotTestable(f"No intervention {unknown}: there are {every}.")
        return names

    def counterfactual(
        self, of: str | Sequence[str] | None = None, alpha: float = 0.05
    ) -> pd.DataFrame:
        """Return observed, fitted and counterfactual means, one row a period.

        The counterfactual takes away the interventions `of` (all by default) and keeps
        trend, season, covariates, offset and the controls' common change. Intervals
        are of the means (they include the uncertainty of every coefficient), for
        counts symmetric on the log scale.
        """
        fitted, counter = self._paths(of)
        with_it, without = (self._of_mean(path, alpha) for path in (fitted, counter))
        names = "observed", "fitted", "counterfactual"
        table = pd.concat([with_it, without], axis=1).set_axis(
            [f"{n}{end}" for n in names[1:] for end in ("", "_lower", "_upper")], axis=1
        )
        table.insert(0, "observed", self.model.y.to_numpy())
        table["used"] = self.model.design.used[: len(table)]
        return table.set_axis(self.model.y.index.rename("date"))

    def _of_mean(self, path: effects.Path, alpha: float) -> pd.DataFrame:
        """Return estimate, lower and upper of a path of means."""
        if self.model.log_link:
            table = effects.exponentiated(self._interval(path.log(), alpha))
        else:
            table = self._interval(path, alpha)
        return table[["estimate", "lower", "upper"]]

    def effect(
        self,
        at: object = None,
        over: tuple[object, object] | None = None,
        of: str | Sequence[str] | None = None,
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Return the effect at a date, or over a window (by default all periods after).

        Rows: "mean difference" (per period), "cumulated difference", "ratio" (the
        fitted sum over the counterfactual sum; never a mean of ratios); columns:
        estimate, lower, upper, p. Intervals: delta method, on the log scale for ratios.
        """
        rows = self._window(at, over, of)
        fitted, counter = (
            effects.Path(p.value[rows], p.gradient[rows]) for p in self._paths(of)
        )
        reference = (self._quantile(alpha), self._tail)
        cov, log_link = self._cov.to_numpy(), self.model.log_link
        return effects.compare(fitted, counter, cov, reference, log_link)

    def _window(self, at, over, of) -> slice:
        periods = self.model.design.periods
        if at is not None and over is not None:
            raise NotTestable("Give at= (one date) or over= (first, last), not both.")
        if at is not None:
            over = (at, at)
        if over is None:
            spans = [self.model.design.spans[name] for name in self._named(of)]
            return slice(min(a for a, _ in spans), len(periods))
        first, last = window(periods, over)
        return slice(first, last + 1)

    def effect_path(
        self, of: str | Sequence[str] | None = None, alpha: float = 0.05
    ) -> pd.DataFrame:
        """Return difference, cumulated difference and ratio for each period after."""
        rows = self._window(None, None, of)
        fitted, counter = (
            effects.Path(p.value[rows], p.gradient[rows]) for p in self._paths(of)
        )
        gap = fitted - counter
        parts = {
            "difference": self._interval(gap, alpha),
            "cumulated": self._interval(gap.cumulated(), alpha),
        }
        log_ratio = fitted.log() - counter.log()
        ratio = effects.exponentiated(self._interval(log_ratio, alpha))
        table = pd.concat({**parts, "ratio": ratio}, axis=1)
        return table.set_axis(self.model.y.index[rows].rename("date"))

    # Residuals

    @property
    def fittedvalues(self) -> pd.Series:
        """Fitted means of the rows used."""
        return self._rows(self._estimate.fitted, "fitted")

    @property
    def resid(self) -> pd.Series:
        """Observed minus fitted."""
        return self._rows(self.model.design.y - self._estimate.fitted, "residual")

    @property
    def innovations(self) -> pd.Series:
        """Residuals that are white noise if the model holds.

        AR(1) errors: whitened; counts: Pearson; SARIMA: one-step errors, standardized
        (those of the start-up left out).
        """
        values = self._estimate.innovations
        index = self._row_index()[-len(values) :]
        return pd.Series(values, index, name="innovation")

    def _row_index(self) -> pd.Index:
        design = self.model.design
        if self.model.control is None:
            return self.model.y.index[design.used]
        return design.table.index[design.used]

    def _rows(self, values: np.ndarray, name: str) -> pd.Series:
        return pd.Series(values, self._row_index(), name=name)

    def diagnostics(self, lags: Sequence[int] | None = None) -> Diagnostics:
        """Return autocorrelations and tests of the innovations; see Diagnostics."""
        design = self.model.design
        rows = design.layout.unit == 0
        e = self._estimate.innovations
        e = e[rows] if self.model.control is not None else e
        time = design.layout.time[rows][-len(e) :]
        first = design.layout.first
        terms = sum(k.startswith(("rho", "ar.", "ma.")) for k in self.noise)
        df = self.nobs - len(self.params)
        return Diagnostics.of(
            Residuals(
                e,
                self._estimate.fitted[rows][-len(e) :],
                np.zeros(len(e), bool) if first is None else time >= first,
                design.periods,
                round(self.noise.get("mean_order", terms)),
                (self.scale, df) if self.model.log_link else None,
            ),
            lags,
        )

    def plot(
        self,
        ax: Axes | None = None,
        of: str | None = None,
        alpha: float = 0.05,
        legend: bool = True,
    ) -> Axes:
        """Draw data, fit, counterfactual, intervals and events; see figure.draw."""
        from .figure import draw

        if not self.model.interventions:
            raise NotTestable("Nothing to draw: the model has no intervention.")
        design = self.model.design
        starts = design.periods.start_time
        events = {name: starts[first] for name, (first, _) in design.spans.items()}
        table = self.counterfactual(of, alpha)
        first = self._window(None, None, of).start
        return draw(table, first, events, self.model.name, ax, legend)

    def __repr__(self) -> str:
        return str(self.summary())


def _roots(estimate: Estimate, names: pd.Index) -> np.ndarray:
    """Return the standard errors; refuse an estimate without them."""
    variances = np.diag(estimate.cov)
    if not np.isfinite(estimate.params).all() or not np.isfinite(variances).all():
        raise NotTestable("The fit did not converge to finite numbers.")
    scale = np.abs(variances).max(initial=0.0)
    none = [n for n, v in zip(names, variances, strict=True) if v < -1e-12 * scale]
    if none or (len(names) and scale == 0):
        raise NotTestable(
            f"The covariance gives no standard error for {', '.join(none or names)}: "
            "the outcome does not vary where they are seen. Use errors='reml-ar1' or "
            "'ols', which share one variance over all periods."
        )
    return np.sqrt(np.maximum(variances, 0.0))

"""Forecast-type interrupted time series: fitted before the event, predicted after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import toeplitz
from statsmodels.tsa.arima_process import arma_acf

from analysis_utils.asking import NotTestable

from ..arguments import share
from .calendar import as_periods, moment, window
from .reml_ar import RemlAR
from .results import ITSResults
from .statement import Statement
from .statespace import Sarima, Structural

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["ForecastResults"]

Model = TypeVar("Model", bound=Statement)


@dataclass(frozen=True)
class ForecastResults:
    """Observed against predicted periods after the first event.

    before : the fit to the periods before.
    observed, predicted : one value for each period after that is not left out.
    cov_mean, cov_noise : covariance of the predictions by estimated coefficients, and
        of the noise that the periods after would have had anyway.
    """

    before: ITSResults
    observed: pd.Series
    predicted: pd.Series
    cov_mean: np.ndarray
    cov_noise: np.ndarray

    def counterfactual(self, alpha: float = 0.05) -> pd.DataFrame:
        """Return observed and predicted values with prediction intervals."""
        variance = np.diag(self.cov_mean) + np.diag(self.cov_noise)
        lower, upper = self._limits(self.predicted.to_numpy(), variance, alpha)
        return pd.DataFrame(
            {
                "observed": self.observed,
                "counterfactual": self.predicted,
                "counterfactual_lower": lower,
                "counterfactual_upper": upper,
            },
            self.observed.index,
        )

    def _limits(self, mean, variance, alpha: float):
        """Return the ends of intervals of a prediction.

        Counts: quantiles of the gamma distribution with this mean and variance, so
        that no limit is below zero; it becomes the normal one as the mean grows.
        """
        if self.before.model.log_link:
            law = stats.gamma(mean**2 / variance, scale=variance / mean)
            tail = share(alpha, "alpha") / 2
            return law.ppf(tail), law.isf(tail)
        half = self.before._quantile(alpha) * np.sqrt(variance)
        return mean - half, mean + half

    def effect(
        self,
        over: tuple[object, object] | None = None,
        noise: bool = True,
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Return observed minus predicted over a window (all periods after).

        Rows: mean difference, cumulated difference, ratio of sums. Variance of the
        mean over m periods: ``x' Cov(b) x + w' V w``, w = 1/m, x the mean row; V is
        the covariance of future noise under the model's errors (autocorrelated
        where they are), left out if `noise` is False: the interval is then of the
        predicted mean only and too narrow for the effect itself.
        """
        rows = self._window(over)
        cov = self.cov_mean + (self.cov_noise if noise else 0.0)
        variance = float(cov[rows, rows].sum())
        observed = float(self.observed.iloc[rows].sum())
        predicted = float(self.predicted.iloc[rows].sum())
        gap, m = observed - predicted, len(self.observed.iloc[rows])
        lower, upper = self._limits(predicted, variance, alpha)
        p = self._pvalue(observed, predicted, variance)
        total = np.array([gap, observed - upper, observed - lower, p])
        table = [np.r_[total[:3] / m, p], total, np.full(4, np.nan)]
        if min(observed, predicted) > 0:
            log_ratio = np.log(observed / predicted)
            row = self._row(log_ratio, variance / predicted**2, alpha)
            table[2] = np.r_[np.exp(row[:3]), row[3]]
        names = ["mean difference", "cumulated difference", "ratio"]
        columns = ["estimate", "lower", "upper", "p"]
        return pd.DataFrame(table, pd.Index(names, name="effect"), columns)

    def _pvalue(self, observed: float, predicted: float, variance: float) -> float:
        """Return the two-sided p of an observed sum under the prediction."""
        if self.before.model.log_link:
            law = stats.gamma(predicted**2 / variance, scale=variance / predicted)
            return min(1.0, 2 * float(min(law.cdf(observed), law.sf(observed))))
        return 2 * float(self.before._tail(abs(observed - predicted) / variance**0.5))

    def _row(self, value: float, variance: float, alpha: float) -> np.ndarray:
        se = np.sqrt(variance)
        half = self.before._quantile(alpha) * se
        p = 2 * float(self.before._tail(abs(value) / se))
        return np.array([value, value - half, value + half, p])

    def _window(self, over: tuple[object, object] | None) -> slice:
        if over is None:
            return slice(None)
        periods = as_periods(self.observed.index)
        first, last = window(periods, over)
        return slice(first, last + 1)

    def __repr__(self) -> str:
        index = self.observed.index
        title = (
            f"{self.before.model.name}, {index[0]} to {index[-1]}, less its forecast"
        )
        return f"{title}\n{self.effect()}"

    def plot(self, ax: Axes | None = None, alpha: float = 0.05) -> Axes:
        """Draw the fit before, the prediction after with its interval, the data."""
        from .figure import draw_forecast

        before = self.before.model
        past = pd.DataFrame({"observed": before.y, "used": before.design.used})
        past["fitted"] = self.before.fittedvalues.reindex(past.index)
        return draw_forecast(past, self.counterfactual(alpha), before.name, ax)


def forecast(model: Statement) -> ForecastResults:
    """Fit the model before its first event, without interventions; predict after."""
    _check(model)
    first = min(start for start, _ in model.design.spans.values())
    cut = before(model, first)
    fitted = ITSResults(cut, cut._estimate)
    left_out = [(p.start_time, p.start_time) for p in _left_out(model)]
    everything = model.replace(interventions=(), exclude=left_out).design
    rows = everything.treated.iloc[first:]
    X = rows[everything.names].to_numpy()
    observed = pd.Series(rows["y"].to_numpy(), model.y.index[first:], name="observed")
    if isinstance(model.estimator, Sarima | Structural):
        mean, cov_mean, cov_noise = _state_space(fitted, model.estimator, X)
    elif model.log_link:
        mean, cov_mean, cov_noise = _counts(fitted, X, rows["offset"].to_numpy())
    else:
        mean, cov_mean, cov_noise = _linear(fitted, X)
    predicted = pd.Series(mean, observed.index, name="predicted")
    kept = model.design.used[first : len(model.y)]
    both = np.ix_(kept, kept)
    return ForecastResults(
        fitted, observed[kept], predicted[kept], cov_mean[both], cov_noise[both]
    )


def _check(model: Statement) -> None:
    if not model.interventions:
        raise NotTestable("A forecast needs an intervention: fitting stops there.")
    if model.control is not None:
        raise NotTestable(
            "A forecast takes control series as covariates=, not control=."
        )
    if model.trend == "spline":
        raise NotTestable(
            "A spline is not extrapolated: use a linear or quadratic trend."
        )


def _left_out(model: Statement) -> pd.PeriodIndex:
    """Return the periods that windows and transitions leave out."""
    return model.design.periods[~model.design.used]


def before(model: Model, first: int) -> Model:
    """Return the model of the first periods alone, without interventions."""
    end = model.design.periods[first].start_time

    def cut(data):
        return None if data is None else data.iloc[:first]

    windows = [window for window in model.exclude if moment(window[0]) < end]
    return model.replace(
        y=cut(model.y),
        interventions=(),
        offset=cut(model.offset),
        covariates=cut(model.covariates),
        control=cut(model.control),
        exclude=windows,
        errors=model._asked["errors"] if model.log_link else model.estimator,
    )


def _linear(before: ITSResults, X: np.ndarray) -> tuple:
    """Best linear unbiased prediction under AR(1) errors (rho 0: OLS)."""
    if isinstance(before.model.estimator, RemlAR):
        return _autoregressive(before, X)
    m, rho = len(X), before.noise.get("rho", 0.0)
    fitted = before.model.design.X
    ahead = np.arange(m) + len(before.model.y) - before.model.design.layout.time[-1]
    carry = (rho**ahead)[:, None]
    mean = X @ before.params + carry[:, 0] * before.resid.iloc[-1]
    row = X - carry * fitted[-1]
    cov_mean = row @ before.cov_params().to_numpy() @ row.T
    if "lags" in before.noise:
        return mean, cov_mean, toeplitz(_autocovariance(before, m))
    lag = np.abs(np.subtract.outer(ahead, ahead))
    noise = before.scale * (rho**lag - rho ** np.add.outer(ahead, ahead))
    return mean, cov_mean, noise


def _autoregressive(before: ITSResults, X: np.ndarray) -> tuple:
    """Best linear unbiased prediction under AR(p) errors, p and phi at their means."""
    phi = [value for name, value in before.noise.items() if name.startswith("ar.")]
    time = before.model.design.layout.time
    ahead = np.arange(len(X)) + len(before.model.y)
    every = np.r_[time, ahead]
    r = arma_acf(np.r_[1.0, -np.array(phi)], [1.0], int(np.ptp(every)) + 1)
    R = r[np.abs(np.subtract.outer(every, every))]
    n = len(time)
    carry = np.linalg.solve(R[:n, :n], R[:n, n:]).T
    mean = X @ before.params.to_numpy() + carry @ before.resid.to_numpy()
    row = X - carry @ before.model.design.X
    cov_mean = row @ before.cov_params().to_numpy() @ row.T
    return mean, cov_mean, before.scale * (R[n:, n:] - carry @ R[:n, n:])


def _autocovariance(before: ITSResults, m: int) -> np.ndarray:
    """Autocovariances of the residuals, Bartlett weights up to the model's lags."""
    e, lags = before.innovations.to_numpy(), int(before.noise["lags"])
    gamma = np.zeros(m)
    for lag in range(min(lags + 1, m)):
        weight = 1 - lag / (lags + 1)
        gamma[lag] = weight * (e[lag:] @ e[: len(e) - lag]) / len(e)
    gamma *= before.nobs / (before.nobs - len(before.params))
    return gamma


def _counts(before: ITSResults, X: np.ndarray, offset: np.ndarray) -> tuple:
    """Prediction of counts; noise by the family, autocorrelated if the model is."""
    mean = np.exp(X @ before.params.to_numpy() + offset)
    gradient = mean[:, None] * X
    cov_mean = gradient @ before.cov_params().to_numpy() @ gradient.T
    variance = mean + before.noise.get("alpha", 0.0) * mean**2
    if before.model.family == "quasipoisson" or "lags" in before.noise:
        variance = variance * before.noise["dispersion"]
    root = np.sqrt(variance)
    correlation = toeplitz(_autocorrelation(before, len(mean)))
    return mean, cov_mean, np.outer(root, root) * correlation


def _autocorrelation(before: ITSResults, m: int) -> np.ndarray:
    """Autocorrelations of count errors at lags 0 to m - 1, as the model has them."""
    if "lags" in before.noise:
        gamma = _autocovariance(before, m)
        return gamma / gamma[0]
    phi = [value for name, value in before.noise.items() if name.startswith("ar.")]
    if phi:
        return arma_acf(np.r_[1.0, -np.array(phi)], [1.0], m)
    return before.noise.get("rho", 0.0) ** np.arange(m)


def _state_space(
    before: ITSResults, estimator: Sarima | Structural, X: np.ndarray
) -> tuple:
    """Prediction by the Kalman filter, noise from the state space."""
    design = before.model.design
    ahead = np.arange(len(X)) + len(before.model.y)
    return estimator.predict(design.y, design.X, design.layout, X, ahead)

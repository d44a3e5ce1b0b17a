"""Regression with SARIMA or structural errors, safe from the scale of the outcome."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from analysis_utils.asking import NotTestable

from ..resampling.batches import one_blas_thread
from .estimators import Estimate
from .least_squares import Layout


class _StateSpace:
    """Maximum likelihood by the Kalman filter, on standardized outcome and columns.

    With an outcome in the tens of thousands statsmodels' SARIMAX stops early and its
    diffuse prior is not diffuse, while it reports convergence (statsmodels issues
    6111, 8351). So: standardize, try two optimizers, keep the better likelihood.
    Left-out periods are missing values of the filter; intervals are by z.
    """

    label: str

    def fit(self, y: np.ndarray, X: np.ndarray, layout: Layout) -> Estimate:
        """Fit ``y = X b + e``."""
        if len(np.unique(layout.unit)) > 1:
            raise NotTestable(
                f"{self.label} errors are for one series: use 'reml-ar1'."
            )
        constant = _constant_direction(X)
        shift, spread, length = _scales(y, X)
        rows = layout.time - layout.time[0]
        fit = self._best((y - shift) / spread, X / length, rows)
        beta, cov = self._coefficients(fit, X.shape[1])
        beta = beta * spread / length
        cov = cov * spread**2 / np.outer(length, length)
        if constant is not None:
            beta = beta + shift * constant
        noise = self._noise(fit, X.shape[1], spread)
        settled = rows >= fit.loglikelihood_burn
        fitted = X @ beta
        if not settled.all():  # the level was absorbed: one-step predictions
            fitted = np.where(settled, y - fit.resid[rows] * spread, np.nan)
        errors = fit.filter_results.standardized_forecasts_error[0][rows]
        innovations = errors[settled]
        scale = noise.get("sigma2", float(np.nanvar(y - fitted)))
        return Estimate(beta, cov, np.inf, fitted, innovations, scale, noise)

    def predict(
        self, y: np.ndarray, X: np.ndarray, layout: Layout, future: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the predictions of the periods after, and their noise covariance.

        `future` holds the rows of the design after the last fitted one.
        """
        shift, spread, length = _scales(y, X)
        rows = layout.time - layout.time[0]
        with one_blas_thread():
            fit = self._best((y - shift) / spread, X / length, rows)
        exog = future / length if future.shape[1] else None
        mean = np.asarray(fit.forecast(int(len(future)), exog=exog))
        return shift + spread * mean, spread**2 * _forecast_cov(fit, len(future))

    def _coefficients(self, fit, k: int) -> tuple[np.ndarray, np.ndarray]:
        place = self._places(len(fit.params), k)
        cov = np.asarray(fit.cov_params())[np.ix_(place, place)]
        if not np.isfinite(cov).all() or (np.diag(cov) <= 0).any():
            raise NotTestable(
                f"{self.label} has no usable covariance: simplify the model."
            )
        return np.asarray(fit.params)[place], cov

    def _noise(self, fit, k: int, spread: float) -> dict[str, float]:
        """Parameters of the errors in the outcome's units, likelihood and AIC."""
        place = self._places(len(fit.params), k)
        noise = {
            name: float(value) * (spread**2 if "sigma2" in name else 1.0)
            for i, (name, value) in enumerate(
                zip(fit.model.param_names, fit.params, strict=True)
            )
            if i not in place
        }
        n = int(np.isfinite(fit.model.endog).sum()) - fit.loglikelihood_burn
        noise["loglik"] = float(fit.llf - n * np.log(spread))
        noise["aic"] = 2 * (len(fit.params) - noise["loglik"])
        return noise

    def _best(self, y: np.ndarray, X: np.ndarray, rows: np.ndarray):
        endog = np.full(rows[-1] + 1, np.nan)
        endog[rows] = y
        exog = np.zeros((len(endog), X.shape[1]))
        exog[rows] = X
        model = self._model(endog, exog if X.shape[1] else None)
        fits = [_attempt(model, method) for method in ("lbfgs", "bfgs")]
        fits = [fit for fit in fits if fit is not None]
        if not fits:
            raise NotTestable(
                f"{self.label} did not converge by either of two optimizers: try a "
                "simpler model."
            )
        return max(fits, key=lambda fit: fit.llf)


def _attempt(model, method: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(disp=0, method=method, maxiter=500, cov_type="approx")
    converged = fit.mle_retvals.get("converged", False)
    return fit if converged and np.isfinite(fit.llf) else None


@dataclass(frozen=True)
class Sarima(_StateSpace):
    """Errors follow SARIMA(p, d, q)(P, D, Q)s.

    order, seasonal_order : as in statsmodels' SARIMAX. With d or D above zero the
    terms that differencing removes (intercept; for d + D = 2 also the linear trend)
    are left out of the model.
    """

    order: tuple[int, int, int] = (1, 0, 0)
    seasonal_order: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def label(self) -> str:
        """The estimator in words."""
        season = self.seasonal_order
        tail = "({},{},{})[{}]".format(*season) if any(season[:3]) else ""
        return "SARIMA({},{},{})".format(*self.order) + tail

    @property
    def error_term(self) -> str:
        """The process of the errors."""
        return f"e_t {self.label}"

    @property
    def absorbed(self) -> int:
        """How many orders of a polynomial trend the errors take up."""
        return self.order[1] + self.seasonal_order[1]

    def _places(self, n: int, k: int) -> np.ndarray:
        return np.arange(k)  # SARIMAX puts regression coefficients first

    def _model(self, endog: np.ndarray, exog: np.ndarray | None):
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        return SARIMAX(
            endog, exog, order=self.order, seasonal_order=self.seasonal_order
        )


@dataclass(frozen=True)
class Structural(_StateSpace):
    """Errors are a level (and slope, and season) that moves, plus noise.

    The basic structural model with intervention (Harvey & Durbin 1986). level: "local
    level" or "local linear trend"; seasonal: periods in a cycle, 0 for none, moving
    unless `fixed_seasonal`. The level replaces the intercept, the slope the trend.
    """

    level: str = "local level"
    seasonal: int = 0
    fixed_seasonal: bool = False

    def __post_init__(self) -> None:
        if self.level not in ("local level", "local linear trend"):
            raise NotTestable("level is 'local level' or 'local linear trend'.")

    @property
    def label(self) -> str:
        """The estimator in words."""
        return f"Structural, {self.level}" + (
            f", season of {self.seasonal}" if self.seasonal else ""
        )

    @property
    def error_term(self) -> str:
        """The process of the errors."""
        return f"e_t = {self.level}" + (" + season" if self.seasonal else "") + " + u_t"

    @property
    def absorbed(self) -> int:
        """How many orders of a polynomial trend the errors take up."""
        return 1 if self.level == "local level" else 2

    def _places(self, n: int, k: int) -> np.ndarray:
        return np.arange(n - k, n)  # UnobservedComponents puts them last

    def _model(self, endog: np.ndarray, exog: np.ndarray | None):
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        return UnobservedComponents(
            endog,
            self.level,
            exog=exog,
            seasonal=self.seasonal or None,
            stochastic_seasonal=not self.fixed_seasonal,
        )


def _forecast_cov(fit, m: int) -> np.ndarray:
    """Return the covariance of the next m observations given the parameters.

    With state covariance P at step i, Cov(y_i, y_j) = Z T^(j-i) P Z', plus the
    variance of the noise for i = j; then P becomes T P T' + R Q R'.
    """
    space = fit.filter_results
    Z, T = space.design[:, :, 0], space.transition[:, :, 0]
    R, Q = space.selection[:, :, 0], space.state_cov[:, :, 0]
    P, cov = fit.predicted_state_cov[:, :, -1], np.zeros((m, m))
    for i in range(m):
        carried = P @ Z[0]
        for j in range(i, m):
            cov[i, j] = cov[j, i] = Z[0] @ carried
            carried = T @ carried
        cov[i, i] += space.obs_cov[0, 0, 0]
        P = T @ P @ T.T + R @ Q @ R.T
    return cov


def _scales(y: np.ndarray, X: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return shift and spread of the outcome and the lengths of the columns.

    Without a constant among the columns the outcome is not shifted, unless the errors
    absorb its level anyway.
    """
    shift = 0.0 if _constant_direction(X) is None else float(np.mean(y))
    return shift, float(np.std(y)), np.sqrt((X**2).mean(axis=0))


def _constant_direction(X: np.ndarray) -> np.ndarray | None:
    """Return b with X b = 1 for every row, if the columns hold a constant."""
    beta = np.linalg.lstsq(X, np.ones(len(X)), rcond=None)[0]
    return beta if np.abs(X @ beta - 1).max() < 1e-8 else None

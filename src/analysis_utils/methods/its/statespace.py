"""Regression with SARIMA or structural errors, safe from the scale of the outcome."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from analysis_utils.asking import NotTestable

from ..arguments import flag, whole
from ..resampling.batches import one_blas_thread
from .estimators import Estimate
from .least_squares import Layout


class _StateSpace(ABC):
    """Maximum likelihood by the Kalman filter, on standardized outcome and columns.

    With an outcome in the tens of thousands statsmodels' SARIMAX stops early and its
    diffuse prior is not diffuse, while it reports convergence (statsmodels issues
    6111, 8351). So: standardize, try two optimizers, keep the better likelihood.
    Left-out periods are missing values of the filter; intervals are by z.
    """

    @property
    @abstractmethod
    def label(self) -> str:
        """The estimator in words."""

    @property
    @abstractmethod
    def absorbed(self) -> int:
        """How many orders of a polynomial trend the errors take up."""

    @abstractmethod
    def _places(self, n: int, k: int) -> np.ndarray:
        """Where the k coefficients of the columns are among n parameters."""

    @abstractmethod
    def _model(self, endog: np.ndarray, exog: np.ndarray | None, mle: bool = True):
        """The model of statsmodels."""

    def fit(self, y: np.ndarray, X: np.ndarray, layout: Layout) -> Estimate:
        """Fit ``y = X b + e``."""
        if len(np.unique(layout.unit)) > 1:
            raise NotTestable(
                f"{self.label} errors are for one series: use 'reml-ar1'."
            )
        scaled = _scaled(y, X, self.absorbed > 0)
        rows = layout.time - layout.time[0]
        fit = self._best(scaled.y, scaled.X, rows)
        beta, cov = scaled.back(*self._coefficients(fit, X.shape[1]))
        spread = scaled.spread
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
        self,
        y: np.ndarray,
        X: np.ndarray,
        layout: Layout,
        future: np.ndarray,
        ahead: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return predictions of later periods, their covariance by what was estimated,
        and that of the noise which those periods have anyway.

        `future` holds rows of the design, `ahead` their times, as `layout.time` counts.
        The coefficients are states of the filter, so that their covariance with the
        level is part of the prediction's; periods left out are missing values.
        """
        scaled = _scaled(y, X, self.absorbed > 0)
        rows, ahead = layout.time - layout.time[0], ahead - layout.time[0]
        with one_blas_thread():
            fit = self._best(scaled.y, scaled.X, rows)
            endog = np.full(ahead[-1] + 1, np.nan)
            endog[rows] = scaled.y
            exog = np.zeros((len(endog), X.shape[1]))
            exog[rows], exog[ahead] = scaled.X, scaled.columns(future)
            known = np.asarray(fit.params)[self._places(len(fit.params), X.shape[1])]
            whole = self._filtered(endog, exog, fit)
            given = self._filtered(endog - exog @ known, exog[:, :0], fit)
        mean = whole.forecasts[0][ahead]
        total, noise = (_forecast_cov(space, ahead) for space in (whole, given))
        spread = scaled.spread**2
        return (
            scaled.shift + scaled.spread * mean,
            spread * (total - noise),
            spread * noise,
        )

    def _filtered(self, endog: np.ndarray, exog: np.ndarray, fit):
        """The filter under the parameters of a fit, coefficients among its states."""
        model = self._model(endog, exog if exog.shape[1] else None, mle=False)
        names = dict(zip(fit.model.param_names, fit.params, strict=True))
        parameters = np.array([names[name] for name in model.param_names])
        return model.filter(parameters).filter_results

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

    def __post_init__(self) -> None:
        for name, length in (("order", 3), ("seasonal_order", 4)):
            values = getattr(self, name)
            if not isinstance(values, tuple | list) or len(values) != length:
                raise NotTestable(
                    f"{name} is {length} whole numbers, as (1, 0, 0), not {values!r}."
                )
            for value in values:
                whole(value, name)
        if any(self.seasonal_order[:3]):
            whole(self.seasonal_order[3], "The season of seasonal_order", least=2)

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

    def _model(self, endog: np.ndarray, exog: np.ndarray | None, mle: bool = True):
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        return SARIMAX(
            endog,
            exog,
            order=self.order,
            seasonal_order=self.seasonal_order,
            mle_regression=mle or exog is None,
            use_exact_diffuse=not mle,
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
        if self.seasonal:
            whole(self.seasonal, "seasonal", least=2)
        flag(self.fixed_seasonal, "fixed_seasonal")

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

    def _model(self, endog: np.ndarray, exog: np.ndarray | None, mle: bool = True):
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        return UnobservedComponents(
            endog,
            self.level,
            exog=exog,
            seasonal=self.seasonal or None,
            stochastic_seasonal=not self.fixed_seasonal,
            mle_regression=mle or exog is None,
            use_exact_diffuse=not mle,
        )


def _forecast_cov(space, ahead: np.ndarray) -> np.ndarray:
    """Return the covariance of the observations at times `ahead` given those before.

    With state covariance P at step i, Cov(y_i, y_j) = Z_i T^(j-i) P Z_j', plus the
    variance of the noise for i = j. The filter's P at missing values is that of the
    prediction.
    """
    design, T = space.design, space.transition[:, :, 0]
    Z = [design[0, :, t if design.shape[2] > 1 else 0] for t in ahead]
    cov = np.zeros((len(ahead), len(ahead)))
    for i, first in enumerate(ahead):
        carried, time = space.predicted_state_cov[:, :, first] @ Z[i], first
        for j in range(i, len(ahead)):
            for _ in range(ahead[j] - time):
                carried = T @ carried
            time = ahead[j]
            cov[i, j] = cov[j, i] = Z[j] @ carried
        cov[i, i] += space.obs_cov[0, 0, 0]
    return cov


@dataclass(frozen=True)
class _Scaled:
    """Outcome and columns as the optimizer sees them: standardized, no unit left.

    Attributes
    ----------
    constant : coefficients b with X b = 1 in every row; None if there are none.
    centre, length : of each column; a column that is constant keeps centre 0.
    """

    y: np.ndarray
    X: np.ndarray
    shift: float
    spread: float
    constant: np.ndarray | None
    centre: np.ndarray
    length: np.ndarray

    def columns(self, X: np.ndarray) -> np.ndarray:
        """Other rows of the design on the same scale."""
        return (X - self.centre) / self.length

    def back(self, beta: np.ndarray, cov: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and their covariance in the units of outcome and columns."""
        turn = np.diag(self.spread / self.length)
        if self.constant is not None:  # what centring took out of the columns
            turn -= np.outer(self.constant, self.centre / self.length) * self.spread
        beta = turn @ beta
        if self.constant is not None:
            beta = beta + self.shift * self.constant
        return beta, turn @ cov @ turn.T


def _scaled(y: np.ndarray, X: np.ndarray, absorbed: bool) -> _Scaled:
    """Standardize outcome and columns.

    They are centred where a constant can take the centre up: one among the columns, or
    the level that the errors absorb. Adding to a covariate then changes nothing.
    """
    constant = _constant_direction(X)
    free = absorbed or constant is not None
    shift = float(np.mean(y)) if free else 0.0
    spread = float(np.std(y)) or 1.0
    varies = np.ptp(X, axis=0) > 0 if len(X) else np.zeros(X.shape[1], bool)
    alone = constant is not None and not (np.abs(constant[varies]) > 1e-8).any()
    centre = np.where(varies & (absorbed or alone), X.mean(axis=0), 0.0)
    length = np.sqrt(((X - centre) ** 2).mean(axis=0))
    return _Scaled(
        (y - shift) / spread, (X - centre) / length, shift, spread, constant, centre,
        length,
    )  # fmt: skip


def _constant_direction(X: np.ndarray) -> np.ndarray | None:
    """Return b with X b = 1 for every row, if the columns hold a constant."""
    if not X.shape[1]:
        return None
    constant = np.ptp(X, axis=0) == 0
    if constant.any():
        place = int(np.flatnonzero(constant)[0])
        return np.eye(X.shape[1])[place] / X[0, place] if X[0, place] else None
    beta = np.linalg.lstsq(X, np.ones(len(X)), rcond=None)[0]
    return beta if np.abs(X @ beta - 1).max() < 1e-8 else None

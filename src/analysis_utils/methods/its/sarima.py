"""Regression with SARIMA errors, safe from the scale of the outcome."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from .estimators import Estimate
from .least_squares import Layout
from .refusals import Refusal


@dataclass(frozen=True)
class Sarima:
    """Errors follow SARIMA(p, d, q)(P, D, Q)s; maximum likelihood, z intervals.

    Outcome and columns are standardized inside: with an outcome in the tens of
    thousands statsmodels' SARIMAX stops early and its diffuse prior is not diffuse,
    while it reports convergence (statsmodels issues 6111, 8351). Two optimizers are
    tried and the better likelihood is kept.

    order, seasonal_order : as in statsmodels' SARIMAX. With d or D above zero the
    terms that differencing removes (intercept; for d + D = 2 also a linear trend)
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

    def difference(self, a: np.ndarray) -> np.ndarray:
        """Return `a` after the differences of the orders, rows lost at the start."""
        for _ in range(self.order[1]):
            a = a[1:] - a[:-1]
        season = self.seasonal_order[3]
        for _ in range(self.seasonal_order[1]):
            a = a[season:] - a[:-season]
        return a

    def fit(self, y: np.ndarray, X: np.ndarray, layout: Layout) -> Estimate:
        """Fit ``y = X b + e``; left-out periods are missing values of the filter."""
        if len(np.unique(layout.unit)) > 1:
            raise Refusal("SARIMA errors are for one series: use 'reml-ar1' for a panel.")
        centre, spread = float(np.mean(y)), float(np.std(y))
        length = np.sqrt((X**2).mean(axis=0))
        constant = _constant_direction(X)
        shift = centre if constant is not None else 0.0
        fit = self._best((y - shift) / spread, X / length, layout)
        k = X.shape[1]
        beta = fit.params[:k] * spread / length
        cov = fit.cov_params()[:k, :k] * spread**2 / np.outer(length, length)
        if constant is not None:
            beta = beta + shift * constant
        return self._estimate(fit, y, X, beta, cov, spread, layout)

    def _estimate(self, fit, y, X, beta, cov, spread, layout) -> Estimate:
        k = X.shape[1]
        names = fit.model.param_names[k:]
        noise = dict(zip(names, map(float, fit.params[k:]), strict=True))
        noise["sigma2"] *= spread**2
        noise["loglik"] = float(fit.llf - len(y) * np.log(spread))
        noise["loglik"] += self._lost_rows() * np.log(spread)
        noise["aic"] = 2 * (len(fit.params) - noise["loglik"])
        rows = layout.time - layout.time[0]
        burn = fit.loglikelihood_burn
        innovations = fit.filter_results.standardized_forecasts_error[0][rows]
        fitted = y - (fit.resid[rows] * spread) if self._lost_rows() else X @ beta
        innovations = innovations[rows >= burn]
        if not np.isfinite(cov).all() or (np.diag(cov) <= 0).any():
            raise Refusal(f"{self.label} has no usable covariance: try lower orders.")
        return Estimate(beta, cov, np.inf, fitted, innovations, noise["sigma2"], noise)

    def _lost_rows(self) -> int:
        return self.order[1] + self.seasonal_order[1] * self.seasonal_order[3]

    def _best(self, y: np.ndarray, X: np.ndarray, layout: Layout):
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        rows = layout.time - layout.time[0]
        endog = np.full(rows[-1] + 1, np.nan)
        endog[rows] = y
        exog = np.zeros((len(endog), X.shape[1]))
        exog[rows] = X
        model = SARIMAX(
            endog,
            exog if X.shape[1] else None,
            order=self.order,
            seasonal_order=self.seasonal_order,
            simple_differencing=False,
        )
        fits = [self._try(model, method) for method in ("lbfgs", "bfgs")]
        fits = [fit for fit in fits if fit is not None]
        if not fits:
            raise Refusal(
                f"{self.label} did not converge by either of two optimizers: try "
                "lower orders or a simpler model."
            )
        return max(fits, key=lambda fit: fit.llf)

    def _try(self, model, method: str):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = model.fit(disp=0, method=method, maxiter=500, cov_type="approx")
        converged = fit.mle_retvals.get("converged", False)
        return fit if converged and np.isfinite(fit.llf) else None


def _constant_direction(X: np.ndarray) -> np.ndarray | None:
    """Return b with X b = 1 for every row, if the columns hold a constant."""
    beta = np.linalg.lstsq(X, np.ones(len(X)), rcond=None)[0]
    return beta if np.abs(X @ beta - 1).max() < 1e-8 else None

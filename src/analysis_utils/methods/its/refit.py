"""Outcomes drawn as the errors of a model have them, and the model refitted to many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis_utils.asking import NotTestable

from ..resampling.ar1 import AR1Fits, fit_ar1_reml
from ..resampling.batches import one_blas_thread
from ..resampling.counts import CountFits, fit_counts
from ..resampling.linear import Fits, LinearEngine
from .counts import CountModel
from .estimators import OLS, NeweyWest, RemlAR1, hac_lags
from .least_squares import Layout
from .statement import Statement

__all__ = ["CountNoise", "GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise:
    """AR(1) errors with standard deviation `sigma` (of the errors, not innovations)."""

    sigma: float = 1.0
    rho: float = 0.0

    def draw(
        self, mean: np.ndarray, layout: Layout, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return outcomes (rows, size) around the means, stationary from the start."""
        e = ar1_normals(layout, size, self.rho, rng)
        return mean[:, None] + self.sigma * e


@dataclass(frozen=True)
class CountNoise:
    """Counts with variance ``dispersion * mean`` (1: Poisson), a Poisson-gamma mixture.

    rho : autocorrelation of the normal scores behind the gamma-distributed rates
        (Gaussian copula); that of the counts themselves is lower.
    """

    dispersion: float = 1.0
    rho: float = 0.0

    def draw(
        self, mean: np.ndarray, layout: Layout, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return counts (rows, size) with these means."""
        mean = np.broadcast_to(mean[:, None], (len(mean), size))
        spread = self.dispersion - 1
        if spread <= 0:
            return rng.poisson(mean).astype(float)
        if self.rho == 0:
            return rng.poisson(rng.gamma(mean / spread, spread)).astype(float)
        level = special.ndtr(ar1_normals(layout, size, self.rho, rng))
        rates = spread * special.gammaincinv(mean / spread, level)
        return rng.poisson(rates).astype(float)


def ar1_normals(
    layout: Layout, size: int, rho: float, rng: np.random.Generator
) -> np.ndarray:
    """Return standard normal AR(1) series (rows, size), stationary from the start."""
    e = rng.standard_normal((len(layout.time), size))
    for row, step in enumerate(layout.steps):
        if step:
            carry = rho ** int(step)
            e[row] = carry * e[row - 1] + np.sqrt(1 - carry**2) * e[row]
    return e


Noise = GaussianNoise | CountNoise


def refit(
    model: Statement,
    outcomes: np.ndarray,
    alpha: float = 0.0,
    one_by_one: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and standard errors (k, draws) for outcomes (rows, draws).

    Rows are the fitted rows of the model. A negative binomial keeps `alpha`, the
    overdispersion estimated from the data, in every draw, unless `one_by_one` asks for
    the estimator itself. NaN where a draw cannot be fitted (separation).
    """
    if one_by_one:
        return _one_by_one(model, outcomes)
    X, estimator = model.design.X, model.estimator
    whole = _one_unbroken_series(model)
    fits: Fits | AR1Fits | CountFits
    if isinstance(estimator, OLS):
        fits = LinearEngine(X).fit(outcomes)
    elif isinstance(estimator, NeweyWest) and whole:
        lags = hac_lags(estimator.lags, model.design.layout)
        correct = estimator.correction == "stata"
        fits = LinearEngine(X).fit(outcomes, maxlags=lags, use_correction=correct)
    elif estimator == RemlAR1() and whole:
        fits = fit_ar1_reml(outcomes, X)
    elif isinstance(estimator, CountModel) and (whole or estimator.hac is None):
        fits = _counts(model, estimator, outcomes, alpha)
    else:
        return _one_by_one(model, outcomes)
    return fits.params, fits.bse


def _one_unbroken_series(model: Statement) -> bool:
    return model.control is None and bool((model.design.layout.steps[1:] == 1).all())


def _counts(
    model: Statement,
    estimator: CountModel,
    outcomes: np.ndarray,
    alpha: float,
) -> CountFits:
    family = model.family
    if family == "negative_binomial":
        family = "negativebinomial" if alpha > 0 else "poisson"
    lags = None
    if estimator.hac is not None:
        asked = None if estimator.hac == -1 else estimator.hac
        lags = hac_lags(asked, model.design.layout)
    return fit_counts(
        outcomes,
        model.design.X,
        offset=model.design.offset,
        family=family,
        alpha=alpha if family == "negativebinomial" else None,
        maxlags=lags,
        use_correction=estimator.correction == "stata",
    )


def _one_by_one(
    model: Statement, outcomes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    params = np.full((model.design.X.shape[1], outcomes.shape[1]), np.nan)
    bse = params.copy()
    with one_blas_thread():
        for draw in range(outcomes.shape[1]):
            try:
                fit = model._fitted_to(outcomes[:, draw])
            except NotTestable:
                continue
            params[:, draw], bse[:, draw] = fit.params, np.sqrt(np.diag(fit.cov))
    return params, bse

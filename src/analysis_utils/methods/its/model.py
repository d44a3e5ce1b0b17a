"""Segmented regression of an interrupted time series, stated in the field's words."""

from __future__ import annotations

from analysis_utils.asking import NotTestable

from .forecast import ForecastResults, forecast
from .results import ITSResults
from .statement import Statement

__all__ = ["InterruptedTimeSeries"]


class InterruptedTimeSeries(Statement):
    """A series, its interventions, and what else moves it.

    Gaussian: ``y_t = b0 + b1 t + sum_j (level_j, slope_j, ...) + seasons + covariates
    + e_t``; counts: the same in ``log E(y_t) - offset_t``. Time is 0 at the first
    period. With `control` every term of time also has a "treated" twin (multiple-group
    design, Linden 2015): the twins of the interventions are the effects.

    Parameters
    ----------
    y : outcome, one value a period, indexed by dates; sorted here, gaps refused.
    interventions : known events, see Intervention.
    family : "gaussian", "poisson", "quasipoisson" or "negative_binomial".
    errors : "ols", "newey-west", "prais-winsten", "reml-ar1", "reml-ar" (an
        unknown order), "reml-ar-break" (and a variance that changes at the event),
        "sarima" or "structural", or one of OLS(), NeweyWest(lags, correction),
        PraisWinsten(rho), RemlAR1(method), RemlAR(order), Sarima(order,
        seasonal_order), Structural(level, seasonal).
        None: REML-AR(1), under 12 periods OLS. For counts: None (the family's
        variance), Newey-West (lags=0: robust to overdispersion only), or with
        quasipoisson "reml-ar1" and "reml-ar".
    trend : "linear", "quadratic", "spline" (natural cubic, `trend_df` degrees of
        freedom) or None.
    seasonality : None, a number of Fourier pairs a year (a week for daily data),
        "periods" (indicators), or Fourier / SeasonalDummies terms, several in a list.
    offset : log of the exposure (counts only); with `control` a series for all units or
        a table with one column a unit, named as the outcome and the controls are.
    covariates : columns indexed by the same periods; the counterfactual keeps them.
    control : one series or a table with one column a control unit. Another design with
        a control: its difference from y as the outcome, or for counts the log of the
        control as offset, with Newey-West errors (Bottomley et al. 2019).
    exclude : windows (first, last) left out of the fit; time still runs through them.
    use_t : intervals by t(n - k) instead of the normal distribution, or the reverse.
        None: t for least squares, z for counts and state-space errors, as the published
        cases have it.

    Raises
    ------
    NotTestable : what the data cannot carry, with the reason.

    Source: Lopez Bernal, Cummins & Gasparrini 2017 (doi 10.1093/ije/dyw098); Linden
    2015; Turner et al. 2021 (doi 10.1186/s12874-021-01364-0) for the default errors.

    """

    def fit(self) -> ITSResults:
        """Estimate the model."""
        return ITSResults(self, self._estimate)

    def forecast(self) -> ForecastResults:
        """Fit before the first event and predict after it; see forecast."""
        return forecast(self)


def stated_model(model: object) -> InterruptedTimeSeries:
    """Return the model, refused if it is something else (a result, a table)."""
    if isinstance(model, InterruptedTimeSeries):
        return model
    raise NotTestable(
        f"model is an InterruptedTimeSeries, not {type(model).__name__}; of a result "
        "it is result.model."
    )

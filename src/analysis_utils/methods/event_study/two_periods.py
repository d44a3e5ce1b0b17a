"""Effect on the treated from two periods of a panel, with its influence function.

Outcome regression, inverse probability weighting, and both (doubly robust): Sant'Anna
and Zhao 2020, J. Econometrics 219:101, sections 2 and 3.
"""

import warnings

import numpy as np
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from analysis_utils.asking import NotTestable

__all__: list[str] = []  # all of it serves `group_time_effects`

ESTIMATORS = ("dr", "reg", "ipw")
TRIM = 0.995  # controls with a propensity score above it get no weight
OVERLAP = 0.999  # a score above it says that treated units have no comparable control


def att_two_periods(
    change: np.ndarray,
    treated: np.ndarray,
    covariates: np.ndarray,
    weights: np.ndarray,
    estimator: str,
) -> tuple[float, np.ndarray]:
    """Return the effect on the treated and each unit's influence on it (n,).

    change: outcome after minus before (n,). treated: 0 or 1. covariates: (n, p) with
    a column of ones. Without other covariates all estimators are the difference
    between two mean changes.
    """
    on_treated = weights * treated
    if estimator == "reg" or covariates.shape[1] == 1:
        left, by_outcome = _outcome_regression(change, treated, covariates, weights)
        return _treated_mean(left, on_treated, covariates, by_outcome)
    on_control, by_score = _propensity(treated, covariates, weights)
    left, by_outcome = change, np.zeros_like(covariates)
    if estimator == "dr":
        left, by_outcome = _outcome_regression(change, treated, covariates, weights)
    att, influence = _treated_mean(left, on_treated, covariates, by_outcome)
    control, influence_control = _treated_mean(left, on_control, covariates, by_outcome)
    tilt = (on_control * (left - control)) @ covariates / len(change)
    influence_control = influence_control + by_score @ tilt / on_control.mean()
    return att - control, influence - influence_control


def _treated_mean(
    values: np.ndarray,
    weights: np.ndarray,
    covariates: np.ndarray,
    by_outcome: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Weighted mean of values, and its influence including the regression's."""
    share = weights.mean()
    mean = float((weights * values).mean() / share)
    moment = weights @ covariates / len(values)
    return mean, (weights * (values - mean) - by_outcome @ moment) / share


def _outcome_regression(
    change: np.ndarray,
    treated: np.ndarray,
    covariates: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Residuals from the controls' regression; influence on its coefficients."""
    on_control = weights * (1 - treated)
    bread = (covariates.T * on_control) @ covariates / len(change)
    if np.linalg.matrix_rank(bread) < len(bread):
        raise NotTestable("the covariates are collinear among the control units")
    moment = covariates.T @ (on_control * change) / len(change)
    left = change - covariates @ np.linalg.solve(bread, moment)
    scores = covariates * (on_control * left)[:, None]
    return left, scores @ np.linalg.inv(bread)


def _propensity(
    treated: np.ndarray, covariates: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Odds weights of the controls by a logit; influence on its coefficients."""
    if np.linalg.matrix_rank(covariates) < covariates.shape[1]:
        raise NotTestable("the covariates are collinear")
    with warnings.catch_warnings():  # separation is found below, and refused
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        model = sm.GLM(
            treated, covariates, family=sm.families.Binomial(), var_weights=weights
        ).fit(tol=1e-12)
    score = model.fittedvalues
    if not model.converged or score.max() > OVERLAP:
        raise NotTestable(
            "some treated units have no comparable controls, as the "
            "covariates separate them"
        )
    odds = weights * (1 - treated) * score / (1 - score)
    odds[score >= TRIM] = 0
    scores = covariates * (weights * (treated - score))[:, None]
    return odds, scores @ model.normalized_cov_params * len(treated)

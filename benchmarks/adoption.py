"""Adoption permuted over the units of a panel: two-way fixed effects without refits.

The coefficient is sum(D * Y) / sum(D * D) of treatment and outcome demeaned by unit and
time. Exchanging units exchanges rows of D, which stays demeaned; so with K = D Y' a
draw is the sum of n entries of K.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable
from analysis_utils.methods.resampling.batches import run_batches


@dataclass(frozen=True)
class AdoptionPermutation:
    """The estimate, the estimates of all draws, and the two-sided p-value.

    The p-value counts draws at least as large in absolute value, the data among them.
    """

    estimate: float
    draws: np.ndarray
    pvalue: float


def permute_adoption(
    outcome: np.ndarray | pd.DataFrame,
    treatment: np.ndarray | pd.DataFrame,
    *,
    strata: np.ndarray | pd.Series | None = None,
    draws: int = 9999,
    seed: int = 0,
    workers: int = 1,
) -> AdoptionPermutation:
    """Exchange the treatment histories of units and re-estimate the effect.

    outcome, treatment: (units, periods), balanced; y = unit + time + b treatment.
    strata: units exchange only within the same value. Exact if units were exchangeable
    within strata; it tests that no unit was affected.
    """
    treatment, strata = _as_labelled(outcome, treatment, strata)
    y, d = _demeaned(outcome, "outcome"), _demeaned(treatment, "treatment")
    if y.shape != d.shape:
        raise NotTestable(
            f"outcome {y.shape} and treatment {d.shape} must have the same "
            "units and periods."
        )
    spread = float((d**2).sum())
    if spread <= 1e-12:
        raise NotTestable("The treatment does not vary beyond units and time.")
    products = d @ y.T / spread
    groups = _groups(strata, len(y))

    def work(size: int, rng: np.random.Generator) -> np.ndarray:
        total = np.zeros(size)
        for members in groups:
            order = rng.permuted(np.tile(members, (size, 1)), axis=1)
            total += products[order, members].sum(axis=1)
        return total

    found = run_batches(
        work,
        draws,
        seed=seed,
        workers=workers,
        batch=max(1, 500_000 // len(y)),
        label="permuted adoption",
    )
    estimate = float(np.trace(products))
    extreme = int((np.abs(found) >= abs(estimate) * (1 - 1e-12)).sum())
    return AdoptionPermutation(estimate, found, (1 + extreme) / (1 + draws))


def _as_labelled(outcome, treatment, strata):
    """Treatment and strata in the order of the outcome's labels, if they have any."""
    if isinstance(outcome, pd.DataFrame):
        if isinstance(treatment, pd.DataFrame):
            same = set(treatment.index) == set(outcome.index)
            if not same or set(treatment.columns) != set(outcome.columns):
                raise NotTestable(
                    "outcome and treatment must have the same units and periods."
                )
            treatment = treatment.loc[outcome.index, outcome.columns]
        if isinstance(strata, pd.Series):
            strata = strata.reindex(outcome.index)
    return treatment, strata


def _demeaned(values: np.ndarray | pd.DataFrame, what: str) -> np.ndarray:
    matrix = np.asarray(values, dtype="float64")
    if matrix.ndim != 2 or not np.isfinite(matrix).all():
        raise NotTestable(
            f"{what}: a balanced panel is needed, (units, periods) without "
            "missing values."
        )
    return (
        matrix
        - matrix.mean(axis=1, keepdims=True)
        - matrix.mean(axis=0)
        + matrix.mean()
    )


def _groups(strata: np.ndarray | pd.Series | None, n: int) -> list[np.ndarray]:
    codes = (
        np.zeros(n, dtype=int)
        if strata is None
        else pd.factorize(np.asarray(strata), sort=True)[0]
    )
    if len(codes) != n:
        raise NotTestable(f"strata has {len(codes)} values for {n} units.")
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]

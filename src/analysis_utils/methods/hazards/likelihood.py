"""The likelihood of the complementary log-log hazard, cell effects concentrated out.

With mu = exp(alpha_cell + x b) a row adds log(1 - exp(-mu)) if the event happens and
-mu if not. The second is linear in mu, so that an interval without event adds -exp(x b)
times the sum of exp(alpha) over its cells: a difference of two cumulative sums. The
cost grows with intervals and events, not with units times periods. A cell without an
event has exp(alpha) = 0 at the maximum and drops out by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from analysis_utils.asking import NotTestable

from .risk_sets import RiskSets

STEPS = 60
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Fitted:
    """The maximum: `beta` of the scaled covariates, `a` = exp(alpha) by cell.

    information : of beta with the cells concentrated out (observed, not expected).
    scores : (intervals, k), derivatives less what the cells explain of them.
    means : (cells, k), weighted means of the covariates in a cell.
    """

    beta: np.ndarray
    a: np.ndarray
    risk: np.ndarray
    event_score: np.ndarray
    loglik: float
    information: np.ndarray
    scores: np.ndarray
    means: np.ndarray


class Likelihood:
    """Log likelihood, score and information for any coefficients."""

    def __init__(self, sets: RiskSets) -> None:
        self.sets = sets
        self.spans = sets.span_matrix()
        self.at = sets.end[sets.event]
        cells = sets.shape[0] * sets.shape[1]
        self.events = np.bincount(self.at, minlength=cells).astype(float)
        self.x_event = sets.X[sets.event]

    def along(self, values: np.ndarray) -> np.ndarray:
        """Cumulative sums along the periods of each stratum: (cells, ...)."""
        shape = (*self.sets.shape, *values.shape[1:])
        return np.cumsum(values.reshape(shape), axis=1).reshape(values.shape)

    def between(self, values: np.ndarray) -> np.ndarray:
        """Sums of cell values over the cells of each interval without the event."""
        total = self.along(values)
        before = np.roll(total, 1, axis=0)
        before[:: self.sets.shape[1]] = 0.0
        return before[self.sets.end] - before[self.sets.first]

    def start(self) -> np.ndarray:
        """exp(alpha) of a model without covariates."""
        risk = self.along(self.spans @ np.exp(self.sets.offset))
        share = self.events / np.maximum(self.events + np.maximum(risk, 0), 1e-300)
        return -np.log1p(-np.minimum(share, 1 - 1e-9))

    def value(self, beta: np.ndarray, a: np.ndarray) -> float:
        """Log likelihood."""
        with np.errstate(over="ignore"):
            m = np.exp(self.sets.X @ beta + self.sets.offset)
            mu = m[self.sets.event] * a[self.at]
            total = np.log(-np.expm1(-mu)).sum() - m @ self.between(a)
        return float(total)

    def derivatives(self, beta: np.ndarray, a: np.ndarray) -> dict:
        """Score and information in the blocks of cells and coefficients."""
        X, event = self.sets.X, self.sets.event
        m = np.exp(X @ beta + self.sets.offset)
        mu = np.minimum(m[event] * a[self.at], 700)  # exp(-700) is 0 beside 1
        f = mu / np.expm1(mu)
        w = np.maximum(f * (mu + f - 1), 0)
        risk = np.maximum(self.along(self.spans @ m), 0)
        waits = m * self.between(a)
        cells = len(a)
        diagonal = np.bincount(self.at, w, minlength=cells) + a * risk
        cross = a[:, None] * self.along(self.spans @ (m[:, None] * X))
        np.add.at(cross, self.at, w[:, None] * self.x_event)
        return {
            "m": m,
            "f": f,
            "risk": risk,
            "cells": np.bincount(self.at, f, minlength=cells) - a * risk,
            "coefficients": self.x_event.T @ f - X.T @ waits,
            "diagonal": np.where(self.events > 0, diagonal, 1.0),
            "cross": np.where(self.events[:, None] > 0, cross, 0.0),
            "block": X.T @ (waits[:, None] * X)
            + self.x_event.T @ (w[:, None] * self.x_event),
        }

    def maximise(self) -> Fitted:
        """Newton's steps, halved where the likelihood would fall."""
        beta, a = np.zeros(self.sets.X.shape[1]), self.start()
        value = self.value(beta, a)
        first = np.zeros(len(beta))
        for step in range(STEPS):
            d = self.derivatives(beta, a)
            change, shift, gain = self._step(d, step == 0)
            if step == 0:
                first = np.diag(d["block"])
            if gain < TOLERANCE:  # this last step leaves an error of its square
                beta, a = beta + change, np.where(self.events > 0, a * np.exp(shift), 0)
                self._check_finite(beta)
                made = self._fitted(beta, a)
                self._check_flat(made, first)
                return made
            # far from the maximum a whole step may overshoot by hundreds
            short = min(1.0, 5 / max(np.abs(change).max(initial=0), 1e-300))
            change, shift = short * change, short * shift
            for _ in range(40):
                new_a = np.where(self.events > 0, a * np.exp(np.clip(shift, -5, 5)), 0)
                new = self.value(beta + change, new_a)
                if new >= value - 1e-9:
                    break
                change, shift = change / 2, shift / 2
            beta, a, value = beta + change, new_a, new
            self._check_finite(beta)
        self._infinite(beta)

    def _step(self, d: dict, check: bool) -> tuple[np.ndarray, np.ndarray, float]:
        """Steps of coefficients and cells; twice the gain that they promise."""
        weighted = d["cross"] / d["diagonal"][:, None]
        information = d["block"] - d["cross"].T @ weighted
        if check:
            self._check_identified(information, d["block"])
        score = d["coefficients"] - weighted.T @ d["cells"]
        try:
            change = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            change = np.full(len(score), np.inf)
        if not np.isfinite(change).all():
            self._infinite(change)
        left = np.where(self.events > 0, d["cells"] - d["cross"] @ change, 0.0)
        shift = left / d["diagonal"]
        gain = float(score @ change + (d["cells"] ** 2 / d["diagonal"]).sum())
        return change, shift, gain

    def _check_identified(self, information: np.ndarray, block: np.ndarray) -> None:
        """Refuse a covariate that cells and earlier covariates determine."""
        left = information.copy()
        for j, name in enumerate(self.sets.names):
            if left[j, j] <= 1e-9 * block[j, j]:
                raise NotTestable(
                    f"{name} does not vary among units at risk in the same period and "
                    "stratum, beyond what the other covariates say: no hazard ratio."
                )
            row = left[j] / left[j, j]
            left = left - np.outer(left[:, j], row)

    def _check_finite(self, beta: np.ndarray) -> None:
        if not np.isfinite(beta).all() or (np.abs(beta) > 60).any():
            self._infinite(beta)

    def _check_flat(self, made: Fitted, first: np.ndarray) -> None:
        """Refuse where the likelihood has gone flat: events at one end of a value."""
        if not len(first):
            return
        left = 1 / np.maximum(np.diag(np.linalg.pinv(made.information)), 1e-300)
        flat = np.flatnonzero(left < 1e-7 * first)
        if len(flat):  # covariates stand before the indicators of effects
            self._infinite(np.eye(len(first))[flat[0]])

    def _infinite(self, beta: np.ndarray) -> NoReturn:
        size = np.where(np.isfinite(beta), np.abs(beta), np.inf)
        name = self.sets.names[int(np.argmax(size))] if len(size) else "the baseline"
        raise NotTestable(
            f"The hazard ratio of {name} has no finite estimate: events occur only at "
            "one end of its values (separation). Count the events in each group, and "
            "bound the rate exactly (methods/exact) instead."
        )

    def _fitted(self, beta: np.ndarray, a: np.ndarray) -> Fitted:
        d = self.derivatives(beta, a)
        means = d["cross"] / d["diagonal"][:, None]
        information = d["block"] - d["cross"].T @ means
        X, event = self.sets.X, self.sets.event
        scores = -d["m"][:, None] * (
            X * self.between(a)[:, None] - self.between(a[:, None] * means)
        )
        scores[event] += d["f"][:, None] * (X[event] - means[self.at])
        return Fitted(
            beta, a, d["risk"], d["f"], self.value(beta, a), information, scores, means
        )

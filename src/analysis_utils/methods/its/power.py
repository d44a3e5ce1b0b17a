"""Power and minimum detectable effect of a design, by simulation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable, Refused

from ..arguments import number, share, whole
from ..resampling.batches import run_batches
from .model import stated_model
from .refit import CountNoise, GaussianNoise, Noise, refit
from .statement import Statement


def power(
    model: Statement,
    term: str,
    effects: Sequence[float],
    *,
    noise: Noise | None = None,
    n_sim: int = 1000,
    seed: int = 0,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return how often the model finds effects of these sizes at level alpha.

    Outcomes are drawn around the fitted counterfactual plus the effect, with `noise`
    (by default that of the fitted model), and refitted by the model's own estimator.

    term : the coefficient, for example "law_level".
    effects : coefficients for a gaussian outcome, rate ratios for counts.

    Returns one row an effect: power with its 95 % Monte Carlo interval (Wilson), and
    `refused`, the share of draws that could not be fitted (they count as not found).
    The power at no effect (0, or ratio 1) is the size of the test.

    >>> from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
    >>> months = pd.period_range("2020-01", periods=36, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(36)
    >>> y = pd.Series(5 + 4.0 * (months >= "2021-07") + noise, months, name="y")
    >>> law = Intervention("law", "2021-07")
    >>> model = InterruptedTimeSeries(y, law, errors="ols")
    >>> power(model, "law_level", [0, 4], n_sim=200)["power"].round(1).tolist()
    [0.0, 1.0]
    """
    effects = _sizes(effects, model)
    draws = _Draws(model, term, noise, n_sim, seed, alpha)
    rows = [draws.rejections(float(effect)) for effect in effects]
    return pd.DataFrame(rows, pd.Index(effects, name="effect"))


def minimum_detectable_effect(
    model: Statement,
    term: str,
    *,
    target: float = 0.8,
    direction: int = 1,
    noise: Noise | None = None,
    n_sim: int = 1000,
    seed: int = 0,
    alpha: float = 0.05,
) -> float:
    """Return the smallest effect found with probability `target`.

    A coefficient for a gaussian outcome, a rate ratio for counts; `direction` -1 asks
    for decreases. The same draws serve every size (to 1 % of the coefficient); refused
    if no effect up to 100 standard errors (ratios from 1/100 to 100) reaches it.

    >>> from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
    >>> months = pd.period_range("2020-01", periods=36, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(36)
    >>> y = pd.Series(5 + 4.0 * (months >= "2021-07") + noise, months, name="y")
    >>> law = Intervention("law", "2021-07")
    >>> model = InterruptedTimeSeries(y, law, errors="ols")
    >>> 1 < minimum_detectable_effect(model, "law_level", n_sim=200) < 3
    True
    """
    share(target, "target")
    if isinstance(direction, bool) or direction not in (1, -1):
        raise Refused(f"direction is 1 (more) or -1 (less), not {direction!r}.")
    draws = _Draws(model, term, noise, n_sim, seed, alpha)

    def found(size: float) -> bool:
        effect = draws.effect(direction * size)
        return draws.rejections(effect)["power"] >= target

    low, high = 0.0, draws.largest / 100
    while not found(high):
        low, high = high, 1.5 * high
        if high > draws.largest:
            raise NotTestable(
                f"No effect of {term} up to {draws.effect(direction * low):.3g} is "
                f"found with probability {target:g}: the series is too short or noisy."
            )
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return draws.effect(direction * high)


def _sizes(effects: object, model: Statement) -> list[float]:
    """Effects as numbers, ratios above zero for counts."""
    stated_model(model)
    if isinstance(effects, str) or not isinstance(effects, Iterable):
        raise Refused(f"effects is a list of numbers, not {effects!r}.")
    least = np.nextafter(0, 1) if model.log_link else -np.inf
    what = "effect (a rate ratio)" if model.log_link else "effect"
    sizes = [number(effect, what, least=least) for effect in effects]
    if not sizes:
        raise Refused("effects is empty: name one size at least.")
    return sizes


class _Draws:
    """Simulated fits of one model; the same random numbers for every effect."""

    def __init__(self, model, term, noise, n_sim, seed, alpha) -> None:
        stated_model(model)
        whole(n_sim, "n_sim", least=1)
        whole(seed, "seed")
        share(alpha, "alpha")
        if noise is not None and not isinstance(noise, Noise):
            raise Refused(f"noise is GaussianNoise or CountNoise, not {noise!r}.")
        self.result = model.fit()
        if not isinstance(term, str) or term not in self.result.params:
            names = ", ".join(self.result.params.index)
            raise NotTestable(f"No coefficient {term!r}: there are {names}.")
        self.model, self.term = model, term
        self.noise = noise or _noise_of(self.result)
        self.n_sim, self.seed = n_sim, seed
        df = self.result.df_resid
        law = stats.norm if np.isinf(df) else stats.t(df)
        self.critical = float(law.isf(alpha / 2))
        self.row = model.design.names.index(term)

    @cached_property
    def _without(self) -> tuple[np.ndarray, np.ndarray]:
        """Estimates and standard errors of draws without an effect."""
        return self._fits(0.0)

    def effect(self, coefficient: float) -> float:
        """Return the size as the caller states it."""
        return float(np.exp(coefficient)) if self.model.log_link else coefficient

    @property
    def largest(self) -> float:
        """The largest coefficient that is tried."""
        if self.model.log_link:
            return float(np.log(100))
        return 100 * float(np.nanmedian(self._without[1]))

    def rejections(self, effect: float) -> dict[str, float]:
        """Return the share of draws whose |estimate| exceeds the critical value."""
        if self.model.log_link:
            params, bse = self._fits(float(np.log(effect)))
        else:  # adding delta x to y adds delta to the coefficient of x, exactly
            params, bse = self._without[0] + effect, self._without[1]
        with np.errstate(invalid="ignore"):
            found = int((np.abs(params / bse) > self.critical).sum())
        share = stats.binomtest(found, self.n_sim).proportion_ci(method="wilson")
        refused = float(np.isnan(params / bse).mean())
        return {
            "power": found / self.n_sim,
            "lower": share.low,
            "upper": share.high,
            "refused": refused,
        }

    def _fits(self, coefficient: float) -> tuple[np.ndarray, np.ndarray]:
        mean, layout = self._mean(coefficient), self.model.design.layout
        alpha = self.result.noise.get("alpha", 0.0)

        def work(size: int, rng: np.random.Generator) -> np.ndarray:
            outcomes = self.noise.draw(mean, layout, size, rng)
            params, bse = refit(self.model, outcomes, alpha)
            return np.column_stack([params[self.row], bse[self.row]])

        draws = run_batches(work, self.n_sim, seed=self.seed, label="power")
        return draws[:, 0], draws[:, 1]

    def _mean(self, coefficient: float) -> np.ndarray:
        """Means of the fitted rows with all interventions off but the one studied."""
        design, params = self.model.design, self.result.params.copy()
        for columns in design.owners.values():
            params[columns] = 0.0
        params[self.term] = coefficient
        eta = design.X @ params.to_numpy()
        return np.exp(eta + design.offset) if self.model.log_link else eta


def _noise_of(result) -> Noise:
    """Return the noise that the fitted model estimates."""
    if result.model.log_link:
        phi = max(result.noise["dispersion"], 1.0)
        rho = result.noise.get("rho", 0.0) * phi / max(phi - 1, 0.05)
        return CountNoise(phi, float(np.clip(rho, -0.95, 0.95)))
    if hasattr(result.model.estimator, "absorbed"):
        raise NotTestable(
            "Give noise=GaussianNoise(sigma, rho) with state-space errors."
        )
    return GaussianNoise(np.sqrt(result.scale), result.noise.get("rho", 0.0))

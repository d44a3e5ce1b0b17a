"""What a fitted hazard says: ratios, baseline, predictions, residuals, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils.asking import NotTestable, Refused

from ..arguments import share, whole
from ..exact import poisson_interval
from .collapse import need_columns
from .likelihood import Fitted
from .risk_sets import Columns, RiskSets, codes_of

FEW_CLUSTERS = 10


@dataclass(frozen=True)
class HazardResults:
    """A fitted discrete-time hazard.

    notes : what a reader must know (levels without events, few clusters).
    """

    columns: Columns
    sets: RiskSets
    fitted: Fitted

    @property
    def equation(self) -> str:
        """The model as it was fitted."""
        cell = ", ".join([*self.columns.strata, "period"])
        terms = [f"alpha({cell})", *(f"b_{name} {name}" for name in self._covariates)]
        terms += [f"c({name})" for name in self.columns.effects]
        terms += [self.columns.offset] if self.columns.offset else []
        return "log(-log(1 - h)) = " + " + ".join(terms)

    def __repr__(self) -> str:
        return (
            f"{self.equation}\n{self.n_units} units, {self.nobs} unit-periods, "
            f"{self.n_events} events\n{self.hazard_ratios()}"
        )

    @property
    def nobs(self) -> int:
        """Unit-periods at risk in cells with an event: those that say something."""
        sets, informative = self.sets, (self.fitted.a > 0).astype(float)
        total = np.concatenate([[0], np.cumsum(informative)])
        # the event's own cell is informative by definition
        return int((total[sets.end] - total[sets.first] + sets.event).sum())

    @property
    def n_at_risk(self) -> int:
        """All unit-periods at risk."""
        return int(self.sets.counted.sum())

    @property
    def n_units(self) -> int:
        """Units that were at risk at any time."""
        return int(self.sets.table[self.columns.unit].nunique())

    @property
    def n_events(self) -> int:
        """Events."""
        return int(self.sets.event.sum())

    @property
    def llf(self) -> float:
        """Log likelihood, of cells with and without events."""
        return self.fitted.loglik

    @property
    def params(self) -> pd.Series:
        """Log hazard ratios, of additive effects too."""
        return pd.Series(self.fitted.beta / self.sets.scale, self.sets.names, name="b")

    @cached_property
    def cov(self) -> pd.DataFrame:
        """Covariance of `params`: by cluster if one was named, else by likelihood."""
        bread = np.linalg.inv(self.fitted.information)
        if self.columns.cluster is not None:
            sums = self._cluster_scores
            groups = len(sums)
            bread = bread @ (sums.T @ sums) @ bread * groups / (groups - 1)
        scaled = bread / np.outer(self.sets.scale, self.sets.scale)
        return pd.DataFrame(scaled, self.sets.names, self.sets.names)

    @property
    def bse(self) -> pd.Series:
        """Standard errors of `params`."""
        return pd.Series(np.sqrt(np.diag(self.cov)), self.sets.names, name="se")

    def hazard_ratios(
        self, names: Sequence[str] | None = None, alpha: float = 0.05
    ) -> pd.DataFrame:
        """Hazard ratios of covariates: ratio, lower, upper, p, and what they rest on.

        `clusters` is the effective number of clusters behind the coefficient,
        1 / sum of squared shares of its information: below about 10 the interval by
        clusters is too narrow, and `notes` says so; randomise over clusters instead.
        """
        alpha = share(alpha, "alpha")
        wanted = self._covariates if names is None else list(names)
        for name in wanted:
            if name not in self.params:
                raise Refused(
                    f"No coefficient {name!r}: {', '.join(self.params.index)}"
                )
        b, se = self.params[wanted], self.bse[wanted]
        law = stats.norm if self.columns.cluster is None else stats.t(self._groups - 1)
        reach = law.isf(alpha / 2) * se
        table = pd.DataFrame(
            {
                "ratio": np.exp(b),
                "lower": np.exp(b - reach),
                "upper": np.exp(b + reach),
                "p": 2 * law.sf((b / se).abs()),
                "b": b,
                "se": se,
            }
        )
        if self.columns.cluster is not None:
            table["clusters"] = self.effective_clusters[wanted]
        return table

    @cached_property
    def effective_clusters(self) -> pd.Series:
        """Effective number of clusters behind each coefficient (see hazard_ratios)."""
        codes, names = self._cluster_codes
        inverse = np.linalg.inv(self.fitted.information)
        shares = {}
        for j, name in enumerate(self.sets.names):
            information = self._information_by(codes, len(names), inverse[:, j])
            share = information / information.sum()
            shares[name] = 1 / float(share @ share)
        return pd.Series(shares, name="clusters")

    def influence(self, name: str) -> pd.Series:
        """What each cluster adds to a coefficient (unit, if no cluster was named).

        The sum is 0, and the root of the sum of squares the sandwich error before its
        small-sample factor: for joint inference over many fits (`curve`).
        """
        if name not in self.sets.names:
            raise Refused(f"No coefficient {name!r}: {', '.join(self.sets.names)}")
        j = self.sets.names.index(name)
        column = self.columns.cluster or self.columns.unit
        row = np.linalg.inv(self.fitted.information)[j] / self.sets.scale[j]
        parts = pd.Series(self.fitted.scores @ row, name="influence")
        return parts.groupby(self.sets.table[column].to_numpy(), sort=True).sum()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know."""
        notes = list(self.sets.notes)
        if self.columns.cluster is not None:
            few = self.effective_clusters[self._covariates]
            few = few[few < FEW_CLUSTERS]
            if len(few):
                words = ", ".join(f"{name} ({n:.1f})" for name, n in few.items())
                notes.append(
                    f"Few effective clusters: {words}. Their intervals are too narrow; "
                    "use randomisation over clusters."
                )
        return tuple(notes)

    @property
    def baseline(self) -> pd.DataFrame:
        """exp(alpha), events per unit with all covariates 0: (strata, periods).

        0 where a cell had no event, NaN where nobody was at risk.
        """
        a = self.fitted.a.reshape(self.sets.shape)[:, :-1]
        risk = self.fitted.risk.reshape(self.sets.shape)[:, :-1]
        shift = float(self.fitted.beta @ (self.sets.centre / self.sets.scale))
        values = np.where((risk > 1e-12) | (a > 0), a * np.exp(-shift), np.nan)
        return pd.DataFrame(values, self.sets.strata, self.sets.periods)

    def predictor(self, table: pd.DataFrame) -> pd.Series:
        """x b + additive effects + offset of any rows, without the baseline.

        Minus infinity in a level of an additive effect that had no event.
        """
        need_columns(table, [*self.columns.covariates, *self.columns.effects])
        total = np.zeros(len(table))
        for name in self.columns.covariates:
            total += self.params[name] * table[name].to_numpy(dtype="float64")
        for effect in self.columns.effects:
            levels = sorted(self.sets.table[effect].unique())
            shift = pd.Series(0.0, index=levels)
            for level in levels[1:]:
                shift[level] = self.params[f"{effect}[{level}]"]
            total += table[effect].map(shift).fillna(-np.inf).to_numpy()
        if self.columns.offset:
            total += table[self.columns.offset].to_numpy(dtype="float64")
        return pd.Series(total, table.index, name="predictor")

    def probability(
        self, table: pd.DataFrame, baseline: float | Sequence[float] | pd.Series
    ) -> pd.Series:
        """Probability of an event within a horizon whose baselines sum to `baseline`.

        baseline : sum of exp(alpha) over the horizon's periods, one number or one for
            each row; for example 4 times the mean of `fit.baseline` in the last weeks.
        """
        values = np.asarray(baseline, dtype="float64")
        if values.ndim > 1 or (values.ndim == 1 and len(values) != len(table)):
            raise Refused(f"baseline: one number, or {len(table)}, one for each row.")
        if not np.isfinite(values).all() or (values < 0).any():
            raise Refused("baseline: sums of exp(alpha), finite and not negative.")
        mu = np.exp(self.predictor(table).to_numpy()) * values
        return pd.Series(-np.expm1(-mu), table.index, name="probability")

    def residual_sums(self, groups: Sequence[str]) -> tuple[np.ndarray, pd.Index]:
        """Score residuals summed by group and period: (groups, periods), their labels.

        A residual is the derivative of the log likelihood by the predictor. A covariate
        z that is constant within groups and periods has the score sum(z * residuals):
        what randomisation over groups needs, without another fit.
        """
        expected, scores, labels = self._sums_by(groups)
        return scores - expected, labels

    def expected_sums(self, groups: Sequence[str]) -> tuple[np.ndarray, pd.Index]:
        """Information by group and period: (groups, periods), their labels.

        Sums of mu over the unit-periods at risk, about the events that are expected.
        The variance of the score of a covariate that is constant within groups and
        periods follows from them (see `randomisation.additive`).
        """
        expected, _, labels = self._sums_by(groups, with_events=True)
        return expected, labels

    def _sums_by(
        self, groups: Sequence[str], with_events: bool = False
    ) -> tuple[np.ndarray, np.ndarray, pd.Index]:
        """Sums of mu and of the scores of events, by group and period."""
        need_columns(self.sets.table, list(groups))
        codes, labels = codes_of(self.sets.table, groups)
        sets, f = self.sets, self.fitted
        strata, width = sets.shape
        pair, pairs = pd.factorize(codes * strata + sets.stratum, sort=True)
        first, end, at = sets.first % width, sets.end % width, sets.event
        spans = np.zeros((len(pairs), width + 1))
        np.add.at(spans, (pair, first), self._m)
        np.subtract.at(spans, (pair, end + (at & with_events)), self._m)
        a = f.a.reshape(sets.shape)[pairs % strata]
        expected, scores = np.zeros((2, len(labels), width))
        risk = np.maximum(np.cumsum(spans, axis=1)[:, :-1], 0)
        np.add.at(expected, pairs // strata, risk * a)
        np.add.at(scores, (codes[at], end[at]), f.event_score)
        return expected[:, :-1], scores[:, :-1], labels

    def fitted_hazards(self) -> pd.DataFrame:
        """Fitted hazard of each unit-period at risk: row of the table, period, hazard.

        `observed` is 1 in the unit-period of the event.
        """
        sets, counted = self.sets, self.sets.counted
        row = np.repeat(np.arange(len(counted)), counted)
        step = np.arange(len(row)) - (np.cumsum(counted) - counted)[row]
        cell = sets.first[row] + step
        hazard = -np.expm1(-self._m[row] * self.fitted.a[cell])
        observed = sets.event[row] & (cell == sets.end[row])
        return pd.DataFrame(
            {
                "row": row,
                "period": sets.periods.to_numpy()[cell % sets.shape[1]],
                "hazard": hazard,
                "observed": observed.astype(int),
            }
        )

    def calibration(self, groups: int = 10) -> pd.DataFrame:
        """Unit-periods in order of their fitted hazard: events expected and observed.

        The groups have about equal numbers of expected events. Columns: rows (unit-
        periods), lowest and highest hazard, expected, observed, lower, upper (exact
        95 % Poisson interval of what was observed). Within the sample that was fitted.
        """
        rows = self.fitted_hazards()
        rows = rows[rows["hazard"] > 0].sort_values("hazard", kind="stable")
        groups = whole(groups, "groups", 2, len(rows))
        total = rows["hazard"].cumsum()
        part = np.ceil(total / total.iloc[-1] * groups - 1e-9).clip(1, groups)
        table = rows.groupby(part.astype(int).rename("group")).agg(
            rows=("hazard", "size"),
            lowest=("hazard", "min"),
            highest=("hazard", "max"),
            expected=("hazard", "sum"),
            observed=("observed", "sum"),
        )
        limits = [poisson_interval(count) for count in table["observed"]]
        table[["lower", "upper"]] = np.array(limits)
        return table

    @property
    def _covariates(self) -> list[str]:
        return list(self.columns.covariates)

    @cached_property
    def _m(self) -> np.ndarray:
        return np.exp(self.sets.X @ self.fitted.beta + self.sets.offset)

    @cached_property
    def _cluster_codes(self) -> tuple[np.ndarray, pd.Index]:
        values = self.sets.table[self.columns.cluster]
        if values.isna().any():
            raise Refused(f"{self.columns.cluster}: every row needs its cluster.")
        codes, names = pd.factorize(values, sort=True)
        if len(names) < 2:
            raise NotTestable(
                f"{self.columns.cluster}: one cluster only; its spread is unknown."
            )
        return codes, names

    @property
    def _groups(self) -> int:
        return len(self._cluster_codes[1])

    @cached_property
    def _cluster_scores(self) -> np.ndarray:
        codes, names = self._cluster_codes
        sums = np.zeros((len(names), self.sets.X.shape[1]))
        np.add.at(sums, codes, self.fitted.scores)
        return sums

    def _information_by(self, codes, n: int, direction: np.ndarray) -> np.ndarray:
        """Information on one combination of coefficients that each cluster holds."""
        sets, f = self.sets, self.fitted
        z, mean = sets.X @ direction, f.means @ direction
        sums = [self._between(f.a * power) for power in (1, mean, mean**2)]
        parts = self._m * (z**2 * sums[0] - 2 * z * sums[1] + sums[2])
        at = sets.end[sets.event]
        mu = self._m[sets.event] * f.a[at]
        weight = np.maximum(f.event_score * (mu + f.event_score - 1), 0)
        parts[sets.event] += weight * (z[sets.event] - mean[at]) ** 2
        return np.bincount(codes, np.maximum(parts, 0), minlength=n)

    def _between(self, values: np.ndarray) -> np.ndarray:
        """Sums of cell values over each interval's periods without the event."""
        total = np.cumsum(values.reshape(self.sets.shape), axis=1).ravel()
        before = np.roll(total, 1)
        before[:: self.sets.shape[1]] = 0.0
        return before[self.sets.end] - before[self.sets.first]

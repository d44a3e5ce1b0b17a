"""Few dated acts among many units: an event study by exchange of who acted, and when.

Each act is a difference in differences: the change of its unit since the period before
the act, less the mean change of units that have none yet. A mean of acts alike is the
estimate of Callaway and Sant'Anna 2021 (`event_study.group_time_effects`). With a
handful of acts no error by cluster holds; what holds is the distribution of the
estimate over all ways in which the same acts could have fallen on the units (Fisher
1935; MacKinnon and Webb 2020, Journal of Econometrics 218:435).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from .arguments import one_of
from .randomisation import Randomisation, additive, invert, randomise

__all__ = ["DatedActs", "Exchange"]


@dataclass(frozen=True, repr=False)
class DatedActs:
    """An outcome by period and unit, and which unit has an act from which period.

    outcome : periods (a PeriodIndex without holes) by units, all that take part.
    since : period of the act, by unit. control : units with no act "not-yet", or
    "never". trend : periods before from which a line of the unit's own is continued, or
    0. weight : of each act by unit, alike if None. leave_out : units with an act that
    are neither treated nor control.

    Where k is asked for, it is a period since the act, which all acts must have, else
    NotTestable; or several, averaged over acts and periods that are known.

    >>> months = pd.period_range("2025-01", periods=4, freq="M")
    >>> outcome = pd.DataFrame({"a": [1, 1, 6, 8], "b": [0, 1, 2, 3], "c": 2}, months)
    >>> acts = DatedActs(outcome, pd.Series({"a": months[2]}))
    >>> acts.estimate(0), acts.estimate([0, 1])
    (4.5, 5.25)
    >>> acts.exchange(0)
    1 of 3 units with an act: 4.5, p = 0.333
    """

    outcome: pd.DataFrame
    since: pd.Series
    control: str = "not-yet"
    trend: int = 0
    weight: pd.Series | None = None
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of(self.control, ("not-yet", "never"), "control")
        steps = np.diff(_clock(self.outcome.index))
        if len(steps) and not (steps == 1).all():
            raise Refused("outcome: periods must follow one another without a hole.")
        for what, named, known in (
            ("since", self.since.index, self.units),
            ("leave_out", self.leave_out, self.since.index),
            ("weight", self.since.index, getattr(self.weight, "index", None)),
        ):
            if known is not None and (others := set(named) - set(known)):
                raise Refused(f"{what}: {', '.join(map(str, sorted(others)))} unknown.")

    def __repr__(self) -> str:
        return f"{len(self.treated)} of {len(self.units)} units with an act"

    @property
    def units(self) -> pd.Index:
        """All units that take part."""
        return self.outcome.columns

    @property
    def treated(self) -> pd.Series:
        """Periods of the acts that are studied."""
        return self.since.drop(list(self.leave_out))

    def without(self, *units: str) -> "DatedActs":
        """The same, with these units' acts and the units themselves left out."""
        return replace(self, leave_out=(*self.leave_out, *units))

    def among_controls(self) -> "DatedActs":
        """The acts given to units that have none: to know chance before the effect."""
        none = [unit for unit in self.units if unit not in self.since.index]
        if len(none) <= len(self.treated):
            raise NotTestable(
                f"{len(none)} units without an act are too few to lend "
                f"{len(self.treated)} acts to and keep a control."
            )
        lent = self.treated.set_axis(none[: len(self.treated)])
        return DatedActs(self.outcome[none], lent, self.control, self.trend)

    def estimate(self, k: int | Sequence[int]) -> float:
        """Mean over the acts of the difference k periods after."""
        return float(np.trace(self.contributions(k)))

    def contributions(self, k: int | Sequence[int]) -> np.ndarray:
        """(units, units): what each adds to the estimate with another's act."""
        return self._sums(self.outcome, k)

    def doses(self, k: int | Sequence[int]) -> np.ndarray:
        """The same of an effect of 1 since each unit's act."""
        periods = self.outcome.index
        on = _clock(periods)[:, None] >= self._own
        return self._sums(pd.DataFrame(on, periods, self.units, dtype="float64"), k)

    def histories(self) -> np.ndarray:
        """Number of each unit's act, -1 for none: what units exchange."""
        return pd.Index(self.since.index).get_indexer(self.units)

    def exchange(
        self, k: int | Sequence[int], draws: int = 9999, seed: int = 287
    ) -> "Exchange":
        """The acts exchanged among units, the same assignments for effects of 1."""
        outcome, dose = (
            randomise(additive(table), self.histories(), draws=draws, seed=seed)
            for table in (self.contributions(k), self.doses(k))
        )
        return Exchange(outcome, dose, repr(self))

    def long(self) -> pd.DataFrame:
        """One row a unit and period: period, unit, outcome, act (or missing)."""
        table = self.outcome.drop(columns=list(self.leave_out)).stack()
        table = table.rename_axis(["period", "unit"]).rename("outcome").reset_index()
        return table.assign(act=table["unit"].map(self.treated))

    @cached_property
    def _own(self) -> np.ndarray:
        """Period of each unit's act as a number, infinite for none."""
        clock = pd.Series(_clock(self.since), self.since.index, dtype="float64")
        return clock.reindex(self.units).fillna(np.inf).to_numpy()

    def _sums(self, table: pd.DataFrame, k: int | Sequence[int]) -> np.ndarray:
        alone = np.ndim(k) == 0
        steps: list[int] = np.atleast_1d(k).tolist()
        changes, shares, weights = [], [], []
        for unit, month in self.treated.items():
            for step in steps:
                try:
                    change = self._change(table, unit, month, step)
                    share = self._share(unit, month, step)
                except NotTestable:
                    if alone:
                        raise
                    continue
                changes.append(change)
                shares.append(share)
                weights.append(1.0 if self.weight is None else self.weight[unit])
        if not changes:
            raise NotTestable("No act has the periods, and a control, that it needs.")
        weight = np.array(weights) / np.sum(weights)
        return np.column_stack(changes) @ (np.column_stack(shares) * weight).T

    def _change(
        self, table: pd.DataFrame, unit: str, month: pd.Period, k: int
    ) -> np.ndarray:
        """Change of all units from the period before an act to k periods after."""
        act = month.ordinal - table.index[0].ordinal
        rows = [act - 1, act + k, act - 1 - self.trend]
        lacking = [row for row in sorted(rows) if not 0 <= row < len(table)]
        if lacking:
            raise NotTestable(
                f"The act of {unit} needs {table.index[0] + lacking[0]:%B %Y}; the "
                f"months run from {table.index[0]:%B %Y} to {table.index[-1]:%B %Y}."
            )
        base, end, earlier = table.to_numpy(dtype="float64")[rows]
        slope = (base - earlier) / self.trend if self.trend else 0.0
        return end - base - (k + 1) * slope

    def _share(self, unit: str, month: pd.Period, k: int) -> np.ndarray:
        """Share of each unit in an act's difference: 1, and its controls'."""
        own, at = self._own, month.ordinal
        free = np.isinf(own) if self.control == "never" else own > at + max(k, -1)
        controls = free & (own != at) & ~self.units.isin(self.leave_out)
        if not controls.any():
            raise NotTestable(f"No control is left for the act of {unit}.")
        return (self.units == unit) - controls / controls.sum()


@dataclass(frozen=True, repr=False)
class Exchange:
    """Estimates under exchanged acts, and what an effect of 1 adds to each of them."""

    outcome: Randomisation
    dose: Randomisation
    about: str

    def __repr__(self) -> str:
        return f"{self.about}: {self.outcome.observed:.4g}, p = {self.pvalue():.3g}"

    def pvalue(self, effect: float = 0.0) -> float:
        """p of an effect that is the same for all acts and periods."""
        made = self.outcome.draws - effect * self.dose.draws
        seen = self.outcome.observed - effect * self.dose.observed
        return replace(self.outcome, observed=seen, draws=made).pvalue

    def interval(self, level: float) -> tuple[float, float]:
        """Effects that are not rejected; endless where assignments are too few."""
        unit = float(self.outcome.draws.std()) or 1.0
        middle = self.outcome.observed
        low, high = invert(
            lambda u: self.pvalue(middle + u * unit),
            0.0,
            -30.0,
            30.0,
            alpha=1 - level,
            tolerance=0.001,
        )
        return middle + low * unit, middle + high * unit


def _clock(periods: pd.PeriodIndex | pd.Series) -> np.ndarray:
    return np.array([period.ordinal for period in periods])

"""Interventions: what changes, when, and how fast, as columns of the design."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import flag, number, whole
from .calendar import position


@dataclass(frozen=True)
class Intervention:
    """An interruption of the series at a known date.

    With T the row of the first affected period (the one that contains `date`, plus
    `lag`) the columns, zero before T and after `end`, are

    - level: 1 from T on (Box & Tiao's step),
    - slope: ``t - T + ramp_start`` from T on (change of the trend),
    - pulse: 1 in the first `pulse` periods; with `decay` ``decay**(t - T)``,
    - level without pulse but with `decay`: ``1 - decay**(t - T + 1)``.

    Parameters
    ----------
    name : the event, used in the names of the coefficients.
    date : any date that pandas reads; a year for yearly data.
    level, slope : which changes are estimated.
    pulse : number of periods (True is 1) of a passing change; 0 for none.
    decay : delta of Box & Tiao's first-order response, 0 < delta < 1, given: a pulse
        fades, or a level comes in, by the share 1 - delta of what is left in each
        period.
    lag : periods between the date and its first effect.
    transition : periods over which the change comes in, counted from T.
    phase : what a transition does: "linear" brings the level in by equal steps
        (1/(k+1), 2/(k+1), ..., then 1; the slope begins after it), "exclude" leaves
        its periods out of the fit, "separate" gives them a level of their own.
    end : last period of the intervention; level and slope are zero after it.
    ramp_start : value of the ramp at T: 0 (Linden 2015: the level change is the one at
        T) or 1 (Lopez Bernal 2017, Schaffer 2021: the change at T is level + slope).

    """

    name: str
    date: object
    level: bool = True
    slope: bool = False
    pulse: int = 0
    decay: float | None = None
    lag: int = 0
    transition: int = 0
    phase: str = "linear"
    end: object = None
    ramp_start: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise NotTestable(f"The name of an event is text, not {self.name!r}.")
        flag(self.level, f"{self.name}: level")
        flag(self.slope, f"{self.name}: slope")
        if not (self.level or self.slope or self.pulse):
            raise NotTestable(
                f"{self.name}: choose level, slope or pulse; none is set."
            )
        if self.phase not in ("linear", "exclude", "separate"):
            raise NotTestable(
                f"{self.name}: phase is {self.phase!r}; it can be linear, exclude or "
                "separate."
            )
        whole(self.ramp_start, f"{self.name}: ramp_start", most=1)
        if self.decay is not None:
            decay = number(self.decay, f"{self.name}: decay")
            if not 0 < decay < 1:
                raise NotTestable(f"{self.name}: decay lies between 0 and 1: {decay}.")
        whole(self.lag, f"{self.name}: lag")
        whole(self.transition, f"{self.name}: transition")
        if not isinstance(self.pulse, bool):
            whole(self.pulse, f"{self.name}: pulse")

    @property
    def slug(self) -> str:
        """The name as it stands in coefficients and formulas."""
        word = re.sub(r"\W+", "_", self.name).strip("_")
        return f"event_{word}" if not word or word[0].isdigit() else word

    def span(self, periods: pd.PeriodIndex) -> tuple[int, int]:
        """Return the first affected row and the row after the last."""
        first = position(periods, self.date, self.name) + self.lag
        n = len(periods)
        last = n if self.end is None else self._end(periods)
        if first < 1 or first >= n:
            where = "no period before it" if first < 1 else "no period after it"
            raise NotTestable(
                f"{self.name} ({self.date}, lag {self.lag}) lies outside the data: "
                f"{where} in {periods[0]} to {periods[-1]}."
            )
        if last <= first:
            raise NotTestable(f"{self.name} ends ({self.end}) before it has an effect.")
        return first, last

    def _end(self, periods: pd.PeriodIndex) -> int:
        return position(periods, self.end, f"The end of {self.name}", last=True) + 1

    def columns(self, periods: pd.PeriodIndex) -> pd.DataFrame:
        """Return the intervention's columns, one row for each period."""
        first, last = self.span(periods)
        since = np.arange(len(periods)) - first
        on = (since >= 0) & (since < last - first)
        columns = {}
        if self.level:
            columns["level"] = on * self._phase_in(since)
        if self.transition and self.phase == "separate":
            columns["transition"] = on & (since < self.transition)
        if self.slope:
            ramp = since - self._delay() + self.ramp_start
            columns["slope"] = on * np.clip(ramp, 0, None)
        if self.pulse:
            columns["pulse"] = on * self._pulse(since)
        named = {f"{self.slug}_{kind}": c for kind, c in columns.items()}
        return pd.DataFrame(named, index=periods, dtype=float)

    def _delay(self) -> int:
        """Periods between T and the start of the ramp."""
        return self.transition if self.phase != "exclude" else 0

    def _phase_in(self, since: np.ndarray) -> np.ndarray:
        if self.decay is not None and not self.pulse:
            return 1 - self.decay ** (np.clip(since, 0, None) + 1)
        if not self.transition or self.phase == "exclude":
            return np.ones(len(since))
        if self.phase == "separate":
            return (since >= self.transition).astype(float)
        return np.clip((since + 1) / (self.transition + 1), 0, 1)

    def _pulse(self, since: np.ndarray) -> np.ndarray:
        if self.decay is None:
            return (since < int(self.pulse)).astype(float)
        return self.decay ** np.clip(since, 0, None)

    def excluded(self, periods: pd.PeriodIndex) -> np.ndarray:
        """Return which rows the transition leaves out of the fit."""
        out = np.zeros(len(periods), dtype=bool)
        if self.phase == "exclude":
            first, _ = self.span(periods)
            out[first : first + self.transition] = True
        return out

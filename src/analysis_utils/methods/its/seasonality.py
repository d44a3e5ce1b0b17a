"""Seasonal columns, tied to the calendar and not to the start of the series."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import number, whole

__all__ = ["Fourier", "SeasonalDummies"]

# Periods in a cycle: a year, but a week for daily data.
_CYCLES = {"M": 12.0, "Q": 4.0, "W": 365.25 / 7, "D": 7.0}


@dataclass(frozen=True)
class Fourier:
    """Pairs of sines and cosines: sin, cos(2 pi k t / period), k = 1..pairs."""

    pairs: int = 1
    period: float | None = None

    def __post_init__(self) -> None:
        whole(self.pairs, "Fourier pairs", least=1)
        if self.period is not None:
            number(self.period, "Fourier period", least=2)

    def columns(self, periods: pd.PeriodIndex) -> pd.DataFrame:
        """Return two columns a pair; a cosine alone where the sine is zero."""
        period = self.period or natural_cycle(periods)
        if self.pairs < 1 or self.pairs > period / 2:
            raise NotTestable(
                f"A cycle of {period:g} periods has 1 to {int(period / 2)} Fourier "
                f"pairs: {self.pairs} asked."
            )
        angle = 2 * np.pi * calendar_count(periods) / period
        name = f"{period:.4g}".replace(".", "_")
        columns = {}
        for k in range(1, self.pairs + 1):
            if 2 * k != period:
                columns[f"sin{k}_{name}"] = np.sin(k * angle)
            columns[f"cos{k}_{name}"] = np.cos(k * angle)
        return pd.DataFrame(columns, index=periods)


@dataclass(frozen=True)
class SeasonalDummies:
    """One indicator for each period of the cycle (month, quarter, weekday) but one."""

    period: int | None = None

    def __post_init__(self) -> None:
        if self.period is not None:
            number(self.period, "SeasonalDummies period", least=2)

    def columns(self, periods: pd.PeriodIndex) -> pd.DataFrame:
        """Return period - 1 columns of 0 and 1."""
        period = self.period or natural_cycle(periods)
        if period != int(period):
            raise NotTestable(
                f"A cycle of {period:.4g} periods has no dummies: use Fourier pairs, "
                "or SeasonalDummies(52)."
            )
        place = calendar_count(periods).astype(int) % int(period)
        columns = {f"season_{k + 1}": place == k for k in range(1, int(period))}
        return pd.DataFrame(columns, index=periods, dtype=float)


Seasonality = Fourier | SeasonalDummies


def natural_cycle(periods: pd.PeriodIndex) -> float:
    """Return the number of periods in a year (in a week for daily data)."""
    letter = periods.freqstr[0] if periods.freq.n == 1 else ""
    if letter not in _CYCLES:
        raise NotTestable(
            f"No natural season for periods of {periods.freqstr}: give the period, "
            "for example Fourier(pairs=1, period=26)."
        )
    return _CYCLES[letter]


def calendar_count(periods: pd.PeriodIndex) -> np.ndarray:
    """Return the number of periods since 1970, so that January is 0 modulo 12."""
    return periods.asi8 / periods.freq.n


def parse(seasonality: object) -> list[Seasonality]:
    """Return seasonal terms from None, a number of pairs, "periods" or terms."""
    if seasonality is None:
        return []
    if isinstance(seasonality, Fourier | SeasonalDummies):
        return [seasonality]
    if isinstance(seasonality, numbers.Real):
        pairs = whole(seasonality, "seasonality (a number of Fourier pairs)")
        return [Fourier(pairs)] if pairs else []
    if isinstance(seasonality, str):
        return [_named(seasonality)]
    if isinstance(seasonality, Sequence):
        return [term for part in seasonality for term in parse(part)]
    raise NotTestable(f"Unknown seasonality {seasonality!r}.")


def _named(word: str) -> Seasonality:
    names: dict[str, Seasonality] = {
        "fourier": Fourier(1),
        "periods": SeasonalDummies(),
    }
    if word not in names:
        raise NotTestable(
            f"Unknown seasonality {word!r}: use a number of Fourier pairs, "
            '"periods", Fourier(pairs, period) or SeasonalDummies(period).'
        )
    return names[word]


def columns(terms: list[Seasonality], periods: pd.PeriodIndex) -> pd.DataFrame:
    """Return all seasonal columns, refused with fewer than two cycles of data."""
    for term in terms:
        period = term.period or natural_cycle(periods)
        if len(periods) < 2 * period:
            raise NotTestable(
                f"Seasonality of {period:.4g} periods needs two full cycles, "
                f"{int(np.ceil(2 * period))} periods; the series has {len(periods)}."
            )
    empty = pd.DataFrame(index=periods)
    return pd.concat([empty, *(term.columns(periods) for term in terms)], axis=1)

"""What a search for breaks gives back: dates with intervals, and no p-value at them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np
import pandas as pd
from statsmodels.iolib.summary2 import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Label: TypeAlias = pd.Period | pd.Timestamp | float  # of a row of the series
SEARCHED = (
    "The dates of this result were searched for. Choosing a date by its fit and then "
    "testing it as if it had been known rejects 93-97 % of the time without any break. "
    "Use `sup_f` (is there a break at all?) and `conf_int()` (when?); a date known "
    "beforehand is an `Intervention` of `methods.its`."
)


@dataclass(frozen=True)
class EstimatedBreak:
    """A date that was estimated: not a date, so that no test takes it for a known one.

    `lower`, `upper`: interval of `last_before`; None where it does not exist.
    """

    last_before: Label
    first_after: Label
    lower: Label | None
    upper: Label | None

    def __str__(self) -> str:
        interval = (
            "no interval"
            if self.lower is None
            else f"interval {self.lower} to {self.upper}"
        )
        return f"break after {self.last_before} ({interval})"


@dataclass(frozen=True)
class BreakSearch:
    """Breaks found in a series.

    `table`: RSS, BIC and dates for 0, 1, ... breaks. `breaks`: those chosen. `sup_f`:
    test of no break, with its p-value for independent, heteroscedastic and
    autocorrelated errors. `params`: coefficients by segment. There are no standard
    errors or p-values at the dates found, on purpose. `notes`: what the errors do to
    all this.
    """

    series: pd.Series
    design: pd.DataFrame
    cuts: tuple[int, ...]
    table: pd.DataFrame
    level: float
    breaks: tuple[EstimatedBreak, ...]
    sup_f: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def sup_pvalue(self) -> float:
        """The p-value of "no break" that allows for autocorrelated errors."""
        return float(self.sup_f.loc["autocorrelated (bootstrap)", "p"])

    @property
    def params(self) -> pd.DataFrame:
        """Coefficients of each segment, by its first and last period."""
        edges = [0, *self.cuts, len(self.series)]
        rows = {}
        for start, end in pairwise(edges):
            label = (self.series.index[start], self.series.index[end - 1])
            rows[label] = np.linalg.lstsq(
                self.design.iloc[start:end], self.series.iloc[start:end], rcond=None
            )[0]
        index = pd.MultiIndex.from_tuples(rows, names=["first", "last"])
        return pd.DataFrame(list(rows.values()), index, self.design.columns)

    def conf_int(self) -> pd.DataFrame:
        """Intervals of the break dates (last period before), level as given."""
        return pd.DataFrame(
            [(item.lower, item.last_before, item.upper) for item in self.breaks],
            columns=["lower", "last_before", "upper"],
            index=pd.RangeIndex(1, len(self.breaks) + 1, name="break"),
        )

    @property
    def fittedvalues(self) -> pd.Series:
        """Fitted values, segment by segment."""
        edges = [0, *self.cuts, len(self.series)]
        parts = [
            self.design.iloc[start:end] @ coefficients
            for (start, end), (_, coefficients) in zip(
                pairwise(edges), self.params.iterrows(), strict=True
            )
        ]
        return pd.concat(parts).rename("fitted")

    def summary(self) -> Summary:
        """Dates, criteria, coefficients and the sup-F test."""
        summary = Summary()
        summary.add_title(f"Breaks in {self.series.name}, dates unknown")
        summary.add_df(self.table[["RSS", "BIC"]], float_format="%.4f")
        summary.add_df(self.sup_f, float_format="%.4f")
        params = self.params.copy()
        params.index = [f"{first} to {last}" for first, last in params.index]
        summary.add_df(params, float_format="%.4f")
        for item in self.breaks:
            summary.add_text(f"{str(item).capitalize()}.")
        if not self.breaks:
            summary.add_text("BIC prefers no break.")
        for note in self.notes:
            summary.add_text(note)
        summary.add_text(
            "The p-value of independent errors is too small for most time "
            "series. A break is associated with a date, not explained."
        )
        return summary

    def __repr__(self) -> str:
        return str(self.summary())

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the series, the fit by segment, the breaks and their intervals."""
        from matplotlib import pyplot as plt

        ax = plt.gca() if ax is None else ax
        place = self.series.index
        place = place.to_timestamp() if isinstance(place, pd.PeriodIndex) else place
        where = dict(zip(self.series.index, place, strict=True))
        ax.plot(place, self.series, color="0.6", lw=1, label=str(self.series.name))
        ax.plot(place, self.fittedvalues, lw=1.5, label="fit by segment")
        for item in self.breaks:
            ax.axvline(where[item.last_before], color="black", lw=0.8, ls="--")
            if item.lower is not None:
                ax.axvspan(where[item.lower], where[item.upper], color="0.9", lw=0)
        ax.legend(fontsize="small")
        return ax

    def _refuse(self) -> NoReturn:
        raise AttributeError(SEARCHED)

    pvalues = property(_refuse)
    tvalues = property(_refuse)
    bse = property(_refuse)

"""What an association between two time series gives back."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.iolib.summary2 import Summary

from analysis_utils.asking import Refused

from ..arguments import flag, share
from .correlations import FISHER_Z
from .stationarity import stationarity_tests

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATIONARY_ONLY = ("bretherton", "pyper-peterman", "block", "phase", "shift")


@dataclass(frozen=True)
class AssociationResult:
    """Cross-correlation over lags; at positive lags x comes first.

    `params`: correlation by lag. `n_effective`: the number of independent pairs each
    is worth. `null`: spread and limits of r without association. `pvalues`: one lag
    at a time. `sup_pvalue`: of the largest |r| over all
    lags, the one to report when no lag was fixed before looking. `naive`: what would
    have been found on the series as they are, as if their periods were independent.
    `given`: the series as given. `whitening`: order
    and residual autocorrelation (Ljung-Box p) of the series that were correlated.
    `series`: those series. `steps`: the periods from which the level of each series
    differs, taken out before. `regimes`: the periods from which its variance differs;
    `series` is in units of the standard deviation of each regime.
    """

    method: str
    measure: str
    level: float
    params: pd.Series
    n_effective: pd.Series
    pvalues: pd.Series
    sup_pvalue: float
    sup_quantile: float
    null: pd.DataFrame
    naive: pd.DataFrame
    given: pd.DataFrame
    whitening: pd.DataFrame
    series: pd.DataFrame
    n_resamples: int
    steps: dict[str, list]
    regimes: dict[str, list]

    @property
    def strongest(self) -> int:
        """The lag whose r is largest against its limit: the one `sup_pvalue` is of."""
        return int((self.params.abs() / self.null["sd"]).idxmax())

    def detectable(self, power: float = 0.8, simultaneous: bool = True) -> pd.Series:
        """The smallest |r| that is found with this power, by lag.

        Fisher's z with the effective number of pairs, beyond the limit of all lags at
        once or, with simultaneous=False, of one lag that was fixed before looking.
        """
        wide = flag(simultaneous, "simultaneous")
        beyond = float(stats.norm.ppf(share(power, "power")))
        z = (self._multiplier(None, wide) + beyond) * self._z_scale()
        return np.tanh(z).rename("detectable r")

    @cached_property
    def stationarity(self) -> pd.DataFrame:
        """Unit-root and KPSS tests of the series as given."""
        return stationarity_tests(self.given)

    @property
    def correlation(self) -> float:
        """The correlation at lag 0."""
        return float(self.params.loc[0])

    @property
    def bse(self) -> pd.Series:
        """Standard errors, from Fisher's z by the delta method."""
        return ((1 - self.params**2) * self._z_scale()).rename("bse")

    def conf_int(
        self, alpha: float | None = None, simultaneous: bool = False
    ) -> pd.DataFrame:
        """Intervals by Fisher's z of each correlation, or of all lags at once.

        `alpha` is 1 - level of the result by default; other values have no
        simultaneous intervals, as their quantile was not drawn.
        """
        if alpha is not None:
            share(alpha, "alpha")
        if flag(simultaneous, "simultaneous") and alpha is not None:
            raise Refused(
                "Simultaneous intervals have the level given to associate(..., level=)."
            )
        width = self._multiplier(alpha, simultaneous) * self._z_scale()
        centre = np.arctanh(self.params.clip(-1 + 1e-15, 1 - 1e-15))
        return pd.DataFrame(
            {"lower": np.tanh(centre - width), "upper": np.tanh(centre + width)}
        )

    def limits(self, simultaneous: bool = True) -> pd.Series:
        """The |r| that no association would exceed at level `level`, by lag."""
        return self.null["sup limit" if simultaneous else "limit"]

    def summary(self) -> Summary:
        """A table in the manner of statsmodels; prints as text, shows as HTML."""
        table = pd.concat(
            [
                self.params,
                self.bse,
                self.pvalues,
                self.conf_int(),
                self.limits(),
                self.detectable(),
                self.naive["r"].rename("naive r"),
            ],
            axis=1,
        )
        summary = Summary()
        summary.add_title(
            f"Association of {self.series.columns[0]} and {self.series.columns[1]}"
        )
        summary.add_dict(
            {
                "Method": self.method,
                "Measure": self.measure,
                "Periods used": str(len(self.series)),
                "Draws": str(self.n_resamples),
                "Strongest at lag": str(self.strongest),
                "Sup p over lags": f"{self.sup_pvalue:.4f}",
            }
        )
        summary.add_df(table, float_format="%.4f")
        summary.add_df(self.whitening, float_format="%.4f")
        summary.add_df(
            self.stationarity.reset_index(), index=False, float_format="%.4f"
        )
        for line in self._notes():
            summary.add_text(line)
        return summary

    def __repr__(self) -> str:
        return str(self.summary())

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw r by lag with both limits, the naive value beside it in grey."""
        from matplotlib import pyplot as plt

        ax = plt.gca() if ax is None else ax
        lags, sup = self.params.index, self.limits()
        ax.fill_between(
            lags,
            -sup,
            sup,
            color="0.9",
            lw=0,
            label=f"{self.level:.0%} limits, all lags at once",
        )
        for sign in (-1, 1):
            ax.plot(
                lags,
                sign * self.limits(False),
                color="0.6",
                lw=0.8,
                ls=":",
                label=f"{self.level:.0%} limits, one lag" if sign > 0 else None,
            )
        ax.plot(lags, self.naive["r"], "x", color="0.6", ms=4, label="naive")
        ax.vlines(lags, 0, self.params, lw=1.5)
        ax.plot(lags, self.params, "o", ms=4, label=self.method)
        ax.axhline(0, color="black", lw=0.8)
        x, y = self.series.columns
        ax.set(
            xlabel=f"Lag in periods (positive: {x} first)",
            ylabel=f"Correlation ({self.measure})",
            title=f"{x} and {y}",
        )
        ax.legend(fontsize="small")
        return ax

    def _multiplier(self, alpha: float | None, simultaneous: bool) -> float:
        alpha = 1 - self.level if alpha is None else alpha
        single = float(stats.norm.isf(alpha / 2))
        return max(single, self.sup_quantile) if simultaneous else single

    def _z_scale(self) -> pd.Series:
        factor, offset = FISHER_Z[self.measure]
        return np.sqrt(factor / (self.n_effective - offset).clip(lower=1))

    def _notes(self) -> list[str]:
        notes = [
            "Naive r: the series as they are, as if periods were independent; "
            "trends and random walks alone make it large."
        ]
        if self.method in STATIONARY_ONLY:
            notes.append(
                f"{self.method} assumes stationary series; with trends or "
                "unit roots it finds associations where there are none."
            )
        if self.method == "difference":
            notes.append(
                "Differences of white noise are not white: the test then "
                "rejects 9 to 11 % instead of 5 %."
            )
        for name, places in self.steps.items():
            if places:
                notes.append(
                    f"Level of {name} taken as another from "
                    f"{', '.join(map(str, places))} on."
                )
        for name, places in self.regimes.items():
            if places:
                notes.append(
                    f"Variance of {name} taken as another from "
                    f"{', '.join(map(str, places))} on; each period counts in units "
                    "of the standard deviation of its regime."
                )
        return notes

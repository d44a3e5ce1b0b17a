"""What a regression with fixed effects gives back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.iolib.summary2 import Summary

from ..arguments import share

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class PanelResult:
    """A regression with fixed effects; `params`, `bse`, `conf_int()` as statsmodels.

    `df_resid`: degrees of freedom by regressor. `effective_clusters`: how many equal
    clusters would carry as much of each regressor's variation. `refusals`: by
    regressor, why no interval is given ("" if one is). `r_within`: partial correlation
    of y with the first regressor, given effects and the other regressors. `r_naive`:
    their correlation in the pooled data, as if all rows were independent. `within`:
    the two, demeaned, as the figure draws them.
    """

    params: pd.Series
    cov: pd.DataFrame
    df_resid: pd.Series
    nobs: int
    outcome: str
    effects: str
    errors: str
    effective_clusters: pd.Series
    refusals: pd.Series
    r_naive: float
    within: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the named kind."""
        return pd.Series(np.sqrt(np.diag(self.cov)), self.params.index, name="std err")

    @property
    def tvalues(self) -> pd.Series:
        """Estimates divided by their standard errors."""
        return (self.params / self.bse).rename("t")

    @property
    def pvalues(self) -> pd.Series:
        """Two-sided, by Student's t; NaN where too few clusters carry the estimate."""
        p = 2 * stats.t.sf(self.tvalues.abs(), self.df_resid)
        return pd.Series(p, self.params.index, name="p").where(self.refusals == "")

    @property
    def r_within(self) -> float:
        """Correlation of what the effects and the other regressors leave."""
        return float(self.within.corr().iloc[0, 1])

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Intervals by Student's t; NaN where too few clusters carry the estimate."""
        width = stats.t.isf(share(alpha, "alpha") / 2, self.df_resid) * self.bse
        width = width.where(self.refusals == "")
        return pd.DataFrame(
            {"lower": self.params - width, "upper": self.params + width}
        )

    def summary(self) -> Summary:
        """Coefficients, kind of errors, within and naive correlation."""
        summary = Summary()
        summary.add_title(f"Panel regression of {self.outcome}, {self.effects} effects")
        summary.add_dict(
            {
                "Errors": self.errors,
                "Observations": str(self.nobs),
                "r within": f"{self.r_within:.4f}",
                "naive r (pooled)": f"{self.r_naive:.4f}",
            }
        )
        table = pd.concat(
            [
                self.params,
                self.bse,
                self.df_resid.rename("df"),
                self.pvalues,
                self.conf_int(),
                self.effective_clusters.rename("eff. clusters"),
            ],
            axis=1,
        )
        summary.add_df(table, float_format="%.4f")
        for note in (*self.notes, *filter(None, self.refusals.unique())):
            summary.add_text(note)
        return summary

    def __repr__(self) -> str:
        return str(self.summary())

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Added-variable plot: what the effects leave of y, over that of x."""
        from matplotlib import pyplot as plt

        ax = plt.gca() if ax is None else ax
        x, y = self.within.columns
        ax.plot(self.within[x], self.within[y], ".", ms=3, color="0.6")
        ends = np.array([self.within[x].min(), self.within[x].max()])
        ax.plot(ends, self.params.iloc[0] * ends, lw=1.5)
        ax.set(xlabel=f"{x}, within", ylabel=f"{y}, within")
        return ax

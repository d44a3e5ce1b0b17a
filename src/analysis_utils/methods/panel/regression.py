"""pyfixest's regressions, kinds of errors, degrees of freedom."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis_utils.asking import NotTestable

from ..arguments import whole
from .demeaning import EFFECTS

__all__: list[str] = []  # all of it serves `panel_association`

ERRORS = {
    "cluster": "clustered by unit or `cluster`: CR2, Satterthwaite's df",
    "CRV1": "clustered by unit or `cluster`, the usual sandwich",
    "CRV3": "clustered by unit or `cluster`, jackknife",
    "two-way cluster": "clustered by unit and by time",
    "driscoll-kraay": "any correlation between units, Bartlett lags in time, fixed-b",
    "newey-west": "Bartlett lags within units, fixed-b",
    "heteroscedastic": "HC1",
    "independent": "classical",
}
FAMILIES = ("gaussian", "poisson")
LAGGED = ("driscoll-kraay", "newey-west")
CLUSTERED = ("cluster", "CRV1", "CRV3", "two-way cluster")
# Coverage of 95 % intervals of a law in k of 50 states, AR(.6), 40 periods (measured,
# docs/calibration_panels.csv): CR2 .92 to .99 from k = 2 on, CRV1 .91 to .95 from 8 on.
FEWEST = {"cluster": 1.9, "CRV1": 10.0, "CRV3": 10.0, "two-way cluster": 10.0}
# With shocks that states share, AR(.6), Driscoll-Kraay intervals cover .90 of fewer
# periods than this, .91 to .93 from it on; of a law that stays in force, whose
# autocorrelation within states is above `LASTING`, .86 to .91 (the same table).
FEWEST_PERIODS = 20
LASTING = 0.8


@dataclass(frozen=True)
class Regression:
    """pyfixest with the effects and errors chosen once."""

    effects: str
    errors: str
    lags: int
    cluster: str

    def of(self, regressors: Sequence[str], table: pd.DataFrame, family: str) -> Any:
        """Regress y on columns of the table; what pyfixest drops is refused."""
        import pyfixest

        formula = f"y ~ {' + '.join(regressors)} | {' + '.join(EFFECTS[self.effects])}"
        vcov, options = self._vcov()
        weights = "weight" if "weight" in table else None
        fit = pyfixest.feols if family == "gaussian" else pyfixest.fepois
        more = {} if family == "gaussian" else {"iwls_maxiter": 100}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = fit(
                    formula,
                    table,
                    vcov=vcov,
                    vcov_kwargs=options,
                    weights=weights,
                    **more,
                )
            except Exception as error:  # whatever the library says, in our words
                raise NotTestable(
                    f"The regression cannot be computed on these data ({error})."
                ) from error
        if len(found.coef()) < len(regressors) or int(found._N) != len(table):
            raise NotTestable(
                "A regressor does not vary beyond the effects, or is a "
                "combination of the others: leave it out."
            )
        return found

    def _vcov(self) -> tuple[Any, dict | None]:
        lags = {"lag": self.lags, "time_id": "time", "panel_id": "unit"}
        return {
            "cluster": ({"CRV1": self.cluster}, None),
            "CRV1": ({"CRV1": self.cluster}, None),
            "CRV3": ({"CRV3": self.cluster}, None),
            "two-way cluster": ({"CRV1": "unit + time"}, None),
            "driscoll-kraay": ("DK", lags),
            "newey-west": ("NW", lags),
            "heteroscedastic": ("HC1", None),
            "independent": ("iid", None),
        }[self.errors]


def lags_of(table: pd.DataFrame, errors: str, maxlags: int | None) -> int:
    """Return the lags, and refuse gaps where lags need neighbours in time."""
    periods = table["time"].nunique()
    most = max(periods // 2, 1)
    if maxlags is not None:
        whole(maxlags, "maxlags", 0, most)
    if errors not in LAGGED:
        return 0
    gaps = table.groupby("unit")["time"].diff().dropna() != 1
    if gaps.any():
        raise NotTestable(
            f"errors={errors!r} needs units without gaps in time; "
            f"{int(gaps.sum())} periods are missing. Use 'cluster'."
        )
    return min(int(np.ceil(1.3 * periods**0.5)), most) if maxlags is None else maxlags


def degrees(fit: Any, errors: str, lags: int, table: pd.DataFrame) -> float:
    """Degrees of freedom; with lags those whose t has the fixed-b critical value.

    Kiefer and Vogelsang 2005, Econometric Theory 21:1130, table 1: Bartlett, 97.5 %.
    """
    if errors not in LAGGED:
        return float(fit._df_t)
    b = (lags + 1) / table["time"].nunique()
    critical = 1.96 + 2.9694 * b + 0.416 * b**2 - 0.5324 * b**3
    df = optimize.brentq(lambda df: stats.t.isf(0.025, df) - critical, 0.5, 1e7)
    return float(min(df, fit._df_t))

"""Other estimators of staggered differences: a thin door to the package diff-diff.

Ours stays `event_study`, whose docstring says why. Here is what we do not have:
Borusyak, Jaravel and Spiess's imputation, Sun and Abraham, two stages (Gardner; equal
to pyfixest's did2s). Every table is checked by us before the library sees it.

Left out, because something here does it and holds its size (docs/calibration.md): wild
cluster bootstrap (CR2 with Satterthwaite's degrees of freedom), ritest (the two
functions of `panel_randomisation` exchange whole histories of units), LP-DiD
(`local_projections`). Bounds under violated trends, synthetic control and synthetic
differences are calls of the library, which notebook 20 makes itself.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from .arguments import one_of, share
from .event_study.estimates import MANY
from .event_study.panel_data import AdoptionPanel, adoption_panel

__all__ = ["staggered_estimates"]

METHODS = {
    "imputation": "ImputationDiD",
    "sun-abraham": "SunAbraham",
    "two-stage": "TwoStageDiD",
}


def staggered_estimates(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    method: str = "imputation",
    level: float = 0.95,
) -> pd.DataFrame:
    """The average effect on the treated, overall and by event time.

    data, cohort: as in `group_time_effects`. method: "imputation", "sun-abraham" or
    "two-stage". Returns rows "overall" and each event time: estimate, std err, lower,
    upper, p; limits and p are NaN with fewer than 20 treated or control units, where
    the library's normal limits are too narrow (use `event_randomisation`).

    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"unit": np.repeat(np.arange(60), 6),
    ...                      "year": np.tile(np.arange(2000, 2006), 60)})
    >>> data["first"] = np.where(data["unit"] < 25, 2003, np.nan)
    >>> data["y"] = 2.0 * (data["year"] >= data["first"]) + rng.standard_normal(360)
    >>> found = staggered_estimates(data, outcome="y", unit="unit", time="year",
    ...                             cohort="first")
    >>> round(float(found.loc["overall", "estimate"]), 1)
    2.2
    """
    one_of(method, METHODS, "method")
    level = share(level, "level")
    panel = adoption_panel(data, outcome, unit, time, cohort)
    table = _long(panel)
    import diff_diff  # a second to import: only where it is used

    estimator = getattr(diff_diff, METHODS[method])(alpha=1 - level, cluster="unit")
    options = {} if method == "sun-abraham" else {"aggregate": "event_study"}
    with _in_our_words():
        fit = estimator.fit(
            table,
            outcome="y",
            unit="unit",
            time="time",
            first_treat="first",
            **options,
        )
    rows: dict[object, dict] = {
        "overall": {
            "effect": fit.overall_att,
            "se": fit.overall_se,
            "conf_int": fit.overall_conf_int,
            "p_value": fit.overall_p_value,
        }
    }
    rows |= dict(sorted(fit.event_study_effects.items()))
    found = pd.DataFrame.from_dict(
        {key: _row(item) for key, item in rows.items()}, orient="index"
    ).rename_axis("event time")
    few = min(np.isfinite(panel.cohort).sum(), np.isinf(panel.cohort).sum()) < MANY
    if few:
        found[["lower", "upper", "p"]] = np.nan
    return found


def _row(item: dict) -> dict[str, float]:
    lower, upper = item["conf_int"]
    found = (item["effect"], item["se"], lower, upper, item["p_value"])
    names = ("estimate", "std err", "lower", "upper", "p")
    return {name: float(v) for name, v in zip(names, found, strict=True)}


def _long(panel: AdoptionPanel) -> pd.DataFrame:
    """The checked panel as the library wants it: periods 1, 2, ..., never is 0."""
    units, periods = panel.outcome.shape
    always = panel.cohort <= panel.clock[0]
    if always.any():
        raise NotTestable(
            f"{int(always.sum())} units are treated from the first period on: leave "
            "them out, they have no before."
        )
    if not np.isfinite(panel.cohort).any() or not np.isinf(panel.cohort).any():
        raise NotTestable("Treated and never treated units are both needed.")
    first = np.searchsorted(panel.clock, panel.cohort) + 1.0
    first[np.isinf(panel.cohort)] = 0
    if np.ptp(panel.outcome) == 0:
        raise NotTestable("The outcome has one value only.")
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "time": np.tile(np.arange(1, periods + 1), units),
            "first": np.repeat(first, periods).astype(int),
            "y": panel.outcome.ravel(),
        }
    )


@contextmanager
def _in_our_words() -> Iterator[None]:
    """The library's refusals as ours, its warnings kept off the page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Exception as error:
            raise NotTestable(
                f"The estimate cannot be computed on these data ({error})."
            ) from error

"""Other estimators of staggered differences: thin doors to the package diff-diff.

Ours stays `event_study` (equal to it to the published digits). Here is what we do not
have: Borusyak, Jaravel and Spiess's imputation, Sun and Abraham, two stages (Gardner;
equal to pyfixest's did2s), bounds under violated trends (Rambachan and Roth), synthetic
control. Every table is checked by us before the library sees it.

Left out, because something here does it and holds its size (docs/calibration.md): wild
cluster bootstrap (CR2 with Satterthwaite's degrees of freedom), ritest (the two
functions of `panel_randomisation` exchange whole histories of units), LP-DiD
(`local_projections`). Synthetic differences are one call of the library, which notebook
20 makes itself.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from .arguments import columns, frame, number, one_of, share, whole
from .event_study.estimates import MANY
from .event_study.panel_data import AdoptionPanel, adoption_panel
from .long_table import calendar_places, check_ids, check_numbers

__all__ = ["honest_bounds", "staggered_estimates", "synthetic_control"]

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


def honest_bounds(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    violations: Sequence[float] = (0.0, 0.5, 1.0, 2.0),
    kind: str = "relative_magnitude",
    level: float = 0.95,
) -> pd.DataFrame:
    """Interval of the average effect if trends were not parallel, by size of violation.

    violations: as multiples of the largest violation between neighbouring periods
    before treatment ("relative_magnitude"), or of the change of slope from period to
    period, in units of the outcome ("smoothness"). Rambachan and Roth 2023, REStud
    90:2555. Returns rows by violation: estimate, lower, upper. Refuses fewer than 20
    treated or control units, for which its covariance cannot be trusted.

    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"unit": np.repeat(np.arange(60), 6),
    ...                      "year": np.tile(np.arange(2000, 2006), 60)})
    >>> data["first"] = np.where(data["unit"] < 25, 2003, np.nan)
    >>> data["y"] = 2.0 * (data["year"] >= data["first"]) + rng.standard_normal(360)
    >>> found = honest_bounds(data, outcome="y", unit="unit", time="year",
    ...                       cohort="first", violations=[0.0, 1.0])
    >>> bool((found["upper"] - found["lower"]).is_monotonic_increasing)
    True
    """
    one_of(kind, ("relative_magnitude", "smoothness"), "kind")
    level = share(level, "level")
    if isinstance(violations, str) or not np.iterable(violations):
        raise Refused("violations: a list of numbers, 0 or more, is needed.")
    sizes = [number(item, "violations", least=0.0, most=1e6) for item in violations]
    if not sizes:
        raise Refused("violations: a list of numbers, 0 or more, is needed.")
    panel = adoption_panel(data, outcome, unit, time, cohort)
    table = _long(panel)
    fewer = min(np.isfinite(panel.cohort).sum(), np.isinf(panel.cohort).sum())
    if fewer < MANY:
        raise NotTestable(
            f"{int(fewer)} treated or control units are too few for bounds under "
            f"violated trends; {MANY} are needed. Use synthetic_control, or "
            "event_randomisation."
        )
    import diff_diff

    with _in_our_words():
        study = diff_diff.CallawaySantAnna(base_period="universal").fit(
            table,
            outcome="y",
            unit="unit",
            time="time",
            first_treat="first",
            aggregate="event_study",
        )
        fits = [
            diff_diff.HonestDiD(method=kind, M=size, alpha=1 - level).fit(study)
            for size in sizes
        ]
    rows = [
        (float(fit.original_estimate), float(fit.ci_lb), float(fit.ci_ub))
        for fit in fits
    ]
    index = pd.Index(sizes, name="violation")
    return pd.DataFrame(rows, index, ["estimate", "lower", "upper"])


def synthetic_control(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treated: object,
    first: object,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """One treated unit beside a weighted mean of others that fits its past.

    data: balanced; units treated themselves must be left out before. treated: the
    unit; first: its first treated period. Weights fit the outcome of all periods
    before. Returns: by period observed, synthetic, gap; the donors' weights; and
    effect (mean gap after), rmse_before, p (rank of the ratio of errors after and
    before among all units, each treated in turn), placebos. Abadie, Diamond and
    Hainmueller 2010, JASA 105:493.

    >>> rng = np.random.default_rng(0)
    >>> data = pd.DataFrame({"state": np.repeat(np.arange(12), 10),
    ...                      "year": np.tile(np.arange(2000, 2010), 12)})
    >>> data["y"] = rng.standard_normal(120) + data["state"] * 0.1
    >>> data.loc[(data["state"] == 5) & (data["year"] >= 2006), "y"] += 9
    >>> path, weights, test = synthetic_control(data, outcome="y", unit="state",
    ...     time="year", treated=5, first=2006)
    >>> round(float(test["p"]), 3), bool(weights.sum().round(6) == 1)
    (0.083, True)
    """
    seed = whole(seed, "seed")
    wide, after = _balanced(data, outcome, unit, time, treated, first)
    names = [str(name) for name in wide.index]
    places = np.arange(wide.shape[1])
    # Standardised once, so that the optimiser's tolerance does not depend on units.
    centre, scale = float(wide.to_numpy().mean()), float(wide.to_numpy().std())
    moved = (wide - centre) / scale
    paths = {
        place: _synthetic(moved.to_numpy(), place, after, names, seed)
        for place in range(len(names))
    }
    ratios = np.array([item[2] for item in paths.values()])
    own = names.index(str(treated))
    weights, synthetic, _ = paths[own]
    observed = wide.to_numpy()[own]
    path = pd.DataFrame(
        {"observed": observed, "synthetic": synthetic * scale + centre}, wide.columns
    )
    path["gap"] = path["observed"] - path["synthetic"]
    before = places < after
    test = pd.Series(
        {
            "effect": float(path["gap"].to_numpy()[~before].mean()),
            "rmse_before": float(np.sqrt((path["gap"].to_numpy()[before] ** 2).mean())),
            "p": float((ratios >= ratios[own] * (1 - 1e-9)).mean()),
            "placebos": float(len(names) - 1),
        }
    )
    donors = [name for name in wide.index if str(name) != str(treated)]
    return path, pd.Series(weights, donors, name="weight"), test


def _synthetic(
    values: np.ndarray, place: int, after: int, names: list[str], seed: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Weights of the other units, the path they make, and the ratio of errors."""
    import diff_diff

    others = np.delete(np.arange(len(values)), place)
    periods = values.shape[1]
    table = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(len(values)), periods),
            "time": np.tile(np.arange(periods), len(values)),
            "y": values.ravel(),
        }
    )
    table["law"] = ((table["unit"] == place) & (table["time"] >= after)).astype(int)
    with _in_our_words():
        fit = diff_diff.SyntheticControl(
            v_method="custom",
            custom_v=np.ones(after),
            standardize="none",
            n_starts=1,
            seed=seed,
        ).fit(table, outcome="y", treatment="law", unit="unit", time="time")
    weights = np.array([float(fit.donor_weights.get(int(i), 0.0)) for i in others])
    path = weights @ values[others]
    gap = values[place] - path
    errors = [float(np.sqrt((part**2).mean())) for part in (gap[:after], gap[after:])]
    return weights, path, errors[1] / max(errors[0], 1e-9)


def _balanced(
    data: pd.DataFrame, outcome: str, unit: str, time: str, treated: object, first: Any
) -> tuple[pd.DataFrame, int]:
    """Outcome by unit and period, and the number of periods before treatment."""
    frame(data, "data")
    columns(data, [outcome, unit, time])
    check_ids(data, unit, time)
    check_numbers(data[outcome], outcome)
    calendar_places(data[time], time)
    wide = data.pivot(index=unit, columns=time, values=outcome).astype("float64")
    if wide.isna().any(axis=None):
        raise NotTestable("The panel is unbalanced: some units lack periods.")
    if (np.diff(calendar_places(wide.columns, time)) > 1).any():
        raise NotTestable("A stretch of periods is absent for all units.")
    known = [str(name) for name in wide.index]
    if str(treated) not in known or not np.isscalar(treated):
        raise Refused(f"treated: {treated!r} is no unit of the data.")
    places = [i for i, period in enumerate(wide.columns) if _same(period, first)]
    if not places:
        raise Refused(f"first: {first!r} is no period of the data.")
    after = places[0]
    if after < 2 or len(wide) < 4:
        raise NotTestable(
            f"{after} periods before and {len(wide) - 1} other units: two periods and "
            "three units or more are needed."
        )
    if float(wide.to_numpy().std()) == 0:
        raise NotTestable(f"{outcome}: all values are the same.")
    return wide, after


def _same(period: object, first: object) -> bool:
    try:
        return bool(period == first)
    except (TypeError, ValueError):
        return False


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

"""Association between two time series that does not mistake trends for a relation.

`associate(x, y)` prewhitens both series and cross-correlates what is left, with limits
that hold for all lags at once. Of the methods offered only prewhitening holds its size
for trends and random walks; the others are there for comparison.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox

from analysis_utils.asking import NotTestable

from .association_null import null_of
from .association_result import AssociationResult
from .autoregression import fit_autoregression
from .cross_correlation import MEASURES, cross_correlations
from .inputs import align, as_series, check_varies
from .stationarity import stationarity_tests

# After each: size of a nominal 5 % test of two independent series, n = 60, that are
# AR(.4 to .9), random walks, random walks with drift, and trends with AR(.5) around
# them (docs/calibration_association.csv). A shared season breaks all without `period`.
METHODS = {
    "prewhiten": "filtered to white noise, then correlated: .04-.06 everywhere",
    "difference": "first differences, taken as white: .05, but .09-.11 if they are not",
    "bretherton": "effective size from lag-1 autocorrelations: .05, .04, .22, .98",
    "pyper-peterman": "effective size from autocorrelations to n/5: .05, .10, .85, .50",
    "block": "blocks of x permuted: .04-.09, .25, .99, .97",
    "phase": "Fourier phases of x randomized: .03-.06, .24, .99, .97",
    "shift": "all circular shifts of x: .04-.07, .23, .99, .97",
}
MINIMUM = 10


def associate(
    x: pd.Series | Sequence[float],
    y: pd.Series | Sequence[float],
    method: str = "prewhiten",
    max_lag: int = 12,
    *,
    measure: str = "pearson",
    controls: pd.DataFrame | None = None,
    period: int | None = None,
    trend: bool | None = None,
    whitening: str = "both",
    order: int | None = None,
    level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> AssociationResult:
    """Correlate two series at the lags -max_lag to max_lag; positive: x comes first.

    method: one of `METHODS`, which gives the measured error rates of each.
    measure: "pearson", "spearman" or "kendall".
    controls: series partialled out of x and y, same dates, after the transformation.
    period: of a season (12 for months), whose means are taken out; two series with
        the same season are associated otherwise.
    trend: take out a linear trend; by default with "prewhiten" alone (without it,
        trends with little autocorrelation around them reject in 11 to 13 % of pairs).
    whitening: "both" filters each series by its own autoregression (Haugh 1976, JASA
        71:378), "x" filters both by that of x (Box and Jenkins 1976, ch. 11).
    order: of the autoregression; by AIC if None.
    level: of intervals and limits.
    n_resamples: draws of the permutation methods ("prewhiten" permutes whitened x).

    Raises NotTestable for missing values, gaps, constant or too short series.
    """
    _check_choices(method, measure, whitening, level, max_lag)
    frame = _inputs(x, y, controls)
    trend = method == "prewhiten" if trend is None else trend
    calendar = calendar_columns(frame.index, trend, period)
    used, orders = transform(frame, method, whitening, order, calendar)
    nuisance = pd.concat([calendar.loc[used.index], used.iloc[:, 2:]], axis=1)
    _check_length(len(used) - nuisance.shape[1], max_lag)
    pair, basis = partial_out(used.iloc[:, :2], nuisance)
    lags = np.arange(-max_lag, max_lag + 1)
    null = null_of(
        method,
        pair.to_numpy().T,
        lags,
        measure,
        basis=basis,
        level=level,
        draws=n_resamples,
        seed=seed,
    )
    index = pd.Index(lags, name="lag")
    return AssociationResult(
        method=method,
        measure=measure,
        level=level,
        params=_correlate(pair, lags, measure),
        n_effective=pd.Series(null.n_effective, index, name="n_effective"),
        null=pd.DataFrame(
            {"sd": null.sd, "limit": null.limit, "sup limit": null.quantile * null.sd},
            index,
        ),
        pvalues=pd.Series(null.pvalues, index, name="p"),
        sup_pvalue=null.sup_pvalue,
        sup_quantile=null.quantile,
        naive=_naive(frame.iloc[:, :2], lags, measure),
        stationarity=stationarity_tests(frame.iloc[:, :2]),
        whitening=_whiteness(pair, orders),
        series=pair,
        n_resamples=null.draws,
    )


def _inputs(x: pd.Series, y: pd.Series, controls: pd.DataFrame | None) -> pd.DataFrame:
    """Put x, y and controls side by side, each checked, on their common periods."""
    series = [as_series(x, "x"), as_series(y, "y")]
    if series[0].name == series[1].name:
        series = [
            item.rename(f"{item.name} ({role})")
            for item, role in zip(series, "xy", strict=True)
        ]
    if controls is not None:
        series += [as_series(controls[name], str(name)) for name in controls.columns]
    frame = align(*series)
    for name in frame.columns:
        check_varies(frame[name], name)
    return frame


def calendar_columns(index: pd.Index, trend: bool, period: int | None) -> pd.DataFrame:
    """Return a linear trend and indicators of all seasons but the first, if asked.

    Refuses fewer than two cycles of a season.
    """
    time = pd.DataFrame(index=index)
    if trend:
        time["trend"] = np.linspace(-1, 1, len(index))
    if period is None:
        return time
    if period < 2 or len(index) < 2 * period:
        raise NotTestable(
            f"A season of {period} periods needs {2 * max(period, 2)} "
            f"periods or more; there are {len(index)}."
        )
    position = np.arange(len(index)) % period
    for i in range(1, period):
        time[f"season {i + 1}"] = (position == i).astype(float)
    return time


def transform(
    frame: pd.DataFrame,
    method: str,
    whitening: str = "both",
    order: int | None = None,
    calendar: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Difference or whiten all columns as `method` asks; return them and the orders.

    `calendar`: columns the autoregressions account for; they are not taken out yet.
    """
    if method == "difference":
        return frame.diff().iloc[1:], {}
    if method != "prewhiten":
        return frame, {}
    _check_length(len(frame), 0)
    others = None if calendar is None or calendar.empty else calendar.to_numpy()
    models = {
        name: fit_autoregression(frame[name].to_numpy(), order, others=others)
        for name in frame.columns
    }
    if whitening == "x":
        models = dict.fromkeys(frame.columns, next(iter(models.values())))
    whitened = [
        pd.Series(
            model.whiten(frame[name].to_numpy()), frame.index[model.order :], name=name
        )
        for name, model in models.items()
    ]
    return align(*whitened), {name: model.order for name, model in models.items()}


def partial_out(
    pair: pd.DataFrame, nuisance: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return residuals of x and y on the nuisance columns, and an orthonormal basis.

    The basis (n, 1 + columns) spans the constant and the columns.
    """
    design = np.column_stack([np.ones(len(pair)), nuisance])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotTestable("The controls are collinear: leave one of them out.")
    basis = np.linalg.qr(design)[0]
    residuals = pair - basis @ (basis.T @ pair.to_numpy())
    for name in pair.columns:
        if residuals[name].std() <= 1e-10 * pair[name].std():
            raise NotTestable(
                f"{name} is an exact combination of controls and calendar."
            )
    return residuals, basis


def _correlate(pair: pd.DataFrame, lags: np.ndarray, measure: str) -> pd.Series:
    x, y = pair.to_numpy().T
    values = cross_correlations(x, y, lags, measure)[0]
    return pd.Series(values, pd.Index(lags, name="lag"), name="r")


def _naive(pair: pd.DataFrame, lags: np.ndarray, measure: str) -> pd.DataFrame:
    """Correlations of the series as given, with naive p-values."""
    return pd.DataFrame(
        {"r": _correlate(pair, lags, measure), "p": naive_pvalues(pair, lags, measure)}
    )


def naive_pvalues(pair: pd.DataFrame, lags: np.ndarray, measure: str) -> pd.Series:
    """Test each lag as if the periods were independent: the mistake, for comparison."""
    r = _correlate(pair, lags, measure)
    size = len(pair) - np.abs(lags)
    if measure == "kendall":
        z = np.abs(r) / np.sqrt(2 * (2 * size + 5) / (9 * size * (size - 1)))
        return 2 * z.map(stats.norm.sf)
    t = np.abs(r) * np.sqrt((size - 2) / (1 - r**2).clip(lower=1e-15))
    return pd.Series(2 * stats.t.sf(t, size - 2), r.index)


def _whiteness(pair: pd.DataFrame, orders: dict[str, int]) -> pd.DataFrame:
    """Order of the filter and Ljung-Box p of each series that was correlated."""
    lags = max(1, min(10, len(pair) // 5))
    return pd.DataFrame(
        {
            name: {
                "AR order": orders.get(name, 0),
                "Ljung-Box lags": lags,
                "Ljung-Box p": float(
                    acorr_ljungbox(pair[name], lags=[lags])["lb_pvalue"].iloc[0]
                ),
            }
            for name in pair.columns
        }
    ).T.rename_axis("series")


def _check_choices(
    method: str, measure: str, whitening: str, level: float, max_lag: int
) -> None:
    for value, allowed, what in (
        (method, METHODS, "method"),
        (measure, MEASURES, "measure"),
        (whitening, ("both", "x"), "whitening"),
    ):
        if value not in allowed:
            raise ValueError(
                f"{what} {value!r} is not known; choose one of "
                f"{', '.join(map(repr, allowed))}."
            )
    if not 0 < level < 1:
        raise ValueError(f"level {level} must lie between 0 and 1, as 0.95 does.")
    if max_lag < 0:
        raise ValueError(f"max_lag {max_lag} must not be negative.")


def _check_length(n: int, max_lag: int) -> None:
    needed = max(MINIMUM, 3 * max_lag)
    if n < needed:
        raise NotTestable(
            f"{n} periods are too few to correlate at lags up to {max_lag}: "
            f"{needed} are needed."
        )

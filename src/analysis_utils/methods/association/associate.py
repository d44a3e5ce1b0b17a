"""Association between two time series that does not mistake trends for a relation.

`associate(x, y)` takes level steps out of both series, prewhitens them, brings regimes
of another variance to one size and cross-correlates what is left, with limits that hold
for all lags at once. Of the methods offered only this one holds its size for trends,
random walks, shared bursts and shared jumps; the others are there for comparison.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox

from analysis_utils.asking import NotTestable, Refused

from ..arguments import flag, one_of, share, whole
from ..inputs import align, as_series, check_varies
from .correlations import MEASURES, cross_correlations
from .innovations import (
    SEARCHED,
    Autoregression,
    default_max_order,
    fit_autoregression,
    level_steps,
)
from .null import null_of
from .regimes import standardised
from .result import AssociationResult

__all__ = ["associate"]

# After each: size of a nominal 5 % test of two independent series, n = 60, that are
# AR(.4 to .9), random walks, random walks with drift, and trends with AR(.5) around
# them (docs/calibration_association.csv). A shared season breaks all without `period`.
METHODS = {
    "prewhiten": "filtered to white noise, then correlated: .02-.07 everywhere",
    "difference": "first differences, taken as white: .03-.05, but .12 if they are not",
    "bretherton": "effective size from lag-1 autocorrelations: .03-.07, .03, .15, .98",
    "pyper-peterman": "effective size from autocorrelations: .03-.05, .13, .85, .48",
    "block": "blocks of x permuted: .03-.08, .25, 1, .97",
    "phase": "Fourier phases of x randomized: .03-.05, .23, 1, .97",
    "shift": "all circular shifts of x: .05-.08, .23, 1, .98",
}
MINIMUM = 10
# Fewer periods than this carry half the variation or more: signs of a handful of
# values say nothing. Periods of equal weight count 1 each, normal ones a third.
FEWEST = 2.0


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
    steps: int = 2,
    regimes: int = 2,
    level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> AssociationResult:
    """Correlate two series at the lags -max_lag to max_lag; positive: x comes first.

    method : one of `METHODS`, which gives the measured error rates of each.
    measure : "pearson", "spearman" or "kendall".
    controls : series partialled out of x and y, same dates, after the transformation.
    period : of a season (12 for months), whose means are taken out; two series with
        the same season are associated otherwise.
    trend : take out a linear trend; by default with "prewhiten" alone (without it,
        trends with little autocorrelation around them reject in 11 to 13 % of pairs).
    whitening : "both" filters each series by its own autoregression (Haugh 1976, JASA
        71:378), "x" filters both by that of x (Box and Jenkins 1976, ch. 11).
    order : of the autoregression; by AIC if None.
    steps : most level steps taken out of each series with "prewhiten"; two series that
        jump into another regime in the same month are "associated" otherwise.
    regimes : most changes of variance of each series with "prewhiten"; each period then
        counts in units of the standard deviation of its own regime, or a burst that
        both series share would be nearly all that is correlated.
    level : of intervals and limits.
    n_resamples : draws; "prewhiten" changes signs of the innovations of x, period by
        period, which keeps the sizes of both where they are.

    Raises NotTestable for missing values, gaps, constant or too short series, and
    where a handful of periods carries all of the variation; periods in which a series
    stands still (zeros before its counts) carry none.

    >>> rng = np.random.default_rng(0)
    >>> cause = rng.standard_normal(80).cumsum()
    >>> found = associate(cause[2:], cause[:-2] + rng.standard_normal(78), max_lag=4)
    >>> int(found.params.abs().idxmax()), bool(found.sup_pvalue < 0.05)
    (2, True)
    """
    _check_choices(method, measure, whitening)
    max_lag, steps = whole(max_lag, "max_lag"), whole(steps, "steps")
    regimes = whole(regimes, "regimes")
    level, seed = share(level, "level"), whole(seed, "seed")
    n_resamples = whole(n_resamples, "n_resamples", 1)
    order = None if order is None else whole(order, "order")
    frame = _inputs(x, y, controls)
    _check_length(len(frame), max_lag)
    trend = method == "prewhiten" if trend is None else flag(trend, "trend")
    calendar = calendar_columns(frame.index, trend, period)
    if method != "prewhiten":
        steps = regimes = 0
    left = _left(frame, calendar, method, whitening, order, steps, regimes, max_lag)
    pair = left.pair if measure == "pearson" else _with_ties(left.pair)
    _check_carried(pair, max_lag)
    lags = np.arange(-max_lag, max_lag + 1)
    null = null_of(
        method,
        pair.to_numpy().T,
        lags,
        measure,
        basis=left.basis,
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
        given=frame.iloc[:, :2],
        whitening=_whiteness(pair, left.orders),
        series=pair,
        n_resamples=null.draws,
        steps=left.steps,
        regimes=left.regimes,
    )


@dataclass(frozen=True)
class _Left:
    """What is left of x and y without calendar, steps, controls and their own past."""

    pair: pd.DataFrame
    basis: np.ndarray | None
    orders: dict[str, int]
    steps: dict[str, list]
    regimes: dict[str, list]


def _left(
    frame: pd.DataFrame,
    calendar: pd.DataFrame,
    method: str,
    whitening: str,
    order: int | None,
    steps: int,
    regimes: int,
    max_lag: int,
) -> _Left:
    """Find steps, transform both series, take out the rest; dates of what was found."""
    found = _steps(frame, calendar, order, steps, regimes)
    calendar = _with_steps(calendar, found)
    used, orders = transform(frame, method, whitening, order, calendar, regimes)
    nuisance = pd.concat([calendar.loc[used.index], used.iloc[:, 2:]], axis=1)
    nuisance = nuisance.loc[:, nuisance.nunique() > 1]  # a step before the first row
    _check_length(len(used) - nuisance.shape[1], max_lag)
    pair, basis, changed = partial_out(used.iloc[:, :2], nuisance, regimes)
    dated = {name: [frame.index[i] for i in places] for name, places in found.items()}
    calmer = {name: [pair.index[i] for i in places] for name, places in changed.items()}
    return _Left(pair, basis, orders, dated, calmer)


def _steps(
    frame: pd.DataFrame,
    calendar: pd.DataFrame,
    order: int | None,
    most: int,
    regimes: int,
) -> dict[str, list[int]]:
    """Places of the level steps of x and of y."""
    return {
        name: _level_steps(
            frame[name].to_numpy(), calendar.to_numpy(), order, most, regimes
        )
        if most
        else []
        for name in frame.columns[:2]
    }


def _level_steps(
    values: np.ndarray, others: np.ndarray, order: int | None, most: int, regimes: int
) -> list[int]:
    """Steps, looked for again once it is known where the series is noisy."""
    places = level_steps(values, others, order, most)
    if not regimes:
        return places
    after = np.arange(len(values))[:, None] >= np.array(places, dtype=int)
    columns = np.column_stack([others, after])
    size = _sizes(values, order, columns, regimes)
    if np.ptp(size) == 0:
        return places
    return level_steps(values, others, order, most, 1 / size)


def _with_steps(calendar: pd.DataFrame, found: dict[str, list[int]]) -> pd.DataFrame:
    """The calendar and one column for each step of either series."""
    places = sorted({place for some in found.values() for place in some})
    columns = {
        f"step {place}": (np.arange(len(calendar)) >= place).astype(float)
        for place in places
    }
    return calendar.assign(**columns)


def _with_ties(pair: pd.DataFrame) -> pd.DataFrame:
    """Values that differ by rounding alone made equal: ranks must not order noise.

    Months that controls take out are all zero, and so are one rank.
    """
    size = pair.abs().max()
    return (pair / size).round(10) * size


def _check_carried(pair: pd.DataFrame, max_lag: int) -> None:
    """Refuse innovations of which a handful of periods is all there is."""
    for name in pair.columns:
        square = pair[name].to_numpy() ** 2
        moving = int((square > 0).sum())
        if moving < needed(max_lag):
            raise NotTestable(
                f"{name}: it varies in {moving} periods and stands still in the "
                f"others, where nothing can go together with it; for lags up to "
                f"{max_lag}, {needed(max_lag)} are needed."
            )
        carried = square.sum() ** 2 / (square**2).sum()
        if carried < FEWEST:
            raise NotTestable(
                f"{name}: its variation lies in about {carried:.1f} periods; what they "
                "share with another series may be chance. Transform it (a logarithm, "
                "a shorter window), or describe those periods."
            )


def _inputs(x: pd.Series, y: pd.Series, controls: pd.DataFrame | None) -> pd.DataFrame:
    """Put x, y and controls side by side, each checked, on their common periods."""
    series = [_one(x, "x"), _one(y, "y")]
    if series[0].name == series[1].name:
        series = [
            item.rename(f"{item.name} ({role})")
            for item, role in zip(series, "xy", strict=True)
        ]
    if controls is not None:
        if not isinstance(controls, pd.DataFrame):
            raise Refused("controls: a table with the dates of x and y is needed.")
        if controls.shape[1] == 0:
            raise Refused("controls: the table has no column; leave it out instead.")
        series += [_one(controls[name], str(name)) for name in controls.columns]
    frame = align(*series)
    for name in frame.columns:
        check_varies(frame[name], name)
    return frame


def _one(values: pd.Series | Sequence[float], what: str) -> pd.Series:
    """A series of numbers with labels that `inputs.as_series` can put in order."""
    if isinstance(values, str | bytes | dict | pd.DataFrame) or np.ndim(values) != 1:
        raise Refused(f"{what}: a Series or a list of numbers is needed.")
    if not len(values):
        raise NotTestable(f"{what} is empty.")
    index = getattr(values, "index", None)
    if isinstance(values, pd.Series) and not (
        isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
        or pd.api.types.is_numeric_dtype(index)
    ):
        raise Refused(
            f"{what}: labels are needed that have an order: dates, periods or numbers."
        )
    return as_series(values, what)


def calendar_columns(index: pd.Index, trend: bool, period: int | None) -> pd.DataFrame:
    """Return a linear trend and indicators of all seasons but the first, if asked.

    Refuses fewer than two cycles of a season.
    """
    time = pd.DataFrame(index=index)
    if trend:
        time["trend"] = np.linspace(-1, 1, len(index))
    if period is None:
        return time
    period = whole(period, "period", 2)
    if len(index) < 2 * period:
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
    regimes: int = 0,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Difference or whiten all columns as `method` asks; return them and the orders.

    `calendar`: columns the autoregressions account for; they are not taken out yet.
    `regimes`: most changes of variance that the autoregressions account for.
    """
    if method == "difference":
        return frame.diff().iloc[1:], {}
    if method != "prewhiten":
        return frame, {}
    _check_length(len(frame), 0)
    others = None if calendar is None or calendar.empty else calendar.to_numpy()
    models = {
        name: _filter(frame[name].to_numpy(), order, others, regimes)
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


def _filter(
    values: np.ndarray, order: int | None, others: np.ndarray | None, regimes: int
) -> Autoregression:
    """The autoregression, weighted by the regimes of the size of its errors."""
    size = _sizes(values, order, others, regimes)
    return fit_autoregression(values, order, others=others, weights=1 / size)


def _sizes(
    values: np.ndarray, order: int | None, others: np.ndarray | None, regimes: int
) -> np.ndarray:
    """Standard deviation of the errors of each period (n,) up to a factor."""
    if not regimes:
        return np.ones(len(values))
    design = np.ones((len(values), 1))
    if others is not None:
        design = np.column_stack([design, others])
    # Few lags: many would fit the burst, and hide it.
    most = min(SEARCHED, default_max_order(values, design.shape[1] - 1))
    model = fit_autoregression(values, order, most, others=others)
    found = standardised(model.whiten(values), design[model.order :], regimes)
    return np.concatenate([np.repeat(found.size[:1], model.order), found.size])


def partial_out(
    pair: pd.DataFrame, nuisance: pd.DataFrame, most: int = 0
) -> tuple[pd.DataFrame, np.ndarray, dict[str, list[int]]]:
    """Return residuals of x and y, an orthonormal basis, and changes of variance.

    The basis (n, 1 + columns) spans the constant and the columns, for x. With `most`,
    residuals are in units of the standard deviation of their regime.
    """
    design = np.column_stack([np.ones(len(pair)), nuisance])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise NotTestable("The controls are collinear: leave one of them out.")
    left, bases, places = {}, [], {}
    for name in pair.columns:
        values = pair[name].to_numpy()
        found = standardised(values, design, most)
        left[name], places[name] = found.values, found.places
        bases.append(found.basis)
        if (left[name] * found.size).std() <= 1e-10 * values.std():
            raise NotTestable(
                f"{name} is an exact combination of controls and calendar."
            )
    return pd.DataFrame(left, pair.index), bases[0], places


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


def _check_choices(method: str, measure: str, whitening: str) -> None:
    one_of(method, METHODS, "method")
    one_of(measure, MEASURES, "measure")
    one_of(whitening, ("both", "x"), "whitening")


def _check_length(n: int, max_lag: int) -> None:
    if n < needed(max_lag):
        raise NotTestable(
            f"{n} periods are too few to correlate at lags up to {max_lag}: "
            f"{needed(max_lag)} are needed."
        )


def needed(max_lag: int) -> int:
    """The fewest periods from which correlations at these lags say anything."""
    return max(MINIMUM, 3 * max_lag)

"""Specification curves: one estimate for each defensible choice, and what they say.

Simonsohn, Simmons & Nelson 2020, Nature Human Behaviour 4:1208. The joint test asks
whether all specifications together say more than they would with no effect: the same
random signs are drawn for the rows (or clusters, or blocks of periods) of all of them,
so that the dependence between specifications is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse, stats

from analysis_utils.asking import NotTestable, Refused

from .arguments import number, share, whole
from .resampling.batches import in_parallel
from .resampling.counts import fit_counts
from .resampling.linear import LinearEngine

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREY = "#0072B2", "0.65"  # Okabe & Ito
TIE = 1e-9  # estimates nearer than this are the same


@dataclass(frozen=True)
class Linear:
    """Least squares of one specification, refitted in every null draw.

    outcome, design : the same labels, one for each row; `coefficient` is a column.
    groups : label of the cluster or block of each row, whose signs are drawn together;
        by default each row its own. Rows of different specifications with the same
        group label get the same sign.
    maxlags : Newey-West errors; without them, errors clustered by `groups` if given,
        else classical ones.
    """

    outcome: pd.Series
    design: pd.DataFrame
    coefficient: str
    groups: pd.Series | None = None
    maxlags: int | None = None

    def labels(self) -> pd.Index:
        """The groups that occur."""
        return pd.Index(_groups(self)).unique()

    def fit(self, signs: pd.DataFrame) -> Fitted:
        """Estimate and its null draws: wild bootstrap, no effect imposed."""
        y = _aligned(self)
        engine = LinearEngine(self.design)
        groups = _groups(self)
        rest = self.design.drop(columns=self.coefficient).to_numpy(dtype="float64")
        if rest.shape[1]:
            rest = np.linalg.qr(rest / np.sqrt((rest**2).sum(axis=0)))[0]
        expected = rest @ (rest.T @ y)
        drawn = signs.to_numpy()[signs.index.get_indexer(groups)]
        outcomes = np.column_stack(
            [y, expected[:, None] + (y - expected)[:, None] * drawn]
        )
        params, bse = self._fits(engine, outcomes, groups)
        df = len(y) - self.design.shape[1]
        if self.maxlags is None and self.groups is not None:
            df = len(pd.unique(groups)) - 1
        return Fitted(params[0], bse[0], df, params[1:], bse[1:])

    def _fits(self, engine: LinearEngine, outcomes: np.ndarray, groups: np.ndarray):
        if self.maxlags is not None or self.groups is None:
            made = engine.fit(outcomes, [self.coefficient], maxlags=self.maxlags)
            return made.params[0], made.bse[0]
        made = engine.fit(outcomes, [self.coefficient])
        q = engine.design.q
        residuals = outcomes - q @ (q.T @ outcomes)
        influence = engine.influence[:, engine.design.position(self.coefficient)]
        codes, names = pd.factorize(groups)
        G, (n, k) = len(names), engine.design.shape
        if G < 2:
            raise NotTestable("One group only: its spread is unknown.")
        add = sparse.csr_array((influence, (codes, np.arange(n))), shape=(G, n))
        variance = ((add @ residuals) ** 2).sum(axis=0)
        variance = variance * G / (G - 1) * (n - 1) / (n - k)
        return made.params[0], np.sqrt(variance)


@dataclass(frozen=True)
class Counts(Linear):
    """Quasi-Poisson of one specification (log link); null draws by its scores.

    offset : logarithm of the exposure. Errors are sandwiches over `groups`.
    """

    offset: pd.Series | None = None

    def fit(self, signs: pd.DataFrame) -> Fitted:
        """Estimate, and draws of its influence function with random signs."""
        y, X = _aligned(self), self.design.to_numpy(dtype="float64")
        shift = np.zeros(len(y)) if self.offset is None else self.offset.to_numpy()
        made = fit_counts(y, self.design, offset=shift)
        if not made.converged[0]:
            raise NotTestable("The count model has no finite estimate (separation).")
        mu = np.exp(X @ made.params[:, 0] + shift)
        j = list(self.design.columns).index(self.coefficient)
        row = np.linalg.inv(X.T @ (mu[:, None] * X))[j]
        parts = pd.Series((X @ row) * (y - mu)).groupby(_groups(self), sort=True).sum()
        return Score(float(made.params[j, 0]), parts).fit(signs)


@dataclass(frozen=True)
class StratifiedCounts(Counts):
    """Poisson counts with an effect for each stratum (a week, say), never a column.

    strata : label of the stratum of each row. Given the total of a stratum its counts
        are multinomial, and its effect drops out (Hausman, Hall & Griliches 1984,
        Econometrica 52:909): thousands of strata cost no more than one. Equal to the
        Poisson fit with a column for each stratum.
    """

    strata: pd.Series | None = None

    def fit(self, signs: pd.DataFrame) -> Fitted:
        """Estimate, and draws of its influence function with random signs."""
        y, X = _aligned(self), self.design.to_numpy(dtype="float64")
        codes = pd.factorize(_labels(self.strata, self.design.index, "strata"))[0]
        shift = np.zeros(len(y)) if self.offset is None else self.offset.to_numpy()
        told = (
            np.bincount(codes, y)[codes] > 0
        )  # a stratum without a count tells nothing
        codes = np.unique(codes[told], return_inverse=True)[1]
        b, within, residual = _conditional(y[told], X[told], np.exp(shift[told]), codes)
        j = list(self.design.columns).index(self.coefficient)
        row = np.linalg.inv(within[1])[j]
        parts = pd.Series((within[0] @ row) * residual)
        parts = parts.groupby(_groups(self)[told], sort=True).sum()
        return Score(float(b[j]), parts).fit(signs)


@dataclass(frozen=True)
class Score:
    """An estimate with what each group adds to its error (influence function).

    For models that are costly to refit (`HazardResults.influence`): the null draws are
    the sums with random signs, and errors the root of the sum of squares times
    G / (G - 1) (Kline & Santos 2012, Journal of Econometric Methods 1:23).
    """

    estimate: float
    influence: pd.Series

    def labels(self) -> pd.Index:
        """The groups that occur."""
        return pd.Index(self.influence.index)

    def fit(self, signs: pd.DataFrame) -> Fitted:
        """Null draws of the estimate."""
        parts = self.influence.to_numpy(dtype="float64")
        G = len(parts)
        if G < 2 or not np.isfinite(parts).all():
            raise NotTestable("influence: finite values of two groups at least.")
        se = float(np.sqrt((parts**2).sum() * G / (G - 1)))
        drawn = signs.to_numpy()[signs.index.get_indexer(self.influence.index)]
        draws = parts @ drawn
        return Fitted(self.estimate, se, G - 1, draws, np.full(len(draws), se))


@dataclass(frozen=True)
class Fitted:
    """Estimate, error, degrees of freedom, and both in the null draws."""

    estimate: float
    se: float
    df: float
    null: np.ndarray
    null_se: np.ndarray


Specification = Linear | Counts | Score
Build = Callable[..., Specification | None]


@dataclass(frozen=True)
class SpecificationCurve:
    """All specifications, and what they would say with no effect.

    table : one row a specification: the choices, estimate, std err, lower, upper, p,
        and `refused`, the reason where it could not be fitted.
    null, null_p : (draws, fitted specifications), estimates and p without effect.
    """

    table: pd.DataFrame
    choices: dict[str, list]
    null: np.ndarray
    null_p: np.ndarray

    @property
    def fitted(self) -> pd.DataFrame:
        """The specifications that could be fitted."""
        return self.table[self.table["refused"] == ""]

    def __repr__(self) -> str:
        refused = len(self.table) - len(self.fitted)
        return f"{len(self.fitted)} specifications ({refused} refused)\n{self.joint()}"

    def joint(self, direction: int = 0, alpha: float = 0.05) -> pd.DataFrame:
        """The three joint tests: observed, expected without effect (mean), p.

        direction : +1 or -1 if a sign was predicted, else 0. "median": the median
        estimate; "share significant": specifications with p < alpha (and that sign);
        "Stouffer": the sum of their z over the root of their number. p counts null
        draws at least as extreme, the data among them.
        """
        alpha = share(alpha, "alpha")
        if direction not in (-1, 0, 1):
            raise Refused(
                f"direction: 1, -1 or 0 (no sign predicted), not {direction}."
            )
        rows = self.fitted
        observed = _summaries(
            rows["estimate"].to_numpy()[None],
            rows["p"].to_numpy()[None],
            direction,
            alpha,
        )
        null = _summaries(self.null, self.null_p, direction, alpha)
        made = {}
        for name, drawn in null.items():
            value = observed[name][0]
            if direction == 0 and name != "share significant":
                extreme = np.abs(drawn) >= abs(value) * (1 - 1e-12)
            else:
                sign = -1 if direction < 0 and name != "share significant" else 1
                extreme = sign * drawn >= sign * value - 1e-12 * abs(value)
            made[name] = {
                "observed": value,
                "without effect": float(drawn.mean()),
                "p": (1 + int(extreme.sum())) / (1 + len(drawn)),
            }
        return pd.DataFrame.from_dict(made, orient="index").rename_axis("test")

    def by_choice(self) -> pd.DataFrame:
        """Median estimate and share with p < .05 for each value of each choice."""
        rows = []
        for name, values in self.choices.items():
            for value in values:
                part = self.fitted[[v == value for v in self.fitted[name]]]
                share = (part["p"] < 0.05).mean() if len(part) else np.nan
                median = part["estimate"].median()
                rows.append((name, value, len(part), median, share))
        columns = ["choice", "value", "n", "median", "share significant"]
        return pd.DataFrame(rows, columns=columns)

    def plot(
        self, top: Axes, bottom: Axes, label: str = "Estimate", null: str = "0"
    ) -> None:
        """Draw estimates in order with intervals (top), their choices (bottom).

        null : how the axis shows no effect ("1" for the logarithm of a ratio).
        """
        # To seven digits of the largest: specifications that agree but for rounding
        # stay in the order of the grid, and are drawn alike on every machine.
        shown = self.fitted[["estimate", "lower", "upper"]]
        largest = float(shown["estimate"].abs().max())
        digits = 6 - int(np.floor(np.log10(max(largest, 1e-300))))
        rows = self.fitted.assign(**shown.round(digits))
        rows = rows.sort_values("estimate", kind="stable")
        x = np.arange(1, len(rows) + 1)
        found = (rows["lower"] > 0) | (rows["upper"] < 0)
        dots = 3.0 if len(rows) <= 300 else 1.0
        for mask, color, words in (
            (~found, GREY, f"95% interval holds {null}"),
            (found, BLUE, f"95% interval beyond {null}"),
        ):
            if not mask.any():
                continue
            part = rows[mask]
            at = x[mask.to_numpy()]
            top.vlines(at, part["lower"], part["upper"], color=color, lw=0.5, alpha=0.6)
            top.plot(at, part["estimate"], "o", ms=dots, color=color, label=words)
        top.axhline(0, color="0.2", lw=0.7)
        top.set(ylabel=label, xlim=(0, len(rows) + 1))
        top.tick_params(labelbottom=False)
        top.legend(frameon=False, fontsize="small", loc="upper left")
        ticks, names = [], []
        y: float = 0
        for name, values in self.choices.items():
            for value in values:
                at = x[[v == value for v in rows[name]]]
                bottom.plot(at, np.full(len(at), y), "|", ms=4, color="0.25", mew=0.5)
                ticks.append(y)
                names.append(f"{name}: {value}")
                y += 1
            y += 0.6
        bottom.set(
            yticks=ticks,
            yticklabels=names,
            ylim=(y - 0.6, -0.8),
            xlim=(0, len(rows) + 1),
            xlabel="Specifications, in order of the estimate",
        )


def specification_curve(
    grid: Mapping[str, Iterable],
    build: Build,
    *,
    draws: int = 500,
    seed: int = 0,
    workers: int = 1,
) -> SpecificationCurve:
    """Fit every combination of the choices in `grid`.

    grid : name of a choice -> its values. build : function of one value for each name
    that returns `Linear`, `Counts` or `Score`, or None for a combination that makes no
    sense (left out). A specification that raises NotTestable stays in the table with
    the reason.

    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"x": rng.normal(size=60), "c": rng.normal(size=60)})
    >>> y = 0.8 * data["x"] + data["c"] + rng.normal(size=60)
    >>> def build(controls, scale):
    ...     design = data[["x", *controls]].assign(const=1.0)
    ...     return Linear(y / scale, design, "x")
    >>> curve = specification_curve(
    ...     {"controls": [(), ("c",)], "scale": [1, 2]}, build, draws=199)
    >>> curve.joint(direction=1)["p"].tolist()
    [0.005, 0.025, 0.005]
    """
    choices = _choices(grid)
    draws, seed = whole(draws, "draws", 1), whole(seed, "seed")
    workers = whole(workers, "workers", 1)
    if not callable(build):
        raise Refused(f"build must be a function, not {type(build).__name__}.")
    made = [_build(build, choices, values) for values in product(*choices.values())]
    made = [item for item in made if item is not None]
    signs = _signs([spec for _, spec, _ in made if spec is not None], draws, seed)
    fits = in_parallel(
        lambda item: _fit(item, signs), made, workers=workers, label="specifications"
    )
    if not any(isinstance(fit, Fitted) for fit in fits):
        raise NotTestable(f"No specification could be fitted: {fits[0]}")
    rows = [values | _row(fit) for (values, _, _), fit in zip(made, fits, strict=True)]
    good = [fit for fit in fits if isinstance(fit, Fitted)]
    null = np.column_stack([fit.null for fit in good])
    null_p = np.column_stack(
        [2 * _law(fit.df).sf(np.abs(fit.null / fit.null_se)) for fit in good]
    )
    return SpecificationCurve(pd.DataFrame(rows), choices, null, null_p)


def curve_of_draws(
    grid: Mapping[str, Iterable], fits: Iterable[tuple[dict, float | str, np.ndarray]]
) -> SpecificationCurve:
    """A curve from estimates and their draws without effect, made elsewhere.

    fits : for each specification a dict of its choices (and of what else the table
        should show), the estimate, and its (draws,) null draws, which belong to the
        same placebo assignments in all of them; or the reason why it could not be made,
        and anything. p and intervals are by rank among the draws, `std err` their
        spread.

    >>> draws = np.random.default_rng(1).normal(size=(2, 999))
    >>> fits = [({"weeks": 4}, 3.5, draws[0]), ({"weeks": 8}, 0.1, draws[1])]
    >>> curve = curve_of_draws({"weeks": [4, 8]}, fits)
    >>> curve.table["p"].round(2).tolist()
    [0.0, 0.92]
    """
    choices, rows, null = _choices(grid), [], []
    for named, estimate, drawn in _fits(fits):
        if isinstance(estimate, str):
            rows.append(named | _row(estimate))
            continue
        null.append(_draws(drawn))
        rows.append(named | _ranked(number(estimate, "estimate"), null[-1]))
    if len({len(drawn) for drawn in null}) > 1:
        raise Refused("fits: every specification needs the same number of draws.")
    if not null:
        raise NotTestable(
            "No specification could be made"
            + (f": {rows[0]['refused']}" if rows else ".")
        )
    drawn = np.column_stack(null)
    return SpecificationCurve(pd.DataFrame(rows), choices, drawn, _rank_p(drawn))


def _choices(grid: Mapping[str, Iterable]) -> dict[str, list]:
    """The grid as lists, or a refusal."""
    if not isinstance(grid, Mapping) or any(
        isinstance(values, str) or not isinstance(values, Iterable)
        for values in grid.values()
    ):
        raise Refused("grid: a dict of each choice's name and the list of its values.")
    choices = {str(name): list(values) for name, values in grid.items()}
    if not choices or not all(choices.values()):
        raise Refused("grid: each choice needs one value at least.")
    return choices


def _fits(fits: Iterable) -> list[tuple]:
    """The specifications made elsewhere, or a refusal."""
    made = list(fits) if isinstance(fits, Iterable) else [None]
    for item in made:
        if not (isinstance(item, tuple) and len(item) == 3):
            raise Refused("fits: (choices, estimate or reason, draws) for each.")
        if not isinstance(item[0], dict):
            raise Refused("fits: the choices are a dict of names and values.")
    return made


def _draws(values: object) -> np.ndarray:
    """Null draws as finite numbers, or a refusal."""
    try:
        drawn = np.asarray(values, dtype="float64")
    except (TypeError, ValueError):
        drawn = np.array(np.nan)
    if drawn.ndim != 1 or not len(drawn) or not np.isfinite(drawn).all():
        raise Refused("draws: a list of finite numbers for each specification.")
    return drawn


def _ranked(estimate: float, drawn: np.ndarray) -> dict:
    """Row of a specification by its null draws; the estimate counts as one of them."""
    reach = float(np.quantile(np.abs(drawn), 0.95, method="higher"))
    extreme = int((np.abs(drawn) >= abs(estimate) - TIE).sum())
    return {
        "estimate": estimate,
        "std err": float(drawn.std()),
        "lower": estimate - reach,
        "upper": estimate + reach,
        "p": (1 + extreme) / (1 + len(drawn)),
        "refused": "",
    }


def _rank_p(null: np.ndarray) -> np.ndarray:
    """p of each draw among the draws of its specification, ties counted as extreme."""
    size = np.sort(np.abs(null), axis=0)
    below = [
        np.searchsorted(size[:, j], np.abs(null[:, j]) - TIE)
        for j in range(null.shape[1])
    ]
    return 1 - np.column_stack(below) / len(null)


def _build(build: Build, choices: dict, values: tuple):
    named = dict(zip(choices, values, strict=True))
    try:
        spec = build(**named)
    except NotTestable as refusal:
        return named, None, str(refusal)
    if spec is None:
        return None
    if not isinstance(spec, Linear | Score):
        raise Refused(f"build returned {type(spec).__name__}: Linear, Counts or Score.")
    return named, spec, ""


def _signs(specs: list, draws: int, seed: int) -> pd.DataFrame:
    """Random signs of every group that occurs in any specification."""
    labels = pd.Index([])
    for spec in specs:
        labels = labels.union(spec.labels()) if len(labels) else spec.labels()
    labels = labels.unique().sort_values()
    rng = np.random.default_rng(seed)
    return pd.DataFrame(2.0 * rng.integers(0, 2, (len(labels), draws)) - 1, labels)


def _fit(item: tuple, signs: pd.DataFrame) -> Fitted | str:
    _, spec, refused = item
    if spec is None:
        return refused
    try:
        return spec.fit(signs)
    except NotTestable as refusal:
        return str(refusal)


def _row(fit: Fitted | str) -> dict:
    names = ("estimate", "std err", "lower", "upper", "p")
    if isinstance(fit, str):
        return dict.fromkeys(names, np.nan) | {"refused": fit}
    law = _law(fit.df)
    reach = law.isf(0.025) * fit.se
    values = (
        fit.estimate,
        fit.se,
        fit.estimate - reach,
        fit.estimate + reach,
        2 * law.sf(abs(fit.estimate / fit.se)),
    )
    return dict(zip(names, map(float, values), strict=True)) | {"refused": ""}


@lru_cache(maxsize=256)
def _law(df: float):  # making one costs more than a specification's fit
    return stats.t(df)


def _summaries(estimates, p, direction: int, alpha: float) -> dict[str, np.ndarray]:
    """Median, share significant and Stouffer's Z of each row of draws."""
    signed = np.sign(estimates)
    z = signed * stats.norm.isf(np.clip(p, 1e-300, 1) / 2)
    right = (p < alpha) & ((signed == direction) | (direction == 0))
    return {
        "median": np.median(estimates, axis=1),
        "share significant": right.mean(axis=1),
        "Stouffer": z.sum(axis=1) / np.sqrt(z.shape[1]),
    }


def _aligned(spec: Linear) -> np.ndarray:
    """The outcome in the order of the design, or a refusal."""
    if not isinstance(spec.outcome, pd.Series) or not isinstance(
        spec.design, pd.DataFrame
    ):
        raise Refused("outcome: a Series; design: a DataFrame with the same labels.")
    if spec.coefficient not in spec.design:
        raise Refused(f"No column {spec.coefficient!r} in the design.")
    index = spec.design.index
    same = index.equals(spec.outcome.index)
    if not index.is_unique or not (same or set(index) == set(spec.outcome.index)):
        raise Refused("outcome and design need the same labels, each once.")
    return spec.outcome.reindex(index).to_numpy(dtype="float64")


def _conditional(y, X, exposure, strata):
    """Newton steps for multinomial counts within strata.

    Returns b (k,), the columns less their stratum's mean with their information
    (k, k), and what was observed less what is expected (n,). Every stratum has a count.
    """
    totals = np.bincount(strata, y)
    b = np.zeros(X.shape[1])
    for _ in range(50):
        mu = exposure * np.exp(np.clip(X @ b, -50, 50))
        mu *= (totals / np.bincount(strata, mu))[strata]
        sums = np.column_stack([np.bincount(strata, mu * x) for x in X.T])
        centred = X - (sums / totals[:, None])[strata]
        information = centred.T @ (mu[:, None] * centred)
        if not np.linalg.cond(information) < 1e12:
            break
        step = np.linalg.solve(information, centred.T @ (y - mu))
        b += step
        if np.abs(step).max() < 1e-9:
            return b, (centred, information), y - mu
    raise NotTestable("The count model has no finite estimate (separation).")


def _groups(spec: Linear) -> np.ndarray:
    """The group label of each row of the design."""
    index = spec.design.index
    if spec.groups is None:
        return index.to_numpy()
    return _labels(spec.groups, index, "groups")


def _labels(labels: pd.Series | None, index: pd.Index, what: str) -> np.ndarray:
    """A label for each row of the design, or a refusal."""
    if isinstance(labels, pd.Series):
        if labels.index.equals(index):
            return labels.to_numpy()
        if labels.index.is_unique and set(index) <= set(labels.index):
            return labels.reindex(index).to_numpy()
    raise Refused(f"{what}: every row of the design needs its label.")

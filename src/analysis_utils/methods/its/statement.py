"""What is asked of an interrupted time series: the parts of its model, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import cached_property, partial
from typing import Self

import numpy as np
import pandas as pd

from analysis_utils.asking import NotTestable

from ..arguments import flag, whole
from ..resampling.batches import one_blas_thread
from . import seasonality as seasonal
from .calendar import sorted_regular
from .counts import FAMILIES, CountModel, QuasiPoissonAR, QuasiPoissonAR1
from .design import Design, Specification, align, build
from .estimators import OLS, Estimate, NeweyWest, PraisWinsten, RemlAR1
from .intervention import Intervention
from .reml_ar import RemlAR
from .statespace import Sarima, Structural

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


_ERRORS: dict[str, Callable[[], Errors]] = {
    "ols": OLS,
    "newey-west": NeweyWest,
    "prais-winsten": PraisWinsten,
    "reml-ar1": RemlAR1,
    "reml-ar": RemlAR,
    "reml-ar-break": partial(RemlAR, break_at_event=True),
    "sarima": Sarima,
    "structural": Structural,
}
Counts = CountModel | QuasiPoissonAR1 | QuasiPoissonAR
Errors = OLS | NeweyWest | PraisWinsten | RemlAR1 | RemlAR | Sarima | Structural

# Turner et al. 2021: OLS under 12 points, REML from 12 on.
_SHORT = 12


class Statement:
    """The parts of a model and its design; InterruptedTimeSeries says what each is."""

    def __init__(
        self,
        y: pd.Series,
        interventions: Sequence[Intervention] | Intervention = (),
        *,
        family: str = "gaussian",
        errors: str | Errors | None = None,
        trend: str | None = "linear",
        trend_df: int = 3,
        seasonality: object = None,
        offset: pd.Series | pd.DataFrame | None = None,
        covariates: pd.Series | pd.DataFrame | None = None,
        control: pd.Series | pd.DataFrame | None = None,
        exclude: Sequence[tuple[object, object]] | None = None,
        use_t: bool | None = None,
    ) -> None:
        self._asked = {k: v for k, v in locals().items() if k != "self"}
        interventions = _events(interventions)
        self.y = sorted_regular(_numeric(y))
        self.name = str(y.name) if y.name is not None else "y"
        self.interventions = interventions
        self.family = family
        self.offset = _offset(offset, self.y)
        self.covariates = _table(covariates, self.y, "Covariate", "x")
        self.control = _table(control, self.y, "The control", "control")
        self.trend, self.trend_df = trend, whole(trend_df, "trend_df", least=1)
        self.seasonality = seasonal.parse(seasonality)
        self.exclude = _windows(exclude)
        self.use_t = None if use_t is None else flag(use_t, "use_t")
        self.estimator = self._estimator(errors)
        self._check_outcome()
        self.specification = Specification(
            **{part.name: getattr(self, part.name) for part in fields(Specification)}
        )
        with one_blas_thread():  # two make products of this size slower
            self.design: Design = build(self.specification)

    def _estimator(self, errors: str | Errors | None) -> Errors | Counts:
        if self.family not in ("gaussian", *FAMILIES):
            raise NotTestable(
                f"family is gaussian, {', '.join(FAMILIES)}, not {self.family!r}."
            )
        if isinstance(errors, str):
            if errors not in _ERRORS:
                raise NotTestable(f"errors is {', '.join(_ERRORS)}, not {errors!r}.")
            errors = _ERRORS[errors]()
        if errors is not None and not isinstance(errors, Errors):
            raise NotTestable(
                f"errors is one of {', '.join(_ERRORS)}, or an estimator such as "
                f"RemlAR1(), not {errors!r}."
            )
        if self.family == "gaussian":
            short = len(self.y) < _SHORT
            return errors or (OLS() if short else RemlAR1())
        if errors is None:
            return CountModel(self.family)
        if isinstance(errors, NeweyWest):
            lags = -1 if errors.lags is None else errors.lags
            return CountModel(self.family, lags, errors.correction)
        if errors == RemlAR1() and self.family == "quasipoisson":
            return QuasiPoissonAR1()
        if isinstance(errors, RemlAR) and self.family == "quasipoisson":
            return QuasiPoissonAR(errors)
        raise NotTestable(
            f"Errors {errors.label} are not for {self.family}: counts have their "
            "family's variance (errors=None), 'newey-west', or, quasipoisson only, "
            "'reml-ar1' or 'reml-ar'."
        )

    @property
    def log_link(self) -> bool:
        """Whether the model is of the logarithm of the mean (counts)."""
        return self.family != "gaussian"

    def _check_outcome(self) -> None:
        if self.offset is not None and not self.log_link:
            raise NotTestable(
                "An offset belongs to counts: model the rate, or a family."
            )
        if not self.log_link:
            return
        outcomes = [self.y, *([] if self.control is None else _columns(self.control))]
        for values in outcomes:
            values = values[np.isfinite(values.to_numpy())]
            if (values < 0).any():
                raise NotTestable(f"{self.family} needs counts: some are below zero.")
            if self.family != "quasipoisson" and (values % 1 != 0).any():
                raise NotTestable(
                    f"{self.family} needs whole counts: use quasipoisson, or an "
                    "offset instead of a rate."
                )

    @property
    def equation(self) -> str:
        """The model as an equation, the law of its errors, the dates of its events."""
        terms = [
            f"b{i}" if name == "Intercept" else f"b{i} {name}_t"
            for i, name in enumerate(self.design.names)
        ]
        right = " + ".join(terms)
        if self.log_link:
            offset = " + offset_t" if self.offset is not None else ""
            first = f"log E({self.name}_t) = {right}{offset}"
        else:
            first = f"{self.name}_t = {right} + e_t"
        events = [self._event_in_words(part) for part in self.interventions]
        return "\n".join([first, f"  {self.estimator.error_term}", *events])

    def _event_in_words(self, part: Intervention) -> str:
        periods = self.design.periods
        first, last = self.design.spans[part.name]
        until = "" if last == len(periods) else f" to {periods[last - 1]}"
        ramp = f", ramp from {part.ramp_start}" if part.slope else ""
        affected = f"first affected period {periods[first]} (t = {first})"
        return f"  {part.name}: {affected}{until}{ramp}"

    @property
    def formula(self) -> str:
        """The model as a statsmodels formula for `data`, its offset apart."""
        names = self.design.names
        terms = [n if n.isidentifier() else f'Q("{n}")' for n in names]
        right = [term for term in terms if term != "Intercept"]
        if "Intercept" not in names:
            right = ["0", *right]
        return "y ~ " + " + ".join(right or ["1"])

    @property
    def data(self) -> pd.DataFrame:
        """The fitted rows: outcome "y", the columns of the formula, "offset"."""
        return self.design.table.loc[self.design.used].copy()

    def replace(self, **changes: object) -> Self:
        """Return the same model with some of its parts changed."""
        return type(self)(**(self._asked | changes))

    @cached_property
    def _estimate(self) -> Estimate:
        with one_blas_thread():
            return self._fitted_to(self.design.y)

    def _fitted_to(self, y: np.ndarray) -> Estimate:
        """The estimate from an outcome of the fitted rows."""
        design = self.design
        if isinstance(self.estimator, Counts):
            return self.estimator.fit(y, design.X, design.layout, design.offset)
        return self.estimator.fit(y, design.X, design.layout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.equation})"


def _numeric(y: pd.Series) -> pd.Series:
    if not isinstance(y, pd.Series):
        raise NotTestable(f"y is a pandas Series with dates, not {type(y).__name__}.")
    try:
        return y.astype(float)
    except (TypeError, ValueError) as error:
        raise NotTestable(f"The outcome is not numeric: {error}.") from error


def _table(data, y: pd.Series, what: str, default: str) -> pd.DataFrame | None:
    if data is None:
        return None
    if isinstance(data, pd.Series):
        data = data.to_frame(default if data.name is None else data.name)
    if not isinstance(data, pd.DataFrame):
        raise NotTestable(
            f"{what}: a Series or table with the dates of the outcome, not "
            f"{type(data).__name__}: without dates rows can't be told apart."
        )
    try:
        data = data.astype(float)
    except (TypeError, ValueError) as error:
        raise NotTestable(f"{what} is not numeric: {error}.") from error
    return align(data.rename(columns=str), y, what)


def _events(interventions) -> list[Intervention]:
    """Return interventions from one or a list of them."""
    if isinstance(interventions, Intervention):
        return [interventions]
    listed = list(interventions) if isinstance(interventions, Iterable) else [None]
    events = [part for part in listed if isinstance(part, Intervention)]
    if len(events) < len(listed):
        raise NotTestable(
            f'interventions are Intervention("law", "2025-01-20"), one or a list, not '
            f"{interventions!r}."
        )
    return events


def _offset(offset, y: pd.Series) -> pd.Series | pd.DataFrame | None:
    """Return the log exposure, a Series for all units or a table by unit."""
    table = _table(offset, y, "The offset", "offset")
    if table is None or isinstance(offset, pd.DataFrame):
        return table
    return table.iloc[:, 0]


def _columns(table: pd.DataFrame) -> list[pd.Series]:
    return [table[name] for name in table]


def _windows(exclude) -> list[tuple[object, object]]:
    """Return windows from none, one (first, last) or a list of them."""
    if exclude is None:
        return []
    whole_list = isinstance(exclude, tuple | list)
    if not whole_list:
        raise NotTestable(
            f'exclude is ("2020-03", "2020-06") or a list of such, not {exclude!r}.'
        )
    one = len(exclude) == 2 and not any(isinstance(w, tuple | list) for w in exclude)
    windows = [tuple(exclude)] if one else list(exclude)
    if not all(isinstance(w, tuple | list) and len(w) == 2 for w in windows):
        raise NotTestable(
            f'exclude is ("2020-03", "2020-06") or a list of such, not {exclude!r}.'
        )
    return windows

"""How much a result depends on what was chosen: terms, errors, rows, controls."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature

import pandas as pd

from analysis_utils.asking import NotTestable, Refused

from ..arguments import one_of
from .estimators import NeweyWest, PraisWinsten
from .model import InterruptedTimeSeries, stated_model
from .placebo import _event, _term, _try, _typed


def sensitivity(
    model: InterruptedTimeSeries,
    event: str | None = None,
    *,
    kind: str = "level",
    variants: dict[str, dict[str, object]] | None = None,
) -> pd.DataFrame:
    """Return the coefficient under every variant, the model as stated first.

    variants : name -> changes of the model (as in ``model.replace``). By default one
        choice is changed at a time: trend, seasonality, errors or family, lag of the
        event, first and last tenth of the series left out. Refused variants stay in
        the table with the reason.

    >>> import numpy as np
    >>> from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
    >>> months = pd.period_range("2020-01", periods=36, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(36)
    >>> y = pd.Series(5 + 4.0 * (months >= "2021-07") + noise, months, name="y")
    >>> law = Intervention("law", "2021-07")
    >>> model = InterruptedTimeSeries(y, law, errors="ols")
    >>> sensitivity(model, variants={"no trend": {"trend": None}}).index.tolist()
    ['as stated', 'no trend']
    """
    if variants is not None and not _are_changes(variants):
        raise Refused(
            "variants names changes, as {'no trend': {'trend': None}}, not "
            f"{variants!r}."
        )
    part = _event(model, event)
    term = _term(model, part, kind)
    variants = default_variants(model, part) if variants is None else variants
    rows = {"as stated": _try(model, term)}
    for name, changes in variants.items():
        rows[name] = _try(model, term, **changes)
    return _typed(pd.DataFrame(rows).T.rename_axis("variant"))


def _are_changes(variants: object) -> bool:
    """Whether this names changes of arguments that a model has."""
    known = set(signature(InterruptedTimeSeries).parameters)
    return isinstance(variants, dict) and all(
        isinstance(changes, dict) and set(changes) <= known
        for changes in variants.values()
    )


def default_variants(model: InterruptedTimeSeries, part) -> dict[str, dict]:
    """Return the variants that differ from the model in one choice.

    >>> import numpy as np
    >>> from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
    >>> months = pd.period_range("2020-01", periods=36, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(36)
    >>> y = pd.Series(5 + 4.0 * (months >= "2021-07") + noise, months, name="y")
    >>> law = Intervention("law", "2021-07")
    >>> model = InterruptedTimeSeries(y, law, errors="ols")
    >>> list(default_variants(model, law))[:2]
    ['trend none', 'trend quadratic']
    """
    stated_model(model)
    if part not in model.interventions:
        raise Refused(f"{part!r} is none of the model's interventions.")
    variants: dict[str, dict] = {}
    for trend in (None, "linear", "quadratic", "spline"):
        if trend != model.trend:
            variants[f"trend {trend or 'none'}"] = {"trend": trend}
    variants |= _seasons(model)
    variants |= _families(model) if model.log_link else _errors()
    for lag in (1, 2, 3):
        moved = [
            replace(p, lag=p.lag + lag) if p.name == part.name else p
            for p in model.interventions
        ]
        variants[f"lag {part.lag + lag}"] = {"interventions": moved}
    return variants | _windows(model)


def _seasons(model: InterruptedTimeSeries) -> dict[str, dict]:
    """No season, one or two Fourier pairs, where the calendar has a cycle."""
    if model.design.periods.freqstr.startswith("Y"):
        return {}
    words = {0: "no seasonality", 1: "1 Fourier pair", 2: "2 Fourier pairs"}
    return {word: {"seasonality": pairs} for pairs, word in words.items()}


def _errors() -> dict[str, dict]:
    return {
        "OLS": {"errors": "ols"},
        "Newey-West": {"errors": NeweyWest()},
        "Prais-Winsten": {"errors": PraisWinsten()},
        "REML, AR(1)": {"errors": "reml-ar1"},
    }


def _families(model: InterruptedTimeSeries) -> dict[str, dict]:
    names = ("poisson", "quasipoisson", "negative_binomial")
    variants = {
        f"family {name.replace('_', ' ')}": {"family": name, "errors": None}
        for name in names
        if name != model.family
    }
    ar1 = {"family": "quasipoisson", "errors": "reml-ar1"}
    return variants | {"Newey-West": {"errors": NeweyWest()}, "AR(1) errors": ar1}


def _windows(model: InterruptedTimeSeries) -> dict[str, dict]:
    """Leave out the first and the last tenth of the series."""
    starts = model.design.periods.start_time
    tenth = max(1, len(starts) // 10)
    kept = list(model.exclude)
    return {
        "without first tenth": {"exclude": [*kept, (starts[0], starts[tenth - 1])]},
        "without last tenth": {"exclude": [*kept, (starts[-tenth], starts[-1])]},
    }


def leave_one_out(
    model: InterruptedTimeSeries,
    event: str | None = None,
    *,
    of: str = "periods",
    kind: str = "level",
) -> pd.DataFrame:
    """Return the coefficient with one part left out at a time.

    of : "periods" (each fitted period), "years" (each calendar year), "controls" (each
        control unit) or "events" (each other intervention).

    >>> import numpy as np
    >>> from analysis_utils.methods.its import InterruptedTimeSeries, Intervention
    >>> months = pd.period_range("2020-01", periods=36, freq="M")
    >>> noise = np.random.default_rng(1).standard_normal(36)
    >>> y = pd.Series(5 + 4.0 * (months >= "2021-07") + noise, months, name="y")
    >>> law = Intervention("law", "2021-07")
    >>> model = InterruptedTimeSeries(y, law, errors="ols")
    >>> len(leave_one_out(model)), leave_one_out(model, of="years").index.tolist()
    (36, ['2020', '2021', '2022'])
    """
    one_of(of, ("periods", "years", "controls", "events"), "of")
    part = _event(model, event)
    term = _term(model, part, kind)
    rows = {
        name: _try(model, term, **changes)
        for name, changes in _parts(model, part, of).items()
    }
    return _typed(pd.DataFrame(rows).T.rename_axis("left out"))


def _parts(model: InterruptedTimeSeries, part, of: str) -> dict[str, dict]:
    kept = list(model.exclude)
    if of == "controls":
        table = model.control
        if table is None:
            raise NotTestable("The model has no control= to leave out.")
        return {name: {"control": table.drop(columns=name)} for name in table}
    if of == "events":
        others = [p for p in model.interventions if p.name != part.name]
        return {
            p.name: {"interventions": [q for q in model.interventions if q != p]}
            for p in others
        }
    used = model.design.periods[model.design.used[: len(model.design.periods)]]
    if of == "years":
        groups = used.groupby(used.year)
        return {
            str(year): {"exclude": [*kept, (rows[0].start_time, rows[-1].start_time)]}
            for year, rows in sorted(groups.items())
        }
    return {str(p): {"exclude": [*kept, (p.start_time, p.start_time)]} for p in used}

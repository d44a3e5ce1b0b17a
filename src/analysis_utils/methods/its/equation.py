"""A model in print: as an equation and as a formula."""

from __future__ import annotations

from .design import Design
from .specification import Specification

__all__: list[str] = []  # all of it serves `InterruptedTimeSeries`


def formula(names: list[str]) -> str:
    """Return the formula that statsmodels fits to `model.data` (offset apart)."""
    terms = [_quoted(name) for name in names if name != "Intercept"]
    if "Intercept" not in names:
        terms = ["0", *terms]
    return "y ~ " + " + ".join(terms or ["1"])


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f'Q("{name}")'


def equation(model: Specification, design: Design) -> str:
    """Return the equation, the dates of the events, and the law of the errors."""
    names = design.names
    terms = [
        f"b{i}" if name == "Intercept" else f"b{i} {name}_t"
        for i, name in enumerate(names)
    ]
    right = " + ".join(terms)
    if model.log_link:
        offset = " + offset_t" if model.offset is not None else ""
        lines = [f"log E({model.name}_t) = {right}{offset}"]
    else:
        lines = [f"{model.name}_t = {right} + e_t"]
    lines.append(f"  {model.estimator.error_term}")
    return "\n".join([*lines, *_events(model, design)])


def _events(model: Specification, design: Design) -> list[str]:
    periods = design.periods
    lines = []
    for part in model.interventions:
        first, last = design.spans[part.name]
        until = "" if last == len(periods) else f" to {periods[last - 1]}"
        ramp = f", ramp from {part.ramp_start}" if part.slope else ""
        lines.append(
            f"  {part.name}: first affected period {periods[first]} (t = {first})"
            f"{until}{ramp}"
        )
    return lines

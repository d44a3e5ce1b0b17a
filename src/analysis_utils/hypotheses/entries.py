"""What an entry of the registry is: hypothesis, family, check, specification."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis_utils.asking import Refused, nearest

SPECIFIED = {
    "before": "specified in this repository before the estimate was computed",
    "after": "specified in this repository after the estimate was computed",
}
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Check:
    """A check named beforehand: of which kind, what it does, when it passes.

    `grid` holds the values of a specification curve, by the name of the choice.
    """

    name: str
    kind: str
    what: str
    passes: str
    grid: Mapping[str, list] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """Hypotheses adjusted together: closed, its members listed; error rate `alpha`."""

    name: str
    members: tuple[str, ...]
    alpha: float
    closed: str

    @property
    def level(self) -> float:
        """Level of each interval: together they hold with probability 1 - alpha."""
        return 1 - self.alpha / len(self.members)


class Specification(Mapping):
    """What a hypothesis fixes, as values: `spec.window`, or `spec["window"]`.

    `departures` lists, in words, where values given by a run differ.
    """

    def __init__(self, key: str, fixed: dict, given: dict | None = None):
        self.key, self.fixed, self.given = key, fixed, given or {}
        for name in self.given:
            self[name]  # an unknown name is refused

    def __getitem__(self, name: str) -> object:
        if name not in self.fixed:
            raise Refused(
                f"{self.key} specifies no {name!r}{nearest(name, tuple(self.fixed))}"
            )
        return self.given.get(name, self.fixed[name])

    def __getattr__(self, name: str) -> Any:  # what the registry says
        if name.startswith("_") or name in ("key", "fixed", "given"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self):
        return iter(self.fixed)

    def __len__(self) -> int:
        return len(self.fixed)

    @property
    def departures(self) -> list[str]:
        """'window is 30, specified 26' for each value that differs."""
        return [
            f"{name} is {written(value)}, specified {written(self.fixed[name])}"
            for name, value in self.given.items()
            if written(value) != written(self.fixed[name])
        ]


@dataclass(frozen=True)
class Hypothesis:
    """One entry of the registry; the head of the file says what each field means."""

    id: str
    statement: str
    family: Family
    specified: str
    run: str
    estimand: str
    design: str
    unit: str
    outcome: str
    specification: Specification
    estimator: str
    scale: str
    units: str
    null: float
    smallest: float
    rule: str
    checks: Mapping[str, Check]
    refuted_by: str
    threats: str
    known_before: str
    supersedes: Mapping[str, str] = field(default_factory=dict)  # id: why
    superseded_by: Mapping[str, str] = field(default_factory=dict)  # id: why
    fingerprint: str = ""

    @property
    def words(self) -> str:
        """Whether it was specified before or after its estimate, in words."""
        return SPECIFIED[self.specified]

    @property
    def bounds(self) -> tuple[float, float]:
        """Effects between these two are too small to be of interest."""
        if self.scale == "ratio":
            return self.null / self.smallest, self.null * self.smallest
        return self.null - self.smallest, self.null + self.smallest

    def check(self, name: str) -> Check:
        """A check by its name; refused, with the nearest, if none was specified."""
        if name not in self.checks:
            raise Refused(
                f"{self.id} names no check {name!r}{nearest(name, tuple(self.checks))}"
            )
        return self.checks[name]

    def underpowered(self, detectable: float) -> bool:
        """Whether the smallest effect found with 80 % power is above `smallest`."""
        if self.scale == "ratio":
            return max(detectable, 1 / detectable) > self.smallest
        return abs(detectable) > self.smallest


def typed(text: Any) -> Any:
    """Text of YAML as a value: whole number, number, true or false, list, or text."""
    if isinstance(text, dict):
        return {name: typed(one) for name, one in text.items()}
    if isinstance(text, list):
        return [typed(one) for one in text]
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    return {"true": True, "false": False}.get(text, text)


def written(value: object) -> str:
    """A value as the registry would hold it: what two values are compared by."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(written, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)

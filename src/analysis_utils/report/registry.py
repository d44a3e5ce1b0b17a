"""The registry of hypotheses: notebooks/hypotheses.yaml, read and checked."""

from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from analysis_utils.asking import Refused, StringLoader

FILE = "hypotheses.yaml"
RULES = ("greater", "less", "none", "different")
SCALES = ("difference", "ratio", "correlation")
STATUSES = ("confirmatory", "exploratory")


@dataclass(frozen=True)
class Hypothesis:
    """One entry of the registry; the file's head says what each field means."""

    id: str
    statement: str
    status: str
    outcome: str
    unit: str
    window: str
    design: str
    primary: str
    expected: str
    scale: str
    null: float
    smallest: float
    rule: str
    refuted_by: str
    threats: str
    known_before: str

    @property
    def bounds(self) -> tuple[float, float]:
        """Effects between these two are too small to be of interest."""
        if self.scale == "ratio":
            return self.null / self.smallest, self.null * self.smallest
        return self.null - self.smallest, self.null + self.smallest


@dataclass(frozen=True)
class Family:
    """Hypotheses whose p-values are adjusted together, by a method of statsmodels."""

    name: str
    method: str
    alpha: float


def read(path: Path) -> tuple[dict[str, Hypothesis], dict[str, Family]]:
    """Hypotheses by id and families by name; raises Refused naming every fault."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> tuple[dict[str, Hypothesis], dict[str, Family]]:
    """The registry in a text of YAML."""
    try:
        content = yaml.load(text, StringLoader)
        families = {
            name: Family(name, entry["method"], float(entry["alpha"]))
            for name, entry in content["families"].items()
        }
        entries = content["hypotheses"].items()
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise Refused(f"{FILE} cannot be read: {error}") from error
    problems = [line for key, entry in entries for line in faults(key, entry)]
    if problems:
        raise Refused("\n".join(f"{FILE}: {line}" for line in problems))
    numeric = ("null", "smallest")
    found = {
        key: Hypothesis(
            key, **{n: float(v) if n in numeric else v for n, v in entry.items()}
        )
        for key, entry in entries
    }
    return found, families


def faults(key: str, entry: dict[str, str]) -> list[str]:
    """What is wrong with one entry, in words."""
    wanted = {field.name for field in fields(Hypothesis)} - {"id"}
    found = [f"{key} lacks {name}" for name in sorted(wanted - set(entry))]
    found += [f"{key} has an unknown field {n}" for n in sorted(set(entry) - wanted)]
    for name, allowed in (("rule", RULES), ("scale", SCALES), ("status", STATUSES)):
        if entry.get(name, allowed[0]) not in allowed:
            found.append(f"{key}: {name} is {', '.join(allowed)}, not {entry[name]}")
    return found

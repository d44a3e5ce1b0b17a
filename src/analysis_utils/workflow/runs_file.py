"""notebooks/runs.yaml, read and checked: runs by notebook, limits of time, sweeps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analysis_utils.asking import Refused, yaml_of

FILE = "runs.yaml"
LIMITS = "limits"  # minutes by notebook
SWEEPS = "sweeps"  # grids with a name
RUN_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?")  # a folder
LONGEST = 80
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", flags=re.IGNORECASE)
SHAPE = (
    f"{FILE} must hold notebooks, below each its runs, below each run its parameters, "
    "each with one value (`main: {}` if it has none)"
)


@dataclass(frozen=True)
class RunsFile:
    """Content of runs.yaml.

    Attributes
    ----------
    runs : notebook, then run, then parameters as text.
    minutes : how long a run of a notebook may take, where that is not the default.
    sweeps : name, then `notebook` and parameters with their values, as text.
    """

    runs: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)
    sweeps: dict[str, dict[str, str]] = field(default_factory=dict)


def read_runs_file(path: Path) -> RunsFile:
    """Content of a runs.yaml; Refused with a line for each fault."""
    content = yaml_of(path) or {}
    if not isinstance(content, dict):
        raise Refused(SHAPE)
    limits, sweeps = content.pop(LIMITS, {}), content.pop(SWEEPS, {})
    if problems := [
        *shape_faults(content),
        *limit_faults(limits),
        *sweep_faults(sweeps),
    ]:
        raise Refused("\n".join(problems))
    runs = {
        notebook: {run: dict(given or {}) for run, given in runs.items()}
        for notebook, runs in content.items()
    }
    if problems := list(name_faults(runs | {SWEEPS: sweeps})):
        raise Refused("\n".join(problems))
    minutes = {name: float(text) for name, text in limits.items()}
    return RunsFile(runs, minutes, {name: dict(one) for name, one in sweeps.items()})


def shape_faults(content: dict) -> Iterator[str]:
    """What is not as deep as it must be."""
    for notebook, runs in content.items():
        if not isinstance(runs, dict):
            yield f"{SHAPE}; {notebook} holds no runs"
            continue
        for run, given in runs.items():
            if given not in ("", None) and not isinstance(given, dict):
                yield f"{SHAPE}; {notebook}, {run} holds no parameters"
                continue
            for name, value in dict(given or {}).items():
                if not isinstance(value, str):
                    yield (
                        f"{FILE}: {notebook}, {run}: {name} must have one value, not "
                        f"{value}; write a run for each"
                    )


def limit_faults(limits: object) -> Iterator[str]:
    """What is wrong with the limits."""
    if not isinstance(limits, dict):
        yield f"{FILE}: {LIMITS} must name notebooks and minutes ({{02_...: 20}})"
        return
    for notebook, text in limits.items():
        number = re.fullmatch(r"\d+(\.\d+)?", str(text))
        if not number or not 0 < float(text) <= 24 * 60:
            yield f"{FILE}: {LIMITS}: {notebook} must have minutes, not {text!r}"


def sweep_faults(sweeps: object) -> Iterator[str]:
    """What is wrong with the named sweeps."""
    if not isinstance(sweeps, dict):
        yield f"{FILE}: {SWEEPS} must hold names, below each its notebook and values"
        return
    for name, one in sweeps.items():
        if not isinstance(one, dict) or not isinstance(one.get("notebook"), str):
            yield f"{FILE}: {SWEEPS}: {name} must name its notebook (notebook: 02_...)"
        elif odd := [key for key, text in one.items() if not isinstance(text, str)]:
            yield (
                f"{FILE}: {SWEEPS}: {name}: write the values of {odd[0]} on one line, "
                "with commas between them (TX,FL), or all"
            )


def name_faults(table: dict[str, dict]) -> Iterator[str]:
    """Names of runs that cannot be folders everywhere, or are hard to tell apart."""
    for notebook, runs in table.items():
        seen: dict[str, str] = {}
        for run in runs:
            if not RUN_NAME.fullmatch(run) or len(run) > LONGEST:
                yield (
                    f"{FILE}: a run's name is made of letters, digits, . _ and -, ends "
                    f"without a dot and has at most {LONGEST} characters; not "
                    f"{run[:100]!r}"
                )
            elif DEVICES.fullmatch(run):
                yield f"{FILE}: {run!r} cannot be a folder on every system; rename it"
            elif run.lower() in seen:
                yield (
                    f"{FILE}: {notebook} has runs {seen[run.lower()]} and {run}, which "
                    "are one folder on some systems; rename one"
                )
            seen[run.lower()] = run

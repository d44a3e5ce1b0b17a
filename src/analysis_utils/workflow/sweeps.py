"""Sweeps: one notebook with every combination of the values given."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from analysis_utils.asking import Refused, nearest
from analysis_utils.data_folder import column
from analysis_utils.workflow import kinds
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.parameters import Parameter, declared, typed
from analysis_utils.workflow.runs import CUSTOM, MINUTES, OUTPUTS, Run, slug
from analysis_utils.workflow.runs_file import RunsFile

EVERY = "all"  # in a sweep: each one by itself
MOST = 200  # combinations that need no YES=yes


@dataclass(frozen=True)
class Sweep:
    """The runs of a grid.

    Attributes
    ----------
    name : of its folder below `outputs/custom/`.
    varied : the parameters that have more than one value, as they were given.
    runs : one for each combination.
    """

    name: str
    varied: tuple[str, ...]
    runs: tuple[Run, ...]

    @property
    def folder(self) -> Path:
        """Where its runs, its table and its figure are."""
        return self.runs[0].base


def every_state() -> list[str]:
    """The states and the District of Columbia; territories are asked for by name."""
    rows = zip(column("states", "state"), column("states", "kind"), strict=True)
    return [state for state, kind in rows if kind != "territory"]


def every(parameter: Parameter) -> list[object]:
    """Each value that a parameter can have, the one that pools them aside."""
    listed = {
        "state": every_state,
        "event": lambda: list(column("policy_events", "id")),
        "county": lambda: list(column("counties", "fips")),
        "model": lambda: list(column("models", "model")),
        "bool": lambda: ["yes", "no"],
    }
    parts = [part.strip() for part in parameter.kind.split(" or ")]
    words = [p for p in parts if p not in kinds.NAMED and not kinds.RANGE.fullmatch(p)]
    for part in parts:
        if part in listed:
            return [kinds.parse(text, parameter.kind) for text in listed[part]()]
    if len(words) < len(parts):
        raise Refused(
            f"{parameter.name.upper()}=all has no end ({parameter.kind}): name the "
            "values, with commas between them"
        )
    return [word for word in words if word != EVERY]


def values(text: str, parameter: Parameter) -> list[object]:
    """The values that `TX,FL` or `all` stand for, typed, each once."""
    found: list[object] = []
    for word in (word.strip() for word in text.split(",")):
        if not word:
            raise Refused(f"{parameter.name.upper()}={text}: a value is empty")
        if word.lower() == EVERY:
            found += every(parameter)
            continue
        try:
            found.append(kinds.parse(word, parameter.kind))
        except Refused as refused:
            raise Refused(f"{parameter.name.upper()}: {refused}") from None
    return list(dict.fromkeys(found))


def named(name: str, file: RunsFile) -> dict[str, str]:
    """What runs.yaml gives a sweep: its notebook and its parameters, as text."""
    if name not in file.sweeps:
        known = tuple(file.sweeps)
        raise Refused(
            f"no sweep {name!r}{nearest(name, known)}; notebooks/runs.yaml names: "
            f"{', '.join(known) or 'none yet'}"
        )
    return dict(file.sweeps[name])


def grid(
    notebook: Notebook, given: dict[str, str], name: str = "", minutes: float = MINUTES
) -> Sweep:
    """Every combination of the values given, the other parameters as they stand.

    Parameters
    ----------
    given : by parameter, values with commas between them, or `all` for each.
    name : of the sweep; without one its folder is called after what was given.

    Raises
    ------
    Refused
        With a line for each parameter or value that is wrong.
    """
    contract, problems, chosen = declared(notebook), [], {}
    for parameter, text in given.items():
        if parameter not in contract:
            near = nearest(parameter.upper(), [known.upper() for known in contract])
            problems.append(f"{notebook.name} has no {parameter.upper()}{near}")
            continue
        try:
            chosen[parameter] = values(text, contract[parameter])
        except Refused as refused:
            problems.append(str(refused))
    if problems:
        raise Refused("\n".join(problems))
    varied = tuple(name for name, found in chosen.items() if len(found) > 1)
    if not varied:
        raise Refused(
            "nothing varies: give a parameter several values (STATE=TX,FL or "
            "STATE=all), or use `make run`"
        )
    folder = f"{notebook.name[:2]}-{name or slug(given)}"
    runs = []
    for combination in product(*chosen.values()):
        one = dict(zip(chosen, combination, strict=True))
        complete, wrong = typed(contract, {k: str(v) for k, v in one.items()})
        assert not wrong, wrong  # each value was parsed before
        run = slug({parameter: str(one[parameter]) for parameter in varied})
        base = OUTPUTS / CUSTOM / folder
        runs.append(Run(notebook, run, complete, base, tuple(sorted(one)), minutes))
    return Sweep(folder, varied, tuple(runs))


def refuse_large(sweep: Sweep, sure: bool) -> None:
    """Refuse a grid that would take long, unless it is meant."""
    if len(sweep.runs) > MOST and not sure:
        raise Refused(
            f"this is {len(sweep.runs):,} runs, more than {MOST}; if it is meant, add "
            "YES=yes"
        )

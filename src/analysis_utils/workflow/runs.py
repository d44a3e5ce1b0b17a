"""The runs of the study: notebooks with their parameters, from runs.yaml and make."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict, Unpack

from analysis_utils.asking import Refused, nearest
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.parameters import declared, default_faults, typed
from analysis_utils.workflow.runs_file import FILE, RunsFile, read_runs_file

NOTEBOOKS = ROOT / "notebooks"
OUTPUTS = ROOT / "outputs"
DEFAULT_RUN = "main"
CUSTOM = "custom"  # folder of outputs made with a user's own parameters
MINUTES = 10.0
LONGEST = 120  # bytes of a folder's name


@dataclass(frozen=True)
class Run:
    """A notebook with one complete set of typed parameters."""

    notebook: Notebook
    name: str
    parameters: dict[str, object]
    base: Path = field(default=OUTPUTS)
    given: tuple[str, ...] = ()  # parameters that runs.yaml or the command names
    minutes: float = MINUTES  # it may take

    @property
    def label(self) -> str:
        """`notebook/run`, as shown to people."""
        return f"{self.notebook.name}/{self.name}"

    @property
    def folder(self) -> Path:
        """Where everything that this run makes is kept."""
        return self.base / self.notebook.name / self.name


def study_notebooks(folder: Path) -> dict[str, Notebook]:
    """Every numbered notebook of the study, by name, in order."""
    paths = sorted(folder.glob("[0-9]*.ipynb"))
    alike: dict[str, str] = {}
    for path in paths:
        other = alike.setdefault(path.name.lower(), path.name)
        if other != path.name:
            raise Refused(
                f"{other} and {path.name} have one folder of outputs on some systems; "
                "rename one"
            )
    return {path.stem: Notebook(path) for path in paths}


def chosen(
    notebooks: dict[str, Notebook],
    table: dict[str, dict[str, dict[str, str]]],
    limits: Iterable[str] = (),
) -> Iterable[tuple[Notebook, str, dict[str, str]]]:
    """Notebook, run name and parameters as text; a notebook unnamed runs as it is."""
    unknown = [name for name in [*table, *limits] if name not in notebooks]
    if unknown:
        raise Refused(
            "\n".join(
                f"runs.yaml: no notebook {name!r}{nearest(name, tuple(notebooks))}"
                for name in unknown
            )
        )
    for name, notebook in notebooks.items():
        for run, given in table.get(name, {DEFAULT_RUN: {}}).items():
            yield notebook, run, given


class Choice(TypedDict, total=False):
    """Which runs, and what is set from the command line."""

    notebook: str | None
    run: str | None
    overrides: dict[str, str] | None
    settings: Iterable[str]


def study_runs(
    folder: Path = NOTEBOOKS, outputs: Path = OUTPUTS, **choice: Unpack[Choice]
) -> list[Run]:
    """All runs of the study, typed and complete.

    Parameters
    ----------
    folder, outputs : Path
        Where the notebooks are, and where the archived outputs are.
    notebook, run : str, optional
        Only these.
    overrides : dict of str, optional
        Parameters from the command line. They apply to every run whose notebook
        has them; the outputs go to `outputs/custom/`.

    Raises
    ------
    Refused
        With a line for every unknown name and every value that its type refuses.
    """
    only, run_name = choice.get("notebook"), choice.get("run")
    overrides = choice.get("overrides") or {}
    notebooks = study_notebooks(folder)
    file = folder / FILE
    table = read_runs_file(file) if file.exists() else RunsFile()
    picked = [
        (notebook, run, given)
        for notebook, run, given in chosen(notebooks, table.runs, table.minutes)
        if only in (None, notebook.name) and run_name in (None, run)
    ]
    contracts = {n.name: declared(n) for n, _, _ in picked}
    refuse_unknown(overrides, contracts, choice.get("settings", ()))
    runs: list[Run] = []
    problems: dict[str, list[str]] = {}
    for notebook, run, given in picked:
        contract = contracts[notebook.name]
        mine = {name: text for name, text in overrides.items() if name in contract}
        if overrides and not mine:
            continue
        values, wrong = typed(contract, given | mine)
        for sentence in default_faults(contract):
            problems.setdefault(sentence, []).append(notebook.name)
        for sentence in wrong:
            problems.setdefault(sentence, []).append(f"{notebook.name}/{run}")
        minutes = table.minutes.get(notebook.name, MINUTES)
        named = tuple(sorted({*given, *mine}))
        runs.append(Run(notebook, run, values, outputs, named, minutes))
    if problems:
        raise Refused("\n".join(told(*problem) for problem in problems.items()))
    if overrides:
        base = outputs / CUSTOM / slug(as_typed(overrides, runs))
        runs = [replace(run, base=base) for run in runs]
    return runs


def told(sentence: str, labels: list[str]) -> str:
    """One problem with the runs that have it, said once."""
    labels = list(dict.fromkeys(labels))
    more = f" and {len(labels) - 1} more runs" if len(labels) > 1 else ""
    return f"{labels[0]}{more}: {sentence}"


def as_typed(overrides: dict[str, str], runs: list[Run]) -> dict[str, str]:
    """The values as the notebooks get them: Texas and tx are one state, TX."""
    values = dict(overrides.items())
    for run in reversed(runs):
        values |= {n: str(run.parameters[n]) for n in overrides if n in run.parameters}
    return values


def refuse_unknown(
    overrides: dict[str, str], contracts: dict[str, dict], settings: Iterable[str]
) -> None:
    """Refuse a parameter of the command line that no chosen notebook has."""
    names = sorted({name for contract in contracts.values() for name in contract})
    known = [*(name.upper() for name in names), *settings]
    unknown = [name for name in overrides if name not in names]
    if unknown:
        raise Refused(
            "\n".join(
                f"no notebook has a parameter {name.upper()}"
                f"{nearest(name.upper(), known)}"
                for name in unknown
            )
        )


def slug(overrides: dict[str, str]) -> str:
    """Name of a folder for outputs made with other parameters, one for each set."""
    text = ",".join(f"{name}={value}" for name, value in sorted(overrides.items()))
    plain = "".join(c if c.isalnum() or c in "=,.-_" else "_" for c in text)
    if plain == text and len(text.encode()) <= LONGEST:
        return plain
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    short = plain.encode("ascii", "replace").decode().replace("?", "_")
    return f"{short[: LONGEST - 9]}-{digest}"

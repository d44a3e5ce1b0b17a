"""Makes a notebook, its run and its test, which pass every check as they are."""

import os
import re
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import (
    DEFAULT_RUN,
    NOTEBOOKS,
    study_notebooks,
)
from analysis_utils.workflow.runs_file import read_runs_file

HERE = Path(__file__).parent
RUNS = NOTEBOOKS / "runs.yaml"
NAME = re.compile(r"\d\d(_[a-z0-9]+)+")
LONGEST = 50


def make(name: str | None) -> str:
    """Write the three files and say which; the name that was checked."""
    checked = check(name)
    paths = [write(path, content) for path, content in files(checked).items()]
    print("Made:", *(path.relative_to(ROOT) for path in paths), sep="\n  ", flush=True)
    return checked


def next_steps(name: str) -> str:
    """What to do when the new run has ended well."""
    return (
        f"\nNext: change notebooks/{name}.ipynb (make lab), then make all; change "
        "its test with it. Before you commit: make tidy test."
    )


def check(name: str | None) -> str:
    """The name; one that cannot be used is refused, and what could be is said."""
    taken = list(study_notebooks(NOTEBOOKS))
    free = f"{next_number(taken):02d}_my_question"
    if not name:
        raise Refused(f"name the notebook: make new NAME={free}")
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise Refused(
            f"{name!r} cannot be a notebook's name: two digits, then words of small "
            f"letters and digits joined by _, at most {LONGEST} characters in all, "
            f"for example {free}"
        )
    if name in taken:
        raise Refused(f"notebooks/{name}.ipynb exists already; choose another name")
    same = [other for other in taken if other[:2] == name[:2]]
    if same:
        raise Refused(f"the number {name[:2]} is that of {same[0]}; {free[:2]} is free")
    used = [path for path in files(name) if path != RUNS and path.exists()]
    if used or name in runs_named():
        place = used[0].relative_to(ROOT) if used else "an entry in notebooks/runs.yaml"
        raise Refused(f"{place} is left of an earlier {name}; remove it first")
    return name


def next_number(taken: list[str]) -> int:
    """The number after the highest in use."""
    return max((int(name[:2]) for name in taken if name[:2].isdigit()), default=0) + 1


def runs_named() -> dict:
    """Content of runs.yaml."""
    return read_runs_file(RUNS).runs if RUNS.exists() else {}


def files(name: str) -> dict[Path, str]:
    """The files of a new notebook with their content: notebook, runs, test."""
    title = name[3:].replace("_", " ").capitalize()
    notebook = (HERE / "template.ipynb").read_text(encoding="utf-8")
    test = (HERE / "template_test.txt").read_text(encoding="utf-8")
    runs = RUNS.read_text(encoding="utf-8") if RUNS.exists() else ""
    return {
        NOTEBOOKS / f"{name}.ipynb": notebook.replace("TITLE", title),
        RUNS: f"{runs.rstrip()}\n\n{name}:\n  {DEFAULT_RUN}: {{}}\n".lstrip(),
        ROOT / f"tests/test_notebook_{name}.py": test.replace("NAME", name),
    }


def write(path: Path, content: str) -> Path:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(content, encoding="utf-8")
    os.replace(new, path)
    return path

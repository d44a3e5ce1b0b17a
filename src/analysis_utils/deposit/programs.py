"""What each program is for, from its first sentence; versions from the lock."""

import ast
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs import NOTEBOOKS, study_notebooks

PACKAGE = ROOT / "src/analysis_utils"


@dataclass(frozen=True)
class Program:
    """A notebook, module or part of the package, and what it is for."""

    path: str
    purpose: str


def notebooks() -> list[Program]:
    """The notebooks, each with its first heading."""
    return [
        Program(f"notebooks/{name}.ipynb", heading(notebook))
        for name, notebook in study_notebooks(NOTEBOOKS).items()
    ]


def heading(notebook: Notebook) -> str:
    """First line of the notebook's first text cell; its name if it has none."""
    texts = (notebook.source(c) for c in notebook.cells if c["cell_type"] == "markdown")
    lines = next(texts, "").splitlines()
    return lines[0].lstrip("# ") if lines else notebook.name


def modules() -> list[Program]:
    """Every module of the package, each with the first sentence of its docstring."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        purpose = first_sentence(path)
        if purpose:
            found.append(Program(path.relative_to(ROOT).as_posix(), purpose))
    return found


def first_sentence(path: Path) -> str:
    """First paragraph of a module's docstring, in one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def packages() -> list[tuple[str, str, str]]:
    """Packages that pyproject.toml asks for: name, locked version, what for."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE))
    found = []
    for wanted in project["dependencies"]:
        name = re.split(r"[^\w.-]", wanted)[0]
        purpose = re.search(rf'"{re.escape(wanted)}",\s+# (.*)', text)
        found.append(
            (name, locked.get(name, "not locked"), purpose[1] if purpose else "")
        )
    return found


def python_needed() -> str:
    """Versions of Python that the project admits."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["requires-python"]

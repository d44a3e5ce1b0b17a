"""One form for all code: ruff everywhere, mypy over the whole package."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from analysis_utils.run_context import ROOT


def said(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_has_nothing_to_say():
    places = ("src", "tests", "benchmarks", "notebooks", "site")
    found = said("ruff", "check", "--no-cache", *places)
    assert not found, f"{found}\nMost of it is put right by `ruff check --fix`."


def test_annotations_are_true():
    """Of the whole package, as pyproject.toml says; the environment keeps a cache."""
    found = said("mypy", "--cache-dir", f"{sys.prefix}/mypy")
    assert not found, found


@pytest.mark.parametrize("place", ["src", "tests", "notebooks"])
def test_no_conflict_is_left(place):
    marks = ("<" * 7 + " ", ">" * 7 + " ")
    files = list((ROOT / place).rglob("*.py"))
    for path in files + [*(ROOT / place).glob("*.ipynb")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not [n for n in lines if n.startswith(marks)], path


def test_a_notebook_names_nothing_that_it_does_not_have():
    """But for the parameters, whose annotations are types of ours."""
    command = "ruff check --isolated --select F821 --output-format json notebooks"
    found = json.loads(said(*command.split()))
    assert {item["code"] for item in found} == {"F821"}
    lost = [
        f"{Path(item['filename']).name}, cell {item['cell'] - 1}: {item['message']}"
        for item in found
        if not is_parameters(item["filename"], item["cell"] - 1)
    ]
    assert not lost


def is_parameters(path: str, cell: int) -> bool:
    """Whether a cell, counted from 0, is the one with the parameters."""
    tags = nbformat.read(path, as_version=4).cells[cell].metadata.get("tags", [])
    return "parameters" in tags

"""One form for all code: ruff everywhere, mypy over the whole package."""

import subprocess
import sys

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

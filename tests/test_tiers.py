"""`make test` leaves out what is long and says so; `.ci/run` leaves nothing out."""

import os
import subprocess
import sys

import pytest

from analysis_utils.asking import Refused
from analysis_utils.commands import maintain
from analysis_utils.run_context import ROOT

THREE = (
    "import pytest\n"
    "def test_at_once(): pass\n"
    "@pytest.mark.slow\ndef test_of_seconds(): pass\n"
    "@pytest.mark.long\ndef test_of_minutes(): pass\n"
)
WHOLE = "`make test WHOLE=yes` runs everything."


@pytest.fixture
def asked(monkeypatch) -> list:
    """The commands that would be carried out."""
    commands: list = []
    monkeypatch.setattr(maintain, "call", lambda *words: commands.extend(words) or 0)
    return commands


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, ["-m", "not long"]),
        ({"QUICK": "yes"}, ["-m", "quick"]),
        ({"WHOLE": "yes"}, []),
    ],
)
def test_what_is_chosen(asked, given, chosen):
    assert maintain.make_test(given) == 0
    (words,) = asked
    assert words[words.index("worksteal") + 1 :] == chosen


def test_quick_and_whole_together_are_refused(asked):
    with pytest.raises(Refused, match="QUICK=yes leaves out what WHOLE=yes runs"):
        maintain.make_test({"QUICK": "yes", "WHOLE": "yes"})
    assert not asked


def test_the_server_leaves_nothing_out():
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make test")] == [
        "make test WHOLE=yes"
    ]


def without_xdist() -> dict[str, str]:
    """The environment as it is where no worker of xdist has set its own."""
    return {n: text for n, text in os.environ.items() if not n.startswith("PYTEST_")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "passed", "said"),
    [
        pytest.param(
            ["-m", "not long", "-n", "2", "."],
            2,
            f"Left out: 1 long test. {WHOLE}",
            marks=pytest.mark.long,
        ),
        (["-m", "quick", "."], 1, f"Left out: 2 tests. {WHOLE}"),
        (["test_three.py::test_of_minutes"], 1, ""),
    ],
)
def test_what_is_left_out_is_said(tmp_path, words, passed, said):
    """By the marks of this folder, in a folder of three tests."""
    (tmp_path / "test_three.py").write_text(THREE)
    options = ["-p", "conftest", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *words],
        cwd=tmp_path,
        env=without_xdist() | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
    )
    assert f"{passed} passed" in done.stdout, done.stdout + done.stderr
    assert said in done.stdout
    assert said or "Left out" not in done.stdout

"""A live bar on a terminal, plain lines elsewhere, a closing table in both."""

import os
import pty
import select
import subprocess
import sys
import termios

import pytest

from analysis_utils.run_context import ROOT
from analysis_utils.workflow.imports import all_imports_of


def on_a_terminal(checkout) -> str:
    """What a person sees: everything written to a terminal, control codes as well."""
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-m", "analysis_utils.commands", "all"],
        cwd=checkout.root,
        env=checkout.environment(),
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    text = b""
    while process.poll() is None or select.select([parent], [], [], 0.1)[0]:
        if select.select([parent], [], [], 0.2)[0]:
            try:
                text += os.read(parent, 65536)
            except OSError:  # the other end is closed
                break
    os.close(parent)
    assert process.wait() == 0
    return text.decode()


@pytest.mark.long
def test_a_live_bar_on_a_terminal(checkout):
    checkout.notebook("01_a", "", "print(1)", "import time; time.sleep(1)", "print(2)")
    text = on_a_terminal(checkout)
    assert "0/1 01_a/main" in text and "s left" in text
    assert "1/1 01_a/main: ran in" in text and "seconds" in text


@pytest.mark.long
def test_plain_lines_elsewhere(checkout):
    checkout.notebook("01_a", "", "print(1)")
    code, text = checkout.make("all")
    assert code == 0 and "Traceback" not in text
    assert "\r" not in text and "\x1b" not in text
    lines = text.splitlines()
    assert lines[0].startswith("1/1 01_a/main: ran in ")
    assert lines[1].split() == ["run", "state", "seconds"]
    assert lines[2].split()[:2] == ["01_a/main", "ran"]


def test_list_shows_names_types_and_defaults(checkout):
    checkout.notebook("01_a", 'n: "1 to 9" = 3  # how many', "print(n)")
    _, text = checkout.make("list")
    assert text.splitlines() == ["01_a", "  runs: main", "  N=3   (1 to 9)  how many"]


def test_run_lands_apart_and_has_its_own_parameters(checkout):
    checkout.notebook("01_a", 'n: "1 to 9" = 3\nword: "str" = "all"', "print(n, word)")
    code, text = checkout.make("run", NOTEBOOK="01_a", N="5", WORD="two words")
    assert code == 0, text
    (made,) = checkout.outputs.glob("custom/*/01_a/main/01_a.ipynb")
    assert "5 two words" in made.read_text()
    assert not (checkout.outputs / "01_a").exists()


def test_indirect_imports_are_found():
    names = {
        p.relative_to(ROOT / "src").as_posix()
        for p in all_imports_of(["analysis_utils.series"])
    }
    assert {"analysis_utils/series.py", "analysis_utils/datasets.py"} <= names
    assert "analysis_utils/run_context.py" in names  # by way of datasets

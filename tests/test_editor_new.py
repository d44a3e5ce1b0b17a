"""`make new`: a notebook, its run and its test that pass as they are, or a refusal."""

import ast
import subprocess
import sys

import pytest
import yaml
from test_editor_notebooks import COMPILED, editor
from test_workflow_faults import tree

from analysis_utils.asking import Refused
from analysis_utils.editor import new, tidy
from analysis_utils.review.notebooks import faults
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.parameters import declared

TAKEN = "02_interrupted_time_series"


@pytest.mark.long
def test_a_new_notebook_runs_and_passes_its_test(checkout):
    (checkout.root / "notebooks/runs.yaml").write_text("# Kept.\n\n")
    code, said = editor(checkout, "new", NAME="08_my_question")
    assert code == 0, said
    notebook = checkout.root / "notebooks/08_my_question.ipynb"
    assert "# My question\n" in notebook.read_text().replace("\\n", "\n")
    assert tidy.problems(notebook) == []
    runs = (checkout.root / "notebooks/runs.yaml").read_text()
    assert runs.startswith("# Kept.\n")
    assert yaml.safe_load(runs) == {"08_my_question": {"main": {}}}
    executed = checkout.outputs / "08_my_question/main/08_my_question.ipynb"
    assert faults(executed, notebook) == []
    test = checkout.root / "tests/test_notebook_08_my_question.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=checkout.root,
        env=checkout.environment() | COMPILED,
        capture_output=True,
        text=True,
    )
    assert "3 passed" in done.stdout, done.stdout
    code, said = checkout.make("all")
    assert code == 0 and "Nothing to do" in said
    assert "the number 08 is that of 08_my" in refusal(checkout, "08_other")


def refusal(checkout, name: str) -> str:
    """What is said; nothing may be written."""
    before = tree(checkout.root / "notebooks")
    code, said = editor(checkout, "new", NAME=name)
    assert code == 2 and "Refused, nothing was changed" in said
    assert tree(checkout.root / "notebooks") == before
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    "name",
    [
        "my_question",
        "8_my_question",
        "08",
        "08_",
        "08-my-question",
        "08_My_Question",
        "08_frage_ü",
        "../08_my_question",
        "08_a/b",
        "08_a;ls",
        "08_a\n",
        "08_" + "a" * 60,
    ],
)
def test_bad_names_are_refused_with_an_example(name):
    with pytest.raises(Refused, match=r"cannot be a notebook's name.*\d\d_my_question"):
        new.check(name)


def test_no_name_is_answered_with_the_next_number():
    with pytest.raises(Refused, match=r"make new NAME=\d\d_my_question"):
        new.check(None)
    assert new.next_number([]) == 1
    assert new.next_number(["01_a", "07_b"]) == 8


def test_names_in_use_are_refused():
    with pytest.raises(Refused, match="exists already"):
        new.check(TAKEN)
    with pytest.raises(Refused, match=f"the number 02 is that of {TAKEN}"):
        new.check("02_other")


def test_what_an_earlier_notebook_left_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr(new, "ROOT", tmp_path)
    test = tmp_path / "tests/test_notebook_98_a.py"
    test.parent.mkdir()
    test.touch()
    with pytest.raises(Refused, match=r"tests/test_notebook_98_a.py is left of"):
        new.check("98_a")


def test_the_template_has_what_a_notebook_needs():
    notebook = Notebook(new.HERE / "template.ipynb")
    assert all(p.kind and p.comment for p in declared(notebook).values())
    prose = [notebook.source(c) for c in notebook.cells if c["cell_type"] == "markdown"]
    headings = [text.splitlines()[0] for text in prose]
    assert headings[-2:] == ["## What this shows", "## What this does not show"]
    ast.parse((new.HERE / "template_test.txt").read_text())
    assert not list((ROOT / "notebooks").glob("template*"))

"""Source notebooks are tidy; `make tidy` puts right what is not, and says it."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from analysis_utils.asking import Refused
from analysis_utils.editor import clean, tidy
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import NOTEBOOKS

SOURCES = sorted(NOTEBOOKS.glob("*.ipynb"))
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # the second command starts faster
TEMPLATE = ROOT / "src/analysis_utils/editor/template.ipynb"


@pytest.mark.parametrize("path", [*SOURCES, TEMPLATE], ids=lambda path: path.stem)
def test_the_notebooks_in_git_are_tidy(path):
    found = tidy.problems(path)
    assert not found, "\n".join(found)


@pytest.fixture
def untidy(tmp_path):
    """A tidy notebook and a way to spoil it: `untidy(change)` gives the path."""

    def spoil(change):
        notebook = json.loads(TEMPLATE.read_text(encoding="utf-8"))
        change(notebook)
        path = tmp_path / "03_spoilt.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path

    return spoil


def outputs(notebook):
    output = nbformat.v4.new_output("stream", text="1\n")
    notebook["cells"][4]["outputs"].append(output)


def count(notebook):
    notebook["cells"][4]["execution_count"] = 7


def kernel(notebook):
    notebook["metadata"]["kernelspec"]["name"] = "conda-env-py39"


def python_version(notebook):
    notebook["metadata"]["language_info"]["version"] = "3.9.1"


def widgets(notebook):
    notebook["metadata"]["widgets"] = {}


def collapsed(notebook):
    notebook["cells"][4]["metadata"]["collapsed"] = True


def no_id(notebook):
    del notebook["cells"][4]["id"]


def same_id(notebook):
    notebook["cells"][4]["id"] = notebook["cells"][2]["id"]


def empty(notebook):
    notebook["cells"].append(dict(notebook["cells"][4], source="\n", id="last"))


SPOILT = {
    outputs: "cell 5 (cell-05): carries outputs",
    count: "cell 5 (cell-05): carries the count of its last execution",
    kernel: "names a kernel of one machine ('conda-env-py39')",
    python_version: "records the Python version of one machine",
    widgets: "keeps settings of an editor",
    collapsed: "cell 5 (cell-05): keeps settings of an editor",
    no_id: "cell 5 (no id): has no id",
    same_id: "cell 5 (cell-03): has the same id as another cell",
    empty: "cell 13 (last): is empty",
}


@pytest.mark.parametrize("change", SPOILT, ids=lambda change: change.__name__)
def test_what_is_wrong_is_said_and_put_right(untidy, change):
    path = untidy(change)
    said = tidy.problems(path)
    assert any(f"03_spoilt.ipynb {SPOILT[change]}" in sentence for sentence in said)
    assert all(sentence.endswith("run `make tidy`") for sentence in said)
    assert tidy.put_right(path)
    assert tidy.problems(path) == []
    assert tidy.put_right(path) == []  # once is enough


def test_tidying_changes_no_text_and_no_good_id(untidy):
    path = untidy(outputs)
    before = json.loads(path.read_text())["cells"]
    tidy.put_right(path)
    after = json.loads(path.read_text())["cells"]
    kept = ("id", "cell_type")
    assert [[c[k] for k in kept] for c in after] == [
        [c[k] for k in kept] for c in before
    ]
    assert ["".join(c["source"]) for c in after] == [
        "".join(c["source"]) for c in before
    ]


def test_a_made_id_depends_on_the_cell_alone(untidy):
    def first(notebook):
        no_id(notebook)
        notebook["cells"].insert(0, dict(notebook["cells"][0], id="earlier"))

    ids = []
    for change in (no_id, first):
        path = untidy(change)
        tidy.put_right(path)
        cells = tidy.read(path).cells
        ids.append(next(c.id for c in cells if c.source.startswith("known = ")))
    assert ids[0] == ids[1]


def test_cells_in_the_wrong_order_are_named_and_left_to_the_author(untidy):
    def swap(notebook):
        cells = notebook["cells"]
        cells[4], cells[6] = cells[6], cells[4]

    path = untidy(swap)
    tidy.put_right(path)
    said = tidy.problems(path)
    assert any(
        "cell 5 (cell-07): uses `signed`, which cell 7 defines further down" in sentence
        for sentence in said
    )
    assert not any("make tidy" in sentence for sentence in said)


def test_a_name_that_nothing_defines_is_named(untidy):
    def misspelt(notebook):
        notebook["cells"][4]["source"] = "%matplotlib inline\nsum(known_ for _ in [1])"

    said = "\n".join(tidy.problems(untidy(misspelt)))
    assert "cell 5 (cell-05): uses `known_`, which no cell defines" in said


def test_comprehensions_lambdas_and_handlers_define_names():
    source = (
        "try:\n    a = [b for b in (lambda c: c)([1])]\nexcept OSError as d:\n    d"
    )
    defined, used = tidy.names(source)
    assert {"a", "b", "c", "d"} <= defined
    assert used == {"OSError"}


def test_what_is_no_notebook_is_refused_and_left(tmp_path):
    path = tmp_path / "03_none.ipynb"
    path.write_text("<<<<<<< HEAD\n")
    with pytest.raises(Refused, match="line 1: `<<<<<<< HEAD` is left of a"):
        tidy.put_right(path)
    assert path.read_text() == "<<<<<<< HEAD\n"


def editor(checkout, command: str, **variables: str) -> tuple[int, str]:
    """Exit code and everything printed by one of the editor's commands."""
    done = subprocess.run(
        [sys.executable, "-m", "analysis_utils.commands", command],
        cwd=checkout.root,
        env=checkout.environment(**variables) | COMPILED,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_make_tidy_prints_what_it_did_and_what_is_left(checkout):
    checkout.notebook("03_a", "", "print(later)", "later = 1")
    code, said = editor(checkout, "tidy")
    assert code == 1
    assert "put right: 03_a.ipynb names a kernel of one machine" in said
    assert "left to you: 03_a.ipynb cell 1" in said
    checkout.notebook("03_a", "", "later = 1", "print(later)")
    assert editor(checkout, "tidy")[0] == 0
    assert editor(checkout, "tidy") == (0, "Every notebook is tidy.\n")


def git(folder, *arguments: str) -> str:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    return subprocess.check_output(
        ["git", *who, *arguments], cwd=folder, text=True, stderr=subprocess.STDOUT
    )


@pytest.mark.parametrize("environment", [True, False], ids=["nbdime", "without .venv"])
def test_git_diff_shows_cells_in_this_repository_only(checkout, environment):
    shutil.copy(ROOT / ".gitattributes", checkout.root)
    path = checkout.notebook("03_a", "", "first = 1")
    git(checkout.root, "init", "-q")
    editor(checkout, "tidy")
    git(checkout.root, "add", "notebooks", ".gitattributes")
    git(checkout.root, "commit", "-qm", "Notebook")
    if environment:
        (checkout.root / ".venv").symlink_to(sys.prefix)
    notebook = tidy.read(path)
    notebook.cells[0].source = "first = 2"
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="not shown")]
    path.write_text(tidy.text(notebook))
    shown = git(checkout.root, "diff")
    assert "first = 2" in shown
    assert ("modified /cells/0/source" in shown) == environment
    assert ("not shown" in shown) != environment
    kept = git(checkout.root, "config", "--show-origin", "diff.jupyternotebook.command")
    assert kept.startswith("file:.git/config")


def committed(checkout):
    """A notebook in git, in a clone that one of the editor's commands has set up."""
    shutil.copy(ROOT / ".gitattributes", checkout.root)
    path = checkout.notebook("03_a", "", "first = 1", "second = 2")
    git(checkout.root, "init", "-q")
    editor(checkout, "tidy")
    git(checkout.root, "add", "notebooks", ".gitattributes")
    git(checkout.root, "commit", "-qm", "Notebook")
    (checkout.root / ".venv").symlink_to(sys.prefix)
    return path


def test_what_jupyterlab_saves_beside_the_text_is_no_change_for_git(checkout):
    path = committed(checkout)
    notebook = tidy.read(path)
    notebook.metadata["widgets"] = {}
    for number, cell in enumerate(notebook.cells, start=1):
        cell.execution_count = number
        cell.outputs = [nbformat.v4.new_output("stream", text="shown\n" * 500)]
    path.write_text(tidy.text(notebook))
    git(checkout.root, "add", "notebooks")
    assert not git(checkout.root, "status", "--porcelain", "notebooks")

    notebook.cells[1].source = "second = 3"
    path.write_text(tidy.text(notebook))
    plain = git(checkout.root, "diff", "--no-ext-diff", "--numstat", "notebooks")
    assert plain.split()[:2] == ["1", "1"]
    assert "shown" in path.read_text()  # the author's file is left alone


@pytest.mark.parametrize("content", [b"{", b"\xff", b"<<<<<<< HEAD\n", b'{"cells": 1}'])
def test_what_is_no_notebook_goes_through_the_filter_as_it_is(content):
    assert clean.cleaned(content) == content


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=str)
def test_the_filter_changes_no_kept_notebook(path):
    assert clean.cleaned(path.read_bytes()) == path.read_bytes()

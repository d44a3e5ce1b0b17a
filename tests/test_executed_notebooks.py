"""Archived notebooks: whole, in order, and the same when executed cell by cell.

nbval executes each, in another time zone, hash seed and BLAS kernel, and compares text,
tables and SVG pictures. What it passes unseen is checked beside it
(`review.notebooks.faults`): a notebook without outputs, cells that did not run or are
not those of the source notebook, pictures that it does not compare.
"""

import copy
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from conftest import Checkout, copied, make_checkout

from analysis_utils.review.notebooks import faults
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest, normalise

ARCHIVED = sorted((ROOT / "outputs").glob("[0-9]*/*/*.ipynb"))
NAMES = [f"{p.parent.parent.name}/{p.parent.name}" for p in ARCHIVED]
# nbval costs as much as a run: one run of each notebook; `make verify` makes them all
FIRST = [path for path in ARCHIVED if path == min(path.parent.parent.glob("*/*.ipynb"))]
SHORT = ("09_article_claims",)
# The driver hands none of these on to kernels; here they reach them.
ELSEWHERE = {
    "TZ": "Asia/Kathmandu",
    "PYTHONHASHSEED": "7",
    "OPENBLAS_NUM_THREADS": "2",
    "OPENBLAS_CORETYPE": "Sandybridge",
}


def sanitizing(path: Path) -> Path:
    """What the archive has normalised, as nbval's file of patterns, beside it."""
    lines = [
        f"[{number}]\nregex: {pattern.pattern}\nreplace: {replacement}\n"
        for number, (pattern, replacement) in enumerate(normalise.PATTERNS)
    ]
    path.write_text("\n".join(lines))
    return path


def nbval(path: Path) -> subprocess.CompletedProcess:
    """Execute a notebook cell by cell and compare with the outputs it holds."""
    with tempfile.TemporaryDirectory() as folder:
        return nbval_with(path, sanitizing(Path(folder) / "patterns.ini"))


def nbval_with(path: Path, patterns: Path) -> subprocess.CompletedProcess:
    """The same, given nbval's file of patterns."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q"]
    options += ["--nbval-sanitize-with", str(patterns)]
    source = str(ROOT / "src")
    return subprocess.run(
        [*command, *options, "--rootdir", path.parent, path],
        capture_output=True,
        text=True,
        cwd=path.parent,
        env=os.environ | ELSEWHERE | {"PYTHONPATH": source},
    )


def test_there_are_archived_notebooks():
    assert len(ARCHIVED) >= 3


@pytest.mark.parametrize("path", ARCHIVED, ids=NAMES)
def test_whole(path):
    assert faults(path, ROOT / "notebooks" / path.name) == []


@pytest.mark.parametrize("path", ARCHIVED, ids=NAMES)
def test_no_warning_is_printed(path):
    cells = nbformat.read(path, as_version=4).cells
    said = [o.text for c in cells for o in c.get("outputs", []) if "name" in o]
    warnings = [text for text in said if "Warning" in text]
    assert warnings == []


@pytest.mark.parametrize("path", ARCHIVED, ids=NAMES)
def test_every_archived_file_is_in_the_manifest(path):
    stamp = manifest.read(path.parent)
    assert manifest.files_written(path.parent) == stamp["outputs"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path, id=path.stem, marks=() if path.stem in SHORT else pytest.mark.long
        )
        for path in FIRST
    ],
)
def test_the_same_when_executed_again(path):
    done = nbval(path)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Checkout:
    """A small notebook with two figures, executed by the driver."""
    checkout = make_checkout(tmp_path_factory.mktemp("small") / "checkout")
    draw = (
        "fig, ax = publish.new_figure('single', 2)\n"
        "d = pd.DataFrame({{'x': [1, 2], 'y': [1, {0}]}})\n"
        "ax.plot(d.x, d.y)\n"
        "publish.figure(fig, 'f{0}', data=d, caption='Made', alt='A line')"
    )
    imports = "import pandas as pd\nfrom analysis_utils import publish"
    checkout.notebook("01_a", "", imports, draw.format(2), draw.format(3))
    assert checkout.make("all")[0] == 0
    return checkout


@pytest.fixture
def executed(small, tmp_path) -> Path:
    """Its archived notebook, to be changed."""
    return copied(small, tmp_path / "checkout").outputs / "01_a/main/01_a.ipynb"


def test_the_small_one_passes(executed):
    assert faults(executed) == []
    done = nbval(executed)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_swapped_pictures_are_noticed(executed):
    notebook = nbformat.read(executed, as_version=4)
    before = copy.deepcopy(notebook.cells)
    notebook.cells[1].outputs, notebook.cells[2].outputs = (
        before[2].outputs,
        before[1].outputs,
    )
    for cell in notebook.cells[1:]:
        cell.outputs[0].execution_count = cell.execution_count
    nbformat.write(notebook, executed)
    assert nbval(executed).returncode != 0


def test_a_stripped_notebook_is_noticed(executed):
    notebook = nbformat.read(executed, as_version=4)
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, executed)
    assert len(faults(executed)) == 3


def test_a_png_in_place_of_svg_is_noticed(executed):
    notebook = nbformat.read(executed, as_version=4)
    output = notebook.cells[1].outputs[0]
    output.data = {"image/png": "iVBORw0KGgo=", "text/plain": "A line"}
    nbformat.write(notebook, executed)
    assert "a picture that nbval cannot compare" in faults(executed)


def test_a_cell_that_did_not_run_is_noticed(executed):
    notebook = nbformat.read(executed, as_version=4)
    notebook.cells[1].execution_count = None
    nbformat.write(notebook, executed)
    assert faults(executed) == ["1 of 3 cells have not run"]


def test_a_cell_of_ones_own_is_noticed(executed, small):
    source = small.root / "notebooks/01_a.ipynb"
    assert faults(executed, source) == []
    notebook = nbformat.read(executed, as_version=4)
    cell = nbformat.v4.new_code_cell("1 + 1", execution_count=4)
    notebook.cells.append(cell)
    nbformat.write(notebook, executed)
    assert faults(executed, source) == ["cell 4 is added: 1 + 1"]


def test_a_cell_with_other_text_is_noticed(executed, small):
    source = small.root / "notebooks/01_a.ipynb"
    notebook = nbformat.read(executed, as_version=4)
    notebook.cells[1].source += "\n# changed"
    nbformat.write(notebook, executed)
    assert faults(executed, source) == ["cell 2 holds other text"]


def test_cells_in_another_order_are_noticed(executed, small):
    source = small.root / "notebooks/01_a.ipynb"
    notebook = nbformat.read(executed, as_version=4)
    notebook.cells[1], notebook.cells[2] = notebook.cells[2], notebook.cells[1]
    nbformat.write(notebook, executed)
    assert faults(executed, source) == [
        "cells ran in the order [1, 3, 2]",
        "cells are in another order: 2, 3",
    ]

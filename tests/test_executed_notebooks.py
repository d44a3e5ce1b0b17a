"""Archived notebooks: whole, in order, and the same when executed cell by cell.

nbval executes each and compares text, tables and SVG pictures. Two things that it
passes unseen are checked beside it: a notebook without outputs, and pictures in a
format that it does not compare.
"""

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest

ARCHIVED = sorted((ROOT / "outputs").glob("[0-9]*/*/*.ipynb"))
NAMES = [f"{p.parent.parent.name}/{p.parent.name}" for p in ARCHIVED]
# One run of each notebook by nbval; test_reproduction makes every run again.
FIRST = list({path.name: path for path in reversed(ARCHIVED)}.values())


def nbval(path: Path) -> subprocess.CompletedProcess:
    """Execute a notebook cell by cell and compare with the outputs it holds."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    options = ["-p", "no:cacheprovider", "-p", "no:xdist", "-q"]
    source = str(ROOT / "src")
    return subprocess.run(
        [*command, *options, "--rootdir", path.parent, path],
        capture_output=True,
        text=True,
        cwd=path.parent,
        env=os.environ | {"PYTHONPATH": source},
    )


def missing_parts(path: Path) -> list[str]:
    """What an executed notebook lacks: unrun cells, order, pictures of its folder."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    order = [cell.execution_count for cell in code]
    found = []
    if order != list(range(1, len(code) + 1)):
        found.append(f"cells ran in the order {order}")
    if any(o.get("name") == "stderr" for cell in code for o in cell.outputs):
        found.append("a warning is printed")
    data = [o.get("data", {}) for cell in code for o in cell.outputs]
    if any(kind in d for d in data for kind in ("image/png", "image/jpeg")):
        found.append("a picture that nbval cannot compare")
    shown = {text for d in data if (text := "".join(d.get("image/svg+xml", "")))}
    for picture in sorted(path.parent.glob("*.svg")):
        if picture.read_text(encoding="utf-8") not in shown:
            found.append(f"{picture.name} is not shown as it was saved")
    return found


def test_there_are_archived_notebooks():
    assert len(ARCHIVED) >= 3


@pytest.mark.parametrize("path", ARCHIVED, ids=NAMES)
def test_whole(path):
    assert missing_parts(path) == []


@pytest.mark.parametrize("path", ARCHIVED, ids=NAMES)
def test_every_archived_file_is_in_the_manifest(path):
    stamp = manifest.read(path.parent)
    assert manifest.files_written(path.parent) == stamp["outputs"]


@pytest.mark.parametrize("path", FIRST, ids=[path.stem for path in FIRST])
def test_the_same_when_executed_again(path):
    done = nbval(path)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture
def executed(checkout):
    """A small notebook with two figures, executed by the driver."""
    draw = (
        "fig, ax = publish.new_figure('single', 2)\n"
        "d = pd.DataFrame({{'x': [1, 2], 'y': [1, {0}]}})\n"
        "ax.plot(d.x, d.y)\n"
        "publish.figure(fig, 'f{0}', data=d, caption='Made', alt='A line')"
    )
    imports = "import pandas as pd\nfrom analysis_utils import publish"
    checkout.notebook("01_a", "", imports, draw.format(2), draw.format(3))
    assert checkout.make("all")[0] == 0
    return checkout.outputs / "01_a/main/01_a.ipynb"


def test_the_small_one_passes(executed):
    assert missing_parts(executed) == []
    done = nbval(executed)
    assert done.returncode == 0, done.stdout


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
    assert len(missing_parts(executed)) == 3


def test_a_png_in_place_of_svg_is_noticed(executed):
    notebook = nbformat.read(executed, as_version=4)
    output = notebook.cells[1].outputs[0]
    output.data = {"image/png": "iVBORw0KGgo=", "text/plain": "A line"}
    nbformat.write(notebook, executed)
    assert "a picture that nbval cannot compare" in missing_parts(executed)

"""`make verify` and `make trace` as people call them: at once, stopped, without git."""

import base64
import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import Checkout, make_checkout
from PIL import Image
from test_editor_notebooks import git
from test_faults_process import clean_up
from test_workflow_faults import SLEEP, wait_for

from analysis_utils.asking import Refused
from analysis_utils.review import archive

PICTURE = (
    "import base64\nfrom IPython.display import Image, display\n"
    "display(Image(base64.b64decode('{}')))"
)


def png(*pixels: int) -> str:
    """A picture of one row of grey pixels, as a notebook holds it."""
    picture, stream = Image.new("L", (len(pixels), 1)), io.BytesIO()
    picture.putdata(pixels)
    picture.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Checkout:
    """A number and a picture, executed and committed."""
    checkout = make_checkout(tmp_path_factory.mktemp("verify") / "checkout")
    record = "from analysis_utils import publish\npublish.number('seven', 7)"
    checkout.notebook("01_a", "", record, PICTURE.format(png(*range(20))))
    assert checkout.make("all")[0] == 0
    (checkout.root / ".gitignore").write_text("outputs/.*\n__pycache__/\n")
    git(checkout.root, "init", "-q")
    git(checkout.root, "add", ".")
    git(checkout.root, "commit", "-qm", "Study")
    return checkout


@pytest.mark.long
@pytest.mark.fault("17.5", "two make verify at once say DIFFERS of what they share")
@pytest.mark.fault("17.10", "make all and make verify at once")
def test_two_verifications_and_make_all_at_once(study):
    verify = {"command": "verify", "AGAINST": "HEAD"}
    with open(study.outputs / ".lock") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        three = [study.start(**given) for given in (verify, verify, {"command": "all"})]
        for process in three:
            assert "is running notebooks here; waiting" in process.stdout.readline()
    answers = [study.finish(process) for process in three]
    assert [code for code, _ in answers] == [0, 0, 0], answers
    for _, text in answers[:2]:
        assert text.splitlines()[-1].startswith("IDENTICAL: 1 run made again"), text
    left = sorted(path.name for path in (study.outputs / ".verify").iterdir())
    assert left == ["report.html", "report.json", "report.md", "rerun"]


@pytest.mark.fault("17.4", "a verification that is stopped leaves what it unpacked")
@pytest.mark.long
def test_a_stopped_verification(study, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = study.root / "notebooks/01_a.ipynb"
    before = notebook.read_bytes()
    study.notebook("01_a", "", SLEEP)
    try:
        process = study.start("verify", AGAINST="HEAD")
        wait_for(study.outputs / ".verify/rerun/.running/01_a/main/started")
        os.kill(process.pid, signal.SIGTERM)
        code, text = study.finish(process)
    finally:
        notebook.write_bytes(before)
    assert code == 130 and "Traceback" not in text and "DIFFERS" not in text
    assert not list(tmp_path.iterdir())
    clean_up(study.root)


@pytest.fixture(scope="module")
def bare(study, tmp_path_factory):
    """The same as a tar file would give it, on a machine without git."""
    root = tmp_path_factory.mktemp("bare") / "checkout"
    shutil.copytree(study.root, root, ignore=shutil.ignore_patterns(".git"))
    tools = root.parent / "tools"
    tools.mkdir()
    for name in ("sh", "env"):
        (tools / name).symlink_to(shutil.which(name))

    def ask(command: str, **given: str) -> tuple[int, str]:
        checkout = Checkout(root)
        done = subprocess.run(
            [sys.executable, "-m", "analysis_utils.commands", command], cwd=root,
            env=checkout.environment(**given) | {"PATH": str(tools)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    return root, ask


@pytest.mark.fault("17.10", "trace and verify in a folder without .git or git")
def test_trace_without_git(bare, tmp_path, monkeypatch):
    root, ask = bare
    code, text = ask("trace", KEY="seven")
    assert code == 0 and "notebooks/01_a.ipynb, cell 1" in text
    monkeypatch.setenv("PATH", str(root))
    with (
        pytest.raises(Refused, match="HEAD is no folder.*git is not installed here"),
        archive.opened("HEAD", tmp_path / "room"),
    ):
        pass


@pytest.mark.fault("17.10", "trace and verify in a folder without .git or git")
@pytest.mark.fault("17.10", "a pixel of a PNG in an executed notebook is changed")
@pytest.mark.long
def test_a_pixel_of_a_picture_in_a_notebook(bare):
    root, ask = bare
    path = root / "outputs/01_a/main/01_a.ipynb"
    notebook = json.loads(path.read_text())
    data = notebook["cells"][1]["outputs"][0]["data"]
    assert data["image/png"].strip() == png(*range(20))
    data["image/png"] = png(*range(19), 20)
    path.write_text(json.dumps(notebook, indent=1))
    code, text = ask("verify")
    assert code == 1
    assert "01_a.ipynb, cell 2" in text and "image/png" in text

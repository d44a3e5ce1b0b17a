"""A failed run never looks fresh: exceptions, kills, interrupts, a full disk."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SLEEP = (
    "import time, pathlib\n"
    "from analysis_utils.run_context import folder\n"
    "(folder() / 'started').touch(); time.sleep(60)"
)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder of outputs, hidden ones aside."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not any(part[0] == "." for part in p.parts[-3:])
    }


def wait_for(path: Path, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < limit, f"{path} did not appear"
        time.sleep(0.05)


def break_it(checkout, code: str) -> dict[str, bytes]:
    before = tree(checkout.outputs / "01_a")
    checkout.notebook("01_a", "", "print('first')", code, "print('last')")
    return before


@pytest.mark.long
@pytest.mark.fault("17.10", "an exception leaves something that looks fresh")
def test_an_exception(good):
    before = break_it(good, "1 / 0")
    good.notebook("02_b", "", "print('goes on')")
    code, text = good.make("all")
    assert code == 1
    assert "FAILED 01_a/main: cell 2: ZeroDivisionError" in text
    assert "02_b/main  ran" in text
    assert tree(good.outputs / "01_a") == before
    kept = (good.outputs / "failed/01_a/main.ipynb").read_text()
    assert "papermill-error-cell-tag" in kept and "ZeroDivisionError" in kept
    code, text = good.make("all")  # tried again, not taken for fresh
    assert code == 1 and "01_a/main  failed" in text and "02_b/main  fresh" in text


@pytest.mark.long
def test_a_mended_notebook_clears_the_failure(good):
    break_it(good, "1 / 0")
    good.make("all")
    good.notebook("01_a", "", "print('mended')")
    assert good.make("all")[0] == 0
    assert not (good.outputs / "failed/01_a/main.ipynb").exists()


@pytest.mark.fault("17.10", "kill -9 of the kernel")
@pytest.mark.parametrize("warm", ["yes", "no"])
@pytest.mark.long
def test_a_killed_kernel(good, warm):
    before = break_it(good, "import os; os.kill(os.getpid(), 9)")
    code, text = good.make("all", WARM=warm)
    assert code == 1 and "the kernel died" in text
    assert tree(good.outputs / "01_a") == before
    cells = json.loads((good.outputs / "failed/01_a/main.ipynb").read_text())["cells"]
    marks = [i for i, c in enumerate(cells) if "run ended" in "".join(c["source"])]
    assert "os.kill" in "".join(cells[marks[0] + 1]["source"])
    assert good.make("all")[0] == 1


@pytest.mark.long
@pytest.mark.fault("17.10", "kill -9, INT and TERM of the driver")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_killed_or_interrupted_driver(good, sent):
    before = break_it(good, SLEEP)
    process = good.start("all")
    wait_for(good.outputs / ".running/01_a/main/started")
    kernels = kernels_of(good.root)
    assert kernels
    os.kill(process.pid, sent)
    text, _ = process.communicate(timeout=30)
    if sent != signal.SIGKILL:
        assert process.returncode == 130 and "untouched" in text
    assert tree(good.outputs / "01_a") == before
    assert process.returncode != 0
    limit = time.monotonic() + 20
    while kernels_of(good.root):
        assert time.monotonic() < limit, "kernels outlived their driver"
        time.sleep(0.2)
    good.notebook("01_a", "", "print('again')")
    code, text = good.make("all")
    assert code == 0 and "01_a/main  ran" in text


def kernels_of(root: Path) -> list[str]:
    """Processes that work in this folder or below it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if path.resolve().is_relative_to(root):
                found.append(path.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.fault("17.10", "outputs set aside by a kill are lost")
def test_outputs_moved_aside_by_a_kill_come_back(good):
    before = tree(good.outputs / "01_a")
    aside = good.outputs / ".replaced/01_a"
    aside.mkdir(parents=True)
    os.rename(good.outputs / "01_a/main", aside / "main")
    code, text = good.make("all")
    assert code == 0 and "01_a/main  fresh" in text
    assert tree(good.outputs / "01_a") == before


@pytest.mark.long
@pytest.mark.fault("17.10", "two make all at once")
def test_two_drivers_at_once(checkout):
    checkout.notebook("01_a", "", "import time; time.sleep(3)")
    first = checkout.start("all")
    wait_for(checkout.outputs / ".lock")
    time.sleep(0.5)
    code, text = checkout.make("all")
    first.communicate(timeout=60)
    assert code == 0 and first.returncode == 0
    assert f"process {first.pid}" in text and "waiting" in text
    assert "01_a/main  fresh" in text


@pytest.mark.long
@pytest.mark.fault("17.10", "a full disk")
def test_a_full_disk(checkout, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)],
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        checkout.outputs.symlink_to(disk)
        checkout.notebook("01_a", "", "print('good')")
        assert checkout.make("all")[0] == 0
        before = tree(disk / "01_a")
        fill = (
            "from analysis_utils.run_context import folder\n"
            "(folder() / 'big.csv').write_bytes(b'0' * 10**6)"
        )
        checkout.notebook("01_a", "", fill)
        code, text = checkout.make("all")
        assert code == 1 and "No space left" in text
        assert tree(disk / "01_a") == before
        checkout.notebook("01_a", "", "print('room again')")
        code, text = checkout.make("all")
        assert code == 0, text
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


@pytest.mark.long
@pytest.mark.fault("17.10", "code edited while a run goes on")
def test_code_edited_during_a_run_is_not_taken_for_its_source(checkout):
    helper = checkout.root / "src/analysis_utils/helper.py"
    helper.write_text("VALUE = 1\n")
    checkout.notebook(
        "01_a",
        "",
        "from analysis_utils import helper",
        SLEEP.replace("60", "3"),
    )
    process = checkout.start("all")
    wait_for(checkout.outputs / ".running/01_a/main/started")
    helper.write_text("VALUE = 2\n")
    code, text = checkout.finish(process)
    assert code == 1 and "edited while the notebook ran" in text


@pytest.mark.long
@pytest.mark.fault("17.10", "half a manifest is taken for fresh")
def test_half_a_manifest_is_stale(good):
    path = good.outputs / "01_a/main/manifest.json"
    path.write_text(path.read_text()[:50])
    code, text = good.make("all")
    assert code == 0 and "01_a/main  ran" in text


@pytest.mark.long
def test_outputs_can_be_removed_and_remade(good):
    before = tree(good.outputs / "01_a")
    shutil.rmtree(good.outputs)
    assert good.make("all")[0] == 0
    assert tree(good.outputs / "01_a") == before

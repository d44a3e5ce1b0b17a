"""Odd files, odd repositories and odd terminals: none ends in a traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import write_notebook
from test_editor_notebooks import git as git_in
from test_workflow_faults import tree, wait_for

from analysis_utils import git
from analysis_utils.asking import Refused
from analysis_utils.subprogram import started
from analysis_utils.workflow import manifest, place, warm_kernel
from analysis_utils.workflow.memory import Memory
from analysis_utils.workflow.runs import study_runs

SPOILT = (
    "[]", "3", "null", '{"outputs": []}', '{"data": null}', '{"parameters": 3}',
    '{"modules": "x"}', "[" * 100_000, "\ufeff{}", "",
)  # fmt: skip


@pytest.mark.fault("17.10", "half a manifest, or another's, ends in a traceback")
@pytest.mark.parametrize("text", SPOILT, ids=range(len(SPOILT)))
def test_a_spoilt_manifest_is_none(tmp_path, text):
    write_notebook(tmp_path / "01_a.ipynb", "", "1")
    (run,) = study_runs(tmp_path, tmp_path)
    run.folder.mkdir(parents=True)
    (run.folder / manifest.NAME).write_text(text)
    assert manifest.reasons(run) == ["it has no outputs yet"]


@pytest.mark.fault("17.10", "a spoilt memory of what was executed")
@pytest.mark.parametrize("text", ["[1]", "3", "null", '{"01_a/main": 3}', "{", "\x00"])
def test_a_spoilt_memory_is_none(tmp_path, text):
    (tmp_path / ".executed").write_text(text)
    assert Memory(tmp_path).known == {}


@pytest.mark.fault("17.10", "what a kill has left is a file, or leads elsewhere")
def test_what_a_kill_has_left_is_not_followed(tmp_path):
    outputs, elsewhere = tmp_path / "outputs", tmp_path / "elsewhere"
    (elsewhere / "01_a/main").mkdir(parents=True)
    (elsewhere / "01_a/main/manifest.json").write_text("{}")
    outputs.mkdir()
    (outputs / place.REPLACED).symlink_to(elsewhere)
    (outputs / place.RUNNING).write_text("x")
    place.recover(outputs)
    assert (elsewhere / "01_a/main/manifest.json").exists()
    assert not list(outputs.iterdir())


@pytest.mark.fault("17.7", "two notebooks whose names differ in capitals alone")
def test_notebooks_that_are_one_folder_on_some_systems(tmp_path):
    for name in ("01_a", "01_A"):
        write_notebook(tmp_path / f"{name}.ipynb", "", "1")
    with pytest.raises(Refused, match=r"01_A.ipynb and 01_a.ipynb .*rename one"):
        study_runs(tmp_path, tmp_path)


@pytest.mark.fault("17.10", "the project lies in somebody's own repository")
def test_a_repository_around_the_project_is_not_asked(tmp_path):
    git_in(tmp_path, "init", "-q")
    git_in(tmp_path, "commit", "-q", "--allow-empty", "-m", "Other")
    inner = tmp_path / "study"
    inner.mkdir()
    assert git.text("rev-parse", "HEAD", root=tmp_path)
    assert git.text("rev-parse", "HEAD", root=inner) is None
    with pytest.raises(Refused, match="a purpose .*not a git repository"):
        git.asked("a purpose", "rev-parse", "HEAD", root=inner)


@pytest.mark.slow
@pytest.mark.fault("17.10", "Ctrl-Z uses up the time of a run")
def test_a_stop_uses_up_no_time(tmp_path):
    code = (
        "import time; from pathlib import Path\n"
        "from analysis_utils.workflow.limits import limited\n"
        f"with limited(Path({str(tmp_path)!r}), 3 / 60) as limit:\n"
        f"    Path({str(tmp_path / 'started')!r}).touch(); time.sleep(2.5)\n"
        "    raise SystemExit(limit.expired)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_for(tmp_path / "started")
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(3.5)
    os.kill(process.pid, signal.SIGCONT)
    assert process.wait(timeout=20) == 0


@pytest.mark.fault("17.8", "a folder for temporary files with a long path")
def test_a_long_temporary_folder_is_named(monkeypatch):
    def too_long() -> None:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(warm_kernel, "ensure_running", too_long)
    with pytest.raises(Refused, match=r"AF_UNIX path too long.*TMPDIR=/tmp make"):
        warm_kernel.start_stack()


@pytest.mark.long
@pytest.mark.fault("17.10", "a closed output, or a terminal without our letters")
def test_closed_and_narrow_terminals(good):
    before = tree(good.outputs)
    good.notebook("01_a", 'n: "1 to 9" = 3  # größe \u2212', "print('good')")
    narrow = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    command = f"{sys.executable} -m analysis_utils.commands"
    for line, words in (
        (f"{command} list", r"gr\xf6\xdfe"),
        (f"{command} all <&- >&- 2>&-", ""),
    ):
        done = subprocess.run(
            ["sh", "-c", line], cwd=good.root, env=good.environment() | narrow,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0 and words in done.stdout
        assert "Traceback" not in done.stderr, done.stderr
    made = json.loads((good.outputs / "01_a/main/manifest.json").read_text())
    assert made["parameters"] == {"n": 3} and tree(good.outputs) != before


def alive(number: str) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False


@pytest.mark.fault("17.4", "a stop ends a program, and what that started goes on")
def test_a_program_ends_with_all_that_it_started():
    command = ["sh", "-c", "sleep 60 & echo $!; wait"]
    with (
        pytest.raises(KeyboardInterrupt),
        started(command, stdout=subprocess.PIPE) as process,
    ):
        child = process.stdout.readline().strip()
        raise KeyboardInterrupt
    assert process.returncode == -signal.SIGTERM
    limit = time.monotonic() + 20
    while alive(child):
        assert time.monotonic() < limit
        time.sleep(0.05)

"""Kills, odd environments and odd places: outputs stay whole, and it is said."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import Checkout, copied, make_checkout
from test_workflow_faults import SLEEP, break_it, kernels_of, tree, wait_for

from analysis_utils.run_context import ROOT
from analysis_utils.workflow import place

FIGURE = (
    "from analysis_utils import publish\nimport matplotlib.pyplot as plt\n"
    "import pandas as pd\nfig, ax = publish.new_figure()\n"
    "ax.plot(pd.date_range('2024-01-01', periods=3), [1, 3, 2]); ax.grid()\n"
    "publish.figure(fig, 'one', data=pd.DataFrame({'a': [1, 3, 2]}), caption='One', "
    "alt='A line')"
)


def clean_up(root) -> None:
    limit = time.monotonic() + 20
    while kernels_of(root):
        assert time.monotonic() < limit, "kernels outlived their driver"
        time.sleep(0.2)


@pytest.mark.fault("17.4 17.9", "a second signal during clean-up leaves scratch")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_end_everything_at_once(good, sent):
    before = break_it(good, SLEEP)
    process = good.start("all")
    wait_for(good.outputs / ".running/01_a/main/started")
    began = time.monotonic()
    for _ in range(3):
        os.kill(process.pid, sent)
    text, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert process.returncode == 130 and "Traceback" not in text
    (line,) = [line for line in text.splitlines() if "Stopped" in line]
    assert "0 of 1 runs are done, 1 remain (01_a/main)" in line
    assert "The last good outputs are untouched." in line
    assert not (good.outputs / ".running").exists()
    assert tree(good.outputs / "01_a") == before
    clean_up(good.root)


@pytest.mark.fault("17.9", "Ctrl-C after clean says that outputs are untouched")
def test_what_clean_removed_is_not_called_untouched(checkout):
    checkout.notebook("01_a", "", SLEEP)
    process = checkout.start("all")
    wait_for(checkout.outputs / ".running/01_a/main/started")
    os.kill(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=30)
    assert "untouched" not in text and "1 have no outputs now" in text
    assert "The same command goes on from here." in text


@pytest.mark.fault("17.4", "a signal while a cell prints without end is not heard")
def test_a_signal_during_a_flood(checkout):
    flood = SLEEP.split("time.sleep")[0] + "\nwhile True: print('x' * 10**5)"
    checkout.notebook("01_a", "", flood)
    process = checkout.start("all")
    wait_for(checkout.outputs / ".running/01_a/main/started")
    os.kill(process.pid, signal.SIGTERM)
    text, _ = process.communicate(timeout=15)
    assert process.returncode in (1, 130) and "Traceback" not in text


@pytest.mark.long
@pytest.mark.fault("17.10", "a kill of make itself")
def test_make_is_killed_and_its_command_ends_in_order(good):
    shutil.copy(ROOT / "Makefile", good.root)
    (good.root / ".venv/bin").mkdir(parents=True)
    script = f'#!/bin/sh\nPYTHONPATH=src exec {sys.executable} "$@"\n'
    (good.root / ".venv/bin/python").write_text(script)
    (good.root / ".venv/bin/python").chmod(0o755)
    (good.root / "src/analysis_utils/workflow/environment.py").write_text("")
    before = break_it(good, SLEEP.replace("60", "4"))
    process = subprocess.Popen(
        ["make", "all"], cwd=good.root, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    wait_for(good.outputs / ".running/01_a/main/started")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert tree(good.outputs / "01_a") == before
    code, text = good.make("all")  # waits for what goes on, or does it itself
    assert code == 0 and re.search("01_a/main  (fresh|ran)", text), text
    assert not (good.outputs / ".running").exists()


@pytest.mark.fault("17.10", "a kill between the two renames")
@pytest.mark.parametrize("renames", [1, 2])
def test_a_kill_during_the_renames(tmp_path, renames):
    (tmp_path / "01_a/main").mkdir(parents=True)
    (tmp_path / "new").mkdir()
    for folder, text in (("01_a/main", "old"), ("new", "new")):
        (tmp_path / folder / "manifest.json").write_text(text)
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from analysis_utils.workflow import place\n"
        f"left, real = [{renames}], os.rename\n"
        "def rename(a, b):\n"
        "    real(a, b); left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), 9)\n"
        "os.rename = rename\n"
        f"root = Path({str(tmp_path)!r})\n"
        "place.replace_folder(root / 'new', root / '01_a/main', root)\n"
    )
    done = subprocess.run([sys.executable, "-c", code])
    assert done.returncode == -9
    place.recover(tmp_path)
    expected = {1: "old", 2: "new"}[renames]
    assert (tmp_path / "01_a/main/manifest.json").read_text() == expected
    assert not (tmp_path / ".replaced").exists()


def figures(
    checkout: Checkout, home, umask: int = 0o022, **variables: str
) -> dict[str, bytes]:
    env = checkout.environment() | {"HOME": str(home)} | variables
    done = subprocess.run(
        [sys.executable, "-m", "analysis_utils.commands", "all"],
        cwd=checkout.root, env=env, capture_output=True, text=True, umask=umask,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    made = tree(checkout.outputs / "01_a")
    shutil.rmtree(checkout.outputs)
    return made


def personal_home(folder) -> None:
    """A home whose owner has set everything up in their own way."""
    settings = (
        "axes.grid: True\naxes.facecolor: red\ntimezone: Asia/Tokyo\n"
        "lines.linestyle: --\ndate.converter: concise\naxes.prop_cycle: "
        "cycler('color', ['k'])\n"
    )
    startup = "import matplotlib; matplotlib.rcParams['axes.facecolor'] = 'red'\n1/0\n"
    for name, text in {
        ".config/matplotlib/matplotlibrc": settings,
        ".matplotlib/matplotlibrc": settings,
        ".ipython/profile_default/startup/00.py": startup,
        ".ipython/profile_default/ipython_config.py": "1/0",
        ".ipython/profile_default/ipython_kernel_config.py": "1/0",
        ".jupyter/jupyter_config.py": "1/0",
        "startup.py": "raise SystemExit('personal')",
        "path/sitecustomize.py": "raise SystemExit('personal')",
        "path/pandas.py": "raise SystemExit('personal')",
        "path/matplotlibrc": settings,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.long
@pytest.mark.fault("17.8", "personal settings change figures in the archive")
@pytest.mark.fault("17.10", "an umask that leaves nothing to others")
@pytest.mark.parametrize("warm", ["yes", "no"])
def test_personal_settings_change_nothing(tmp_path, warm):
    checkout = make_checkout(tmp_path / "checkout")
    checkout.notebook("01_a", "", FIGURE)
    (tmp_path / "plain").mkdir()
    personal_home(tmp_path / "mine")
    mine = tmp_path / "mine"
    given = {"GIVEN": "WARM", "WARM": warm}
    plain = figures(checkout, tmp_path / "plain", **given)
    (checkout.root / "matplotlibrc").write_text(
        (mine / "path/matplotlibrc").read_text()
    )
    changed = figures(
        checkout, mine, 0o077,
        MPLBACKEND="nonsense", PYTHONSTARTUP=str(mine / "startup.py"),
        MATPLOTLIBRC=str(mine / "path/matplotlibrc"), IPYTHONDIR=str(mine / ".ipython"),
        MPLCONFIGDIR=str(mine / ".matplotlib"),
        JUPYTER_CONFIG_DIR=str(mine / ".jupyter"),
        **given,
    )  # fmt: skip
    assert "main/one.svg" in plain
    different = {n for n in plain if plain[n] != changed[n]} - {"main/manifest.json"}
    assert not different
    assert plain.keys() == changed.keys()


@pytest.mark.fault("17.8", "PYTHONPATH, PYTHONHOME and the like leak into make")
@pytest.mark.fault("17.10", "make test in a hook of git writes into that repository")
def test_the_makefile_hands_no_python_setting_on(tmp_path):
    personal_home(tmp_path / "mine")
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nenv > noted\n")
    python.chmod(0o755)
    (tmp_path / "src/analysis_utils/workflow").mkdir(parents=True)
    (tmp_path / "src/analysis_utils/workflow/environment.py").touch()
    leaks = {
        "PYTHONPATH": str(tmp_path / "mine/path"), "PYTHONHOME": "/nope",
        "PYTHONSTARTUP": "x", "MPLBACKEND": "nonsense", "MATPLOTLIBRC": "x",
        "IPYTHONDIR": "x", "JUPYTER_CONFIG_DIR": "x", "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "2", "PYTHONUSERBASE": "x", "PYTHONIOENCODING": "ascii",
        "GIT_DIR": "/nope", "GIT_WORK_TREE": "/nope", "GIT_INDEX_FILE": "/nope",
    }  # fmt: skip
    done = subprocess.run(
        ["make", "list"], cwd=tmp_path, env=os.environ | leaks, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    names = {
        line.split("=")[0] for line in (tmp_path / "noted").read_text().split("\n")
    }
    assert not names & set(leaks)


@pytest.mark.fault("17.10", "HOME cannot be written")
@pytest.mark.long
def test_a_home_that_cannot_be_written(checkout):
    checkout.notebook("01_a", "", FIGURE)
    assert "main/one.svg" in figures(checkout, "/proc")


@pytest.mark.fault("17.10", "outputs that cannot be written")
def test_outputs_that_cannot_be_written(checkout):
    checkout.notebook("01_a", "", "1")
    checkout.outputs.symlink_to("/proc/self")  # read-only for root too
    code, text = checkout.make("all")
    assert code != 0 and "Traceback" not in text
    assert "outputs" in text and "written" in text


@pytest.mark.fault("17.10", "very long and symlinked paths")
@pytest.mark.long
def test_a_long_path_behind_a_link(tmp_path):
    deep = tmp_path / "/".join(["long" * 10] * 3) / "with space and ü"
    checkout = make_checkout(deep / "checkout")
    (checkout.root / "data/mine.csv").write_text("a\n1\n")
    read = "import pandas as pd; print(len(pd.read_csv('data/mine.csv')))"
    checkout.notebook("01_a", "", FIGURE, read)
    link = tmp_path / "link"
    link.symlink_to(checkout.root)
    code, text = Checkout(link).make("all")
    assert code == 0, text
    manifest = (checkout.outputs / "01_a/main/manifest.json").read_text()
    assert '"data/mine.csv"' in manifest and "long" not in manifest
    assert "Nothing to do" in checkout.make("all")[1]


@pytest.mark.long
@pytest.mark.fault("17.10", "a machine without git")
def test_no_git(checkout, tmp_path):
    checkout.notebook("01_a", "", "1")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "env"):
        (tools / name).symlink_to(shutil.which(name))
    refused = {"test": "", "deposit": "", "paper": "AGAINST"}
    for command in ("all", "all", "why", "list", "tidy", *refused):
        given = {"GIVEN": refused.get(command, ""), "AGAINST": "HEAD"}
        env = checkout.environment() | given | {"PATH": str(tools)}
        done = subprocess.run(
            [sys.executable, "-m", "analysis_utils.commands", command],
            cwd=checkout.root, env=env, capture_output=True, text=True,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        if command in refused:
            assert done.returncode == 2 and "git is not installed" in done.stderr
        else:
            assert done.returncode in (0, 1), done.stderr


@pytest.mark.fault("16.1", "a fresh clone says fresh though nothing was executed there")
def test_a_first_run_executes_and_compares(good):
    before = tree(good.outputs / "01_a")
    (good.outputs / ".executed").unlink()  # as in a clone
    assert "it has not been executed on this machine yet" in good.make("why")[1]
    code, text = good.make("all", ARCHIVED="trust")
    assert code == 0 and "01_a/main  fresh" in text
    code, text = good.make("all")
    assert code == 0 and "never executed on this machine" in text
    assert "1 run executed" in text and "1 file identical to the archive" in text
    assert tree(good.outputs / "01_a") == before
    assert "Nothing to do" in good.make("all")[1]


@pytest.fixture(scope="module")
def tabled(tmp_path_factory) -> Checkout:
    """A table and a number, archived."""
    checkout = make_checkout(tmp_path_factory.mktemp("tabled") / "checkout")
    table = (
        "from analysis_utils import publish\nimport pandas as pd\n"
        "publish.table(pd.DataFrame({'a': [1.2345678]}), 'one', caption='One')\n"
        "publish.number('n', 1.2345678, digits=4)"
    )
    checkout.notebook("01_a", "", table)
    assert checkout.make("all")[0] == 0
    return checkout


@pytest.mark.long
@pytest.mark.fault("16.1", "a first run replaces what differs in a last digit")
@pytest.mark.fault("17.1", "a number that changed against the archive is not named")
@pytest.mark.parametrize(("factor", "stays"), [(1 + 1e-9, True), (1.01, False)])
def test_a_first_run_keeps_last_digits_and_names_more(tabled, tmp_path, factor, stays):
    checkout = copied(tabled, tmp_path / "checkout")
    folder = checkout.outputs / "01_a/main"
    stamp = json.loads((folder / "manifest.json").read_text())
    for name in ("results.json", "one.csv"):
        other = (folder / name).read_text()
        number = re.search(r"1\.2\d+", other)[0]
        other = other.replace(number, repr(float(number) * factor))
        (folder / name).write_text(other)
        stamp["outputs"][name] = hashlib.sha256(other.encode()).hexdigest()
    text = json.dumps(stamp, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n")
    (checkout.outputs / ".executed").unlink()
    code, said = checkout.make("all")
    assert code == 0, said
    assert ((folder / "one.csv").read_text() == other) == stays
    words = "the archived files stay" if stays else "DIFFER from the archive"
    assert words in said and "one.csv" in said
    changed = "Changed against the archive:\n  01_a/main: n 1.2469"
    assert (changed not in said) == stays
    assert "Nothing to do" in checkout.make("all")[1]


@pytest.mark.fault("17.8", "ulimit ends kernels, and only their death is told")
@pytest.mark.parametrize(
    ("limit", "words"),
    [("-n 64", "64 open files"), ("-v 1000000", "1.0 GB of memory")],
)
def test_limits_of_the_shell_are_named(checkout, limit, words):
    checkout.notebook("01_a", "", "1")
    command = f"ulimit {limit}; exec {sys.executable} -m analysis_utils.commands all"
    done = subprocess.run(
        ["sh", "-c", command], cwd=checkout.root, env=checkout.environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert "ulimit" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.fault("17.8", "a kernel that dies at its start fails the run at once")
def test_a_kernel_that_dies_at_its_start_is_started_once_more(checkout):
    checkout.notebook("01_a", "", "1")
    kernel = checkout.root / "src/analysis_utils/workflow/kernel.py"
    mark = checkout.root / "died"
    die = (
        "def start(arguments):\n    from pathlib import Path\n"
        f"    mark = Path({str(mark)!r})\n"
        "    if not mark.exists():\n        mark.touch()\n        os._exit(1)\n"
        "    start_(arguments)\n\n\nif __name__"
    )
    text = kernel.read_text().replace("def start(", "def start_(")
    kernel.write_text(text.replace("if __name__", die))
    code, said = checkout.make("all")
    assert code == 0 and mark.exists(), said
    assert "its kernel died at its start; once more" in said

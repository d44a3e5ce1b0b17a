"""Set-up: one lock without addresses, environment.yml equal to it, clear failures."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from analysis_utils.run_context import ROOT
from analysis_utils.workflow import environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
PLAIN = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}


def declared() -> set[str]:
    """Every requirement of pyproject.toml, extras included."""
    extras = PROJECT["optional-dependencies"].values()
    return set(PROJECT["dependencies"]).union(*extras)


def test_environment_yml_equals_pyproject():
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [line for line in content["dependencies"] if isinstance(line, str)]
    (pip,) = [line["pip"] for line in content["dependencies"] if isinstance(line, dict)]
    names = set(conda) | set(pip)
    assert f"python{PROJECT['requires-python']}" in names
    assert names - declared() == {"python>=3.11", "pip", "-e ."}
    assert declared() <= names
    assert "defaults" not in content["channels"] and "prefix" not in content


def test_every_dependency_says_what_it_is_for():
    text = (ROOT / "pyproject.toml").read_text()
    for requirement in declared():
        assert re.search(rf'"{re.escape(requirement)}",\s+# \w+', text), requirement


def test_the_lock_pins_every_dependency_with_hashes_and_no_address():
    assert "://" not in LOCK and "--index" not in LOCK
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", LOCK, flags=re.MULTILINE))
    for requirement in declared():
        assert re.match(r"[a-z0-9._-]+", requirement)[0] in pinned
    starts = [m.start() for m in re.finditer(r"^[a-z]", LOCK, flags=re.MULTILINE)]
    for start, end in zip(starts, [*starts[1:], len(LOCK)], strict=True):
        assert "--hash=sha256:" in LOCK[start:end], LOCK[start : start + 60]


def test_one_version_of_what_computes_for_every_python():
    for name in ("numpy", "scipy", "pandas", "statsmodels", "matplotlib"):
        assert len(re.findall(rf"^{name}==", LOCK, flags=re.MULTILINE)) == 1


def test_uv_is_taken_from_the_lock():
    text = environment.uv_requirement(LOCK)
    assert text.startswith("uv==") and text.count("--hash") > 5
    assert len(re.findall("==", text)) == 1


@pytest.fixture
def bare(tmp_path):
    """A copy of what set-up reads, elsewhere."""
    for name in (
        "Makefile",
        "requirements.lock",
        "pyproject.toml",
        "src/analysis_utils/workflow/environment.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.fault("17.10", "two make at once in a clone that has no .venv yet")
def test_a_second_set_up_waits_for_the_first(bare):
    code = "import sys; sys.path.insert(0, 'src/analysis_utils/workflow'); "
    code += "import environment as e; e.make = lambda log: e.STAMP.touch(); "
    code += "e.is_ready = lambda: e.STAMP.exists(); e.VENV.mkdir(exist_ok=True); "
    with (bare / "requirements.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, "-c", code + "sys.exit(e.main())"],
            cwd=bare,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert "Another make is setting up .venv" in second.stdout.readline()
        (bare / ".venv/made-from").touch()  # the first is done
    assert second.communicate(timeout=20)[0] == "" and second.returncode == 0


@pytest.mark.fault("17.10", "requirements.lock is missing")
def test_a_missing_lock_is_named(bare):
    (bare / "requirements.lock").unlink()
    code, text = make(bare, "environment")
    assert code and "git restore requirements.lock" in text
    assert "Traceback" not in text


def make(folder, *arguments: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=PLAIN | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_make_alone_prints_help(bare):
    code, text = make(bare)
    assert code == 0
    for target in ("make all", "make test", "make run", "make why"):
        assert target in text
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("version", ["3.80", "3.79.1"])
def test_an_old_make_is_refused_in_a_sentence(bare, version):
    code, text = make(bare, f"MAKE_VERSION={version}")
    assert code != 0 and "GNU make 3.81 or newer is needed" in text


@pytest.mark.fault("16.9", "the make of macOS, 3.81, is refused")
@pytest.mark.parametrize("version", ["3.81", "3.82", "4.0", "4.4.1"])
def test_a_make_that_is_new_enough_is_accepted(bare, version):
    code, text = make(bare, f"MAKE_VERSION={version}")
    assert code == 0 and "make all" in text


def test_no_python_is_said_in_a_sentence(bare):
    tools = bare / "tools"
    tools.mkdir()
    for name in ("make", "sh", "env"):
        (tools / name).symlink_to(shutil.which(name))
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")  # too old: refuses the test
    (tools / "python3").chmod(0o755)
    code, text = make(bare, "all", PATH=str(tools))
    assert code != 0
    assert "Python 3.11 or newer is needed and none was found" in text
    assert "Traceback" not in text


def set_up(folder, **variables: str) -> tuple[int, str]:
    script = folder / "src/analysis_utils/workflow/environment.py"
    done = subprocess.run(
        [sys.executable, script],
        env=PLAIN | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.long
def test_no_network_ends_in_a_sentence_and_leaves_no_ready_environment(bare):
    (bare / ".venv").mkdir()
    (bare / ".venv/half-made").touch()  # left by an interrupted set-up
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    code, text = set_up(bare, **nowhere, PIP_CONFIG_FILE="/dev/null")
    assert code == 1
    assert "check the network" in text and "run make again" in text
    assert "Traceback" not in text
    assert not (bare / ".venv/half-made").exists()
    assert not (bare / ".venv/made-from").exists()


def test_the_stamp_counts_only_with_a_python_that_works(bare, monkeypatch):
    for name in ("ROOT", "VENV", "LOCK", "PROJECT", "STAMP"):
        path = getattr(environment, name)
        monkeypatch.setattr(environment, name, bare / path.relative_to(ROOT))
    assert not environment.is_ready()
    (bare / ".venv/bin").mkdir(parents=True)
    environment.STAMP.write_text(environment.fingerprint())
    assert not environment.is_ready()  # no python in it
    (bare / ".venv/bin/python").symlink_to(sys.executable)
    assert environment.is_ready()
    with open(bare / "requirements.lock", "a") as lock:
        lock.write("# another\n")
    assert not environment.is_ready()


def test_too_little_disk_is_said_before_anything_is_removed(bare, monkeypatch):
    usage = shutil.disk_usage(bare)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(environment.SetupError, match="0.1 GB are free"):
        environment.refuse_what_cannot_work()


UV = """error: Failed to download `tqdm==4.67.1`
  cause: Hash mismatch for `tqdm==4.67.1`

         Expected:
           sha256:00
"""
PIP = """ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If
you have updated the package versions, please update the hashes.
    tqdm==4.67.1 from file:///tqdm-4.67.1-py3-none-any.whl (from -r r.txt (line 1)):
        Expected sha256 00
"""


@pytest.mark.fault("17.8", "a changed hash in the lock is blamed on the network")
@pytest.mark.parametrize("said", [UV, PIP], ids=["uv", "pip"])
def test_a_changed_hash_is_named_and_not_blamed_on_the_network(tmp_path, said):
    log = tmp_path / "log"
    script = tmp_path / "fails.py"
    script.write_text(f"import sys\nprint({said!r})\nsys.exit(1)")
    with pytest.raises(environment.SetupError) as refused:
        environment.run([sys.executable, script], log, environment.NETWORK)
    assert "tqdm==4.67.1 does not have the hash" in str(refused.value)
    assert "network" not in str(refused.value)

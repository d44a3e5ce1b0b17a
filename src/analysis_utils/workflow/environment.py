"""Makes `.venv` from `requirements.lock`, whole or not at all.

Runs under the system's Python before anything is installed, so it uses the
standard library only. `make` calls it when `.venv` is missing, half made, or made
from another lock.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
STAMP = VENV / "made-from"
NETWORK = (
    "Packages could not be downloaded; check the network (or the proxy settings), "
    "then run make again: it starts afresh."
)


class SetupError(Exception):
    """What went wrong and what to do, in one sentence."""


def fingerprint():
    """Text that changes when the environment must be made again."""
    return f"{ROOT}\n{LOCK.read_text()}\n{PROJECT.read_text()}"


def is_ready():
    """True if `.venv` is complete, works, and was made from the present lock."""
    try:
        if STAMP.read_text() != fingerprint():
            return False
        return python_works()
    except OSError:
        return False


def uv_requirement(lock):
    """The lines of the lock that pin uv, with their hashes."""
    found = re.search(r"^uv==.*(?:\n +--hash.*)*", lock, flags=re.MULTILINE)
    if not found:
        raise SetupError("requirements.lock pins no uv; run `make lock`.")
    return found.group() + "\n"


def run(command, log, advice):
    """Run a command, keep what it says in `log`; raise `advice` if it fails."""
    variables = dict(
        os.environ,
        UV_COMPILE_BYTECODE="1",
        UV_PYTHON_DOWNLOADS="never",
        UV_NO_PROGRESS="1",
        UV_LINK_MODE=os.environ.get("UV_LINK_MODE", "copy"),
        VIRTUAL_ENV=str(VENV),
    )
    variables.pop("PYTHONPATH", None)
    with log.open("a") as stream:
        stream.write("$ " + " ".join(map(str, command)) + "\n")
        stream.flush()
        try:
            code = subprocess.run(
                command, env=variables, stdout=stream, stderr=stream, cwd=ROOT
            ).returncode
        except OSError as error:
            raise SetupError(f"{advice} ({error})") from error
    if code:
        raise SetupError(f"{altered(log) or advice} Details: {log}")


def altered(log):
    """What to say of a package that is not the one in the lock; empty if all are."""
    said = log.read_text(errors="replace")
    found = re.search(r"Hash mismatch for `([^`]+)`", said) or re.search(
        r"DO NOT MATCH THE HASHES.*?\n\s+(\S+) from", said, flags=re.DOTALL
    )
    if not found:
        return ""
    return (
        f"{found[1]} does not have the hash that requirements.lock gives it: the lock "
        "was edited (`git diff requirements.lock` shows it), or the package was "
        "changed on its way; it was not installed."
    )


def refuse_what_cannot_work():
    """Raise before anything is removed if this machine cannot make a venv."""
    if sys.version_info < (3, 11):  # noqa: UP036  (any Python may run this)
        raise SetupError(
            "Python 3.11 or newer is needed and this is "
            f"{sys.version.split()[0]}; install one and run "
            "`make PYTHON=/path/to/python3.11` again."
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        raise SetupError(
            "This Python lacks its venv module; on Debian and Ubuntu install "
            "it with `apt install python3-venv`, then run make again."
        ) from error
    free = shutil.disk_usage(ROOT).free
    if free < 2e9:
        raise SetupError(
            f"The environment needs 2 GB of disk and {free / 1e9:.1f} GB are "
            f"free in {ROOT}; make room and run make again."
        )


def was_complete():
    """True if `.venv` was made whole in this folder, from whatever lock."""
    try:
        return STAMP.read_text().splitlines()[0] == str(ROOT) and python_works()
    except (OSError, IndexError):
        return False


def python_works():
    """True if the interpreter of `.venv` starts."""
    return subprocess.run([VENV / "bin/python", "-c", ""]).returncode == 0


def make_empty(python, log):
    """Make `.venv` afresh, with nothing in it but uv."""
    shutil.rmtree(VENV, ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", VENV],
        log,
        "Python could not make a virtual environment in .venv; "
        "check that this folder can be written to, then run make again.",
    )
    with tempfile.TemporaryDirectory() as folder:
        pinned_uv = Path(folder) / "uv.txt"
        pinned_uv.write_text(uv_requirement(LOCK.read_text()))
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "-r", pinned_uv], log, NETWORK)


def make(log):
    """Make `.venv`: the locked packages, then this package, then the stamp."""
    python, uv = VENV / "bin/python", VENV / "bin/uv"
    if was_complete() and uv.exists():
        STAMP.unlink()  # from here on it is half made
    else:
        make_empty(python, log)
    install = [uv, "pip", "sync", "-p", python, "--require-hashes", LOCK]
    run(install, log, NETWORK)
    this = [uv, "pip", "install", "-p", python, "--no-deps", "--no-build-isolation"]
    run([*this, "-e", ROOT], log, "This package could not be installed into .venv.")
    STAMP.write_text(fingerprint())


@contextlib.contextmanager
def alone():
    """One set-up at a time in this folder: a second one waits for the first."""
    with LOCK.open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is setting up .venv here; waiting for it ...")
            sys.stdout.flush()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def main():
    """Make the environment if it is not ready; say what happens in plain lines."""
    if is_ready():
        return 0
    log = Path(tempfile.gettempdir()) / f"analysis-utils-setup-{os.getpid()}.log"
    started = time.monotonic()
    try:
        if not LOCK.is_file():
            raise SetupError(
                "requirements.lock is missing; git restore requirements.lock"
            )
        with alone():
            if is_ready():
                return 0
            refuse_what_cannot_work()
            print("Setting up .venv from requirements.lock (once, about a minute) ...")
            sys.stdout.flush()
            make(log)
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Set-up interrupted; the next `make` starts afresh.", file=sys.stderr)
        return 130
    print(f"Environment ready in {time.monotonic() - started:.0f} s.")
    log.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())

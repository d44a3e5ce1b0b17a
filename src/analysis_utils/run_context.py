"""What a notebook's run knows of itself: its folder, and the files it has read.

The driver names the folder in the environment. In JupyterLab there is none, and
nothing is recorded.
"""

import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN_FOLDER = "ANALYSIS_RUN_FOLDER"
READS = ".reads"
HYPOTHESIS = "hypothesis "  # before an id, among the names of files read
SCHEMA = "schema "  # before the name of a table
ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path | None:
    """Folder that receives this run's outputs; None outside a run."""
    name = os.environ.get(RUN_FOLDER)
    return Path(name) if name else None


def place() -> dict[str, int | None]:
    """Cell that is executing (as in `In [5]`) and line in it; None if unknown."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    frame = sys._getframe() if shell else None
    while shell and frame and frame.f_globals is not shell.user_ns:
        frame = frame.f_back
    if shell is None or frame is None:
        return {"cell": None, "line": None}
    number = len(shell.history_manager.input_hist_parsed) - 1  # its first entry is none
    return {"cell": number, "line": frame.f_lineno}


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


_aside = threading.local()


@contextmanager
def unrecorded() -> Iterator[None]:
    """Within: files that this thread opens are not recorded as read by the run.

    For a file of which a run rests on a part alone, recorded by itself.
    """
    _aside.now = True
    try:
        yield
    finally:
        _aside.now = False


def is_aside() -> bool:
    """Whether this thread reads `unrecorded`."""
    return getattr(_aside, "now", False)


def record_read(path: Path) -> None:
    """Note that this run rests on `path` (below the project's root), and where."""
    run = folder()
    if run:
        at, name = place(), path.resolve().relative_to(ROOT).as_posix()
        with open(run / READS, "a") as stream:
            stream.write(
                f"{sha256(path)}  {at['cell'] or 0}:{at['line'] or 0}  {name}\n"
            )


def record_part(name: str, fingerprint: str) -> None:
    """Note that this run rests on a named part of a file, and where it asked."""
    run = folder()
    if run:
        at = place()
        with open(run / READS, "a") as stream:
            line = f"{fingerprint}  {at['cell'] or 0}:{at['line'] or 0}"
            stream.write(f"{line}  {name}\n")


def record_hypothesis(key: str, fingerprint: str) -> None:
    """Note that this run rests on an entry of the registry of hypotheses."""
    record_part(HYPOTHESIS + key, fingerprint)

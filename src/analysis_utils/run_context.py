"""What a notebook's run knows of itself: its folder, and the files it has read.

The driver names the folder in the environment. In JupyterLab there is none, and
nothing is recorded.
"""

import hashlib
import os
from pathlib import Path

RUN_FOLDER = "ANALYSIS_RUN_FOLDER"
READS = ".reads"
ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path | None:
    """Folder that receives this run's outputs; None outside a run."""
    name = os.environ.get(RUN_FOLDER)
    return Path(name) if name else None


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record_read(path: Path) -> None:
    """Note that this run rests on `path` (a file below the project's root)."""
    run = folder()
    if run:
        name = path.resolve().relative_to(ROOT).as_posix()
        with open(run / READS, "a") as stream:
            stream.write(f"{sha256(path)}  {name}\n")

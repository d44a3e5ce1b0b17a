"""What this machine has executed, remembered outside git (`outputs/.executed`).

A fresh clone holds outputs that another machine has made. They match their manifests,
but nothing has been executed here: `make all` does that once and compares.
"""

import json
import os
import threading
from contextlib import suppress
from pathlib import Path

from analysis_utils.run_context import sha256
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import Run

FILE = ".executed"
NEVER = "it has not been executed on this machine yet"


class Memory:
    """Stamp and seconds of every run executed here whose outputs are in `outputs`."""

    def __init__(self, outputs: Path):
        self.path, self.outputs = outputs / FILE, outputs
        self.writing = threading.Lock()
        self.known: dict[str, dict] = {}
        with suppress(OSError, ValueError):
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                self.known = {k: v for k, v in content.items() if isinstance(v, dict)}

    def key(self, run: Run) -> str:
        """A run's place below the outputs."""
        return run.folder.relative_to(self.outputs).as_posix()

    def knows(self, run: Run) -> bool:
        """Whether the outputs in place are those that this machine made or compared."""
        stamp = self.known.get(self.key(run), {}).get("stamp")
        return stamp is not None and stamp == stamp_of(run)

    def seconds(self, run: Run) -> float | None:
        """How long a run took here the last time."""
        seconds = self.known.get(self.key(run), {}).get("seconds")
        return seconds if isinstance(seconds, (int, float)) else None

    def note(self, run: Run, seconds: float) -> None:
        """Remember that a run was executed."""
        with self.writing, suppress(OSError):  # lost memory costs a run, no result
            self.known[self.key(run)] = {
                "stamp": stamp_of(run),
                "seconds": round(seconds, 1),
            }
            new = self.path.with_name(f"{FILE}.new")
            new.write_text(json.dumps(self.known, indent=1), encoding="utf-8")
            os.replace(new, self.path)


def stamp_of(run: Run) -> str:
    """SHA-256 of the manifest in place; empty if there is none."""
    path = run.folder / manifest.NAME
    return sha256(path) if path.is_file() else ""

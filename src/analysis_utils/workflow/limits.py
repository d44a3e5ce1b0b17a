"""Limits of a run: how long it may take. What it may print, its kernel counts."""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis_utils.asking import Refused

PID = ".kernel"  # in the run's folder, written by the kernel
FILES = 256  # that may be open at once
MEMORY = 2 * 10**9  # bytes; with half of it kernels hang at their start


class Limit:
    """The time of one run: `expired` once it is over and the kernel was ended."""

    def __init__(self, folder: Path, minutes: float):
        self.folder, self.minutes, self.expired = folder, minutes, False
        self.over = threading.Event()  # the run has ended by itself

    def watch(self) -> None:
        """Wait until the time is over, then end the kernel, even one that starts.

        Seconds are counted while this process runs: a stop (Ctrl-Z) costs none.
        """
        left = self.minutes * 60
        while left > 0:
            if self.over.wait(min(left, 1)):
                return
            left -= 1
        self.expired = True
        while not self.over.is_set():
            end_kernel(self.folder)
            self.over.wait(0.5)

    @property
    def words(self) -> str:
        """What happened and what to do."""
        return (
            f"the run did not end within {self.minutes:g} minutes; make it shorter, or "
            "name a longer time in notebooks/runs.yaml (limits: {notebook: minutes})"
        )


def end_kernel(folder: Path) -> None:
    """End the kernel of a run's folder, and everything that it has started."""
    with suppress(OSError, ValueError):
        number = int((folder / PID).read_text())
        os.killpg(number, signal.SIGKILL)


@contextmanager
def limited(folder: Path, minutes: float) -> Iterator[Limit]:
    """Within: the kernel is ended when its time is over; nothing outlives the run."""
    limit = Limit(folder, minutes)
    threading.Thread(target=limit.watch, daemon=True).start()
    try:
        yield limit
    finally:
        limit.over.set()
        end_kernel(folder)


def refuse_tight_shell() -> None:
    """Refuse to start where this shell's limits (`ulimit`) would end every kernel."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    if files != resource.RLIM_INFINITY and files < FILES:
        raise Refused(
            f"this shell allows {files} open files and runs need {FILES}: "
            "ulimit -n 1024"
        )
    if memory != resource.RLIM_INFINITY and memory < MEMORY:
        raise Refused(
            f"this shell allows {memory / 1e9:.1f} GB of memory and runs need "
            f"{MEMORY / 1e9:.0f}: ulimit -v unlimited"
        )

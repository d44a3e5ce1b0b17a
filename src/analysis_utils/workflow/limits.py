"""Limits of a run: how long it may take. What it may print, its kernel counts."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PID = ".kernel"  # in the run's folder, written by the kernel


class Limit:
    """The time of one run: `expired` once it is over and the kernel was ended."""

    def __init__(self, folder: Path, minutes: float):
        self.folder, self.minutes, self.expired = folder, minutes, False
        self.over = threading.Event()  # the run has ended by itself

    def watch(self) -> None:
        """Wait until the time is over, then end the kernel, even one that starts."""
        if self.over.wait(self.minutes * 60):
            return
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

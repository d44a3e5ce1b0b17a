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

    def expire(self) -> None:
        """End the kernel."""
        self.expired = True
        end_kernel(self.folder)

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
    clock = threading.Timer(minutes * 60, limit.expire)
    clock.daemon = True
    clock.start()
    try:
        yield limit
    finally:
        clock.cancel()
        end_kernel(folder)

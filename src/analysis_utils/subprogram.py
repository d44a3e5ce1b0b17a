"""Programs that a command starts: ended, with all they started, where it is stopped."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def started(command: list[str], **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A program in a group of its own; `settings` are those of `subprocess.Popen`.

    Left by an exception (an interrupt, say), the whole group is ended.
    """
    process = subprocess.Popen(command, text=True, start_new_session=True, **settings)
    try:
        yield process
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        raise

"""Watches what a run's kernel opens: files read are recorded, trespasses refused.

A Python audit hook sees every `open` of the process, whichever library asks: a file
under the project that a notebook reads past `datasets` is in the manifest all the
same. What would make a result that others cannot have (a file elsewhere, the network,
another program, another run's outputs) is refused, and so is writing anywhere but into
the run's own folder. Modules of the package are hashed by themselves; libraries that
open files in C (pyarrow, calamine) are not seen, and no notebook uses one.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from analysis_utils import run_context
from analysis_utils.asking import Refused

ROOT = str(run_context.ROOT)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
DATA_FILES = (
    ".csv", ".tsv", ".txt", ".json", ".xlsx", ".xls", ".ods", ".parquet", ".feather",
    ".dta", ".sav", ".pkl", ".npy", ".npz", ".zip", ".gz", ".yaml", ".yml", ".db",
)  # fmt: skip
CHANGES = {  # events of files changed otherwise than by `open`: how many paths
    "os.remove": 1, "os.rename": 2, "os.mkdir": 1, "os.rmdir": 1, "os.truncate": 1,
    "os.link": 2, "os.symlink": 2, "os.chmod": 1, "os.chown": 1, "os.utime": 1,
}  # fmt: skip
PROGRAMS = (
    "subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.exec",
    "os.posix_spawn", "os.spawn", "pty.spawn",
)  # fmt: skip
SYSTEM = ("/usr", "/etc", "/opt", "/sys", "/lib", "/var", "/System", "/Library", "/nix")
HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", None)


class Trespass(Refused, PermissionError):
    """A notebook reached beyond what its manifest can hold.

    A PermissionError too, so that a library that can do without goes on.
    """


def watch(run: Path, private: Path) -> None:
    """Watch this process from now on; there is no way back.

    Parameters
    ----------
    run : the folder of the run, which it may write to.
    private : settings and caches of kernels, which libraries may write to.
    """
    sys.addaudithook(Watch(run, private))


def below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


@lru_cache(4096)
def real(path: str) -> str:
    """A path without links; `ROOT` has none."""
    return os.path.realpath(path)


class Watch:
    """The hook: called with every event that Python audits."""

    def __init__(self, run: Path, private: Path):
        own = (str(run), str(private), sys.prefix)
        self.own = [real(folder) for folder in own]
        self.scratch = [real(tempfile.gettempdir()), "/dev", "/proc"]
        self.written: set[str] = set()  # scratch files that this run has made
        self.libraries = [real(sys.base_prefix), *SYSTEM]
        self.inside = threading.local()
        self.handlers: dict[str, Callable[[tuple], None]] = {
            "open": self.opened,
            "socket.connect": lambda args: self.connected(args[1]),
            "socket.sendto": lambda args: self.connected(args[1]),
            "socket.getaddrinfo": lambda args: self.connected((args[0], 0)),
            "socket.gethostbyname": lambda args: self.connected((args[0], 0)),
        }
        self.handlers |= dict.fromkeys(PROGRAMS, self.started)
        self.handlers |= {event: self.changing(n) for event, n in CHANGES.items()}

    def __call__(self, event: str, args: tuple) -> None:
        handler = self.handlers.get(event)
        if handler is None or getattr(self.inside, "busy", False):
            return
        if run_context.is_aside():
            return
        self.inside.busy = True
        try:
            handler(args)
        finally:
            self.inside.busy = False

    def opened(self, args: tuple) -> None:
        """A file is about to be opened."""
        path, mode, flags = args
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a file that is open already
        if any(c in "wax+" for c in mode or "") or (not mode and flags & WRITING):
            self.changed((path,))
        else:
            self.read(real(os.fsdecode(path)))

    def free(self, path: str) -> bool:
        """Whether a place is the run's own, or one for scratch files of libraries."""
        if below(path, ROOT):
            return any(below(path, folder) for folder in self.own)
        return any(below(path, folder) for folder in [*self.own, *self.scratch])

    def read(self, path: str) -> None:
        """Record a file of the project; refuse what a reader could not have."""
        own = path in self.written or any(below(path, folder) for folder in self.own)
        if own or not os.path.isfile(path):
            return
        if below(path, ROOT):
            self.read_of_project(path)
        elif path.lower().endswith(DATA_FILES) and not self.of_library(path):
            raise Trespass(
                f"{path} lies outside the project, where no reader has it; copy it "
                "into data/own and read it from there (docs/own_data.md)"
            )

    def of_library(self, path: str) -> bool:
        """Whether a file belongs to the machine or to an installed library."""
        folders = self.libraries
        return "site-packages" in path or any(below(path, f) for f in folders)

    def read_of_project(self, path: str) -> None:
        """Record a file, or refuse it."""
        name = os.path.relpath(path, ROOT)
        if name.endswith((".py", ".pyc")) and below(path, os.path.join(ROOT, "src")):
            return  # a module, hashed as one
        if below(path, os.path.join(ROOT, "outputs")):
            raise Trespass(
                f"{name} is another run's output; each notebook reads data/ alone, so "
                "that any of them runs by itself"
            )
        if below(path, os.path.join(ROOT, ".git")):
            raise Trespass(f"{name}: a result must not rest on the state of git")
        run_context.record_read(Path(path))

    def changing(self, number: int) -> Callable[[tuple], None]:
        """What handles an event whose first arguments are so many paths."""
        return lambda args: self.changed(args[:number])

    def changed(self, paths: tuple) -> None:
        """A file is about to be written, moved or removed."""
        for given in paths:
            if not isinstance(given, (str, bytes, os.PathLike)):
                continue
            path = os.path.abspath(os.fsdecode(given))
            path = os.path.join(real(os.path.dirname(path)), os.path.basename(path))
            if "__pycache__" in path or self.free(path):
                self.written.add(path)
                continue
            shown = os.path.relpath(path, ROOT) if below(path, ROOT) else path
            raise Trespass(
                f"{shown} would be changed by the notebook; a run writes into its own "
                "folder alone, by publish.figure, publish.table and publish.number"
            )

    def connected(self, address: object) -> None:
        """The network is about to be used."""
        host = address[0] if isinstance(address, tuple) else ""
        host = host.decode() if isinstance(host, bytes) else host
        if host not in HERE and not str(host).startswith("127."):
            raise Trespass(
                f"the notebook asks {host} over the network; what it rests on must be "
                "in data/ (`make raw` and `make data` fetch and compile)"
            )

    def started(self, args: tuple) -> None:
        """Another program, or a copy of this one, is about to be started."""
        raise Trespass(
            "the notebook starts another program, whose reading nobody records; write "
            "it in Python"
        )

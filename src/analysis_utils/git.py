"""Git, where it is at hand: the project's own repository, and no other.

One around the project (an archive unpacked in somebody's own repository) is not asked.
"""

import os
import shutil
import subprocess
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT

# Personal settings that would change what is read
PLAIN = ("-c", "log.showSignature=false", "-c", "core.quotePath=false")


def called(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    """What became of a git command; raises OSError where there is no git."""
    settings = os.environ | {"GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    command = ["git", *PLAIN, *arguments]
    return subprocess.run(command, cwd=root, env=settings, capture_output=True)


def content(*arguments: str, root: Path = ROOT) -> bytes | None:
    """What git prints; None where there is no git, no repository, no such thing."""
    try:
        done = called(*arguments, root=root)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def text(*arguments: str, root: Path = ROOT) -> str | None:
    """The same as text."""
    found = content(*arguments, root=root)
    return None if found is None else found.decode("utf-8", "replace")


def asked(purpose: str, *arguments: str, root: Path = ROOT) -> str:
    """What git prints; Refused, with its words, where it cannot.

    `purpose` says what needs git: "an archive is packed from a git repository".
    """
    refuse_without(purpose)
    done = called(*arguments, root=root)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Refused(f"{purpose} ({said})")
    return done.stdout.decode("utf-8", "replace")


def refuse_without(purpose: str) -> None:
    """Refuse where git is not installed."""
    if shutil.which("git") is None:
        raise Refused(f"{purpose}, and git is not installed here")

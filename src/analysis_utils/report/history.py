"""The git history of a file, where it is at hand."""

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    """What git prints; empty where there is no git or no history."""
    try:
        done = subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True
        )
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def whole(root: Path) -> bool:
    """Whether the history is at hand, and not a shallow clone's."""
    return git(root, "rev-parse", "--is-shallow-repository").strip() == "false"


def versions(root: Path, file: str) -> list[tuple[str, str, str]]:
    """(date, subject, text) of each committed version of a file, oldest first.

    Empty where the history is not at hand, or is known in part only.
    """
    if not whole(root):
        return []
    log = git(root, "log", "--reverse", "--format=%H%x09%as%x09%s", "--", file)
    commits = [line.split("\t", 2) for line in log.splitlines()]
    return [
        (day, subject, git(root, "show", f"{commit}:{file}"))
        for commit, day, subject in commits
    ]


def count(root: Path, file: str) -> int:
    """How many versions of a file were committed; 0 where that is not known."""
    if not whole(root):
        return 0
    return len(git(root, "log", "--format=%H", "--", file).split())

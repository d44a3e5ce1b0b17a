"""The git history of a file, where it is at hand."""

from pathlib import Path

from analysis_utils import git


def said(root: Path, *arguments: str) -> str:
    """What git prints; empty where there is no git or no history."""
    return git.text(*arguments, root=root) or ""


def whole(root: Path) -> bool:
    """Whether the history is at hand, and not a shallow clone's."""
    return said(root, "rev-parse", "--is-shallow-repository").strip() == "false"


def versions(root: Path, file: str) -> list[tuple[str, str, str]]:
    """(date, subject, text) of each committed version of a file, oldest first.

    Empty where the history is not at hand, or is known in part only.
    """
    if not whole(root):
        return []
    log = said(root, "log", "--reverse", "--format=%H%x09%as%x09%s", "--", file)
    commits = [line.split("\t", 2) for line in log.splitlines()]
    return [
        (day, subject, said(root, "show", f"{commit}:{file}"))
        for commit, day, subject in commits
    ]


def count(root: Path, file: str) -> int:
    """How many versions of a file were committed; 0 where that is not known."""
    if not whole(root):
        return 0
    return len(said(root, "log", "--format=%H", "--", file).split())

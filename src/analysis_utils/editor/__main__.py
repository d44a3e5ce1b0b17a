"""What `make` calls: `python -m analysis_utils.editor tidy|new|lab`."""

import sys

from analysis_utils.workflow.commands import dispatch
from analysis_utils.workflow.runs import NOTEBOOKS

SETTINGS = {"tidy": (), "new": ("NAME",), "lab": ("PORT", "BROWSER")}


def make_tidy(given: dict[str, str]) -> int:
    """Put source notebooks right; exit code 1 if something is left to the author."""
    from analysis_utils.editor import git_diff, tidy

    git_diff.set_up()
    left = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for sentence in tidy.put_right(path):
            print(f"put right: {sentence}")
        left += tidy.problems(path)
    for sentence in left:
        print(f"left to you: {sentence}")
    if not left:
        print("Every notebook is tidy.")
    return 1 if left else 0


def make_new(given: dict[str, str]) -> int:
    """Make a notebook, its run and its test, and execute it."""
    from analysis_utils.editor import git_diff, new

    git_diff.set_up()
    return new.make(given.get("NAME"))


def make_lab(given: dict[str, str]) -> int:
    """Open JupyterLab on this machine only."""
    from analysis_utils.editor import git_diff, lab

    git_diff.set_up()
    return lab.open_lab(given.get("PORT", str(lab.PORT)), given.get("BROWSER", "yes"))


COMMANDS = {"tidy": make_tidy, "new": make_new, "lab": make_lab}


if __name__ == "__main__":
    sys.exit(dispatch("editor", COMMANDS, SETTINGS, "Refused, nothing was changed:"))

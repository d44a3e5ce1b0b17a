"""`make lab`, `make new` and `make tidy`."""

from analysis_utils.asking import Refused
from analysis_utils.commands.desk import Given
from analysis_utils.workflow.pins import unpinned
from analysis_utils.workflow.runs import NOTEBOOKS, study_runs


def make_tidy(given: Given) -> int:
    """Put source notebooks right; exit code 1 if something is left to the author."""
    from analysis_utils.editor import git_diff, tidy

    git_diff.set_up()
    left = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for sentence in tidy.put_right(path):
            print(f"put right: {sentence}")
        left += tidy.problems(path)
    left += runs_problems()
    for sentence in left:
        print(f"left to you: {sentence}")
    if not left:
        print("Every notebook is tidy.")
    return 1 if left else 0


def runs_problems() -> list[str]:
    """What is wrong with defaults and runs.yaml, which an author must decide."""
    try:
        return [line for run in study_runs() if (line := unpinned(run, run.folder))]
    except Refused as refused:
        return str(refused).splitlines()


def make_new(given: Given) -> int:
    """Make a notebook, its run and its test, and execute it."""
    from analysis_utils.commands import reproduce
    from analysis_utils.editor import git_diff, new

    git_diff.set_up()
    name = new.make(given.get("NAME"))
    code = reproduce.make_all({"NOTEBOOK": name})
    if code == 0:
        print(new.next_steps(name))
    return code


def make_lab(given: Given) -> int:
    """Open JupyterLab on this machine only."""
    from analysis_utils.editor import git_diff, lab

    git_diff.set_up()
    return lab.open_lab(given.get("PORT", str(lab.PORT)), given.get("BROWSER", "yes"))

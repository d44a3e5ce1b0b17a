"""`make all`, `make run`, `make why`, `make list` and `make clean`."""

import shutil
import sys
import time
from dataclasses import replace

from analysis_utils.asking import Refused, nearest
from analysis_utils.commands import read
from analysis_utils.commands.against import Before, Comparison
from analysis_utils.commands.desk import Given
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import driver, manifest
from analysis_utils.workflow.memory import NEVER, Memory
from analysis_utils.workflow.parameters import declared, typed
from analysis_utils.workflow.pins import unpinned
from analysis_utils.workflow.runs import (
    CUSTOM,
    NOTEBOOKS,
    OUTPUTS,
    Run,
    study_notebooks,
    study_runs,
)

OWN = ("NOTEBOOK", "RUN", "WORKERS", "WARM", "ARCHIVED", "CLUSTER")


def split(given: Given) -> tuple[Given, Given]:
    """The driver's own settings, and parameters of notebooks (in lower case)."""
    own = {name: text for name, text in given.items() if name in OWN}
    return own, {n.lower(): text for n, text in given.items() if n not in OWN}


def named_notebook(text: str | None) -> str | None:
    """The notebook that a name, or a beginning that only one has, stands for."""
    if text is None:
        return None
    known = tuple(study_notebooks(NOTEBOOKS))
    if text in known:
        return text
    begin = [name for name in known if name.lower().startswith(text.lower())]
    if len(begin) == 1:
        return begin[0]
    if begin:
        raise Refused(f"NOTEBOOK={text} could be {' or '.join(begin)}")
    raise Refused(f"no notebook {text!r}{nearest(text, known)}")


def runs_asked(own: Given, overrides: Given) -> list[Run]:
    """The runs that the command line names."""
    notebook = named_notebook(own.get("NOTEBOOK"))
    runs = study_runs(
        notebook=notebook, run=own.get("RUN"), overrides=overrides, settings=OWN
    )
    if own.get("RUN") and not runs:
        names = tuple(run.name for run in study_runs(notebook=notebook))
        raise Refused(f"no run {own['RUN']!r}{nearest(own['RUN'], names)}")
    return runs


def make_all(given: Given) -> int:
    """Execute what is stale; exit code 1 if a run failed."""
    own, overrides = split(given)
    runs = runs_asked(own, overrides)
    if overrides:
        left = len(study_runs(notebook=named_notebook(own.get("NOTEBOOK")))) - len(runs)
        print(f"Outputs go to {place_of(runs)}.")
        if left:
            print(f"{left} runs have none of these parameters and are left out.")
        code = report(runs, own)
    else:
        refuse_contradictions()
        refuse_unpinned(runs)
        before, comparison = Before(runs), Comparison()
        code = report(runs, own, comparison)
    whole = not {"NOTEBOOK", "RUN"} & set(own)
    if not code and whole:
        code = verdicts(runs, complete=not overrides)
        if not code and not overrides:
            read.refresh()
    if not overrides:
        say_changes(before.changes())
    return code


def say_changes(changes: list[str]) -> None:
    """Name each answer and number that changed against the archive."""
    if changes:
        print("Changed against the archive:")
        print(*(f"  {line}" for line in changes), sep="\n")


def refuse_unpinned(runs: list[Run]) -> None:
    """Refuse runs that carry a hypothesis and leave a parameter to its default."""
    problems = [line for run in runs if (line := unpinned(run, run.folder))]
    if problems:
        raise Refused("\n".join(problems))


def place_of(runs: list[Run]) -> str:
    """The folder below which these runs put their results."""
    return f"{runs[0].base.relative_to(ROOT).as_posix()}/"


def refuse_contradictions() -> None:
    """Refuse a faulty registry, and runs under other values than it fixes."""
    from analysis_utils import hypotheses
    from analysis_utils.hypotheses.runs import contradictions

    if not hypotheses.FILE.exists():
        return
    parameters = {run.label: run.parameters for run in study_runs()}
    problems = contradictions(hypotheses.read(), parameters)
    if problems:
        raise Refused("\n".join(problems))


def verdicts(runs: list[Run], complete: bool) -> int:
    """Bring outputs/verdicts/ up to date; exit code 1 if it cannot be built."""
    from analysis_utils.report import build

    if not build.REGISTRY.exists():
        return 0
    try:
        if not build.is_fresh(runs):
            build.build(runs, complete)
            print("verdicts: computed from the recorded results")
    except Refused as refused:
        print(f"FAILED verdicts, left as they were:\n{refused}", file=sys.stderr)
        return 1
    return 0


def make_run(given: Given) -> int:
    """Execute one notebook with the given parameters, apart from the archive."""
    own, overrides = split(given)
    if "NOTEBOOK" not in own:
        runs_asked(own, overrides)  # refuses what no notebook knows
        names = ", ".join(study_notebooks(NOTEBOOKS))
        raise Refused(f"name one: make run NOTEBOOK=...; there are {names}")
    runs = runs_asked(own, overrides)
    base = runs[0].base if overrides else OUTPUTS / CUSTOM / "as-they-are"
    if "RUN" not in own:  # one run: the notebook's defaults and what was given
        runs = [replace(runs[0], name="main", parameters=defaults(runs[0], overrides))]
    runs = [replace(run, base=base) for run in runs]
    code = report(runs, own)
    for run in runs:
        if run.folder.exists():
            print(f"Results: {run.folder.relative_to(ROOT).as_posix()}/")
    return code


def defaults(run: Run, overrides: Given) -> dict[str, object]:
    """The notebook's own defaults with the overrides, typed."""
    values, _ = typed(declared(run.notebook), overrides)  # checked by `study_runs`
    return values


def report(runs: list[Run], own: Given, comparison: Comparison | None = None) -> int:
    """Execute runs and print the closing table; exit code 1 if one failed.

    With parameters of the command line a refusal is an answer; among the archived
    runs it is a failure.
    """
    workers = driver.workers_asked(own.get("WORKERS"))
    began = time.monotonic()
    outcomes = driver.run_all(
        runs,
        OUTPUTS,
        workers,
        own.get("WARM") != "no",
        comparison,
        own.get("ARCHIVED") == "trust",
        driver.cluster_asked(own.get("CLUSTER")),
    )
    print(driver.table(outcomes))
    for path in driver.orphans(study_runs(), OUTPUTS):
        print(f"{path.relative_to(OUTPUTS.parent)} belongs to no run; remove it.")
    bad = ("failed", "refused") if comparison else ("failed",)
    failed = [outcome for outcome in outcomes if outcome.state in bad]
    for outcome in outcomes:
        if outcome.message:
            word = "NOT TESTABLE" if outcome.state == "refused" else "FAILED"
            print(f"{word} {outcome.run.label}: {outcome.message}", file=sys.stderr)
    say_score(outcomes, comparison, time.monotonic() - began)
    return 1 if failed else 0


def say_score(
    outcomes: list[driver.Outcome], comparison: Comparison | None, seconds: float
) -> None:
    """The closing lines: what was done, how it compares, what to open."""
    if all(outcome.state == "fresh" for outcome in outcomes):
        print(
            "Nothing to do: every output matches its manifest "
            "(`make clean all` computes them anew)."
        )
        return
    ran = sum(outcome.state == "ran" for outcome in outcomes)
    words = f"{ran} {'run' if ran == 1 else 'runs'} executed in {seconds:.0f} s"
    if comparison and (comparison.identical or comparison.different):
        words += f"; {comparison.sentence}"
    page = OUTPUTS / "site/index.html"
    page = page if page.is_file() else OUTPUTS / "README.md"
    if comparison and page.is_file():
        words += f"; open {page.relative_to(ROOT).as_posix()}"
    print(f"{words}.")


def make_why(given: Given) -> int:
    """Say for each run what changed since its outputs were made."""
    memory = Memory(OUTPUTS)
    for run in runs_asked(*split(given)):
        reasons = manifest.reasons(run)
        if not reasons and not memory.knows(run):
            reasons = [NEVER]
        reasons = reasons or ["fresh: nothing changed"]
        print(f"{run.label}: " + "; ".join(reasons))
    return 0


def make_list(given: Given) -> int:
    """List notebooks, runs and parameters with their types."""
    runs = runs_asked(*split(given))
    refuse_unpinned(runs)
    for notebook in {run.notebook.name: run.notebook for run in runs}.values():
        names = [run.name for run in runs if run.notebook.name == notebook.name]
        print(f"{notebook.name}\n  runs: {', '.join(names)}")
        for p in declared(notebook).values():
            print(f"  {p.name.upper()}={p.default}   ({p.kind})  {p.comment}")
    return 0


# The deviation log stays: it comes from git history, which an archive does not have.
VERDICTS = ("manifest.json", "verdicts.*", "results.csv")


def make_clean(given: Given) -> int:
    """Remove the outputs; those of a user's own parameters only with CUSTOM=yes."""
    own = given.get("CUSTOM") == "yes"
    patterns = ["[0-9]*", "README.md", "failed", ".[a-z]*", *([CUSTOM] if own else [])]
    patterns += [f"verdicts/{name}" for name in VERDICTS]
    with driver.exclusive(OUTPUTS):
        for path in [path for pattern in patterns for path in OUTPUTS.glob(pattern)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != driver.LOCK:
                path.unlink()
    print(
        "Outputs removed; the archived ones come back by 'make all' (or 'git restore "
        "outputs')."
    )
    if not own and (OUTPUTS / CUSTOM).exists():
        print("outputs/custom stays: make clean CUSTOM=yes removes it too.")
    return 0

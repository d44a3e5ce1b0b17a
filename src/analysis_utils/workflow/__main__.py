"""What `make` calls: `python -m analysis_utils.workflow all|run|why|list`."""

import sys
from dataclasses import replace

from analysis_utils.asking import Refused, nearest
from analysis_utils.workflow import driver, manifest
from analysis_utils.workflow.commands import dispatch
from analysis_utils.workflow.parameters import declared
from analysis_utils.workflow.runs import (
    NOTEBOOKS,
    OUTPUTS,
    Run,
    slug,
    study_notebooks,
    study_runs,
)

OWN = ("NOTEBOOK", "RUN", "WORKERS", "WARM", "PYTHON")


def split(given: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The driver's own settings, and parameters of notebooks (in lower case)."""
    own = {name: text for name, text in given.items() if name in OWN}
    return own, {n.lower(): text for n, text in given.items() if n not in OWN}


def runs_asked(own: dict[str, str], overrides: dict[str, str]) -> list[Run]:
    """The runs that the command line names."""
    notebook = own.get("NOTEBOOK")
    known = tuple(study_notebooks(NOTEBOOKS))
    if notebook is not None and notebook not in known:
        raise Refused(f"no notebook {notebook!r}{nearest(notebook, known)}")
    runs = study_runs(notebook=notebook, run=own.get("RUN"), overrides=overrides)
    if own.get("RUN") and not runs:
        names = tuple(run.name for run in study_runs(notebook=notebook))
        raise Refused(f"no run {own['RUN']!r}{nearest(own['RUN'], names)}")
    return runs


def make_all(own: dict[str, str], overrides: dict[str, str]) -> int:
    """Execute what is stale; exit code 1 if a run failed."""
    runs = runs_asked(own, overrides)
    if overrides:
        left = len(study_runs(notebook=own.get("NOTEBOOK"))) - len(runs)
        print(f"Outputs go to outputs/custom/{slug(overrides)}/.")
        if left:
            print(f"{left} runs have none of these parameters and are left out.")
    code = report(runs, own)
    if not code and not {"NOTEBOOK", "RUN"} & set(own):
        code = verdicts(runs, complete=not overrides)
    return code


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


def make_run(own: dict[str, str], overrides: dict[str, str]) -> int:
    """Execute one notebook with the given parameters, apart from the archive."""
    if "NOTEBOOK" not in own:
        names = ", ".join(study_notebooks(NOTEBOOKS))
        raise Refused(f"name one: make run NOTEBOOK=...; there are {names}")
    base = OUTPUTS / "custom" / (slug(overrides) or "as-they-are")
    runs = runs_asked(own, overrides)
    if "RUN" not in own:  # one run: the notebook's defaults and what was given
        runs = [replace(runs[0], name="main", parameters=defaults(runs[0], overrides))]
    return report([replace(run, base=base) for run in runs], own)


def defaults(run: Run, overrides: dict[str, str]) -> dict[str, object]:
    """The notebook's own defaults with the overrides, typed."""
    from analysis_utils.workflow.parameters import typed

    values, problems = typed(declared(run.notebook), overrides, run.notebook.name)
    if problems:
        raise Refused("\n".join(problems))
    return values


def report(runs: list[Run], own: dict[str, str]) -> int:
    """Execute runs and print the closing table; exit code 1 if one failed.

    With parameters of the command line a refusal is an answer; among the archived
    runs it is a failure.
    """
    workers = driver.workers_asked(own.get("WORKERS"))
    outcomes = driver.run_all(runs, OUTPUTS, workers, own.get("WARM") != "no")
    print(driver.table(outcomes))
    for path in driver.orphans(study_runs(), OUTPUTS):
        print(f"{path.relative_to(OUTPUTS.parent)} belongs to no run; remove it.")
    bad = ("failed", "refused") if runs[0].base == OUTPUTS else ("failed",)
    failed = [outcome for outcome in outcomes if outcome.state in bad]
    for outcome in outcomes:
        if outcome.message:
            word = "NOT TESTABLE" if outcome.state == "refused" else "FAILED"
            print(f"{word} {outcome.run.label}: {outcome.message}", file=sys.stderr)
    if not failed and all(outcome.state == "fresh" for outcome in outcomes):
        print(
            "Nothing to do: every output matches its manifest "
            "(`make clean all` computes them anew)."
        )
    return 1 if failed else 0


def make_why(own: dict[str, str], overrides: dict[str, str]) -> int:
    """Say for each run what changed since its outputs were made."""
    for run in runs_asked(own, overrides):
        reasons = manifest.reasons(run) or ["fresh: nothing changed"]
        print(f"{run.label}: " + "; ".join(reasons))
    return 0


def make_list(own: dict[str, str], overrides: dict[str, str]) -> int:
    """List notebooks, runs and parameters with their types."""
    runs = runs_asked(own, overrides)
    for notebook in {run.notebook.name: run.notebook for run in runs}.values():
        names = [run.name for run in runs if run.notebook.name == notebook.name]
        print(f"{notebook.name}\n  runs: {', '.join(names)}")
        for p in declared(notebook).values():
            print(f"  {p.name.upper()}={p.default}   ({p.kind})  {p.comment}")
    return 0


COMMANDS = {
    name: lambda given, make=make: make(*split(given))
    for name, make in (
        ("all", make_all),
        ("run", make_run),
        ("why", make_why),
        ("list", make_list),
    )
}


def main() -> int:
    """Carry out the command named in `sys.argv`."""
    return dispatch("workflow", COMMANDS)


if __name__ == "__main__":
    sys.exit(main())

"""`make sweep`: one notebook with every combination of the values given."""

import sys
from collections import Counter

from analysis_utils.asking import Refused
from analysis_utils.commands.desk import Given
from analysis_utils.commands.reproduce import named_notebook
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import driver, sweeps
from analysis_utils.workflow.parameters import declared
from analysis_utils.workflow.runs import (
    MINUTES,
    NOTEBOOKS,
    OUTPUTS,
    refuse_unknown,
    study_notebooks,
)
from analysis_utils.workflow.runs_file import FILE, RunsFile, read_runs_file

OWN = ("NOTEBOOK", "SWEEP", "KEY", "YES", "WORKERS", "WARM", "CLUSTER")
TABLE = "results.csv"


def make_sweep(given: Given) -> int:
    """Run the grid, write one table and one figure; exit code 1 if a run failed."""
    sweep = asked(given)
    sweeps.refuse_large(sweep, given.get("YES") == "yes")
    place = sweep.folder.relative_to(ROOT).as_posix()
    print(f"{len(sweep.runs)} runs; results go to {place}/.", flush=True)
    outcomes = driver.run_all(
        list(sweep.runs),
        OUTPUTS,
        driver.workers_asked(given.get("WORKERS")),
        given.get("WARM") != "no",
        trust=True,
        cluster=driver.cluster_asked(given.get("CLUSTER")),
    )
    say(outcomes)
    from analysis_utils.report import sweep as report

    table = report.gather(outcomes, sweep.varied)
    key = report.key_of(table, given.get("KEY"))
    sweep.folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(sweep.folder / TABLE, index=False)
    print(f"All numbers: {place}/{TABLE}")
    if key is None:
        print("No figure: no run gives an estimate with an interval.")
    else:
        path = report.draw(table, sweep.varied, key, sweep.folder)
        print(f"Figure of {key}: {place}/{path.name} (KEY= shows another)")
    return 1 if any(outcome.state == "failed" for outcome in outcomes) else 0


def asked(given: Given) -> sweeps.Sweep:
    """The sweep that the command line describes, or names."""
    values = {n.lower(): text for n, text in given.items() if n not in OWN}
    path = NOTEBOOKS / FILE
    file = read_runs_file(path) if path.exists() else RunsFile()
    name = given.get("SWEEP", "")
    if name:
        if values or "NOTEBOOK" in given:
            more = sorted({n.upper() for n in values} | ({"NOTEBOOK"} & given.keys()))
            raise Refused(
                f"SWEEP={name} names its notebook and values already; leave out "
                f"{', '.join(more)}, or write a sweep of its own"
            )
        values = sweeps.named(name, file)
        notebook = named_notebook(values.pop("notebook"))
    else:
        notebook = named_notebook(given.get("NOTEBOOK"))
    if notebook is None:
        contracts = {n: declared(one) for n, one in study_notebooks(NOTEBOOKS).items()}
        refuse_unknown(values, contracts, OWN)
        known = f" or SWEEP={next(iter(file.sweeps))}" if file.sweeps else ""
        raise Refused(
            "name one: make sweep NOTEBOOK=02_interrupted_time_series STATE=all "
            f"MODEL=TFM,WSO{known}"
        )
    minutes = file.minutes.get(notebook, MINUTES)
    return sweeps.grid(study_notebooks(NOTEBOOKS)[notebook], values, name, minutes)


def say(outcomes: list[driver.Outcome]) -> None:
    """How many did what; each reason once, with how many runs have it."""
    words = {"ran": "executed", "fresh": "there already", "refused": "not testable"}
    states = Counter(words.get(outcome.state, "failed") for outcome in outcomes)
    print("; ".join(f"{count} {word}" for word, count in states.items()) + ".")
    for state, word in (("refused", "NOT TESTABLE"), ("failed", "FAILED")):
        told: dict[str, list[driver.Outcome]] = {}
        for outcome in outcomes:
            if outcome.state == state:  # a second line names the run's own notebook
                reason = outcome.message.splitlines()[0]
                told.setdefault(reason, []).append(outcome)
        for same in told.values():
            names = [outcome.run.name for outcome in same]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            which = f"{', '.join(names[:3])}{more}"
            print(f"{word} {which}: {same[0].message}", file=sys.stderr)

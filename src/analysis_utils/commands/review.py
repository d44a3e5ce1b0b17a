"""`make verify` and `make trace`."""

from analysis_utils.asking import Refused
from analysis_utils.commands.desk import Given
from analysis_utils.commands.reproduce import named_notebook
from analysis_utils.run_context import ROOT


def make_verify(given: Given) -> int:
    """Rerun, compare, report; exit code 1 if something differs, 3 if a run failed."""
    from analysis_utils.workflow import determinism, driver
    from analysis_utils.workflow.warm_kernel import start_stack

    warm = given.get("WARM") != "no"
    if warm:  # the kernels' stack is imported while this process imports its own
        determinism.apply()
        start_stack()
    from analysis_utils.review import paper, report, verdicts, verify
    from analysis_utils.review.archive import opened
    from analysis_utils.review.findings import DIFFERS, NOT_MADE

    notebook = named_notebook(given.get("NOTEBOOK"))
    runs = verify.runs_again(notebook=notebook, run=given.get("RUN"))
    if not runs:
        raise Refused("no such notebook or run; `make list` shows what there is")
    workers = driver.workers_asked(given.get("WORKERS"))
    with verify.room() as room, opened(given.get("AGAINST"), room) as archive:
        if not any(archive.outputs.glob("[0-9]*/*")):
            raise Refused("there are no archived outputs here; `git restore outputs`")
        done = verify.verify(archive, runs, workers, warm)
        if not {"NOTEBOOK", "RUN"} & given.keys():
            done.findings += verify.orphans(archive)
            made = done.results
            done.findings += verdicts.compare(archive, runs, made)
            done.findings += paper.compare(archive, runs[0].base, made)
        report.write(done, verify.PLACE)
    print(report.terminal(done))
    print(f"Report: {verify.PLACE.relative_to(ROOT)}/report.html (.md, .json)")
    print(done.sentence)
    return {DIFFERS: 1, NOT_MADE: 3}.get(done.verdict, 0)


def make_trace(given: Given) -> int:
    """Say where a number comes from, or what rests on a data file."""
    from analysis_utils.review import trace

    if ("KEY" in given) == ("DATA" in given):
        raise Refused(
            "name one: make trace KEY=active_last, or DATA=data/agreements.csv"
        )
    print(
        trace.of_key(given["KEY"]) if "KEY" in given else trace.of_data(given["DATA"])
    )
    return 0

"""What `make` calls: `python -m analysis_utils.review verify|trace`."""

import sys

from analysis_utils.asking import Refused
from analysis_utils.review.archive import opened
from analysis_utils.review.findings import DIFFERS, NOT_MADE
from analysis_utils.workflow.commands import dispatch
from analysis_utils.workflow.runs import OUTPUTS

SETTINGS = {
    "verify": ("AGAINST", "NOTEBOOK", "RUN", "WORKERS", "WARM"),
    "trace": ("KEY", "DATA"),
}


def make_verify(given: dict[str, str]) -> int:
    """Rerun, compare, report; exit code 1 if something differs, 3 if a run failed."""
    from analysis_utils.workflow import determinism, driver
    from analysis_utils.workflow.warm_kernel import start_stack

    warm = given.get("WARM") != "no"
    if warm:  # the kernels' stack is imported while this process imports its own
        determinism.apply()
        start_stack()
    from analysis_utils.review import report, verdicts, verify

    runs = verify.runs_again(notebook=given.get("NOTEBOOK"), run=given.get("RUN"))
    if not runs:
        raise Refused("no such notebook or run; `make list` shows what there is")
    workers = driver.workers_asked(given.get("WORKERS"))
    with opened(given.get("AGAINST")) as archive:
        if not any(archive.outputs.glob("[0-9]*/*")):
            raise Refused("there are no archived outputs here; `git restore outputs`")
        done = verify.verify(archive, runs, workers, warm)
        if not {"NOTEBOOK", "RUN"} & given.keys():
            done.findings += verify.orphans(archive)
            done.findings += verdicts.compare(archive, runs, done.results)
        report.write(done, verify.PLACE)
    print(report.terminal(done))
    print(
        f"Report: {verify.PLACE.relative_to(OUTPUTS.parent)}/report.html (.md, .json)"
    )
    print(done.sentence)
    return {DIFFERS: 1, NOT_MADE: 3}.get(done.verdict, 0)


def make_trace(given: dict[str, str]) -> int:
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


COMMANDS = {"verify": make_verify, "trace": make_trace}


if __name__ == "__main__":
    sys.exit(dispatch("review", COMMANDS, SETTINGS))

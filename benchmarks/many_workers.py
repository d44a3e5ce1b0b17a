"""Simulates runs on up to 64 workers: `many_workers.py docs/cluster.md`.

Runs are executed one at a time as a worker executes them (`remote.carry_out`). Measured
are their processor seconds, which other programs on the machine hardly change, the
bytes that come back, and the seconds to check and place those. What many workers would
need follows by list scheduling. The section of the page between its two marks is
written anew.
"""

import hashlib
import heapq
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from analysis_utils.commands.sweep import asked
from analysis_utils.deposit.measure import machine
from analysis_utils.workflow import cluster, determinism, manifest, remote
from analysis_utils.workflow.execute import Setting
from analysis_utils.workflow.runs import Run, study_runs

WORKERS = (1, 2, 4, 8, 16, 32, 64)
FAST, SLOW = 125e6, 12.5e6  # bytes a second: 1 Gbit/s and 100 Mbit/s
EVERY = 8  # of a sweep: one run in eight is measured and stands for eight
SWEEP = "states-by-model"
MARKS = ("<!-- simulation -->\n", "<!-- end of simulation -->\n")


@dataclass(frozen=True)
class Task:
    """A run: its seconds on a worker, bytes that come back, seconds to place them."""

    name: str
    seconds: float
    size: int = 0
    placing: float = 0.0


def needed(tasks: list[Task], workers: int, package: int, line: float) -> float:
    """Seconds until the last run is in place, by list scheduling in the order given.

    The project goes to one worker after another and outputs come back one after
    another, over one line of `line` bytes a second; they are placed one by one.
    """
    free = [(number + 1) * package / line for number in range(workers)]
    ends = []
    for task in tasks:
        end = heapq.heappop(free) + task.seconds
        heapq.heappush(free, end)
        ends.append((end, task))
    arrived = done = 0.0
    for end, task in sorted(ends, key=lambda one: one[0]):
        arrived = max(arrived, end) + task.size / line
        done = max(done, arrived) + task.placing
    return done


def measured(run: Run, digest: str) -> Task:
    """What a run needs, as a worker and as the machine that asked for it."""
    inputs = manifest.code_inputs(run)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = remote.carry_out(digest, cluster.order(run))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert answer["state"] != "failed", answer["message"]
    ran = answer["state"] == "ran"  # else the data cannot answer, and nothing is placed
    placing = placed(run, digest, answer["files"], inputs) if ran else 0.0
    print(f"{run.label}: {seconds:.1f} s", flush=True)
    return Task(run.label, seconds, len(answer["files"]), placing)


def placed(run: Run, digest: str, files: bytes, inputs: dict) -> float:
    """Seconds to check what came back and to put it in place."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        here = cluster.Cluster(client=None, digest=digest, workers=1)
        setting = Setting(Path(folder), Path(folder))
        here.put(replace(run, base=Path(folder)), setting, files, inputs)
        return time.process_time() - started


def described(name: str, tasks: list[Task]) -> str:
    """A row on what was measured."""
    longest = max(tasks, key=lambda task: task.seconds)
    sizes = sum(task.size for task in tasks) / 1e6
    placing = sum(task.placing for task in tasks)
    return (
        f"| {name} | {len(tasks)} | {sum(task.seconds for task in tasks):.0f} | "
        f"{longest.seconds:.1f} (`{longest.name}`) | {sizes:.1f} | {placing:.1f} |\n"
    )


def rows(archived: list[Task], sweep: list[Task], package: int) -> str:
    """Seconds by number of workers, and how many times as fast as one."""
    text = ""
    for workers in WORKERS:
        cells = []
        for tasks in (archived, sweep):
            fast = needed(tasks, workers, package, FAST)
            ratio = needed(tasks, 1, package, FAST) / fast
            cells += [f"{fast:.1f}", f"{ratio:.1f}"]
            cells.append(f"{needed(tasks, workers, package, SLOW):.1f}")
        text += f"| {workers} | {' | '.join(cells)} |\n"
    return text


TEXT = """
## Simulated: up to 64 workers

No such cluster was there: this is a simulation, written by `benchmarks/many_workers.py`.
Runs were executed one at a time as a worker executes them ({cores} cores, {system}), and
their processor seconds, the bytes that came back and the seconds to check and place those
measured. Of the sweep `{sweep}` one run in {every} was measured and stands for {every}.
The project's archive of {package:.1f} MB goes to each worker in turn, over the one line of
the machine that asks; outputs come back over it one after another and are placed one by
one. The archived runs begin with the longest, as they do once their times are known. Not
in it: the scheduler's own time, and workers slower than this machine.

| runs | number | seconds in all | the longest, s | MB back | seconds to place |
| --- | --- | --- | --- | --- | --- |
{described}
| workers | archived, s (1 Gbit/s) | times as fast | at 100 Mbit/s, s | sweep, s (1 Gbit/s) | times as fast | at 100 Mbit/s, s |
| --- | --- | --- | --- | --- | --- | --- |
{rows}
The critical path is the longest run, `{longest}`: with the project on its way
there and its outputs back it takes {bound:.1f} s at 1 Gbit/s, and no number of workers goes
below.
Over a slow line the sweep ends where the project still travels to the last workers. A
specification curve is computed within its run and is part of that run's time.
"""  # noqa: E501


def section(archived: list[Task], sweep: list[Task], package: int) -> str:
    """The section of the page."""
    archived = sorted(archived, key=lambda task: -task.seconds)
    lines = described("archived", archived) + described(f"sweep `{SWEEP}`", sweep)
    return TEXT.format(
        **machine(),
        sweep=SWEEP,
        every=EVERY,
        package=package / 1e6,
        described=lines,
        rows=rows(archived, sweep, package),
        longest=archived[0].name,
        bound=needed(archived[:1], 1, package, FAST),
    )


def rewritten(page: str, section: str) -> str:
    """The page with the section between its marks replaced."""
    before, rest = page.split(MARKS[0])
    return before + MARKS[0] + section + MARKS[1] + rest.split(MARKS[1])[1]


def main(target: Path) -> None:
    """Measure, simulate, write."""
    determinism.apply()
    package = cluster.packed()
    digest = hashlib.sha256(package).hexdigest()
    remote.unpack(package, digest)
    archived = [measured(run, digest) for run in study_runs()]
    whole = asked({"SWEEP": SWEEP}).runs
    some = [measured(run, digest) for run in whole[EVERY // 2 :: EVERY]]
    sweep = [some[n * len(some) // len(whole)] for n in range(len(whole))]
    text = section(archived, sweep, len(package))
    target.write_text(rewritten(target.read_text(), text))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

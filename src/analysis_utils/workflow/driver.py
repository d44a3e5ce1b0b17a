"""Runs what is stale, two at a time, and says what happened."""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from analysis_utils.asking import Refused
from analysis_utils.workflow import determinism, manifest
from analysis_utils.workflow.failures import RunFailed, RunRefused
from analysis_utils.workflow.limits import PID, end_kernel, refuse_tight_shell
from analysis_utils.workflow.memory import Memory
from analysis_utils.workflow.place import PLACING, RUNNING, recover
from analysis_utils.workflow.progress import Progress
from analysis_utils.workflow.runs import Run

if TYPE_CHECKING:  # late, where it is needed: it costs the no-op
    from analysis_utils.workflow.execute import Compare, Setting

    Execute = Callable[[Run, Setting], None]

LOCK = ".lock"


@dataclass
class Outcome:
    """What became of a run: `ran`, `fresh`, `refused` or `failed`, in how many seconds.

    Refused: its notebook found that the data cannot answer its question.
    """

    run: Run
    state: str
    seconds: float = 0.0
    message: str = ""


def opened_lock(outputs: Path) -> IO[str]:
    """The file that is locked; Refused where nothing can be written."""
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        return open(outputs / LOCK, "a+")
    except OSError as error:
        raise Refused(
            f"{outputs} cannot be written ({error.strerror}); make it writable, or "
            "work in a copy of the project"
        ) from error


@contextmanager
def exclusive(outputs: Path) -> Iterator[None]:
    """One driver at a time in a checkout; a second says so and waits."""
    with opened_lock(outputs) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            print(
                f"Another make (process {stream.read() or '?'}) is running notebooks "
                "here; waiting for it to end ...",
                flush=True,
            )
            fcntl.flock(stream, fcntl.LOCK_EX)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


@dataclass(frozen=True)
class Plan:
    """What is to be executed, and how.

    Attributes
    ----------
    runs, stale : all that was asked for, and what of it must be executed.
    outputs : the outputs' root.
    workers : how many runs at a time.
    warm : whether kernels are forks of a warm process.
    memory : what this machine has executed.
    compare : compares a run made again with the archived one.
    cluster : the address of a scheduler that has the runs executed, if one does.
    """

    runs: list[Run]
    stale: list[Run]
    outputs: Path
    workers: int
    warm: bool
    memory: Memory
    compare: "Compare | None" = None
    cluster: str = ""


def run_all(
    runs: list[Run],
    outputs: Path,
    workers: int,
    warm: bool,
    compare: "Compare | None" = None,
    trust: bool = False,
    cluster: str = "",
) -> list[Outcome]:
    """Execute the stale ones among `runs`; the outcomes come in the order given.

    Parameters
    ----------
    compare : what compares a run made again from the same inputs with the archive.
    trust : whether outputs that match their manifest are fresh though this machine
        has never executed them.
    cluster : address of a scheduler that has them executed elsewhere.
    """
    with exclusive(outputs):
        recover(outputs)
        memory = Memory(outputs)
        stale = [
            r for r in runs if manifest.reasons(r) or not (trust or memory.knows(r))
        ]
        done = {run.label: Outcome(run, "fresh") for run in runs}
        if stale:
            first = [run for run in stale if not manifest.reasons(run)]
            if first:
                announce(len(first), len(runs))
            plan = Plan(runs, stale, outputs, workers, warm, memory, compare, cluster)
            for outcome in execute_stale(plan):
                done[outcome.run.label] = outcome
            recover(outputs)
    return list(done.values())


def announce(first: int, of: int) -> None:
    """Say why runs whose outputs match their manifests are executed."""
    print(
        f"{first} of {of} runs have archived outputs and were never executed on this "
        "machine: each is executed once and compared with the archive "
        "(ARCHIVED=trust leaves that out).",
        flush=True,
    )


def execute_stale(plan: Plan) -> list[Outcome]:
    """Execute runs in parallel. An interrupt stops all and leaves nothing half made."""
    from analysis_utils.workflow.execute import Setting, kernel_specs

    refuse_tight_shell()
    determinism.apply()
    outcomes: list[Outcome] = []
    seconds = {run.label: plan.memory.seconds(run) for run in plan.stale}
    with (
        kernel_specs() as specs,
        executor(plan) as (execute, workers),
        scratch_in(specs),  # not the folder of `forget_stack`, which is made before
    ):
        progress = Progress(plan.stale, seconds, workers)
        try:
            setting = Setting(
                plan.outputs, specs, plan.warm, say=progress.say, compare=plan.compare
            )
            pool = ThreadPoolExecutor(workers)
            waiting = [
                pool.submit(attempt, execute, run, setting, progress, plan.memory)
                for run in longest_first(plan.stale, seconds)
            ]
            for future in as_completed(waiting):
                outcomes.append(future.result())
        except KeyboardInterrupt:
            stop(plan, outcomes, specs)
        finally:
            progress.close()
        pool.shutdown()
    return outcomes


@contextmanager
def scratch_in(folder: Path) -> Iterator[None]:
    """Within: temporary files of this process lie in a folder that `stop` removes."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextmanager
def executor(plan: Plan) -> Iterator[tuple["Execute", int]]:
    """What executes one run, here or on a cluster, and how many at a time."""
    if plan.cluster:
        from analysis_utils.workflow.cluster import connected

        with connected(plan.cluster) as cluster:
            yield cluster.execute, cluster.workers
        return
    if plan.warm:
        from analysis_utils.workflow.warm_kernel import start_stack

        start_stack()
    import papermill  # noqa: F401  (while the stack is being imported)

    from analysis_utils.workflow.execute import execute

    yield execute, plan.workers


def longest_first(runs: list[Run], seconds: dict[str, float | None]) -> list[Run]:
    """The order of work: no long run is left to the end, when one worker is alone."""
    return sorted(runs, key=lambda run: -(seconds[run.label] or 0.0))


def stop(plan: Plan, outcomes: list[Outcome], specs: Path) -> NoReturn:
    """End every kernel, clear what they left, say what remains; ends this process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # once is enough
    PLACING.acquire(timeout=5)  # outputs that are being put in place right now
    for note in (plan.outputs / RUNNING).rglob(PID):
        end_kernel(note.parent)
    for folder in (plan.outputs / RUNNING, specs):
        shutil.rmtree(folder, ignore_errors=True)
    if plan.warm:
        from analysis_utils.workflow.warm_kernel import forget_stack

        forget_stack()
    recover(plan.outputs)
    print(f"\n{what_remains(plan.stale, outcomes)}", flush=True)
    os._exit(130)  # threads wait for kernels that are no more


def what_remains(stale: list[Run], outcomes: list[Outcome]) -> str:
    """What an interrupt has left, in words."""
    done = {outcome.run.label for outcome in outcomes if outcome.state == "ran"}
    rest = [run for run in stale if run.label not in done]
    bare = [run for run in rest if manifest.read(run.folder) is None]
    words = f"Stopped: {len(done)} of {len(stale)} runs are done, {len(rest)} remain"
    names = ", ".join(run.label for run in rest[:3])
    words += f" ({names}{', ...' if len(rest) > 3 else ''}). " if rest else ". "
    if len(bare) < len(rest):
        words += "The last good outputs are untouched. "
    if bare:
        words += f"{len(bare)} have no outputs now. "
    return words + "The same command goes on from here."


def attempt(
    execute: "Execute",
    run: Run,
    setting: "Setting",
    progress: Progress,
    memory: Memory,
) -> Outcome:
    """Execute one run; a failure is an outcome, not an exception."""
    began = time.monotonic()
    progress.started(run)
    state, message = "ran", ""
    try:
        execute(run, replace(setting, on_cell=lambda **_: progress.cell(run)))
    except RunFailed as failed:
        state = "refused" if isinstance(failed, RunRefused) else "failed"
        message = str(failed)
    seconds = time.monotonic() - began
    if state == "ran":
        memory.note(run, seconds)
    progress.outcome(run, state, seconds)
    return Outcome(run, state, seconds, message)


def table(outcomes: list[Outcome]) -> str:
    """The closing table: run, state, seconds."""
    width = max([len(o.run.label) for o in outcomes], default=3)
    lines = [f"{'run':<{width}}  state    seconds"]
    for outcome in outcomes:
        seconds = f"{outcome.seconds:7.1f}" if outcome.seconds else "      -"
        lines.append(f"{outcome.run.label:<{width}}  {outcome.state:<7}  {seconds}")
    return "\n".join(lines)


def workers_asked(text: str | None) -> int:
    """Number of notebooks run at a time: WORKERS=, else one per processor."""
    if text is None:
        return max(1, os.cpu_count() or 1)
    if not text.isdigit() or not int(text):
        raise Refused(f"WORKERS must be a whole number from 1 on, not {text!r}")
    return int(text)


def cluster_asked(text: str | None) -> str:
    """Address of a scheduler that executes the runs: CLUSTER=; empty for none."""
    if text is None:
        return ""
    from analysis_utils.workflow.cluster import checked

    return checked(text)


def orphans(runs: list[Run], outputs: Path) -> list[Path]:
    """Folders of archived outputs that belong to no run of the study any more."""
    folders = {run.folder for run in runs}
    stamps = outputs.glob(f"[0-9]*/*/{manifest.NAME}")
    return sorted(path.parent for path in stamps if path.parent not in folders)

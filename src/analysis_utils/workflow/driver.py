"""Runs what is stale, two at a time, and says what happened."""

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.workflow import determinism, manifest
from analysis_utils.workflow.runs import Run

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


@contextmanager
def exclusive(outputs: Path) -> Iterator[None]:
    """One driver at a time in a checkout; a second says so and waits."""
    outputs.mkdir(parents=True, exist_ok=True)
    with open(outputs / LOCK, "a+") as stream:
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


class Progress:
    """A live bar of executed cells on a terminal, plain lines elsewhere."""

    def __init__(self, runs: list[Run]):
        self.bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            cells = sum(len(run.notebook.cells) for run in runs)
            self.bar = tqdm(total=cells, unit="cell", leave=False)

    def cell(self, **_: object) -> None:
        """One more cell has been executed."""
        if self.bar is not None:
            self.bar.update()

    def outcome(self, outcome: Outcome) -> None:
        """A run has ended."""
        line = f"{outcome.run.label}: {outcome.state} in {outcome.seconds:.1f} s"
        if self.bar is not None:
            self.bar.write(line)
        else:
            print(line, flush=True)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def run_all(runs: list[Run], outputs: Path, workers: int, warm: bool) -> list[Outcome]:
    """Execute the stale ones among `runs`; the outcomes come in the order given."""
    from analysis_utils.workflow.execute import recover

    with exclusive(outputs):
        recover(outputs)
        stale = [run for run in runs if manifest.reasons(run)]
        done = {run.label: Outcome(run, "fresh") for run in runs}
        if stale:
            for outcome in execute_stale(stale, outputs, workers, warm):
                done[outcome.run.label] = outcome
            recover(outputs)
    return list(done.values())


def execute_stale(
    stale: list[Run], outputs: Path, workers: int, warm: bool
) -> list[Outcome]:
    """Execute runs in parallel. An interrupt stops all and leaves nothing half made."""
    from analysis_utils.workflow.execute import RUNNING, kernel_specs

    determinism.apply()
    if warm:
        from analysis_utils.workflow.warm_kernel import start_stack

        start_stack()
    import papermill  # noqa: F401  (imported while the stack is being imported)

    progress = Progress(stale)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with kernel_specs() as specs:
        pool = ThreadPoolExecutor(workers)
        try:
            waiting = [
                pool.submit(attempt, run, outputs, specs, warm, progress.cell)
                for run in stale
            ]
            return collect(waiting, progress.outcome)
        except KeyboardInterrupt:
            print("\nInterrupted; the last good outputs are untouched.", flush=True)
            shutil.rmtree(outputs / RUNNING, ignore_errors=True)
            os._exit(130)  # kernels end with this process
        finally:
            progress.close()
            pool.shutdown()


def collect(waiting: list[Future], report: Callable[[Outcome], None]) -> list[Outcome]:
    """Outcomes as they come, each reported."""
    outcomes = []
    for future in as_completed(waiting):
        outcomes.append(future.result())
        report(outcomes[-1])
    return outcomes


def attempt(
    run: Run, outputs: Path, specs: Path, warm: bool, on_cell: Callable[..., None]
) -> Outcome:
    """Execute one run; a failure is an outcome, not an exception."""
    from analysis_utils.workflow.execute import RunFailed, RunRefused, execute

    started = time.monotonic()
    try:
        execute(run, outputs, specs, warm, on_cell)
    except RunFailed as failed:
        state = "refused" if isinstance(failed, RunRefused) else "failed"
        return Outcome(run, state, time.monotonic() - started, str(failed))
    return Outcome(run, "ran", time.monotonic() - started)


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


def orphans(runs: list[Run], outputs: Path) -> list[Path]:
    """Folders of archived outputs that belong to no run of the study any more."""
    folders = {run.folder for run in runs}
    stamps = outputs.glob(f"[0-9]*/*/{manifest.NAME}")
    return sorted(path.parent for path in stamps if path.parent not in folders)

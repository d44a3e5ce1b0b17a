"""Times `make all` against the papermill command and against plain scripts.

Everything is done in turn, several rounds, in one session, so that only the ratios
matter. Usage: python benchmarks/frame.py [rounds]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.workflow import determinism
from analysis_utils.workflow.runs import Run, study_runs

PYTHON = sys.executable


def quiet(command: list, **variables: str) -> None:
    """Run a command; what it prints is shown only if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")


def by_papermill(runs: list[Run], folder: Path) -> None:
    """The papermill command, one run after another."""
    for run in runs:
        given = [
            word
            for name, value in run.parameters.items()
            for word in ("-r" if isinstance(value, str) else "-p", name, str(value))
        ]
        target = folder / f"{run.notebook.name}-{run.name}.ipynb"
        command = [PYTHON, "-m", "papermill", "--no-progress-bar", "-k", "python3"]
        quiet([*command, run.notebook.path, target, *given])


def by_scripts(runs: list[Run], folder: Path) -> None:
    """The cells of each run as a plain script, two processes at a time."""
    scripts = []
    for run in runs:
        values = "".join(f"{n} = {v!r}\n" for n, v in run.parameters.items())
        first, *rest = run.notebook.code
        script = folder / f"{run.notebook.name}-{run.name}.py"
        script.write_text("\n".join([first, values, *rest]))
        outputs = folder / script.stem
        outputs.mkdir()
        scripts.append((script, outputs))
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda s: quiet([PYTHON, s[0]], ANALYSIS_RUN_FOLDER=str(s[1])), scripts
            )
        )


def by_driver(warm: str) -> Callable[[list[Run], Path], None]:
    """The driver behind `make all`, from no outputs."""

    def run_all(runs: list[Run], folder: Path) -> None:
        code = (
            "from pathlib import Path\n"
            "from analysis_utils.workflow import driver\n"
            "from analysis_utils.workflow.runs import study_runs\n"
            f"out = Path({str(folder)!r})\n"
            f"made = driver.run_all(study_runs(outputs=out), out, 2, {warm == 'yes'})\n"
            "assert all(o.state == 'ran' for o in made)\n"
        )
        quiet([PYTHON, "-c", code])

    return run_all


WAYS = {
    "papermill commands, one after another": by_papermill,
    "plain scripts, two processes": by_scripts,
    "make all, ordinary kernels": by_driver("no"),
    "make all": by_driver("yes"),
}


def main(rounds: int = 3) -> None:
    """Print medians, and each way's ratio to `make all`."""
    determinism.apply()
    runs = study_runs()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                way(runs, Path(folder))
                seconds[name].append(time.perf_counter() - started)
    ours = statistics.median(seconds["make all"])
    print(f"{len(runs)} runs, {rounds} rounds, medians")
    for name, times in seconds.items():
        middle = statistics.median(times)
        spread = f"{min(times):.1f} to {max(times):.1f}"
        print(f"{name:<40} {middle:6.1f} s ({spread})  {middle / ours:5.2f} x make all")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

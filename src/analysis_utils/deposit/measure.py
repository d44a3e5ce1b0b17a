"""Time and memory of each run, measured one by one in ordinary processes.

Kept in docs/measured.json, which `make measure` writes anew and git keeps: the
replication README is made from it, so it has the same bytes wherever it is made.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import driver
from analysis_utils.workflow.runs import Run, study_runs

FILE = ROOT / "docs/measured.json"
MODULE = "analysis_utils.deposit.measure"
# A process's record starts with what its parent held when it forked, so a small one
# starts the command.
WATCH = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True)
class Usage:
    """Seconds, and the most memory that any one process held, in MB."""

    seconds: float
    megabytes: int


def usage(command: list[str]) -> Usage:
    """What a command needs; Refused with what it said if it fails."""
    started = time.monotonic()
    watched = [sys.executable, "-I", "-S", "-c", WATCH, *command]
    done = subprocess.run(watched, cwd=ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - started
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()[-2000:]
        raise Refused(f"what fails cannot be measured; put it right first:\n{said}")
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes here
    most = int(done.stdout.splitlines()[-1])
    return Usage(round(seconds, 1), round(most / unit))


def measure(runs: list[Run]) -> dict:
    """Needs of each run by itself and of all together, and the machine they ran on."""
    alone = {run.label: one(run) for run in runs}
    together = usage([sys.executable, "-m", MODULE])
    return {
        "machine": machine(),
        "all": {"seconds": together.seconds, "workers": driver.workers_asked(None)},
        "environment": {"megabytes": size(Path(sys.prefix))},
        "runs": alone,
    }


def one(run: Run) -> dict:
    """Needs of a run by itself, with the text of the notebook that they are of."""
    print(f"measuring {run.label} ...", flush=True)
    used = usage([sys.executable, "-m", MODULE, run.notebook.name, run.name])
    notebook = run.notebook.fingerprint[:12]
    return {"seconds": used.seconds, "megabytes": used.megabytes, "notebook": notebook}


def machine() -> dict:
    """What kind of machine this is, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cores": os.cpu_count(),
        "memory_gigabytes": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def size(folder: Path) -> int:
    """MB that a folder takes."""
    files = (path for path in folder.rglob("*") if not path.is_symlink())
    return round(sum(path.stat().st_size for path in files if path.is_file()) / 1e6)


def write(content: dict) -> None:
    """Write docs/measured.json."""
    FILE.parent.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True)
    FILE.write_text(text + "\n", encoding="utf-8")


def read() -> dict:
    """Content of docs/measured.json; without runs if nothing was measured yet."""
    return (
        json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"runs": {}}
    )


def of_run(measured: dict, label: str, notebook: str) -> dict:
    """Needs of a run; `stale` if the notebook has changed since, or is unmeasured."""
    found = measured["runs"].get(label)
    if found is None:
        return {"seconds": None, "megabytes": None, "stale": True}
    return found | {"stale": found["notebook"] != notebook[:12]}


def execute(names: list[str]) -> int:
    """Execute one run in an ordinary kernel, or all as `make all` does; exit code."""
    choice: dict[str, Any] = dict(zip(("notebook", "run"), names, strict=False))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        runs = [replace(run, base=place) for run in study_runs(**choice)]
        workers = 1 if names else driver.workers_asked(None)
        outcomes = driver.run_all(runs, place, workers, warm=not names)
    for outcome in outcomes:
        print(outcome.run.label, outcome.state, outcome.message)
    return int(any(outcome.state != "ran" for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(execute(sys.argv[1:]))

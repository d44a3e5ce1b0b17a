"""Times the driver of `make all` against its peers: `frame.py FILE.md`.

Everything is done in turn, several rounds, in one session, so that only the ratios
matter. Snakemake and Calkit are installed into an environment that is thrown away; the
notebooks are executed by this project's own in every column. `--all` takes every
archived run in the place of some quick ones (an hour), `--rounds` another number.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import nbformat

from analysis_utils.deposit.measure import machine
from analysis_utils.run_context import ROOT, RUN_FOLDER
from analysis_utils.workflow import determinism
from analysis_utils.workflow.runs import Run, study_runs

PYTHON = sys.executable
QUICK = (
    "01_agreement_growth",
    "04_state_mandates",
    "05_state_bans",
    "09_article_claims",
    "15_listing_delay",
)
PEERS = {"snakemake": "snakemake", "calkit": "calkit-python"}
OURS = "the driver of `make all`"
Way = Callable[[list[Run], Path], None]
Times = dict[str, list[float]]


def quiet(command: list, folder: Path = ROOT, **variables: str) -> None:
    """Run a command; what it prints is shown only if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")


def two_at_a_time(commands: list[list], variables: list[dict[str, str]]) -> None:
    """Run commands in two processes."""
    with ThreadPoolExecutor(2) as pool:
        jobs = zip(commands, variables, strict=True)
        list(pool.map(lambda job: quiet(job[0], **job[1]), jobs))


def name_of(run: Run) -> str:
    return f"{run.notebook.name}-{run.name}"


def papermill_command(run: Run, target: Path) -> list[str]:
    given = [
        word
        for name, value in run.parameters.items()
        for word in ("-r" if isinstance(value, str) else "-p", name, str(value))
    ]
    command = [PYTHON, "-m", "papermill", "--no-progress-bar", "-k", "python3"]
    return [*command, str(run.notebook.path), str(target), *given]


def by_papermill(runs: list[Run], folder: Path) -> None:
    """The papermill command, one run after another."""
    for run in runs:
        quiet(papermill_command(run, folder / f"{name_of(run)}.ipynb"))


def by_jupyter(runs: list[Run], folder: Path) -> None:
    """`jupyter execute`, one run after another; it takes no parameters from outside."""
    for run in runs:
        notebook = nbformat.read(run.notebook.path, as_version=4)
        first = [c for c in notebook.cells if c.cell_type == "code"][0]
        first.source += "".join(f"\n{n} = {v!r}" for n, v in run.parameters.items())
        path = folder / f"{name_of(run)}.ipynb"
        nbformat.write(notebook, path)
        quiet([PYTHON, "-m", "jupyter", "execute", "--inplace", path])


def by_scripts(runs: list[Run], folder: Path) -> None:
    """The cells of each run as a plain script, two processes at a time."""
    commands, variables = [], []
    for run in runs:
        values = "".join(f"{n} = {v!r}\n" for n, v in run.parameters.items())
        first, *rest = run.notebook.code
        script = folder / f"{name_of(run)}.py"
        script.write_text("\n".join([first, values, *rest]))
        outputs = folder / script.stem
        outputs.mkdir()
        commands.append([PYTHON, script])
        variables.append({RUN_FOLDER: str(outputs)})
    two_at_a_time(commands, variables)


def by_driver(warm: bool) -> Way:
    """The driver behind `make all`, from no outputs."""

    def run_all(runs: list[Run], folder: Path) -> None:
        code = (
            "from pathlib import Path\n"
            "from analysis_utils.workflow import driver\n"
            "from analysis_utils.workflow.runs import study_runs\n"
            f"out, labels = Path({str(folder)!r}), {[run.label for run in runs]!r}\n"
            "runs = [r for r in study_runs(outputs=out) if r.label in labels]\n"
            f"made = driver.run_all(runs, out, 2, {warm})\n"
            "assert [o.state for o in made] == ['ran'] * len(labels)\n"
        )
        quiet([PYTHON, "-c", code])

    return run_all


def by_snakemake(program: Path) -> Way:
    """A rule for each run, two cores."""

    def run_all(runs: list[Run], folder: Path) -> None:
        targets = [f"{name_of(run)}.ipynb" for run in runs]
        rules = [f"rule all:\n    input: {targets!r}\n"]
        for number, (run, target) in enumerate(zip(runs, targets, strict=True)):
            command = shlex.join(papermill_command(run, folder / target))
            shell = f"cd {shlex.quote(str(ROOT))} && {command}"
            shell = shell.replace("{", "{{").replace("}", "}}")
            rules.append(
                f"rule run_{number}:\n    output: {target!r}\n    shell: {shell!r}\n"
            )
        (folder / "Snakefile").write_text("\n".join(rules))
        quiet([program, "--cores", "2"], folder)

    return run_all


def by_calkit(program: Path) -> Way:
    """A stage for each run, in the environment that is there: one after another."""

    def run_all(runs: list[Run], folder: Path) -> None:
        stages = {}
        for run in runs:
            target = f"{name_of(run)}.ipynb"
            command = shlex.join(papermill_command(run, folder / target))
            stages[name_of(run)] = {
                "kind": "shell-command",
                "command": f"cd {shlex.quote(str(ROOT))} && {command}",
                "environment": "_system",
                "outputs": [{"path": target, "storage": None}],
            }
        text = json.dumps({"pipeline": {"stages": stages}})  # which is YAML
        (folder / "calkit.yaml").write_text(text)
        path = f"{program.parent}:{os.environ['PATH']}"
        variables = {"PATH": path, "HOME": str(folder), "DVC_NO_ANALYTICS": "1"}
        for name in ("AUTHOR", "COMMITTER"):
            variables |= {f"GIT_{name}_NAME": "a", f"GIT_{name}_EMAIL": "a@example.org"}
        quiet(["git", "init", "-q", "."], folder)
        quiet([program, "init"], folder, **variables)
        quiet([program, "run"], folder, **variables)
        missing = [s for s in stages if not (folder / f"{s}.ipynb").exists()]
        if missing:
            sys.exit(f"calkit run left out {missing}")

    return run_all


def installed(place: Path) -> tuple[dict[str, str], list[str]]:
    """Versions of the peers installed into `place`, and what could not be."""
    uv = [PYTHON, "-m", "uv"]
    quiet([*uv, "venv", "-q", place])
    versions, missing = {}, []
    for program, package in PEERS.items():
        options = ["pip", "install", "-q", "--python", place / "bin/python", package]
        done = subprocess.run([*uv, *options], capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["without a word"]
            missing.append(f"{package} could not be installed: {said[-1]}")
            continue
        code = f"from importlib.metadata import version as v; print(v({package!r}))"
        asked = [place / "bin/python", "-c", code]
        versions[program] = subprocess.check_output(asked, text=True).strip()
    return versions, missing


def ways(place: Path, versions: dict[str, str]) -> dict[str, Way]:
    """Each way by its name in the table."""
    found: dict[str, Way] = {
        f"papermill {version('papermill')}, its command for each run": by_papermill,
        f"`jupyter execute` (nbclient {version('nbclient')})": by_jupyter,
    }
    if "calkit" in versions:
        name = f"Calkit {versions['calkit']}, a papermill stage for each run"
        found[name] = by_calkit(place / "bin/calkit")
    if "snakemake" in versions:
        name = f"Snakemake {versions['snakemake']}, `--cores 2`, papermill rules"
        found[name] = by_snakemake(place / "bin/snakemake")
    found["plain scripts, two processes"] = by_scripts
    found[f"{OURS}, `WARM=no`"] = by_driver(False)
    found[OURS] = by_driver(True)
    return found


def timed(runs: list[Run], rounds: int, ways: dict[str, Way]) -> Times:
    """Seconds of each way, the ways in turn."""
    seconds: Times = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                way(runs, Path(folder))
                seconds[name].append(time.perf_counter() - started)
            print(f"round {number + 1}: {name}: {seconds[name][-1]:.1f} s", flush=True)
    return seconds


HEAD = """# The driver of `make all` beside its peers

Made by `make bench`. The same {runs} archived runs ({which})
from no outputs, every way in turn; rounds: {rounds}. {cores} cores, {system},
Python {python}. A ratio is the median over that of the driver, which also watches its
kernels, normalises notebooks and writes manifests; what `make all` makes after the runs
(answers, site, paper) is left out.

| way | runs at a time | median, s | from, s | to, s | ratio |
| --- | --- | --- | --- | --- | --- |
"""
FOOT = """
papermill's commands, `jupyter execute` and Calkit execute one run after another: none
of them has an option for two at a time (`dvc repro`, which Calkit calls, has none
either). `jupyter execute` takes no parameters, so they were written into copies of the
notebooks. Calkit's own notebook stages want an environment that it installs itself;
its `shell-command` stages, used here, take the one of this project. Snakemake and
Calkit lie in an environment of their own, made for this table; papermill, nbclient and
all that notebooks import are those of `requirements.lock` in every row.

With few runs the start of the warm process counts for more than among all archived
ones; `benchmarks/frame.py FILE.md --all` takes those.
"""


def page(times: Times, runs: list[Run], rounds: int, missing: list[str]) -> str:
    """The table with what was measured."""
    ours = statistics.median(times[OURS])
    whole = len(runs) == len(study_runs())
    names = {run.notebook.name[:2] for run in runs}
    which = "all" if whole else f"quick ones, of notebooks {', '.join(sorted(names))}"
    text = HEAD.format(runs=len(runs), which=which, rounds=rounds, **machine())
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        single = name.startswith(("papermill", "`jupyter", "Calkit"))
        text += (
            f"| {name} | {1 if single else 2} | {middle:.1f} | {min(seconds):.1f} | "
            f"{max(seconds):.1f} | {middle / ours:.2f} |\n"
        )
    return text + FOOT + "".join(f"\n{line}\n" for line in missing)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--all", action="store_true")
    asked = parser.parse_args()
    determinism.apply()
    runs = [r for r in study_runs() if asked.all or r.notebook.name in QUICK]
    with tempfile.TemporaryDirectory() as place:
        versions, missing = installed(Path(place))
        seconds = timed(runs, asked.rounds, ways(Path(place), versions))
    asked.target.write_text(page(seconds, runs, asked.rounds, missing))


if __name__ == "__main__":
    main()

"""`make test`, `make bench`, `make calibrate`, `make validation`, `make lock`."""

import os
import subprocess
import sys

from analysis_utils import git
from analysis_utils.asking import Refused
from analysis_utils.commands.desk import Given
from analysis_utils.run_context import ROOT

LOCK = (
    "pip compile -q --universal --fork-strategy fewest --generate-hashes --no-header "
    "--no-annotate --python-version 3.11 --all-extras pyproject.toml "
    "-o requirements.lock"
)


# How one make tells another what it was given: tests that call make start afresh.
MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "GIVEN", "QUICK", "WHOLE")


def call(*commands: str | list[str]) -> int:
    """Carry out commands of this Python one after another until one fails."""
    ours = {name: text for name, text in os.environ.items() if name not in MAKE}
    for command in commands:
        words = command.split() if isinstance(command, str) else command
        code = subprocess.run([sys.executable, *words], cwd=ROOT, env=ours).returncode
        if code:
            return code
    return 0


def make_test(given: Given) -> int:
    """Test what is not long, or everything, or what is quick for the loop of edits."""
    if {"QUICK", "WHOLE"} <= set(given):
        raise Refused("QUICK=yes leaves out what WHOLE=yes runs: give one of them")
    git.refuse_without("the tests need git")
    chosen = "quick" if "QUICK" in given else "not long"
    words = [] if "WHOLE" in given else ["-m", chosen]
    return call(["-m", "pytest", "-n", "2", "--dist", "worksteal", *words])


def make_bench(given: Given) -> int:
    """Time the statistics and `make all` against their peers."""
    return call(
        "benchmarks/engine.py docs/bench.md",
        "benchmarks/hazards.py docs/bench_hazards.md",
        "benchmarks/frame.py docs/bench_frame.md",
    )


def make_calibrate(given: Given) -> int:
    """Error rates by simulation."""
    return call(
        "benchmarks/calibration_its.py docs/calibration_its.csv",
        "benchmarks/calibration_association.py docs/calibration_association.csv",
        "benchmarks/calibration_panels.py docs/calibration_panels.csv",
        "benchmarks/calibration_breaks.py docs/calibration_breaks.csv",
        "benchmarks/calibration_page.py docs/calibration.md",
    )


def make_validation(given: Given) -> int:
    """Published numbers beside ours."""
    return call("tests/validation.py docs/validation.md")


def make_faults(given: Given) -> int:
    """Faults that were tried beside the tests that hold them."""
    return call("tests/faults.py docs/faults.md")


def make_lock(given: Given) -> int:
    """Resolve pyproject.toml into requirements.lock anew."""
    return call(f"-m uv {LOCK}")

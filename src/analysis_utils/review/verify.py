"""Reruns the study beside its archive, compares the two, and says what it found."""

import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis_utils.review import causes, environment
from analysis_utils.review.archive import Archive
from analysis_utils.review.compare import compare_run, strangers
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    NOT_MADE,
    Finding,
    Verdict,
    worst,
)
from analysis_utils.review.pair import Pair
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import driver, manifest
from analysis_utils.workflow.runs import OUTPUTS, Run, study_runs

PLACE = OUTPUTS / ".verify"
RERUN, AGAIN, UNPACKED = "rerun", "again", "unpacked"
INPUTS = {"data": "data", "code": "modules", "lock": "lock"}
RESTS_ON = (*INPUTS, "notebook source", "parameters", "package")
KERNELS = ("Haswell", "Zen", "SkylakeX", "Sandybridge", "Nehalem", "Prescott")
COUNTED = {
    "number": ("number", "numbers"),
    "hypothesis": ("test of a hypothesis", "tests of hypotheses"),
    "table": ("table", "tables"),
    "figure data": ("figure's data", "figures' data"),
    "picture": ("picture", "pictures"),
    "sentence": ("sentence", "sentences"),
    "notebook": ("notebook", "notebooks"),
}


@dataclass
class Verification:
    """What a verification found.

    Attributes
    ----------
    archive : Archive
    findings : list of Finding
    runs : int
        Runs that were made again.
    unlocked : dict
        Packages whose installed version is not the locked one: (locked, installed).
    seconds : float
    """

    archive: Archive
    findings: list[Finding]
    runs: int
    unlocked: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def results(self) -> list[Finding]:
        """Findings on what the runs made, without those on what they rest on."""
        return [f for f in self.findings if f.kind not in RESTS_ON]

    @property
    def rests_on(self) -> list[Finding]:
        """Findings on data, code, lock, packages."""
        return [f for f in self.findings if f.kind in RESTS_ON]

    @property
    def verdict(self) -> Verdict:
        """The whole verdict. Another archive may rest on other code and data."""
        return worst(self.findings if self.archive.own else self.results)

    @property
    def sentence(self) -> str:
        """The answer, in one sentence."""
        made = f"{self.runs} run{'s' * (self.runs != 1)} made again"
        if self.verdict is NOT_MADE:
            lost = [f.run for f in self.findings if f.verdict is NOT_MADE]
            rest = worst(f for f in self.results if f.verdict is not NOT_MADE)
            return (
                f"NOT MADE AGAIN: {', '.join(lost)} did not run here, so nothing is "
                f"said of it; {made}: {rest.words}."
            )
        if self.verdict is IDENTICAL:
            return f"IDENTICAL: {made}; {counted(self.results)}: all as archived."
        cause = self.causes[0] if self.causes else "see the report"
        return (
            f"{self.verdict.words.upper()}: {made}; {self.what}; likely cause: {cause}."
        )

    @property
    def what(self) -> str:
        """What differs, in words."""
        odd = [f for f in self.results if f.verdict is not IDENTICAL]
        if not odd:
            return "every result is as archived, but not all that the results rest on"
        degree = "" if self.verdict is DIFFERS else ", in the last digits,"
        one = len(things(odd)) == 1
        return f"{counted(odd)} differ{'s' * one}{degree} from {self.archive.name}"

    @property
    def causes(self) -> list[str]:
        """Likely causes: of the gravest findings first, then the most frequent."""
        odd = [f for f in self.findings if f.verdict is not IDENTICAL and f.cause]
        often = Counter(f.cause for f in odd)
        gravest = {
            cause: max(f.verdict for f in odd if f.cause == cause) for cause in often
        }
        return sorted(often, key=lambda cause: (-gravest[cause], -often[cause]))


def counted(findings: list[Finding]) -> str:
    """How many numbers, tables, pictures, ... in words."""
    counts = Counter(kind for _, kind, _ in things(findings))
    other = sum(n for kind, n in counts.items() if kind not in COUNTED)
    words = [
        f"{counts[kind]} {one if counts[kind] == 1 else more}"
        for kind, (one, more) in COUNTED.items()
        if counts[kind]
    ]
    return ", ".join(
        words + ([f"{other} other file{'s' * (other != 1)}"] if other else [])
    )


def things(findings: list[Finding]) -> set[tuple[str, str, str]]:
    """What the findings concern: a table counts once for all its columns."""
    return {(f.run, f.kind, re.split(", c(?:olumn|ell) ", f.item)[0]) for f in findings}


@contextmanager
def room() -> Iterator[Path]:
    """One verification at a time, and a place for what is unpacked for it.

    The folder of the reruns is shared, whatever the archive.
    """
    with driver.exclusive(OUTPUTS):
        shutil.rmtree(PLACE, ignore_errors=True)
        yield PLACE / UNPACKED


def verify(archive: Archive, runs: list[Run], workers: int, warm: bool) -> Verification:
    """Make the runs again and compare them with an archive.

    Within `room`, as all that follows from what is made here.

    Parameters
    ----------
    archive : Archive
    runs : list of Run
        Whose outputs go to `outputs/.verify/rerun/`.
    workers, warm
        See `workflow.driver.run_all`.
    """
    started = time.monotonic()
    outcomes = driver.run_all(runs, PLACE / RERUN, workers, warm)
    unlocked = environment.not_as_locked((ROOT / manifest.LOCK).read_text())
    pairs = {o.run.label: pair(o.run, archive) for o in outcomes if o.state != "failed"}
    compared = {label: compare_run(p) for label, p in pairs.items()}
    explained = explain(archive, outcomes, pairs, compared, unlocked)
    findings = [*failures(outcomes), *explained, *inputs(pairs, archive)]
    findings += packages(unlocked)
    done = Verification(archive, findings, len(pairs), unlocked)
    done.seconds = time.monotonic() - started
    return done


def runs_again(**choice: Any) -> list[Run]:
    """The runs of the study, to be made in `outputs/.verify/rerun/`."""
    return study_runs(outputs=PLACE / RERUN, **choice)


def pair(run: Run, archive: Archive, rerun: str = RERUN) -> Pair:
    """The archived folder of a run and the one made again."""
    inside = Path(run.notebook.name) / run.name
    return Pair(run.label, archive.outputs / inside, PLACE / rerun / inside)


def failures(outcomes: list[driver.Outcome]) -> list[Finding]:
    """A finding for each run that could not be made again."""
    return [
        Finding(
            o.run.label,
            "run",
            o.run.label,
            NOT_MADE,
            f"could not be made again: {o.message}",
        )
        for o in outcomes
        if o.state == "failed"
    ]


def orphans(archive: Archive) -> list[Finding]:
    """Findings on archived folders that no run of the whole study makes."""
    return strangers(
        archive.outputs, [pair(run, archive).archived for run in runs_again()]
    )


# Causes


def explain(
    archive: Archive,
    outcomes: list[driver.Outcome],
    pairs: dict[str, Pair],
    compared: dict[str, list[Finding]],
    unlocked: dict,
) -> list[Finding]:
    """The findings of all runs, those that differ with their likely cause."""
    found = []
    changes = {label: causes.changes(p, archive) for label, p in pairs.items()}
    words = {label: causes.of_inputs(c, unlocked) for label, c in changes.items()}
    unexplained = []
    for label, findings in compared.items():
        findings = [attribute(f, pairs[label], words[label]) for f in findings]
        if any(f.verdict is DIFFERS and not f.cause for f in findings):
            unexplained.append(label)
        found.append(findings)
    answers = ask_again(
        archive, [o.run for o in outcomes if o.run.label in unexplained]
    )
    return [
        f
        if f.cause or f.verdict is IDENTICAL
        else replace(f, cause=answers.get(f.run) or causes.ARITHMETIC)
        for findings in found
        for f in findings
    ]


def attribute(finding: Finding, pair: Pair, of_inputs: str) -> Finding:
    """A finding with the cause that the manifests show, if they show one.

    A file that its own manifest does not list as it is was edited: no tolerance.
    """
    if finding.verdict is IDENTICAL:
        return finding
    edited = causes.of_archive(finding, pair)
    if edited:
        return replace(finding, verdict=DIFFERS, cause=edited)
    return replace(finding, cause=of_inputs)


def ask_again(archive: Archive, runs: list[Run]) -> dict[str, str]:
    """Why runs differ that nothing explains: they are made a second time.

    Runs that repeat themselves are tried under the other kernels of OpenBLAS.
    """
    if not runs:
        return {}
    print(
        "Nothing explains the difference; making these runs a second time ...",
        flush=True,
    )
    run_into(AGAIN, runs, warm=True)
    answers = {}
    for run in runs:
        first, second = pair(run, archive), pair(run, archive, AGAIN)
        same = first.hashes[1] == second.hashes[1]
        answers[run.label] = causes.UNKNOWN if same else causes.RANDOM
    steady = [run for run in runs if answers[run.label] == causes.UNKNOWN]
    kernel = kernel_of(archive, steady[0]) if steady else None
    if kernel:
        words = f"the archive comes out under OpenBLAS's {kernel} kernel"
        answers |= {run.label: f"{causes.ARITHMETIC}; {words}" for run in steady}
    return answers


def run_into(name: str, runs: list[Run], warm: bool) -> None:
    """Make runs in another folder of `outputs/.verify/`."""
    shutil.rmtree(PLACE / name, ignore_errors=True)
    moved = [replace(run, base=PLACE / name) for run in runs]
    driver.run_all(moved, PLACE / name, driver.workers_asked(None), warm)


def kernel_of(archive: Archive, run: Run) -> str | None:
    """The kernel of OpenBLAS under which a run gives what is archived, if one does."""
    here = " ".join(environment.blas())
    if "openblas" not in here:
        return None
    before = os.environ.get("OPENBLAS_CORETYPE")
    try:
        for kernel in (k for k in KERNELS if f"({k} kernel)" not in here):
            os.environ["OPENBLAS_CORETYPE"] = kernel
            run_into(AGAIN, [run], warm=False)
            archived, remade = pair(run, archive, AGAIN).hashes
            if archived == remade:
                return kernel
    finally:
        os.environ.pop("OPENBLAS_CORETYPE", None)
        if before is not None:
            os.environ["OPENBLAS_CORETYPE"] = before
    return None


# What the runs rest on


def inputs(pairs: dict[str, Pair], archive: Archive) -> list[Finding]:
    """A finding for each data file, module, lock, notebook and parameter, once."""
    found: dict[tuple[str, str], Finding] = {}
    for label, both in pairs.items():
        for kind, part in INPUTS.items():
            for name, digest in (
                (manifest.read(both.remade) or {}).get(part, {}).items()
            ):
                found.setdefault(
                    (kind, name),
                    Finding("", kind, name, IDENTICAL, f"SHA-256 {digest}"),
                )
        for change in causes.changes(both, archive):
            kind = "notebook source" if change.kind == "notebook" else change.kind
            where = label if kind == "parameters" else ""
            found[kind, where + change.item] = Finding(
                where,
                kind,
                change.item,
                DIFFERS,
                change.words,
                cause=f"{change.kind} changed",
            )
    return [found[key] for key in sorted(found)]


def packages(unlocked: dict) -> list[Finding]:
    """A finding for each package that is not installed as locked."""
    words = "package versions differ from the lock"
    return [
        Finding(
            "",
            "package",
            name,
            DIFFERS,
            "is not installed as locked",
            f"locked {locked}",
            f"installed {here or 'not'}",
            cause=words,
        )
        for name, (locked, here) in sorted(unlocked.items())
    ]

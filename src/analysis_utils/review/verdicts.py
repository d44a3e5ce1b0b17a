"""Verdicts and entry page, made again from the results of the rerun and compared."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.report import build, entry, write
from analysis_utils.review import causes
from analysis_utils.review.archive import Archive
from analysis_utils.review.compare import compare_run, compare_text
from analysis_utils.review.findings import DIFFERS, IDENTICAL, WITHIN, Finding, worst
from analysis_utils.review.pair import Pair
from analysis_utils.run_context import ROOT, sha256
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import OUTPUTS, Run

REGISTRY = {"registry": build.REGISTRY.name, "entry": entry.FILE.name}
RESULTS = "the results that it is made from differ"


def compare(archive: Archive, runs: list[Run], results: list[Finding]) -> list[Finding]:
    """Findings on `outputs/verdicts/` and `outputs/README.md`.

    Parameters
    ----------
    archive : Archive
    runs : list of Run
        All runs of the study, made again.
    results : list of Finding
        What differs in them; if nothing does, neither may the verdicts.
    """
    if not build.REGISTRY.exists():
        return []
    base = runs[0].base
    pair = Pair(build.NAME, archive.outputs / build.NAME, base / build.NAME)
    keep_log(pair)
    try:
        build.build(runs, complete=True)
    except Refused as refused:
        words = f"could not be made again: {refused}"
        return [Finding(build.NAME, "run", build.NAME, DIFFERS, words)]
    settle_page(base / entry.NAME)
    around = Pair(build.NAME, archive.outputs, base)
    found = [*compare_run(pair), compare_page(around, moved=worst(results) is WITHIN)]
    otherwise = cause(pair, archive, results)
    return [explained(finding, pair, otherwise) for finding in found]


def keep_log(pair: Pair) -> None:
    """Start from the archived log of deviations, which only grows."""
    archived = pair.archived / write.LOG
    if archived.is_file() and not archived.is_symlink():
        pair.remade.mkdir(parents=True, exist_ok=True)
        shutil.copy(archived, pair.remade)


def settle_page(path: Path) -> None:
    """Write the links of the page made again as they are where the archive has it."""
    here, there = (f"{os.path.relpath(ROOT, p)}/" for p in (path.parent, OUTPUTS))
    path.write_text(path.read_text("utf-8").replace(here, there), encoding="utf-8")


def compare_page(pair: Pair, moved: bool) -> Finding:
    """Finding on the entry page."""
    path = pair.archived / entry.NAME
    if not path.is_file() or path.is_symlink():
        return pair.finding("text", entry.NAME, DIFFERS, "is missing from the archive")
    return compare_text(pair, entry.NAME, moved)


def explained(finding: Finding, pair: Pair, otherwise: str) -> Finding:
    """A finding with its likely cause."""
    if finding.verdict is IDENTICAL:
        return finding
    edited = causes.of_archive(finding, pair)
    path = pair.archived.with_name(entry.NAME)
    if finding.item == entry.NAME and path.is_file():
        edited = causes.EDITED if pair.stamp.get("page") != sha256(path) else ""
    if edited:
        return replace(finding, verdict=DIFFERS, cause=edited)
    return replace(finding, cause=otherwise)


def cause(pair: Pair, archive: Archive, results: list[Finding]) -> str:
    """Why verdicts differ whose files are as their manifest lists them."""
    if worst(results) is not IDENTICAL:
        return RESULTS
    now = manifest.read(pair.remade) or {}
    changed = [name for name in REGISTRY if pair.stamp.get(name) != now.get(name)]
    words = [f"notebooks/{REGISTRY[name]} changed" for name in changed]
    words += filter(None, [causes.of_inputs(causes.changes(pair, archive), {})])
    return "; ".join(words) or causes.UNKNOWN

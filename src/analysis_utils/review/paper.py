"""The paper and its numbers, made again from the results of the rerun and compared."""

import shutil
from dataclasses import replace
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.paper import build
from analysis_utils.review.archive import Archive
from analysis_utils.review.compare import STRAY, compare_file
from analysis_utils.review.findings import DIFFERS, IDENTICAL, WITHIN, Finding, worst
from analysis_utils.review.pair import Pair
from analysis_utils.review.verdicts import RESULTS
from analysis_utils.run_context import ROOT

NAME = "paper"
FOLDER = "paper"
MADE = (
    "numbers.tex", "numbers.typ", "paper/history.json", "paper/history.svg",
    "paper/paper.pdf",
)  # fmt: skip
MARKED = "changes-since-"  # papers for an author's eyes, not archived
EDITED = "the archived file, or what the paper is written from (paper/, docs/), changed"


def compare(archive: Archive, base: Path, results: list[Finding]) -> list[Finding]:
    """Findings on `outputs/paper/` and the numbers for other papers.

    Parameters
    ----------
    archive : Archive
    base : Path
        The outputs made again, with their verdicts.
    results : list of Finding
        What differs in them; if nothing does, neither may the paper.
    """
    if not build.SOURCE.is_file():
        return []
    pair = Pair(NAME, archive.outputs, base)
    try:
        build.build(root=study_around(base))
    except Refused as refused:
        words = f"could not be made again: {refused}"
        return [Finding(NAME, "run", NAME, DIFFERS, words)]
    found = [
        finding
        for name in MADE
        for finding in compared(pair, name, moved=worst(results) is WITHIN)
    ]
    cause = EDITED if worst(results) is IDENTICAL else RESULTS
    odd = [f if f.verdict is IDENTICAL else replace(f, cause=cause) for f in found]
    return odd + strangers(archive.outputs / FOLDER)


def study_around(base: Path) -> Path:
    """A folder with the paper's sources in which `base` is the outputs."""
    root = base.parent / NAME
    for name in ("paper", "docs"):
        shutil.copytree(ROOT / name, root / name)
    (root / "outputs").symlink_to(base)
    return root


def compared(pair: Pair, name: str, moved: bool) -> list[Finding]:
    """Findings on one file."""
    path = pair.archived / name
    if not path.is_file() or path.is_symlink():
        words = "is missing from the archive"
        return [pair.finding("file", name, DIFFERS, words, file=name)]
    return compare_file(pair, name, moved)


def strangers(folder: Path) -> list[Finding]:
    """Files beside the paper that it does not consist of."""
    known = {Path(name).name for name in MADE}
    return [
        Finding("", "outputs", f"{FOLDER}/{path.name}", DIFFERS, "", cause=STRAY)
        for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
        if path.name not in known and not path.name.startswith((".", MARKED))
    ]

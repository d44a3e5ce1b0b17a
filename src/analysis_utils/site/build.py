"""Builds the site from the archived results: whole, or left as it was."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.subprogram import started
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import OUTPUTS

SITE = OUTPUTS / "site"
FRAME = ROOT / "site"
STAMP = ".made-from"
WARNINGS = ".warnings"  # of Sphinx, a docstring that it can't read for example


def build() -> Path:
    """Make `outputs/site/` anew if anything that it shows has changed; its start page.

    Raises Refused, with what Sphinx said, if the pages cannot be made; the site in
    place stays as it was.
    """
    with alone():
        if not is_fresh():
            made_anew()
    return SITE / "index.html"


@contextmanager
def alone() -> Iterator[None]:
    """One builder at a time in a checkout; a second waits, and finds the site made."""
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    with open(OUTPUTS / ".site-lock", "a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def made_anew() -> None:
    """Write the pages, let Sphinx make them, and put them in place all at once."""
    stamp = fingerprint()
    source, room = OUTPUTS / ".site-source", OUTPUTS / ".site-made"
    made = room / "html"  # myst-nb writes a folder beside its pages
    for folder in (source, room):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        shutil.copytree(FRAME, source, ignore=shutil.ignore_patterns("pages"))
        with sphinx(source, made) as begin:
            from analysis_utils.site import pages  # late: pandas, for a fresh site

            pages.write(source)
            begin()
        (made / STAMP).write_text(stamp)
        shutil.rmtree(SITE, ignore_errors=True)
        os.rename(made, SITE)
    finally:
        for folder in (source, room):
            shutil.rmtree(folder, ignore_errors=True)


def is_fresh() -> bool:
    """Whether the site in place shows what is there now."""
    marker = SITE / STAMP
    return marker.is_file() and marker.read_text() == fingerprint()


@contextmanager
def sphinx(source: Path, made: Path) -> Iterator[Callable[[], None]]:
    """A process of Sphinx that loads its libraries while the pages are written.

    Calling what it gives lets it make the pages. Raises Refused, with what Sphinx
    said, if it cannot.
    """
    places = [str(source), str(made)]
    command = [sys.executable, "-m", "analysis_utils.site.frame", *places]
    pipe = subprocess.PIPE
    streams = {"stdin": pipe, "stdout": subprocess.DEVNULL, "stderr": pipe}
    with started(command, cwd=ROOT, **streams) as process:

        def begin() -> None:
            _, said = process.communicate("begin\n")
            if process.returncode:
                told = said.strip()[-2000:]
                raise Refused(
                    f"The site could not be made; the one in place stays:\n{told}"
                )
            (made / WARNINGS).write_text(said)
            print(said, end="", file=sys.stderr)

        yield begin


def fingerprint() -> str:
    """Text that changes with anything that the site shows or is made by."""
    stamps = sorted(OUTPUTS.glob(f"*/{manifest.NAME}"))
    stamps += sorted(OUTPUTS.glob(f"[0-9]*/*/{manifest.NAME}"))
    code = sorted((ROOT / "src/analysis_utils").rglob("*.py"))
    read = [*sorted(p for p in FRAME.rglob("*") if p.is_file()), *code]
    read += [ROOT / "README.md", ROOT / "requirements.lock"]
    read += sorted((ROOT / "docs").iterdir())
    for folder in ("data", "data/own"):
        read += sorted((ROOT / folder).glob("*.*"))
    parts = {p.relative_to(ROOT).as_posix(): hash_of(p) for p in stamps + read}
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest() + "\n"


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

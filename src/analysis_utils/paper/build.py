"""Compiles the paper: every number is read from the results while it is compiled."""

import json
import os
import re
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.paper import VERDICTS
from analysis_utils.run_context import ROOT, sha256
from analysis_utils.workflow.determinism import VARIABLES

SOURCE = ROOT / "paper/paper.typ"
MADE_FROM = ".paper-made-from"


def build(against: str = "", root: Path = ROOT) -> Path:
    """Write numbers, the first picture and the paper; the path of the PDF.

    `against` names a revision of git: the paper is then written beside the archived
    one, each number and word of a sentence that changed with its old text struck
    through.

    Raises Refused, with file and line, for a number that no run recorded.
    """
    from analysis_utils.paper import changes, history, numbers  # late: matplotlib

    outputs = root / "outputs"
    words = json.dumps(history.words(), indent=1, ensure_ascii=False) + "\n"
    put(outputs / "paper/history.svg", history.svg())
    put(outputs / "paper/history.json", words.encode())
    found = numbers.now(outputs)
    put(outputs / "numbers.typ", numbers.typst(found).encode())
    put(outputs / "numbers.tex", numbers.latex(found).encode())
    if not against:
        path = compiled(root, outputs / "paper/paper.pdf", {})
        put(outputs / MADE_FROM, fingerprint(root).encode())
        return path
    old = outputs / ".paper-old.json"
    said = changes.sentences(
        numbers.contents_at(against, root), numbers.contents_now(outputs)
    )
    before = {"numbers": numbers.at(against, root), "sentences": said}
    put(old, json.dumps(before, sort_keys=True).encode())
    name = re.sub(r"[^\w.-]", "_", against)
    try:
        place = outputs / f"paper/changes-since-{name}.pdf"
        return compiled(root, place, {"old": "/outputs/.paper-old.json"})
    finally:
        old.unlink()


def fingerprint(root: Path = ROOT) -> str:
    """Text that changes with anything that the paper says, and with the paper."""
    outputs = root / "outputs"
    read = sorted(outputs.glob("[0-9]*/*/results.json"))
    read += [outputs / VERDICTS, root / "requirements.lock"]
    read += sorted(p for p in (root / "paper").rglob("*") if p.is_file())
    read += sorted((root / "docs").glob("*.md"))
    tables = ("active_monthly", "later_totals", "policy_events")
    read += [root / f"data/{name}.csv" for name in tables]
    made = [outputs / "paper/paper.pdf", outputs / "numbers.typ"]
    made += [outputs / "paper/history.svg", outputs / "paper/history.json"]
    return "\n".join(f"{p.name} {sha256(p)}" for p in read + made if p.is_file())


def is_fresh(root: Path = ROOT) -> bool:
    """Whether the paper in place was made on this machine from what is there now."""
    stamp = root / "outputs" / MADE_FROM
    return stamp.is_file() and stamp.read_text() == fingerprint(root)


def compiled(root: Path, place: Path, given: dict[str, str]) -> Path:
    """Compile the paper into a PDF at `place`."""
    import typst

    try:
        content = typst.compile(
            str(root / SOURCE.relative_to(ROOT)),
            root=str(root),
            ignore_system_fonts=True,  # those inside typst are the same everywhere
            timestamp=int(VARIABLES["SOURCE_DATE_EPOCH"]),
            pdf_standards=["ua-1"],  # tagged, alternative texts for all figures
            sys_inputs=given,
        )
    except typst.TypstError as error:
        raise Refused(f"The paper was not written:\n{error.diagnostic}") from error
    put(place, content)
    return place


def put(path: Path, content: bytes) -> None:
    """Write a file at once; one that has this content already is left alone."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    os.replace(new, path)

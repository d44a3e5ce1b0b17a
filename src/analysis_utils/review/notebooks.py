"""Executed notebooks: whole and in order; and two of them compared cell by cell.

nbval executes a notebook and compares text, tables and SVG. What passes it unseen is
found here: a notebook without outputs, cells that did not run, pictures as PNG, cells
that are not those of the source notebook.
"""

import base64
import difflib
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from analysis_utils.review import values
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    WITHIN,
    Verdict,
    printable,
)

BITMAPS = {"image/png": ".png", "image/jpeg": ".jpg"}
PICTURES = BITMAPS | {"image/svg+xml": ".svg"}
INJECTED = "injected-parameters"


class Unreadable(ValueError):
    """A file that is no notebook."""


def read(path: Path) -> NotebookNode:
    """A notebook in the present format; Unreadable if it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises many kinds for a broken file
        raise Unreadable(
            f"is no notebook that can be read ({type(error).__name__})"
        ) from None


def code(notebook: NotebookNode) -> list[NotebookNode]:
    """Code cells that hold code."""
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def faults(path: Path, source: Path | None = None) -> list[str]:
    """What an executed notebook lacks, in words; empty if it is whole.

    Parameters
    ----------
    path : Path
        The executed notebook; its pictures are the SVG files beside it.
    source : Path, optional
        The notebook that was executed.
    """
    notebook = read(path)
    found = [*order_faults(notebook), *picture_faults(notebook, path.parent)]
    if source:
        found += source_faults(notebook, read(source))
    return found


def order_faults(notebook: NotebookNode) -> Iterator[str]:
    """Cells that did not run, ran out of order, or ended in an error."""
    counts = [cell.execution_count for cell in code(notebook)]
    if counts and not any(counts):
        yield "it is stripped: no cell has run"
    elif None in counts:
        yield f"{counts.count(None)} of {len(counts)} cells have not run"
    elif counts != list(range(1, len(counts) + 1)):
        yield f"cells ran in the order {counts}"
    if any(o.output_type == "error" for cell in code(notebook) for o in cell.outputs):
        yield "a cell ended in an error"


def picture_faults(notebook: NotebookNode, folder: Path) -> Iterator[str]:
    """Pictures of the folder that the notebook does not show, PNG that nbval skips."""
    data = [o.get("data", {}) for cell in code(notebook) for o in cell.outputs]
    if any(kind in bundle for bundle in data for kind in BITMAPS):
        yield "a picture that nbval cannot compare"
    shown = {
        text for bundle in data if (text := as_text(bundle.get("image/svg+xml", "")))
    }
    for picture in sorted(folder.glob("*.svg")):
        if picture.read_text(encoding="utf-8", errors="replace") not in shown:
            yield f"{picture.name} is not shown as it was saved"


def source_faults(notebook: NotebookNode, source: NotebookNode) -> list[str]:
    """Whether an executed notebook has the cells of its source, injected ones aside."""
    executed = [c for c in notebook.cells if INJECTED not in c.metadata.get("tags", [])]
    return cell_changes([c.source for c in source.cells], [c.source for c in executed])


def as_text(value: str | list[str]) -> str:
    """Text of an output (the format allows a list of lines)."""
    return "".join(value)


def cell_changes(right: list[str], found: list[str]) -> list[str]:
    """In words, how a list of cells differs from the right one."""
    if right == found:
        return []
    if sorted(right) == sorted(found):
        moved = [
            n for n, (a, b) in enumerate(zip(right, found, strict=True), 1) if a != b
        ]
        return [f"cells are in another order: {', '.join(map(str, moved))}"]
    changes = []
    matcher = difflib.SequenceMatcher(None, right, found, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "replace" and b - a == d - c:
            changes += [f"cell {n + 1} holds other text" for n in range(c, d)]
        elif tag in ("delete", "replace"):
            changes += [
                f"cell {n + 1} is missing: {printable(right[n], 60)}"
                for n in range(a, b)
            ]
        if tag == "insert" or (tag == "replace" and b - a != d - c):
            changes += [
                f"cell {n + 1} is added: {printable(found[n], 60)}" for n in range(c, d)
            ]
    return changes


Change = tuple[str, Verdict, str, str, str]  # cell, verdict, detail, archived, remade


def compare(archived: Path, remade: Path, moved: bool) -> Iterator[Change]:
    """What differs in an archived notebook from the one made again.

    `moved` says whether its numbers differ within tolerance (see `values.text`).
    """
    try:
        one, other = read(archived), read(remade)
    except Unreadable as error:
        yield "", DIFFERS, str(error), "", ""
        return
    for fault in order_faults(one):
        yield "", DIFFERS, fault, "", ""
    changes = cell_changes(
        [c.source for c in other.cells], [c.source for c in one.cells]
    )
    for change in changes:
        yield "", DIFFERS, change, "", ""
    if not changes:
        for place, (a, b) in enumerate(zip(one.cells, other.cells, strict=True), 1):
            outputs = a.get("outputs", []), b.get("outputs", [])
            for found in compare_outputs(*outputs, moved):
                yield (f"cell {place}", *found)


def compare_outputs(
    one: list[NotebookNode], other: list[NotebookNode], moved: bool
) -> Iterator[tuple[Verdict, str, str, str]]:
    """What differs in the outputs of one cell."""
    if len(one) != len(other):
        yield DIFFERS, f"{len(one)} outputs instead of {len(other)}", "", ""
        return
    for a, b in zip(map(contents, one), map(contents, other), strict=True):
        for kind in sorted(a.keys() | b.keys()):
            old, new = a.get(kind, ""), b.get(kind, "")
            verdict = output_verdict(kind, old, new, moved)
            if verdict is not IDENTICAL:
                yield verdict, f"output {kind} differs", *around(old, new)


def around(one: str, other: str, length: int = 100) -> tuple[str, str]:
    """Two texts, each from a little before the place where they part."""
    pairs = enumerate(zip(one, other, strict=False))
    place = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, place - 30)
    return printable(one[start : start + length]), printable(
        other[start : start + length]
    )


def contents(output: NotebookNode) -> dict[str, str]:
    """What an output shows, by media type; streams and errors under their own names."""
    if output.output_type == "stream":
        return {output.name: as_text(output.text)}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    return {
        kind: as_text(value) if isinstance(value, str | list) else repr(value)
        for kind, value in output.data.items()
    }


def output_verdict(kind: str, one: str, other: str, moved: bool) -> Verdict:
    """Verdict on one output; pictures by their pixels, all else as text."""
    if one == other:
        return IDENTICAL
    if kind not in PICTURES:
        return values.text(one, other, moved)
    from analysis_utils.review import pictures  # late: tracing needs no pixels

    decode = base64.b64decode if kind in BITMAPS else str.encode
    try:
        found = pictures.compare(decode(one), decode(other), PICTURES[kind])
    except ValueError:  # broken, or refused
        return DIFFERS
    return WITHIN if found.close(moved) else DIFFERS

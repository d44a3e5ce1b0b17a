"""An archived run compared with the same run made again, file by file."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from analysis_utils.review import notebooks, pictures, recorded, tables, values
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    WITHIN,
    Finding,
    Pictures,
    worst,
)
from analysis_utils.review.pair import Pair
from analysis_utils.workflow import manifest

STRAY = "an output of a run that is gone, or a file put there by hand"
BESIDE = (  # in outputs/, of no run
    "verdicts", "README.md", "custom", "failed", "paper", "numbers.tex", "numbers.typ",
    "site",
)  # fmt: skip
TEXTS = (".txt", ".tex", ".md", ".json")


def compare_run(pair: Pair) -> list[Finding]:
    """Everything that was compared for one run."""
    if not pair.archived.is_dir() or pair.archived.is_symlink():
        return [
            pair.finding("run", pair.label, DIFFERS, "the archive has no outputs of it")
        ]
    common = [name for name in pair.names if all(name in side for side in pair.hashes)]
    common = [name for name in common if name not in pair.links]
    found = [*missing_and_added(pair), *broken_stamp(pair), *other_rights(pair, common)]
    found += [
        pair.finding("file", n, DIFFERS, "is a link; not followed", file=n)
        for n in pair.links
    ]
    numeric = [
        name for name in common if name == recorded.FILE or name.endswith(".csv")
    ]
    for name in numeric:
        found += compare_file(pair, name, moved=False)
    moved = worst(found) is WITHIN
    for name in common:
        if name not in numeric:
            found += compare_file(pair, name, moved)
    if moved and recorded.FILE in common:
        found = [f for f in found if f.kind != "sentence"] + compare_sentences(
            pair, moved
        )
    return [swapped(pair, finding) for finding in found]


def compare_sentences(pair: Pair, moved: bool) -> list[Finding]:
    """Findings on the sentences alone."""
    return [f for f in recorded.compare(pair, moved) if f.kind == "sentence"]


def compare_file(pair: Pair, name: str, moved: bool) -> list[Finding]:
    """Findings on one file that both sides have."""
    suffix = Path(name).suffix
    if name == recorded.FILE:
        found = recorded.compare(pair, moved)
    elif suffix == ".csv":
        found = compare_table(pair, name)
    elif suffix in pictures.DRAW:
        found = [compare_picture(pair, name, moved)]
    elif suffix == ".ipynb":
        found = compare_notebook(pair, name, moved)
    else:
        found = [compare_text(pair, name, moved)]
    if not pair.same(name) and worst(found) is IDENTICAL:
        # No number moved, so no processor wrote these bytes.
        words = "is written otherwise; the values are the same"
        found.append(pair.finding("file", name, DIFFERS, words))
    return [replace(finding, file=name) for finding in found]


def missing_and_added(pair: Pair) -> Iterator[Finding]:
    """Files that only one side has."""
    archived, remade = pair.hashes
    for name in pair.names:
        if name not in archived:
            yield pair.finding(
                kind_of(name), name, DIFFERS, "is missing from the archive", file=name
            )
        elif name not in remade:
            words = "is archived, and the run does not make it"
            yield pair.finding(kind_of(name), name, DIFFERS, words, file=name)


def broken_stamp(pair: Pair) -> Iterator[Finding]:
    """A manifest that is missing, or does not list what is archived."""
    if not pair.stamp:
        yield pair.finding(
            "manifest", manifest.NAME, DIFFERS, "is missing or cannot be read"
        )
        return
    made = manifest.read(pair.remade) or {}
    for key in sorted(pair.stamp.keys() ^ made.keys()):
        words = f"{'holds' if key in pair.stamp else 'lacks'} the entry {key!r}"
        yield pair.finding("manifest", manifest.NAME, DIFFERS, words)
    listed, archived = pair.stamp.get("outputs", {}), pair.hashes[0]
    for name in sorted(listed.keys() | archived.keys()):
        if listed.get(name) != archived.get(name) and pair.same(name):
            words = f"does not list {name} as it is archived"
            yield pair.finding("manifest", manifest.NAME, DIFFERS, words, file=name)


def other_rights(pair: Pair, names: list[str]) -> Iterator[Finding]:
    """Archived files that may be executed, where those made again may not."""
    for name in names:
        archived, remade = (
            bool((side / name).stat().st_mode & 0o111)
            for side in (pair.archived, pair.remade)
        )
        if archived != remade:
            words = f"{'may' if archived else 'may not'} be executed"
            yield pair.finding("file", name, DIFFERS, words, file=name)


def kind_of(name: str) -> str:
    """What a file is, by its name."""
    kinds = {
        ".csv": "data or table",
        ".svg": "picture",
        ".pdf": "picture",
        ".ipynb": "notebook",
    }
    return kinds.get(Path(name).suffix, "file")


def swapped(pair: Pair, finding: Finding) -> Finding:
    """The finding, saying so if the file holds what belongs in another one."""
    archived, remade = pair.hashes
    if finding.verdict is not DIFFERS or finding.file not in archived:
        return finding
    twins = [
        n
        for n, h in remade.items()
        if h == archived[finding.file] and n != finding.file
    ]
    if not twins:
        return finding
    words = f"holds what belongs in {twins[0]} (swapped or copied)"
    return replace(finding, detail="; ".join(filter(None, [words, finding.detail])))


# Files


def compare_table(pair: Pair, name: str) -> list[Finding]:
    """Findings on a table or a figure's data: one for each column that differs."""
    drawn = any(f"{name[:-4]}.svg" in side for side in pair.hashes)
    kind = "figure data" if drawn else "table"
    one, other = pair.contents(name)
    found = [] if one == other else list(tables.compare(one, other))
    if not found:
        detail = table_size(one)
        return [pair.finding(kind, name, IDENTICAL, detail)]
    return [
        pair.finding(
            kind, f"{name}, column {column}" if column else name, verdict, *rest
        )
        for column, verdict, *rest in found
    ]


def table_size(content: bytes) -> str:
    """Columns and rows of a table, in words."""
    rows = tables.read(content)
    return f"{len(rows[0]) if rows else 0} columns, {max(len(rows) - 1, 0)} rows"


def compare_picture(pair: Pair, name: str, moved: bool) -> Finding:
    """Finding on a picture: by its bytes, then by its pixels."""
    one, other = pair.contents(name)
    suffix = Path(name).suffix
    if one == other:
        return pair.finding("picture", name, IDENTICAL, pictures=plain(one, suffix))
    try:
        found = pictures.compare(one, other, suffix)
    except pictures.NotDrawn as refused:
        return pair.finding("picture", name, DIFFERS, f"not drawn: {refused}")
    both = Pictures(found.archived, found.remade, found.image, found.error)
    verdict = WITHIN if found.close(moved) else DIFFERS
    return pair.finding("picture", name, verdict, found.words, pictures=both)


def plain(content: bytes, suffix: str) -> Pictures | None:
    """An SVG to show in the report, if it is a plain drawing."""
    if suffix != ".svg":
        return None
    try:
        pictures.refuse_active(content)
    except pictures.NotDrawn:
        return None
    return Pictures(content)


def compare_notebook(pair: Pair, name: str, moved: bool) -> list[Finding]:
    """Findings on an executed notebook: one, or one for each thing that differs."""
    if pair.same(name):
        return [pair.finding("notebook", name, IDENTICAL, "every cell and output")]
    changes = list(notebooks.compare(pair.archived / name, pair.remade / name, moved))
    found = [
        pair.finding("notebook", f"{name}, {cell}" if cell else name, verdict, *rest)
        for cell, verdict, *rest in changes
    ]
    words = "cells and outputs are the same; the file is written otherwise"
    return found or [pair.finding("notebook", name, DIFFERS, words)]


def compare_text(pair: Pair, name: str, moved: bool) -> Finding:
    """Finding on a text, LaTeX or other file."""
    one, other = pair.contents(name)
    kind = "text" if name.endswith(TEXTS) else "file"
    if one == other:
        return pair.finding(kind, name, IDENTICAL)
    old, new = (content.decode("utf-8", errors="replace") for content in (one, other))
    verdict = max(values.text(old, new, moved), WITHIN) if kind == "text" else DIFFERS
    return pair.finding(
        kind, name, verdict, "its content differs", *notebooks.around(old, new)
    )


def strangers(outputs: Path, folders: Iterable[Path]) -> list[Finding]:
    """Archived files and folders that belong to no run of the study."""
    known = {path.relative_to(outputs) for path in folders}
    odd = set()
    for path in outputs.glob("[0-9]*/**/*"):
        parts = path.relative_to(outputs).parts
        inside = any(Path(*parts[:n]) in known for n in range(1, len(parts) + 1))
        if path.is_file() and not inside and not path.name.startswith("."):
            odd.add(Path(*parts[:2]).as_posix())
    for path in outputs.iterdir():
        if not path.name.startswith((".", *"0123456789")) and path.name not in BESIDE:
            odd.add(path.name)
    words = "is archived, and no run of the study makes it"
    return [
        Finding("", "outputs", name, DIFFERS, words, cause=STRAY)
        for name in sorted(odd)
    ]

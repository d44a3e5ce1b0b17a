"""What a run recorded, read from its results.json; refused in words if it is spoilt."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis_utils.asking import Refused, text_of
from analysis_utils.run_context import ROOT

FILE = "results.json"
VALUES = ("value", "low", "high", "level")  # numbers, or null
# The sections that people read, and what each entry holds at least
NAMED = {
    "numbers": ("unit", "digits", "label", *VALUES),
    "figures": ("caption",),
    "tables": ("caption",),
}
LISTED = {"sentences": ("text", "template"), "hypotheses": ("id", "role")}


def read(path: Path) -> dict:
    """Content of a results.json. Raises Refused."""
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return parsed(text_of(path), str(name))


def parsed(text: str, name: str) -> dict:
    """Content of a results.json as text; `name` is its file, for what is said."""
    try:
        content = json.loads(text)
        problem = next(faults(content), "")
    except (ValueError, RecursionError) as error:
        problem = f"it is no JSON ({error})"
    if problem:
        raise Refused(
            f"{name} is not as a run writes it: {problem}; `make all` mends it"
        )
    return content


def faults(content: object) -> Iterator[str]:
    """What is wrong with the content, in words."""
    if not isinstance(content, dict):
        yield "it holds no sections"
        return
    for section, needed in NAMED.items():
        entries = content.get(section, {})
        if isinstance(entries, dict):
            yield from lacking(section, entries.items(), needed)
        else:
            yield f"{section} names nothing"
    for section, needed in LISTED.items():
        entries = content.get(section, [])
        if isinstance(entries, list):
            yield from lacking(section, enumerate(entries, start=1), needed)
        else:
            yield f"{section} is no list"


def lacking(
    section: str, entries: Iterable[tuple[object, object]], needed: tuple[str, ...]
) -> Iterator[str]:
    """What the entries of a section lack, in words."""
    for key, entry in entries:
        held = entry if isinstance(entry, dict) else {}
        gone = [name for name in needed if name not in held]
        if gone:
            yield f"{section}, {key}: no {', '.join(gone)}"
        values = [n for n in VALUES if not isinstance(held.get(n), int | float | None)]
        values += ["digits"] if not isinstance(held.get("digits", 0), int) else []
        if section == "numbers" and values:
            yield f"{section}, {key}: {', '.join(values)} is no number"

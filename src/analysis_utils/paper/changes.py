"""Sentences that say something else than at an earlier revision, word by word."""

import json
from difflib import SequenceMatcher

Part = tuple[str, str]  # "same", "old" or "new", and words


def sentences(before: dict[str, str], now: dict[str, str]) -> dict[str, dict]:
    """For each run the sentences that changed, as parts, by their present text.

    `before` and `now` are results.json of each run as text. A sentence is the one
    before it that has the same template; without one it is new as a whole.
    """
    found = {}
    for run in now.keys() & before.keys():
        old = {s["template"]: s["text"] for s in recorded(before[run])}
        said = [(s["template"], s["text"]) for s in recorded(now[run])]
        found[run] = {
            text: parts(old.get(template, ""), text)
            for template, text in said
            if old.get(template) != text
        }
    return found


def recorded(content: str) -> list[dict]:
    """Sentences of a results.json."""
    return json.loads(content).get("sentences", [])


def parts(old: str, new: str) -> list[Part]:
    """A sentence as what stays, what went and what came.

    >>> parts("In force: 135 agreements.", "In force: 1,651 agreements.")
    [('same', 'In force:'), ('old', '135'), ('new', '1,651'), ('same', 'agreements.')]
    """
    before, after = old.split(), new.split()
    made: list[Part] = []
    same = SequenceMatcher(None, before, after, autojunk=False)
    for kind, a, b, c, d in same.get_opcodes():
        if kind == "equal":
            made.append(("same", " ".join(after[c:d])))
            continue
        if b > a:
            made.append(("old", " ".join(before[a:b])))
        if d > c:
            made.append(("new", " ".join(after[c:d])))
    return made

"""Reads `notebooks/hypotheses.yaml`, strictly: Refused names every fault at once."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import yaml

from analysis_utils import run_context
from analysis_utils.asking import Refused, StringLoader
from analysis_utils.hypotheses import faults
from analysis_utils.hypotheses.entries import (
    Check,
    Family,
    Hypothesis,
    Specification,
    typed,
)
from analysis_utils.run_context import ROOT

FILE = ROOT / "notebooks" / "hypotheses.yaml"
SECTIONS = ("rules", "families", "hypotheses")


def read(path: Path | None = None) -> dict[str, Hypothesis]:
    """Hypotheses by id, in the order of the file; Refused names every fault.

    >>> list(read())[:3]
    ['H1a', 'H1b', 'H2']
    """
    path = path or FILE
    try:
        with run_context.unrecorded():  # a run rests on the entries it asks for
            text = path.read_text(encoding="utf-8")
        return _parsed(text)
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} cannot be read: {error}") from error


@lru_cache(maxsize=8)
def _parsed(text: str) -> dict[str, Hypothesis]:
    return parse(text)


def content(text: str) -> dict:
    """The YAML of a registry as plain text values; Refused if it is none."""
    try:
        found = yaml.load(text, StringLoader)
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise Refused(f"{FILE.name} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"{FILE.name} cannot be read: it has no sections")
    return found


def parse(text: str) -> dict[str, Hypothesis]:
    """The registry in a text of YAML; Refused has a line for each fault.

    >>> parse("hypotheses: []")
    Traceback (most recent call last):
    analysis_utils.asking.Refused: hypotheses.yaml...
    """
    whole = content(text)
    try:
        problems, families = faults.of_registry(whole)
    except RecursionError:
        raise _refused(["it is nested too deeply"]) from None
    if problems:
        raise _refused(problems)
    entries = whole["hypotheses"]
    later: dict[str, dict[str, str]] = {}
    for key, entry in entries.items():
        for name, why in entry.get("supersedes", {}).items():
            later.setdefault(name, {})[key] = " ".join(why.split())
    return {
        key: built(key, entry, families[entry["family"]], later.get(key, {}))
        for key, entry in entries.items()
    }


def _refused(problems: list[str]) -> Refused:
    return Refused("\n".join(f"{FILE.name}: {line}" for line in problems))


def built(
    key: str, entry: dict, family: Family, superseded_by: dict[str, str]
) -> Hypothesis:
    """A hypothesis from an entry without faults."""
    checks = {} if entry["checks"] == "none" else entry["checks"]
    whole = json.dumps([entry, family.level], sort_keys=True)
    plain = {name: entry[name] for name in faults.WORDS}
    return Hypothesis(
        id=key,
        **{name: " ".join(text.split()) for name, text in plain.items()},
        family=family,
        specification=Specification(key, typed(entry["specification"])),
        null=float(entry["null"]),
        smallest=float(entry["smallest"]),
        checks={name: check(name, one) for name, one in checks.items()},
        supersedes=entry.get("supersedes", {}),
        superseded_by=superseded_by,
        fingerprint=hashlib.sha256(whole.encode()).hexdigest(),
    )


def check(name: str, entry: dict) -> Check:
    """A check from its entry."""
    kind, what, passes = (
        " ".join(entry[part].split()) for part in ("kind", "what", "passes")
    )
    return Check(name, kind, what, passes, typed(entry.get("grid", {})))

"""Changes after the first commit, from git history: of the registry, of runs.yaml, and
of the code that turns rules and results into answers."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import yaml

from analysis_utils.asking import StringLoader
from analysis_utils.report.history import versions

COLUMNS = ["date", "file", "what", "field", "before", "after", "reason"]
REGISTRY = "notebooks/hypotheses.yaml"
RUNS = "notebooks/runs.yaml"
CODE = (
    "src/analysis_utils/hypotheses/answers.py",
    "src/analysis_utils/hypotheses/entries.py",
    "src/analysis_utils/publish/findings.py",
    "src/analysis_utils/publish/results.py",
    "src/analysis_utils/report/verdicts.py",
)
Change = tuple[str, str, str, str]


def log(root: Path) -> pd.DataFrame | None:
    """The deviation log; None where the history is not at hand (an archive, say).

    The reason is the subject of the commit that made the change.
    """
    rows: list[tuple] = []
    if not versions(root, REGISTRY):
        return None
    sources: dict[str, Callable] = {REGISTRY: entries, RUNS: runs}
    for file, read in sources.items():
        before = None
        for day, subject, text in versions(root, file):
            now = read(text)
            if now is None:  # a version that could not have been built: no result
                continue
            if before is not None:
                changes = differences(before, now)
                if file == RUNS:  # a run that is added changes no result
                    changes = [c for c in changes if c[1:] != ("entry", "", "added")]
                rows += [(day, file, *change, subject) for change in changes]
            before = now
    for file in CODE:
        history = versions(root, file)
        for (_, _, old), (day, subject, new) in zip(history, history[1:], strict=False):
            change = ("code", "lines", *line_counts(old, new))
            rows.append((day, file, *change, subject))
    return pd.DataFrame(rows, columns=COLUMNS)


def entries(text: str) -> dict[str, dict[str, str]] | None:
    """Fields of each hypothesis, family and rule of a registry; None if unreadable."""
    content = _read(text)
    if content is None or not isinstance(content.get("hypotheses"), dict):
        return None
    found = {key: flat(entry) for key, entry in content["hypotheses"].items()}
    for section, word in (("families", "family"), ("rules", "rule")):
        for name, entry in (content.get(section) or {}).items():
            found[f"{word} {name}"] = flat(entry)
    return found


def runs(text: str) -> dict[str, dict[str, str]] | None:
    """Parameters of each run of runs.yaml; None if unreadable."""
    content = _read(text)
    if content is None:
        return None
    return {
        f"{notebook}/{run}": flat(given or {})
        for notebook, table in content.items()
        if isinstance(table, dict)
        for run, given in table.items()
    }


def _read(text: str) -> dict | None:
    try:
        content = yaml.load(text, StringLoader)
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def flat(entry: object, before: str = "") -> dict[str, str]:
    """Nested fields by dotted names, as text."""
    if not isinstance(entry, dict):
        text = ", ".join(map(str, entry)) if isinstance(entry, list) else str(entry)
        return {before or "value": " ".join(text.split())}
    found: dict[str, str] = {}
    for name, value in entry.items():
        found |= flat(value, f"{before}.{name}" if before else str(name))
    return found


def differences(
    old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]
) -> list[Change]:
    """(what, field, before, after) for each field that differs.

    A field that no entry had before, or that none has any more, is a change of the
    schema: one row for all.
    """
    had, has = ({n for e in part.values() for n in e} for part in (old, new))
    rows = []
    if old and new:
        rows += [("all", name, "", "new field") for name in sorted(has - had)]
        rows += [("all", name, "field", "gone") for name in sorted(had - has)]
    kept = had & has
    for key in dict.fromkeys([*old, *new]):
        if key not in new:
            rows.append((key, "entry", "present", "withdrawn"))
        elif key not in old:
            rows.append((key, "entry", "", "added"))
        else:
            one, other = old[key], new[key]
            rows += [
                (key, name, one.get(name, ""), other.get(name, ""))
                for name in dict.fromkeys([*one, *other])
                if name in kept and one.get(name, "") != other.get(name, "")
            ]
    return rows


def line_counts(old: str, new: str) -> tuple[str, str]:
    """How many lines of a file went, and how many came."""
    import difflib

    marks = [line[:2] for line in difflib.ndiff(old.splitlines(), new.splitlines())]
    return f"{marks.count('- ')} lines taken out", f"{marks.count('+ ')} lines put in"

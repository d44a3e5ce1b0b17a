"""Changes to the registry after its first commit, read from git history."""

from pathlib import Path

import pandas as pd

from analysis_utils.asking import Refused
from analysis_utils.report.history import versions
from analysis_utils.report.registry import Hypothesis, parse

COLUMNS = ["date", "hypothesis", "field", "registered", "changed_to", "reason"]


def differences(
    old: dict[str, Hypothesis], new: dict[str, Hypothesis]
) -> list[tuple[str, str, str, str]]:
    """(hypothesis, field, before, after) for each field that differs."""
    rows = []
    for key in dict.fromkeys([*old, *new]):
        if key not in new:
            rows.append((key, "hypothesis", "registered", "withdrawn"))
        elif key not in old:
            rows.append((key, "hypothesis", "", "added"))
        else:
            before, after = vars(old[key]), vars(new[key])
            rows += [
                (key, name, str(before[name]), str(after[name]))
                for name in before
                if before[name] != after[name]
            ]
    return rows


def log(root: Path, file: str) -> pd.DataFrame | None:
    """The deviation log; None where the history is not at hand (an archive, say).

    The reason is the subject of the commit that made the change.
    """
    history = versions(root, file)
    if not history:
        return None
    rows, before = [], None
    for day, subject, text in history:
        try:
            now, _ = parse(text)
        except Refused:  # a version that could not have been built: it has no result
            continue
        if before is not None:
            rows += [(day, *change, subject) for change in differences(before, now)]
        before = now
    return pd.DataFrame(rows, columns=COLUMNS)

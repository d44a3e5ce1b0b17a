"""Runs made again beside the archive, and what changed against it, in a few lines."""

import csv
import io
from pathlib import Path

from analysis_utils import git, results_file
from analysis_utils.asking import Refused
from analysis_utils.results_file import FILE as RESULTS
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import OUTPUTS, Run

VERDICTS = "verdicts/verdicts.csv"
ANSWERS = ("answer", "strength", "verdict", "estimate", "low", "high", "p_adjusted")
SHOWN = 20  # changed numbers named


class Comparison:
    """Compares each run made again with the archived one, and keeps the score.

    Within the tolerance of `make verify` the archived files stay and a line says so;
    beyond it the new ones stand and are named.
    """

    def __init__(self) -> None:
        self.identical = self.within = self.different = 0

    def __call__(self, label: str, archived: Path, new: Path) -> tuple[bool, list[str]]:
        """Whether the archived files stay, and what is to be said."""
        before, now = manifest.files_written(archived), manifest.files_written(new)
        changed = [n for n in {**before, **now} if before.get(n) != now.get(n)]
        self.identical += len(now) - len(set(changed) & set(now))
        if not changed:
            return False, []
        from analysis_utils.review.compare import compare_run
        from analysis_utils.review.findings import WITHIN, worst
        from analysis_utils.review.pair import Pair

        found = compare_run(Pair(label, archived, new))
        gravest = worst(found)
        stays = gravest <= WITHIN
        worst_ones = [one for one in found if one.verdict is gravest]
        files = sorted({one.file or one.item for one in worst_ones})
        named = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
        if stays:
            self.within += len(changed)
            return True, [
                f"{label}: {named} differ from the archive in last digits, within the "
                "tolerance; the archived files stay"
            ]
        self.different += len(changed)
        return False, [
            f"{label}: {named} DIFFER from the archive; the new files stand in "
            f"{archived.relative_to(ROOT).as_posix()} (make verify says why)"
        ]

    @property
    def sentence(self) -> str:
        """The score."""
        files = "file" if self.identical == 1 else "files"
        words = f"{self.identical} {files} identical to the archive"
        if self.within:
            words += f", {self.within} within the tolerance (the archived ones stay)"
        if self.different:
            words += f", {self.different} DIFFERENT and now in outputs/"
        return words


class Before:
    """The archive's answers and numbers: as committed, else as they were at first."""

    def __init__(self, runs: list[Run]):
        self.runs = runs
        self.changed = git.text("diff", "--name-only", "HEAD", "--", "outputs")
        self.kept = {} if self.changed is not None else dict(self.on_disk())

    def on_disk(self):
        """Answers and results as they are now."""
        for name in self.names():
            path = OUTPUTS / name
            yield name, path.read_text(encoding="utf-8") if path.is_file() else ""

    def names(self) -> list[str]:
        """The files that hold answers and numbers, below outputs/."""
        folders = (run.folder.relative_to(OUTPUTS).as_posix() for run in self.runs)
        return [VERDICTS, *(f"{folder}/{RESULTS}" for folder in folders)]

    def archived(self, name: str) -> str:
        """Text of an archived file; empty if the archive has none."""
        if self.changed is None:
            return self.kept.get(name, "")
        return git.text("show", f"HEAD:outputs/{name}") or ""

    def changes(self) -> list[str]:
        """A line for each answer and number that is not the archive's."""
        names = self.names()
        if self.changed is not None:
            now = git.text("diff", "--name-only", "HEAD", "--", "outputs") or ""
            touched = {line.removeprefix("outputs/") for line in now.splitlines()}
            names = [name for name in names if name in touched]
        answers: list[str] = []
        numbers: list[str] = []
        for name in names:
            old, path = self.archived(name), OUTPUTS / name
            new = path.read_text(encoding="utf-8") if path.is_file() else ""
            if not old or not new or old == new:
                continue
            if name == VERDICTS:
                answers += changed_answers(old, new)
            else:
                numbers += changed_numbers(name, old, new)
        if len(numbers) > SHOWN:
            numbers = [*numbers[:SHOWN], f"... and {len(numbers) - SHOWN} more numbers"]
        return answers + numbers


def changed_answers(old: str, new: str) -> list[str]:
    """A line for each hypothesis whose answer or estimate changed."""
    before, now = rows(old), rows(new)
    found = []
    for key in [*before, *(key for key in now if key not in before)]:
        if key not in now:
            found.append(f"{key}: was in the archive and is not answered now")
        elif key not in before:
            found.append(f"{key}: new ({now[key].get('answer', '')})")
        else:
            parts = [
                f"{name} {before[key][name] or 'none'} -> {now[key][name] or 'none'}"
                for name in ANSWERS
                if name in before[key]
                and name in now[key]
                and before[key][name] != now[key][name]
            ]
            if parts:
                found.append(f"{key}: {'; '.join(parts)}")
    return found


def rows(text: str) -> dict[str, dict[str, str]]:
    """Rows of a CSV by its first column."""
    table = csv.DictReader(io.StringIO(text))
    return {row[(table.fieldnames or [""])[0]]: row for row in table}


def changed_numbers(name: str, old: str, new: str) -> list[str]:
    """A line for each recorded number that is not the archive's."""
    try:
        held = [results_file.parsed(text, f"outputs/{name}") for text in (old, new)]
    except Refused as refused:
        return [str(refused)]
    before, now = (content.get("numbers", {}) for content in held)
    label = name.removesuffix(f"/{RESULTS}")
    return [
        f"{label}: {key} {before.get(key, {}).get('value', 'none')} -> "
        f"{now.get(key, {}).get('value', 'none')}"
        for key in [*before, *(key for key in now if key not in before)]
        if before.get(key, {}).get("value") != now.get(key, {}).get("value")
    ]

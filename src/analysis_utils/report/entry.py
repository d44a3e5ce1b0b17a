"""The entry page, `outputs/README.md`: verdicts, the figures that matter, all runs."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from analysis_utils.asking import Refused, StringLoader, nearest
from analysis_utils.report.markdown import escaped, image, link, row
from analysis_utils.workflow.runs import NOTEBOOKS, Run

NAME = "README.md"
FILE = NOTEBOOKS / "entry.yaml"
FIELDS = {"run", "figure", "sentences"}
ALTERNATIVE = "\n\nAlternative text: "


@dataclass(frozen=True)
class Choice:
    """A figure of the entry page, with the sentences of its run that go with it."""

    run: str
    figure: str
    sentences: tuple[int, ...]


def read(path: Path) -> list[Choice]:
    """The figures that entry.yaml names; raises Refused naming what is wrong."""
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), StringLoader)["figures"]
        if not all(set(dict(entry)) == FIELDS for entry in list(entries or [None])):
            raise ValueError("each figure has run, figure and sentences, nothing else")
        return [
            Choice(e["run"], e["figure"], tuple(int(n) for n in e["sentences"]))
            for e in entries
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path.name} cannot be read: {error}") from error


def title(run: Run) -> str:
    """The title that a run recorded, or the heading of its notebook, or its name."""
    results = run.folder / "results.json"
    if results.is_file():
        own = json.loads(results.read_text(encoding="utf-8")).get("title")
        if own:
            return own
    for cell in run.notebook.cells:
        first = run.notebook.source(cell).lstrip().split("\n")[0]
        if cell["cell_type"] == "markdown" and first.startswith("# "):
            return first[2:].strip()
    return run.notebook.name


def sources(choices: list[Choice], runs: list[Run]) -> list[Path]:
    """Files besides the results that the page shows or says: captions of figures."""
    folders = {run.label: run.folder for run in runs}
    return [folders[c.run] / f"{c.figure}.txt" for c in choices if c.run in folders]


def faults(choices: list[Choice], runs: list[Run]) -> list[str]:
    """What keeps the page from being whole, one sentence each."""
    folders = {run.label: run.folder for run in runs}
    problems = []
    for choice in choices:
        where = f"{FILE.name}: {choice.run}"
        if choice.run not in folders:
            problems.append(f"{where} is no run{nearest(choice.run, tuple(folders))}")
            continue
        made = sorted(p.stem for p in folders[choice.run].glob("*.svg"))
        if choice.figure not in made:
            problems.append(
                f"{where} has no figure {choice.figure!r}"
                f"{nearest(choice.figure, tuple(made))}"
            )
        count = len(recorded(folders[choice.run]))
        problems += [
            f"{where} recorded {count} sentences; there is no sentence {number}"
            for number in choice.sentences
            if not -count <= number < count
        ]
    return problems


def recorded(folder: Path) -> list[str]:
    """Sentences that a run recorded, in order."""
    path = folder / "results.json"
    if not path.is_file():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    return [sentence["text"] for sentence in content["sentences"]]


def page(choices: list[Choice], runs: list[Run], table: str) -> str:
    """The whole page in Markdown; figures that these runs did not make are left out.

    `table` is that of the verdicts, in Markdown.
    """
    by_label = {run.label: run for run in runs}
    made = [c for c in choices if not faults([c], runs)]
    parts = [
        "# Results",
        "Written by `make all` from what the notebooks recorded; changes made here by "
        "hand are lost.",
        "## Verdicts",
        table.strip(),
        verdict_files(runs[0].base),
        "## Figures",
        *[figure(choice, by_label[choice.run]) for choice in made],
        "## All runs",
        all_runs(runs),
    ]
    if len(made) < len(choices):
        parts.insert(-2, "Figures that these parameters do not give are left out.")
    return "\n\n".join(parts) + "\n"


def verdict_files(base: Path) -> str:
    """Links to what stands behind the table of verdicts."""
    registry = Path(os.path.relpath(NOTEBOOKS / "hypotheses.yaml", base)).as_posix()
    files = {
        "Table": "verdicts/verdicts.csv",
        "all recorded results": "verdicts/results.csv",
        "deviations from the registry": "verdicts/deviations.csv",
        "the registry with its rules": registry,
    }
    return ", ".join(link(text, path) for text, path in files.items()) + "."


def figure(choice: Choice, run: Run) -> str:
    """One figure: heading, what it shows in words, picture, caption, links."""
    folder = f"{run.notebook.name}/{run.name}"
    stem = f"{folder}/{choice.figure}"
    text = (run.folder / f"{choice.figure}.txt").read_text(encoding="utf-8").strip()
    caption, _, alternative = text.partition(ALTERNATIVE)
    told = recorded(run.folder)
    links = [
        link("notebook", f"{folder}/{run.notebook.name}.ipynb"),
        link("data", f"{stem}.csv"),
        link("PDF", f"{stem}.pdf"),
    ]
    parts = [
        f"### {escaped(title(run))}",
        " ".join(escaped(told[number]) for number in choice.sentences),
        image(alternative, f"{stem}.svg"),
        f"{escaped(caption)} ({', '.join(links)})",
    ]
    return "\n\n".join(part for part in parts if part)


def all_runs(runs: list[Run]) -> str:
    """A table of every run with links to its notebook, results and manifest."""
    lines = [row(["Run", "Question", "Files"]), "|---|---|---|"]
    for run in runs:
        folder = f"{run.notebook.name}/{run.name}"
        files = {"notebook": f"{run.notebook.name}.ipynb"}
        files |= {"results": "results.json", "manifest": "manifest.json"}
        links = [
            link(name, f"{folder}/{file}")
            for name, file in files.items()
            if (run.folder / file).is_file()
        ]
        shown = ", ".join(links) or "not made"
        lines.append(row([escaped(run.label), escaped(title(run)), shown]))
    return "\n".join(lines)

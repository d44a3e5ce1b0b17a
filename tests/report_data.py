"""A small registry, results and runs for the tests of the report."""

import json
from pathlib import Path

import pandas as pd
from conftest import write_notebook

from analysis_utils.report.registry import Family, Hypothesis
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs import Run

FAMILIES = {
    "confirmatory": Family("confirmatory", "holm", 0.05),
    "exploratory": Family("exploratory", "fdr_bh", 0.05),
}
WORDS = "statement outcome unit window design primary expected refuted_by threats known_before"


def hypothesis(key: str, rule: str = "greater", **fields: object) -> Hypothesis:
    """A hypothesis with the fields that matter to its rule."""
    words = {name: f"{name} of {key}" for name in WORDS.split()}
    rest = {"status": "confirmatory", "scale": "difference", "null": 0.0}
    return Hypothesis(key, rule=rule, **(words | rest | {"smallest": 1.0} | fields))


def registry_text(*hypotheses: Hypothesis) -> str:
    """hypotheses.yaml with these entries."""
    lines = ["families:"]
    lines += [
        f"  {f.name}: {{method: {f.method}, alpha: {f.alpha}}}"
        for f in FAMILIES.values()
    ]
    lines.append("hypotheses:")
    for entry in hypotheses:
        lines.append(f"  {entry.id}:")
        content = {name: value for name, value in vars(entry).items() if name != "id"}
        lines += [f"    {name}: {value}" for name, value in content.items()]
    return "\n".join(lines) + "\n"


def result(key: str, estimate=None, low=None, high=None, p=None, **more) -> dict:
    """A recorded result, as publish.hypothesis writes it."""
    row = {"id": key, "role": "primary", "estimate": estimate, "low": low, "high": high}
    return row | {"p": p, "n": 10, "note": ""} | more


def write_results(folder: Path, *rows: dict, sentences: tuple[str, ...] = ()) -> Path:
    """results.json in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"numbers": {}, "hypotheses": list(rows)}
    content["sentences"] = [{"template": text, "text": text} for text in sentences]
    path = folder / "results.json"
    path.write_text(json.dumps(content))
    return path


def frame(*rows: dict) -> pd.DataFrame:
    """Results as verdicts.recorded gives them."""
    numbers = ["estimate", "low", "high", "p", "n"]
    table = pd.DataFrame([{"run": "01_a/main"} | row for row in rows])
    return table.astype(dict.fromkeys(numbers, "float64"))


def run(root: Path, name: str, heading: str = "# A question") -> Run:
    """A run of a made notebook whose first cell is a heading."""
    import nbformat

    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(path, "")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"{heading}\n\nMore."))
    nbformat.write(notebook, path)
    return Run(Notebook(path), "main", {}, root / "outputs")


def write_figure(run: Run, name: str, caption: str = "A caption.", alt: str = "Alt."):
    """A figure of a run, as publish.figure leaves it."""
    run.folder.mkdir(parents=True, exist_ok=True)
    for end in ("svg", "pdf", "csv"):
        (run.folder / f"{name}.{end}").write_text(end)
    text = f"{caption}\n\nAlternative text: {alt}\n"
    (run.folder / f"{name}.txt").write_text(text)

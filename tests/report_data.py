"""A small registry, results and runs for the tests of the report."""

import json
from pathlib import Path

import pandas as pd
import yaml
from conftest import write_notebook

from analysis_utils import hypotheses
from analysis_utils.publish.findings import Finding
from analysis_utils.report import verdicts
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs import Run

WORDS = (
    "statement estimand design unit outcome estimator units refuted_by threats "
    "known_before"
).split()
FIXED = {"event": "none", "population": "all", "window": "26", "family": "gaussian"}
ALPHA = 0.05


def entry(key: str, rule: str = "greater", **fields: object) -> dict:
    """An entry of the registry, as YAML holds it, with the fields that matter."""
    rest = {"family": "main", "specified": "before", "run": "01_a/main"}
    rest |= {"specification": dict(FIXED), "scale": "difference", "null": "0"}
    rest |= {"smallest": "1", "rule": rule, "checks": "none"}
    return {name: f"{name} of {key}" for name in WORDS} | rest | fields


def registry(entries: dict[str, dict], **families: dict) -> dict:
    """A whole registry as nested text; one family unless others are given."""
    mine = [key for key, one in entries.items() if one["family"] == "main"]
    main = {"what": "all", "members": mine, "alpha": str(ALPHA), "closed": "2026-11-24"}
    known = ({"main": main} if mine else {}) | families
    rules = {name: f"rule {name}" for name in ("greater", "less", "different", "none")}
    return {"rules": rules, "families": known, "hypotheses": entries}


def registry_text(**entries: dict) -> str:
    """hypotheses.yaml with these entries."""
    return yaml.safe_dump(registry(entries), sort_keys=False)


def hypothesis(key: str = "H1", rule: str = "greater", **fields: object):
    """One hypothesis, alone in its family unless `members` says more."""
    size = int(fields.pop("members", 1))
    entries = {key: entry(key, rule, **fields)}
    entries |= {f"Z{n}": entry(f"Z{n}") for n in range(1, size)}
    return hypotheses.parse(registry_text(**entries))[key]


def result(key: str, estimate=None, low=None, high=None, p=None, **more) -> dict:
    """A recorded result, as publish.hypothesis writes it, alone in its family."""
    ends = {"low": low, "high": high, "family_low": low, "family_high": high}
    row = {"id": key, "role": "primary", "estimate": estimate} | ends
    return row | {"level": 1 - ALPHA, "p": p, "n": 10, "note": ""} | more


def write_results(folder: Path, *rows: dict, **more: list) -> Path:
    """results.json in a folder; `sentences` are texts."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"numbers": {}, "hypotheses": list(rows)} | more
    texts = more.get("sentences", ())
    content["sentences"] = [{"template": text, "text": text} for text in texts]
    path = folder / "results.json"
    path.write_text(json.dumps(content))
    return path


def frame(*rows: dict) -> pd.DataFrame:
    """Results as verdicts.recorded gives them."""
    table = pd.DataFrame([{"run": "01_a/main"} | row for row in rows])
    table = table.reindex(columns=verdicts.RESULTS)
    return table.astype(dict.fromkeys(verdicts.NUMBERS, "float64"))


def normal(estimate: float, se: float, **more: object) -> Finding:
    """A finding with a standard error."""
    return Finding.normal(estimate, se, **more)


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

"""codecheck.yml: the outputs that a codechecker recreates, each with a comment."""

import yaml

from analysis_utils.deposit import about
from analysis_utils.deposit.inventory import outputs

SPECIFICATION = "https://codecheck.org.uk/spec/config/1.0/"
HEAD = """---
# Written by `make standards` from the archived outputs; do not edit.
# The codechecker adds `codechecker`, `report` and, if any, `certificate`.
"""


def text() -> str:
    """Content of codecheck.yml."""
    citation = about.citation()
    content = {
        "version": SPECIFICATION,
        "paper": {
            "title": citation["title"],
            "authors": [author(a) for a in citation["authors"]],
        },
        "manifest": manifest(),
    }
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=88)


def author(entry: dict) -> dict[str, str]:
    """Name of an author, and the ORCID if there is one."""
    name = entry.get("name") or f"{entry['given-names']} {entry['family-names']}"
    orcid = entry.get("orcid", "").removeprefix("https://orcid.org/")
    return {"name": name} | ({"ORCID": orcid} if orcid else {})


def manifest() -> list[dict[str, str]]:
    """Figures, tables, recorded numbers and executed notebook of each run."""
    found = []
    for label, items in outputs().items():
        notebook, run = label.split("/")
        folder = f"outputs/{label}"
        comment = f"Executed notebook {notebook}, run {run}"
        found.append({"file": f"{folder}/{notebook}.ipynb", "comment": comment})
        found += [
            {
                "file": item.file,
                "comment": f"{item.kind.capitalize()}: {item.text} ({item.place})",
            }
            for item in items
            if item.kind in ("figure", "table")
        ]
        numbers = [item for item in items if item.kind == "number"]
        sentences = [item for item in items if item.kind == "sentence"]
        if numbers:
            comment = (
                f"{len(numbers)} numbers and {len(sentences)} sentences of run {run}"
            )
            found.append({"file": f"{folder}/results.json", "comment": comment})
    return found

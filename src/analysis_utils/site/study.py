"""What the site shows: runs with their records, verdicts, texts. Only read."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import pandas as pd

from analysis_utils.review import lineage
from analysis_utils.review.lineage import Record
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import OUTPUTS


@dataclass(frozen=True)
class Question:
    """A notebook with its runs."""

    name: str
    title: str
    runs: list[Record]

    @property
    def page(self) -> str:
        """Address of its page, from the start page."""
        return f"questions/{self.name}.html"


class Study:
    """The archived results, as the pages need them."""

    @cached_property
    def records(self) -> list[Record]:
        """Every archived run."""
        return lineage.records()

    @cached_property
    def questions(self) -> list[Question]:
        """The notebooks in order, each with its runs."""
        return [
            Question(name, heading(runs[0]), runs)
            for name, group in groupby(self.records, lambda r: r.folder.parent.name)
            if (runs := list(group))
        ]

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The table of verdicts; text where it is text, blank where missing."""
        table = pd.read_csv(OUTPUTS / "verdicts/verdicts.csv")
        text = table.columns[table.dtypes.map(pd.api.types.is_string_dtype)]
        table[text] = table[text].fillna("")
        return table

    def verdicts_of(self, question: Question) -> pd.DataFrame:
        """Verdicts whose result a run of this notebook recorded."""
        labels = [record.label for record in question.runs]
        return self.verdicts[self.verdicts["run"].isin(labels)]


def heading(record: Record) -> str:
    """First heading of a run's notebook."""
    for cell in record.notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.split("\n")[0][2:].strip()
    return record.folder.parent.name


def goal(record: Record) -> str:
    """The text below the first heading of a notebook."""
    for cell in record.notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return "\n".join(cell.source.split("\n")[1:]).strip()
    return ""


def sentences(record: Record) -> list[str]:
    """Sentences of a run, in order."""
    return [sentence["text"] for sentence in record.results.get("sentences", [])]


def displays(record: Record, kind: str) -> Iterator[tuple[str, dict]]:
    """Figures or tables (`kind`) of a run in the order that they were made."""
    shown = record.results.get(kind, {}).items()
    yield from sorted(shown, key=lambda item: (item[1].get("cell") or 0, item[0]))


def document(name: str) -> str:
    """A page of docs/, as Markdown."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def settings(path: Path) -> dict:
    """A YAML file of the site's sources."""
    import yaml

    from analysis_utils.asking import StringLoader

    return yaml.load(path.read_text(encoding="utf-8"), StringLoader)

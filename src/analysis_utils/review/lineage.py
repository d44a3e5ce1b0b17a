"""What a run recorded, and on what each of its numbers, tables and figures rests.

Where a thing was made and which data files were read where is recorded by the run;
which statements lie between is read from the executed notebook (see `dataflow`).
"""

import csv
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from analysis_utils import results_file
from analysis_utils.data_folder import rows
from analysis_utils.own import columns
from analysis_utils.review import calls, dataflow, notebooks, values
from analysis_utils.review.dataflow import Statement
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import OUTPUTS

KINDS = {"figures": "figure", "tables": "table"}


@dataclass(frozen=True)
class Item:
    """A number, sentence, test of a hypothesis, figure or table of a run.

    Attributes
    ----------
    kind, key : str
        What it is, and its name in the run.
    text : str
        The value, the sentence or the caption.
    cell, line : int or None
        Where it was recorded: number in `In [5]`, line in the cell.
    keys : tuple of str
        Of a sentence: the numbers in it.
    """

    kind: str
    key: str
    text: str
    cell: int | None
    line: int | None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """The archived outputs of one run, as its manifest and results tell them."""

    folder: Path
    stamp: dict = field(repr=False)
    results: dict = field(repr=False)

    @property
    def label(self) -> str:
        """`notebook/run`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @cached_property
    def notebook(self):
        """The executed notebook."""
        return notebooks.read(self.folder / f"{self.folder.parent.name}.ipynb")

    @cached_property
    def statements(self) -> list[Statement]:
        """Statements of all code cells, in order of execution."""
        cells = notebooks.code(self.notebook)
        return dataflow.statements((c.execution_count or 0, c.source) for c in cells)

    def position(self, cell: int | None) -> int | None:
        """Place in the source notebook, from 1, of a cell that ran as `In [cell]`."""
        own = [
            c
            for c in self.notebook.cells
            if notebooks.INJECTED not in c.metadata.get("tags", [])
        ]
        places = (n for n, c in enumerate(own, 1) if c.get("execution_count") == cell)
        return next(places, None) if cell else None

    @cached_property
    def items(self) -> list[Item]:
        """Everything that the run recorded."""
        return [
            *self._numbers(),
            *self._sentences(),
            *self._hypotheses(),
            *self._displays(),
        ]

    def _numbers(self) -> Iterator[Item]:
        for key, number in self.results.get("numbers", {}).items():
            text = f"{number['value']} {number['unit']}".strip()
            if number.get("low") is not None:
                text += (
                    f" ({number['level']:.0%} CI {number['low']} to {number['high']})"
                )
            label = f", {number['label']}" if number.get("label") else ""
            yield Item(
                "number", key, text + label, number.get("cell"), number.get("line")
            )

    def _sentences(self) -> Iterator[Item]:
        for place, sentence in enumerate(self.results.get("sentences", []), start=1):
            keys = tuple(dict.fromkeys(keys_in(sentence["template"])))
            at = sentence.get("cell"), sentence.get("line")
            yield Item("sentence", f"sentence {place}", sentence["text"], *at, keys)

    def _hypotheses(self) -> Iterator[Item]:
        for test in self.results.get("hypotheses", []):
            text = (
                f"{test['estimate']} ({test['low']} to {test['high']}), p = {test['p']}"
            )
            at = test.get("cell"), test.get("line")
            yield Item("hypothesis", f"{test['id']} ({test['role']})", text, *at)

    def _displays(self) -> Iterator[Item]:
        for part, kind in KINDS.items():
            for name, about in self.results.get(part, {}).items():
                yield Item(
                    kind, name, about["caption"], about.get("cell"), about.get("line")
                )

    def statements_of(self, item: Item) -> list[Statement]:
        """The statements that an item rests on, in order.

        A figure rests on its whole cell, where it is drawn; a sentence also on what
        its numbers rest on.
        """
        if item.cell is None:
            return self.statements
        line = None if item.kind == "figure" else item.line
        targets = dataflow.at(item.cell, line, self.statements)
        numbers = [i for i in self.items if i.kind == "number" and i.key in item.keys]
        targets += [
            s
            for n in numbers
            if n.cell
            for s in dataflow.at(n.cell, n.line, self.statements)
        ]
        return dataflow.backward(targets, self.statements)

    def data_of(self, item: Item) -> list[str]:
        """Names of the data files that an item rests on."""
        return self.data_read_by(self.statements_of(item))

    def data_read_by(self, used: list[Statement]) -> list[str]:
        """Names of the data files that statements read."""
        return sorted(
            name
            for name, places in self.stamp.get("read_at", {}).items()
            if any(read_in(place, used) for place in places)
        )

    def functions_of(self, item: Item) -> list[calls.Function]:
        """Functions of the package that an item's statements call."""
        return calls.called(self.statements_of(item))

    def shown_in(self, item: Item) -> list[str]:
        """Sentences, tables and figures of the run that show a number."""
        sentences = [i.key for i in self.items if item.key in i.keys]
        return sentences + list(self._cells_holding(item))

    def _cells_holding(self, item: Item) -> Iterator[str]:
        """Tables and figures whose data hold a number's value."""
        value = self.results["numbers"][item.key]["value"]
        if not distinctive(value):
            return
        for other in self.items:
            if other.kind in KINDS.values():
                for line, column in cells_equal(
                    self.folder / f"{other.key}.csv", value
                ):
                    yield f"{other.kind} {other.key}: line {line}, column {column}"
                    break


def keys_in(template: str) -> list[str]:
    """Keys of the numbers in a sentence's template."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def read_in(place: str, used: list[Statement]) -> bool:
    """Whether one of the statements read at a place (`cell:line`)."""
    cell, line = map(int, place.split(":"))
    if not cell:  # read outside the notebook's own process: every statement may use it
        return True
    lines = [
        (s.node.lineno, s.node.end_lineno or s.node.lineno)
        for s in used
        if s.cell == cell
    ]
    return any(not line or first <= line <= last for first, last in lines)


def distinctive(value: float | None) -> bool:
    """Whether a value has three digits, so that finding it elsewhere says something."""
    digits = re.sub(r"\D", "", f"{value}").strip("0") if value is not None else ""
    return len(digits) >= 3


def cells_equal(path: Path, value: float) -> Iterator[tuple[int, str]]:
    """Line and column of the cells of a CSV file that equal a value to 6 digits."""
    if not path.is_file():
        return
    with open(path, encoding="utf-8-sig", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            for column, cell in row.items():
                found = values.as_number(cell) if isinstance(cell, str) else None
                if found is not None and float(f"{found:.6g}") == value:
                    yield line, column


def records(outputs: Path = OUTPUTS) -> list[Record]:
    """The archived runs that can be read, in order."""
    found = []
    for stamp in sorted(outputs.glob(f"[0-9]*/*/{manifest.NAME}")):
        results = stamp.with_name("results.json")
        content = results_file.read(results) if results.exists() else {}
        found.append(Record(stamp.parent, manifest.read(stamp.parent) or {}, content))
    return found


# Where data come from


def published_sources(name: str) -> list[str]:
    """Sources of a data file, with addresses, from the data dictionary or data/own."""
    for resource in columns.documented():
        if f"data/{resource['path']}" == name:
            return [
                f"{source['title']}{': ' + source['path'] if 'path' in source else ''}"
                for source in resource.get("sources", [])
            ]
    return []


def published_files(name: str) -> list[dict[str, str]]:
    """Rows of data/sources.csv that a data file names by `source` or `sha256`."""
    path, register = ROOT / name, ROOT / "data/sources.csv"
    if name == "data/sources.csv" or not (path.is_file() and register.is_file()):
        return []
    named = set()
    for row in rows(path):
        named |= {row.get("sha256") or "", *(row.get("source") or "").split(";")}
    named = {text.strip() for text in named} - {""}
    return [r for r in rows(register) if r["id"] in named or r["sha256"] in named]


def addresses(name: str) -> list[str]:
    """Addresses in the column `url` of a data file, each once."""
    found = (
        {row.get("url") or "" for row in rows(ROOT / name)}
        if (ROOT / name).is_file()
        else set()
    )
    return sorted(found - {""})


def row_count(name: str) -> int:
    """Rows of a data file, its header aside."""
    with open(ROOT / name, encoding="utf-8", newline="") as stream:
        return max(sum(1 for _ in csv.reader(stream)) - 1, 0)

"""Every figure, table and number of the archive, with the cell that makes it."""

from dataclasses import dataclass
from functools import cache

from analysis_utils.review.lineage import Item, Record, records
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs import NOTEBOOKS

FILES = {"figure": ".pdf", "table": ".csv"}


@dataclass(frozen=True)
class Output:
    """Something published: what it is, what makes it, where it is.

    Attributes
    ----------
    kind, key, text : str
        "figure", "table", "number", "sentence" or "hypothesis"; its name in the run;
        caption, value or words.
    program : str
        Source notebook, from the project's root.
    cell, line : int or None
        Place of the cell in the notebook from 1, all cells counted; line in the cell.
    cell_id : str
        Id of the cell in the notebook's file.
    file : str
        Output file, from the project's root.
    """

    kind: str
    key: str
    text: str
    program: str
    cell: int | None
    cell_id: str
    line: int | None
    file: str

    @property
    def place(self) -> str:
        """`cell 9 (cell-09), line 4`."""
        if self.cell is None:
            return "-"
        return f"cell {self.cell} ({self.cell_id}), line {self.line}"


@cache
def source(name: str) -> Notebook:
    """A source notebook, read once."""
    return Notebook(NOTEBOOKS / f"{name}.ipynb")


def output(record: Record, item: Item) -> Output:
    """A recorded item with its program, place and file."""
    name = record.folder.parent.name
    cell = record.position(item.cell)
    cells = source(name).cells
    cell_id = cells[cell - 1].get("id", "no id") if cell and cell <= len(cells) else ""
    file = f"{item.key}{FILES[item.kind]}" if item.kind in FILES else "results.json"
    folder = record.folder.relative_to(ROOT).as_posix()
    program = f"notebooks/{name}.ipynb"
    place = (program, cell, cell_id, item.line)
    return Output(item.kind, item.key, item.text, *place, f"{folder}/{file}")


@cache
def outputs() -> dict[str, list[Output]]:
    """Outputs of each archived run by its label, in the order that they are made."""
    return {
        record.label: sorted(
            (output(record, item) for item in record.items),
            key=lambda out: (out.cell or 0, out.line or 0, out.kind, out.key),
        )
        for record in records()
    }

"""Executed notebooks as pages: pictures become files with their alternative text.

Nothing of an output runs in the page: HTML is cleaned, an SVG is shown as a picture.
"""

from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from analysis_utils.review.lineage import Record
from analysis_utils.site.question import figure_html
from analysis_utils.site.text import clean_html

INJECTED = "injected-parameters"


def write(record: Record, folder: Path) -> Path:
    """Write a run's notebook as a page of its own; its path."""
    name = f"{record.folder.parent.name}--{record.folder.name}"
    notebook = deepcopy(record.notebook)
    pictures = figures(record)
    place = 0
    for cell in notebook.cells:
        if INJECTED not in cell.metadata.get("tags", []):
            place += 1
            cell.metadata["place"] = place
        if cell.cell_type == "code":
            cell.outputs = [o for x in cell.outputs if (o := output(x, pictures))]
    notebook.cells = anchored(notebook.cells)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def anchored(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells, before each a place that a link can name."""
    found = []
    for cell in cells:
        place = cell.metadata.pop("place", None)
        if place:
            mark = f'<span id="cell-{place}" class="cell-place">cell {place}</span>'
            found.append(nbformat.v4.new_markdown_cell(mark))
            found[-1].pop("id", None)
            found[-1]["id"] = f"place-{place}"
        found.append(cell)
    return found


def figures(record: Record) -> dict[str, str]:
    """Each figure as HTML, by its alternative text."""
    return {
        about["alt"].strip(): figure_html(
            record.folder / f"{name}.svg",
            f"../files/{record.label}/{name}.svg",
            about,
        )
        for name, about in record.results.get("figures", {}).items()
    }


def output(found: NotebookNode, pictures: dict) -> NotebookNode | None:
    """An output that is safe to show; None for one that says nothing to a reader."""
    if found.output_type == "stream":
        return found if found.name == "stdout" else None
    if found.output_type == "error":
        return found
    data = found.data
    if found.metadata.get("caption"):  # the site writes captions below the pictures
        return None
    if "image/svg+xml" in data:
        return picture(found, pictures)
    if "text/html" in data:
        found.data = {"text/html": clean_html(data["text/html"])}
    return found


def picture(found: NotebookNode, pictures: dict[str, str]) -> NotebookNode:
    """A figure as HTML: the archived SVG file, its alternative text, its caption."""
    alt = found.data.get("text/plain", "").strip()
    if alt in pictures:
        data = {"text/html": pictures[alt]}
    else:  # drawn, and not published
        data = {"text/plain": alt or "A figure"}
    return nbformat.v4.new_output("display_data", data)

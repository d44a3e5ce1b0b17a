"""A source notebook as the driver sees it: cells, parameters cell, fingerprint."""

import ast
import hashlib
import json
import re
from functools import cached_property
from pathlib import Path

from analysis_utils.asking import Refused, text_of

PARAMETERS_TAG = "parameters"
# Such a cell counts as executed whatever becomes of it, and its imports are not seen.
OTHER_PROGRAM = re.compile(
    r"%%(script|bash|sh|perl|ruby|python[23]?|pypy|javascript|js|system|sx|cmd|!)\b|%%!"
)


class Notebook:
    """A source notebook (`.ipynb`, format 4) read as plain JSON.

    Parameters
    ----------
    path : Path
        The file. Raises Refused if it is not a notebook.
    """

    def __init__(self, path: Path):
        self.path = path
        self.name = path.stem
        self.cells = read_cells(path)

    def source(self, cell: dict) -> str:
        """Text of a cell (the format allows a list of lines)."""
        return "".join(cell["source"])

    @property
    def code(self) -> list[str]:
        """Sources of the code cells, in order."""
        return [self.source(c) for c in self.cells if c["cell_type"] == "code"]

    @cached_property
    def parameters_source(self) -> str:
        """Source of the cell tagged `parameters`; empty if there is none."""
        tagged = [
            self.source(cell)
            for cell in self.cells
            if PARAMETERS_TAG in (cell["metadata"].get("tags") or [])
        ]
        if len(tagged) > 1:
            raise Refused(
                f"{self.path.name} has {len(tagged)} cells tagged "
                f"`{PARAMETERS_TAG}`; keep one."
            )
        return tagged[0] if tagged else ""

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the cells' kinds and sources; outputs and metadata aside."""
        sources = [[cell["cell_type"], self.source(cell)] for cell in self.cells]
        content = [*sources, self.parameters_source]
        text = json.dumps(content, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def syntax(self) -> ast.Module:
        """Syntax tree of all code cells; lines of IPython magic are left out."""
        lines = "\n".join(self.code).splitlines()
        plain = ["" if line.lstrip()[:1] in "%!" else line for line in lines]
        try:
            return ast.parse("\n".join(plain))
        except SyntaxError as error:
            raise Refused(
                f"{self.path.name} holds code that Python cannot read: "
                f"{error.msg} in `{(error.text or '').strip()}`."
            ) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise Refused(
                f"{self.path.name} holds code that Python cannot read: {error}."
            ) from error


def read_cells(path: Path) -> list[dict]:
    """Cells of a notebook, each with kind, source and metadata of the right shape."""
    text = text_of(path)
    try:
        content = json.loads(text)
    except RecursionError:
        raise unreadable(path, "it is nested too deeply") from None
    except ValueError as error:
        raise unreadable(path, str(error)) from error
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise unreadable(path, "it has no list of cells")
    for number, cell in enumerate(cells, start=1):
        if fault := cell_fault(cell):
            raise unreadable(path, f"cell {number} {fault}")
        cell.setdefault("metadata", {})
    return cells


def unreadable(path: Path, reason: str) -> Refused:
    """The refusal of a file that is no notebook."""
    return Refused(
        f"{path.name} is not a notebook that can be read ({reason}); restore it from "
        "git or save it again from JupyterLab."
    )


def cell_fault(cell: object) -> str:
    """What is wrong with the shape of a cell, or with what it hands to others."""
    if not isinstance(cell, dict):
        return "is no cell"
    source, metadata = cell.get("source"), cell.get("metadata", {})
    lines: list = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        return "has no source"
    if cell.get("cell_type") not in ("code", "markdown", "raw"):
        return f"is of no known kind ({cell.get('cell_type')!r})"
    if not isinstance(metadata, dict):
        return "has no metadata that can be read"
    tags = metadata.get("tags", [])
    if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        return "has tags that are no list of words"
    magic = OTHER_PROGRAM.match("".join(lines).lstrip())
    if cell["cell_type"] == "code" and magic:
        return f"hands its text to another program ({magic[0]}): write it in Python"
    return ""

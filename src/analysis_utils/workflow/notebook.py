"""A source notebook as the driver sees it: cells, parameters cell, fingerprint."""

import ast
import hashlib
import json
from functools import cached_property
from pathlib import Path

from analysis_utils.asking import Refused

PARAMETERS_TAG = "parameters"


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
        try:
            self.cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"{path.name} is not a notebook that can be read ({error}); "
                "restore it from git or save it again from JupyterLab."
            ) from error

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
            if PARAMETERS_TAG in cell.get("metadata", {}).get("tags", [])
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
        content = [[cell["cell_type"], self.source(cell)] for cell in self.cells]
        content.append(self.parameters_source)
        text = json.dumps(content, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

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

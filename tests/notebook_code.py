"""The functions that a notebook defines, for tests, without running the notebook."""

import ast
from functools import cache
from types import SimpleNamespace

import nbformat

from analysis_utils.run_context import ROOT


def defines(node: ast.stmt) -> bool:
    """Whether a statement imports, defines, or sets a constant (in capitals)."""
    if isinstance(node, ast.Assign):
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return bool(names) and all(name.isupper() for name in names)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return isinstance(node, kinds)


@cache
def code_of(notebook: str) -> SimpleNamespace:
    """Imports, functions, classes and constants of a notebook, by name.

    A function that reads what another cell computes fails here with a NameError: it
    should take it as an argument.
    """
    path = ROOT / "notebooks" / f"{notebook}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if defines(node)]
    found: dict[str, object] = {"__name__": notebook}
    exec(compile(tree, str(path), "exec"), found)
    return SimpleNamespace(**found)

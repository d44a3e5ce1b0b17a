"""Functions of notebooks take what they need as arguments: a cell can be run again."""

import ast
import symtable
from collections.abc import Iterator

import nbformat
import pytest

from analysis_utils.run_context import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code(path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def computed(text: str) -> set[str]:
    """Names that cells set, other than functions, classes, imports and constants.

    Capitals are a constant unless a loop sets them. Names of comprehensions are their
    own.
    """
    defined = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    found: set[str] = set()
    for node in ast.parse(text).body:
        if not isinstance(node, defined):
            found |= set(stored(node, isinstance(node, ast.For)))
    return found


def stored(node: ast.AST, loop: bool) -> Iterator[str]:
    if isinstance(node, ast.comprehension):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        if loop or not node.id.isupper():
            yield node.id
    for child in ast.iter_child_nodes(node):
        yield from stored(child, loop)


def defaults(text: str) -> Iterator[str]:
    """Names that the defaults of functions read, once, when their cell runs."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            for value in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                for part in ast.walk(value):
                    if isinstance(part, ast.Name):
                        yield part.id


def functions(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Named functions at any depth."""
    for child in table.get_children():
        named = child.get_name() not in ("lambda", "genexpr", "listcomp", "dictcomp")
        if child.get_type() == "function" and named:
            yield child
        yield from functions(child)


def reads(table: symtable.SymbolTable) -> set[str]:
    """Global names that a function or anything inside it reads."""
    own = {s.get_name() for s in table.get_symbols() if s.is_global()}
    return own.union(*(reads(child) for child in table.get_children()))


def hidden(text: str) -> list[str]:
    """What each function reads of what other cells compute."""
    names = computed(text)
    kept = sorted(names & set(defaults(text)))
    return [f"a default is {name}" for name in kept] + [
        f"{function.get_name()} reads {', '.join(sorted(names & reads(function)))}"
        for function in functions(symtable.symtable(text, "notebook", "exec"))
        if names & reads(function)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_function_reads_what_another_cell_computes(path):
    assert not hidden(code(path)), "give it as an argument"


def test_a_function_that_reads_a_cell_is_named():
    text = "WEEK = 7\nseed = 1\ndef draw(n):\n    return [seed + WEEK for _ in n]\n"
    assert hidden(text) == ["draw reads seed"]
    assert hidden(text.replace("draw(n)", "draw(n, seed)")) == []
    assert hidden(text.replace("draw(n)", "draw(n, seed=seed)")) == [
        "a default is seed"
    ]
    assert hidden("sizes = [n for n in range(3)]\ndef f(n):\n    return n\n") == []
    assert hidden("for M in (1, 2):\n    pass\ndef f():\n    return M\n") == [
        "f reads M"
    ]

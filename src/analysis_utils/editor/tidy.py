"""Source notebooks as they are kept in git: no outputs, no traces of a machine.

`problems` says in words what is wrong with a notebook; `tidied` puts right what can
be put right without a decision. The order of cells is the author's to decide.
"""

import ast
import builtins
import copy
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from analysis_utils.asking import Refused
from analysis_utils.workflow.normalise import KERNELSPEC
from analysis_utils.workflow.notebook import Notebook

LANGUAGE = {"name": "python"}
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ADVICE = "; run `make tidy`"
GIVEN = {*dir(builtins), "display", "get_ipython", "__file__"}


def read(path: Path) -> NotebookNode:
    """A notebook of format 4 as it is on disk; Refused if it is none.

    Read without validation, which would fill in missing ids with random ones.
    """
    Notebook(path)
    try:
        return nbformat.v4.reads(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise Refused(f"{path.name} is no notebook of format 4: {error}") from error


def text(notebook: NotebookNode) -> str:
    """A notebook as it is written to disk."""
    return nbformat.writes(notebook) + "\n"


def tidied(notebook: NotebookNode) -> NotebookNode:
    """A copy without outputs, counts, machine's metadata and empty cells.

    Cell ids that are valid and unique stay, whatever they are; others are made from
    the cell's text, so that the same notebook always gets the same ids.
    """
    result = copy.deepcopy(notebook)
    result.metadata = NotebookNode(
        kernelspec=NotebookNode(KERNELSPEC), language_info=NotebookNode(LANGUAGE)
    )
    result.nbformat, result.nbformat_minor = 4, 5
    result.cells = [cell for cell in result.cells if cell.source.strip()]
    used: set[str] = set()
    for cell in result.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cell.id = stable_id(cell, used)
        used.add(cell.id)
    return result


def stable_id(cell: NotebookNode, used: set[str]) -> str:
    """The cell's own id if it is valid and new, else one made from its text."""
    own = cell.get("id", "")
    if CELL_ID.fullmatch(own) and own not in used:
        return own
    made = "cell-" + hashlib.sha256(cell.source.encode()).hexdigest()[:8]
    copies = (f"{made}-{number}" for number in range(2, 1000))
    return made if made not in used else next(c for c in copies if c not in used)


def problems(path: Path) -> list[str]:
    """What is wrong with a source notebook, one sentence each; empty if nothing."""
    notebook = read(path)
    found = [*machine_traces(notebook), *cell_problems(notebook)]
    if not found and text(tidied(notebook)) != path.read_text(encoding="utf-8"):
        found.append("is not written the way git keeps it")
    found = [f"{path.name} {sentence}{ADVICE}" for sentence in found]
    return found + [f"{path.name} {sentence}" for sentence in order_problems(notebook)]


def put_right(path: Path) -> list[str]:
    """Tidy a notebook on disk, whole or not at all; what was put right, in words."""
    before = problems(path)
    wanted = text(tidied(read(path)))
    if wanted == path.read_text(encoding="utf-8"):
        return []
    new = path.with_name(f".{path.name}.new")
    new.write_text(wanted, encoding="utf-8")
    os.replace(new, path)
    return [sentence.removesuffix(ADVICE) for sentence in before if ADVICE in sentence]


def machine_traces(notebook: NotebookNode) -> Iterator[str]:
    """What the notebook's own metadata say of the machine it was edited on."""
    kernel = notebook.metadata.get("kernelspec", {})
    if kernel != KERNELSPEC:
        yield f"names a kernel of one machine ({kernel.get('name', 'none')!r})"
    if notebook.metadata.get("language_info") != LANGUAGE:
        yield "records the Python version of one machine"
    if set(notebook.metadata) - {"kernelspec", "language_info"}:
        yield "keeps settings of an editor in its metadata"


def cell_problems(notebook: NotebookNode) -> Iterator[str]:
    """What is wrong with single cells."""
    ids = Counter(cell.get("id") for cell in notebook.cells)
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"cell {number} ({cell.get('id', 'no id')})"
        if not CELL_ID.fullmatch(cell.get("id", "")):
            yield f"{where}: has no id"
        elif ids[cell.id] > 1:
            yield f"{where}: has the same id as another cell"
        if cell.get("outputs"):
            yield f"{where}: carries outputs"
        if cell.get("execution_count"):
            yield f"{where}: carries the count of its last execution"
        if set(cell.metadata) - {"tags"}:
            yield f"{where}: keeps settings of an editor in its metadata"
        if not cell.source.strip():
            yield f"{where}: is empty"


def order_problems(notebook: NotebookNode) -> Iterator[str]:
    """Names that a cell uses before a later cell defines them, or that none defines."""
    cells = [
        (number, cell.get("id", "no id"), names(cell.source))
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
    ]
    if any("*" in defined for _, _, (defined, _) in cells):
        return  # `from module import *` may define anything
    known = set(GIVEN)
    for number, cell_id, (defined, used) in cells:
        known |= defined
        for name in sorted(used - known):
            yield f"cell {number} ({cell_id}): uses `{name}`, {later(name, cells)}"


def later(name: str, cells: list) -> str:
    """Where a name is defined, if anywhere, and what to do."""
    places = [number for number, _, (defined, _) in cells if name in defined]
    if not places:
        return "which no cell defines; define it in a cell above"
    return f"which cell {places[0]} defines further down; move one of the two"


def names(source: str) -> tuple[set[str], set[str]]:
    """Names that a cell defines, and names that it uses and does not define itself."""
    plain = [
        "pass" if line.lstrip()[:1] in ("%", "!") else line
        for line in source.splitlines()
    ]
    try:
        tree = ast.parse("\n".join(plain))
    except SyntaxError:
        return set(), set()  # the driver says what and where
    defined: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
    return defined, used - defined

"""Where random numbers are drawn and where their seeds are set, read from the code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from analysis_utils.review.lineage import records
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs import NOTEBOOKS

GENERATORS = ("default_rng", "SeedSequence", "RandomState", "Random")
SEEDS = ("seed", "random_state", "rng_seed")
GLOBAL = re.compile(r"(np\.|numpy\.)?random\.[a-z_]+")  # draws that share one state


@dataclass(frozen=True, order=True)
class Draw:
    """One line of code that makes a generator or gives a seed."""

    file: str
    line: int
    code: str
    controlled: bool


def programs() -> list[tuple[str, str]]:
    """Code that made the archive: file (and cell), source."""
    modules = {name for record in records() for name in record.stamp.get("modules", {})}
    names = {record.folder.parent.name for record in records()}
    found = [
        (name, (ROOT / name).read_text(encoding="utf-8"))
        for name in sorted(modules)
        if (ROOT / name).is_file()
    ]
    for name in sorted(names):
        notebook = Notebook(NOTEBOOKS / f"{name}.ipynb")
        for number, cell in enumerate(notebook.cells, start=1):
            if cell["cell_type"] == "code":
                place = f"notebooks/{name}.ipynb, cell {number}"
                found.append((place, notebook.source(cell)))
    return found


Place = ast.expr | ast.stmt | ast.arg  # nodes that have a line


def draws() -> list[Draw]:
    """Every place where the archive's code draws random numbers or sets a seed."""
    found: dict[tuple[str, int], Draw] = {}
    for file, text in programs():
        lines = text.splitlines()
        for node, controlled in places(text):
            place = file, node.lineno
            code = lines[node.lineno - 1].strip()
            known = found.get(place)
            controlled = controlled and (known is None or known.controlled)
            found[place] = Draw(*place, code, controlled)
    return sorted(found.values())


def places(text: str) -> Iterator[tuple[Place, bool]]:
    """Nodes that make a generator or give a seed, and whether a seed controls them."""
    plain = [
        "" if line.lstrip()[:1] in ("%", "!") else line for line in text.splitlines()
    ]
    tree = ast.parse("\n".join(plain))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from of_call(node)
        elif isinstance(node, ast.arguments):
            yield from defaults(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [ast.unparse(target).lower() for target in node.targets]
            if any(name.split(".")[-1] in SEEDS for name in names):
                yield node, True


def of_call(node: ast.Call) -> Iterator[tuple[Place, bool]]:
    """A call that makes a generator, draws from a global one, or is given a seed."""
    name = ast.unparse(node.func)
    if name.split(".")[-1] in GENERATORS:
        yield node, bool(node.args or node.keywords)
    elif GLOBAL.fullmatch(name):
        yield node, False
    for keyword in node.keywords:
        if keyword.arg in SEEDS and isinstance(keyword.value, ast.Constant):
            yield keyword.value, keyword.value.value is not None


def defaults(node: ast.arguments) -> Iterator[tuple[Place, bool]]:
    """Seeds that a function uses if none is given."""
    positional = [*node.posonlyargs, *node.args]
    pairs: list[tuple[ast.arg, ast.expr | None]]
    pairs = [*zip(positional[::-1], node.defaults[::-1], strict=False)]
    pairs += zip(node.kwonlyargs, node.kw_defaults, strict=True)
    for argument, value in pairs:
        if argument.arg in SEEDS and isinstance(value, ast.Constant):
            yield argument, value.value is not None

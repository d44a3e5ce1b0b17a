"""On which statements of a notebook a statement rests: a static backward slice.

A statement rests on those that assigned the names it uses, and so on backwards. An
assignment to part of a name (`x["a"] = ...`, `x += 1`) and a method called for its
effect (`x.append(...)`) count as changes of the name. What a function does to its
arguments unseen is not known here; notebooks hand out new tables instead.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Statement:
    """A statement of a notebook.

    Attributes
    ----------
    cell : int
        Number of its cell, as executed (`In [5]`).
    node : ast.stmt
    """

    cell: int
    node: ast.stmt

    @cached_property
    def inner(self) -> frozenset[str]:
        """Names that live inside it only: of comprehensions and functions."""
        found: set[str] = set()
        for node in ast.walk(self.node):
            if isinstance(node, ast.comprehension):
                found |= {
                    n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)
                }
            elif isinstance(node, ast.arg):
                found.add(node.arg)
        return frozenset(found)

    @cached_property
    def assigned(self) -> frozenset[str]:
        """Names that it gives a new value."""
        return frozenset(self._assigned()) - self.inner

    def _assigned(self) -> Iterator[str]:
        for node in ast.walk(self.node):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).split(".")[0]
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield node.name

    @cached_property
    def altered(self) -> frozenset[str]:
        """Names whose value it changes in place, as far as its text shows."""
        found = set()
        for node in ast.walk(self.node):
            stored = isinstance(getattr(node, "ctx", None), ast.Store)
            if stored and isinstance(node, (ast.Subscript, ast.Attribute)):
                found.add(root_name(node))
            elif isinstance(node, ast.AugAssign):
                found.add(root_name(node.target))
        if isinstance(self.node, ast.Expr) and isinstance(self.node.value, ast.Call):
            called = self.node.value.func
            found.add(root_name(called) if isinstance(called, ast.Attribute) else "")
        return frozenset(found - {""})

    @cached_property
    def used(self) -> frozenset[str]:
        """Names that it reads."""
        names = {
            node.id
            for node in ast.walk(self.node)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        return frozenset(names | self.altered) - self.inner

    @property
    def replaces(self) -> bool:
        """Whether nothing of the old values of the assigned names is left."""
        return isinstance(
            self.node, (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)
        )


def root_name(node: ast.AST) -> str:
    """The name that an attribute or subscript begins with: `x` of `x.a[0].b`."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def statements(cells: Iterable[tuple[int, str]]) -> list[Statement]:
    """Statements of code cells (number and source), in order.

    Lines of IPython magic are left out; a cell that is no Python is left out whole.
    """
    found = []
    for number, source in cells:
        lines = [
            "" if s.lstrip()[:1] in "%!" and s.strip() else s
            for s in source.splitlines()
        ]
        try:
            body = ast.parse("\n".join(lines)).body
        except SyntaxError:
            continue
        found += [Statement(number, node) for node in body]
    return found


def backward(
    targets: list[Statement], all_statements: list[Statement]
) -> list[Statement]:
    """The statements that `targets` rest on, themselves included, in order."""
    chosen = set(map(id, targets))
    modules = imported(all_statements)  # `publish.figure(...)` alters no `publish`
    wanted: set[str] = set()
    begun = False
    for statement in reversed(all_statements):
        begun = begun or id(statement) in chosen
        if begun and (statement.assigned | (statement.altered - modules)) & wanted:
            chosen.add(id(statement))
            if statement.replaces:
                wanted -= statement.assigned
        if id(statement) in chosen:
            wanted |= statement.used
    return [s for s in all_statements if id(s) in chosen]


def imported(all_statements: list[Statement]) -> frozenset[str]:
    """Names that imports have given."""
    imports = (
        s for s in all_statements if isinstance(s.node, (ast.Import, ast.ImportFrom))
    )
    return frozenset(name for s in imports for name in s.assigned)


def at(cell: int, line: int | None, among: list[Statement]) -> list[Statement]:
    """The statement at a line of a cell; the whole cell if the line is not known."""
    here = [s for s in among if s.cell == cell]
    exact = [
        s for s in here if line and s.node.lineno <= line <= (s.node.end_lineno or 0)
    ]
    return exact or here

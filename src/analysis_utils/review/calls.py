"""Functions and classes of the package that statements call, and where they are."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis_utils.review.dataflow import Statement
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.imports import PACKAGE, SOURCE, module_file


@dataclass(frozen=True, order=True)
class Function:
    """A function, class or method of the package: dotted name, file and line."""

    name: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.name}  ({self.file}:{self.line})"


def called(sliced: Iterable[Statement]) -> list[Function]:
    """Functions of the package that statements call, sorted."""
    aliases: dict[str, str] = {}
    objects: dict[str, str] = {}  # names that hold an object of a class of the package
    found = set()
    for statement in sliced:
        aliases |= imports(statement.node)
        for name in names_called(statement.node):
            found.update(resolve(name, aliases, objects))
        objects |= instances(statement.node, aliases)
    return sorted(found)


@cache
def names_called(node: ast.stmt) -> frozenset[str]:
    """Dotted names of what a statement calls."""
    calls = (n for n in ast.walk(node) if isinstance(n, ast.Call))
    return frozenset(dotted(call.func) for call in calls)


def imports(node: ast.stmt, package: str = "") -> dict[str, str]:
    """Names that an import gives, with what they stand for.

    `package` is the package of the module itself, for relative imports.
    """
    if isinstance(node, ast.Import):
        whole = {a.asname: a.name for a in node.names if a.asname}
        return whole | {
            a.name.split(".")[0]: a.name.split(".")[0]
            for a in node.names
            if not a.asname
        }
    if isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
        return {a.asname or a.name: f"{base}.{a.name}" for a in node.names}
    return {}


def instances(node: ast.stmt, aliases: dict[str, str]) -> dict[str, str]:
    """Names assigned from a call: the class or function that was called."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
        return {}
    full = expand(dotted(node.value.func), aliases)
    return {t.id: full for t in node.targets if isinstance(t, ast.Name)} if full else {}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression made of names and attributes; else empty."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def expand(name: str, aliases: dict[str, str]) -> str:
    """A dotted name with its alias replaced; empty if it is not of the package."""
    head, _, rest = name.partition(".")
    full = ".".join(filter(None, [aliases.get(head, ""), rest]))
    return full if full.split(".")[0] == PACKAGE else ""


def resolve(
    name: str, aliases: dict[str, str], objects: dict[str, str]
) -> list[Function]:
    """The function behind a call, if it is one of the package."""
    head, _, method = name.partition(".")
    if head in objects and method:
        home = of_class(objects[head], method)
    else:
        home = define(expand(name, aliases))
    return [home[0]] if home else []


def of_class(name: str, method: str) -> tuple[Function, ast.AST] | None:
    """A method of a class of the package."""
    home = define(name)
    if not home or not isinstance(home[1], ast.ClassDef):
        return None
    for node in home[1].body:
        if isinstance(node, ast.FunctionDef) and node.name == method:
            return Function(f"{home[0].name}.{method}", home[0].file, node.lineno), node
    return None


@cache
def define(name: str, depth: int = 5) -> tuple[Function, ast.AST] | None:
    """Where a dotted name is defined; imports are followed to the definition."""
    module, _, member = name.rpartition(".")
    path = module_file(module) if module else None
    if path is None or not depth:
        return None
    for node in body(path):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == member:
            place = path.relative_to(ROOT).as_posix()
            return Function(name, place, node.lineno), node
    package = ".".join(path.relative_to(SOURCE).parts[:-1])
    for node in body(path):
        if isinstance(node, ast.ImportFrom) and member in imports(node, package):
            return define(imports(node, package)[member], depth - 1)
    return None


@cache
def body(path: Path) -> tuple[ast.stmt, ...]:
    """Statements of a module."""
    return tuple(ast.parse(path.read_text(encoding="utf-8")).body)

"""Which modules of the package a piece of code imports, directly or not.

Read from the source, not from a run: an import inside a function counts as well,
so the answer is never too small and is known before anything has run.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.workflow.code import code_of, imported_names

SOURCE = ROOT / "src"
PACKAGE = "analysis_utils"


@cache
def module_file(name: str) -> Path | None:
    """File of a module of the package, given its dotted name."""
    base = SOURCE / Path(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def in_package(names: Iterator[str]) -> set[Path]:
    """Files behind the names that belong to the package, parents included."""
    files = set()
    for name in names:
        parts = name.split(".")
        if parts[0] != PACKAGE:
            continue
        for length in range(1, len(parts) + 1):
            path = module_file(".".join(parts[:length]))
            if path:
                files.add(path)
    return files


@cache
def direct_imports(path: Path) -> frozenset[Path]:
    """Files of the package that one module imports by itself."""
    return frozenset(in_package(iter(code_of(path, package_of(path)).imports)))


def package_of(path: Path) -> str:
    """Dotted name of the package that a module lies in."""
    return ".".join(path.relative_to(SOURCE).parts[:-1])


def all_imports(tree: ast.AST) -> list[Path]:
    """Files of the package that a syntax tree rests on, directly or not, sorted."""
    return closure(in_package(imported_names(tree)))


def all_imports_of(names: list[str]) -> list[Path]:
    """The files of some modules and of all that they import, sorted."""
    return closure(in_package(iter(names)))


def closure(waiting: set[Path]) -> list[Path]:
    """These files and all that they import."""
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= direct_imports(path) - found
    return sorted(found)

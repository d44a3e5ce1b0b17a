"""What a module says to Python: its syntax tree without comments and docstrings.

An edit that changes no code makes no run stale. The text of the tree is our own,
because `ast.dump` differs between versions of Python. What was found is kept beside
`.venv` by the content's SHA-256: reading 170 modules anew costs half a second.
"""

import ast
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis_utils.workflow.determinism import private_folder

CACHE = "modules.json"
FORM = "1"  # of what is kept: another number forgets it
KEPT = 2000  # entries, before the file is begun anew
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
LEFT_OUT = ("ctx", "type_comment", "type_ignores", "kind")


@dataclass(frozen=True)
class Code:
    """A module: fingerprint of its syntax, and the dotted names that it imports."""

    fingerprint: str
    imports: tuple[str, ...]


def imported_names(tree: ast.AST, package: str = "") -> Iterator[str]:
    """Dotted names that a syntax tree imports from the package.

    `package` is the package of the module itself, for relative imports.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            parts = (above if node.level else []) + (
                [node.module] if node.module else []
            )
            base = ".".join(parts)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def fingerprint(content: bytes) -> str:
    """SHA-256 of a module's syntax tree without comments and docstrings.

    Of its bytes where Python cannot read it.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return hashlib.sha256(content).hexdigest()
    text = "".join(written(tree))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def written(node: object) -> Iterator[str]:
    """A node in words, the same under every version of Python."""
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            if name == "body" and isinstance(node, DOCUMENTED):
                value = without_docstring(value)
            if value is None or value == [] or name in LEFT_OUT:
                continue  # later versions have fields that are empty in most code
            yield f" {name}="
            yield from written(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for part in node:
            yield from written(part)
            yield ","
        yield "]"
    else:
        yield f"{type(node).__name__}:{node!r}"


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements of a module, class or function after its docstring."""
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        if isinstance(first.value.value, str):
            return body[1:]
    return body


class Known:
    """What was found of modules before, by SHA-256 of their content."""

    def __init__(self) -> None:
        self.path = private_folder() / CACHE
        self.codes: dict[str, list] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["form"] == FORM and len(content["codes"]) < KEPT:
                self.codes = content["codes"]

    def code(self, content: bytes, package: str) -> Code:
        """A module's code; `package` is the one it lies in, for relative imports."""
        key = f"{hashlib.sha256(content).hexdigest()} {package}"
        if key not in self.codes:
            names = imported_names(ast.parse(content), package)
            self.codes[key] = [fingerprint(content), sorted(set(names))]
            self.write()
        digest, names = self.codes[key]
        return Code(digest, tuple(names))

    def write(self) -> None:
        """Keep what was found; losing it costs time only."""
        with suppress(OSError):
            new = self.path.with_name(f"{CACHE}.{os.getpid()}")
            text = json.dumps({"form": FORM, "codes": self.codes})
            new.write_text(text, encoding="utf-8")
            os.replace(new, self.path)


@cache
def known() -> Known:
    """The one memory of this process."""
    return Known()


def code_of(path: Path, package: str = "") -> Code:
    """Code of a module on disk."""
    return known().code(path.read_bytes(), package)

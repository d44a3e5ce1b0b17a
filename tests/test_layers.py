"""The parts of the package know only those before them (docs/how_it_works.md)."""

import ast
import re
from functools import cache
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.workflow.code import imported_names
from analysis_utils.workflow.imports import SOURCE, module_file, package_of

PACKAGE = SOURCE / "analysis_utils"
ROW = re.compile(r"^\| (`[^|]+) \|", re.M)


def layers() -> dict[str, int]:
    """Row of each part in the table of how_it_works.md."""
    page = (ROOT / "docs" / "how_it_works.md").read_text(encoding="utf-8")
    rows = [re.findall(r"`([\w.]+)/?`", row) for row in ROW.findall(page)]
    return {part.removesuffix(".py"): n for n, row in enumerate(rows) for part in row}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[Path]:
    """Files of the package that a module imports, annotations and functions too."""
    names = imported_names(ast.parse(path.read_text()), package_of(path))
    inside = {module_file(name) for name in names if name.startswith(PACKAGE.name)}
    return inside - {None, path, PACKAGE / "__init__.py"}


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_part_has_a_row():
    assert {part(path) for path in modules()} - {"__init__"} == set(layers())


def test_no_part_knows_a_later_one():
    row = layers()
    upward = [
        f"{path.relative_to(PACKAGE)} imports {other.relative_to(PACKAGE)}"
        for path in modules()
        if part(path) in row
        for other in imports(path)
        if row[part(other)] > row[part(path)]
    ]
    assert not upward


@cache
def needed(path: Path) -> set[Path]:
    """What a module imports, for its annotations too; a package is its modules."""
    return {one for one in imports(path) if one.stem != "__init__"}


def test_no_module_imports_itself_through_others():
    for start in modules():
        seen, waiting = set(), set(needed(start))
        while waiting:
            one = waiting.pop()
            seen.add(one)
            waiting |= needed(one) - seen
        assert start not in seen, f"{start.relative_to(PACKAGE)} is in a circle"

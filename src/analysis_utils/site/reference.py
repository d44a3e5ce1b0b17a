"""Pages that a reader looks things up in: data dictionary, methods, API, guide."""

import ast
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.site.sources import rows_of
from analysis_utils.site.study import document, resources
from analysis_utils.site.text import plain, table

PACKAGE = ROOT / "src/analysis_utils"


def data_page() -> str:
    """The data dictionary: every file with its columns."""
    parts = ["# Data", "Every file of `data/` with its columns, sources and licence."]
    for resource in resources():
        path = f"data/{resource['path']}"
        sources = "; ".join(source["title"] for source in resource.get("sources", []))
        parts += [
            f"({resource['name'].replace('_', '-')})=\n## {plain(resource['title'])}",
            f"`{path}`, {rows_of(path):,} rows. {plain(resource['description'])}"
            f"\n\nSources: {plain(sources)}",
            table(
                f"Columns of {path}",
                ("Column", "Type", "What it holds"),
                (
                    (f["name"], f.get("type", ""), f.get("description", ""))
                    for f in resource["schema"]["fields"]
                ),
            ),
        ]
    return "\n\n".join(parts) + "\n"


def methods_page() -> str:
    """Published numbers beside ours, and links to error rates and speed."""
    return document("validation.md")


def api_pages() -> dict[str, str]:
    """A page for each public module of `methods/`, from its docstrings."""
    names = sorted(
        path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
        for path in (PACKAGE / "methods").rglob("*.py")
        if has_public(path)
    )
    names = [name.removesuffix(".__init__") for name in names]
    pages = {f"api/{name.rsplit('methods.', 1)[-1]}.md": module(name) for name in names}
    toc = "\n".join(page.removeprefix("api/").removesuffix(".md") for page in pages)
    pages["api/index.md"] = (
        "# Functions of `methods/`\n\nStatistics on plain pandas and numpy; they know "
        f"nothing of this study.\n\n```{{toctree}}\n:maxdepth: 1\n\n{toc}\n```\n"
    )
    return pages


def has_public(path: Path) -> bool:
    """Whether a module defines something whose name has no leading underscore."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_"
        for node in tree.body
    )


def module(name: str) -> str:
    """The page of one module."""
    short = name.removeprefix("analysis_utils.")
    return (
        f"# {short}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n"
        "   :show-inheritance:\n```\n"
    )

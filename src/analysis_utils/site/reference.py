"""Pages that a reader looks things up in: data dictionary, methods, API, guide."""

import ast
import re
from pathlib import Path

import analysis_utils.own.columns as own_files
from analysis_utils.run_context import ROOT
from analysis_utils.site.question import folded
from analysis_utils.site.sources import rows_of
from analysis_utils.site.study import document
from analysis_utils.site.text import plain, table

GUIDES = (
    "guide.md",
    "use.md",
    "own_data.md",
    "reuse.md",
    "how_it_works.md",
    "your_paper.md",
)
# Files that texts of docs/ lead to, and the pages that show the same.
SHOWN = {name: name for name in GUIDES} | {
    "validation.md": "methods.md",
    "../outputs/README.md": "verdicts.md",
    "../data/README.md": "data.md",
}
PACKAGE = ROOT / "src/analysis_utils"


def data_page() -> str:
    """The data dictionary: every file with its columns."""
    parts = ["# Data", "Every file of `data/` with its columns, sources and licence."]
    for resource in own_files.documented():
        path = f"data/{resource['path']}"
        sources = "; ".join(source["title"] for source in resource.get("sources", []))
        parts += [
            f"({resource['name'].replace('_', '-')})=\n## {plain(resource['title'])}",
            f"`{path}`, {rows_of(path):,} rows. {plain(resource['description'])}"
            f"\n\nSources: {plain(sources)}",
            folded(
                f"Its {len(resource['schema']['fields'])} columns", columns(resource)
            ),
        ]
    return "\n\n".join(parts) + "\n"


def columns(resource: dict) -> str:
    """The columns of a data file, with types and what they hold."""
    return table(
        f"Columns of data/{resource['path']}",
        ("Column", "Type", "What it holds"),
        (
            (f["name"], f.get("type", ""), f.get("description", ""))
            for f in resource["schema"]["fields"]
        ),
    )


def methods_page() -> str:
    """Published numbers beside ours, and links to error rates and speed."""
    return document("validation.md")


def documented(name: str) -> str:
    """A text of docs/ as a page; what the site does not hold is named, not linked."""

    def led(match: re.Match) -> str:
        words, address = match.groups()
        place, sign, anchor = address.partition("#")
        if place in SHOWN:
            return f"[{words}]({SHOWN[place]}{sign}{anchor})"
        return match[0] if re.match("https?:|#", address) else words

    text = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", led, document(name))
    return f"{text}\n{BESIDE}" if name == GUIDES[0] else text


BESIDE = """
```{toctree}
:maxdepth: 1

Use and change the study <use>
Your own data <own_data>
Another programme <reuse>
How it works <how_it_works>
Numbers in your own paper <your_paper>
```
"""


def api_pages() -> dict[str, str]:
    """Pages of functions, from their docstrings: `publish`, and all of `methods/`."""
    folder = PACKAGE / "methods"
    pages = {}
    for path in sorted(p for p in folder.iterdir() if p.name[0] != "_"):
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        if parts := [module(p) for p in files if has_public(p)]:
            head = described(path) if path.is_dir() else ""
            pages[path.stem] = "\n".join([f"# {plain(path.stem)}\n", head, *parts])
    toc = "\n".join(pages)
    pages["publish"] = publish_page()
    pages["index"] = (
        "# Functions\n\nWhat a notebook records with, numbers, sentences, figures, "
        "answers: [publish](publish.md). Statistics on plain pandas and numpy, which "
        "know nothing of this study, are in `methods/`:\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\npublish\n{toc}\n```\n"
    )
    return {f"api/{name}.md": text for name, text in pages.items()}


def publish_page() -> str:
    """What notebooks call in `publish`: the package's own names, charts, maps."""
    folder = PACKAGE / "publish"
    parts = [described(folder, "   :members:")]
    parts += [module(folder / f"{name}.py") for name in ("charts", "maps")]
    return "\n".join(["# publish\n", *parts])


def has_public(path: Path) -> bool:
    """Whether a module offers something: by its `__all__`, else by a name."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node in body:
        match node:
            case (
                ast.Assign(targets=[ast.Name("__all__")], value=ast.List(elts))
                | ast.AnnAssign(target=ast.Name("__all__"), value=ast.List(elts))
            ):
                return bool(elts) and path.name != "__init__.py"
    offered = (ast.FunctionDef, ast.ClassDef)
    return any(isinstance(node, offered) and node.name[0] != "_" for node in body)


def module(path: Path) -> str:
    """The part of a page that shows one module."""
    short = dotted(path).removeprefix("analysis_utils.")
    return f"## {plain(short)}\n\n{described(path, '   :members:')}"


def described(path: Path, *options: str) -> str:
    """What the docstrings of a module or package say."""
    lines = [f".. automodule:: {dotted(path)}", *options]
    return "\n".join(["```{eval-rst}", *lines, "```", ""])


def dotted(path: Path) -> str:
    """Name of a module or package by its path."""
    place = path.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join(place.parts).removesuffix(".__init__")

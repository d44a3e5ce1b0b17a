"""Text from data made safe for Markdown: shown as it is, never read as markup."""

import re
from urllib.parse import quote

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
MARKUP = re.compile(r"[\\`*_\[\]|~$]")
ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)  # these become links by themselves
BLOCK = re.compile(r"^[#+=-]|^\d{1,9}[.)](?=\s|$)")  # a heading, a list


def escaped(text: str) -> str:
    """Text in one line in which nothing is markup, HTML or a link.

    Fit for a paragraph, a cell of a table, a heading and the text of a link.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = "".join(ENTITIES.get(c, c) for c in line)
    line = MARKUP.sub(lambda found: "\\" + found[0], line)
    line = ADDRESS.sub(_broken, line)
    return BLOCK.sub(_unblocked, line)


def _broken(found: re.Match) -> str:
    """The beginning of an address that is no longer read as one."""
    return found[0].replace(":", "&#58;").replace(".", "&#46;")


def _unblocked(found: re.Match) -> str:
    """A line's beginning that is not that of a heading or a list."""
    return f"{found[0][:-1]}&#{ord(found[0][-1])};"


def link(text: str, path: str) -> str:
    """A link to a file of the project, by its relative path."""
    return f"[{escaped(text)}]({quote(path)})"


def image(alternative: str, path: str) -> str:
    """A picture with its alternative text."""
    return f"!{link(alternative, path)}"


def row(cells: list[str]) -> str:
    """A row of a table; the cells are Markdown already."""
    return "| " + " | ".join(cells) + " |"

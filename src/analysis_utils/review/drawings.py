"""What a drawing says beside its pixels: its text, elements, colours, coordinates.

White text, a changed title or a shape of no size leave no pixel changed. So all of a
drawing but its coordinates is compared exactly, and its coordinates as numbers.
"""

import re
import xml.etree.ElementTree as ET
from itertools import zip_longest

from analysis_utils.review.findings import printable

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# The attributes that hold coordinates; a number elsewhere (a colour, an id) is text.
PLACED = {
    "d", "points", "transform", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r",
    "rx", "ry", "dx", "dy", "width", "height", "viewBox",
}  # fmt: skip
Part = tuple[str, str, str]  # element, what of it, its text with # for coordinates


def compare_svg(one: bytes, other: bytes) -> tuple[str, float]:
    """What differs in two SVGs but their coordinates, and how far those are apart.

    Empty words and 0 where only the way of writing differs (line ends, spaces).
    Raises ParseError for what is no XML.
    """
    (parts, numbers), (others, moved) = map(svg_parts, (one, other))
    for a, b in zip_longest(parts, others):
        if a != b:
            return difference(a, b), 0.0
    return "", max((abs(a - b) for a, b in zip(numbers, moved, strict=True)), default=0)


def difference(archived: Part | None, remade: Part | None) -> str:
    """The first part that is not the same, in words."""
    if archived is None or remade is None:
        here = remade or archived or ("", "", "")
        return f"an element <{here[0]}> is {'missing' if remade else 'added'}"
    if archived[0] != remade[0]:
        return f"<{archived[0]}> stands where <{remade[0]}> is made"
    old, new = printable(archived[2], 60), printable(remade[2], 60)
    what = archived[1] if archived[1] == remade[1] else "attributes"
    return f"{what} of <{archived[0]}> is {old!r}, made {new!r}"


def svg_parts(content: bytes) -> tuple[list[Part], list[float]]:
    """Elements, attributes and texts in order; coordinates, in the same order."""
    parts: list[Part] = []
    numbers: list[float] = []
    for element in ET.fromstring(content).iter():
        tag = str(element.tag).rpartition("}")[2]
        parts.append((tag, "name", ""))
        for name, value in sorted(element.attrib.items()):
            if name in PLACED:
                numbers += map(float, NUMBER.findall(value))
                value = NUMBER.sub("#", value)
            parts.append((tag, name, " ".join(value.split())))
        for what, text in (("text", element.text), ("text after", element.tail)):
            if text and text.strip():
                parts.append((tag, what, text.strip()))
    return parts, numbers


def compare_pdf(one: bytes, other: bytes) -> str:
    """What differs in two PDFs beside their pixels: pages, text, metadata, objects."""
    for (what, archived), (_, remade) in zip(
        pdf_parts(one), pdf_parts(other), strict=True
    ):
        if archived != remade:
            return (
                f"{what}: {printable(archived, 60)!r}, made {printable(remade, 60)!r}"
            )
    return ""


def pdf_parts(content: bytes) -> list[tuple[str, object]]:
    """What can be read in a PDF without drawing it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    pages = list(document)
    return [
        ("metadata", document.get_metadata_dict()),
        ("pages", len(pages)),
        ("text", [page.get_textpage().get_text_range() for page in pages]),
        ("kinds of objects", [[o.type for o in page.get_objects()] for page in pages]),
    ]

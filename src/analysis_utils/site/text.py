"""Markdown and HTML made safe: what data say never becomes a tag or a link."""

import re
from collections.abc import Iterable
from html import escape

import bleach

# What a table or a figure of a notebook is made of; scripts, styles, frames are not.
TAGS = {
    "a", "b", "br", "caption", "code", "details", "div", "em", "figcaption", "figure",
    "i", "img", "li", "ol", "p", "pre", "span", "strong", "sub", "summary", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "*": ["class", "id"],
    "a": ["href"],
    "img": ["src", "alt", "width", "height"],
    "div": ["tabindex", "role", "aria-label"],
    "td": ["colspan", "rowspan"],
    "th": ["scope", "colspan", "rowspan"],
}

CODE = re.compile("`([^`]+)`")
DAY = re.compile(r"\d{4}-\d\d-\d\d")  # stays on one line


def plain(text: object) -> str:
    """Text for a Markdown page: signs that Markdown or HTML would read are escaped.

    What stands between two backticks stays code.
    """
    parts = CODE.split(" ".join(str(text).split()))
    for place, part in enumerate(parts):
        sign = r"([\\`*_{}\[\]<>#|$~])"
        parts[place] = f"`{part}`" if place % 2 else re.sub(sign, r"\\\1", part)
    return "".join(parts)


def clean_html(text: str) -> str:
    """HTML of a notebook's output with nothing in it that runs or loads."""
    return bleach.clean(
        text, tags=TAGS, attributes=ATTRIBUTES, protocols={"http", "https"}, strip=True
    )


def table(
    caption: str,
    head: Iterable[str],
    rows: Iterable[Iterable[object]],
    numeric: Iterable[int] = (),
) -> str:
    """A table as HTML with caption and scopes; the first cell of a row names it.

    `numeric` are the columns, from 0, whose numbers are set to the right. Cells that
    are `Html` are put in as they are.
    """
    right = set(numeric)
    body = []
    for row in rows:
        cells = [
            f'<td class="number">{cell(x)}</td>'
            if n in right
            else f"<td{' class=day' * bool(DAY.fullmatch(str(x)))}>{cell(x)}</td>"
            for n, x in enumerate(row)
        ]
        first = cells[0].replace("<td", '<th scope="row"').replace("</td>", "</th>")
        body.append(f"<tr>{first}{''.join(cells[1:])}</tr>")
    heads = "".join(
        f'<th scope="col"{" class=number" if n in right else ""}>{escape(h)}</th>'
        for n, h in enumerate(head)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


class Html(str):
    """Text that is HTML already."""


def coded(text: str) -> Html:
    """Text as HTML; what stands between two backticks is code."""
    return Html(CODE.sub(r"<code>\1</code>", escape(text)))


def cell(value: object) -> str:
    """One cell of a table."""
    return value if isinstance(value, Html) else coded(str(value))


def link(text: str, address: str) -> Html:
    """A link as HTML."""
    return Html(f'<a href="{escape(address)}">{escape(text)}</a>')

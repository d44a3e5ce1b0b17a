"""Markdown and HTML made safe: what data say never becomes a tag or a link."""

import re
from collections.abc import Callable, Iterable
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
    stacked: bool = False,
) -> str:
    """A table as HTML with caption and scopes; the first cell of a row names it.

    `numeric` are the columns, from 0, whose numbers are set to the right. Cells that
    are `Html` are put in as they are. With `stacked` the cells of a row stand one below
    another on a small window, each with the heading of its column.
    """
    heads, right = tuple(head), set(numeric)
    # Said in words where the browser forgets it, as the parts are blocks
    role = (' role="{}"' if stacked else "").format
    labels = [f' data-label="{escape(h)}"' if stacked else "" for h in heads]
    body = "".join(table_row(row, labels, right, role) for row in rows)
    tops = "".join(
        f'<th{role("columnheader")} scope="col"{" class=number" if n in right else ""}>'
        f"{escape(h)}</th>"
        for n, h in enumerate(heads)
    )
    return (
        f'<div class="scroll{" stacked" * stacked}" tabindex="0" role="region" '
        f'aria-label="{escape(caption)}">'
        f"<table{role('table')}><caption>{escape(caption)}</caption>"
        f"<thead{role('rowgroup')}><tr{role('row')}>{tops}</tr></thead>"
        f"<tbody{role('rowgroup')}>{body}</tbody></table></div>"
    )


def table_row(
    row: Iterable[object],
    labels: list[str],
    right: set[int],
    role: Callable[[str], str],
) -> str:
    """A row of `table`: the first cell is its heading."""
    cells = []
    for n, value in enumerate(row):
        kind = "number" if n in right else "day" * bool(DAY.fullmatch(str(value)))
        about = f' class="{kind}"' if kind else ""
        if n:
            made = f"<td{role('cell')}{about}{labels[n]}>{cell(value)}</td>"
        else:
            made = f'<th{role("rowheader")} scope="row"{about}>{cell(value)}</th>'
        cells.append(made)
    return f"<tr{role('row')}>{''.join(cells)}</tr>"


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

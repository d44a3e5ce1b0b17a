"""Where each number comes from: its cell, functions, data and sources, precomputed."""

import re
from dataclasses import dataclass
from functools import cache
from html import escape

from analysis_utils.review import calls, lineage
from analysis_utils.review.lineage import Item, Record
from analysis_utils.site.text import Html, link, table


@dataclass(frozen=True)
class Origin:
    """What one number, figure or table rests on."""

    item: Item
    cell: int | None
    functions: list[str]
    data: list[str]


def origins(record: Record) -> list[Origin]:
    """Every recorded item of a run but its sentences, in order."""
    wanted = [i for i in record.items if i.kind in ("number", "hypothesis")]
    return [origin(record, item) for item in wanted]


def origin(record: Record, item: Item) -> Origin:
    """What one item rests on."""
    used = record.statements_of(item)
    functions = [function.name for function in calls.called(used)]
    data = record.data_read_by(used)
    return Origin(item, record.position(item.cell), functions, data)


@cache
def rows_of(name: str) -> int:
    """Rows of a data file."""
    return lineage.row_count(name)


@cache
def published(name: str) -> tuple[str, ...]:
    """Published sources of a data file."""
    return tuple(lineage.published_sources(name))


def origin_table(record: Record, root: str, page: str) -> str:
    """The numbers of a run with their cells, functions and data.

    `root` is the way to the start page, `page` the address of the executed notebook;
    each cell is a place in it.
    """
    return table(
        f"Where the numbers of {record.label} come from",
        ("Number", "Value", "Cell", "Functions", "Data"),
        (
            (
                o.item.key,
                o.item.text,
                link(f"cell {o.cell}", f"{page}#cell-{o.cell}") if o.cell else "",
                Html("<br>".join(f"<code>{short(f)}</code>" for f in o.functions)),
                Html("<br>".join(data_link(name, root) for name in o.data)),
            )
            for o in origins(record)
        ),
    )


def source_table(record: Record, root: str) -> str:
    """The data files that a run read, with their rows and published sources."""
    return table(
        f"Data of {record.label} and where they were published",
        ("File", "Rows", "Published sources"),
        (
            (data_link(name, root), f"{rows_of(name):,}", listed(name))
            for name in sorted(record.stamp.get("data", {}))
        ),
        numeric=(1,),
    )


def listed(name: str) -> Html:
    """Published sources of a data file, their addresses as links."""
    return Html("<br>".join(linked(source) for source in published(name)))


def linked(source: str) -> str:
    """A source, `words: address` or words alone."""
    words, found, address = source.partition(": http")
    return link(words, f"http{address}") if found else escape(source)


def short(function: str) -> str:
    """A function's name without the package's."""
    return function.removeprefix("analysis_utils.")


def data_link(name: str, root: str) -> Html:
    """A data file, linked to its place in the data dictionary."""
    place = name.removeprefix("data/").removeprefix("hand/").removesuffix(".csv")
    anchor = re.sub("[/_]", "-", place)
    return link(name, f"{root}data.html#{anchor}")

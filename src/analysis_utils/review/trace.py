"""Where a number comes from, and what rests on a data file, in words.

A key is `notebook/run:name`; the name alone does if no other run has it.
"""

from collections.abc import Iterator
from textwrap import indent, shorten

from analysis_utils.asking import Refused, nearest
from analysis_utils.review import lineage
from analysis_utils.review.findings import printable
from analysis_utils.review.lineage import Item, Record
from analysis_utils.run_context import ROOT, sha256

MOST_FILES = 3


def of_key(key: str) -> str:
    """All that is known of a number, figure, table or sentence. Raises Refused."""
    record, item = find(key, archived())
    return "\n".join(printable_lines(describe(record, item)))


def of_data(name: str) -> str:
    """Everything that rests on a data file. Raises Refused."""
    found = archived()
    name = name.removeprefix("./")
    known = sorted({file for record in found for file in record.stamp.get("data", {})})
    if name not in known:
        if (ROOT / name).is_file():
            raise Refused(f"no archived run reads {name}; they read {', '.join(known)}")
        raise Refused(f"no data file {name!r}{nearest(name, known)}")
    return "\n".join(printable_lines(resting_on(name, found)))


def archived() -> list[Record]:
    """The archived runs; Refused if there are none."""
    found = lineage.records()
    if not found:
        raise Refused("there are no archived outputs here; `make all` makes them")
    return found


def printable_lines(lines: Iterator[str]) -> list[str]:
    """Lines without control characters."""
    return [
        line[: len(line) - len(line.lstrip())] + printable(line, 400) for line in lines
    ]


# Finding what is asked for


def find(key: str, among: list[Record]) -> tuple[Record, Item]:
    """The one item of a key, or of a name that only one run has. Raises Refused."""
    where, _, name = key.rpartition(":")
    every = [(record, item) for record in among for item in record.items]
    found = [
        (record, item)
        for record, item in every
        if item.key == name and where in ("", record.label, record.folder.parent.name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        keys = "\n".join(f"  KEY={full_key(*pair)}" for pair in found)
        raise Refused(f"{key!r} names {len(found)} things; choose one:\n{keys}")
    full = [full_key(*pair) for pair in every]
    short = [item.key for _, item in every]
    raise Refused(
        f"no archived run recorded {key!r}{nearest(key, full if where else short)}"
    )


def full_key(record: Record, item: Item) -> str:
    """`notebook/run:name`."""
    return f"{record.label}:{item.key}"


# Forwards


def describe(record: Record, item: Item) -> Iterator[str]:
    """An item: its value, where it is shown, made, and what it rests on."""
    yield f"{item.kind} {full_key(record, item)}"
    yield f"  {item.text}"
    if item.kind == "number":
        yield from section("Shown in", shown(record, item))
    yield from section("Made by", made_by(record, item))
    yield from section("Statements it rests on", steps(record, item))
    yield from section(
        "Functions of the package that these call", map(str, record.functions_of(item))
    )
    yield from section("Data files", data_files(record, item))
    yield from section("Published sources", sources(record, item))


def section(title: str, lines: Iterator[str] | list[str]) -> Iterator[str]:
    """A titled block."""
    yield ""
    yield title
    yield from (indent(line, "  ") for line in list(lines) or ["none"])


def shown(record: Record, item: Item) -> Iterator[str]:
    """Where a number is shown."""
    texts = {i.key: i.text for i in record.items}
    for place in record.shown_in(item):
        yield f"{place}: {texts[place]}" if place in texts else place
    if not lineage.distinctive(record.results["numbers"][item.key]["value"]):
        yield "(a value of one or two digits is not looked for in tables and figures)"


def made_by(record: Record, item: Item) -> Iterator[str]:
    """Notebook, cell and run of an item."""
    line = f", line {item.line}" if item.line else ""
    name = f"{record.folder.parent.name}.ipynb"
    yield f"notebooks/{name}, cell {record.position(item.cell)}{line}"
    yield f"outputs/{record.label}/{name}, In [{item.cell}]{line}"
    yield f"run {record.label}, parameters {record.stamp.get('parameters', {})}"


def steps(record: Record, item: Item) -> Iterator[str]:
    """Source of the statements that an item rests on, imports aside."""
    import ast

    sources = {
        c.execution_count: c.source
        for c in record.notebook.cells
        if c.cell_type == "code"
    }
    for s in record.statements_of(item):
        if not isinstance(s.node, (ast.Import, ast.ImportFrom)):
            text = ast.get_source_segment(sources[s.cell], s.node) or ast.unparse(
                s.node
            )
            yield f"In [{s.cell}]  {shorten(text, 150, placeholder=' …')}"


def data_files(record: Record, item: Item) -> Iterator[str]:
    """Data files of an item: rows, SHA-256, whether they are still the same."""
    for name in record.data_of(item):
        digest = record.stamp["data"][name]
        path = ROOT / name
        if not path.is_file():
            yield f"{name}: not here any more; SHA-256 {digest}"
            continue
        same = "" if sha256(path) == digest else " (changed since the run)"
        yield f"{name}: {lineage.row_count(name):,} rows, SHA-256 {digest}{same}"


def sources(record: Record, item: Item) -> Iterator[str]:
    """Published sources of the data files of an item."""
    for name in record.data_of(item):
        for source in lineage.published_sources(name):
            yield f"{name} <- {source}"
        addresses = lineage.addresses(name)
        if addresses:
            yield f"  {len(addresses)} addresses, in its column url"
        files = lineage.published_files(name)
        for row in files[:MOST_FILES]:
            address = f"github:{row['repository']}@{row['commit'][:12]}:{row['path']}"
            yield f"  {row['id']}: {address}, SHA-256 {row['sha256'][:16]}…"
        if len(files) > MOST_FILES:
            more = len(files) - MOST_FILES
            yield f"  and {more} more published files (data/sources.csv)"


# Backwards


def resting_on(name: str, among: list[Record]) -> Iterator[str]:
    """Everything that rests on a data file, by run."""
    users = [record for record in among if name in record.stamp.get("data", {})]
    items = {r.label: [i for i in r.items if name in r.data_of(i)] for r in users}
    total = sum(i.kind == "number" for found in items.values() for i in found)
    runs = f"{len(users)} run{'s' * (len(users) != 1)}"
    numbers = "1 number rests" if total == 1 else f"{total} numbers rest"
    yield f"{name}: read by {runs}; {numbers} on it"
    for record in users:
        yield ""
        yield record.label
        found = items[record.label]
        width = max((len(f"{i.kind} {i.key}") for i in found), default=0)
        for item in found:
            about = shorten(item.text, 90, placeholder=" …")
            yield f"  {f'{item.kind} {item.key}':<{width}}  {about}"
        if not found:
            yield "  reads it, but nothing recorded rests on it"

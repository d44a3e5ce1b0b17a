"""What data/own/columns.csv declares: each column of each of your own files."""

import re
from dataclasses import dataclass
from pathlib import Path

from analysis_utils import csv_text, data_folder
from analysis_utils.asking import Refused, nearest
from analysis_utils.csv_text import shown
from analysis_utils.own import lines
from analysis_utils.own.types import KINDS
from analysis_utils.run_context import ROOT

FOLDER = ROOT / "data" / "own"
TABLE_NAME = "columns"
TABLE = f"{TABLE_NAME}.csv"
FILLED = ("file", "column", "type", "description", "source", "licence")
NAME = re.compile(r"[a-z][a-z0-9_]*")
OTHERS = (TABLE, "README.md")  # files of the folder that are no data


@dataclass(frozen=True)
class Column:
    """A declared column: what its cells are, and whether they may be missing."""

    name: str
    kind: str
    key: bool
    missing: bool
    unit: str
    description: str
    source: str
    licence: str


# Columns of columns.csv itself
HEADING = {
    "file": "file in data/own",
    "column": "its column",
    "type": "what a cell is",
    "key": "yes where it is part of what tells the rows apart",
    "missing": "yes where a cell may be empty",
    "unit": "unit of the values",
    "description": "what the column holds",
    "source": "who published it and where, or how it was made",
    "licence": "on what terms it may be passed on",
}
ITSELF = [
    Column(name, "text", False, True, "", text, "This study's authors", "CC-BY-4.0")
    for name, text in HEADING.items()
]


def of(name: str, folder: Path = FOLDER) -> list[Column]:
    """Columns of a file (`mine` or `mine.csv`), keys first, then by name.

    Raises Refused for a file that has no row in columns.csv.
    """
    files, name = declared(folder), name.removesuffix(".csv")
    if name in files:
        return files[name]
    path, table = shown(folder / f"{name}.csv"), shown(folder / TABLE)
    if (folder / f"{name}.csv").exists() and f"{name}.csv" not in OTHERS:
        raise Refused(
            f"{path} is not declared: give each of its columns a row in {table} "
            "(docs/own_data.md)"
        )
    raise Refused(f"{table} declares no file {name!r}{nearest(name, files)}")


def declared(folder: Path = FOLDER) -> dict[str, list[Column]]:
    """Every declared file with its columns; Refused has a line for each fault."""
    path = folder / TABLE
    if not path.exists():
        raise Refused(f"{shown(path)} is missing: git restore it")
    lines.refuse_other_files(path)
    table = csv_text.read(path)
    if odd := sorted(set(table.columns) ^ set(HEADING)):
        raise Refused(
            f"{shown(path)}, line 1: its columns are {', '.join(HEADING)}; "
            f"differing: {', '.join(odd)}"
        )
    rows = [
        {name: cell.strip() for name, cell in row.items()}
        for row in table.to_dict("records")
    ]
    if faults := [*_twice(rows), *_row_faults(rows)]:
        raise lines.refused(path, sorted(faults))
    files: dict[str, list[Column]] = {}
    for row in sorted(rows, key=lambda row: (row["key"] != "yes", row["column"])):
        files.setdefault(row["file"].removesuffix(".csv"), []).append(_column(row))
    return dict(sorted(files.items()))


def undeclared(folder: Path = FOLDER) -> list[str]:
    """Names of the files in data/own that no row of columns.csv declares."""
    known = {*OTHERS, *(f"{name}.csv" for name in declared(folder))}
    there = (path.name for path in folder.iterdir() if path.name[0] != ".")
    return sorted(name for name in there if name not in known)


def resources(folder: Path = FOLDER) -> list[dict]:
    """Your own files that are there, as data/datapackage.json would describe them."""
    declarations = declared(folder) if (folder / TABLE).exists() else {}
    files = {
        name: columns
        for name, columns in declarations.items()
        if (folder / f"{name}.csv").exists()
    }
    return [
        _resource(*file) for file in [*files.items(), (TABLE_NAME, ITSELF)] if files
    ]


def documented() -> list[dict]:
    """Every file of data/ that is described: the data dictionary's, then your own."""
    return [*data_folder.package()["resources"], *resources()]


def _resource(name: str, columns: list[Column]) -> dict:
    """A file as data/datapackage.json would describe it."""
    sources, licences = (
        list(dict.fromkeys(getattr(one, what) for one in columns))
        for what in ("source", "licence")
    )
    return {
        "name": f"own-{name}",
        "path": f"own/{name}.csv",
        "title": f"Own data: {name}",
        "description": f"Described in data/own/{TABLE}.",
        "sources": [{"title": text} for text in sources],
        "licenses": [{"name": text, "title": text} for text in licences],
        "schema": {"fields": [_field(one) for one in columns]},
    }


def _field(one: Column) -> dict[str, str]:
    unit = f" ({one.unit})" if one.unit else ""
    words = one.description.rstrip(".") + f"{unit}."
    return {"name": one.name, "type": one.kind, "description": words}


def _column(row: dict[str, str]) -> Column:
    """The column that a row without faults declares."""
    return Column(
        name=row["column"],
        kind=row["type"],
        key=row["key"] == "yes",
        missing=row["missing"] == "yes",
        unit=row["unit"],
        description=row["description"],
        source=row["source"],
        licence=row["licence"],
    )


def _twice(rows: list[dict[str, str]]) -> list[lines.Fault]:
    """Columns that are declared before."""
    seen: set[tuple[str, str]] = set()
    found = []
    for number, row in enumerate(rows):
        one = row["file"].removesuffix(".csv"), row["column"]
        if one in seen:
            found.append((number, f"{', '.join(one)} is declared above too; keep one"))
        seen.add(one)
    return found


def _row_faults(rows: list[dict[str, str]]) -> list[lines.Fault]:
    return [(n, fault) for n, row in enumerate(rows) for fault in _faults(row)]


def _faults(row: dict[str, str]) -> list[str]:
    """What is wrong with one row."""
    found = [f"{name} is empty" for name in FILLED if not row[name]]
    file, kind = row["file"].removesuffix(".csv"), row["type"]
    if file and (not NAME.fullmatch(file) or f"{file}.csv" in OTHERS):
        found.append(
            f"{row['file']!r} cannot be the name of a file here: small letters, "
            "digits and _, beginning with a letter"
        )
    if kind and kind not in KINDS:
        found.append(f"{kind!r} is no type{nearest(kind, KINDS)}")
    for name in ("key", "missing"):
        if row[name] not in ("yes", "no", ""):
            found.append(f"{name} is {row[name]!r}; write yes, no or nothing")
    if row["key"] == row["missing"] == "yes":
        found.append("a key may not be missing: it tells the rows apart")
    return found

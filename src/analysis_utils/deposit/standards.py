"""The standard files of an archive, written from the study when it is packed.

Git does not keep them: they follow from what it keeps, and are made for an archive.
"""

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

from analysis_utils.deposit import (
    codecheck,
    data,
    inventory,
    programs,
    randomness,
    replication,
    zenodo,
)


def outputs() -> str:
    """inventory/outputs.csv: everything published, with the cell that makes it."""
    head = ("run", "kind", "key", "program", "cell", "cell_id", "line", "file", "text")
    return table(
        head,
        (
            (label, o.kind, o.key, o.program, o.cell, o.cell_id, o.line, o.file, o.text)
            for label, items in inventory.outputs().items()
            for o in items
        ),
    )


def data_files() -> str:
    """inventory/data_files.csv: every file of data/, its size, sources, licence."""
    head = ("file", "title", "description", "rows", "columns", "sources", "licence")
    return table(
        head,
        (
            (
                f.path,
                f.title,
                f.description,
                f.rows,
                f.columns,
                "; ".join(f.sources),
                f.licence,
            )
            for f in data.data_files()
        ),
    )


def sources() -> str:
    """inventory/sources.csv: every source, its address, licences, the files."""
    return table(
        ("source", "address", "licences", "files"),
        (
            (s.title, s.address, "; ".join(s.licences), "; ".join(s.files))
            for s in data.sources()
        ),
    )


def all_programs() -> str:
    """inventory/programs.csv: notebooks, modules and packages, and what for."""
    return table(
        ("program", "purpose"),
        [(p.path, p.purpose) for p in programs.notebooks() + programs.modules()]
        + [(f"{name} {version}", why) for name, version, why in programs.packages()],
    )


def draws() -> str:
    """inventory/randomness.csv: each line of code at which a generator is seeded."""
    return table(
        ("file", "line", "seeded", "code"),
        ((d.file, d.line, d.controlled, d.code) for d in randomness.draws()),
    )


FILES: dict[str, Callable[[], str]] = {
    "README.txt": replication.text,
    "codecheck.yml": codecheck.text,
    ".zenodo.json": zenodo.text,
    "inventory/outputs.csv": outputs,
    "inventory/data_files.csv": data_files,
    "inventory/sources.csv": sources,
    "inventory/programs.csv": all_programs,
    "inventory/randomness.csv": draws,
}


def texts() -> dict[str, str]:
    """The standard files by name, as this study gives them."""
    return {name: made() for name, made in FILES.items()}


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV; what is missing is blank."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(["" if x is None else x for x in row] for row in rows)
    return stream.getvalue()


def write(folder: Path) -> list[str]:
    """Write them below a folder, to be looked at; their names."""
    made = texts()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(made)

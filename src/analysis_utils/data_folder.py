"""data/ as files: its dictionary, and single columns as text, without pandas.

The lower half of the door to data/: `datasets` loads typed tables through it, and the
driver checks parameters with it before anything heavy is imported.
"""

import csv
import hashlib
import json
from functools import cache
from pathlib import Path

from analysis_utils import run_context
from analysis_utils.asking import Refused, nearest

DATA = run_context.ROOT / "data"
PACKAGE = "datapackage.json"


@cache
def package(folder: Path = DATA) -> dict:
    """The data dictionary, data/datapackage.json."""
    path = folder / PACKAGE
    with run_context.unrecorded():  # a run rests on the tables that it asks for
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise Refused(
                f"data/{PACKAGE} cannot be read ({error}); git restore data/{PACKAGE}"
            ) from error


def resource(name: str, folder: Path = DATA) -> dict:
    """What the dictionary says of a table; Refused if it has none of that name."""
    known = {one["name"]: one for one in package(folder)["resources"]}
    if name not in known:
        raise Refused(f"no table {name!r} in data/{PACKAGE}{nearest(name, known)}")
    return known[name]


def schema_fingerprint(name: str, folder: Path = DATA) -> str:
    """SHA-256 of how a table is read: its columns, types and constraints."""
    text = json.dumps(resource(name, folder)["schema"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file as text."""
    with open(path, encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def column(name: str, field: str, folder: Path = DATA) -> tuple[str, ...]:
    """One column of a table, as text."""
    path = folder / resource(name, folder)["path"]
    try:
        return tuple(row[field] for row in rows(path))
    except (OSError, KeyError) as error:
        raise Refused(
            f"data/{path.name} cannot be read ({error}); git restore data/{path.name}"
        ) from error

"""The register in formats that people use: one Parquet and one SQLite file.

Both are built from data/ and carry its dictionary; they are not archived.
"""

import json
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pandas as pd

from analysis_utils import datasets, run_context

FOLDER = run_context.ROOT / "export"
PARQUET, SQLITE = "register.parquet", "register.sqlite"
JOINED = ["agreements", "agency_links", "agencies_at_risk"]
DICTIONARY = ["table", "column", "type", "unit", "description"]


def main(folder: Path = FOLDER) -> list[Path]:
    """Write both files, each whole or not at all; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, write in ((PARQUET, write_parquet), (SQLITE, write_sqlite)):
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as place:
            write(Path(place) / name)
            os.replace(Path(place) / name, folder / name)
        made.append(folder / name)
    return made


def agreements() -> pd.DataFrame:
    """Agreements with the ORI of their agency and what the FBI's list says of it."""
    links = datasets.agency_links().set_index("agency_id")[["ori", "grade"]]
    agencies = datasets.agencies_at_risk(units=True).set_index("ori")
    table = datasets.agreements().join(links, on="agency_id")
    return blank_is_missing(table.join(agencies[["officers", "population"]], on="ori"))


def blank_is_missing(table: pd.DataFrame) -> pd.DataFrame:
    """The table with NULL where a text cell is blank, as other programs expect."""
    text = table.select_dtypes(["object", "string"]).columns
    return table.assign(**{name: table[name].replace("", None) for name in text})


def dictionary(folder: Path = datasets.DATA) -> pd.DataFrame:
    """Every column of every table with its type, unit and meaning."""
    package = json.loads((folder / datasets.PACKAGE).read_text(encoding="utf-8"))
    return pd.DataFrame(
        [
            (resource["name"], field["name"], field["type"], field.get("unit", ""))
            + (field["description"],)
            for resource in tables(package)
            for field in resource["schema"]["fields"]
        ],
        columns=DICTIONARY,
    )


def tables(package: dict) -> list[dict]:
    """The compiled tables of a data package; hand tables stay where they are."""
    return [r for r in package["resources"] if "/" not in r["path"]]


def write_parquet(path: Path) -> None:
    """One row an agreement; the dictionary is in the metadata under "dictionary"."""
    import duckdb  # late: no other command of the register needs it

    rows = agreements()
    known = dictionary()
    known = known[known["table"].isin(JOINED) & known["column"].isin(rows.columns)]
    known = known.drop_duplicates("column")  # the first table explains a shared name
    text = json.dumps(known.to_dict("records"), ensure_ascii=False).replace("'", "''")
    target = str(path).replace("'", "''")
    days = ", ".join(
        f"CAST({name} AS DATE) AS {name}" for name in rows.select_dtypes("datetime")
    )
    with closing(duckdb.connect()) as base:
        base.register("register", rows)
        base.sql(
            f"COPY (SELECT * REPLACE ({days}) FROM register) TO '{target}' "
            f"(FORMAT parquet, KV_METADATA {{dictionary: '{text}'}})"
        )


def write_sqlite(path: Path) -> None:
    """One table for each compiled table, and `dictionary`; dates as 2025-01-20."""
    package = json.loads((datasets.DATA / datasets.PACKAGE).read_text("utf-8"))
    with closing(sqlite3.connect(path)) as base:
        for resource in tables(package):
            table = blank_is_missing(datasets.load(resource["name"]))
            for column in table.select_dtypes("datetime").columns:
                table[column] = table[column].dt.strftime("%Y-%m-%d")
            table.to_sql(resource["name"], base, index=False)
        dictionary().to_sql("dictionary", base, index=False)
        base.commit()

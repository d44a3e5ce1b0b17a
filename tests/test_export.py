"""`make export`: the register in Parquet and SQLite says what data/ says."""

import json
import re
import sqlite3
from contextlib import closing

import duckdb
import pandas as pd
import pytest

from analysis_utils import datasets
from analysis_utils.collect import sources
from analysis_utils.deposit import export


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export's")  # an apostrophe, as in names of people
    export.main(folder)
    return folder


def query(made, sql):
    with closing(sqlite3.connect(made / export.SQLITE)) as base:
        return pd.read_sql(sql, base)


def test_parquet_has_every_agreement_with_its_agency(made):
    path = str(made / export.PARQUET)
    table = duckdb.read_parquet(path).df()
    known = datasets.agreements()
    assert table.agreement_id.tolist() == known.agreement_id.tolist()
    assert (table.signed.isna() == known.signed.isna()).all()
    signed = pd.to_datetime(table.signed)
    assert (signed.dropna() == known.signed.dropna()).all()
    links = datasets.agency_links().set_index("agency_id").ori
    assert (table.ori.fillna("") == table.agency_id.map(links)).all()
    sheriffs = table[(table.agency_kind == "sheriff") & table.ori.notna()]
    assert sheriffs.officers.notna().all() and (table.county != "").all()


def test_parquet_carries_the_meaning_of_every_column(made):
    path = str(made / export.PARQUET)
    with closing(duckdb.connect()) as base:
        columns = [
            row[0] for row in base.sql(f"DESCRIBE FROM {quoted(path)}").fetchall()
        ]
        found = base.sql(
            f"SELECT * FROM parquet_kv_metadata({quoted(path)})"
        ).fetchall()
    text = next(value for _, key, value in found if key == b"dictionary")
    entries = json.loads(text)
    assert {entry["column"] for entry in entries} == set(columns)
    assert all(entry["description"] for entry in entries)


def quoted(path):
    return "'" + path.replace("'", "''") + "'"


def test_sqlite_has_the_compiled_tables_with_their_rows(made):
    names = set(query(made, "SELECT name FROM sqlite_master").name)
    assert {"agreements", "spells", "agency_links", "counties", "dictionary"} <= names
    for name in ("agreements", "spells", "counties", "policy_events"):
        rows = query(made, f"SELECT count(*) AS n FROM {name}").n.iloc[0]
        assert rows == len(datasets.load(name))
    days = query(made, "SELECT signed FROM agreements WHERE signed IS NOT NULL").signed
    assert days.str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    known = query(made, "SELECT * FROM dictionary")
    for name in names - {"dictionary"}:
        columns = query(made, f"SELECT * FROM {name} LIMIT 0").columns
        assert set(known.column[known.table == name]) == set(columns)


def test_a_second_export_replaces_the_first_and_leaves_nothing_beside(made):
    before = (made / export.PARQUET).read_bytes()
    export.main(made)
    assert (made / export.PARQUET).read_bytes() == before
    assert {path.name for path in made.iterdir()} == {export.PARQUET, export.SQLITE}


def test_the_lines_that_open_the_files_run(tmp_path, monkeypatch):
    export.main(tmp_path / "export")
    monkeypatch.chdir(tmp_path)
    text = (sources.DATA / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    assert len(blocks) == 2
    for block in blocks:
        scope = {}
        exec(block, scope)
        assert len(scope["register"]) > 1000

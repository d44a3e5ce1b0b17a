"""The standard files are those that the study gives, complete and true."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from functools import cache

import pytest
import yaml

from analysis_utils.asking import Refused
from analysis_utils.deposit import (
    about,
    codecheck,
    data,
    inventory,
    measure,
    randomness,
    replication,
    standards,
    zenodo,
)
from analysis_utils.own import columns
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs import study_runs

SECTIONS = [
    "## Overview",
    "## Data Availability and Provenance Statements",
    "### Statement about Rights",
    "### Summary of Availability",
    "### Details on each Data Source",
    "## Dataset list",
    "## Computational requirements",
    "### Software Requirements",
    "### Controlled Randomness",
    "### Memory, Runtime, Storage Requirements",
    "## Description of programs/code",
    "## Instructions to Replicators",
    "## List of tables and programs",
    "## References",
]


@cache
def texts() -> dict[str, str]:
    """The files by name: made here, not where pytest collects the tests."""
    return standards.texts()


def readme() -> str:
    return texts()["README.txt"]


def listed(name: str) -> list[dict[str, str]]:
    """Rows of an inventory."""
    return list(csv.DictReader(io.StringIO(texts()[f"inventory/{name}.csv"])))


@pytest.mark.long
def test_the_same_bytes_elsewhere(tmp_path):
    code = "from analysis_utils.deposit.standards import write; import pathlib, sys; "
    code += "write(pathlib.Path(sys.argv[1]))"
    other = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", code, str(tmp_path)]
    subprocess.check_call(command, env=os.environ | other, cwd="/")
    assert {n: (tmp_path / n).read_text(encoding="utf-8") for n in texts()} == texts()


def test_a_data_editor_can_read_it_in_two_pages():
    assert len(readme().splitlines()) <= 180


# Replication README


def test_the_replication_readme_has_every_section_in_order():
    places = [readme().index(f"\n{section}\n") for section in SECTIONS]
    assert places == sorted(places)


def test_every_data_file_and_source_has_its_statement():
    files = [row["file"] for row in listed("data_files")]
    assert files == [file.path for file in data.data_files()]
    for source in listed("sources"):
        assert source["source"] and source["licences"]
        assert set(source["files"].split("; ")) <= set(files)
    described = {f"data/{r['path']}" for r in columns.documented()}
    on_disk = {p.relative_to(ROOT).as_posix() for p in (ROOT / "data").rglob("*.csv")}
    apart = ("data/raw/", "data/own/")
    study = {name for name in on_disk if not name.startswith(apart)}
    assert study == {name for name in described if not name.startswith(apart)}


def test_rows_are_those_of_the_files():
    import pandas as pd

    for file in data.data_files():
        table = pd.read_csv(ROOT / file.path, dtype=str)
        assert (len(table), table.shape[1]) == (file.rows, file.columns), file.path


def test_every_figure_table_and_number_is_listed_with_its_cell():
    for run in study_runs():
        stamp = manifest.read(run.folder)["outputs"]
        results = json.loads((run.folder / "results.json").read_text())
        items = inventory.outputs()[run.label]
        folder = run.folder.relative_to(ROOT)
        drawn = {f"{folder}/{n}" for n in stamp if n.endswith(".pdf")}
        assert {o.file for o in items if o.kind == "figure"} == drawn
        tabled = {f"{folder}/{n[:-4]}.csv" for n in stamp if n.endswith(".tex")}
        assert {o.file for o in items if o.kind == "table"} == tabled
        assert {o.key for o in items if o.kind == "number"} == set(results["numbers"])
        assert all((ROOT / item.file).is_file() for item in items)
        rows = [row for row in listed("outputs") if row["run"] == run.label]
        assert [(r["kind"], r["key"], r["file"]) for r in rows] == [
            (o.kind, o.key, o.file) for o in items
        ]


def test_the_cell_named_is_the_one_that_makes_it():
    """In the source notebook; a literal name stands in its cell, and in no other."""
    for items in inventory.outputs().values():
        for item in (o for o in items if o.kind in ("figure", "table", "number")):
            notebook = Notebook(ROOT / item.program)
            sources = [notebook.source(cell) for cell in notebook.cells]
            naming = [n for n, s in enumerate(sources, 1) if f'"{item.key}"' in s]
            assert item.cell in naming or not naming, item
            assert notebook.cells[item.cell - 1]["id"] == item.cell_id
            assert len(sources[item.cell - 1].splitlines()) >= item.line


def test_rights_are_claimed_only_for_open_licences(monkeypatch):
    assert "- [x] All data are publicly available." in readme()
    file = data.data_files()[0]
    closed = (type(file)(**(vars(file) | {"licence": "CC-BY-NC-4.0"})),)
    monkeypatch.setattr(data, "data_files", lambda: closed)
    assert "- [ ] All data are publicly available." in replication.text()


def test_works_named_in_notebooks_are_found():
    text = "(Lopez Bernal et al. 2017; Bai and Perron 2003; Yule 1926), not (May 2025)"
    found = replication.CITED.findall(text)
    assert found == [("Lopez Bernal", "2017"), ("Bai", "2003"), ("Yule", "1926")]
    assert any("(2002) Segmented regression" in work for work in about.references())


# Randomness


def draws(text: str) -> list[tuple[int, bool]]:
    return sorted((node.lineno, good) for node, good in randomness.places(text))


@pytest.mark.parametrize(
    ("text", "controlled"),
    [
        ("rng = np.random.default_rng()", False),
        ("rng = np.random.default_rng(287)", True),
        ("x = np.random.normal(size=3)", False),
        ("np.random.SeedSequence(seed).spawn(2)", True),
        ("def f(n, seed: int = 0): pass", True),
        ("def f(n, *, seed=None): pass", False),
        ("fit(seed=1)", True),
        ("fit(random_state=None)", False),
        ("SEED = 20250120", True),
        ("%matplotlib inline\nrandom.shuffle(x)", False),
    ],
)
def test_seeds_and_generators_are_found(text, controlled):
    assert [good for _, good in draws(text)] == [controlled]


def test_code_without_chance_has_none():
    assert draws("seed_bank = 3\nx = np.mean([1, 2])\nrandom_walk(x)") == []


def test_every_draw_of_the_study_is_controlled_and_its_line_is_true():
    found = randomness.draws()
    assert found and all(draw.controlled for draw in found)
    for draw in found:
        if ", cell " not in draw.file:
            line = (ROOT / draw.file).read_text().splitlines()[draw.line - 1]
            assert line.strip() == draw.code
    assert [(r["file"], int(r["line"])) for r in listed("randomness")] == [
        (draw.file, draw.line) for draw in found
    ]


# Measured needs


def test_time_and_memory_of_a_command_are_measured():
    code = "import time; x = b'1' * 150_000_000; time.sleep(0.5)"
    used = measure.usage([sys.executable, "-c", code])
    assert 0.5 <= used.seconds < 20
    assert 150 <= used.megabytes < 200


def test_a_command_that_fails_is_not_measured():
    with pytest.raises(Refused, match="no such luck"):
        measure.usage([sys.executable, "-c", "raise SystemExit('no such luck')"])


def test_a_measurement_is_of_one_text_of_the_notebook():
    measured = {
        "runs": {"a/main": {"seconds": 2, "megabytes": 3, "notebook": "f" * 12}}
    }
    assert not measure.of_run(measured, "a/main", "f" * 64)["stale"]
    assert measure.of_run(measured, "a/main", "e" * 64)["stale"]
    assert measure.of_run(measured, "b/main", "e" * 64)["seconds"] is None


def test_one_class_of_time_and_storage_is_ticked():
    assert [w for w, t in replication.ticked(replication.TIMES, 601) if t] == [
        "10-60 minutes"
    ]
    assert not any(t for _, t in replication.ticked(replication.STORAGE, None))


# codecheck.yml, .zenodo.json, CITATION.cff


def test_codecheck_has_what_its_specification_demands():
    text = codecheck.text()
    content = yaml.safe_load(text)
    assert text.startswith("---\n")
    assert content["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert content["paper"]["title"] and content["paper"]["authors"][0]["name"]
    files = [entry["file"] for entry in content["manifest"]]
    assert len(files) == len(set(files)) and all((ROOT / f).is_file() for f in files)
    assert all(entry["comment"] for entry in content["manifest"])
    made = {
        (run.folder / name).relative_to(ROOT).as_posix()
        for run in study_runs()
        for name in manifest.read(run.folder)["outputs"]
    }
    assert {f for f in made if f.endswith(".pdf")} <= set(files) <= made


def test_zenodo_has_what_it_demands_in_its_own_words():
    content = json.loads(zenodo.text())
    for name in ("title", "description", "creators", "license", "keywords"):
        assert content[name]
    assert content["upload_type"] in ("software", "dataset", "publication")
    assert content["access_right"] in ("open", "embargoed", "restricted", "closed")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", content["publication_date"])
    for related in content["related_identifiers"]:
        assert related["relation"] == "isDerivedFrom"
        assert related["identifier"].startswith("https://")


def test_citation_keeps_to_version_1_2_0_of_its_schema():
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(content["cff-version"]) == "1.2.0" and content["message"]
    assert content["type"] in ("software", "dataset")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", content["date-released"])
    for entry in [content, *content["references"]]:
        for author in entry["authors"]:
            assert "name" in author or {"family-names", "given-names"} <= set(author)
    for entry in content["references"]:
        assert {"type", "title", "authors"} <= set(entry)
        # None where no search found one
        assert re.fullmatch(r"10\.\d{4,9}/\S+", entry.get("doi", "10.1234/none"))


def test_citation_passes_cffconvert():
    cffconvert = pytest.importorskip("cffconvert", reason="cffconvert is not installed")
    text = (ROOT / "CITATION.cff").read_text()
    cffconvert.Citation(text).validate()

"""The one door to data/: types, and one clear error for file, line and column."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from analysis_utils import datasets
from analysis_utils.run_context import READS, ROOT, RUN_FOLDER

FIELDS = [
    {"name": "id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "code", "type": "string", "constraints": {"pattern": r"\d{5}"}},
    {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b"]}},
    {"name": "day", "type": "date", "constraints": {"minimum": "2002-01-01"}},
    {
        "name": "count",
        "type": "integer",
        "constraints": {"required": True, "minimum": 0},
    },
    {"name": "share", "type": "number", "constraints": {"maximum": 1}},
    {"name": "known", "type": "boolean", "constraints": {"required": True}},
]
HEADER = "id,code,kind,day,count,share,known"
GOOD = ["x,01001,a,2025-03-01,1,0.5,True", "y,,,,2,,False"]


@pytest.fixture
def folder(tmp_path):
    """A data folder with one table; returns a function that writes its lines."""
    package = {
        "resources": [
            {
                "name": "things",
                "path": "things.csv",
                "schema": {"fields": FIELDS, "primaryKey": ["id"]},
            }
        ]
    }
    (tmp_path / "datapackage.json").write_text(json.dumps(package))

    def write(*lines, header=HEADER):
        (tmp_path / "things.csv").write_text("\n".join([header, *lines]) + "\n")
        return tmp_path

    return write


def test_columns_have_the_types_of_the_dictionary(folder):
    table = datasets.load("things", folder(*GOOD))
    assert table.code.tolist() == ["01001", ""]
    assert table.day.tolist()[0] == pd.Timestamp("2025-03-01") and pd.isna(table.day[1])
    assert table["count"].dtype == "int64" and table.share.dtype == "float64"
    assert table.known.dtype == "bool" and table.known.tolist() == [True, False]
    assert str(table.day.dtype).startswith("datetime64")


def test_what_a_holder_writes_reaches_no_other(folder):
    place = folder(*GOOD)
    mine = datasets.load("things", place)
    mine.loc[0, "count"] = 99
    mine["share"] = 0.0
    mine.index.name = mine.columns.name = "mine"
    assert datasets.load("things", place)["count"].tolist() == [1, 2]
    theirs = datasets.load("things", place)
    assert theirs.index.name is None and theirs.columns.name is None
    with pytest.raises(ValueError, match="read-only"):
        mine["known"].to_numpy()[0] = False


def test_a_changed_file_is_read_anew(folder):
    assert len(datasets.load("things", folder(*GOOD))) == 2
    assert len(datasets.load("things", folder(GOOD[0]))) == 1
    place = folder()
    (place / "things.csv").unlink()
    with pytest.raises(datasets.Refused, match="is missing"):
        datasets.load("things", place)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "z,01001,a,2025-13-01,1,0.5,True",
            "line 4, column day: '2025-13-01' is no date",
        ),
        ("z,01001,a,03/01/2025,1,0.5,True", "line 4, column day"),
        (
            "z,01001,a,2025-03-01,1.5,0.5,True",
            "line 4, column count: '1.5' is no integer",
        ),
        ("z,01001,a,2025-03-01,many,0.5,True", "line 4, column count: 'many'"),
        (
            "z,01001,a,2025-03-01,1,half,True",
            "line 4, column share: 'half' is no number",
        ),
        ("z,01001,a,2025-03-01,1,0.5,perhaps", "line 4, column known: 'perhaps'"),
        (
            "z,1001,a,2025-03-01,1,0.5,True",
            "line 4, column code: '1001' breaks pattern",
        ),
        ("z,01001,c,2025-03-01,1,0.5,True", "line 4, column kind: 'c' breaks isin"),
        ("z,01001,a,1999-03-01,1,0.5,True", "line 4, column day: .*1999-03-01"),
        ("z,01001,a,2025-03-01,-1,0.5,True", "line 4, column count: .*-1"),
        ("z,01001,a,2025-03-01,,0.5,True", "line 4, column count: "),
        ("z,01001,a,2025-03-01,1,2,True", "line 4, column share: .*2.0"),
        ("x,01001,a,2025-03-01,1,0.5,True", "column id: 'x'"),
        (",01001,a,2025-03-01,1,0.5,True", "line 4, column id: '' breaks required"),
    ],
)
def test_a_cell_that_breaks_its_column_is_named(folder, line, words):
    with pytest.raises(datasets.Refused, match=words) as error:
        datasets.load("things", folder(*GOOD, line))
    assert "things.csv" in str(error.value) and "\n" not in str(error.value)


def test_missing_tables_files_and_columns_are_named(folder):
    with pytest.raises(datasets.Refused, match="no table 'stuff'.* things"):
        datasets.load("stuff", folder(*GOOD))
    with pytest.raises(datasets.Refused, match="differing: day, tag"):
        datasets.load("things", folder(*GOOD, header=HEADER.replace("day", "tag")))
    place = folder(*GOOD)
    (place / "things.csv").unlink()
    with pytest.raises(datasets.Refused, match="is missing"):
        datasets.load("things", place)


def test_a_run_notes_what_it_has_read(monkeypatch, tmp_path):
    monkeypatch.setenv(RUN_FOLDER, str(tmp_path))
    datasets.agreements()
    assert "  data/agreements.csv\n" in (tmp_path / READS).read_text()


def test_every_table_of_the_package_loads():
    package = json.loads((ROOT / "data/datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        assert len(datasets.load(resource["name"])) >= 0


def test_importing_the_door_imports_no_validator():
    code = (
        "import sys, analysis_utils.datasets, analysis_utils.series; "
        "print('pandera' in sys.modules, 'analysis_utils.collect' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]

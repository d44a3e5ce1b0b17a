"""The reader of CSV tables: text as it stands, and every fault with file and line."""

import shutil

import pytest

from analysis_utils import csv_text, data_folder
from analysis_utils.asking import Refused
from analysis_utils.collect import hand
from analysis_utils.run_context import ROOT

BOM = b"\xef\xbb\xbf"


def test_cells_are_text_and_blank_where_empty(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(BOM + b'id,name\n01,"a, b"\n\nNA,\n')
    table = csv_text.read(path, ["id", "name"])
    assert table.values.tolist() == [["01", "a, b"], ["NA", ""]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,name\n1,a\n2,b,c\n", "line 3: 3 cells, and the heading has 2"),
        (b"id,name\n1\n", "line 2: 1 cells"),
        (b'id,name\n1,"a\n2,b\n', "is a quotation mark left open"),
        (b"id,name\n<<<<<<< HEAD\n1,a\n", "line 2: the mark of an unfinished merge"),
        (b"id,id\n1,a\n", "line 1: id stands twice"),
        (b"id,other\n1,a\n", "differing: name, other"),
        (b"name,id\n1,a\n", "their order"),
        (b"id;name\n1;a\n", "the columns are not those"),
        (b"id,name\n1,\xff\n", "not UTF-8 at byte 10"),
        (b"", "no heading"),
    ],
)
def test_faults_are_named_by_file_and_line(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(Refused, match=words) as refused:
        csv_text.read(path, ["id", "name"])
    assert "a.csv" in str(refused.value)


def test_a_missing_table_says_how_to_get_it(tmp_path):
    with pytest.raises(Refused, match="git restore"):
        csv_text.read(tmp_path / "a.csv")


@pytest.mark.parametrize("name", sorted(hand.KEYS))
def test_a_broken_hand_table_is_named(tmp_path, name):
    folder = shutil.copytree(ROOT / "data/hand", tmp_path / "hand")
    with open(folder / f"{name}.csv", "a", encoding="utf-8") as file:
        file.write('"open,row\n')
    with pytest.raises(Refused, match=f"{name}.csv, line"):
        hand.read(folder)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("policy_events", "id"),
        ("states", "state"),
        ("editions", "edition"),
        ("counties", "fips"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path, name, field):
    path = ROOT / f"data/{name}.csv"
    shutil.copy(ROOT / "data/datapackage.json", tmp_path)
    (tmp_path / path.name).write_bytes(BOM + path.read_bytes())
    assert data_folder.column(name, field, tmp_path) == data_folder.column(name, field)
    assert csv_text.read(tmp_path / path.name).equals(csv_text.read(path))

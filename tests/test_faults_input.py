"""Files that people edit, spoilt in every way: refused in words, never a traceback."""

import json
import random

import pytest
from conftest import write_notebook

from analysis_utils import hypotheses
from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.parameters import declared, default_faults
from analysis_utils.workflow.runs import study_runs

CODE = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []}
SPOILT = {
    "cells: null": {"cells": None},
    "cells an object": {"cells": {"a": 1}},
    "an integer cell": {"cells": [1]},
    "a cell without source": {"cells": [{"cell_type": "code", "metadata": {}}]},
    "a source that is a number": {"cells": [CODE | {"source": 3}]},
    "a source of numbers": {"cells": [CODE | {"source": [1, 2]}]},
    "tags: null": {"cells": [CODE | {"metadata": {"tags": None}}]},
    "tags a word": {"cells": [CODE | {"metadata": {"tags": "parameters"}}]},
    "metadata: null": {"cells": [CODE | {"metadata": None}]},
    "no kind": {"cells": [{"source": "1"}]},
    "a list": [1],
    "a number": 3,
    "null": None,
}


@pytest.mark.fault("17.7", "a malformed notebook ends in a traceback")
@pytest.mark.parametrize("name", SPOILT)
def test_a_malformed_notebook(tmp_path, name):
    path = tmp_path / "01_a.ipynb"
    path.write_text(json.dumps(SPOILT[name]))
    with pytest.raises(Refused, match="01_a.ipynb is not a notebook that can be read"):
        study_runs(tmp_path, tmp_path)


@pytest.mark.fault("17.7", "marks of a merge are not named as such")
@pytest.mark.parametrize("name", ["01_a.ipynb", "runs.yaml"])
def test_marks_of_a_merge_are_named(tmp_path, name):
    write_notebook(tmp_path / "01_a.ipynb", "", "1")
    path = tmp_path / name
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> other\n")
    with pytest.raises(Refused, match=f"{name}, line .*<<<<<<< HEAD.*left of a merge"):
        study_runs(tmp_path, tmp_path)


@pytest.mark.fault("17.3", "a cell for another program counts as executed")
@pytest.mark.parametrize(
    "magic", ["%%script false", "%%bash", "%%sh -e", "%%!", "%%sx"]
)
def test_a_cell_for_another_program(tmp_path, magic):
    write_notebook(tmp_path / "01_a.ipynb", "", f"\n{magic}\necho 1")
    with pytest.raises(Refused, match="cell 1 hands its text to another program"):
        study_runs(tmp_path, tmp_path)


def test_other_magics_stay(tmp_path):
    write_notebook(tmp_path / "01_a.ipynb", "", "%%time\n1", "%matplotlib inline\n2")
    assert len(study_runs(tmp_path, tmp_path)) == 1


DEEP = "{a: " * 3000 + "1" + "}" * 3000
RUNS = {
    "a list for a value": ("01_a:\n  main: {n: [3]}\n", "n must have one value"),
    "a mapping for a value": ("01_a:\n  main: {n: {a: 1}}\n", "n must have one value"),
    "not UTF-8": (b"01_a:\n  main: {n: \xff}\n", "is not UTF-8 text"),
    "nested too deeply": (f"01_a:\n  main: {DEEP}\n", "runs.yaml"),
    "a list": ("- 1\n", "must hold notebooks"),
    "a word": ("word\n", "must hold notebooks"),
    "runs a list": ("01_a: [1]\n", "01_a holds no runs"),
    "parameters a word": ("01_a:\n  main: word\n", "main holds no parameters"),
    "a mapping for a key": ("{[a]: 1}: 2\n", "cannot be"),
    "capitals alone": ("01_a:\n  florida: {}\n  FLORIDA: {}\n", "one folder on some"),
    "a dot at the end": ("01_a:\n  georgia.: {}\n", "ends without a dot"),
    "a device": ("01_a:\n  CON: {}\n", "cannot be a folder on every system"),
    "a device with ending": ("01_a:\n  nul.x: {}\n", "cannot be a folder on every"),
    "300 letters": (f"01_a:\n  {'a' * 300}: {{}}\n", "at most 80 characters"),
    "a path": ("01_a:\n  ../x: {}\n", "made of letters"),
    "a limit of words": ("limits: {01_a: long}\n", "must have minutes"),
    "a limit of nothing": ("limits: {01_a: 0}\n", "must have minutes"),
    "limits a list": ("limits: [1]\n", "must name notebooks and minutes"),
    "a limit of no notebook": ("limits: {02_b: 3}\n", "no notebook '02_b'"),
    "an unknown parameter": ("01_a:\n  main: {m: 3}\n", "unknown parameter 'm'"),
}


@pytest.mark.fault("17.7", "a malformed runs.yaml ends in a traceback or is accepted")
@pytest.mark.parametrize("name", RUNS)
def test_a_malformed_table_of_runs(tmp_path, name):
    write_notebook(tmp_path / "01_a.ipynb", 'n: "1 to 9" = 3', "1")
    text, words = RUNS[name]
    content = text if isinstance(text, bytes) else text.encode()
    (tmp_path / "runs.yaml").write_bytes(content)
    with pytest.raises(Refused, match=words):
        study_runs(tmp_path, tmp_path)


@pytest.mark.fault("17.7", "a parameter declared twice is accepted")
def test_a_parameter_declared_twice(tmp_path):
    write_notebook(tmp_path / "01_a.ipynb", 'n: "int" = 3\nn: "int" = 4', "1")
    with pytest.raises(Refused, match="n is declared more than once"):
        study_runs(tmp_path, tmp_path)


def spoilt(text: str, luck: random.Random) -> str:
    """A text with a few bytes changed, moved, doubled or gone."""
    for _ in range(luck.randint(1, 4)):
        at = luck.randrange(len(text) + 1)
        end = min(len(text), at + luck.randint(1, 40))
        piece = luck.choice(
            ["", text[at:end] * 2, "null", "[", "}", '"', "\x00", ": ", "- ", "é", "&a",
             "*a", "<<", "-0.2", "1e999", "\ud800"]
        )  # fmt: skip
        text = text[:at] + piece + text[end:]
    return text


def read_all(folder) -> None:
    """Read notebooks, runs and registry as `make list` does."""
    for path in folder.glob("*.ipynb"):
        notebook = Notebook(path)
        default_faults(declared(notebook))
        assert notebook.syntax and notebook.fingerprint
    study_runs(folder, folder / "outputs")
    hypotheses.read(folder / "hypotheses.yaml")


@pytest.mark.fault("17.7", "some input of the three formats ends in a traceback")
@pytest.mark.parametrize("file", ["01_a.ipynb", "runs.yaml", "hypotheses.yaml"])
def test_no_input_ends_in_a_traceback(tmp_path, file):
    source = ROOT / "notebooks/02_interrupted_time_series.ipynb"
    good = {
        "01_a.ipynb": source.read_text(),
        "runs.yaml": "limits: {01_a: 3}\n01_a:\n  one: {window: 104, state: TX}\n",
        "hypotheses.yaml": (ROOT / "notebooks/hypotheses.yaml").read_text()[:20000],
    }
    for name, text in good.items():
        (tmp_path / name).write_text(text)
    refused, luck = 0, random.Random(287)
    for _ in range(120):
        text = spoilt(good[file], luck).encode("utf-8", "surrogatepass")
        (tmp_path / file).write_bytes(text)
        try:
            read_all(tmp_path)
        except Refused as said:
            refused += 1
            assert str(said)
    assert refused > 30

"""`make trace`: from a number to its cell, data and sources, and back."""

import ast
import re
import subprocess

import pytest
from conftest import make_checkout

from analysis_utils import datasets
from analysis_utils.review import calls, dataflow, lineage
from analysis_utils.run_context import ROOT

IMPORTS = (
    "import pandas as pd\n"
    "from analysis_utils import datasets, publish\n"
    "from analysis_utils.study import events"
)
CELLS = (
    IMPORTS,
    "states = datasets.states()\nlists = datasets.editions()",
    "n = len(lists)\npublish.number('lists', n, 'lists')\n"
    "publish.number('people', states.population.sum(), 'people', label='all')",
    "publish.number('peak', lists.agreements.max(), 'agreements')\n"
    "publish.sentence('There are {lists}; the longest holds {peak}.')",
    "t = lists.groupby('copies')[['agreements']].max()\n"
    "publish.table(t, 'longest', caption='Longest by copies')",
    "fig, ax = publish.new_figure('single', 2)\nax.plot(states.population)\n"
    "publish.figure(fig, 'people_by_state', data=states[['state', 'population']], "
    "caption='People', alt='Line')",
)


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A small study with two runs of one notebook, made."""
    checkout = make_checkout(tmp_path_factory.mktemp("trace") / "checkout")
    checkout.notebook("01_a", 'state: "state or all" = "all"', *CELLS)
    checkout.notebook("02_b", "", IMPORTS, "publish.number('lists', 7)")
    assert checkout.make("all")[0] == 0
    return checkout


def trace(checkout, **given):
    code, text = checkout.review("trace", **given)
    assert code == 0, text
    return text


def section(text: str, title: str) -> str:
    """The lines of one section."""
    return text.split(f"\n\n{title}\n")[1].split("\n\n")[0]


def test_a_number_is_traced_to_everything(traced):
    text = trace(traced, KEY="peak")
    assert text.startswith("number 01_a/main:peak\n")
    shown = section(text, "Shown in")
    size = len(datasets.editions())
    assert f"sentence 1: There are {size} lists" in shown
    assert "table longest: line " in shown and "column agreements" in shown
    made = section(text, "Made by")
    assert "notebooks/01_a.ipynb, cell 5, line 1" in made and "In [6], line 1" in made
    steps = section(text, "Statements it rests on")
    assert "lists = datasets.editions()" in steps and "states" not in steps
    functions = section(text, "Functions of the package that these call")
    source = (ROOT / "src/analysis_utils/datasets.py").read_text().splitlines()
    line = source.index("def editions() -> pd.DataFrame:") + 1
    assert (
        f"analysis_utils.datasets.editions (src/analysis_utils/datasets.py:{line})"
        in functions
    )
    data = section(text, "Data files")
    assert re.fullmatch(
        rf"  data/editions.csv: {size} rows, SHA-256 [0-9a-f]{{64}}", data
    )
    sources = section(text, "Published sources")
    assert "https://www.ice.gov/identify-and-arrest/287g" in sources
    assert "github:RelevantResearch/287g-DetentionData@" in sources


def test_a_sentence_rests_on_what_its_numbers_rest_on(traced):
    text = trace(traced, KEY="01_a/main:sentence 1")
    assert "data/editions.csv" in section(text, "Data files")
    assert "n = len(lists)" in section(text, "Statements it rests on")


def test_a_figure_rests_on_its_whole_cell(traced):
    text = trace(traced, KEY="people_by_state")
    assert "ax.plot(states.population)" in section(text, "Statements it rests on")
    assert "data/states.csv" in section(text, "Data files")


def test_data_lead_to_all_that_rests_on_them(traced):
    text = trace(traced, DATA="data/states.csv")
    assert text.startswith("data/states.csv: read by 1 run; 1 number rests on it")
    items = re.findall(r"^  (\w+) (\S+)", text, flags=re.MULTILINE)
    assert items == [("number", "people"), ("figure", "people_by_state")]
    text = trace(traced, DATA="data/editions.csv")
    kinds = [
        kind for kind, _ in re.findall(r"^  (\w+) (\S+)", text, flags=re.MULTILINE)
    ]
    assert kinds == ["number", "number", "sentence", "table"]


def test_data_changed_since_the_run_are_named(traced):
    path = traced.root / "data/editions.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"x\n")
    try:
        assert "(changed since the run)" in trace(traced, KEY="peak")
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"KEY": "peaks"}, "no archived run recorded 'peaks'; did you mean peak?"),
        ({"KEY": "01_a/main:peek"}, "did you mean 01_a/main:peak?"),
        ({"KEY": "lists"}, "KEY=01_a/main:lists\n  KEY=02_b/main:lists"),
        ({"DATA": "data/edition.csv"}, "did you mean data/editions.csv?"),
        ({"DATA": "data/spells.csv"}, "no archived run reads data/spells.csv"),
        ({}, "name one: make trace KEY=active_last"),
        ({"KEY": "peak", "DATA": "data/states.csv"}, "name one"),
        ({"KEYS": "peak"}, "`make trace` knows no KEYS; did you mean KEY?"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest(traced, given, words):
    code, text = traced.review("trace", **given)
    assert code == 2 and words in text


def test_make_has_both_targets():
    text = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert re.search(r"^  make verify +\S", text, flags=re.MULTILINE)
    assert re.search(r"^  make trace +\S", text, flags=re.MULTILINE)


# Slices


def sliced(source: str, last: str) -> list[str]:
    """Statements that the statement `last` rests on."""
    every = dataflow.statements([(1, source)])
    (target,) = [s for s in every if ast.unparse(s.node) == last]
    return [ast.unparse(s.node) for s in dataflow.backward([target], every)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1\nb = 2\nf(a)", ["a = 1", "f(a)"]),
        ("a = 1\na = 2\nf(a)", ["a = 2", "f(a)"]),
        ("a = 1\na += 2\nf(a)", ["a = 1", "a += 2", "f(a)"]),
        ("b = 3\na = {}\na['x'] = b\nf(a)", ["b = 3", "a = {}", "a['x'] = b", "f(a)"]),
        ("a = []\na.append(1)\nf(a)", ["a = []", "a.append(1)", "f(a)"]),
        ("a = o\na.x = 1\nf(a)", ["a = o", "a.x = 1", "f(a)"]),
        ("a, b = 1, 2\nf(a)", ["a, b = (1, 2)", "f(a)"]),
        ("x = 9\na = [x for x in y]\nf(a)", ["a = [x for x in y]", "f(a)"]),
        (
            "x = 1\ndef f(y):\n    return x + y\nf(2)",
            ["x = 1", "def f(y):\n    return x + y", "f(2)"],
        ),
        ("x = 1\nif x:\n    a = 2\nf(a)", ["x = 1", "if x:\n    a = 2", "f(a)"]),
        ("import m\nm.draw(a)\nm.f(a)", ["import m", "m.f(a)"]),
        ("%matplotlib inline\na = 1\nf(a)", ["a = 1", "f(a)"]),
        ("a = 1\nf(a)\na = 2", ["a = 1", "f(a)"]),
    ],
)
def test_a_slice_holds_what_a_statement_rests_on(source, expected):
    assert sliced(source, expected[-1]) == expected


def test_methods_of_the_packages_classes_are_found():
    source = (
        "from analysis_utils.methods.its import InterruptedTimeSeries\n"
        "its = InterruptedTimeSeries(y)\nr = its.fit()"
    )
    names = [f.name for f in calls.called(dataflow.statements([(1, source)]))]
    module = "analysis_utils.methods.its.model.InterruptedTimeSeries"
    assert names == [module, f"{module}.fit"]


@pytest.mark.parametrize(
    ("value", "looked_for"),
    [
        (7, False),
        (64, False),
        (100, False),
        (148, True),
        (0.25, False),
        (0.253, True),
        (None, False),
    ],
)
def test_only_telling_values_are_looked_for(value, looked_for):
    assert lineage.distinctive(value) is looked_for

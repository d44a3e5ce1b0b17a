"""A sweep runs a grid once, keeps going, adjusts for its size, and says what it did."""

import pandas as pd
import pytest
from conftest import write_notebook
from pandas.testing import assert_frame_equal
from scipy import stats

from analysis_utils.asking import Refused
from analysis_utils.report import sweep as report
from analysis_utils.workflow import sweeps
from analysis_utils.workflow.notebook import Notebook
from analysis_utils.workflow.runs_file import read_runs_file

PARAMETERS = (
    'state: "state or all" = "all"\n'
    'model: "model or all" = "all"\n'
    'window: "6 to 60" = 24\n'
    'frequency: "day or week or month" = "month"\n'
    'as_of: "vintage or latest" = "latest"\n'
)
ESTIMATE = (
    "from analysis_utils import publish\n"
    "from analysis_utils.asking import NotTestable\n"
    "if state == 'CA':\n"
    "    raise NotTestable('no agreement in CA')\n"
    "if state == 'GA':\n"
    "    1 / 0\n"
    "publish.number('n', window)\n"
    "publish.number('level', window / 2, interval=(1.0, 11.0))"
)


@pytest.fixture
def notebook(tmp_path):
    write_notebook(tmp_path / "02_its.ipynb", PARAMETERS, ESTIMATE)
    return Notebook(tmp_path / "02_its.ipynb")


def said(notebook, **given):
    with pytest.raises(Refused) as refused:
        sweeps.grid(notebook, given)
    return str(refused.value)


def test_all_stands_for_each_state_and_each_model(notebook):
    sweep = sweeps.grid(notebook, {"state": "all", "model": "all", "window": "12"})
    assert len(sweep.runs) == 51 * 3
    assert sweep.varied == ("state", "model")
    assert len({run.folder for run in sweep.runs}) == 153
    assert {run.parameters["window"] for run in sweep.runs} == {12}
    assert "PR" not in {run.parameters["state"] for run in sweep.runs}


def test_one_value_written_two_ways_is_one_run(notebook):
    sweep = sweeps.grid(notebook, {"state": "TX,Texas, tx,FL"})
    assert [run.parameters["state"] for run in sweep.runs] == ["TX", "FL"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"state": "TX"}, "nothing varies"),
        ({"state": "TX,,FL"}, "a value is empty"),
        ({"state": "TX,Florda"}, "did you mean FL (Florida)?"),
        ({"window": "all"}, "WINDOW=all has no end"),
        ({"as_of": "all"}, "AS_OF=all has no end"),
        ({"windw": "6,7"}, "has no WINDW; did you mean WINDOW?"),
        ({"window": "5,7"}, "5 lies outside 6 to 60"),
    ],
)
def test_what_is_refused(notebook, given, words):
    assert words in said(notebook, **given)


def test_every_fault_is_named_at_once(notebook):
    words = said(notebook, state="XX,TX", window="1,2", modle="TFM")
    assert words.count("\n") == 2


def test_a_large_grid_must_be_meant(notebook):
    sweep = sweeps.grid(notebook, {"state": "all", "window": "6,7,8,9"})
    with pytest.raises(Refused, match="204 runs, more than 200"):
        sweeps.refuse_large(sweep, sure=False)
    sweeps.refuse_large(sweep, sure=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sweeps: [a]", "must hold names"),
        ("sweeps: {a: {state: all}}", "a must name its notebook"),
        ("sweeps: {a: {notebook: 02_its, state: [TX, FL]}}", "values of state on one"),
        ("sweeps: {con: {notebook: 02_its}}", "cannot be a folder"),
    ],
)
def test_a_faulty_named_sweep_is_refused(tmp_path, text, words):
    path = tmp_path / "runs.yaml"
    path.write_text(text)
    with pytest.raises(Refused, match=words):
        read_runs_file(path)


def numbers(low, high, unit="", value=2.0):
    rows = [{"key": "a", "value": value, "unit": unit, "low": lo, "high": hi}
            for lo, hi in zip(low, high, strict=True)]  # fmt: skip
    return pd.DataFrame(rows).assign(level=0.95)


def test_adjusted_intervals_are_those_of_bonferroni():
    se = 0.5
    half = stats.norm.ppf(0.975) * se
    table = report.adjust(numbers([2 - half] * 3 + [None], [2 + half] * 3 + [None]))
    wide = stats.norm.ppf(1 - 0.05 / 3 / 2) * se
    assert table["adjusted_low"][:3].tolist() == pytest.approx([2 - wide] * 3)
    assert table["adjusted_high"][:3].tolist() == pytest.approx([2 + wide] * 3)
    assert table["adjusted_low"].isna().tolist() == [False, False, False, True]


def test_a_ratio_is_adjusted_on_its_logarithm():
    table = report.adjust(numbers([0.5, 0.5], [8.0, 8.0], unit="times"))
    row = table.iloc[0]
    assert row["adjusted_low"] > 0
    assert row["adjusted_low"] * row["adjusted_high"] == pytest.approx(4.0)


def test_order_of_the_runs_moves_no_number():
    table = numbers([0.0, 1.0, 1.5], [4.0, 3.0, 2.5])
    again = report.adjust(table.iloc[::-1]).sort_index()
    assert_frame_equal(again, report.adjust(table))


@pytest.mark.long
def test_the_command_keeps_going_and_then_goes_on(checkout):
    checkout.notebook("02_its", PARAMETERS, ESTIMATE)
    given = {"NOTEBOOK": "02", "STATE": "TX,CA,GA", "WINDOW": "6,22"}
    code, text = checkout.make("sweep", **given)
    assert code == 1
    assert "2 executed; 2 not testable; 2 failed" in text
    assert text.count("no agreement in CA") == 1
    (folder,) = (checkout.outputs / "custom").iterdir()
    table = pd.read_csv(folder / "results.csv")
    done = table.query("outcome == 'done' and key == 'level'")
    assert done["value"].tolist() == [3, 11]
    assert (done["adjusted_low"] < done["low"]).all()
    assert (done["adjusted_level"] == 1 - 0.05 / 2).all()
    assert set(table["outcome"]) == {"done", "not testable", "failed"}
    assert (folder / "level.png").is_file() and (folder / "level.svg").is_file()

    code, text = checkout.make("sweep", **given)
    assert "2 there already; 2 not testable; 2 failed" in text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"STATE": "TX,FL"}, "name one: make sweep NOTEBOOK="),
        ({"SWEEP": "nothing"}, "no sweep 'nothing'"),
        ({"SWEEP": "mine", "STATE": "TX"}, "leave out STATE"),
        ({"NOTEBOOK": "02", "STATE": "all", "WINDOW": "6,7,8,9"}, "add YES=yes"),
    ],
)
def test_the_command_refuses_in_words(checkout, given, words):
    checkout.notebook("02_its", PARAMETERS, ESTIMATE)
    (checkout.root / "notebooks/runs.yaml").write_text(
        "sweeps: {mine: {notebook: 02_its, state: 'TX,FL'}}"
    )
    code, text = checkout.make("sweep", **given)
    assert code == 2 and words in text
    assert not (checkout.outputs / "custom").exists()

"""Parameters are a contract: typed, checked before anything starts, codes unharmed."""

import json

import pytest
from conftest import write_notebook

from analysis_utils.asking import Refused
from analysis_utils.workflow import kinds
from analysis_utils.workflow.runs import read_runs_file, slug, study_runs

PARAMETERS = (
    'state: "state or all" = "all"\n'
    'frequency: "day or week or month" = "month"  # of the series\n'
    'window: "6 to 60" = 24\n'
    'event: "event" = "eo-14159"\n'
    'county: "county or all" = "all"\n'
    'as_of: "vintage or latest" = "latest"\n'
)


@pytest.fixture
def folder(tmp_path):
    write_notebook(tmp_path / "02_its.ipynb", PARAMETERS, "print(state)")
    return tmp_path


def refusal(folder, **overrides: str) -> str:
    with pytest.raises(Refused) as refused:
        study_runs(folder, folder / "outputs", overrides=overrides)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("strat", "x", "no notebook has a parameter STRAT; did you mean STATE?"),
        ("state", "XX", "'XX' is no state"),
        ("state", "Florda", "did you mean FL (Florida)?"),
        ("frequency", "monht", "did you mean month?"),
        ("window", "61", "61 lies outside 6 to 60"),
        ("window", "abc", "'abc' is no whole number"),
        ("event", "eo-14158", "did you mean eo-14159?"),
        ("event", "1990-01-01", "outside the data"),
        ("event", "2025-02-30", "write it as 2025-01-20"),
        ("county", "3103", "five digits"),
        ("county", "99999", "is no county"),
        ("as_of", "2019-01-01", "outside the published lists: 2021-01-13 to"),
    ],
)
def test_refused_with_what_would_be_right(folder, name, value, expected):
    assert expected in refusal(folder, **{name: value})


def test_every_problem_is_named_at_once(folder):
    text = refusal(folder, state="XX", window="0")
    assert "state" in text and "window" in text


@pytest.mark.parametrize("county", ["01001", "06037"])
def test_county_codes_stay_text_through_yaml(folder, county):
    (folder / "runs.yaml").write_text(f"02_its:\n  one: {{county: {county}}}\n")
    (run,) = study_runs(folder, folder / "outputs")
    assert run.parameters["county"] == county


@pytest.mark.parametrize(
    "county", ["01001", pytest.param("06037", marks=pytest.mark.long)]
)
def test_county_codes_arrive_in_the_notebook(checkout, county):
    checkout.notebook("02_its", PARAMETERS, "print(repr(county))")
    code, text = checkout.make("all", COUNTY=county)
    assert code == 0, text
    (path,) = checkout.outputs.glob("custom/*/02_its/main/02_its.ipynb")
    cells = json.loads(path.read_text())["cells"]
    printed = [o["text"] for c in cells for o in c.get("outputs", [])]
    assert "".join(printed[-1]) == f"'{county}'\n"


def test_values_have_their_types(folder):
    (run,) = study_runs(
        folder, folder / "outputs", overrides={"window": "12", "state": "florida"}
    )
    assert run.parameters["window"] == 12
    assert run.parameters["state"] == "FL"


def test_overrides_land_apart(folder):
    (run,) = study_runs(folder, folder / "outputs", overrides={"state": "FL"})
    assert run.folder == folder / "outputs/custom/state=FL/02_its/main"


def test_a_slug_is_one_folder_below_its_parent():
    assert "/" not in slug({"as_of": "../../etc"})


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "runs.yaml"
    path.write_text("02_its:\n  a: {state: FL}\n  a: {state: TX}\n")
    with pytest.raises(Refused, match="line 2: a stands more than once"):
        read_runs_file(path)


def test_runs_of_no_notebook_are_refused(folder):
    (folder / "runs.yaml").write_text("02_itz:\n  main: {}\n")
    with pytest.raises(Refused, match="did you mean 02_its"):
        study_runs(folder, folder / "outputs")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("state = 'all'", "declares no typed parameter"),
        ("state: 'stat' = 'all'", "did you mean state"),
        ("state: 'state' = len('FL')", "plain value"),
    ],
)
def test_an_untyped_parameter_is_refused(tmp_path, line, expected):
    write_notebook(tmp_path / "03_x.ipynb", line, "1")
    with pytest.raises(ValueError, match=expected):
        study_runs(tmp_path, tmp_path / "outputs")


def test_default_values_are_checked_too(tmp_path):
    write_notebook(tmp_path / "03_x.ipynb", 'state: "state" = "QQ"', "1")
    with pytest.raises(Refused, match="03_x: the default state = 'QQ' is no state"):
        study_runs(tmp_path, tmp_path / "outputs")


def test_a_refusal_runs_nothing_and_exits_with_2(checkout):
    checkout.notebook("02_its", PARAMETERS, "print(1)")
    code, text = checkout.make("all", STRAT="FL")
    assert code == 2
    assert "did you mean STATE" in text and "Traceback" not in text
    assert not list(checkout.outputs.glob("custom/**/*.ipynb"))


def test_an_unknown_notebook_is_refused(checkout):
    checkout.notebook("02_its", PARAMETERS, "print(1)")
    code, text = checkout.make("run", NOTEBOOK="02_itss")
    assert code == 2 and "did you mean 02_its?" in text


def test_flags_and_numbers():
    assert kinds.parse("yes", "bool") is True
    assert kinds.parse("2.5", "float") == 2.5
    with pytest.raises(Refused, match="neither yes nor no"):
        kinds.parse("maybe", "bool")

"""Another programme, by the steps of docs/reuse.md, with an answer known beforehand.

36 made agreements of real sheriffs: 12 months with one a month on average, then 12
with two, so that the ratio to the counterfactual is 2 and the slope does not change. A
second model, one a month, is not counted.
"""

import csv
import json
import math
import re
import shutil

import openpyxl
import pandas as pd
import pytest
from conftest import make_checkout

from analysis_utils import datasets
from analysis_utils.run_context import ROOT

PAGE = (ROOT / "docs/reuse.md").read_text(encoding="utf-8")
STEPS = dict(re.findall(r"^\| `(.+?)` \| (empty|remove|your rows) \|$", PAGE, re.M))
RUNS = re.search(r"```yaml\n(.*?)```", PAGE, re.S)[1]
KEPT = ("02_interrupted_time_series", "04_state_mandates")
# Signings by month: orthogonal to a level and a slope, so that these stand exactly
CO_RESPONSE = [2, 0, 0, 2] * 3 + [3, 1, 1, 3] * 3
TRAINING = [1] * 24
DAYS = (
    "2022-12-15",
    "2023-04-03",
    "2023-10-02",
    "2024-01-08",
    "2024-07-01",
    "2025-01-06",
)
ROWS = {
    "data/hand/headings.csv": [
        {"heading": heading, "column": column, "reason": "in every list"}
        for heading, column in {
            "STATE": "state",
            "AGENCY": "agency",
            "LEVEL": "type",
            "COUNTY": "county",
            "PROGRAM": "support_type",
            "DATE": "signed",
            "AGREEMENT": "moa",
        }.items()
    ],
    "data/hand/models.csv": [
        {"model": "CRT", "name": "Co-Response", "description": "A clinician comes"},
        {"model": "TRN", "name": "Training", "description": "Officers are trained"},
    ],
    "data/policy_events.csv": [
        {
            "id": "grants-begin",
            "date": "2024-01-01",
            "title": "Grants for co-response begin",
            "level": "federal",
            "direction": "expands",
            "citation": "A made act",
            "url": "https://example.org/act",
            "day_of": "",
            "date_confidence": "source seen",
        },
        {
            "id": "mn-requires",
            "date": "2024-06-01",
            "title": "Minnesota requires agreements",
            "level": "state",
            "state": "MN",
            "direction": "expands",
            "effect": "mandates",
            "applies_to": "sheriff",
            "citation": "A made act",
            "url": "https://example.org/mn",
            "day_of": "",
            "date_confidence": "source seen",
        },
    ],
}
DEFAULTS = {
    '= \\"eo-14159\\"': '= \\"grants-begin\\"',
    '= \\"tx-sb8-signed\\"': '= \\"mn-requires\\"',
    '= \\"TX\\"': '= \\"MN\\"',
}
STYLE = {'"TFM"': '"CRT"', '"JEM"': '"TRN"', '"task force"': '"co-response"'}


def heading_of(path):
    return path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")


def write_rows(path, rows):
    """A table with the heading that it has, and these rows."""
    names = heading_of(path)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def replaced(path, words):
    """Write other words into a file."""
    text = path.read_text(encoding="utf-8")
    for old, new in words.items():
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def sheriffs():
    """State, name and county of twelve sheriffs in each of three states."""
    names = datasets.states().set_index("state").name.str.upper()
    counties = datasets.counties().set_index("fips").county
    table = datasets.agencies_at_risk()
    table = table[
        (table.agency_kind == "sheriff") & table.county_fips.isin(counties.index)
    ]
    chosen = table[table.state.isin(["IA", "MN", "WI"])].groupby("state").head(12)
    return [
        (
            names[row.state],
            f"{counties[row.county_fips]} Sheriff's Office",
            row.county_fips,
        )
        for row in chosen.itertuples()
    ]


def signings():
    """Rows of the made lists: as printed, with the day of signing last."""
    counties = datasets.counties().set_index("fips").county
    agencies = sheriffs()
    months = pd.date_range("2023-01-01", periods=24, freq="MS")
    found = [(*agencies[0], "Training", pd.Timestamp("2022-11-07"))]
    for model, counts, offset in (
        ("Co-Response", CO_RESPONSE, 0),
        ("Training", TRAINING, 1),
    ):
        signed = [m for m, n in zip(months, counts, strict=True) for _ in range(n)]
        for place, month in enumerate(signed):
            agency = agencies[place + offset]
            found.append((*agency, model, month + pd.Timedelta(days=3 + place % 9)))
    return [
        [state, name, "County", counties[fips], model, day.to_pydatetime(), ""]
        for state, name, fips, model, day in found
    ]


def write_lists(folder):
    folder.mkdir(parents=True)
    rows = signings()
    for day in DAYS:
        book = openpyxl.Workbook()
        book.active.append([row["heading"] for row in ROWS["data/hand/headings.csv"]])
        for row in rows:
            if row[5] <= pd.Timestamp(day):
                book.active.append(row)
        book.save(folder / f"{day}.xlsx")


def carry_out(root):
    """The steps of the page, in a copy of the project."""
    for name, what in STEPS.items():
        path = root / name
        if what == "remove":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        elif what == "empty":
            write_rows(path, [])
        elif name == "notebooks/runs.yaml":
            path.write_text(RUNS, encoding="utf-8")
        else:
            write_rows(path, ROWS[name])
    replaced(root / "src/analysis_utils/publish/style.py", STYLE)
    for path in (root / "notebooks").glob("*.ipynb"):
        if path.stem in KEPT:
            replaced(path, DEFAULTS)
        else:
            path.unlink()
    write_lists(root / "lists/ice_lists")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The made programme, compiled."""
    checkout = make_checkout(tmp_path_factory.mktemp("reuse") / "checkout")
    for name in ("notebooks", "paper", "site"):
        shutil.copytree(ROOT / name, checkout.root / name, dirs_exist_ok=True)
    checkout.outputs.mkdir()
    carry_out(checkout.root)
    code, text = checkout.make("data", RAW_DIR="lists")
    assert code == 0, text
    assert f"{len(DAYS)} editions, 61 agreements" in text
    return checkout


def table(checkout, name):
    return pd.read_csv(checkout.root / f"data/{name}.csv", keep_default_na=False)


def test_every_step_of_the_page_names_a_file_that_is_there():
    assert len(STEPS) == PAGE.count("\n| `") and "your rows" in STEPS.values()
    for name in STEPS:
        assert (ROOT / name).exists(), name


def test_the_register_is_that_of_the_made_programme(made):
    agreements = table(made, "agreements")
    assert agreements.model.value_counts().to_dict() == {"CRT": 36, "TRN": 25}
    assert set(agreements.state) == {"IA", "MN", "WI"}
    assert set(agreements.agency_kind) == {"sheriff"}
    signed = sorted(row[5].date().isoformat() for row in signings())
    assert sorted(agreements.signed) == signed
    assert (table(made, "agency_links").ori != "").all()
    months = table(made, "active_monthly")
    assert months.date.iloc[0] == "2022-12-31" and months.active.iloc[-1] == 61
    for name in ("early_register", "published_totals"):
        assert table(made, name).empty
    assert (table(made, "editions").set_aside == 0).all()


@pytest.mark.long
def test_the_interrupted_time_series_finds_what_was_built_in(made):
    code, text = made.make("all")
    assert code == 0, text
    assert text.count(": ran in") == len(KEPT)
    run = made.outputs / "02_interrupted_time_series/grants"
    numbers = json.loads((run / "results.json").read_text())["numbers"]
    found = {key: number["value"] for key, number in numbers.items()}
    assert (found["n_before"], found["n_after"]) == (12, 12)
    assert (found["mean_before"], found["mean_after"]) == (1, 2)
    assert found["ratio"] == pytest.approx(2, abs=1e-4)
    assert found["level_change"] == pytest.approx(math.log(2), abs=1e-4)
    assert found["slope_change"] == pytest.approx(0, abs=1e-4)
    assert found["beyond"] == pytest.approx(12, abs=1e-3)
    assert "co-response" in (run / "fit.txt").read_text()


def test_a_default_of_287g_is_refused_by_name(made):
    path = made.root / "notebooks/04_state_mandates.ipynb"
    before = path.read_text()
    path.write_text(before.replace("mn-requires", "tx-sb8-signed"))
    code, text = made.make("list")
    path.write_text(before)
    assert code == 2 and "'tx-sb8-signed' is no policy event; known: grants" in text
    code, text = made.make("list", MODEL="TFM")
    assert code == 2 and "'TFM' is no model of agreement; known: CRT, TRN" in text


def test_a_row_left_of_287g_stops_the_build_in_words(made):
    shutil.copy(ROOT / "data/hand/aliases.csv", made.root / "data/hand")
    code, text = made.make("data", RAW_DIR="lists")
    assert code == 2 and "data/hand/aliases.csv, line" in text
    assert "Traceback" not in text

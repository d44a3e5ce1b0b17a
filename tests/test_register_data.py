"""The committed register: conserved, traceable, documented, and as the facts say."""

import json
import os
from dataclasses import replace
from pathlib import Path

import frictionless
import pandas as pd
import pytest
from register_lists import data_folder, row, write_hand, write_list

from analysis_utils import csv_text, datasets, series
from analysis_utils.asking import Refused
from analysis_utils.collect import compile as compiling
from analysis_utils.collect import dictionary, editions, hand, lists, sources, taken
from analysis_utils.run_context import ROOT

DATA = ROOT / "data"
FACTS = ROOT.parent / "shared/data/reference"
facts = pytest.mark.skipif(not FACTS.is_dir(), reason=f"no compiled facts in {FACTS}")
raw = pytest.mark.skipif(
    not (sources.raw_folder() / "ice_lists").is_dir(),
    reason="no published files here: `make raw` fetches them",
)


def test_rows_are_conserved_in_every_edition():
    table = datasets.editions()
    assert (
        table.rows_printed == table.agreements + table.duplicates + table.set_aside
    ).all()
    rows = datasets.printed_rows()
    place = dict(zip(table.edition, table.index, strict=True))
    rows["first"], rows["last"] = (
        rows[f"{end}_edition"].map(place) for end in ("first", "last")
    )
    for edition in table.itertuples():
        shown = rows[(rows["first"] <= edition.Index) & (rows["last"] >= edition.Index)]
        stated = shown.agreement_id[shown.agreement_id != ""]
        assert len(shown) == edition.rows_printed
        assert stated.nunique() == edition.agreements
        assert len(shown) - len(stated) == edition.set_aside


def test_intervals_of_editions_follow_each_other():
    table = datasets.editions()
    assert (table.first_seen <= table.last_seen).all()
    assert (table.last_seen[:-1].to_numpy() <= table.first_seen[1:].to_numpy()).all()
    assert (table.list_until[:-1].to_numpy() == table.first_seen[1:].to_numpy()).all()


def test_spells_are_those_of_the_printed_rows():
    table = datasets.editions()
    place = dict(zip(table.edition, table.index, strict=True))
    rows, listed = datasets.printed_rows(), {}
    for entry in rows[rows.agreement_id != ""].itertuples():
        listed.setdefault(entry.agreement_id, set()).update(
            range(place[entry.first_edition], place[entry.last_edition] + 1)
        )
    from_spells = {}
    for entry in datasets.spells().itertuples():
        from_spells.setdefault(entry.agreement_id, set()).update(
            range(place[entry.first_edition], place[entry.last_edition] + 1)
        )
    # What no row states and a spell covers is held by a row set aside
    assert all(listed[name] <= from_spells[name] for name in listed)
    held = sum(len(from_spells[name] - listed[name]) for name in listed)
    assert held == table.held.sum()
    assert set(listed) == set(datasets.agreements().agreement_id)


def test_every_county_lies_in_its_state():
    states = datasets.states()[["state", "fips"]]
    table = datasets.agreements().merge(states, on="state")
    known = table[table.county_fips != ""]
    assert (known.county_fips.str[:2] == known.fips).all()
    sheriffs = table[table.agency_kind == "sheriff"]
    assert (sheriffs.county_fips != "").all() and (sheriffs.level == "county").all()


def test_removals_are_intervals_with_a_class():
    table = datasets.agreements()
    gone = table[table.gone_by.notna()]
    assert (gone.last_listed <= gone.gone_by).all()
    assert set(gone.removal) == {"agency left", "model dropped", "model switched"}
    assert (table.removal[table.gone_by.isna()] == "").all()


def test_the_data_package_is_valid():
    report = frictionless.validate(str(DATA / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


def test_keys_between_files_lead_somewhere():
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        for key in resource["schema"].get("foreignKeys", []):
            column, target = key["fields"], key["reference"]
            here = datasets.load(resource["name"])[column]
            there = datasets.load(target["resource"] or resource["name"])
            lost = set(here[here != ""]) - set(there[target["fields"]])
            assert not lost, (resource["name"], column, sorted(lost)[:3])


def test_the_dictionary_is_written_from_the_package():
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    written = (DATA / "README.md").read_text(encoding="utf-8")
    tables = [
        csv_text.read(DATA / f"{name}.csv") for name in ("editions", "agency_links")
    ]
    assert written == dictionary.text(package, *tables), (
        "data/README.md is not that of datapackage.json: run `make register`"
    )


def test_every_file_of_data_is_documented():
    package = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    known = {resource["path"] for resource in package["resources"]}
    files = {
        path.relative_to(DATA).as_posix()
        for path in DATA.rglob("*.csv")
        if not {"raw", "own"} & set(path.relative_to(DATA).parts)
    }
    assert files == known


def test_the_register_compiles_from_its_printed_rows_as_committed():
    assert_as_committed(compiling.compiled_from_data(DATA))


@pytest.mark.long
@raw
def test_data_compiles_from_the_published_files_as_committed():
    assert_as_committed(compiling.compiled_from_raw(sources.raw_folder(), DATA))


def test_missing_workbooks_are_named_and_the_rest_compiles(
    tmp_path, capsys, monkeypatch
):
    data = data_folder(tmp_path)
    rows = [row("Alpha PD"), row("Beta PD")]
    raw = tmp_path / "raw"
    write_list(raw / "ice_lists/participatingAgencies03012025am.xlsx", rows)
    copy = {"commit": "c", "repository": "r", "committed_at": "", "sha256": "s"}
    names = [f"participatingAgencies0{day}2025am.xlsx" for day in ("301", "302")]
    pd.DataFrame(
        [copy | {"file": name, "path": name, "same_table_as": name} for name in names]
    ).to_csv(raw / "captures.csv", index=False)
    write_hand(data, "aliases", [("TX", "Nobody", "", "Alpha PD", "", "misspelt", "x")])
    lists_only = compiling.tables_of_lists
    monkeypatch.setattr(compiling, "tables", lambda *args: lists_only(*args[:4]))
    tables = compiling.compiled_from_raw(raw, data)
    assert len(tables["agreements"]) == 2 and "encounters" not in tables
    said = capsys.readouterr().err
    assert f"their editions are left out: {names[1]}\n" in said
    assert "No encounter files" in said


def assert_as_committed(tables):
    for name, table in tables.items():
        text = table.to_csv(index=False, lineterminator="\n").encode()
        assert text == (DATA / f"{name}.csv").read_bytes(), f"data/{name}.csv differs"


@raw
def test_the_list_of_a_day_is_that_of_its_workbook():
    from analysis_utils.collect.workbooks import read_table

    headings = hand.columns_by_heading(hand.read(DATA / "hand"))
    last_of_day = datasets.editions().drop_duplicates("first_seen", keep="last")
    for edition in last_of_day[::12].itertuples():
        paths = [sources.raw_folder() / "ice_lists", DATA / taken.FOLDER]
        path = next(
            p / edition.workbook for p in paths if (p / edition.workbook).exists()
        )
        printed = read_table(path, headings).rows[editions.CELLS]
        shown = series.list_as_of(edition.first_seen)[editions.CELLS]
        assert shown.to_numpy().tolist() == printed.to_numpy().tolist()


@facts
def test_edition_counts_agree_with_the_compiled_facts():
    points = pd.read_csv(FACTS / "history_points.csv")
    lists = points[points.source.str.startswith("ICE participating-agencies list: ")]
    name = lists.source.str.split(": ").str[1].str.split("__").str[-1]
    rows = lists.unit.str.extract(r"ICE rows (\d+)")[0].astype(int)
    counts = dict(zip(zip(name, rows, strict=True), lists.n_active, strict=True))
    table = datasets.editions()
    table["workbook"] = table.workbook.str.replace("__overwritten-20250704", "")
    pairs = zip(table.workbook, table.rows_printed, strict=True)
    table["known"] = [counts.get(pair) for pair in pairs]
    table = table[~table.workbook.isin(datasets.taken_in().file)]
    assert table.known.notna().all()
    different = table[table.agreements != table.known]
    # Moore County, Texas, stands there once more under Tennessee
    assert different.edition.tolist() == ["2025-09-02pm"]


@facts
def test_the_early_register_and_the_months_agree_with_the_compiled_facts():
    known = pd.read_csv(FACTS / "history.csv")
    months = (
        datasets.active_monthly()
        .assign(date=lambda table: table.date.dt.strftime("%Y-%m-%d"))
        .merge(known, on="date")
    )
    exact = months[(months.grade != "interpolated") & (months.date < "2026-04")]
    different = exact[exact.active != exact.n_active]
    assert different.date.tolist() == ["2017-07-31"]  # ICE: 60; roster of 2 July: 45
    gap = months[months.grade == "interpolated"]
    assert len(gap) == 36 and (gap.active - gap.n_active).abs().max() <= 1
    assert len(datasets.early_register()) == 105


@facts
def test_known_aliases_lead_to_one_agreement():
    from analysis_utils.collect import naming

    pairs = pd.read_csv(FACTS / "key_aliases.csv")
    rows = datasets.printed_rows()
    states = dict(
        zip(datasets.states().name.str.upper(), datasets.states().state, strict=True)
    )
    rows["key"] = rows.agency.map(naming.normalized)
    rows["printed"] = [states.get(naming.trimmed(cell).upper()) for cell in rows.state]
    rows["model"] = rows.agreement_id.str[-3:]
    found = rows.groupby(["printed", "key", "model"]).agreement_id.agg(set).to_dict()
    checked = 0
    for pair in pairs.itertuples():
        ends = [tuple(key.split("|")) for key in (pair.from_key, pair.final_key)]
        if all(end in found for end in ends):
            checked += 1
            assert found[ends[0]] & found[ends[1]], pair
    assert checked >= 65


def test_raw_files_are_named_where_they_are_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("RAW_DIR", str(tmp_path / "none"))
    with pytest.raises(Refused, match="make raw"):
        sources.require(sources.raw_folder())
    assert sources.raw_folder() == Path(os.environ["RAW_DIR"])


def test_no_edition_is_dated_before_its_signings_or_after_its_commit():
    table, dates = datasets.editions(), datasets.signing_dates()
    latest = dates.groupby("first_printed").signed.max()
    assert (latest.to_numpy() <= latest.index.to_numpy()).all()
    copies = datasets.captures()
    first = copies.merge(table[["sha256", "edition", "first_seen"]], on="sha256")
    known = first[first.committed_at != ""]
    committed = pd.to_datetime(known.committed_at).dt.normalize()
    assert (known.first_seen <= committed).all() and len(known) > 100


@pytest.mark.parametrize("day", ["2021-06-30", "2025-07-04", "2025-08-29"])
def test_what_was_known_on_a_day_is_what_the_lists_of_then_give(day, monkeypatch):
    choices = [
        {"basis": basis, "as_of": day, "frequency": "day", "end": day}
        for basis in ("listing", "signing")
    ]
    known = [
        function(**choice)
        for choice in choices
        for function in (series.active, series.signings)
    ]
    for name, table in register_of(day, monkeypatch).items():
        monkeypatch.setattr(datasets, name, lambda table=table: table)
    then = [
        function(**{**choice, "as_of": None})
        for choice in choices
        for function in (series.active, series.signings)
    ]
    for now, truth in zip(known, then, strict=True):
        pd.testing.assert_frame_equal(now, truth, check_freq=False)


def register_of(day, monkeypatch):
    """The register's tables from the lists published by a day, as loaded."""
    table, printed = lists.compiled(DATA)
    table = table[table.first_seen <= day]
    printed = printed[printed["first"] < len(table)].copy()
    printed["last"] = printed["last"].clip(upper=len(table) - 1)
    printed["last_edition"] = printed["last"].map(table.edition)
    decisions = replace(hand.read(DATA / "hand"), partial=True)
    tables = compiling.tables_of_lists(
        table, compiling.identified(printed, DATA, decisions), DATA, decisions
    )
    dates = [
        "signed",
        "first_listed",
        "gone_by",
        "first_seen",
        "last_seen",
        "first_printed",
        "last_printed",
        "replaced_by",
    ]
    typed = {
        name: tables[name].assign(
            **{
                column: pd.to_datetime(tables[name][column].replace("", None))
                for column in dates
                if column in tables[name]
            }
        )
        for name in ("editions", "agreements", "spells", "signing_dates")
    }
    newest = typed["editions"].last_seen.max()
    typed["signing_dates"].last_printed = typed["signing_dates"].last_printed.fillna(
        newest
    )
    return typed

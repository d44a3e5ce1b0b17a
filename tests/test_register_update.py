"""`make update`: every refusal changes nothing; a good list is shown and taken in."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from register_lists import (
    HEADINGS,
    JEM,
    WSO,
    again,
    compiled,
    data_folder,
    row,
    write_hand,
    write_list,
)

from analysis_utils.asking import Refused
from analysis_utils.collect import compile as compiling
from analysis_utils.collect import editions, hand, sources, update
from analysis_utils.collect.changes import report
from analysis_utils.run_context import ROOT

STAYS = [
    row(f"{name} PD", kind="Municipality")
    for name in ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta")
]
FIRST, SECOND = STAYS[:5], STAYS
PENDING = HEADINGS[:5]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A compiled register of two lists, the newest of 2 March 2025."""
    folder = data_folder(tmp_path)
    monkeypatch.setattr(compiling, "tables", compiling.tables_of_lists)
    tables = compiled({"03012025am": FIRST, "03022025am": SECOND}, tmp_path, folder)
    sources.write_tables(tables, folder)
    return folder


def state(folder):
    """Every file of a folder with the checksum of its content."""
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def new_list(
    tmp_path, rows, name="participatingAgencies03102025am.xlsx", headings=HEADINGS
):
    return write_list(tmp_path / name, rows, headings)


def proposed(path, data, edition="", confirmed=False):
    return update.proposed(path, edition, data, confirmed)


def refusals(tmp_path):
    """Lists that are refused: file, words of the reason."""
    more = [*SECOND, row("Eta PD")]
    yield new_list(tmp_path, more, "list.xlsx"), "states no date"
    yield new_list(tmp_path, []), "the list is empty"
    yield (
        new_list(tmp_path / "p", [r[:5] for r in more], headings=PENDING),
        "pending agencies",
    )
    yield (
        new_list(tmp_path / "q", [[*r[:5], None, "", ""] for r in more]),
        "no row has a signing date",
    )
    yield new_list(tmp_path / "c", FIRST), "a copy of the edition 2025-03-01am"
    yield new_list(tmp_path / "d", SECOND), "a copy of the edition 2025-03-02am"
    yield (
        new_list(tmp_path / "m", [[*r[:6], "other", ""] for r in FIRST]),
        "a copy of the edition 2025-03-01am",
    )
    for name in ("03012024pm", "03022025am"):
        yield (
            new_list(tmp_path, more, f"participatingAgencies{name}.xlsx"),
            "not later than that of the newest",
        )
    yield (
        new_list(tmp_path, more, "participatingAgencies03104025am.xlsx"),
        "days after that of the newest",
    )
    renamed = ["STATE", "AGENCY NAME", *HEADINGS[2:]]
    yield new_list(tmp_path / "r", more, headings=renamed), "no column LAW ENFORCEMENT"
    renamed = [*HEADINGS[:2], "KIND", *HEADINGS[3:]]
    yield new_list(tmp_path / "s", more, headings=renamed), "no column for type"
    yield new_list(tmp_path / "t", more[4:]), "4 of 6 agreements are not on this list"
    page = tmp_path / "participatingAgencies03112025am.xlsx"
    page.write_text("<!doctype html><html><title>287(g)</title></html>")
    yield page, "an HTML page"
    locked = tmp_path / "participatingAgencies03122025am.xlsx"
    locked.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000))
    yield locked, "password-protected"
    cut = tmp_path / "participatingAgencies03132025am.xlsx"
    cut.write_bytes(new_list(tmp_path, more).read_bytes()[:3000])
    yield cut, "cut off"


def test_every_fault_is_refused_with_its_reason_and_changes_nothing(tmp_path, data):
    before = state(data)
    for path, reason in refusals(tmp_path):
        with pytest.raises(ValueError, match=reason):
            proposed(path, data)
        assert state(data) == before, reason


def test_two_gigabytes_unpacked_are_not_opened(tmp_path, data):
    path = tmp_path / "participatingAgencies03142025am.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "")
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02") + 24
    content[place : place + 4] = (2_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="unpacks to 2,000 MB"):
        proposed(path, data)


def test_a_good_list_is_shown_and_taken_in(tmp_path, data):
    rows = [
        *SECOND[1:],
        row("Eta PD", WSO, "2025-03-08"),
        row("Alfa PD", signed="2025-03-01"),
    ]
    found = proposed(new_list(tmp_path, rows), data)
    text = "\n".join(report(found))
    assert "7 rows = 7 agreements + 0 duplicates + 0 set aside" in text
    assert "Before: 6 agreements; 2 added, 1 gone" in text
    assert "TX Eta PD WSO, signed 2025-03-08" in text
    assert "TX Alpha PD TFM, signed 2025-03-01: agency left" in text
    assert "TX Alpha PD -> TX Alfa PD (TFM; names 93% alike, same signing date)" in text
    changed = update.take_in(found, data)
    assert "lists/participatingAgencies03102025am.xlsx" in changed
    assert not list(data.glob(".new-*"))
    with pytest.raises(ValueError, match="a copy of the edition 2025-03-10am"):
        proposed(new_list(tmp_path, rows, "participatingAgencies03112025am.xlsx"), data)


def test_the_register_with_a_taken_list_compiles_the_same_again(tmp_path, data):
    rows = [SECOND[5], *SECOND[:3], row("Eta PD", JEM), *SECOND[3:5]]
    update.take_in(proposed(new_list(tmp_path, rows), data, "2025-03-20pm"), data)
    taken = state(data)
    assert (data / "lists/2025-03-20pm.xlsx").exists()
    raw = tmp_path / "raw"
    published, decisions = editions.read_captures(raw, data), hand.read(data / "hand")
    table, printed, _ = compiling.from_lists(published, raw, data, decisions)
    sources.write_tables(again(table, printed, data), data)
    assert state(data) == taken


def test_what_no_list_had_before_is_reported_and_not_guessed(tmp_path, data):
    rows = [
        *[[*r, "north"] for r in SECOND],
        [*row("Tribal Police", "Tribal Task Force Model"), ""],
        [*row("Navajo Police", state="NAVAJO NATION"), ""],
        [*row("Police of Puerto Rico", state="PUERTO RICO"), ""],
        [*row("Eta PD", state="TEXSA"), ""],
        [*row("Theta PD", signed="5025-07-07"), ""],
        [*row("Iota PD", signed="2025-04-01", county="Nowhere County"), ""],
        [*row("=1+1"), ""],
    ]
    path = new_list(tmp_path, rows, headings=[*HEADINGS, "REGION"])
    found = proposed(path, data)
    text = "\n".join(report(found))
    for words in (
        "13 rows = 9 agreements + 0 duplicates + 4 set aside",
        "model not known: Tribal Task Force Model: row 8 (Tribal Police)",
        "state not known: NAVAJO NATION: row 9 (Navajo Police)",
        "state not known: TEXSA, perhaps TEXAS: row 11 (Eta PD)",
        "no agency printed: row 14 ()",
        "column 'REGION' is new",
        "first agreement of PR ever listed",
        "signing date '5025-07-07' is set aside",
        "signed 2025-04-01, later than the list",
        "county 'Nowhere County' is not known",
        "row 14: agency holds a formula",
    ):
        assert words in text, words
    update.take_in(found, data)
    assert "=1+1" not in (data / "printed_rows.csv").read_text()


def test_a_row_set_aside_counts_once_it_is_decided(tmp_path, data):
    rows = [*SECOND, row("Tribal Police", "Tribal Task Force Model")]
    update.take_in(proposed(new_list(tmp_path, rows), data), data)
    models = (data / "hand/models.csv").read_text()
    (data / "hand/models.csv").write_text(
        models + "TTM,Tribal Task Force Model,Officers of a tribe\n"
    )
    tables = again(*compiling.from_data(data), data)
    assert "TX-tribal-police-TTM" in set(tables["agreements"].agreement_id)


@pytest.mark.parametrize("change", ["third", "columns"])
def test_great_changes_need_confirmation(tmp_path, data, change):
    if change == "third":
        path = new_list(tmp_path, [*SECOND[:3], row("Eta PD")])
    else:
        path = new_list(
            tmp_path,
            [[*r[:2], *r[3:]] for r in [*SECOND, row("Eta PD")]],
            headings=[*HEADINGS[:2], *HEADINGS[3:]],
        )
    with pytest.raises(Refused, match="CONFIRM=yes"):
        proposed(path, data)
    assert proposed(path, data, confirmed=True).edition == "2025-03-10am"


def test_a_renamed_column_is_read_once_it_is_decided(tmp_path, data):
    table = (data / "hand/headings.csv").read_text()
    (data / "hand/headings.csv").write_text(table + "AGENCY NAME,agency,renamed\n")
    path = new_list(
        tmp_path,
        [*SECOND, row("Eta PD")],
        headings=["STATE", "AGENCY NAME", *HEADINGS[2:]],
    )
    assert len(proposed(path, data).rows) == 7


def test_a_wrong_date_of_the_caller_is_refused(tmp_path, data):
    with pytest.raises(ValueError, match="write 2026-05-18"):
        proposed(new_list(tmp_path, SECOND), data, "18.5.2026")


def test_files_are_replaced_all_or_none(tmp_path, data, monkeypatch):
    found = proposed(new_list(tmp_path, [*SECOND, row("Eta PD")]), data)
    before = state(data)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        update.take_in(found, data)
    assert state(data) == before


def test_the_command_says_why_and_fails(tmp_path):
    command = [sys.executable, "-m", "analysis_utils.collect.update"]
    for arguments, words in (
        ([], "Name the list"),
        (["nowhere.xlsx"], "no such file"),
        (
            ["http://127.0.0.1:9/participatingAgencies05182026am.xlsx"],
            "could not be fetched",
        ),
    ):
        done = subprocess.run(
            [*command, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ,
        )
        assert done.returncode == 1 and words in done.stderr
        assert "Nothing was changed" in done.stderr and "Traceback" not in done.stderr


def test_a_misspelt_name_taken_in_is_aliased_afterwards(tmp_path, data):
    rows = [*SECOND[1:], row("Alfa PD", kind="Municipality")]
    update.take_in(proposed(new_list(tmp_path, rows), data), data)
    write_hand(
        data,
        "aliases",
        [("TX", "Alfa PD", "TFM", "Alpha PD", "", "misspelt", "same signing date")],
    )
    tables = again(*compiling.from_data(data), data)
    assert (tables["agreements"].gone_by == "").all()


def test_a_list_is_fetched_from_its_address(tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    served = new_list(tmp_path / "site", SECOND)
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=served.parent)
    )
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / "here").mkdir()
    found = update.obtained(f"{base}/{served.name}?download=1", tmp_path / "here")
    assert found.name == served.name and found.read_bytes() == served.read_bytes()
    with pytest.raises(Refused, match="404"):
        update.obtained(f"{base}/gone.xlsx", tmp_path / "here")
    server.shutdown()


def test_an_agreement_in_a_row_set_aside_stays_in_force(tmp_path, data):
    rows = [*SECOND[:5], row("Zeta PD", state="TEXSA"), row("Eta PD")]
    found = proposed(new_list(tmp_path, rows), data)
    assert "1 added, 0 gone" in "\n".join(report(found))
    newest = found.after["editions"].iloc[-1]
    assert (newest.agreements, newest.set_aside, newest.held) == (6, 1, 1)
    zeta = found.after["agreements"].set_index("agreement_id")
    assert zeta.gone_by["TX-zeta-police-department-TFM"] == ""

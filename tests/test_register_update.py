"""`make update`: shows first, writes all or nothing, takes back; faults are named."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from http.server import ThreadingHTTPServer as Server
from threading import Thread

import pandas as pd
import pytest
from faulty_lists import FAULTS, NEXT, following, good, history
from register_lists import (
    HEADINGS,
    TFM,
    again,
    compiled,
    data_folder,
    made,
    row,
    write_hand,
    write_list,
)

from analysis_utils.asking import Refused
from analysis_utils.collect import (
    changes,
    editions,
    hand,
    lists,
    sources,
    taken,
    update,
)
from analysis_utils.collect import compile as compiling
from analysis_utils.collect.gates import FACTOR, Gate, gates, stopping
from analysis_utils.collect.proposal import proposed
from analysis_utils.run_context import ROOT, sha256

TOTALS = pd.DataFrame({"difference": pd.array([], dtype="Int64"), "explanation": []})


@pytest.fixture(scope="module")
def compiled_history(tmp_path_factory):
    place = tmp_path_factory.mktemp("history")
    folder = data_folder(place)
    for stamp, rows in history().items():
        write_list(place / f"raw/ice_lists/participatingAgencies{stamp}.xlsx", rows)
    files = sorted((place / "raw/ice_lists").iterdir())
    copies = [
        (path.name, path.name, "owner/name", "c0ffee", path.name, "", sha256(path))
        for path in files
    ]
    captures = pd.DataFrame(copies, columns=editions.CAPTURES)
    captures.to_csv(folder / "captures.csv", index=False)
    sources.write_tables(compiled({}, place, folder), folder)
    return folder


@pytest.fixture
def data(tmp_path, monkeypatch, compiled_history):
    """A compiled register of six small lists, the newest of 28 April 2025."""
    shutil.copytree(compiled_history, tmp_path / "data")
    shutil.copytree(compiled_history.parent / "raw", tmp_path / "raw")

    def tables(*arguments):
        return compiling.tables_of_lists(*arguments) | {"published_totals": TOTALS}

    monkeypatch.setattr(compiling, "tables", tables)
    monkeypatch.setattr(sources, "DATA", tmp_path / "data")
    monkeypatch.setattr(update.dictionary, "write", lambda data: None)
    return tmp_path / "data"


def state(folder):
    """Every file of a folder with the checksum of its content."""
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "published_totals.csv"
    }


def text_of(found):
    return "\n".join(update.told(found, gates(found)))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_kind_of_faulty_list(fault, tmp_path, data):
    before, path = state(data), fault.make(tmp_path)
    if fault.outcome == "refused":
        with pytest.raises(Refused, match=fault.words.replace("(", r"\(")):
            proposed(path, fault.date, data)
    else:
        found = proposed(path, fault.date, data)
        stops = [gate.name for gate in stopping(gates(found))]
        assert fault.words in text_of(found)
        if fault.outcome == "passes":
            assert stops == []
        else:
            assert fault.outcome in stops
            with pytest.raises(Refused, match=f"ACCEPT=.*{fault.outcome}"):
                update.decide(gates(found), "yes")
            update.decide(gates(found), ",".join(stops))
    assert state(data) == before


def test_nothing_is_written_before_it_is_accepted(tmp_path, data, capsys):
    before, path = state(data), write_list(tmp_path / NEXT, following())
    update.main(str(path))
    said = capsys.readouterr().out
    assert "2 added, 0 gone" in said and "Nothing was written" in said
    assert state(data) == before
    update.main(str(path), accept="yes")
    assert "Taken in" in capsys.readouterr().out
    assert (data / taken.FOLDER / NEXT).exists()
    assert taken.read(data).edition.tolist() == ["2025-05-08am"]
    update.main(undo=True)
    assert f"Taken back: 2025-05-08am, from {NEXT} (" in capsys.readouterr().out
    after = state(data)
    table = taken.TABLE + ".csv"
    assert taken.read(data).empty
    assert {k: v for k, v in after.items() if k.name != table} == before


def test_a_refused_list_is_reported_whole_with_its_cause_first(tmp_path, data, capsys):
    path = write_list(tmp_path / NEXT, following()[:45])
    with pytest.raises(Refused, match="gone"):
        update.main(str(path), accept="yes")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Look at this first:" and "cut short" in said[1]
    assert any(line.startswith("Gone (") for line in said)
    assert any("largest so far" in line for line in said)


@pytest.mark.parametrize("accept", ["jes", "gone,yess", "maybe"])
def test_an_unknown_word_accepts_nothing(accept):
    with pytest.raises(Refused, match="is no gate"):
        update.decide([Gate("gone", "x", 9, 1)], accept)


def test_a_gate_stops_beyond_twice_the_largest_so_far():
    assert not Gate("gone", "x", FACTOR * 3, 3).stops
    assert Gate("gone", "x", FACTOR * 3 + 1, 3).stops
    assert not Gate("set_aside", "x", 0, 0).stops and Gate("set_aside", "x", 1, 0).stops


def taken_in(path, data, date=""):
    update.take_in(proposed(path, date, data), data)
    return again(data)


def test_the_register_with_taken_lists_compiles_the_same_from_the_workbooks(
    tmp_path, data
):
    newest = [*following()[3:], row("Ash Police Department", TFM, "2025-05-02")]
    late, again_ = following()[:-3], history()["04142025am"]
    for rows, name in (
        (newest, NEXT),
        (late, "participatingAgencies05012025am.xlsx"),
        (again_, "participatingAgencies04172025pm.xlsx"),
    ):
        taken_in(write_list(tmp_path / name, rows), data)
    known, decisions = state(data), hand.read(data / "hand")
    raw = tmp_path / "raw"
    published = editions.read_captures(raw, data)
    tables = made(lists.from_workbooks(published, raw, data, decisions), data)
    sources.write_tables(tables, data)
    assert state(data) == known


def test_a_late_list_moves_first_listings_and_a_later_sighting_the_last(tmp_path, data):
    id_ = "TX-maple-collin-police-department-TFM"
    newest = history()["04282025am"]
    tables = taken_in(
        write_list(tmp_path / "participatingAgencies04252025am.xlsx", newest), data
    )
    table = tables["editions"]
    assert table.edition.tolist()[-1] == "2025-04-25am" and len(table) == 6
    assert table.last_seen.tolist()[-1] == "2025-04-28"
    tables = taken_in(
        write_list(tmp_path / "participatingAgencies05022025am.xlsx", newest), data
    )
    assert tables["editions"].last_seen.tolist()[-1] == "2025-05-02"
    assert tables["editions"].copies.tolist()[-1] == "3"
    assert not (data / taken.FOLDER / "participatingAgencies05022025am.xlsx").exists()
    assert id_ not in set(tables["agreements"].agreement_id)


def test_the_address_of_a_list_is_kept(tmp_path, data, monkeypatch):
    path = write_list(tmp_path / NEXT, following())
    monkeypatch.setattr(update, "obtained", lambda place, folder: path)
    update.main("https://www.ice.gov/lists/x.xlsx", accept="yes")
    table = again(data)["editions"]
    assert table.source.iloc[-1] == "https://www.ice.gov/lists/x.xlsx"


def test_what_no_list_had_before_is_reported_and_not_guessed(tmp_path, data):
    rows = [
        *[[*cells, "north"] for cells in following()],
        [*row("Tribal Police", "Tribal Task Force Model"), ""],
        [*row("Navajo Police", state="NAVAJO NATION"), ""],
        [*row("Police of Puerto Rico", state="PUERTO RICO"), ""],
        [*row("Eta PD", state="TEXSA"), ""],
        [*row("Theta PD", signed="5025-07-07"), ""],
        [*row("Iota PD", signed="2025-06-01", county="Nowhere County"), ""],
    ]
    found = proposed(write_list(tmp_path / NEXT, rows, [*HEADINGS, "REGION"]), "", data)
    text = text_of(found)
    for words in (
        "95 rows = 92 agreements + 0 duplicates + 3 set aside",
        "model not known: Tribal Task Force Model: row 91 (Tribal Police)",
        "state not known: NAVAJO NATION: row 92 (Navajo Police)",
        "state not known: TEXSA, perhaps TEXAS: row 94 (Eta PD)",
        "column 'REGION' is new",
        "first agreement of PR ever listed",
        "signing date '5025-07-07' is set aside",
        "signed 2025-06-01, later than the list",
        "county 'Nowhere County' is not known",
    ):
        assert words in text, words


def test_a_row_set_aside_counts_once_it_is_decided(tmp_path, data):
    rows = [*following(), row("Tribal Police", "Tribal Task Force Model")]
    taken_in(write_list(tmp_path / NEXT, rows), data)
    models = (data / "hand/models.csv").read_text()
    (data / "hand/models.csv").write_text(
        models + "TTM,Tribal Task Force Model,Officers of a tribe\n"
    )
    assert "TX-tribal-police-TTM" in set(again(data)["agreements"].agreement_id)


def test_rows_set_aside_keep_their_agreements_in_force(tmp_path, data):
    rows = following()
    for cells in rows[:10]:
        cells[0] = "ALABMA"
    found = proposed(write_list(tmp_path / NEXT, rows), "", data)
    newest = found.after["editions"].iloc[-1]
    assert (newest.set_aside, newest.held) == (10, 10)
    assert "2 added, 0 gone" in text_of(found)
    # Decided later, the same rows state what they kept in force
    update.take_in(found, data)
    write_hand(data, "spellings", [("state", "ALABMA", "AL", "a letter missing")])
    tables = again(data)
    newest = tables["editions"].iloc[-1]
    assert (newest.set_aside, newest.held, newest.agreements) == (0, 0, 89)
    assert (tables["spells"].groupby("agreement_id").size() == 1).all()


def test_corrections_hold_however_the_workbook_types_the_date(tmp_path, data):
    rows = following()
    rows[0][5] = rows[0][5].replace(year=2015)
    taken_in(write_list(tmp_path / NEXT, rows), data)
    sheriff = "Baldwin County Sheriff's Office"
    decision = (
        "AL",
        sheriff,
        "WSO",
        "2015-02-10",
        "2025-02-10",
        "the year is mistyped",
    )
    write_hand(data, "dates", [decision])
    texts = [[*c[:5], c[5].strftime("%m/%d/%Y").lstrip("0"), *c[6:]] for c in rows]
    path = write_list(tmp_path / "participatingAgencies05092025am.xlsx", texts)
    tables = taken_in(path, data)
    signed = tables["agreements"].set_index("agreement_id").dates_printed
    assert signed["AL-baldwin-county-sheriff-WSO"] == "2025-02-10"


def test_a_rename_that_changes_the_kind_of_agency_is_suggested():
    columns = ["state", "agency", "agency_kind", "model", "signed"]
    old = pd.DataFrame(
        [("TX", "Haskell Police Department", "police", "TFM", "2025-03-01")],
        columns=columns,
    )
    new = pd.DataFrame(
        [
            ("TX", "Haskell County Sheriff's Office", "sheriff", "TFM", "2025-03-01"),
            ("TX", "Hood County Sheriff's Office", "sheriff", "TFM", "2025-03-01"),
        ],
        columns=columns,
    )
    (said,) = changes.renamings(old, new)
    assert "Haskell County Sheriff's Office" in said and "police -> sheriff" in said


def test_a_misspelt_name_taken_in_is_aliased_afterwards(tmp_path, data):
    rows = following()
    rows[1][1] = "Ash Baldwyn Police Department"
    found = proposed(write_list(tmp_path / NEXT, rows), "", data)
    assert "Perhaps renamed" in text_of(found)
    update.take_in(found, data)
    assert (again(data)["agreements"].gone_by != "").sum() == 2
    alias = ("AL", "Ash Baldwyn Police Department", "TFM")
    same = ("Ash Baldwin Police Department", "", "misspelt", "same signing date")
    write_hand(data, "aliases", [(*alias, *same)])
    assert (again(data)["agreements"].gone_by != "").sum() == 1


def test_a_real_update_changes_the_lines_that_it_changes(tmp_path, data):
    before = {path.name: path.read_text().splitlines() for path in data.glob("*.csv")}
    rows = following()[2:]
    added = [row(f"{n} PD", TFM, "2025-05-02", kind="Municipality") for n in "abcde"]
    taken_in(write_list(tmp_path / NEXT, rows + added), data)
    real = 2 + 2 + len(added)  # gone, come from the frozen list, come besides
    for name in ("agreements", "spells", "signing_dates", "printed_rows"):
        now = (data / f"{name}.csv").read_text().splitlines()
        old = before[f"{name}.csv"]
        lines = len(set(now) - set(old)) + len(set(old) - set(now))
        assert lines <= 2 * real, name


def test_files_are_replaced_all_or_none(tmp_path, data, monkeypatch):
    found = proposed(write_list(tmp_path / NEXT, following()), "", data)
    before = state(data)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        update.take_in(found, data)
    assert state(data) == before


def test_there_must_be_a_list_to_take_back(data):
    with pytest.raises(Refused, match="nothing to take back"):
        update.take_back(data)


def ask(**given):
    """`make update` with variables, as make hands them on."""
    environment = os.environ | given | {"GIVEN": " ".join(given)}
    return subprocess.run(
        [sys.executable, "-m", "analysis_utils.commands", "update"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Name the list"),
        ({"LIST": "nowhere.xlsx"}, "no such file"),
        (
            {"LIST": "http://127.0.0.1:9/participatingAgencies05182026am.xlsx"},
            "not fetched (ConnectionError)",
        ),
        ({"LIST": "x.xlsx", "UNDO": "yes"}, "not both"),
        ({"LIST": "$(touch /tmp/x)"}, "no such file"),
        ({"CONFIRM": "yes"}, "knows no CONFIRM"),
    ],
)
def test_the_command_says_why_and_fails(given, words):
    done = ask(**given)
    assert done.returncode == 2 and words in done.stderr
    assert "nothing was changed" in done.stderr and "Traceback" not in done.stderr


def served(handler):
    server = Server(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def test_a_list_is_fetched_from_its_address(tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    path = write_list(tmp_path / "site" / NEXT, good())
    server, base = served(partial(Quiet, directory=path.parent))
    (tmp_path / "here").mkdir()
    found = update.obtained(f"{base}/{path.name}?download=1", tmp_path / "here")
    assert found.name == path.name and found.read_bytes() == path.read_bytes()
    with pytest.raises(Refused, match="404"):
        update.obtained(f"{base}/gone.xlsx", tmp_path / "here")
    server.shutdown()


@pytest.mark.fault("17.9", "make update fetches 400 MB before it refuses")
def test_a_fetch_stops_at_what_a_list_can_weigh(tmp_path):
    sent = []

    class Endless(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(4000):
                    self.wfile.write(bytes(100_000))
                    sent.append(100_000)
            except OSError:
                pass

    server, base = served(Endless)
    with pytest.raises(Refused, match="more than 20 MB"):
        update.obtained(f"{base}/x.xlsx", tmp_path)
    server.shutdown()
    assert sum(sent) < 2 * update.MAX_FETCHED

"""`make raw` against a server on loopback that is slow, cuts off, lies and is empty."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
import requests

from analysis_utils.collect import fetch

CONTENT = b"published " * 20_000
COLUMNS = ["id", "repository", "commit", "path", "sha256", "bytes", "file"]


class Moody(BaseHTTPRequestHandler):
    """Answers by the last word of the path, and counts what it was asked for."""

    asked: list[str] = []

    def do_GET(self):
        Moody.asked.append(self.path)
        mood = Path(self.path).stem
        if mood == "gone":
            return self.send_error(404)
        if mood == "broken":
            return self.send_error(503)
        if mood == "once" and Moody.asked.count(self.path) == 1:
            mood = "cut"
        if mood == "silent":
            time.sleep(1.5)
        body = {"lie": CONTENT[:-1] + b"!", "flood": CONTENT * 50}.get(mood, CONTENT)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if mood == "cut":
            body = body[:1000]
        if mood == "stall":
            self.wfile.write(body[:1000])
            self.wfile.flush()
            time.sleep(1.5)
        if mood.startswith("slow"):
            for start in range(0, len(body), 50_000):
                self.wfile.write(body[start : start + 50_000])
                self.wfile.flush()
                time.sleep(0.1)
            return None
        try:
            self.wfile.write(body)
        except OSError:  # the other side has had enough
            pass
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Moody.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Moody)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def registry(folder: Path, *moods: str) -> Path:
    digest = hashlib.sha256(CONTENT).hexdigest()
    rows = [
        (mood, "a/b", "c0ffee", f"folder with space/{mood}.csv", digest,
         str(len(CONTENT)), f"lists/{mood}.csv")
        for mood in moods
    ]  # fmt: skip
    path = folder / "sources.csv"
    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
    return path


def run(tmp_path: Path, server: str, *moods: str) -> tuple[list[str], Path]:
    sources = fetch.registered(registry(tmp_path, *moods), server)
    raw = tmp_path / "raw"
    return fetch.fetch_all(sources, raw, patience=0.5, workers=4), raw


def files(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("*") if p.is_file()}


def test_fetches_whole_files_by_repository_commit_and_path(tmp_path, server):
    failures, raw = run(tmp_path, server, "one", "two", "slow")
    assert failures == []
    for name in ("one", "two", "slow"):
        assert (raw / "lists" / f"{name}.csv").read_bytes() == CONTENT
    assert "/a/b/c0ffee/folder%20with%20space/one.csv" in Moody.asked


@pytest.mark.fault("17.10", "a stall, a cut or too much over http")
@pytest.mark.parametrize(
    ("mood", "sentence"),
    [
        ("gone", "no longer at its public address (404)"),
        ("broken", "the server answered 503"),
        ("lie", "not the registered file (other SHA-256); refused"),
        ("flood", "not the registered file (other SHA-256); refused"),
        ("cut", "the transfer was cut off; run `make raw` again"),
        ("silent", "no answer within 0.5 seconds"),
        ("stall", "no answer within 0.5 seconds"),
    ],
)
def test_one_sentence_for_each_fault_and_no_half_file(tmp_path, server, mood, sentence):
    failures, raw = run(tmp_path, server, "fine", mood)
    assert len(failures) == 1
    assert failures[0].startswith(f"lists/{mood}.csv: ") and sentence in failures[0]
    assert files(raw) == {"fine.csv"}


@pytest.mark.slow
def test_no_server_at_all_is_said(tmp_path):
    failures, raw = run(tmp_path, "http://127.0.0.1:9", "one")
    assert "no connection to the server" in failures[0] and files(raw) == set()


def test_an_answer_that_was_lost_is_said_in_words():
    lost = requests.HTTPError("the answer was lost")
    assert fetch._reason(lost, 1) == "HTTPError: the answer was lost"


def test_a_transfer_that_breaks_once_is_tried_again(tmp_path, server):
    failures, raw = run(tmp_path, server, "once")
    assert failures == [] and files(raw) == {"once.csv"}


def test_resumes_keeps_what_is_complete_and_replaces_what_is_not(tmp_path, server):
    run(tmp_path, server, "one", "two", "three")
    Moody.asked.clear()
    raw = tmp_path / "raw"
    (raw / "lists" / "two.csv").write_bytes(CONTENT[:100])
    (raw / "lists" / "three.csv").write_bytes(b"?" * len(CONTENT))
    failures, _ = run(tmp_path, server, "one", "two", "three")
    assert failures == []
    assert sorted(Path(path).stem for path in Moody.asked) == ["three", "two"]
    assert (raw / "lists" / "two.csv").read_bytes() == CONTENT


def test_a_refused_file_leaves_the_old_one(tmp_path, server):
    old = tmp_path / "raw" / "lists" / "lie.csv"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"mine")
    failures, _ = run(tmp_path, server, "lie")
    assert len(failures) == 1 and old.read_bytes() == b"mine"


def test_parts_of_a_killed_run_are_cleared(tmp_path, server):
    folder = tmp_path / "raw" / "lists"
    folder.mkdir(parents=True)
    for name, age in (("tmpold", 7200), ("tmpnew", 0)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    run(tmp_path, server, "one")
    assert files(folder) == {"one.csv", "tmpnew"}


def test_plain_lines_without_a_terminal_and_exit_code(tmp_path, server):
    path = registry(tmp_path, "one", "gone")
    code = (
        "from pathlib import Path; from analysis_utils.collect import fetch; "
        f"fetch.main(Path({str(path)!r}))"
    )
    environment = {"RAW_DIR": str(tmp_path / "raw"), "SOURCES_URL": server}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Fetching 2 of 2 files" in done.stdout
    assert "fetched lists/one.csv" in done.stdout and "\r" not in done.stdout
    assert "1 of 2 files could not be had" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.fault("17.9", "a fetch that is stopped leaves half a file")
def test_a_stopped_run_leaves_no_part(tmp_path, server):
    path = registry(tmp_path, "one", *(f"slow{n}" for n in range(9)))
    code = (
        "from pathlib import Path; "
        "from analysis_utils.collect import fetch; "
        f"fetch.main(Path({str(path)!r}))"
    )
    environment = {"RAW_DIR": str(tmp_path / "raw"), "SOURCES_URL": server}
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 20
    while not files(tmp_path / "raw") and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=20)
    assert child.returncode != 0
    assert all(name.endswith(".csv") for name in files(tmp_path / "raw"))


@pytest.mark.parametrize(
    ("column", "value"),
    [("sha256", "abc"), ("bytes", ""), ("file", "../x.csv"), ("file", "/etc/x")],
)
def test_a_registry_row_that_is_not_proper_is_refused(tmp_path, column, value):
    path = registry(tmp_path, "one", "two")
    table = pd.read_csv(path, dtype=str)
    table.loc[1, column] = value
    table.to_csv(path, index=False)
    with pytest.raises(ValueError, match="line 3: needs"):
        fetch.registered(path)

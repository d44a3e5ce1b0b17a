"""Changes to the registry are read from git history, and never lost."""

import subprocess

import pandas as pd
import pytest
from report_data import entry, registry_text

from analysis_utils.report import build, deviations, history, write
from analysis_utils.workflow import manifest

FILE = deviations.REGISTRY


def git(root, *arguments: str) -> None:
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", root, *author, "-c", "commit.gpgsign=false", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def commit(root, text: str, subject: str, file: str = FILE) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)
    git(root, "add", file)
    git(root, "commit", "-m", subject, "--date", "2026-01-02T03:04:05Z")


@pytest.fixture
def repository(tmp_path):
    """First version; one field changed; one withdrawn and one added; a broken version;
    a run's parameter changed, and the code of the answers."""
    git(tmp_path, "init", "-q")
    first, changed = entry("H1"), entry("H1", smallest="2")
    commit(tmp_path, registry_text(H1=first, H2=entry("H2")), "First")
    commit(tmp_path, registry_text(H1=changed, H2=entry("H2")), "Smaller matters not")
    commit(tmp_path, "families: [", "Broken")
    commit(tmp_path, registry_text(H1=changed, H3=entry("H3")), "H3 instead of H2")
    runs, code = deviations.RUNS, deviations.CODE[0]
    commit(tmp_path, "01_a:\n  main: {window: 26}\n", "Runs", runs)
    new = "01_a:\n  main: {window: 30}\n  other: {}\n"
    commit(tmp_path, new, "A longer window", runs)
    commit(tmp_path, "a = 1\nb = 2\n", "Answers", code)
    commit(tmp_path, "a = 1\nb = 3\nc = 4\n", "Another rule", code)
    return tmp_path


def test_each_change_is_a_row_with_its_reason(repository):
    log = deviations.log(repository)
    told = log[["what", "field", "before", "after", "reason"]].to_numpy().tolist()
    assert told == [
        ["H1", "smallest", "1", "2", "Smaller matters not"],
        ["H2", "entry", "present", "withdrawn", "H3 instead of H2"],
        ["family main", "members", "H1, H2", "H1, H3", "H3 instead of H2"],
        ["H3", "entry", "", "added", "H3 instead of H2"],
        ["01_a/main", "window", "26", "30", "A longer window"],
        ["code", "lines", "1 lines taken out", "2 lines put in", "Another rule"],
    ]
    assert set(log["date"]) == {"2026-01-02"}
    assert list(log["file"].unique()) == [FILE, deviations.RUNS, deviations.CODE[0]]
    assert history.count(repository, FILE) == 4


def test_a_new_field_for_all_is_one_row():
    old = {key: {"unit": "a"} for key in ("H1", "H2")}
    new = {key: {"unit": "a", "units": key} for key in ("H1", "H2")}
    assert deviations.differences(old, new) == [("all", "units", "", "new field")]
    assert deviations.differences(new, old) == [("all", "units", "field", "gone")]


def test_without_history_there_is_no_log(tmp_path):
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(registry_text(H1=entry("H1")))
    assert deviations.log(tmp_path) is None
    assert history.count(tmp_path, FILE) == 0


@pytest.mark.fault("17.6", "a shallow clone is taken for the whole history")
def test_a_shallow_clone_is_no_history(repository, tmp_path):
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(copy))
    assert deviations.log(copy) is None
    assert history.count(copy, FILE) == 0 < history.count(repository, FILE)


@pytest.mark.fault("17.6", "a shallow clone forgets how often the registry changed")
def test_without_the_history_the_archived_count_stays(tmp_path, monkeypatch, capsys):
    page, place = tmp_path / ".README.md", tmp_path / "verdicts"
    for versions, kept in ((6, 6), (0, 6), (7, 7)):
        page.write_text("page")
        new = tmp_path / ".verdicts"
        new.mkdir()
        monkeypatch.setattr(build, "registry_versions", lambda now=versions: now)
        build.put_in_place(new, page, place, {})
        assert manifest.read(place)["registry_versions"] == kept
        assert ("history is not at hand" in capsys.readouterr().out) == (not versions)


def test_the_log_only_grows(repository, tmp_path):
    place, new = tmp_path / "place", tmp_path / "new"
    place.mkdir(), new.mkdir()
    log = deviations.log(repository)
    write.deviations(log, place, place)
    archived = (place / write.LOG).read_bytes()
    for known in (None, log.head(0), log.head(1), log):
        write.deviations(known, place, new)
        assert (new / write.LOG).read_bytes() == archived
    old = log.rename(columns={"what": "hypothesis", "before": "registered"})
    old = old.rename(columns={"after": "changed_to"}).drop(columns="file")
    assert list(write.renamed(old).columns) == deviations.COLUMNS
    more = pd.concat([log, log.tail(1).assign(date="2026-02-03", field="unit")])
    write.deviations(more, place, new)
    assert len((new / write.LOG).read_text().splitlines()) == 1 + len(log) + 1

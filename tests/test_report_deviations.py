"""Changes to the registry are read from git history, and never lost."""

import subprocess

import pandas as pd
import pytest
from report_data import hypothesis, registry_text

from analysis_utils.report import deviations, history, write

FILE = "hypotheses.yaml"


def git(root, *arguments: str) -> None:
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", root, *author, "-c", "commit.gpgsign=false", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def commit(root, text: str, subject: str) -> None:
    (root / FILE).write_text(text)
    git(root, "add", FILE)
    git(root, "commit", "-m", subject, "--date", "2026-01-02T03:04:05Z")


@pytest.fixture
def repository(tmp_path):
    """Registered; one field changed; one withdrawn and one added; a broken version."""
    git(tmp_path, "init", "-q")
    first, second = hypothesis("H1"), hypothesis("H2")
    commit(tmp_path, registry_text(first, second), "Registered")
    changed = hypothesis("H1", smallest=2.0)
    commit(tmp_path, registry_text(changed, second), "A smaller effect does not matter")
    commit(tmp_path, "families: [", "Broken")
    commit(tmp_path, registry_text(changed, hypothesis("H3")), "H3 instead of H2")
    return tmp_path


def test_each_change_is_a_row_with_its_reason(repository):
    log = deviations.log(repository, FILE)
    told = log[["hypothesis", "field", "registered", "changed_to", "reason"]]
    assert told.to_numpy().tolist() == [
        ["H1", "smallest", "1.0", "2.0", "A smaller effect does not matter"],
        ["H2", "hypothesis", "registered", "withdrawn", "H3 instead of H2"],
        ["H3", "hypothesis", "", "added", "H3 instead of H2"],
    ]
    assert set(log["date"]) == {"2026-01-02"}
    assert history.count(repository, FILE) == 4


def test_without_history_there_is_no_log(tmp_path):
    (tmp_path / FILE).write_text(registry_text(hypothesis("H1")))
    assert deviations.log(tmp_path, FILE) is None
    assert history.count(tmp_path, FILE) == 0


def test_a_shallow_clone_is_no_history(repository, tmp_path):
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(copy))
    assert deviations.log(copy, FILE) is None


def test_the_log_only_grows(repository, tmp_path):
    place, new = tmp_path / "place", tmp_path / "new"
    place.mkdir(), new.mkdir()
    log = deviations.log(repository, FILE)
    write.deviations(log, place, place)
    archived = (place / write.LOG).read_bytes()
    for known in (None, log.head(0), log.head(1), log):
        write.deviations(known, place, new)
        assert (new / write.LOG).read_bytes() == archived
    more = pd.concat([log, log.tail(1).assign(date="2026-02-03", field="unit")])
    write.deviations(more, place, new)
    assert len((new / write.LOG).read_text().splitlines()) == 1 + len(log) + 1

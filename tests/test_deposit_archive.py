"""`make deposit`: an archive that keeps the rules, proven before it has a name."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from test_editor_notebooks import COMPILED, git
from test_faults_process import clean_up

from analysis_utils.deposit import about, crate, pack, rules, standards
from analysis_utils.run_context import ROOT

GOOD = {
    "README.txt": b"Read me\n",
    "LICENSE": b"MIT\n",
    "data/a.csv": b"state,n\nFL,1\n",
}
STUDY = ("CITATION.cff", "LICENSE", "Makefile", "pyproject.toml", ".gitignore")
NAME = "reference-study-of-the-287-g-programme"


def archive(tmp_path, files: dict[str, bytes]):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def test_an_archive_that_keeps_the_rules(tmp_path):
    assert rules.broken(archive(tmp_path, GOOD)) == []


BROKEN = {
    "data/b.zip": (b"x", "is an archive in the archive"),
    "data/hidden.csv": (b"PK\x03\x04rest", "is an archive in the archive"),
    "data/c.csv.gz": (b"\x1f\x8b", "is an archive in the archive"),
    "src/__init__.py": (b"", "is empty"),
    "data/empty/": (b"", "is a folder of its own"),
    ".git/config": (b"x", "belongs to a program"),
    ".gitignore": (b"x", "belongs to a program"),
    "src/__pycache__/a.pyc": (b"x", "belongs to a program"),
    "data/.DS_Store": (b"x", "belongs to a program"),
    "data/with blank.csv": (b"x", "has characters other than"),
    "data/größe.csv": (b"x", "has characters other than"),
    "data/a&b.csv": (b"x", "has characters other than"),
    "../outside.csv": (b"x", "leads out of the archive"),
    "/etc/passwd": (b"x", "leads out of the archive"),
    "data/A.csv": (b"x\n", "differs from data/a.csv in capitals alone"),
    "data/aux.csv": (b"x", "cannot be a name on Windows"),
    "data/" + "n" * 180: (b"x", "is longer than 180 characters"),
    "src/local.py": (
        b'\nopen("/home/someone/data.csv")',
        "line 2: holds the path of one",
    ),
    "src/windows.py": (b'"C:\\\\Users\\\\someone"', "holds the path of one machine"),
    "data/mail.csv": (b"a\nperson@agency.gov\n", "line 2: holds an e-mail address"),
    "data/ssn.csv": (b"a\n123-45-6789\n", "a social security number"),
    "data/people.csv": (b"state,Birth_Year\nFL,1980\n", "personal data, birth_year"),
}


@pytest.mark.parametrize("name", BROKEN, ids=lambda name: name[:30])
def test_each_rule_is_enforced_with_a_sentence(tmp_path, name):
    content, words = BROKEN[name]
    found = rules.broken(archive(tmp_path, GOOD | {name: content}))
    assert len(found) == 1
    assert found[0].startswith(name) and words in found[0]


@pytest.mark.parametrize("name", ["README.txt", "LICENSE"])
def test_what_must_be_there(tmp_path, name):
    files = {n: c for n, c in GOOD.items() if n != name}
    assert (
        rules.broken(archive(tmp_path, files))
        == [
            s
            for s in rules.broken(archive(tmp_path, files))
            if s.startswith(f"{name}: is missing")
        ]
        != []
    )


def test_more_than_a_thousand_files_must_be_asked_for(tmp_path):
    assert rules.notices(archive(tmp_path, GOOD)) == []
    files = GOOD | {f"data/{n}.csv": b"n\n" for n in range(1000)}
    path = archive(tmp_path, files)
    assert rules.broken(path) == []
    assert rules.notices(path)[0].startswith("1003 files: ask openICPSR")


def test_paths_of_the_web_and_examples_are_no_breach(tmp_path):
    text = (
        b"https://www.ice.gov/home/data git@github.com:a/b test@example.org 2025-01-20"
    )
    assert rules.broken(archive(tmp_path, GOOD | {"docs/a.md": text})) == []


@pytest.mark.long
def test_the_study_as_committed_keeps_the_rules(tmp_path):
    """All tracked files, those that are not committed yet included."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git repository here, so there is no list of tracked files")
    names = [
        n
        for n in git(ROOT, "ls-files", "-z").split("\0")
        if n and not n.startswith(pack.LEFT_OUT) and (ROOT / n).exists()
    ]
    contents = {name: (ROOT / name).read_bytes() for name in names}
    contents |= {name: text.encode() for name, text in standards.texts().items()}
    found = rules.broken(archive(tmp_path, contents))
    assert not found, "\n".join(found)


# The whole way, in a small study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A small study in a repository: one notebook, executed."""
    from conftest import Checkout

    root = tmp_path_factory.mktemp("deposit") / "study"
    shutil.copytree(
        ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("raw"))
    for name in (*STUDY, "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    checkout = Checkout(root)
    (root / "notebooks").mkdir()
    checkout.notebook(
        "01_a",
        'state: "state" = "FL"  # a postal code',
        "from analysis_utils import datasets, publish",
        "n = len(datasets.states())",
        'publish.number("n_states", n, "states")\n'
        'publish.table(datasets.states()[["state", "name"]].set_index("state"), '
        '"states", caption="States")',
        'publish.sentence("There are {n_states}.")',
    )
    code, said = checkout.make("all")
    assert code == 0, said
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Study")
    return checkout


def ask(study, command: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "analysis_utils.commands", command],
        cwd=study.root,
        env=study.environment(**variables) | COMPILED,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def packed(study) -> list[str]:
    folder = study.root / "deposit"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


@pytest.mark.long
def test_the_way_to_a_proven_archive(study):
    note = study.root / "note.md"
    note.write_text("A thought\n")
    code, said = ask(study, "deposit", ENVIRONMENT="present")
    assert code == 2 and "not as committed" in said and "note.md" in said
    note.unlink()
    code, said = ask(study, "deposit", ENVIRONMENT="present")
    assert code == 0, said
    assert "IDENTICAL: 1 run made again; 1 number, 1 table" in said
    assert packed(study) == [f"{NAME}-{about.citation()['version']}.zip"]
    assert git(study.root, "status", "--porcelain") == ""


@pytest.mark.long
def test_the_archive_holds_the_study_and_its_description(study):
    path = study.root / "deposit" / f"{NAME}-{about.citation()['version']}.zip"
    with zipfile.ZipFile(path) as opened:
        names = opened.namelist()
        metadata = opened.read(crate.METADATA).decode()
        dates = {member.date_time for member in opened.infolist()}
    assert names == sorted(names)
    assert {"README.txt", "LICENSE", "codecheck.yml", "ro-crate-metadata.json"} <= set(
        names
    )
    assert dates == {pack.MOMENT}
    check_crate(json.loads(metadata), set(names) - {crate.METADATA})


def check_crate(content: dict, names: set[str]) -> None:
    """The MUSTs of RO-Crate 1.1 and of Process Run Crate 0.5."""
    assert content["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in content["@graph"]}
    assert len(entities) == len(content["@graph"])
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset"
    assert all(
        root[name] for name in ("name", "description", "datePublished", "license")
    )
    profile = entities[root["conformsTo"]["@id"]]
    assert profile["@id"] == crate.PROFILE and profile["@type"] == "CreativeWork"
    assert {part["@id"] for part in root["hasPart"]} == names
    actions = [e for e in entities.values() if e["@type"] == "CreateAction"]
    assert actions and [{"@id": a["@id"]} for a in actions] == flat(root["mentions"])
    for action in actions:
        assert "SoftwareSourceCode" in entities[action["instrument"]["@id"]]["@type"]
        for part in flat(action["object"]) + flat(action["result"]):
            assert part["@id"] in entities
        made = {part["@id"] for part in flat(action["result"])}
        assert made == {
            n for n in names if n.startswith(f"outputs/{action['name']}/")
        } - {f"outputs/{action['name']}/manifest.json"}


def flat(value) -> list[dict]:
    return value if isinstance(value, list) else [value]


@pytest.mark.long
def test_an_independent_validator_agrees(study, tmp_path, monkeypatch):
    """roc-validator, offline: the vocabulary that it would fetch comes with rocrate."""
    services = pytest.importorskip(
        "rocrate_validator.services", reason="roc-validator is not installed"
    )
    from importlib.resources import files

    from rocrate_validator import models
    from rocrate_validator.utils import http

    class Answer:
        status_code, ok = 200, True
        text = (files("rocrate") / "data/ro-crate.jsonld").read_text()
        headers = {"Content-Type": "application/ld+json"}

        def json(self):
            return json.loads(self.text)

    for verb in ("get", "head"):
        monkeypatch.setattr(
            http.HttpRequester, verb, lambda *a, **k: Answer(), raising=False
        )
    with zipfile.ZipFile(
        study.root / "deposit" / f"{NAME}-{about.citation()['version']}.zip"
    ) as opened:
        opened.extractall(tmp_path)
    answer = services.validate(
        services.ValidationSettings(
            rocrate_uri=str(tmp_path),
            profile_identifier="process-run-crate-0.5",
            requirement_severity=models.Severity.REQUIRED,
        )
    )
    assert [issue.message for issue in answer.get_issues()] == []


def script(study, code: str) -> tuple[int, str]:
    """Exit code and output of a few lines that use the study's own `pack`."""
    start = (
        "import sys; from pathlib import Path; from analysis_utils.deposit import pack"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{start}\n{code}"],
        cwd=study.root,
        env=study.environment() | COMPILED,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.long
def test_the_same_commit_gives_the_same_bytes(study, tmp_path):
    again = tmp_path / "again.zip"
    code, said = script(study, f"pack.pack(pack.ready(), Path({str(again)!r}))")
    assert code == 0, said
    path = study.root / "deposit" / f"{NAME}-{about.citation()['version']}.zip"
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.long
def test_what_does_not_verify_gets_no_archive(study):
    (study.root / "deposit" / f"{NAME}-{about.citation()['version']}.zip").unlink(
        missing_ok=True
    )
    code, said = script(
        study,
        "names = pack.ready()\n"
        "results = Path('outputs/01_a/main/results.json')\n"
        "results.write_text(results.read_text().replace('There are', 'There were'))\n"
        "pack.ready = lambda: names\n"  # changed behind the back of the checks
        "pack.deposit(present=True)",
    )
    git(study.root, "reset", "-q", "--hard")
    assert code == 1 and "Refused: The unpacked archive does not verify" in said
    assert "DIFFERS" in said
    assert packed(study) == ["failed-proof.html"]


@pytest.mark.long
def test_what_breaks_a_rule_gets_no_archive(study):
    (study.root / "data/hand/empty.csv").touch()
    git(study.root, "add", ".")
    git(study.root, "commit", "-qm", "Empty")
    code, said = ask(study, "deposit", ENVIRONMENT="present")
    git(study.root, "reset", "-q", "--hard", "HEAD~1")
    assert code == 2 and "data/hand/empty.csv: is empty" in said
    assert not [name for name in packed(study) if name.endswith(".zip")]


@pytest.mark.long
def test_stale_outputs_are_refused(study):
    notebook = study.root / "notebooks/01_a.ipynb"
    notebook.write_text(notebook.read_text().replace("There are", "Found:"))
    code, said = ask(study, "deposit", ENVIRONMENT="present")
    git(study.root, "reset", "-q", "--hard")
    assert code == 2 and "outputs are out of date (01_a/main): run make all" in said


@pytest.mark.long
@pytest.mark.fault("17.9", "a deposit that is stopped leaves .zip.new and programs")
def test_a_stopped_deposit_leaves_nothing(study, tmp_path):
    before = packed(study)
    variables = study.environment(ENVIRONMENT="present") | COMPILED
    process = subprocess.Popen(
        [sys.executable, "-m", "analysis_utils.commands", "deposit"], cwd=study.root,
        env=variables | {"TMPDIR": str(tmp_path)}, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    limit = time.monotonic() + 60
    while not list(tmp_path.glob("*/unpacked/outputs/.verify")):
        assert time.monotonic() < limit and process.poll() is None
        time.sleep(0.05)
    assert any(name.endswith(".zip.new") for name in packed(study))
    os.kill(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130 and "`make deposit` was stopped." in said
    assert "Traceback" not in said
    assert packed(study) == before and not list(tmp_path.iterdir())
    clean_up(tmp_path)


@pytest.mark.long
def test_an_unknown_setting_is_refused(study):
    code, said = ask(study, "deposit", ENVIROMENT="present")
    assert code == 2 and "did you mean ENVIRONMENT?" in said


@pytest.mark.long
def test_without_a_repository_it_is_refused(study, tmp_path):
    copied = type(study)(tmp_path / "copy")
    shutil.copytree(study.root, copied.root, ignore=shutil.ignore_patterns(".git"))
    code, said = ask(copied, "deposit", ENVIRONMENT="present")
    assert code == 2 and "an archive is packed from a git repository" in said

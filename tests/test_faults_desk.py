"""The command desk: what is typed reaches it as it is, and only what is known."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from report_data import entry, registry_text

from analysis_utils.commands.desk import EVERYWHERE
from analysis_utils.commands.table import COMMANDS
from analysis_utils.run_context import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z]+):.*## ", MAKEFILE, flags=re.MULTILINE)
ENTERING = [name for name in TARGETS if name not in ("help", "environment")]
RECIPES = [line for line in MAKEFILE.splitlines() if line.startswith("\t@")]
HOSTILE = [
    "`touch made`", "$(touch made)", "$$(touch made)", "$(shell touch made)",
    "$$(shell touch made)", '"; touch made; "', "'; touch made; '", "; touch made",
    "&& touch made", "| touch made", "a\ntouch made", "$(eval X:=$(shell touch made))",
    "${shell touch made}", "\\`touch made\\`", "x' `touch made` '", "*", "~", "-rf /x",
    "$(error touch made)", "#x", "%", "a=b", "é \u202e", "x" * 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """The Makefile with a Python that only notes what reaches it."""
    root = tmp_path_factory.mktemp("desk")
    shutil.copy(ROOT / "Makefile", root)
    script = root / "src/analysis_utils/workflow/environment.py"
    script.parent.mkdir(parents=True)
    script.touch()
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|%s|%s" "$3" "$GIVEN" "$LIST" > noted\n')
    python.chmod(0o755)
    (root / "quick").write_text("#!/bin/sh\nexit 0\n")
    (root / "quick").chmod(0o755)
    return root


def make(root: Path, *arguments: str) -> str:
    env = os.environ | {"PYTHON": "./quick"}  # no Python is started: 20 times faster
    done = subprocess.run(
        ["make", *arguments], cwd=root, env=env, capture_output=True, text=True
    )
    return done.stdout + done.stderr


@pytest.mark.fault("17.2", "text of a variable runs as a command")
@pytest.mark.parametrize("target", ENTERING)
def test_no_value_runs_as_a_command(desk, target):
    for value in HOSTILE:
        make(desk, target, f"LIST={value}")
        assert not (desk / "made").exists(), value
        assert (desk / "noted").read_text() == f"{target}|LIST|{value}"


@pytest.mark.fault("17.2", "an odd name of a variable breaks the Makefile")
def test_an_odd_name_is_refused_in_words(desk):
    for name in ("A$$(B", "A(B", "A)", "A'", 'A"', "A\\", "A`", "A;B", "A|B", "A&B"):
        (desk / "noted").unlink(missing_ok=True)
        assert "Refused, nothing was run" in make(desk, "list", f"{name}=x"), name
        assert not (desk / "noted").exists()


@pytest.mark.fault("17.2", "a variable is pasted into a recipe")
def test_recipes_hold_no_variable_of_a_user():
    used = set(re.findall(r"\$[({](\w+)", "\n".join(RECIPES)))
    assert used == {"DESK", "FIND_PYTHON"}
    for name in used | {"PYTHON_OK", "SHELL"}:
        assert re.search(rf"^override \.?{name} :?=", MAKEFILE, flags=re.MULTILINE)
    assert '"$$PYTHON"' in MAKEFILE and "$(PYTHON)" not in MAKEFILE


@pytest.mark.fault("17.2", "the Makefile's own variables can be replaced")
@pytest.mark.parametrize("name", ["DESK", "FIND_PYTHON", "PYTHON_OK", "SHELL"])
def test_the_makefiles_own_variables_stand(desk, name):
    (desk / "noted").unlink(missing_ok=True)
    make(desk, "list", f"{name}=touch made;")
    assert not (desk / "made").exists()
    assert (desk / "noted").read_text().startswith(f"list|{name}|")


@pytest.mark.fault("10.4", "a target does not enter the desk, or is not in its table")
def test_every_target_enters_the_desk():
    assert sorted(ENTERING) == sorted(COMMANDS)
    for name in ENTERING:
        assert f"\t@$(DESK) {name}\n" in MAKEFILE
        COMMANDS[name].function()  # there is one
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", MAKEFILE, flags=re.MULTILINE)[1]
    assert set(phony.replace("\\", "").split()) == set(TARGETS)


@pytest.mark.fault("10.4", "an unknown variable is ignored")
@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_variable_is_refused_everywhere(checkout_desk, name):
    code, text = checkout_desk.make(name, FOOOO="1")
    assert code == 2 and "FOOOO" in text and "Traceback" not in text
    assert "Refused" in text or "Stopped" in text


@pytest.fixture(scope="module")
def checkout_desk(tmp_path_factory):
    from conftest import make_checkout

    checkout = make_checkout(tmp_path_factory.mktemp("desk") / "checkout")
    checkout.notebook("01_a", 'state: "state" = "FL"', "1")
    return checkout


@pytest.mark.fault("17.2", "a closed set takes any word")
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (command, name)
        for command, one in COMMANDS.items()
        for name, words in {**EVERYWHERE, **one.settings}.items()
        if words is not None
    ],
)
def test_closed_sets_are_closed(checkout_desk, command, name):
    for value in ("garbage", "YES!", "", " "):
        code, text = checkout_desk.make(command, **{name: value})
        assert code == 2 and f"{name}=" in text and "Traceback" not in text


@pytest.mark.fault("10.4", "a misspelt variable gets no hint")
@pytest.mark.parametrize(
    ("command", "given", "hint"),
    [
        ("update", "LISTE", "did you mean LIST?"),
        ("all", "STAT", "did you mean STATE?"),
        ("all", "NOTEBOK", "did you mean NOTEBOOK?"),
        ("clean", "NOTEBOOK", "`make clean` knows no NOTEBOOK"),
    ],
)
def test_the_nearest_name_is_given(checkout_desk, command, given, hint):
    code, text = checkout_desk.make(command, **{given: "x"})
    assert code == 2 and hint in text


@pytest.mark.fault("16.7", "one bad value is reported for each run")
def test_one_bad_value_is_said_once(checkout_desk):
    (checkout_desk.root / "notebooks/runs.yaml").write_text(
        "01_a:\n  one: {}\n  two: {}\n  three: {}\n"
    )
    code, text = checkout_desk.make("all", STATE="XX")
    assert code == 2 and text.count("XX") == 1 and "and 2 more runs" in text


@pytest.mark.fault("17.7", "a faulty registry is found when a notebook reads it")
def test_a_registry_is_checked_before_anything_runs(checkout_desk):
    path = checkout_desk.root / "notebooks/hypotheses.yaml"
    one = entry("H1") | {"known_befor": "nothing"}
    path.write_text(registry_text(H1=one, H2=entry("H2")))
    try:
        code, text = checkout_desk.make("all")
    finally:
        path.unlink()
    assert code == 2 and "did you mean known_before?" in text
    assert "nothing was run" in text and not list(checkout_desk.outputs.glob("01_a"))


@pytest.mark.fault("17.10", "make -j8 with two targets")
def test_targets_run_one_after_another(desk):
    python = desk / ".venv/bin/python"
    before = python.read_text()
    python.write_text('#!/bin/sh\necho "$3" >> order\nsleep 0.1\necho "$3" >> order\n')
    try:
        make(desk, "-j8", "clean", "list", "why")
    finally:
        python.write_text(before)
    order = (desk / "order").read_text().split()
    assert order == ["clean", "clean", "list", "list", "why", "why"]


@pytest.mark.fault("16.7", "TX, Texas and tx are three states")
def test_a_state_is_one_folder_however_it_is_written(tmp_path):
    from conftest import write_notebook

    from analysis_utils.workflow.runs import study_runs

    write_notebook(tmp_path / "01_a.ipynb", 'state: "state or all" = "all"', "1")
    folders = {
        study_runs(tmp_path, tmp_path / "outputs", overrides={"state": text})[0].folder
        for text in ("TX", "tx", "Texas", "TEXAS")
    }
    assert folders == {tmp_path / "outputs/custom/state=TX/01_a/main"}


@pytest.mark.fault("16.7", "make clean deletes a user's own runs")
def test_clean_keeps_a_users_own_runs(checkout_desk):
    outputs = checkout_desk.outputs
    for name in ("custom/state=TX/01_a/main", "01_a/main", "failed/01_a"):
        (outputs / name).mkdir(parents=True, exist_ok=True)
    code, text = checkout_desk.make("clean")
    assert code == 0 and "make clean CUSTOM=yes" in text
    assert sorted(p.name for p in outputs.iterdir()) == [".lock", "custom"]
    assert checkout_desk.make("clean", CUSTOM="yes")[0] == 0
    assert not (outputs / "custom").exists()


@pytest.mark.fault("16.9", "flags that macOS's make and tools do not know")
def test_make_and_tools_of_macos_understand_it():
    newer = (r"\.ONESHELL", r"&:", r"^\w+\s*!=", r"::=", r"\$\(file ", r"\$\(let ")
    gnu = (
        r"sed -i", r"readlink -f", r"grep -\w*P", r"date -d", r"xargs -r", r"env -u",
        r"stat -c", r"sort -V", r"cp -\w*t", r"mktemp -p", r"head -n -", r"\btac\b",
    )  # fmt: skip
    for path in (ROOT / "Makefile", ROOT / ".ci/run"):
        text = path.read_text()
        for pattern in (*newer, *gnu):
            assert not re.search(pattern, text, flags=re.MULTILINE), (path, pattern)

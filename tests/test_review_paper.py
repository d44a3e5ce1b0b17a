"""`make verify` covers the paper: what was typed into it afterwards is named."""

import shutil
from pathlib import Path

import pytest

from analysis_utils.paper import build
from analysis_utils.review import compare, paper
from analysis_utils.review.archive import Archive
from analysis_utils.review.findings import DIFFERS, IDENTICAL, Finding
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import OUTPUTS


@pytest.fixture(scope="module")
def archived(tmp_path_factory) -> Path:
    """Results with the paper that is made of them."""
    root = tmp_path_factory.mktemp("paper")
    hidden = shutil.ignore_patterns(".*", "site", "custom", "failed", "*.png", "paper")
    shutil.copytree(OUTPUTS, root / "outputs", ignore=hidden)
    for name in ("paper", "docs"):
        shutil.copytree(ROOT / name, root / name)
    build.build(root=root)
    return root / "outputs"


@pytest.fixture(scope="module")
def remade(archived, tmp_path_factory) -> Path:
    """The same results as if made again."""
    base = tmp_path_factory.mktemp("remade") / "rerun"
    shutil.copytree(archived, base, ignore=shutil.ignore_patterns("paper", "numbers.*"))
    assert found(archived, base) == []
    return base


def found(archived: Path, base: Path) -> list[Finding]:
    """What differs in a paper made again."""
    shutil.rmtree(base.parent / paper.NAME, ignore_errors=True)
    findings = paper.compare(Archive("here", archived, own=True), base, [])
    return [finding for finding in findings if finding.verdict is not IDENTICAL]


CHANGES = {
    "numbers.tex": lambda path: path.write_text(path.read_text().replace("1", "2", 1)),
    "numbers.typ": lambda path: path.write_text(path.read_text() + "\n"),
    "paper/history.svg": lambda path: path.unlink(),
    "paper/paper.pdf": lambda path: path.write_bytes(
        path.read_bytes()[:-9] + b"\n" * 9
    ),
    "paper/more.pdf": lambda path: path.write_bytes(b"%PDF"),
}


@pytest.mark.slow
@pytest.mark.fault("17.6", "the paper is changed after it was made")
def test_each_change_of_the_paper_is_named(archived, remade):
    kept = archived.with_name("kept")
    shutil.copytree(archived, kept)
    for name, change in CHANGES.items():
        change(kept / name)
    findings = found(kept, remade)
    assert {finding.item for finding in findings} == set(CHANGES)
    assert {finding.verdict for finding in findings} == {DIFFERS}
    assert all(finding.cause for finding in findings)


@pytest.mark.fault("17.5", "make verify says that the paper is of no run")
def test_nothing_that_make_all_writes_is_a_stranger(archived):
    folders = [path.parent for path in archived.glob("[0-9]*/*/manifest.json")]
    assert compare.strangers(archived, folders) == []

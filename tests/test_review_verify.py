"""`make verify` by mutation: each thing changed in an archive is found and named.

A small study is made and verified once; each test changes a copy of its archive and
compares that with what was made again.
"""

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from conftest import Checkout, make_checkout

from analysis_utils.review import causes, compare, recorded, verdicts, verify
from analysis_utils.review.archive import Archive
from analysis_utils.review.compare import compare_run
from analysis_utils.review.findings import DIFFERS, IDENTICAL, WITHIN, Finding, worst
from analysis_utils.review.pair import Pair
from analysis_utils.workflow import driver, manifest
from analysis_utils.workflow.runs import OUTPUTS, study_runs

IMPORTS = (
    "import pandas as pd\n"
    "from analysis_utils import publish\n"
    "from analysis_utils.run_context import ROOT, record_read"
)
READ = "path = ROOT / 'data/small.csv'\nrecord_read(path)\nd = pd.read_csv(path)"
NUMBERS = (
    "publish.number('total', d.y.sum(), 'things')\n"
    "publish.number('mean', d.y.mean() / 7, digits=3, interval=(0.1, 2.7))\n"
    "publish.sentence('There are {total}, on average {mean:interval}.')"
)
FIGURE = (
    "fig, ax = publish.new_figure('single', 2)\n"
    "ax.plot(d.x, d.y ** {power})\n"
    "e = pd.DataFrame({{'x': d.x, 'value': d.y ** {power} / 3}})\n"
    "publish.figure(fig, '{name}', data=e, caption='Made', alt='A line')"
)
TABLE = (
    "t = d.assign(third=d.y / 3).set_index('x')\n"
    "publish.table(t, 'thirds', caption='Thirds')"
)


@dataclass
class Made:
    """A small study, its archive, and what `make verify` made again."""

    checkout: Checkout
    remade: Path
    answer: tuple[int, str]

    def pair(self, folder: Path) -> Pair:
        """A copy of the archived run, to change, beside the run made again."""
        run = "01_a/main"
        shutil.copytree(self.checkout.outputs / run, folder / run)
        return Pair(run, folder / run, self.remade / "rerun" / run)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    checkout = make_checkout(tmp_path_factory.mktemp("study") / "checkout")
    (checkout.root / "data/small.csv").write_text("x,y\n1,2\n2,3\n3,5\n4,7\n")
    figures = [FIGURE.format(name=n, power=p) for n, p in (("line", 1), ("curve", 2))]
    checkout.notebook("01_a", "", IMPORTS, READ, NUMBERS, *figures, TABLE)
    checkout.notebook("02_b", "", IMPORTS, "publish.number('one', 1)")
    assert checkout.make("all")[0] == 0
    answer = checkout.review("verify")
    remade = checkout.root / "remade"  # a later verification replaces its own
    shutil.copytree(checkout.outputs / ".verify", remade)
    return Made(checkout, remade, answer)


@pytest.fixture
def pair(made, tmp_path) -> Pair:
    return made.pair(tmp_path)


def odd(pair: Pair) -> list[Finding]:
    """What is not identical."""
    return [f for f in compare_run(pair) if f.verdict is not IDENTICAL]


def only(pair: Pair, kind: str) -> Finding:
    """The one finding of a kind that is not identical; it differs."""
    (finding,) = [f for f in odd(pair) if f.kind == kind]
    assert finding.verdict is DIFFERS
    return finding


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def restamp(pair: Pair) -> None:
    """Make the archived manifest list the archived files, as an honest one would."""
    stamp = manifest.read(pair.archived)
    stamp["outputs"] = manifest.files_written(pair.archived)
    (pair.archived / manifest.NAME).write_text(json.dumps(stamp))


# Nothing changed


def test_an_untouched_archive_is_identical(made):
    code, text = made.answer
    assert code == 0, text
    assert text.splitlines()[-1].startswith(
        "IDENTICAL: 2 runs made again; 3 numbers, 1 table"
    )


def test_the_report_is_written_in_three_forms(made):
    folder = made.remade
    report = json.loads((folder / "report.json").read_text())
    assert report["verdict"] == "identical"
    assert report["sentence"] in (folder / "report.md").read_text()
    page = (folder / "report.html").read_text()
    assert (
        html.escape(report["sentence"]).replace("&#x27;", "&#39;") in page
        and page.count("data:image/svg+xml") == 2
    )


# One change each


def test_a_number(pair):
    results = json.loads((pair.archived / "results.json").read_text())
    results["numbers"]["mean"]["value"] += 0.001
    (pair.archived / "results.json").write_text(json.dumps(results))
    finding = only(pair, "number")
    assert finding.item == "mean" and "value" in finding.detail
    assert causes.of_archive(finding, pair) == causes.EDITED


def test_a_count_by_one(pair):
    edit(pair.archived / "results.json", '"value": 17,', '"value": 18,')
    assert only(pair, "number").item == "total"


@pytest.mark.parametrize("end", ["low", "high", "unit", "label"])
def test_an_end_of_an_interval_or_a_description(pair, end):
    results = json.loads((pair.archived / "results.json").read_text())
    number = results["numbers"]["mean"]
    number[end] = number[end] + 0.01 if end in ("low", "high") else "other"
    (pair.archived / "results.json").write_text(json.dumps(results))
    finding = only(pair, "number")
    assert finding.item == "mean" and end in finding.detail


def test_a_number_that_is_gone_and_one_that_is_new(pair):
    results = json.loads((pair.archived / "results.json").read_text())
    results["numbers"]["totals"] = results["numbers"].pop("total")
    (pair.archived / "results.json").write_text(json.dumps(results))
    found = {f.item: f.detail for f in odd(pair) if f.kind == "number"}
    assert found.keys() == {"total", "totals"}
    assert "did you mean total?" in found["totals"] and "missing" in found["total"]


def test_a_sentence(pair):
    edit(pair.archived / "results.json", "There are 17", "There are 19")
    assert only(pair, "sentence").item == "1"


def test_a_caption_in_the_results(pair):
    edit(pair.archived / "results.json", '"caption": "Thirds"', '"caption": "Halves"')
    assert only(pair, "caption").item == "thirds"


def test_no_byte_differs_unsaid(pair):
    edit(pair.archived / "results.json", '"cell": 3', '"cell": 4')
    (finding,) = odd(pair)
    assert (
        finding.file == "results.json"
        and causes.of_archive(finding, pair) == causes.EDITED
    )


def test_a_cell_of_a_table(pair):
    edit(pair.archived / "thirds.csv", "1.66667", "1.66677")
    finding = only(pair, "table")
    assert finding.item == "thirds.csv, column third" and finding.detail == "line 4"
    assert (finding.archived, finding.remade) == ("1.66677", "1.66667")


def test_a_row_of_a_table(pair):
    path = pair.archived / "thirds.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert "line 5 is new: 4,7,2.33333" in only(pair, "table").detail


def test_a_column_of_a_table(pair):
    edit(pair.archived / "thirds.csv", "third", "half")
    assert only(pair, "table").detail == "other columns"


def test_a_table_in_latex(pair):
    edit(pair.archived / "thirds.tex", "1.67", "1.76")
    assert only(pair, "text").item == "thirds.tex"


def test_a_point_of_a_figures_data(pair):
    edit(pair.archived / "curve.csv", "8.33333", "8.43333")
    finding = only(pair, "figure data")
    assert finding.item == "curve.csv, column value" and finding.detail == "line 4"


def test_a_coordinate_of_a_picture(pair):
    path = pair.archived / "line.svg"
    text = path.read_text()
    point = re.search(r"\nL [\d.]+ ([\d.]+)\s[^\"]*\" clip-path", text, re.DOTALL)
    lower = f"{float(point[1]) + 1:.6f}"
    path.write_text(text[: point.start(1)] + lower + text[point.end(1) :])
    finding = only(pair, "picture")
    assert finding.item == "line.svg"
    assert 0 < finding.pictures.error < 1 and finding.pictures.difference.startswith(
        b"\x89PNG"
    )


def test_a_coordinate_too_small_to_see_is_within_tolerance(pair):
    path = pair.archived / "line.svg"
    text = path.read_text()
    place = re.search(r"\nL [\d]+\.\d{6}", text).end()
    last = (int(text[place - 1]) + 1) % 2 + int(text[place - 1]) // 2 * 2
    path.write_text(f"{text[: place - 1]}{last}{text[place:]}")
    (finding,) = [f for f in odd(pair) if f.kind == "picture"]
    assert finding.verdict is WITHIN
    assert "a coordinate has moved by 1e-06" in finding.detail


WHITE = '<text x="9" y="9" fill="white">refuted</text></svg>'
QUIET = {
    "white text": (r"</svg>\s*$", WHITE, "element <text> is added"),
    "a title": (r"<svg ", "<svg data-note='x' ", "attributes of <svg>"),
    "a point of a path": (r"\nL (\d+)\.", r"\nL \g<1>1.", "a coordinate has moved"),
    "a colour": ("stroke: #262626", "stroke: #262627", "style of <"),
    "line ends": ("\n", "\r\n", "written otherwise"),
}


@pytest.mark.fault("17.6", "a quiet change of a drawing is put down to another BLAS")
@pytest.mark.parametrize("change", QUIET)
def test_a_quiet_change_of_a_drawing_with_its_manifest_updated(pair, change):
    """No pixel shows it, or hardly one: it is no matter of another processor."""
    old, new, words = QUIET[change]
    path = pair.archived / "line.svg"
    text, n = re.subn(
        old, new, path.read_text(), count=0 if change == "line ends" else 1
    )
    assert n
    path.write_bytes(text.encode())
    restamp(pair)
    finding = next(f for f in odd(pair) if f.file == "line.svg")
    assert finding.verdict is DIFFERS and words in finding.detail, finding


def test_text_and_metadata_of_a_pdf(pair):
    path = pair.archived / "line.pdf"
    content = path.read_bytes()
    assert content.count(b"/Creator (") == 1
    path.write_bytes(content.replace(b"/Creator (M", b"/Creator (N"))
    restamp(pair)
    assert "metadata" in only(pair, "picture").detail


@pytest.mark.fault("17.6", "an archived file with other rights is not named")
def test_an_archived_file_that_may_be_executed(pair):
    (pair.archived / "results.json").chmod(0o777)
    assert only(pair, "file").detail == "may be executed"


@pytest.mark.fault("17.6", "an unknown entry of a manifest is not named")
def test_an_entry_of_the_manifest_that_the_rerun_does_not_write(pair):
    path = pair.archived / manifest.NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"trust": "me"}))
    assert only(pair, "manifest").detail == "holds the entry 'trust'"


@pytest.mark.fault("17.6", "the most frequent cause is named, not the gravest")
def test_the_gravest_cause_is_named_first():
    def found(n, verdict, cause):
        return [Finding("a", "number", str(i), verdict, cause=cause) for i in range(n)]

    archive = Archive("here", OUTPUTS, own=True)
    many = found(9, WITHIN, causes.ARITHMETIC) + found(1, DIFFERS, causes.EDITED)
    done = verify.Verification(archive, many, runs=1)
    assert done.causes == [causes.EDITED, causes.ARITHMETIC]


def test_a_caption(pair):
    edit(pair.archived / "line.txt", "A line", "A lime")
    assert only(pair, "text").item == "line.txt"


def test_a_figure_deleted(pair):
    for suffix in ("svg", "pdf", "csv", "txt"):
        (pair.archived / f"line.{suffix}").unlink()
    found = {f.item for f in odd(pair) if f.detail == "is missing from the archive"}
    assert found == {"line.svg", "line.pdf", "line.csv", "line.txt"}
    assert {causes.of_archive(f, pair) for f in odd(pair)} == {causes.ABSENT}


def test_a_figure_added(pair):
    shutil.copy(pair.archived / "line.svg", pair.archived / "extra.svg")
    finding = only(pair, "picture")
    assert finding.item == "extra.svg" and "the run does not make it" in finding.detail
    assert "line.svg" in finding.detail  # of which it is a copy
    assert causes.of_archive(finding, pair) == causes.ADDED


@pytest.mark.parametrize("suffix", ["svg", "pdf"])
def test_two_figures_swapped(pair, suffix):
    one, other = (pair.archived / f"{name}.{suffix}" for name in ("line", "curve"))
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)
    found = {f.item: f for f in odd(pair)}
    assert found.keys() == {f"line.{suffix}", f"curve.{suffix}"}
    assert f"holds what belongs in curve.{suffix}" in found[f"line.{suffix}"].detail
    assert found[f"line.{suffix}"].pictures.error > 0.1


def test_a_notebook_stripped(pair):
    path = pair.archived / "01_a.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)
    assert "it is stripped: no cell has run" in [f.detail for f in odd(pair)]


def test_a_notebooks_cells_in_another_order(pair):
    path = pair.archived / "01_a.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[3], notebook.cells[4] = notebook.cells[4], notebook.cells[3]
    nbformat.write(notebook, path)
    details = [f.detail for f in odd(pair)]
    assert "cells are in another order: 4, 5" in details


def test_a_number_in_a_notebooks_output(pair):
    edit(pair.archived / "01_a.ipynb", "There are 17 things", "There are 18 things")
    finding = only(pair, "notebook")
    assert finding.item == "01_a.ipynb, cell 3"
    assert "17 things" in finding.remade and "18 things" in finding.archived


@pytest.mark.fault("17.6", "a picture in an executed notebook is changed")
def test_a_picture_in_a_notebook(pair):
    path = pair.archived / "01_a.ipynb"
    notebook = nbformat.read(path, as_version=4)
    outputs = [cell.outputs[0].data for cell in notebook.cells[3:5]]
    outputs[0]["image/svg+xml"] = outputs[1]["image/svg+xml"]
    nbformat.write(notebook, path)
    finding = only(pair, "notebook")
    assert finding.item == "01_a.ipynb, cell 4" and "image/svg+xml" in finding.detail


@pytest.mark.parametrize("content", ["", "{}", "[1]", "no json"])
def test_a_broken_manifest(pair, content):
    (pair.archived / manifest.NAME).write_text(content)
    assert worst(odd(pair)) is DIFFERS
    assert {f.kind for f in odd(pair)} == {"manifest"}


@pytest.mark.fault("17.6", "a broken archived file ends in a traceback")
@pytest.mark.parametrize(
    "name", ["results.json", "thirds.csv", "line.svg", "line.pdf", "01_a.ipynb"]
)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{}", b"<svg"])
def test_a_broken_file_is_a_finding_not_an_accident(pair, name, content):
    (pair.archived / name).write_bytes(content)
    found = odd(pair)
    assert {f.file for f in found} == {name} and worst(found) is DIFFERS


def test_a_run_that_is_not_archived(pair):
    shutil.rmtree(pair.archived)
    assert only(pair, "run").detail == "the archive has no outputs of it"


def test_outputs_that_no_run_makes(made, tmp_path):
    shutil.copytree(made.checkout.outputs / "01_a", tmp_path / "01_a")
    shutil.copytree(tmp_path / "01_a/main", tmp_path / "01_a/old")
    shutil.copytree(tmp_path / "01_a/main", tmp_path / "03_gone/main")
    found = compare.strangers(tmp_path, [tmp_path / "01_a/main"])
    assert [f.item for f in found] == ["01_a/old", "03_gone/main"]


# Tolerances


def test_last_digits_of_an_honest_archive_are_within_tolerance(pair):
    results = json.loads((pair.archived / "results.json").read_text())
    results["numbers"]["mean"]["value"] *= 1 + 2e-6
    (pair.archived / "results.json").write_text(json.dumps(results))
    edit(pair.archived / "thirds.csv", "1.66667", "1.66668")
    edit(pair.archived / "thirds.tex", "1.67", "1.66")  # the rounding flips
    restamp(pair)
    found = odd(pair)
    assert {f.kind for f in found} == {"number", "table", "text"}
    assert worst(found) is WITHIN
    assert not any(causes.of_archive(f, pair) for f in found)


def test_a_printed_digit_may_not_flip_where_no_number_moved(pair):
    edit(pair.archived / "thirds.tex", "1.67", "1.66")
    restamp(pair)
    assert only(pair, "text").item == "thirds.tex"


# The whole command


@pytest.mark.long
def test_a_row_of_data(made):
    path = made.checkout.root / "data/small.csv"
    before = path.read_text()
    subprocess.run(["git", "init", "-q"], cwd=made.checkout.root, check=True)
    subprocess.run(["git", "add", "data/small.csv"], cwd=made.checkout.root, check=True)
    commit = [
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "-qm",
        "data",
    ]
    subprocess.run(commit, cwd=made.checkout.root, check=True)
    try:
        path.write_text(before.replace("3,5", "3,6"))
        code, text = made.checkout.review("verify", NOTEBOOK="01_a")
    finally:
        path.write_text(before)
        shutil.rmtree(made.checkout.root / ".git")
    assert code == 1
    last = text.splitlines()[-1]
    assert last.startswith("DIFFERS: 1 run made again; 2 numbers")
    assert last.endswith(
        "likely cause: data changed (data/small.csv: line 4, y: 5 -> 6)."
    )


@pytest.mark.long
def test_a_package_that_is_not_as_locked(made):
    path = made.checkout.root / "requirements.lock"
    before = path.read_text()
    version = re.search(r"^pandas==([\d.]+)", before, flags=re.MULTILINE)[1]
    try:
        path.write_text(before.replace(f"pandas=={version}", "pandas==2.9.9"))
        code, text = made.checkout.review("verify", NOTEBOOK="02_b")
    finally:
        path.write_text(before)
    assert code == 1
    assert (
        "package pandas: is not installed as locked, "
        f"locked 2.9.9 -> installed {version}" in text
    )
    assert "every result is as archived, but not all that the results rest on" in text


@pytest.mark.long
@pytest.mark.fault("17.5", "what could not run is said to differ")
def test_a_draw_without_a_seed_and_a_notebook_that_fails(made):
    draw = "import random\nfrom analysis_utils import publish"
    record = "publish.number('r', random.random(), digits=3)"
    paths = [made.checkout.notebook("03_c", "", draw, record)]
    try:
        assert made.checkout.make("all", NOTEBOOK="03_c")[0] == 0
        paths.append(made.checkout.notebook("04_d", "", "1 / 0"))
        code, text = made.checkout.review("verify")
    finally:
        for path in paths:
            path.unlink()
        shutil.rmtree(made.checkout.outputs / "03_c")
    assert code == 3  # not 1, which says that a result differs
    assert "NOT MADE AGAIN: 04_d/main did not run here" in text
    assert "number r: value differs" in text and causes.RANDOM in text
    assert "could not be made again: cell 1: ZeroDivisionError" in text


# Causes, without another rerun


def explained(pair: Pair, monkeypatch, tmp_path) -> list[Finding]:
    """Findings of one run with their causes; what was made again is taken as it is."""
    again = tmp_path / "again"
    shutil.copytree(pair.remade, again / pair.label)
    monkeypatch.setattr(verify, "PLACE", tmp_path)
    monkeypatch.setattr(verify, "run_into", lambda *_, **__: None)
    archive = Archive("here", tmp_path)
    monkeypatch.setattr(
        verify,
        "pair",
        lambda run, archive, rerun="": (
            pair if not rerun else Pair(pair.label, pair.archived, again / pair.label)
        ),
    )
    run = type("R", (), {"label": pair.label})
    outcomes = [driver.Outcome(run, "ran")]
    return verify.explain(
        archive, outcomes, {pair.label: pair}, {pair.label: compare_run(pair)}, {}
    )


def test_last_digits_are_put_down_to_arithmetic(pair, monkeypatch, tmp_path):
    edit(pair.archived / "thirds.csv", "1.66667", "1.66668")
    restamp(pair)
    found = [
        f for f in explained(pair, monkeypatch, tmp_path) if f.verdict is not IDENTICAL
    ]
    assert [f.cause for f in found] == [causes.ARITHMETIC]


def test_a_file_that_its_manifest_does_not_list_has_no_tolerance(
    pair, monkeypatch, tmp_path
):
    edit(pair.archived / "thirds.csv", "1.66667", "1.66668")
    found = [
        f for f in explained(pair, monkeypatch, tmp_path) if f.verdict is not IDENTICAL
    ]
    assert [(f.verdict, f.cause) for f in found] == [(DIFFERS, causes.EDITED)]


@pytest.mark.fault("17.6", "archive and manifest are edited together")
def test_an_archive_edited_with_its_manifest_stays_unexplained(
    pair, monkeypatch, tmp_path
):
    edit(pair.archived / "thirds.csv", "1.66667", "1.76667")
    restamp(pair)
    found = [
        f for f in explained(pair, monkeypatch, tmp_path) if f.verdict is not IDENTICAL
    ]
    assert [f.cause for f in found] == [causes.UNKNOWN]


@pytest.mark.parametrize(
    ("part", "key", "kind"),
    [
        ("modules", "src/analysis_utils/series.py", "code"),
        ("lock", "requirements.lock", "lock"),
        ("data", "data/small.csv", "data"),
        ("notebook", "sha256", "notebook"),
        ("parameters", "p", "parameters"),
    ],
)
def test_what_changed_is_the_cause(pair, tmp_path, part, key, kind):
    stamp = manifest.read(pair.archived)
    stamp[part][key] = "0" * 64
    (pair.archived / manifest.NAME).write_text(json.dumps(stamp))
    found = causes.changes(
        Pair(pair.label, pair.archived, pair.remade), Archive("", tmp_path)
    )
    assert [change.kind for change in found] == [kind]
    assert causes.of_inputs(found, {}).startswith(f"{kind} changed (")


# Verdicts and entry page, of the study itself


@pytest.fixture(scope="module")
def concluded(tmp_path_factory):
    """Two copies of the archived outputs, the second as if made again."""
    place = tmp_path_factory.mktemp("concluded")
    for side in ("archived", "remade"):
        hidden = shutil.ignore_patterns(".*", "custom", "failed", "*.png", "*.pdf")
        shutil.copytree(OUTPUTS, place / side, ignore=hidden)
    shutil.rmtree(place / "remade/verdicts")
    (place / "remade/README.md").unlink()
    return place


def concluding(place: Path) -> list[Finding]:
    """What differs in the verdicts made from the results."""
    archive = Archive("here", place / "archived", own=True)
    found = verdicts.compare(archive, study_runs(outputs=place / "remade"), [])
    return [finding for finding in found if finding.verdict is not IDENTICAL]


def test_verdicts_made_again_are_identical(concluded):
    assert concluding(concluded) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("verdicts/verdicts.csv", "inconclusive", "supported"),
        ("verdicts/verdicts.md", "inconclusive", "supported"),
        ("verdicts/results.csv", "primary", "placebo"),
        ("README.md", "supported", "refuted"),
    ],
)
def test_a_verdict_changed_by_hand(concluded, name, old, new):
    path = concluded / "archived" / name
    before = path.read_text()
    edit(path, old, new)
    try:
        (finding,) = concluding(concluded)
    finally:
        path.write_text(before)
    assert finding.item.startswith(path.name) and finding.cause == causes.EDITED


def test_tests_of_hypotheses_are_told_apart_by_their_note(pair):
    test = {"id": "H1", "role": "sensitivity", "estimate": 1.5, "low": 1.0, "high": 2.0}
    archived, remade = (
        {"hypotheses": [test | {"note": n, "cell": c} for c, n in enumerate(names)]}
        for names in (["a", "c", "c"], ["a", "b", "c", "c"])
    )
    found = list(recorded.compare_hypotheses(pair, archived, remade))
    assert [(f.item, f.verdict) for f in found] == [
        ("H1, sensitivity, a", IDENTICAL),
        ("H1, sensitivity, c", IDENTICAL),
        ("H1, sensitivity, c #2", IDENTICAL),
        ("H1, sensitivity, b", DIFFERS),
    ]
    remade["hypotheses"][2]["estimate"] = 1.6
    (odd_one,) = [
        f
        for f in recorded.compare_hypotheses(pair, archived, remade)
        if f.verdict is DIFFERS and f.archived
    ]
    assert odd_one.item == "H1, sensitivity, c"
    assert odd_one.detail == "estimate differs"

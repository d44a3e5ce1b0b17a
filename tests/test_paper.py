"""The paper says what the results say, and stops where they say nothing."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import latex
import pypdfium2
import pytest
import typst
import yaml

from analysis_utils.asking import Refused
from analysis_utils.paper import build, changes, numbers
from analysis_utils.run_context import ROOT

RESULTS = "outputs/01_agreement_growth/main/results.json"


@pytest.fixture
def copy(tmp_path) -> Path:
    """The paper and the outputs, to change."""
    shutil.copytree(ROOT / "paper", tmp_path / "paper")
    hidden = shutil.ignore_patterns(".*", "site", "custom", "failed", "*.png")
    shutil.copytree(ROOT / "outputs", tmp_path / "outputs", ignore=hidden)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    return tmp_path


def text_of(path: Path) -> str:
    """Text of a PDF, on one line."""
    pages = pypdfium2.PdfDocument(path)
    words = " ".join(page.get_textpage().get_text_range() for page in pages)
    return " ".join(words.replace("￾", "").split())


def change(root: Path, value: int) -> None:
    path = root / RESULTS
    content = json.loads(path.read_text())
    content["numbers"]["active_last"]["value"] = value
    path.write_text(json.dumps(content))


def test_the_archived_paper_says_what_the_archived_results_say(copy):
    built = build.build(root=copy)
    for name in ("paper/paper.pdf", "numbers.typ", "numbers.tex"):
        archived = ROOT / "outputs" / name
        assert archived.read_bytes() == (copy / "outputs" / name).read_bytes(), (
            f"outputs/{name} does not fit the results: run `make paper`"
        )
    assert built == copy / "outputs/paper/paper.pdf"


def test_a_changed_result_changes_the_text(copy):
    assert "7,654" not in text_of(build.build(root=copy))
    change(copy, 7654)
    assert "7,654 agreements" in text_of(build.build(root=copy))


@pytest.mark.fault("17.10", "results.json lacks a number that the paper states")
def test_a_number_that_no_run_recorded_stops_it_with_file_and_line(copy):
    source = copy / "paper/paper.typ"
    before = build.build(root=copy).read_bytes()
    source.write_text(source.read_text() + '\n#n("01_agreement_growth/main:nothing")\n')
    line = len(source.read_text().splitlines())
    with pytest.raises(Refused) as refused:
        build.build(root=copy)
    assert "main:nothing" in str(refused.value)
    assert f"paper.typ:{line}:" in str(refused.value)
    assert (copy / "outputs/paper/paper.pdf").read_bytes() == before


def test_what_changed_since_a_revision_is_marked(copy, monkeypatch):
    old = numbers.now(copy / "outputs")
    contents = numbers.contents_now(copy / "outputs")
    monkeypatch.setattr(numbers, "at", lambda revision, root: old)
    monkeypatch.setattr(numbers, "contents_at", lambda revision, root: contents)
    change(copy, 7654)
    path = build.build("first", root=copy)
    assert path.name == "changes-since-first.pdf"
    archived = old["01_agreement_growth/main:active_last"]["text"]
    assert re.search(rf"{archived} ?7,654 agreements", text_of(path))
    assert not list((copy / "outputs").glob(".paper-old*"))


def test_changes_since_a_tag_of_git(copy):
    """`AGAINST=v1`: a real tag, with the outputs that were committed under it."""
    for command in (
        ["init", "-q"],
        ["add", "outputs"],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "One"],
        ["tag", "v1"],
    ):
        subprocess.run(["git", *command], cwd=copy, check=True)
    archived = numbers.now(copy / "outputs")["01_agreement_growth/main:active_last"]
    assert numbers.at("v1", copy) == numbers.now(copy / "outputs")
    unchanged = text_of(build.build("v1", root=copy))
    change(copy, 7654)
    path = build.build("v1", root=copy)
    assert path == copy / "outputs/paper/changes-since-v1.pdf"
    marked = re.compile(rf"{archived['text']} ?7,654 agreements")
    assert marked.search(text_of(path)) and not marked.search(unchanged)
    with pytest.raises(Refused, match="AGAINST= needs a revision of git .*v2"):
        build.build("v2", root=copy)


def test_a_number_that_changed_within_a_sentence_is_marked(copy):
    """Most numbers of the paper stand in sentences that the runs recorded."""
    contents = numbers.contents_now(copy / "outputs")
    run = "01_agreement_growth/main"
    thousands = re.compile(r"\b\d,\d{3}\b")
    recorded = changes.recorded(contents[run])
    sentence = next(s for s in recorded if thousands.search(s["text"]))
    held = thousands.search(sentence["text"])[0]
    before = contents | {run: contents[run].replace(held, "9,876")}
    found = changes.sentences(before, contents)
    assert found[run][sentence["text"]][1:3] == [("old", "9,876"), ("new", held)]
    assert not any(found[other] for other in found if other != run)
    assert not any(changes.sentences(contents, contents).values())


def test_the_works_cited_stand_in_the_citation_file():
    """Same title, year and identifier in references.bib and in CITATION.cff."""
    known = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    filed = {words(r["title"]): r for r in known["references"]}
    bib = (ROOT / "paper/references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"(?ms)^@\w+\{(\w+),(.*?)^\}", bib)
    assert len(entries) > 10
    for key, entry in entries:
        title = words(re.search(r"title = \{(.*)\},", entry)[1])
        found = [r for name, r in filed.items() if title.startswith(name)]
        assert len(found) == 1, key
        assert str(found[0]["year"]) in entry, key
        assert found[0].get("doi", "") == (doi_of(entry) or ""), key


def words(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.lower()))


def doi_of(entry: str) -> str | None:
    found = re.search(r"doi = \{(.*?)\}", entry)
    return found and found[1]


def test_a_revision_without_outputs_is_refused():
    with pytest.raises(Refused, match="AGAINST= needs a revision.*no-such"):
        numbers.at("no-such-revision")


# What may stand as a digit in the text: dates, years, names of acts, levels.
NOT_RESULTS = re.compile(
    r"287\(g\)|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September"
    r"|October|November|December)(?: \d{4})?|\b(?:19|20)\d{2}\b|\b(?:95|80|50)%|"
    r"\b(?:Executive Order|Senate Bill|House Bill|Act|EO|HB|SB|Public Law) [\d-]+"
)
CALL = re.compile(r'#?[a-z-]+\((?:"[^"]*"|[^()"]|\((?:"[^"]*"|[^()"])*\))*\)')


def prose(source: str) -> str:
    """The text of a Typst file: no code, comments, labels, references or formulas."""
    text = re.sub(r"(?m)^\s*//.*$", "", source)
    text = re.sub(r"(?m)^#(?:import|show|set|let).*$", "", text)
    for _ in range(3):
        text = CALL.sub("", text)
    text = re.sub(r"<[\w:-]+>|@[\w:-]+|\$[^$]*\$|`[^`]*`", "", text)
    return NOT_RESULTS.sub("", text)


def test_no_digit_of_a_result_is_typed_by_hand():
    source = (ROOT / "paper/paper.typ").read_text(encoding="utf-8")
    assert not re.findall(r".{0,40}\d.{0,20}", prose(source))


@pytest.mark.parametrize("typed", ["There were 1,651 agreements.", "It rose by 25.3."])
def test_a_digit_typed_by_hand_is_found(typed):
    assert re.search(r"\d", prose(f'On 13 April 2026, #n("a/b:c") held. {typed}'))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("1218.9", "1,219"),
        ("-0.0010509", "\N{MINUS SIGN}0.00105"),
        ("1.68e-05", "0.000017"),
        ("0.0", "0"),
        ("robust", "robust"),
    ],
)
def test_a_cell_of_the_table_is_read_without_a_power_of_ten(cell, shown):
    assert numbers.of_cell(cell) == shown


# For people with their own paper


def example(language: str) -> str:
    text = (ROOT / "docs/your_paper.md").read_text(encoding="utf-8")
    return re.search(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)[1]


def test_the_example_for_typst_compiles(copy):
    build.build(root=copy)
    (copy / "own.typ").write_text(example("typst"))
    content = typst.compile(str(copy / "own.typ"), root=str(copy))
    assert content.startswith(b"%PDF")


def test_the_example_for_latex_names_what_there_is(copy):
    build.build(root=copy)
    tex = (copy / "outputs/numbers.tex").read_text()
    for key in re.findall(r"\\result\{(.*?)\}", example("latex")):
        assert f"\\@namedef{{study@text@{key}}}" in tex
    for file in re.findall(r"\{(outputs/[^}]+\.(?:pdf|tex))\}", example("latex")):
        assert (copy / file).is_file(), file


PREAMBLE = r"""\documentclass{article}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{array,booktabs,longtable}
\begin{document}
"""


def tables_in_latex() -> list[Path]:
    found = sorted((ROOT / "outputs").glob("[0-9]*/*/*.tex"))
    return [*found, ROOT / "outputs/verdicts/verdicts.tex"]


def test_no_label_of_a_table_is_used_twice():
    texts = [path.read_text(encoding="utf-8") for path in tables_in_latex()]
    labels = [re.search(r"\\label\{(.*?)\}", text)[1] for text in texts]
    assert len(set(labels)) == len(labels) > 90


@latex.needed
def test_every_table_compiles_and_stays_on_its_page(tmp_path):
    """All tables of the archive in one document, as docs/your_paper.md says."""
    body = [
        f"\\typeout{{TABLE {path.relative_to(ROOT / 'outputs')}}}\n"
        f"{path.read_text(encoding='utf-8')}\\clearpage\n"
        for path in tables_in_latex()
    ]
    document = f"{PREAMBLE}{''.join(body)}\\end{{document}}\n"
    assert latex.faults(document, tmp_path) == []


@latex.needed
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (r"\rule{9cm}{1pt}\rule{9cm}{1pt}", "Overfull"),
        (r"\nosuchmacro", "Undefined control sequence"),
    ],
)
def test_a_fault_of_a_table_is_found(tmp_path, fault, said):
    document = f"{PREAMBLE}\\noindent {fault}\n\\end{{document}}\n"
    assert any(said in line for line in latex.faults(document, tmp_path))


@latex.needed
def test_the_example_for_latex_compiles(copy):
    build.build(root=copy)
    assert latex.faults(example("latex"), copy) == []


def test_latex_macros_are_whole():
    """One line each, braces balanced, no sign that LaTeX would act on."""
    made = numbers.latex({"a/b:c": {"text": "5% of {x} & $y_1$ \N{MINUS SIGN}3"}})
    line = next(x for x in made.splitlines() if x.startswith(r"\@namedef"))
    assert line == (
        r"\@namedef{study@text@a/b:c}{5\% of \{x\} \& \$y\_1\$ \ensuremath{-}3}"
    )
    for line in numbers.latex(numbers.now()).splitlines():
        bare = re.sub(r"\\[{}]", "", line)
        assert bare.count("{") == bare.count("}"), line

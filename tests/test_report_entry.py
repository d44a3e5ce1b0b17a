"""The entry page: whole, deterministic, and nothing in it is markup but its own."""

import mistune
import pandas as pd
import pytest
from report_data import entry as registry_entry
from report_data import (
    frame,
    hypothesis,
    registry_text,
    result,
    run,
    write_figure,
    write_results,
)

from analysis_utils.asking import Refused
from analysis_utils.report import build, entry, markdown, verdicts, write

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://example.org/x.png)",
    "https://example.org and www.example.org",
    "a | b || c",
    "**bold** _it_ `code` ~~gone~~ $x$",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "&lt;b&gt; &#60;i&#62;",
    "line\n\n## heading\n\n<b>x</b>",
    "\\*not\\* \\",
    "a]b(c) ![",
    "=== ---",
]


def rendered(text: str) -> str:
    plugins = ["table", "url", "strikethrough", "math"]
    return mistune.create_markdown(escape=False, plugins=plugins)(text)


def visible(html: str) -> str:
    from html import unescape

    assert html.startswith("<p>") and html.count("<") == 2, html  # <p> and </p> alone
    return unescape(html.removeprefix("<p>").removesuffix("</p>\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_shown_as_it_is(text):
    assert visible(rendered(markdown.escaped(text))) == " ".join(text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_inside_a_cell_and_inside_a_link(text):
    cells = markdown.row([markdown.escaped(text), "next"])
    html = rendered(f"| a | b |\n|---|---|\n{cells}\n")
    assert html.count("<td>") == 2 and "<td>next</td>" in html
    html = rendered(markdown.image(text, "a b(c)/ö.svg"))
    assert html.count("<img") == 1 and 'src="a%20b%28c%29/%C3%B6.svg"' in html
    assert "<script" not in html and "<b>" not in html


def test_invisible_characters_are_dropped():
    assert markdown.escaped("a\u202eb\u200bc\x00d") == "a b c d"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Two runs with a figure each, a registry of two, and the entry that names them."""
    first = run(tmp_path, "01_a", "# First | question")
    second = run(tmp_path, "02_b")
    write_figure(first, "one", "Caption <b>.", "What it tells.")
    write_figure(second, "two")
    test = result("H1", 3, 2, 4, 0.001, level=0.975)
    write_results(first.folder, test, sentences=["Old.", "New *5*."])
    write_results(second.folder, result("H2", level=None, note="too | few"))
    (tmp_path / "notebooks/entry.yaml").write_text(
        "figures:\n"
        "  - {run: 01_a/main, figure: one, sentences: [-1]}\n"
        "  - {run: 02_b/main, figure: two, sentences: []}\n"
    )
    registry = tmp_path / "notebooks/hypotheses.yaml"
    both = {"H1": registry_entry("H1"), "H2": registry_entry("H2", run="02_b/main")}
    registry.write_text(registry_text(**both))
    monkeypatch.setattr(entry, "FILE", tmp_path / "notebooks/entry.yaml")
    monkeypatch.setattr(build, "REGISTRY", registry)
    monkeypatch.setattr(build, "FIRST", tmp_path / "none.csv")
    monkeypatch.setattr(build.manifest, "relative", lambda path: path.name)
    build.manifest.file_hash.cache_clear()
    yield [first, second]
    build.manifest.file_hash.cache_clear()


def fresh(runs) -> bool:
    build.manifest.file_hash.cache_clear()
    return build.is_fresh(runs)


def test_the_page_holds_verdicts_figures_sentences_and_runs(study):
    build.build(study, complete=True)
    text = (study[0].base / "README.md").read_text()
    row = "| H1 | statement of H1 | before | 3.00 units of H1 (2.00 to 4.00; "
    row += "p = 0.001) |"
    assert f"{row} 1 | not computed | **supported** | no checks |" in text
    assert "too \\| few" in text and "**cannot be tested**" in text
    assert "New \\*5\\*." in text and "Old." not in text
    assert (
        "![What it tells.](01_a/main/one.svg)" in text and "Caption &lt;b&gt;." in text
    )
    assert text.index("one.svg") < text.index("two.svg")
    assert "### First \\| question" in text and "02\\_b/main" in text
    assert "left out" not in text


def test_every_link_of_the_page_leads_to_a_file(study):
    import re
    from urllib.parse import unquote

    (study[0].folder / "01_a.ipynb").write_text("{}")
    (study[1].folder / "02_b.ipynb").write_text("{}")
    build.build(study, complete=True)
    base = study[0].base
    links = re.findall(r"\]\(([^)]*)\)", (base / "README.md").read_text())
    absent = [p for p in map(unquote, links) if not (base / p).exists()]
    assert len(links) > 12
    assert set(absent) <= {"verdicts/deviations.csv"} | {
        p for p in absent if p.endswith(("hypotheses.yaml", "manifest.json"))
    }


def test_the_same_results_give_the_same_bytes(study):
    files = ("README.md", "verdicts/verdicts.csv", "verdicts/manifest.json")
    build.build(study, complete=True)
    before = [(study[0].base / name).read_bytes() for name in files]
    build.build(study, complete=True)
    assert before == [(study[0].base / name).read_bytes() for name in files]


@pytest.mark.parametrize(
    "file",
    [
        "outputs/README.md",
        "outputs/01_a/main/one.txt",
        "outputs/01_a/main/results.json",
        "outputs/verdicts/verdicts.md",
        "notebooks/entry.yaml",
        "notebooks/hypotheses.yaml",
    ],
)
def test_each_thing_it_rests_on_counts(study, file):
    build.build(study, complete=True)
    assert fresh(study)
    path = study[0].base.parent / file
    path.write_text(path.read_text() + "\n")
    assert not fresh(study)


def test_a_heading_counts_and_a_lost_page_is_made_again(study):
    build.build(study, complete=True)
    (study[0].base / "README.md").unlink()
    assert not fresh(study)
    build.build(study, complete=True)
    assert fresh(study)
    other = run(study[0].base.parent, "01_a", "# Another question")
    assert not fresh([other, study[1]])


def test_what_is_missing_is_named_and_nothing_is_written(study):
    entry.FILE.write_text(
        "figures:\n"
        "  - {run: 01_a/man, figure: one, sentences: []}\n"
        "  - {run: 01_a/main, figure: on, sentences: []}\n"
        "  - {run: 01_a/main, figure: one, sentences: [2]}\n"
    )
    with pytest.raises(Refused) as refused:
        build.build(study, complete=True)
    text = str(refused.value)
    assert "01_a/man is no run; did you mean 01_a/main?" in text
    assert "no figure 'on'; did you mean one?" in text
    assert "recorded 2 sentences; there is no sentence 2" in text
    assert not (study[0].base / "README.md").exists()


def test_with_other_parameters_absent_figures_are_left_out_aloud(study):
    (study[1].folder / "two.svg").unlink()
    build.build(study, complete=False)
    text = (study[0].base / "README.md").read_text()
    assert "two.svg" not in text and "one.svg" in text and "are left out" in text


@pytest.mark.parametrize(
    "text",
    ["figures:", "figures:\n  - {run: a}", "other: 1", "figures: [", "figures:\n  - x"],
)
def test_a_faulty_entry_file_is_refused(tmp_path, text):
    path = tmp_path / "entry.yaml"
    path.write_text(text)
    with pytest.raises(Refused, match="entry.yaml"):
        entry.read(path)


def test_a_result_of_another_run_stops_the_build_and_keeps_the_old(study):
    build.build(study, complete=True)
    before = (study[0].base / "README.md").read_bytes()
    write_results(study[1].folder, result("H1", 3, 2, 4, 0.1, level=0.975))
    with pytest.raises(Refused, match="H1 was recorded by 02_b/main"):
        build.build(study, complete=True)
    assert (study[0].base / "README.md").read_bytes() == before


def test_a_small_p_is_shown_as_small():
    table = verdicts.table({"H1": hypothesis()}, frame(result("H1", 3, 2, 4, 1e-9)))
    assert "&lt; 0.001" in write.markdown_table(table)


def test_what_was_superseded_is_shown_with_its_first_result():
    from analysis_utils import hypotheses

    text = registry_text(
        H1=registry_entry("H1"),
        G1=registry_entry("G1", supersedes={"H1": "no step there"}),
    )
    first = pd.DataFrame({"estimate": [2.0], "low": [1.0], "high": [3.0]}, index=["H1"])
    first["verdict"] = "supported"
    known = hypotheses.parse(text)
    table = verdicts.table(known, frame(result("H1", 9, 8, 10, 0.1)), first=first)
    words = write.markdown_table(table)
    assert "supported: 2.00 (95% interval 1.00 to 3.00)" in words
    assert "| G1 | no step there |" in words
    assert words.index("| G1 |") < words.index("Superseded") < words.index("| H1 |")


def test_a_run_has_the_title_that_it_recorded(study):
    test = result("H1", 3, 2, 4, 0.001, level=0.975)
    write_results(study[0].folder, test, title="Signings around 20 January 2025")
    assert entry.title(study[0]) == "Signings around 20 January 2025"
    assert entry.title(study[1]) == "A question"

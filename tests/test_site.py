"""The site: safe text, whole pages; and, where Chromium is, what a reader meets."""

import csv
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import chromium
import nbformat
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from notebook_code import code_of

from analysis_utils import datasets, series
from analysis_utils.asking import Refused
from analysis_utils.paper import answers, history, numbers
from analysis_utils.publish import maps
from analysis_utils.review import lineage
from analysis_utils.run_context import ROOT
from analysis_utils.site import (
    build,
    front,
    notebooks,
    predictions,
    question,
    reference,
    register,
    text,
)
from analysis_utils.site.study import Study

CLAIMS = "09_article_claims/main"
EVIL = '<b>5</b><script>document.title="ran"</script><img src=x onerror="alert(1)">'


# Without a browser


def test_what_data_say_never_becomes_a_tag():
    made = text.table("A <b>", ("Name", "n"), [("<script>x</script>", 5)], numeric=(1,))
    assert "<script>" not in made and "&lt;script&gt;" in made
    assert '<th scope="row">' in made and "<caption>A &lt;b&gt;</caption>" in made
    stacked = text.table("A", ("Name", "n<"), [("x", "`make all`")], stacked=True)
    assert '<td role="cell" data-label="n&lt;"><code>make all</code></td>' in stacked
    assert '<th role="rowheader" scope="row">x</th>' in stacked
    assert text.plain("`a_b` *c* ` <d>") == r"`a_b` \*c\* \` \<d\>"
    assert text.plain("*a* [b](c) <d>") == r"\*a\* \[b\](c) \<d\>"


def test_nothing_of_a_notebooks_output_can_run():
    clean = text.clean_html(EVIL)
    assert "<script" not in clean and "onerror" not in clean and "<b>5</b>" in clean
    shown = notebooks.output(
        nbformat.v4.new_output("display_data", {"text/html": EVIL}), {}
    )
    assert "<script" not in shown.data["text/html"]
    svg = nbformat.v4.new_output(
        "display_data", {"image/svg+xml": "<svg><script/></svg>", "text/plain": "A dot"}
    )
    assert notebooks.output(svg, {}).data == {"text/plain": "A dot"}


def test_the_register_of_the_page_is_that_of_the_data():
    made = register.payload()
    assert len(made["agreements"]) == len(datasets.agreements())
    open_now = sum("until" not in row for row in made["agreements"])
    assert open_now == int(series.active(basis="listing", frequency="day").iloc[-1, 0])
    content = register.script()
    assert content.count("</") == 0 and content.endswith(";\n")
    assert json.loads(content.removeprefix("window.REGISTER=")[:-2]) == made


def test_a_figure_for_one_column_is_not_blown_up(tmp_path):
    about = {"caption": "C", "alt": "A"}
    for width, kind in ((252, "picture narrow"), (518.4, "picture")):
        path = tmp_path / f"{width}.svg"
        path.write_text(f'<?xml version="1.0"?><svg width="{width}pt" height="9pt"/>')
        assert f'class="{kind}"' in question.figure_html(path, "a.svg", about)


@pytest.mark.fault("17.10", "results.json lacks a number that the site states")
def test_what_was_superseded_stands_apart_with_the_reason():
    shown = front.verdicts_page(Study())
    first, later = shown.split("## What was superseded")
    older = Study().verdicts.query("superseded_by != 'none'")
    assert len(older)
    for row in older.itertuples():
        address = f"verdicts.html#{row.id.lower()}"
        assert address not in first and address in later
        assert f"{row.superseded_by}: {row.superseded_because}" in later


def test_a_choice_that_names_nothing_is_refused():
    study = Study()
    with pytest.raises(Refused, match="no run '01_agreement_growh/main'; did you mean"):
        front.record_of(study, "01_agreement_growh/main")
    with pytest.raises(Refused, match="has no figure 'x'"):
        front.shown(study, {"run": study.records[0].label, "figure": "x"})
    readme, found = (ROOT / "README.md").read_text(encoding="utf-8"), numbers.now()
    for old, new, said in (
        ("(G1)", "(Z9)", "no hypothesis 'Z9'"),
        ("main:signed_52", "main:signed_5", "main:signed_5 in the results; did you"),
        ("answers: G1", "answers: Z9", "no answer of Z9 in the results"),
    ):
        with pytest.raises(Refused, match=said):
            front.answers(study, readme.replace(old, new), found)


def test_the_answers_of_the_start_page_are_those_of_the_readme():
    """One text for both; its numbers are those recorded, its strengths the table's."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    verdicts = Study().verdicts.set_index("id")
    made = front.answers(Study(), readme, numbers.now()).split("\n")
    written = list(answers.ANSWER.finditer(readme))
    assert len(made) == len(written) > 4
    for line, answer in zip(made, written, strict=True):
        assert answers.stated(answer[1])[0] in line
        for name in answer[3].split():
            strength = verdicts.loc[name, "strength"]
            assert f"**, {strength} ([{name}](verdicts.md#{name.lower()}))" in line
        assert re.search(r"\[How we know: [a-z ]+\]\(questions/\d\d_\w+\.md\)\.$", line)
    signed = numbers.now()["18_growth/main:signed_52"]
    changed = numbers.now() | {"18_growth/main:signed_52": signed | {"value": "7,654"}}
    assert "7,654 agreements" in front.answers(Study(), readme, changed)


def test_texts_of_docs_lead_to_pages_or_nowhere():
    for name in reference.GUIDES:
        text = reference.documented(name)
        for address in re.findall(r"\]\(([^)\s]+)\)", text):
            place = address.split("#")[0]
            known = (*reference.SHOWN.values(), "")
            assert place.startswith("http") or place in known, f"{name}: {address}"


def test_north_is_up_on_the_map():
    """The north of Maine is drawn above Miami, and the west left of the east."""
    drawn = json.loads(register.shapes_script().removeprefix("window.SHAPES=")[:-2])
    aroostook, miami, los_angeles = (
        tuple(map(int, re.match(r"M(-?\d+) ?(-?\d+)", path).groups()))
        for path in (drawn["counties"][fips] for fips in ("23003", "12086", "06037"))
    )
    assert aroostook[1] < miami[1]
    assert los_angeles[0] < miami[0] < aroostook[0]


def test_the_course_since_2002_is_told_in_words_of_the_data(monkeypatch):
    counts = series.active_since_2002()["active"].dropna()
    said = history.words()
    assert f"to {int(counts.iloc[-1]):,} in" in said["alt"]
    assert history.svg() == history.svg()
    latest = datasets.load("later_totals")
    assert (
        f"to {latest.total.iloc[-1]:,} on" in said["alt"] and "Dots" in said["caption"]
    )
    monkeypatch.setattr(history, "later", lambda: latest.set_index("day")["total"][:0])
    assert "dots" not in history.words()["alt"] and history.svg() != b""
    with pytest.raises(KeyError):
        history.day_of("no-such-event")


# The whole site


@pytest.fixture(scope="module")
def site() -> Path:
    """The site as `make site` builds it (at once, if it is there and up to date)."""
    return build.build().parent


def pages(site: Path) -> list[Path]:
    found = sorted(site.rglob("*.html"))
    return [p for p in found if "_static" not in p.parts]


class Tags(HTMLParser):
    """Addresses that a page refers to, and pictures without words."""

    def __init__(self):
        super().__init__()
        self.addresses, self.silent = [], []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        loads = tag in ("script", "img", "iframe", "source")
        if loads or (tag == "link" and named.get("rel") in ("stylesheet", "icon")):
            self.addresses.append(named.get("src") or named.get("href") or "")
        elif tag == "a" and named.get("href"):
            self.addresses.append("link:" + named["href"])
        if tag == "img" and not named.get("alt"):
            self.silent.append(named.get("src"))


def test_every_page_is_whole(site):
    """Nothing is loaded from elsewhere, no link is dead, no picture without words."""
    names = {p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file()}
    faults = []
    for page in pages(site):
        tags = Tags()
        tags.feed(page.read_text(encoding="utf-8"))
        place = page.relative_to(site).as_posix()
        faults += [f"{place}: picture {src} has no words" for src in tags.silent]
        for address in tags.addresses:
            link = address.startswith("link:")
            target = address.removeprefix("link:")
            if re.match(r"(https?:)?//", target):
                faults += [] if link else [f"{place}: loads {target}"]
            elif target and not re.match(r"#|data:|mailto:", target):
                file = os.path.normpath(
                    Path(place).parent / re.split(r"[?#]", target)[0]
                )
                if file != "." and file not in names:
                    faults.append(f"{place}: {target} is not there")
    assert not faults, "\n".join(sorted(set(faults))[:20])


def test_every_run_question_and_hypothesis_has_its_place(site):
    answers = (site / "verdicts.html").read_text(encoding="utf-8")
    for record in lineage.records():
        name = record.label.replace("/", "--")
        assert (site / f"notebooks/{name}.html").is_file()
        assert (site / f"questions/{record.folder.parent.name}.html").is_file()
        assert (site / "files" / record.label / "results.json").is_file()
    for key in Study().verdicts["id"]:
        assert f'id="{key.lower()}"' in answers


def test_a_number_links_to_its_cell(site):
    record = next(r for r in lineage.records() if r.label == "01_agreement_growth/main")
    page = (site / "questions/01_agreement_growth.html").read_text(encoding="utf-8")
    item = next(i for i in record.items if i.key == "active_last")
    cell = record.position(item.cell)
    target = f"notebooks/01_agreement_growth--main.html#cell-{cell}"
    assert f'href="../{target}"' in page
    notebook = (site / target.split("#")[0]).read_text(encoding="utf-8")
    assert f'id="cell-{cell}"' in notebook


def test_every_number_leads_to_data_and_its_published_sources(site):
    """A reviewer goes from a number to its rows' file and to who published that."""
    record = next(r for r in lineage.records() if r.label == "01_agreement_growth/main")
    page = (site / "questions/01_agreement_growth.html").read_text(encoding="utf-8")
    read = list(record.stamp["data"])
    assert read
    for name in read:
        anchor = name.split("/")[-1].removesuffix(".csv").replace("_", "-")
        assert f'href="../data.html#{anchor}"' in page
        assert f'id="{anchor}"' in (site / "data.html").read_text(encoding="utf-8")
    assert 'href="https://www.ice.gov/identify-and-arrest/287g"' in page


def test_no_parameter_stands_in_running_text(site):
    """Docstrings without a heading, `table : one row a unit`, are lists as well."""
    for page in sorted((site / "api").glob("*.html")):
        shown = page.read_text(encoding="utf-8")
        left = re.findall(r"<p>[a-z]\w* : .{40}", shown)
        assert not left, (page.name, left)
        # An example below a list of parameters is none of them.
        assert not re.search(r"<(strong|dt)[^>]*>(<[^>]*>)*&gt;", shown), page.name
        quoted = re.findall(r"<blockquote>(.*?)</blockquote>", shown, re.DOTALL)
        assert all(" = " in text for text in quoted), page.name  # a formula


def test_sphinx_understands_every_docstring(site):
    assert (site / build.WARNINGS).read_text() == ""


def test_what_a_notebook_calls_has_a_page(site):
    shown = (site / "api/publish.html").read_text(encoding="utf-8")
    for name in ("number", "sentence", "hypothesis", "figure", "table", "Finding"):
        assert f'id="analysis_utils.publish.{name}"' in shown


def test_the_register_can_be_taken_along(site):
    for name in ("agreements", "spells", "agency_links", "editions"):
        taken = (site / f"files/data/{name}.csv").read_bytes()
        assert taken == (ROOT / f"data/{name}.csv").read_bytes()
    page = (site / "register.html").read_text(encoding="utf-8")
    assert page.count('href="files/data/') == 4


def test_each_claim_leads_to_the_cell_that_judged_it(site):
    page = (site / "claims.html").read_text(encoding="utf-8")
    with open(claims_run() / "verdicts.csv", encoding="utf-8") as stream:
        judged = list(csv.DictReader(stream))
    assert page.count('<th scope="row">') == len(judged)
    linked = re.findall(r'href="(notebooks/09_article_claims--main.html)#(.*?)"', page)
    measured = [row for row in judged if row["measured"]]
    assert len(linked) >= len(measured) > 0
    notebook = (site / linked[0][0]).read_text(encoding="utf-8")
    assert all(f'id="{place}"' in notebook for _, place in linked)


def claims_run() -> Path:
    return next(r for r in lineage.records() if r.label == CLAIMS).folder


def test_predictions_are_shown_once_they_are_there(monkeypatch):
    """Until a run has recorded them the page says so; then it shows that run."""
    study = Study()
    there = {q.name for q in study.questions}
    for name in predictions.NOTEBOOKS:
        assert (predictions.NONE.format(name) in predictions.page(study)) == (
            name not in there
        )
    monkeypatch.setattr(predictions, "NOTEBOOKS", {"09_article_claims": "Claims"})
    page = predictions.page(study)
    assert "Nothing is recorded" not in page and "<details open>" in page
    assert 'src="files/09_article_claims/main/claims_on_course.svg"' in page


def test_the_site_is_not_built_twice(site):
    stamp = (site / build.STAMP).stat().st_mtime_ns
    build.build()
    assert (site / build.STAMP).stat().st_mtime_ns == stamp


def test_two_builders_do_not_disturb_each_other(site, monkeypatch):
    """While one holds the room the other waits, and then has nothing to do."""
    made = []
    monkeypatch.setattr(build, "made_anew", lambda: made.append(1))
    with ThreadPoolExecutor() as pool:
        with build.alone():
            other = pool.submit(build.build)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.5)
        assert other.result(timeout=60) == site / "index.html"
    assert not made


# In a browser

KINDS = (
    "index.html",
    "verdicts.html",
    "claims.html",
    "predictions.html",
    "questions/01_agreement_growth.html",
    "notebooks/01_agreement_growth--main.html",
    "register.html",
    "time-machine.html",
    "data.html",
    "methods.html",
    "api/hazards.html",
    "guide.html",
)


@pytest.fixture(scope="module")
def browser():
    with chromium.running() as found:
        yield found


@pytest.fixture
def visit(browser, site):
    """Opens a page; what it asked for from elsewhere and its errors are kept."""
    context = browser.new_context()
    complaints: list[str] = []

    def opened(name: str, width: int = 1440):
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on(
            "console", lambda m: complaints.append(m.text) if m.type == "error" else 0
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: (
                0
                if r.url.startswith(("file:", "data:", "blob:"))
                else complaints.append(f"asked for {r.url}")
            ),
        )
        path, _, query = name.partition("?")
        page.goto(f"{(site / path).as_uri()}?{query}")
        page.wait_for_load_state()
        return page

    yield opened
    context.close()
    assert complaints == []


@chromium.needed
@pytest.mark.parametrize("name", KINDS)
def test_a_page_fits_and_axe_finds_no_violation(visit, name):
    """At 1,440 and at 360 px no page is wider than the window; axe-core is content.

    That nothing is asked for from elsewhere, and no error, `visit` holds for all.
    """
    from axe_playwright_python.sync_playwright import Axe

    page = visit(name)
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]})
    said = [
        f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:100]})"
        for v in found.response["violations"]
    ]
    assert not said, "\n".join(said)
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@chromium.needed
def test_the_register_is_searched_with_the_keyboard_alone(visit):
    page = visit("register.html")
    page.focus("#find")
    page.keyboard.type("collier")
    rows = page.locator("#rows tr")
    expected = datasets.agreements()
    words = expected["agency"] + " " + expected["county"].fillna("")
    count = int(words.str.lower().str.contains("collier").sum())
    assert rows.count() == count and count
    assert page.inner_text("#count").startswith(str(count))
    button = rows.first.locator("button")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert "On the lists from" in page.inner_text("#rows .details")
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "false"


@chromium.needed
def test_the_address_of_the_register_keeps_what_is_asked(visit):
    page = visit("register.html?state=GA&model=JEM&now=yes")
    held = datasets.agreements()
    held = held[(held.state == "GA") & (held.model == "JEM") & held.gone_by.isna()]
    assert len(held) and page.inner_text("#count").startswith(f"{len(held)} ")
    page.select_option("#state", "FL")
    assert "state=FL" in page.url and "model=JEM" in page.url


@chromium.needed
def test_a_reader_finds_a_state_in_one_click(visit):
    """From the start page, from the list above the register by keyboard, and a map."""
    held = datasets.agreements()
    for code, name in (("TX", "Texas"), ("CA", "California")):
        page = visit(f"register.html?state={code}")
        count = int((held.state == code).sum())
        assert page.inner_text("#count").startswith(f"{count} agreements")
        assert page.eval_on_selector("#state", "s => s.selectedOptions[0].text") == name
    page = visit("index.html")
    page.click(".states a >> text=Georgia")
    page.wait_for_url("**/register.html?state=GA")
    page.fill("#find", "no such agency")
    page.focus(".states a >> text=Ohio")
    page.keyboard.press("Enter")
    count = int((held.state == "OH").sum())
    assert page.inner_text("#count").startswith(f"{count} agreements")
    assert "state=OH" in page.url and "find" not in page.url
    assert page.inner_text("#rows td >> nth=0") == "Ohio"
    page = visit("time-machine.html")
    page.locator("#map path", has_text="Texas").first.dispatch_event("click")
    page.wait_for_url("**/register.html?state=TX")


def test_every_state_stands_in_the_list_of_states():
    links = register.state_links()
    held = set(datasets.agreements().state)
    for state in datasets.states().itertuples():
        assert state.name in links
        assert (f"?state={state.state}" in links) == (state.state in held)


# Machado, Oliveira and Fernandes (2009): what who lacks a kind of cone sees
SIGHTS = {
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
CSS = (ROOT / "site/_static/site.css").read_text(encoding="utf-8")
MAPS = {
    "of the start page": [
        maps.MISSING,
        *reversed(code_of("19_adoption").MAP_COLOURS.values()),
    ],
    "day by day": [
        re.search(rf"--{name}: (#\w+);", CSS)[1]
        for name in ("none", "WSO", "JEM", "TFM")
    ],
}


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("name", MAPS)
def test_colours_of_a_map_are_apart_for_every_reader(name, sight):
    """3 to 1 to the ground, and steps of lightness from one model to the next."""
    colours = np.array([to_rgb(colour) for colour in MAPS[name]])
    linear = np.where(
        colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4
    )
    seen = np.clip(linear @ np.array(SIGHTS[sight]).T, 0, 1)
    light = seen @ [0.2126, 0.7152, 0.0722] + 0.05
    assert (light[0] / light[1:]).min() >= 3
    assert (light[1:-1] / light[2:]).min() >= 1.4


@chromium.needed
def test_a_link_to_something_folded_opens_it(visit):
    page = visit("verdicts.html")
    assert not page.locator("#g1 table").is_visible()
    page.click('th a[href="verdicts.html#g1"]')
    page.wait_for_selector("#g1 table", state="visible")


@chromium.needed
def test_the_slider_counts_as_the_data_do(visit):
    page = visit("time-machine.html")
    for day in ("2025-01-20", "2025-08-27"):
        page.evaluate(
            """day => {
              const slider = document.getElementById("day");
              const first = Date.parse(window.REGISTER.first);
              slider.value = Math.round((Date.parse(day) - first) / 864e5);
              slider.dispatchEvent(new Event("input"));
            }""",
            day,
        )
        counted = series.active(basis="listing", frequency="day", end=day).iloc[-1, 0]
        assert page.inner_text("#said").startswith(f"{counted:,} agreements")
    page.focus("#day")
    before = page.inner_text("#said")
    page.keyboard.press("Home")
    assert page.inner_text("#said") != before


@chromium.needed
def test_on_paper_only_the_content_is_there(visit):
    page = visit("questions/01_agreement_growth.html")
    page.emulate_media(media="print")
    assert not page.locator(".bd-sidebar-primary").is_visible()
    assert page.locator("h1").is_visible()


@chromium.needed
def test_a_search_finds_without_a_server(visit):
    page = visit("search.html?q=sheriffs")
    page.wait_for_selector("#search-results li")

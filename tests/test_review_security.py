"""What comes from elsewhere is shown, never obeyed: in reports, archives, names."""

import io
import json
import re
import tarfile
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import mistune
import pandas as pd
import pytest

from analysis_utils import publish
from analysis_utils.asking import Refused
from analysis_utils.publish import files
from analysis_utils.publish import tables as publish_tables
from analysis_utils.review import archive, compare, pictures, report, tables, values
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    Finding,
    Pictures,
    printable,
)
from analysis_utils.review.pair import Pair
from analysis_utils.review.verify import Verification
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import runs

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</script><script>alert(1)</script>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "[click](javascript:alert(1)) ![p](http://example.org/p.png)",
    "a | b\n\n# heading\n\n<iframe src=//example.org></iframe>",
    "`code` **bold** \\<b\\>",
    "<!-- --><style>body{display:none}</style>",
    "javascript:alert(1)",
]
PLAIN_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="72pt" height="36pt" viewBox="0 0 72 36">{}'
    '<path d="M 0 0 L 72 36" stroke="red"/></svg>'
)
ACTIVE_SVG = [
    "<script>alert(1)</script>",
    "<script xlink:href='http://example.org/x.js'/>",
    "<g onload='alert(1)'/>",
    "<image xlink:href='http://example.org/p.png' width='9' height='9'/>",
    "<image href='/etc/passwd' width='9' height='9'/>",
    "<image href='file:///etc/passwd' width='9' height='9'/>",
    "<image href='data:image/svg+xml;base64,PHN2Zy8+' width='9' height='9'/>",
    "<use xlink:href='other.svg#x'/>",
    "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
    "<a xlink:href='javascript:alert(1)'><path d='M 0 0'/></a>",
    "<style>@import url(http://example.org/x.css);</style>",
    "<path style='fill: url(http://example.org/x.svg#a)' d='M 0 0'/>",
    "<animate attributeName='href' values='javascript:alert(1)'/>",
    "<set attributeName='onload' to='alert(1)'/>",
]


class Page(HTMLParser):
    """What a page holds that could run, load or submit something."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name.startswith("on") or name == "srcdoc":
                self.handlers.append(name)
            if name in ("src", "href", "action", "data", "formaction", "poster"):
                self.addresses.append(value or "")


def verification(text: str, shown: Pictures | None = None) -> Verification:
    """A verification in which every name and value is `text`."""
    finding = Finding(text, text, text, DIFFERS, text, text, text, text, text, shown)
    here = archive.Archive(text, ROOT, own=True)
    return Verification(here, [finding], 1, {text: (text, text)})


# The report


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_markup_as_text(text):
    page = Page(report.as_html(verification(text)))
    assert page.tags.count("script") == 1 and page.tags.count("style") == 1
    assert not page.handlers and not page.addresses
    assert not {"iframe", "svg", "img", "object", "form", "b"} & set(page.tags)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_page_allows_its_own_script_and_nothing_from_outside(text):
    page = report.as_html(verification(text))
    policy = page.split('Content-Security-Policy" content="')[1].split('"')[0]
    assert "default-src &#39;none&#39;" in policy and "unsafe" not in policy
    script = page.split("<script>")[1].split("</script>")[0]
    style = page.split("<style>")[1].split("</style>")[0]
    for part in (script, style):
        assert report.digest(part).replace("'", "&#39;") in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_markup_as_text(text):
    written = report.as_markdown(verification(text))
    # rendered by a program that lets HTML through, tables included
    html = mistune.create_markdown(escape=False, plugins=["table", "url"])(written)
    page = Page(html)
    allowed = {
        "h1",
        "h2",
        "p",
        "strong",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    linked = {"a"} if "http://example.org" in text else set()
    assert set(page.tags) <= allowed | linked and not page.handlers
    assert all(address.startswith("http://example.org") for address in page.addresses)
    assert page.tags.count("h2") == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_json_gives_the_text_back(text):
    content = json.loads(report.as_json(verification(text)))
    assert content["findings"][0]["detail"] == text


def test_a_terminal_gets_no_control_characters():
    shown = report.terminal(verification("\x1b]0;title\x07\x1b[2J\u202egnp.exe"))
    assert "\x1b" not in shown and "\x07" not in shown and "\u202e" not in shown
    assert printable("a\x00b\nc") == "a\N{REPLACEMENT CHARACTER}b c"


# Pictures


@pytest.mark.parametrize("inside", ACTIVE_SVG)
def test_an_svg_that_does_anything_is_neither_drawn_nor_embedded(inside, tmp_path):
    content = PLAIN_SVG.format(inside).encode()
    with pytest.raises(pictures.NotDrawn):
        pictures.draw_svg(content)
    assert compare.plain(content, ".svg") is None
    for side in ("archived", "remade"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "f.svg").write_bytes(content)
    pair = Pair("a/b", tmp_path / "archived", tmp_path / "remade")
    (found,) = [f for f in compare.compare_run(pair) if f.kind == "picture"]
    assert found.pictures is None


def test_a_plain_svg_is_drawn_and_shown_as_a_picture():
    content = PLAIN_SVG.format("").encode()
    assert pictures.draw_svg(content).size == (144, 72)
    page = Page(report.as_html(verification("f", Pictures(content))))
    assert (
        page.tags.count("img") == 2 and "svg" not in page.tags
    )  # its row stands twice
    assert all(a.startswith("data:image/svg+xml;base64,") for a in page.addresses)


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        '<?xml-stylesheet href="http://example.org/x.css"?>',
    ],
)
def test_an_svg_with_entities_or_style_sheets_is_not_read(declared):
    with pytest.raises(pictures.NotDrawn):
        pictures.draw_svg((declared + PLAIN_SVG.format("")).encode())


@pytest.mark.parametrize(
    "size", ["1e9", "10000000", "100000in", "0", "-1", "50%", "NaN"]
)
def test_a_picture_too_large_to_draw_is_refused(size):
    with pytest.raises(pictures.NotDrawn):
        pictures.draw_svg(PLAIN_SVG.format("").replace("72pt", size).encode())


@pytest.mark.parametrize("place", [(0, 0), (71, 143), (30, 99)])
def test_one_pixel_is_found(place):
    from PIL import Image

    picture = pictures.draw_svg(PLAIN_SVG.format("").encode())
    other = picture.copy()
    other.putpixel(place[::-1], (0, 0, 254))
    found = pictures.compare(pictures.png(picture), pictures.png(other), ".png")
    assert found.share == 1 / (144 * 72) and 0 < found.error < 0.05
    image = Image.open(io.BytesIO(found.image))
    assert image.getpixel(place[::-1])[0] > 200 > image.getpixel(place[::-1])[1]


# Spreadsheets and LaTeX


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1|'x'!A0",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        '=HYPERLINK("http://x")',
    ],
)
@pytest.mark.parametrize("kind", ["object", "category", "str"])
def test_no_cell_or_heading_begins_a_formula(text, kind, tmp_path):
    frame = pd.DataFrame({"a": pd.Series([text, "b"], dtype=kind), text: [1, -2]})
    files.write_csv(frame, tmp_path / "t.csv")
    rows = tables.read((tmp_path / "t.csv").read_bytes())
    assert rows[0][1] == rows[1][0] == "'" + text.replace("\r", "\n")
    assert rows[2] == ["b", "-2"]  # numbers stay numbers


@pytest.mark.parametrize("text", ["-", "−1", "-0.5 to 0.3", "+1.5%", "a=b", ""])
def test_plain_text_is_left_as_it_is(text, tmp_path):
    files.write_csv(pd.DataFrame({"a": [text], "b": [1]}), tmp_path / "t.csv")
    assert tables.read((tmp_path / "t.csv").read_bytes())[1][0] == text


@pytest.mark.slow
def test_no_table_of_the_study_holds_a_formula():
    odd = []
    for path in sorted(
        [*ROOT.glob("data/**/*.csv"), *ROOT.glob("outputs/[0-9]*/**/*.csv")]
    ):
        if {"raw", "own"} & set(path.relative_to(ROOT).parts):
            continue
        for line, row in enumerate(tables.read(path.read_bytes()), 1):
            cells = [(cell, cell.strip()) for cell in row]
            odd += [
                (path.name, line, cell)
                for cell, text in cells
                if files._inert(text) != text
                and values.as_number(text) is None
                and not re.fullmatch(r"[-\d ]+", text)  # points of a border
            ]
    assert odd == []


def test_a_caption_holds_no_latex():
    assert publish_tables.latex(r"\input{x} 5% a_b ~ ^") == (
        r"\textbackslash{}input\{x\} 5\% a\_b \textasciitilde{} \textasciicircum{}"
    )


def test_a_table_and_a_sentence_show_markup_as_text(monkeypatch):
    from analysis_utils.publish import results

    text = "<script>alert(1)</script>"
    frame = pd.DataFrame({"a": [text], text: [1]})
    page = Page(publish.table(frame, "t", caption=text)._repr_html_())
    assert "script" not in page.tags
    monkeypatch.setattr(results, "_numbers", {})
    monkeypatch.setattr(results, "_sentences", [])
    assert "<" not in results.sentence(text).data


# Names and places


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "/etc/x", "..", "a\\b", "x.svg", "", "A b", "a\n"]
)
def test_figures_and_tables_stay_in_their_folder(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_RUN_FOLDER", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    frame = pd.DataFrame({"x": [1]})
    fig, _ = publish.new_figure()
    with pytest.raises(ValueError, match="names files"):
        publish.figure(fig, name, data=frame, caption="c", alt="a")
    with pytest.raises(ValueError, match="names files"):
        publish.table(frame, name, caption="c")
    assert [p.name for p in tmp_path.rglob("*")] == ["run"]


def test_a_figure_does_not_overwrite_a_tables_data(tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_RUN_FOLDER", str(tmp_path))
    frame = pd.DataFrame({"x": [1]})
    publish.table(frame, "t", caption="c")
    fig, _ = publish.new_figure()
    with pytest.raises(ValueError, match="written before"):
        publish.figure(fig, "t", data=frame, caption="c", alt="a")


@pytest.mark.parametrize(
    "name", ["../../x", "/tmp/x", "..", ".x", "a/b", "a b", "a\\b", "-x"]
)
def test_a_run_cannot_lead_out_of_outputs(name, tmp_path):
    (tmp_path / "01_a.ipynb").write_text('{"cells": []}')
    (tmp_path / "runs.yaml").write_text(f"01_a:\n  {json.dumps(name)}: {{}}\n")
    with pytest.raises(Refused, match="a run's name"):
        runs.study_runs(tmp_path, tmp_path / "outputs")


@pytest.mark.parametrize("value", ["../../x", "/etc/passwd", "..\\x", "a\0b", "a\nb"])
def test_parameters_cannot_lead_out_of_outputs(value):
    assert not {"/", "\\", "\0", "\n"} & set(runs.slug({"state": value}))
    assert runs.slug({"state": value}).startswith("state=")


# Archives


def packed_zip(path: Path, member: str) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(member, "x")


def packed_tar(path: Path, member: str, **about: object) -> None:
    with tarfile.open(path, "w:gz") as packed:
        info = tarfile.TarInfo(member)
        for name, value in about.items():
            setattr(info, name, value)
        packed.addfile(info, io.BytesIO(b""))


@pytest.mark.parametrize("member", ["../x", "a/../../x", "/x", "..\\x", "C:\\x", "C:x"])
@pytest.mark.parametrize("pack", [packed_zip, packed_tar])
def test_an_archive_is_not_unpacked_outside_its_folder(member, pack, tmp_path):
    pack(tmp_path / "a.pack", member)
    (tmp_path / "in").mkdir()
    with pytest.raises(Refused, match="outside its folder"):
        archive.unpack(tmp_path / "a.pack", tmp_path / "in")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.pack", "in"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_not_unpacked(kind, tmp_path):
    packed_tar(tmp_path / "a.tar.gz", "x", type=kind, linkname="/etc/passwd")
    with pytest.raises(Refused, match="link or a device"):
        archive.unpack(tmp_path / "a.tar.gz", tmp_path)


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 0)
    packed_zip(tmp_path / "a.zip", "x")
    with pytest.raises(Refused, match="would unpack to"):
        archive.unpack(tmp_path / "a.zip", tmp_path)


@pytest.mark.parametrize(
    "against", ["--output=x", "-h", "no-such-tag", "HEAD;id", "$(id)", ""]
)
def test_a_tag_is_a_name_and_no_option(against, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused), archive.opened(against, tmp_path / "room"):
        pass
    assert not list(tmp_path.iterdir())


def test_links_in_an_archive_are_not_followed(tmp_path):
    for side in ("archived", "remade"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.txt").write_text("x")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "archived/a.txt").unlink()
    (tmp_path / "archived/a.txt").symlink_to(tmp_path / "secret.txt")
    pair = Pair("a/b", tmp_path / "archived", tmp_path / "remade")
    (found,) = [f for f in compare.compare_run(pair) if f.file == "a.txt"]
    assert found.verdict is not IDENTICAL and "secret" not in repr(found)
    assert "link" in found.detail

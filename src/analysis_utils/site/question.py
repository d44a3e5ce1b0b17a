"""The page of one question: answers, figures, tables, where numbers come from."""

import re
from html import escape
from pathlib import Path

import pandas as pd

from analysis_utils.paper.numbers import of_cell
from analysis_utils.publish.tables import printed
from analysis_utils.publish.words import in_words
from analysis_utils.review.lineage import Record
from analysis_utils.site.sources import origin_table, source_table
from analysis_utils.site.study import Question, Study, displays, goal, sentences
from analysis_utils.site.text import Html, coded, link, plain, table

NARROW = 300.0  # points: one column of a journal is 252, two are 518
DIGITS = 3  # of tables whose record does not say
LONGEST = 40  # rows of a table on a page; the CSV file has all


def page(question: Question, study: Study) -> str:
    """The page in Markdown."""
    parts = [f"# {question.title}", goal(question.runs[0])]
    verdicts = study.verdicts_of(question)
    if len(verdicts):
        parts += ["## What was tested", verdict_table(verdicts, "../")]
    several = len(question.runs) > 1
    for record in question.runs:
        if several:
            named = record.results.get("title") or f"Run {record.folder.name}"
            parts.append(f"## {plain(named)}")
        parts += run(record, "###" if several else "##")
    return "\n\n".join(part for part in parts if part) + "\n"


def run(
    record: Record, level: str, root: str = "../", opened: bool = False
) -> list[str]:
    """The parts of one run; `root` is the way to the start page."""
    files = f"{root}files/{record.label}"
    name = f"{record.folder.parent.name}--{record.folder.name}"
    notebook = f"{root}notebooks/{name}.html"
    parts = [f"{level} What this shows", *map(said, sentences(record))]
    parts.append(f"{level} Figures")
    parts += [
        figure_html(record.folder / f"{name}.svg", f"{files}/{name}.svg", about)
        for name, about in displays(record, "figures")
    ]
    parts.append(f"{level} Tables")
    parts += [
        folded(
            about["caption"],
            table_of(record.folder / f"{name}.csv", about, files),
            opened,
        )
        for name, about in displays(record, "tables")
    ]
    parts += [
        f"{level} Where each number comes from",
        f"Executed notebook: [{record.label}]({notebook}). "
        f"All numbers: <a href='{files}/results.json'>results.json</a>; what the run "
        f"rests on, by SHA-256: <a href='{files}/manifest.json'>manifest.json</a>.",
        folded(
            "Cell, functions and data of each number",
            origin_table(record, root, notebook),
        ),
        folded("Data files and their published sources", source_table(record, root)),
    ]
    return parts


def said(sentence: str) -> str:
    """A sentence as Markdown: what a notebook sets in bold stays so."""
    return re.sub(r"\\\*\\\*(.+?)\\\*\\\*", r"**\1**", plain(sentence))


def folded(summary: str, content: str, opened: bool = False) -> str:
    """Content that a reader opens, or closes."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{escape(summary)}</summary>{content}</details>"


def figure_html(path: Path, address: str, about: dict) -> str:
    """A figure with caption, alternative text and its files.

    `path` is its SVG file, `address` where the page finds it, `about` its record.
    """
    stem = address.removesuffix(".svg")
    links = ", ".join(link(k, f"{stem}.{k}") for k in ("csv", "pdf", "svg"))
    return (
        f'<figure class="result">{image(address, about["alt"], is_narrow(path))}'
        f"<figcaption>{coded(about['caption'])} "
        f'<span class="files">({links})</span></figcaption></figure>'
    )


def image(address: str, alt: str, narrow: bool = False) -> str:
    """A picture with its words; on a small window it keeps its size and scrolls."""
    kind = "picture narrow" if narrow else "picture"
    return (
        f'<div class="{kind}" tabindex="0" role="group" aria-label="Figure">'
        f'<img src="{escape(address)}" alt="{escape(alt)}"></div>'
    )


def is_narrow(path: Path) -> bool:
    """Whether an SVG was drawn for one column of a journal, not for two."""
    with open(path, encoding="utf-8") as stream:
        width = re.search(r'width="([\d.]+)pt"', stream.read(1000))
    return width is not None and float(width[1]) < NARROW


def table_of(path: Path, about: dict, files: str) -> str:
    """A table of a run as HTML, at most `LONGEST` rows."""
    text, numeric = printed(typed(path), about.get("digits", DIGITS))
    right = [n for n, name in enumerate(text.columns) if n and name in numeric]
    rows = text.to_numpy().tolist()
    more = f" The first {LONGEST} of {len(rows):,} rows." if len(rows) > LONGEST else ""
    files_of = f"<p>{more} {link('All rows as CSV', f'{files}/{path.name}')}, "
    files_of += f"{link('as LaTeX', f'{files}/{path.stem}.tex')}</p>"
    return table(about["caption"], text.columns, rows[:LONGEST], right) + files_of


def typed(path: Path) -> pd.DataFrame:
    """A table of a run with numbers as numbers; only an empty cell is missing."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def verdict_table(
    verdicts: pd.DataFrame,
    root: str,
    caption: str = "Hypotheses and what these data say of them",
) -> str:
    """Verdicts with their reasons, one row a hypothesis."""
    return table(
        caption,
        ("Id", "Hypothesis", "Result", "Answer", "Strength", "Why"),
        (
            (
                link(v["id"], f"{root}verdicts.html#{v['id'].lower()}"),
                v["statement"],
                result(v),
                Html(f"<strong>{escape(v['answer'])}</strong>"),
                v["strength"],
                why(v),
            )
            for _, v in verdicts.iterrows()
        ),
        stacked=True,
    )


def why(row: pd.Series) -> str:
    """The reason of an answer and what its checks say; or what replaced it, and why."""
    if row["superseded_by"] != "none":
        return (
            f"Superseded by {row['superseded_by']}: {row['superseded_because']}. "
            f"First result: {row['first_result']}."
        )
    checks = row["checks"].replace("none was named", "no check was named")
    return in_words(f"{row['reason'].rstrip('.')}; {checks}")


def result(row: pd.Series) -> str:
    """Estimate and adjusted interval with units; empty where nothing was estimated."""
    if pd.isna(row["estimate"]):
        return ""
    low, high = (shown(x) for x in (row["low"], row["high"]))
    return f"{shown(row['estimate'])} ({low} to {high}) {row['units']}"


def shown(value: float) -> str:
    """A number with three significant digits, or whole, and a true minus."""
    return of_cell(repr(float(value)))

"""The page of the article's claims: each with what the register gives."""

import csv
from dataclasses import fields
from datetime import date
from html import escape

from analysis_utils.paper.numbers import of_number
from analysis_utils.publish.results import Number
from analysis_utils.review.lineage import Record
from analysis_utils.site.question import figure_html
from analysis_utils.site.study import Study, displays, sentences
from analysis_utils.site.text import Html, link, plain, table

NOTEBOOK = "09_article_claims"
RELATIONS = {"exact": "", "about": "about ", "nearly": "nearly "}


def page(study: Study) -> str:
    """The page in Markdown; what to run if the notebook has not been run."""
    run = next((r for r in study.records if r.label == f"{NOTEBOOK}/main"), None)
    head = "# The article's claims"
    if run is None:
        return f"{head}\n\n`{NOTEBOOK}` has recorded nothing yet: `make all` runs it.\n"
    figures = [
        figure_html(run.folder / f"{name}.svg", f"files/{run.label}/{name}.svg", about)
        for name, about in displays(run, "figures")
    ]
    parts = [
        head,
        "A news article of August 2025 made claims that data can check. Each stands "
        "here in our words, with the value that it states, what the register or a "
        "published document gives for the same day and today, and a verdict that "
        "follows from both by one rule. A number leads to the cell that computed it.",
        *map(plain, sentences(run)[:1]),
        *figures,
        claims_table(run),
        f"[The question](questions/{NOTEBOOK}.md) has all sentences and tables.",
    ]
    return "\n\n".join(parts) + "\n"


def rows(run: Record, name: str) -> dict[str, dict[str, str]]:
    """Rows of a table of the run by claim."""
    with open(run.folder / f"{name}.csv", encoding="utf-8", newline="") as stream:
        return {row["id"]: row for row in csv.DictReader(stream)}


def claims_table(run: Record) -> str:
    """One row for each claim."""
    said, judged, ways = (rows(run, name) for name in ("claims", "verdicts", "ways"))
    return table(
        "Each claim, what the data give, and the verdict",
        ("Claim", "Stated", "Given for that day", "Given today", "Verdict", "How"),
        (
            (
                f"{one['claim']} (“{one['quoted']}”, {day(one['day'])})",
                stated(one),
                number(run, f"{key}_measured") or "nothing public",
                number(run, f"{key}_now"),
                Html(f"<strong>{escape(judged[key]['verdict'])}</strong>"),
                ". ".join(filter(None, [ways[key]["how"], ways[key]["caveat"]])),
            )
            for key, one in said.items()
        ),
    )


def day(text: str) -> str:
    """A day as text says it, which does not break."""
    when = date.fromisoformat(text)
    return f"{when.day} {when:%B %Y}".replace(" ", "\N{NO-BREAK SPACE}")


def stated(claim: dict[str, str]) -> str:
    """The value that the article states, with its relation and unit."""
    value = f"{float(claim['claimed']):,.10g}"
    relation = RELATIONS.get(claim["relation"], f"{claim['relation']} ")
    return f"{relation}{value} {claim['unit']}"


def number(run: Record, key: str) -> Html:
    """A recorded number, linked to its cell; empty where nothing could be given."""
    recorded = run.results["numbers"].get(key.replace("-", "_"), {})
    if recorded.get("value") is None:
        return Html("")
    known = {field.name: recorded[field.name] for field in fields(Number)}
    place = run.position(recorded.get("cell"))
    page = f"notebooks/{NOTEBOOK}--{run.folder.name}.html#cell-{place}"
    text = of_number(Number(**known))["text"]
    return link(text, page) if place else Html(escape(text))

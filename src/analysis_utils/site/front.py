"""The start page and the page of all answers."""

import re
from html import escape

import pandas as pd

from analysis_utils.asking import Refused, nearest
from analysis_utils.paper import history, numbers
from analysis_utils.run_context import ROOT
from analysis_utils.site.question import figure_html, folded, image, verdict_table
from analysis_utils.site.study import Study, document, settings
from analysis_utils.site.text import table

SETTINGS = ROOT / "site/site.yaml"
KEY = re.compile(r"\{([^{}.]+)(?:\.(\w+))?\}")
TREE = """```{toctree}
:hidden:
:maxdepth: 1

Answers <verdicts>
questions/index
Claims <claims>
Predictions <predictions>
Register <register>
Day by day <time-machine>
Data <data>
Methods <methods>
Functions <api/index>
Notebooks <notebooks/index>
Guide <guide>
```"""


def page(study: Study) -> str:
    """The start page."""
    chosen = settings(SETTINGS)
    course = history.words()
    parts = [
        "# The 287(g) programme: a reference study",
        f'<div class="box">\n\n{document("what_is_287g.md").strip()}\n\n</div>',
        f'<figure class="result">{image("_static/history.svg", course["alt"])}'
        f"<figcaption>{escape(course['caption'])}</figcaption></figure>",
        "## Five answers",
        answers(study, chosen["answers"], numbers.now()),
        "## Where agreements are",
        shown(study, chosen["map"]),
        "## What is not known",
        chosen["not_known"],
        "## Everything else",
        chosen["map_of_the_site"],
        TREE,
    ]
    return "\n\n".join(parts) + "\n"


def record_of(study: Study, label: str):
    """A run by its label. Raises Refused, with the nearest."""
    known = {record.label: record for record in study.records}
    if label not in known:
        raise Refused(f"{SETTINGS.name}: no run {label!r}{nearest(label, known)}")
    return known[label]


def shown(study: Study, choice: dict) -> str:
    """A figure named in site.yaml."""
    record = record_of(study, choice["run"])
    figures = record.results.get("figures", {})
    name = choice["figure"]
    if name not in figures:
        where = f"{SETTINGS.name}: {record.label} has no figure {name!r}"
        raise Refused(f"{where}{nearest(name, figures)}")
    file = f"{name}.svg"
    address = f"files/{record.label}/{file}"
    return figure_html(record.folder / file, address, figures[name])


def answers(study: Study, chosen: list[dict], found: numbers.Texts) -> str:
    """Each question with the sentence that answers it, and how firm the answer is."""
    verdicts = study.verdicts.set_index("id")
    items = []
    for choice in chosen:
        name = choice["hypothesis"]
        if name not in verdicts.index:
            near = nearest(name, verdicts.index)
            raise Refused(f"{SETTINGS.name}: no hypothesis {name!r}{near}")
        row = verdicts.loc[name]
        page = f"questions/{row['run'].split('/')[0]}.html"
        items.append(
            f"<li><h3>{escape(choice['question'])}</h3>"
            f"<p>{escape(filled(choice['answer'], found))}</p>"
            f'<p class="strength"><strong>{escape(row["answer"])}</strong>, '
            f"{escape(row['strength'])} "
            f'(<a href="verdicts.html#{name.lower()}">{escape(name)}</a>). '
            f'<a href="{page}">How we know: '
            f"{escape(choice['question'].rstrip('?').lower())}</a></p></li>"
        )
    return f'<ol class="answers">{"".join(items)}</ol>'


def filled(sentence: str, found: numbers.Texts) -> str:
    """A sentence with its numbers: `{run:key}`, or `{run:key.part}` of one.

    Parts are value, interval, low, high. Raises Refused for what no run recorded.
    """

    def said(match: re.Match) -> str:
        key, part = match[1], match[2] or "text"
        if part not in found.get(key, {}):
            near = nearest(key, found)
            raise Refused(f"{SETTINGS.name}: no {part} of a number {key!r}{near}")
        return found[key][part]

    return KEY.sub(said, sentence)


def verdicts_page(study: Study) -> str:
    """All hypotheses: one picture, the reasons, the way from files to them."""
    rows = study.verdicts
    told = "; ".join(f"{row['id']}: {row['answer']}" for _, row in rows.iterrows())
    parts = [
        "# All answers",
        "Each hypothesis has one interval, adjusted for the others of its family. It "
        "supports the hypothesis only where it lies beyond *no effect* and the "
        "estimate is at least the smallest effect that would matter; an interval "
        "beyond zero with a smaller estimate is *smaller than of interest*, and one "
        "that reaches neither bound is *inconclusive*. A filled dot passed every "
        "check named beforehand; an open one failed one, or had none.",
        f'<figure class="result">{image("_static/answers.svg", told)}<figcaption>All '
        "answers: estimates and adjusted intervals, in multiples of the smallest "
        "effect of interest, with the same in their own units at the right. Grey: "
        "effects too small to be of interest. Those that cannot be tested have no row "
        "here.</figcaption></figure>",
        "## Why each answer is what it is",
        verdict_table(rows, ""),
        "## Each hypothesis in full",
        *[details(row) for _, row in rows.iterrows()],
        "## From published files to answers",
        f'<figure class="result">{image("_static/pipeline.svg", PIPELINE)}<figcaption>'
        "Every line is read from the data dictionary and the manifests of the runs."
        "</figcaption></figure>",
    ]
    return "\n\n".join(parts) + "\n"


PIPELINE = (
    "Four columns: publishers, data files, notebooks, hypotheses, joined where one is "
    "made from the other."
)


def details(row: pd.Series) -> str:
    """One hypothesis, with all that the table of verdicts says of it, to open."""
    known = [
        (name.replace("_", " "), value)
        for name, value in row.items()
        if name not in ("id", "statement") and str(value) not in ("", "nan")
    ]
    words = f"{row['id']}: {row['statement']}"
    inner = table(f"What is recorded of {row['id']}", ("What", "Recorded"), known)
    return folded(words, inner).replace(
        "<details", f'<details id="{row["id"].lower()}"'
    )

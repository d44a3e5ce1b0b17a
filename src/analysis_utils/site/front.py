"""The start page and the page of all answers."""

import re
from html import escape

import pandas as pd

from analysis_utils.asking import Refused, nearest
from analysis_utils.paper import answers as readme
from analysis_utils.paper import history, numbers
from analysis_utils.run_context import ROOT
from analysis_utils.site import register
from analysis_utils.site.question import figure_html, folded, image, verdict_table
from analysis_utils.site.study import Study, document, settings
from analysis_utils.site.text import table

SETTINGS = ROOT / "site/site.yaml"
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
        "## Answers",
        answers(study, document("../README.md"), numbers.now()),
        "## Where agreements are",
        shown(study, chosen["map"]),
        "Every agreement of a state, with its days; [the map day by day]"
        "(time-machine.md) leads there too.",
        register.state_links(),
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


def answers(study: Study, text: str, found: numbers.Texts) -> str:
    """The answers of README.md, with their strength and where each comes from."""
    strengths = study.verdicts.set_index("id")["strength"]
    if lacking := readme.missing(text, found):
        near = nearest(lacking[0], found)
        raise Refused(f"README.md: no {lacking[0]} in the results{near}")

    def verdict(match: re.Match) -> str:
        words, name = match.groups()
        if name not in strengths:
            near = nearest(name, strengths.index)
            raise Refused(f"README.md: no hypothesis {name!r}{near}")
        link = f"[{name}](verdicts.md#{name.lower()})"
        return f"**{words}**, {strengths[name]} ({link})"

    items = []
    for match in readme.ANSWER.finditer(readme.updated(text, found)):
        said, keys, _ = match.groups()
        words = readme.VERDICT.sub(verdict, " ".join(said.split()))
        subject = re.match(r"\*\*(.*?)\.?\*\*", words)
        page = f"questions/{keys.split('/')[0]}.md"
        about = f": {subject[1].lower()}" if subject else ""
        items.append(f"1. {words} [How we know{about}]({page}).")
    return "\n".join(items)


def verdicts_page(study: Study) -> str:
    """All hypotheses: one picture, the reasons, the way from files to them."""
    rows = study.verdicts
    stands = rows["superseded_by"] == "none"
    told = "; ".join(
        f"{row['id']}: {row['answer']}" for _, row in rows[stands].iterrows()
    )
    parts = [
        "# All answers",
        "Each hypothesis has one interval, adjusted for the others of its family. It "
        "supports the hypothesis only where it lies beyond *no effect* and the "
        "estimate is at least the smallest effect that would matter; an interval "
        "beyond zero with a smaller estimate is *smaller than of interest*, and one "
        "that reaches neither bound is *inconclusive*. Where the hypothesis is that "
        "there is no difference, it is supported if the interval lies within the "
        "smallest effect on both sides. A filled dot passed every "
        "check named beforehand; an open one failed one, or had none.",
        f'<figure class="result">{image("_static/answers.svg", told)}<figcaption>All '
        "answers: estimates and adjusted intervals, in multiples of the smallest "
        "effect of interest, with the same in their own units at the right. Grey: "
        "effects too small to be of interest. Those that cannot be tested and those "
        "that were superseded have no row here.</figcaption></figure>",
        "## Why each answer is what it is",
        verdict_table(rows[stands], ""),
        "## What was superseded",
        "Hypotheses of the first edition stay, with their first result and with what "
        "today's data give, but a better design answers their question.",
        verdict_table(
            rows[~stands], "", "Superseded hypotheses and what replaced them"
        ),
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

"""The start page and the page of all answers."""

from html import escape

from analysis_utils.asking import Refused, nearest
from analysis_utils.run_context import ROOT
from analysis_utils.site.question import figure_html, verdict_table
from analysis_utils.site.study import Study, document, sentences, settings
from analysis_utils.site.text import plain

SETTINGS = ROOT / "site/site.yaml"
TREE = """```{toctree}
:hidden:
:maxdepth: 1

Answers <verdicts>
questions/index
Register <register>
Day by day <time-machine>
data
Methods <methods>
Functions <api/index>
Notebooks <notebooks/index>
Guide <guide>
```"""


def page(study: Study) -> str:
    """The start page."""
    chosen = settings(SETTINGS)
    parts = [
        "# The 287(g) programme: a reference study",
        f'<div class="box">\n\n{document("what_is_287g.md").strip()}\n\n</div>',
        *[shown(study, figure) for figure in chosen["first_figures"]],
        "## Five answers",
        answers(study, chosen["answers"]),
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
    about = figures[name]
    address = f"files/{record.label}/{name}.svg"
    return figure_html(address, about["caption"], about["alt"])


def answers(study: Study, chosen: list[dict]) -> str:
    """Each question with the sentence that answers it, and how firm the answer is."""
    verdicts = study.verdicts.set_index("id")
    items = []
    for choice in chosen:
        record = record_of(study, choice["run"])
        said = [s for s in sentences(record) if s.startswith(choice["sentence"])]
        if len(said) != 1:
            raise Refused(
                f"{SETTINGS.name}: {len(said)} sentences of {record.label} begin with "
                f"{choice['sentence']!r}; one is needed"
            )
        strength = ""
        if choice.get("hypothesis"):
            row = verdicts.loc[choice["hypothesis"]]
            strength = (
                f'<p class="strength">{escape(choice["hypothesis"])}: '
                f"{escape(row['answer'])}, {escape(row['strength'])}</p>"
            )
        address = f"questions/{record.folder.parent.name}.html"
        items.append(
            f"<li><h3>{escape(choice['question'])}</h3><p>{escape(said[0])}</p>"
            f'{strength}<p><a href="{address}">How we know: '
            f"{escape(choice['question'].rstrip('?').lower())}</a></p></li>"
        )
    return f'<ul class="answer-grid">{"".join(items)}</ul>'


def verdicts_page(study: Study) -> str:
    """All hypotheses: one picture, the reasons, the way from files to them."""
    table = study.verdicts
    parts = [
        "# All answers",
        "Each hypothesis has one interval, adjusted for the others of its family. It "
        "supports the hypothesis only where it lies beyond *no effect* and the "
        "estimate is at least the smallest effect that would matter; an interval "
        "beyond zero with a smaller estimate is *smaller than of interest*, and one "
        "that reaches neither bound is *inconclusive*. A filled dot passed every "
        "check named beforehand; an open one failed one, or had none.",
        picture("answers", "All answers: estimates and adjusted intervals", table),
        verdict_table(table, ""),
        *[details(row) for _, row in table.iterrows()],
        "## From published files to answers",
        '<figure class="result"><img src="_static/pipeline.svg" alt="Four columns: '
        "published files, data files, notebooks, hypotheses, joined where one is made "
        'from the other."><figcaption>Every line is read from the manifests of the '
        "runs.</figcaption></figure>",
    ]
    return "\n\n".join(parts) + "\n"


def picture(name: str, caption: str, table) -> str:
    """The picture of all answers, told in words for who does not see it."""
    told = "; ".join(f"{row['id']}: {row['answer']}" for _, row in table.iterrows())
    return (
        f'<figure class="result"><img src="_static/{name}.svg" alt="{escape(told)}">'
        f"<figcaption>{escape(caption)}, in multiples of the smallest effect of "
        "interest; grey: effects too small to be of interest.</figcaption></figure>"
    )


def details(row) -> str:
    """One hypothesis, with all that the table of verdicts says of it."""
    lines = [
        f"- {plain(name.replace('_', ' '))}: {plain(value)}"
        for name, value in row.items()
        if name not in ("id", "statement") and str(value) not in ("", "nan")
    ]
    statement = plain(row["statement"])
    return f"({row['id'].lower()})=\n### {row['id']}\n\n{statement}\n\n" + "\n".join(
        lines
    )

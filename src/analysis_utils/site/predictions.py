"""The page of predictions and scores, from the notebooks that make them."""

from collections.abc import Iterator

from analysis_utils.site import question
from analysis_utils.site.study import Question, Study, goal
from analysis_utils.site.text import plain

NOTEBOOKS = {"21_predictions": "Predictions", "22_scores": "Scores"}
NONE = (
    "Nothing is recorded yet. Predictions are committed by fixed code before the lists "
    "that they are about are read; then they are scored. This page shows what `{}` "
    "records."
)


def page(study: Study) -> str:
    """The page in Markdown: what was predicted, when, and how it came out."""
    known = {q.name: q for q in study.questions}
    parts = ["# Predictions and scores"]
    for name, title in NOTEBOOKS.items():
        parts.append(f"## {title}")
        if name in known:
            parts += shown(known[name], study)
        else:
            parts.append(NONE.format(name))
    return "\n\n".join(part for part in parts if part) + "\n"


def shown(notebook: Question, study: Study) -> Iterator[str]:
    """Why it was made, its verdicts, and its runs with their tables opened."""
    yield goal(notebook.runs[0])
    verdicts = study.verdicts_of(notebook)
    if len(verdicts):
        yield question.verdict_table(verdicts, "")
    for record in notebook.runs:
        if len(notebook.runs) > 1:
            yield f"### Run {plain(record.folder.name)}"
        yield from question.run(record, "####", "", opened=True)

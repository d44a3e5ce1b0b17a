"""The page of predictions and scores, from the notebook that makes them."""

from analysis_utils.site import question
from analysis_utils.site.study import Study, goal
from analysis_utils.site.text import plain

NOTEBOOK = "21_predictions"
NONE = (
    "No prediction is scored yet. Predictions are committed by fixed code before the "
    f"lists that they are about are read; `{NOTEBOOK}` shows both, and this page shows "
    "what it records."
)


def page(study: Study) -> str:
    """The page in Markdown: what was predicted, when, and how it came out."""
    found = [q for q in study.questions if q.name == NOTEBOOK]
    head = "# Predictions and scores"
    if not found:
        return f"{head}\n\n{NONE}\n"
    parts = [head, goal(found[0].runs[0])]
    verdicts = study.verdicts_of(found[0])
    if len(verdicts):
        parts += ["## What was tested", question.verdict_table(verdicts, "")]
    several = len(found[0].runs) > 1
    for record in found[0].runs:
        if several:
            parts.append(f"## Run {plain(record.folder.name)}")
        parts += question.run(record, "###" if several else "##", "", opened=True)
    return "\n\n".join(part for part in parts if part) + "\n"

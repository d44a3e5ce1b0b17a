"""Writes every page of the site as Markdown, and the files beside them."""

import shutil
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.site import (
    claims,
    front,
    notebooks,
    predictions,
    question,
    reference,
    register,
)
from analysis_utils.site.study import Study
from analysis_utils.site.text import plain

PAGES = ROOT / "site/pages"
NOT_SHOWN = (".png", ".ipynb")
STATES = "<!-- states -->"  # where a page lists the states
TO_TAKE = ("agreements", "spells", "agency_links", "editions")  # of data/


def write(folder: Path) -> None:
    """Write the sources of all pages below a folder that holds Sphinx's settings.

    The pictures of `pictures` are drawn by `frame`, at the same time.
    """
    study = Study()
    static, files = folder / "_static", folder / "extra/files"
    for record in study.records:
        place = files / record.label
        place.mkdir(parents=True)
        for path in record.folder.iterdir():
            if path.is_file() and path.suffix not in NOT_SHOWN:
                shutil.copy(path, place)
    (files / "data").mkdir()
    for name in TO_TAKE:
        shutil.copy(ROOT / f"data/{name}.csv", files / "data")
    (folder / "notebooks").mkdir()
    for record in study.records:
        notebooks.write(record, folder / "notebooks")
    (static / "data.js").write_text(register.script(), encoding="utf-8")
    (static / "shapes.js").write_text(register.shapes_script(), encoding="utf-8")
    for name, text in texts(study).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def texts(study: Study) -> dict[str, str]:
    """Every page by its file."""
    found = {
        "index.md": front.page(study),
        "verdicts.md": front.verdicts_page(study),
        "claims.md": claims.page(study),
        "predictions.md": predictions.page(study),
        "questions/index.md": contents("Questions", [q.name for q in study.questions]),
        "notebooks/index.md": contents(
            "Executed notebooks",
            [
                f"{r.label} <{r.folder.parent.name}--{r.folder.name}>"
                for r in study.records
            ],
        ),
        "data.md": reference.data_page(),
        "methods.md": reference.methods_page(),
        **{name: reference.documented(name) for name in reference.GUIDES},
    }
    found |= {
        f"questions/{q.name}.md": question.page(q, study) for q in study.questions
    }
    found |= reference.api_pages()
    for path in PAGES.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        found[path.name] = text.replace(STATES, register.state_links())
    return found


def contents(title: str, names: list[str]) -> str:
    """A page that lists others."""
    listed = "\n".join(names)
    return f"# {plain(title)}\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"

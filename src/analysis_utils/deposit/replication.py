"""The replication README of the social science data editors, filled in."""

import calendar
import re
from collections import Counter

from jinja2 import Environment, PackageLoader, StrictUndefined

from analysis_utils.deposit import about, data, inventory, measure, programs, randomness
from analysis_utils.workflow.runs import NOTEBOOKS, study_notebooks, study_runs

OPEN = ("US-PD", "CC0-1.0", "CC-BY-4.0", "MIT", "ODC-BY-1.0", "PDDL-1.0")
TIMES = {  # seconds, at most
    "<10 minutes": 600,
    "10-60 minutes": 3600,
    "1-2 hours": 7200,
    "2-8 hours": 28800,
    "8-24 hours": 86400,
    "1-3 days": 259200,
}
STORAGE = {  # MB, at most
    "< 25 MBytes": 25,
    "25 MB - 250 MB": 250,
    "250 MB - 2 GB": 2000,
    "2 GB - 25 GB": 25000,
    "25 GB - 250 GB": 250000,
}
MONTHS = "|".join(calendar.month_name[1:])
WORD = rf"(?!(?:{MONTHS})\b)[A-Z][a-z]+(?:['’-]?[A-Za-z]+)*"
CITED = re.compile(  # (Yule 1926; Granger and Newbold 1974; Lopez Bernal et al. 2017)
    rf"[(;] ?({WORD}(?: {WORD})*)"
    rf"(?: et al\.|(?:, {WORD})* and {WORD})?,? (\d{{4}})(?=[;)])"
)


def text() -> str:
    """Content of README.txt."""
    loader = PackageLoader("analysis_utils.deposit", ".")
    engine = Environment(
        loader=loader,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # plain text
    )
    engine.globals["tick"] = tick
    made = engine.get_template("replication.txt.jinja").render(facts())
    return re.sub(r"\n{3,}", "\n\n", made).strip() + "\n"


def facts() -> dict[str, object]:
    """Everything that the template shows."""
    outputs = inventory.outputs()
    draws, needed = randomness.draws(), needs()
    kinds = Counter(item.kind for items in outputs.values() for item in items)
    return {
        "citation": about.citation(),
        "data": data.data_files(),
        "published": data.published_files(),
        "open_licences": open_licences(),
        "notebooks": programs.notebooks(),
        "python": programs.python_needed(),
        "draws": draws,
        "controlled": all(draw.controlled for draw in draws),
        "overview": overview(kinds, str(needed["minutes"])),
        "references": about.references(),
        "uncited": uncited(),
    } | needed


def overview(kinds: Counter, minutes: str) -> str:
    """What the package holds and what one command makes of it."""
    return (
        f"The package holds {len(data.data_files())} data files, "
        f"{len(programs.notebooks())} notebooks and the Python package that they use. "
        f"One command, `make all`, executes the notebooks in {len(study_runs())} runs "
        f"and makes all {kinds['figure']} figures, {kinds['table']} tables and "
        f"{kinds['number']} recorded numbers; `make verify` makes them again beside "
        f"the archive and compares. The replicator should expect {minutes} of "
        "computation."
    )


def needs() -> dict[str, object]:
    """Time, memory and storage, as measured."""
    measured = measure.read()
    runs = [
        measure.of_run(measured, run.label, run.notebook.fingerprint)
        for run in study_runs()
    ]
    seconds = measured.get("all", {}).get("seconds")
    space = measured.get("environment", {}).get("megabytes")
    return {
        "machine": measured.get("machine"),
        "all": measured.get("all"),
        "environment": measured.get("environment"),
        "peak": max((run["megabytes"] or 0 for run in runs), default=0),
        "minutes": in_words(seconds),
        "times": ticked(TIMES, seconds),
        "storage": ticked(STORAGE, space),
    }


def in_words(seconds: float | None) -> str:
    """A time as a replicator is told it."""
    if seconds is None:
        return "an unmeasured time"
    return "a minute" if seconds <= 60 else f"{-(-seconds // 60):.0f} minutes"


def ticked(limits: dict[str, int], value: float | None) -> list[tuple[str, bool]]:
    """Each class, and whether the value falls into it (into none if it is None)."""
    fits = [w for w, most in limits.items() if value is not None and value <= most]
    return [(words, fits[:1] == [words]) for words in limits]


def open_licences() -> bool:
    """Whether every data file has a licence that lets anybody use and share it."""
    licences = [file.licence.split("; ") for file in data.data_files()]
    return all(set(names) <= set(OPEN) for names in licences)


def uncited() -> list[str]:
    """Works named in notebooks, by author and year, that CITATION.cff does not list."""
    listed = " ".join(about.references())
    named = {
        (match[1], match[2])
        for notebook in study_notebooks(NOTEBOOKS).values()
        for cell in notebook.cells
        if cell["cell_type"] == "markdown"
        for match in CITED.finditer(notebook.source(cell))
    }
    return [
        f"{name} {year}"
        for name, year in sorted(named)
        if not re.search(rf"{re.escape(name)}.*\({year}\)", listed)
    ]


def tick(done: bool) -> str:
    """A box of the template, ticked or not."""
    return "- [x]" if done else "- [ ]"

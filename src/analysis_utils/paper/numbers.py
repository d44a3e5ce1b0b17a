"""Every recorded number and answer as text, for Typst and LaTeX, by its key.

A key is `notebook/run:name` for a number and `H1a:answer` for what the table of
verdicts says of a hypothesis.
"""

import csv
import io
import json
from dataclasses import fields
from pathlib import Path

from analysis_utils import git, results_file
from analysis_utils.asking import Refused, text_of
from analysis_utils.paper import VERDICTS
from analysis_utils.publish.results import Number, shown
from analysis_utils.publish.tables import LATEX
from analysis_utils.publish.words import in_words
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import OUTPUTS

Texts = dict[str, dict[str, str]]
HEAD = "Written by `make paper` from outputs/*/*/results.json; not to be edited."


def now(outputs: Path = OUTPUTS) -> Texts:
    """The numbers of the outputs in place."""
    table = outputs / VERDICTS
    verdicts = table.read_text(encoding="utf-8") if table.is_file() else ""
    return texts(contents_now(outputs), verdicts)


def contents_now(outputs: Path = OUTPUTS) -> dict[str, str]:
    """results.json of each run in place, as text."""
    paths = sorted(outputs.glob("[0-9]*/*/results.json"))
    return {
        path.parent.relative_to(outputs).as_posix(): text_of(path) for path in paths
    }


def at(revision: str, root: Path = ROOT) -> Texts:
    """The numbers of the outputs committed at a revision (a tag, say) of git."""
    whole = f"outputs/{VERDICTS}"
    held = committed(root, "ls-tree", "--name-only", revision, "--", whole)
    table = committed(root, "show", f"{revision}:{whole}") if held else ""
    return texts(contents_at(revision, root), table)


def contents_at(revision: str, root: Path = ROOT) -> dict[str, str]:
    """results.json of each run committed at a revision of git, as text."""
    names = committed(root, "ls-tree", "-r", "--name-only", revision, "--", "outputs")
    contents = {
        name.removeprefix("outputs/").removesuffix("/results.json"): committed(
            root, "show", f"{revision}:{name}"
        )
        for name in names.splitlines()
        if name.endswith("/results.json")
    }
    if not contents:
        raise Refused(f"AGAINST={revision} has no outputs/*/*/results.json")
    return contents


def committed(root: Path, *arguments: str) -> str:
    """What git says of a revision; Refused where it knows none."""
    return git.asked("AGAINST= needs a revision of git", *arguments, root=root)


def texts(contents: dict[str, str], verdicts: str) -> Texts:
    """Texts of all numbers from the runs' results.json and the table of verdicts."""
    found: Texts = {}
    names = {field.name for field in fields(Number)}
    for label, content in contents.items():
        held = results_file.parsed(content, f"outputs/{label}/{results_file.FILE}")
        for key, entry in held.get("numbers", {}).items():
            number = Number(**{name: entry[name] for name in names})
            found[f"{label}:{key}"] = of_number(number)
    for row in csv.DictReader(io.StringIO(verdicts)):
        for name, value in row.items():
            found[f"{row['id']}:{name}"] = {"text": of_cell(value)}
    return found


def of_number(number: Number) -> dict[str, str]:
    """A number with its unit, bare, and with its interval if it has one."""
    found = {"text": f"{number}", "value": f"{number:value}"}
    if number.low is not None:
        found["interval"] = f"{number:interval}"
        found["low"] = shown(number.low, number.digits)
        found["high"] = shown(number.high, number.digits)
    return found


def of_cell(text: str) -> str:
    """A cell of the table of verdicts: numbers with three digits, text as it is.

    A power of ten is for programs: large numbers are whole, tiny ones have six digits.
    """
    try:
        value = float(text)
    except ValueError:
        return in_words(text)
    if abs(value) >= 1000:
        made = f"{value:,.0f}"
    else:
        made = f"{value:.3g}"
        if "e" in made:
            made = f"{value:.6f}"
    return made.replace("-", "\N{MINUS SIGN}")


def typst(found: Texts) -> str:
    """numbers.typ: a dictionary and functions that look a key up."""
    entries = "\n".join(
        f"  {quoted(key)}: ({', '.join(pairs(about))}),"
        for key, about in sorted(found.items())
    )
    return f"""// {HEAD}
//   #import "numbers.typ": n, value, ci, answer
//   #n("01_agreement_growth/main:active_last") were in force.
#let numbers = (
{entries}
)
#let n(key) = numbers.at(key).text
#let value(key) = numbers.at(key).value
#let ci(key) = numbers.at(key).interval
#let answer(id, what: "answer") = numbers.at(id + ":" + what).text
"""


def pairs(about: dict[str, str]) -> list[str]:
    """The parts of a number as named values of Typst."""
    return [f"{name}: {quoted(text)}" for name, text in about.items()]


def quoted(text: str) -> str:
    """A string of Typst."""
    return json.dumps(text, ensure_ascii=False)


def latex(found: Texts) -> str:
    r"""numbers.tex: \result{key}, \resultvalue{key}, \resultinterval{key}."""
    lines = [
        f"% {HEAD}",
        r"%   \input{numbers}",
        r"%   \result{01_agreement_growth/main:active_last} were in force.",
        r"\makeatletter",
        r"\newcommand{\study@get}[2]{\@ifundefined{study@#1@#2}{\PackageError{study}"
        r"{no result #2}{Keys stand in numbers.tex}}{\csname study@#1@#2\endcsname}}",
        r"\newcommand{\result}[1]{\study@get{text}{#1}}",
        r"\newcommand{\resultvalue}[1]{\study@get{value}{#1}}",
        r"\newcommand{\resultinterval}[1]{\study@get{interval}{#1}}",
    ]
    lines += [
        rf"\@namedef{{study@{kind}@{key}}}{{{escaped(text)}}}"
        for key, about in sorted(found.items())
        for kind, text in about.items()
        if kind in ("text", "value", "interval")
    ]
    return "\n".join([*lines, r"\makeatother"]) + "\n"


def escaped(text: str) -> str:
    """Text for LaTeX; a minus that may stand in text and in a formula."""
    signs = LATEX | {"\N{MINUS SIGN}": r"\ensuremath{-}"}
    return "".join(signs.get(c, c) for c in text)

"""Captions and alternative texts type no finding: what data decide is computed.

Typed numbers and directions stay when the data change. Digits that no data change
(a date, a level of confidence, a name) are allowed by the patterns below.
"""

import ast
import re
from collections.abc import Iterator

import nbformat
import pytest

from analysis_utils.run_context import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
MONTHS = "January|February|March|April|May|June|July|August|September|October|"
MONTHS += "November|December"
ALLOWED = re.compile(
    r"287\(g\)|\b[A-Z]\d{1,2}[a-d]?\b"  # the programme, hypotheses
    r"|EO \d{5}|2019-ICFO-53623|data/\w+"  # names of acts, requests and files
    rf"|(\d{{1,2}} )?({MONTHS}) \d{{4}}|\b(19|20)\d\d\b(-\d\d-\d\d)?"  # dates
    r"|95 ?%|AR\(1\)|lags 1 to|per 1(00|,000)"  # confidence, models, units
)
DIRECTION = re.compile(
    r"\b(ris(e|es|ing)|fall(s|ing)?|grow(s|ing)?|drop(s|ping)?|higher|highest|lower|"
    r"lowest|most|least|largest|smallest|narrower|wider)\b"
)


def texts(source: str) -> Iterator[tuple[str, ast.expr]]:
    """Each `alt=` and `caption=` in the code of a cell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in ("alt", "caption"):
                    yield keyword.arg, keyword.value


def typed(value: ast.expr) -> str:
    """The typed parts of a text: all of a literal, what stands between the braces."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        parts = (p.value for p in value.values if isinstance(p, ast.Constant))
        return " ... ".join(parts)
    if isinstance(value, ast.BinOp):
        return f"{typed(value.left)} ... {typed(value.right)}"
    return ""


def computed(value: ast.expr) -> bool:
    """Whether any part of a text is computed."""
    return not all(
        isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp, ast.operator))
        for node in ast.walk(value)
    )


def faults(source: str) -> list[str]:
    """What a cell's captions and alternative texts type that data could change."""
    found = []
    for name, value in texts(source):
        words = typed(value)
        if re.search(r"\d", ALLOWED.sub("", words)):
            found.append(f"{name}= types a number: {words}")
        if name == "alt" and not computed(value) and DIRECTION.search(words):
            found.append(f"{name}= types a direction: {words}")
    return found


@pytest.mark.parametrize(
    ("call", "count"),
    [
        ('f(alt="flat, then 12", caption="Bars")', 1),
        ('f(alt="the count falls")', 1),
        ('f(alt="the count falls and" + " rises")', 1),
        ('f(alt=f"falls of 11; {n} breaks")', 1),
        ('f(alt=f"the lowest is {y.min():.2f}")', 0),
        ('f(alt="falls" if y < 0 else "does not fall")', 0),
        ('f(caption="287(g) since 1 October 2025, 95% intervals, EO 14159")', 0),
        ('f(caption="the last 27 months", alt=told(7))', 1),
    ],
)
def test_the_rule(call, count):
    assert len(faults(call)) == count


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_finding_is_typed(path):
    cells = nbformat.read(path, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert [fault for source in code for fault in faults(source)] == []

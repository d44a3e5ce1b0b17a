"""The answers of README.md: their numbers and verdicts, brought up to date.

An answer is a numbered paragraph behind which a comment names the keys of its numbers,
in order, and the hypotheses whose verdicts it states. People write the sentences;
`make all` writes the recorded numbers and verdicts into them.
"""

import re
from pathlib import Path

from analysis_utils.paper.numbers import Texts
from analysis_utils.run_context import ROOT

FILE = ROOT / "README.md"
ANSWER = re.compile(r"(?ms)^\d\. (.*?)<!-- numbers: (.*?)(?:; answers: (.*?))? -->")
MONTHS = "January|February|March|April|May|June|July|August|September|October|"
MONTHS += "November|December"
# Digits that are no result: the programme's name, dates, the level, names of hypotheses
NOT_RESULTS = (
    rf"287\(g\)|\b\d{{1,2}} (?:{MONTHS}) \d{{4}}|\b95%|\b[A-Z]\d{{1,2}}\b|^\d\. "
)
NUMBER = re.compile(
    rf"(?m){NOT_RESULTS}|(?P<number>\N{{MINUS SIGN}}?\d+(?:,\d{{3}})*(?:\.\d+)?)"
)
VERDICT = re.compile(r"\*\*([^*]*?)\*\* \(([A-Z]\d+)\)")


def stated(answer: str) -> list[str]:
    """The numbers of an answer, as they stand there.

    >>> stated("In 2025, on 20 January 2025, 1,219 agreements of 287(g), 95% of all.")
    ['2025', '1,219']
    """
    return [m["number"] for m in NUMBER.finditer(answer) if m["number"]]


def recorded(keys: str, found: Texts) -> list[str]:
    """The numbers that an answer names: `run:key`, `run:key.low`, `run:key.high`."""
    texts = []
    for key in keys.split():
        name, _, part = key.partition(".")
        texts.append(found[name][part or "value"])
    return texts


def missing(text: str, found: Texts) -> list[str]:
    """What the answers name and the results lack: `run:key`, `answer of G1`."""
    keys = [key for match in ANSWER.finditer(text) for key in match[2].split()]
    parts = {key: key.partition(".") for key in keys}
    gone = [
        k for k, (n, _, p) in parts.items() if (p or "value") not in found.get(n, {})
    ]
    names = [
        name for match in ANSWER.finditer(text) for name in (match[3] or "").split()
    ]
    return gone + [f"answer of {n}" for n in names if f"{n}:answer" not in found]


def updated(text: str, found: Texts) -> str:
    """The README with the recorded numbers and verdicts.

    An answer whose numbers are not as many as its keys is left to its author, and one
    that names a number the results lack (`missing`) stays as it is.
    """

    def renewed(match: re.Match) -> str:
        whole, (answer, keys, _) = match[0], match.groups()
        try:
            numbers = recorded(keys, found)
            if len(numbers) != len(stated(answer)):
                return whole
            left = iter(numbers)
            new = NUMBER.sub(lambda m: next(left) if m["number"] else m[0], answer)
            new = VERDICT.sub(lambda m: verdict(m[2], found), new)
        except KeyError:
            return whole
        return whole.replace(answer, new, 1)

    return ANSWER.sub(renewed, text)


def verdict(name: str, found: Texts) -> str:
    """What the table of verdicts says of a hypothesis, as an answer states it."""
    return f"**{found[f'{name}:answer']['text'].capitalize()}** ({name})"


def refresh(found: Texts, path: Path = FILE) -> bool:
    """Bring the file up to date; whether anything changed."""
    if not path.is_file():
        return False
    old = path.read_text(encoding="utf-8")
    new = updated(old, found)
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old

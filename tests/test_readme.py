"""The README's answers say what the runs recorded, number by number."""

import re

import pytest

from analysis_utils.paper import numbers
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import OUTPUTS

README = (ROOT / "README.md").read_text(encoding="utf-8")
# An answer, and behind it where its numbers and its verdicts stand.
ANSWER = re.compile(r"(?ms)^\d\. (.*?)<!-- numbers: (.*?)(?:; answers: (.*?))? -->")
MONTHS = "January|February|March|April|May|June|July|August|September|October|"
MONTHS += "November|December"
NOT_RESULTS = re.compile(
    rf"287\(g\)|\b\d{{1,2}} (?:{MONTHS}) \d{{4}}|\b95%|\b[A-Z]\d{{1,2}}\b"
)
NUMBER = re.compile(r"\N{MINUS SIGN}?\d[\d,]*(?:\.\d+)?")


def stated(answer: str) -> list[str]:
    """The numbers of an answer, as they stand there."""
    return NUMBER.findall(NOT_RESULTS.sub("", answer))


def recorded(keys: str, found: numbers.Texts) -> list[str]:
    """The numbers that an answer names: `run:key`, `run:key.low`, `run:key.high`."""
    texts = []
    for key in keys.split():
        name, _, part = key.partition(".")
        texts.append(found[name][part or "value"])
    return texts


@pytest.fixture(scope="module")
def found() -> numbers.Texts:
    return numbers.now(OUTPUTS)


ANSWERS = ANSWER.findall(README)


def test_there_are_five_answers_and_the_predictions():
    assert len(ANSWERS) == 6


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: a[0][:30])
def test_each_number_of_an_answer_is_the_recorded_one(answer, found):
    text, keys, _ = answer
    assert stated(text) == recorded(keys, found)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: a[0][:30])
def test_each_verdict_of_an_answer_is_the_computed_one(answer, found):
    text, _, verdicts = answer
    said = re.findall(r"\*\*(.*?)\*\* \(([A-Z]\d+)\)", text)
    assert [name for _, name in said] == verdicts.split()
    for word, name in said:
        assert word.lower() == found[f"{name}:answer"]["text"]


def test_a_number_without_a_key_is_seen():
    assert stated("On 20 January 2025 of 287(g) 1,219 (95% interval −0.2 to 3)") == [
        "1,219",
        "\N{MINUS SIGN}0.2",
        "3",
    ]

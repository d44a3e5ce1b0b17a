"""The README's answers say what the runs recorded, number by number."""

import re

import pytest

from analysis_utils.paper import numbers
from analysis_utils.paper.answers import (
    ANSWER,
    FILE,
    missing,
    recorded,
    stated,
    updated,
)
from analysis_utils.workflow.runs import OUTPUTS

README = FILE.read_text(encoding="utf-8")


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


@pytest.mark.fault("17.10", "results.json lacks a number that README.md states")
def test_a_number_that_the_results_lack_is_named(found):
    assert missing(README, found) == []
    less = {key: texts for key, texts in found.items() if "signed_52" not in key}
    less = {key: texts for key, texts in less.items() if key != "A1:answer"}
    gone = ["18_growth/main:signed_52", "answer of A1"]
    assert missing(README, less) == gone
    low = "19_adoption/main:ratio_republican.low"
    assert missing(README.replace(low, f"{low}est"), found) == [f"{low}est"]
    assert updated(README, less) == README


def test_a_later_list_rewrites_the_numbers_and_nothing_else(found):
    """Whatever the results are, the answers state them, and a second time is idle."""
    later = {key: dict(texts) for key, texts in found.items()}
    for key, texts in later.items():
        if key.endswith(":answer"):
            texts["text"] = "contradicted"
        for part in ("value", "low", "high"):
            if part in texts:
                texts[part] = "7.5"
    new = updated(README, later)
    for text, keys, _ in ANSWER.findall(new):
        assert stated(text) == recorded(keys, later)
        assert "**Contradicted** (" in text
    words = re.compile(r"\N{MINUS SIGN}?\d[\d,.]*\d|\d|\*\*.*?\*\*")
    assert words.sub("", new) == words.sub("", README)
    assert updated(new, later) == new and updated(README, found) == README

"""Rules give the verdicts that a person would; faults of the registry are named."""

import pytest
from numpy.testing import assert_allclose
from report_data import (
    FAMILIES,
    frame,
    hypothesis,
    registry_text,
    result,
    write_results,
)

from analysis_utils.asking import Refused
from analysis_utils.report import registry, verdicts

RATIO = {"scale": "ratio", "null": 1.0, "smallest": 1.5}


def judged(rule: str, row: dict, **fields: object) -> str:
    table = verdicts.table({"H": hypothesis("H", rule, **fields)}, FAMILIES, frame(row))
    return table.loc["H", "verdict"]


@pytest.mark.parametrize(
    ("rule", "estimate", "low", "high", "p", "expected"),
    [
        ("greater", 3.0, 2.0, 4.0, 0.001, "supported"),
        ("greater", 3.0, -1.0, 7.0, 0.2, "inconclusive"),
        ("greater", -3.0, -4.0, -2.0, 0.001, "refuted"),  # the other direction
        ("greater", 0.1, -0.5, 0.7, 0.7, "refuted"),  # nothing of interest left
        ("greater", 0.5, 0.2, 0.8, 0.001, "refuted"),  # there, but too small
        ("less", -3.0, -4.0, -2.0, 0.001, "supported"),
        ("less", 3.0, 2.0, 4.0, 0.001, "refuted"),
        ("less", -0.1, -0.7, 0.5, 0.7, "refuted"),
        ("less", -3.0, -7.0, 1.0, 0.2, "inconclusive"),
        ("none", 0.1, -0.5, 0.7, 0.7, "supported"),
        ("none", 0.1, -1.5, 1.7, 0.9, "inconclusive"),  # no effect shown is not none
        ("none", 3.0, 2.0, 4.0, 0.001, "refuted"),
        ("different", -3.0, -4.0, -2.0, 0.001, "supported"),
        ("different", 0.1, -0.5, 0.7, 0.7, "refuted"),
        ("different", 0.5, -1.5, 2.5, 0.6, "inconclusive"),
    ],
)
def test_each_rule(rule, estimate, low, high, p, expected):
    assert judged(rule, result("H", estimate, low, high, p)) == expected


@pytest.mark.parametrize(
    ("rule", "estimate", "low", "high", "p", "expected"),
    [
        ("greater", 2.0, 1.6, 2.5, 0.001, "supported"),
        ("greater", 1.1, 0.9, 1.4, 0.3, "refuted"),  # below a factor of 1.5
        ("less", 0.9, 0.7, 1.1, 0.3, "refuted"),  # above one over 1.5
        ("different", 1.0, 0.7, 1.4, 0.9, "refuted"),
        ("none", 1.0, 0.6, 1.4, 0.9, "inconclusive"),
    ],
)
def test_ratios_are_compared_by_factors(rule, estimate, low, high, p, expected):
    assert judged(rule, result("H", estimate, low, high, p), **RATIO) == expected


def test_what_was_not_estimated_is_not_testable_and_what_is_absent_not_run():
    both = {"H": hypothesis("H"), "G": hypothesis("G")}
    found = frame(result("H", note="too few weeks"))
    table = verdicts.table(both, FAMILIES, found)
    assert list(table["verdict"]) == [verdicts.NOT_TESTABLE, "not run"]
    assert table.loc["H", "note"] == "too few weeks"


def test_an_estimate_without_interval_is_inconclusive():
    assert judged("greater", result("H", 3.0, p=0.001)) == "inconclusive"


def test_holm_and_benjamini_hochberg_each_in_its_family():
    """Holm by hand: .01 x 4, .02 x 3, .03 x 2 kept rising, .04; B-H: p x 4 / rank."""
    p = [0.01, 0.04, 0.03, 0.02]
    rows, entries = [], {}
    for status, first in (("confirmatory", "C"), ("exploratory", "E")):
        for number, value in enumerate(p):
            key = f"{first}{number}"
            entries[key] = hypothesis(key, status=status)
            rows.append(result(key, 3.0, 2.0, 4.0, value))
    table = verdicts.table(entries, FAMILIES, frame(*rows))
    adjusted = table["p_adjusted"].to_numpy()
    assert_allclose(adjusted[:4], [0.04, 0.06, 0.06, 0.06])
    assert_allclose(adjusted[4:], [0.04, 0.04, 0.04, 0.04])
    assert list(table["verdict"][:4]) == ["supported"] + ["inconclusive"] * 3
    assert set(table["verdict"][4:]) == {"supported"}


def test_what_is_not_testable_stays_in_its_family():
    entries = {key: hypothesis(key) for key in ("A", "B", "C")}
    rows = [
        result("A", 3.0, 2.0, 4.0, 0.02),
        result("A", 3.0, 2.0, 4.0, 0.9, role="sensitivity"),
        result("B", 3.0, 2.0, 4.0, 0.04),
        result("C", note="nothing"),
    ]
    table = verdicts.table(entries, FAMILIES, frame(*rows))
    assert_allclose(table["p_adjusted"].to_numpy(), [0.06, 0.08, float("nan")])


def test_recorded_results_are_read_with_their_run(tmp_path):
    path = write_results(tmp_path, result("H", 1, 0, 2, 0.5), result("G", note="none"))
    found = verdicts.recorded({"01_a/main": path})
    assert list(found["run"]) == ["01_a/main"] * 2 and found["estimate"].isna()[1]


def test_faults_are_named():
    entries = {key: hypothesis(key) for key in ("H1a", "H1b", "H2")}
    rows = [
        result("H1a", 1, 0, 2, 0.5),
        result("H1a", 1, 0, 2, 0.5) | {"run": "02_b/main"},
        result("H1c", 1, 0, 2, 0.5),
        result("H2", 1, 0, 2, 0.5, role="placebo"),
    ]
    problems = "\n".join(verdicts.faults(entries, frame(*rows)))
    assert (
        "01_a/main recorded 'H1c', which is not registered; did you mean H1" in problems
    )
    assert "H1a has 2 primary results: 01_a/main, 02_b/main" in problems
    assert "H1b is registered and no run recorded a result" in problems
    assert "H2 is registered and no run recorded a result" in problems


def test_a_registry_is_read_as_written():
    wanted = [hypothesis("H1"), hypothesis("E1", "none", status="exploratory", **RATIO)]
    read, families = registry.parse(registry_text(*wanted))
    assert list(read.values()) == wanted and families == FAMILIES


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rule: greater", "rule: larger", "H1: rule is greater, less, none, different"),
        ("    unit: unit of H1\n", "", "H1 lacks unit"),
        ("unit: unit", "units: 3\n    unit: unit", "H1 has an unknown field units"),
        ("null: 0.0", "null: zero", "zero"),
        (
            "unit: unit of H1",
            "unit: unit\n    unit: unit",
            "unit stands more than once",
        ),
    ],
)
def test_a_faulty_registry_is_refused(old, new, message):
    text = registry_text(hypothesis("H1"))
    assert old in text
    with pytest.raises((Refused, ValueError), match=message):
        registry.parse(text.replace(old, new))


def test_other_results_are_put_into_words():
    rows = frame(
        result("A", 3.0, 2.0, 4.0, 0.02),
        result("A", 2.5, 2.0, 4.0, 0.9, role="sensitivity"),
        result("A", 4.0, 2.0, 5.0, 0.9, role="sensitivity"),
        result("A", 0.0, -1.0, 1.0, 0.25, role="placebo"),
        result("A", 0.0, -1.0, 1.0, 0.0001, role="placebo"),
    )
    words = "2.50 to 4.00 in 2 variants; placebo p 0.250, < 0.001"
    assert verdicts.other_results(rows) == words

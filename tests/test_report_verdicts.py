"""Rules give the answers that a person would; one interval decides."""

import math

import pytest
from report_data import entry, frame, hypothesis, registry_text, result, write_results

from analysis_utils import hypotheses
from analysis_utils.hypotheses import answers
from analysis_utils.hypotheses.answers import Result
from analysis_utils.report import verdicts

RATIO = {"scale": "ratio", "null": "1", "smallest": "1.5"}


def judged(
    rule: str, estimate: float, low: float, high: float, **fields: object
) -> str:
    one = hypothesis("H1", rule, **fields)
    return answers.answer(one, Result(estimate, low, high))[0]


@pytest.mark.parametrize(
    ("rule", "estimate", "low", "high", "expected"),
    [
        ("greater", 3.0, 2.0, 4.0, "supported"),
        ("greater", 3.0, -1.0, 7.0, "inconclusive"),
        ("greater", -3.0, -4.0, -2.0, "refuted"),  # the other direction
        ("greater", 0.1, -0.5, 0.7, "refuted"),  # nothing of interest left
        ("greater", 0.5, 0.2, 0.8, "smaller than of interest"),
        ("greater", 0.9, 0.2, 1.6, "smaller than of interest"),
        ("less", -3.0, -4.0, -2.0, "supported"),
        ("less", 3.0, 2.0, 4.0, "refuted"),
        ("less", -0.1, -0.7, 0.5, "refuted"),
        ("less", -0.5, -0.8, -0.2, "smaller than of interest"),
        ("less", -3.0, -7.0, 1.0, "inconclusive"),
        ("none", 0.1, -0.5, 0.7, "supported"),
        ("none", 0.5, 0.2, 0.8, "supported"),  # there, but not of interest
        ("none", 0.1, -1.5, 1.7, "inconclusive"),  # no effect shown is not none
        ("none", 0.9, 0.2, 1.6, "inconclusive"),
        ("none", 3.0, 2.0, 4.0, "refuted"),
        ("different", -3.0, -4.0, -2.0, "supported"),
        ("different", 0.1, -0.5, 0.7, "refuted"),
        ("different", 0.5, -1.5, 2.5, "inconclusive"),
        ("different", 0.5, 0.2, 0.8, "smaller than of interest"),
    ],
)
def test_each_rule(rule, estimate, low, high, expected):
    assert judged(rule, estimate, low, high) == expected


@pytest.mark.parametrize(
    ("rule", "estimate", "low", "high", "expected"),
    [
        ("greater", 2.0, 1.6, 2.5, "supported"),
        ("greater", 1.1, 0.9, 1.4, "refuted"),  # below a factor of 1.5
        ("less", 0.9, 0.7, 1.1, "refuted"),  # above one over 1.5
        ("less", 0.5, 0.4, 0.6, "supported"),
        ("different", 1.0, 0.7, 1.4, "refuted"),
        ("none", 1.0, 0.6, 1.4, "inconclusive"),
    ],
)
def test_ratios_are_compared_by_factors(rule, estimate, low, high, expected):
    assert judged(rule, estimate, low, high, **RATIO) == expected


@pytest.mark.parametrize("rule", ["greater", "less", "none", "different"])
def test_answers_do_not_contradict_the_interval(rule):
    """Over a lattice of intervals: supported and refuted never from the same one that
    holds both no effect and an effect of interest; mirrored data, mirrored answer."""
    one, mirror = hypothesis("H1", rule), hypothesis("H1", MIRROR[rule])
    points = [x / 4 for x in range(-12, 13)]
    for low in points:
        for high in (x for x in points if x > low):
            middle = (low + high) / 2
            said = answers.answer(one, Result(middle, low, high))[0]
            if low <= 0 <= high and (low <= -1 and high >= 1):
                assert said == "inconclusive"
            flipped = answers.answer(mirror, Result(-middle, -high, -low))[0]
            assert said == flipped


MIRROR = {
    "greater": "less",
    "less": "greater",
    "none": "none",
    "different": "different",
}


def test_without_an_interval_nothing_is_decided():
    one = hypothesis("H1")
    said, why = answers.answer(one, Result(3.0))
    assert said == "inconclusive" and "interval" in why
    assert answers.answer(one, Result(3.0, 2.0, math.inf))[0] == "supported"
    assert answers.answer(one, Result(3.0, -math.inf, 4.0))[0] == "inconclusive"


def test_what_was_not_estimated_cannot_be_tested_and_what_is_absent_is_not_computed():
    text = registry_text(H1=entry("H1"), H2=entry("H2", run="18_b/main"))
    known = hypotheses.parse(text)
    table = verdicts.table(known, frame(result("H1", note="too few weeks")))
    assert list(table["answer"]) == ["cannot be tested", "not computed yet"]
    assert table.loc["H1", "reason"] == "too few weeks"
    assert verdicts.faults(known, frame(result("H1", note="x")), ("01_a/main",)) == []


def test_no_cell_of_words_is_empty():
    known = hypotheses.parse(registry_text(H1=entry("H1"), H2=entry("H2")))
    table = verdicts.table(known, frame(result("H1", 3, 2, 4, 0.01)))
    words = table.select_dtypes("str")
    assert words.map(lambda x: isinstance(x, str) and bool(x.strip())).all(axis=None)


CHECKS = {
    "dates": {"kind": "placebo in time", "what": "x", "passes": "p < 0.05"},
    "states": {"kind": "leave one out", "what": "x", "passes": "same side"},
    "outcome": {"kind": "placebo outcome", "what": "x", "passes": "holds null"},
}


@pytest.mark.parametrize(
    ("recorded", "strength", "words"),
    [
        ({"dates": [Result(p=0.01)]}, "not computed", "states, outcome"),
        ({"dates": [Result(p=0.2)]}, "fragile", "fails: dates"),
        (
            {
                "dates": [Result(p=0.01)],
                "states": [Result(1), Result(-1, case="FL")],
                "outcome": [Result(0, -1, 1)],
            },
            "fragile",
            "fails: states (FL)",
        ),
        (
            {
                "dates": [Result(p=0.01)],
                "states": [Result(1)],
                "outcome": [Result(0, -1, 1)],
            },
            "robust",
            "passes: dates, states, outcome",
        ),
    ],
)
def test_strength_names_the_failing_check(recorded, strength, words):
    one = hypothesis("H1", checks=CHECKS)
    told = answers.strength(one, Result(3, 2, 4), recorded)
    assert told[0] == strength and words in told[1]
    assert answers.strength(hypothesis("H1"), Result(3, 2, 4), {})[0] == "no checks"
    open_end = answers.strength(one, Result(3, -2, 8), recorded)
    assert open_end[0] in ("undecided", "not computed")  # nothing to be robust


@pytest.mark.parametrize(
    ("rule", "found", "passes"),
    [
        ("holds null", Result(1, -1, 2), True),
        ("holds null", Result(1, 0.1, 2), False),
        ("holds null", Result(1), False),
        ("excludes null", Result(1, 0.1, 2), True),
        ("excludes null", Result(-1, -2, -0.1), False),  # on the other side
        ("same side", Result(0.1), True),
        ("same side", Result(-0.1), False),
        ("of interest", Result(1.2), True),
        ("of interest", Result(0.8), False),
        ("p < 0.05", Result(p=0.05), False),
        ("p >= 0.05", Result(p=0.05), True),
        ("value >= 0.9", Result(0.95), True),
        ("value > 0.9", Result(math.nan), False),
    ],
)
def test_pass_rules(rule, found, passes):
    checks = {"a": {"kind": "curve", "what": "x", "passes": rule}}
    one = hypothesis("H1", checks=checks)
    assert answers.passes(one, one.checks["a"], Result(3, 2, 4), found) is passes


def test_a_detectable_effect_above_the_smallest_of_interest_is_underpowered():
    one, ratio = hypothesis("H1"), hypothesis("H1", **RATIO)
    assert answers.power(one, 1.2) == "underpowered"
    assert answers.power(one, -0.8) == "enough power"
    assert answers.power(ratio, 0.5) == "underpowered"  # a factor of two
    assert answers.power(ratio, 1.4) == "enough power"
    assert answers.power(one, None) == "not computed"
    assert answers.power(one, math.nan) == "underpowered"  # none that was tried


def test_recorded_results_are_read_with_their_run(tmp_path):
    path = write_results(
        tmp_path, result("H1", 1, 0, 2, 0.5), result("H2", note="none")
    )
    found = verdicts.recorded({"01_a/main": path})
    assert list(found["run"]) == ["01_a/main"] * 2 and found["estimate"].isna()[1]


def test_faults_are_named():
    entries = {key: entry(key) for key in ("H1", "H2", "H3", "H4")}
    known = hypotheses.parse(registry_text(**entries))
    level = {"level": 1 - 0.05 / 4}
    rows = [
        result("H1", 1, 0, 2, 0.5, **level),
        result("H1", 1, 0, 2, 0.5, **level),
        result("H9", 1, 0, 2, 0.5),
        result("H2", 1, 0, 2, 0.5, role="placebo"),
        result("H3", 1, 0, 2, 0.5, **level) | {"run": "02_b/main"},
        result("H4", 1, 0, 2, 0.5, level=0.95),
    ]
    problems = "\n".join(verdicts.faults(known, frame(*rows), ("01_a/main",)))
    assert "01_a/main recorded 'H9', which is not in the registry; did you" in problems
    assert "H1 has 2 primary results in 01_a/main" in problems
    assert "H2" not in problems  # specified, and not computed yet
    assert "H3 was recorded by 02_b/main; the registry says 01_a/main" in problems
    assert "H4 was recorded with an interval at 95.00%; its family needs 98.75%" in (
        problems
    )


@pytest.mark.fault("17.1", "a run under other values than its hypothesis has")
def test_a_result_under_other_values_is_refused_with_both_shown():
    known = hypotheses.parse(registry_text(H1=entry("H1")))
    note = "under other values: window is 30, specified 26"
    row = result("H1", 1, 0, 2, 0.5, role="other specification", note=note)
    problems = verdicts.faults(known, frame(row), ("01_a/main",))
    assert problems == [f"H1: 01_a/main {note}"]


def test_a_check_that_was_named_and_not_recorded_is_a_fault():
    known = hypotheses.parse(registry_text(H1=entry("H1", checks=CHECKS)))
    tested = verdicts._rows({}, "checks", verdicts.CHECKS)
    found = frame(result("H1", 3, 2, 4, 0.01))
    problems = verdicts.check_faults(known, found, tested)
    assert len(problems) == 3 and "names the check 'dates'" in problems[0]
    assert verdicts.check_faults(known, frame(result("H1", note="x")), tested) == []


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


def test_another_member_s_result_moves_no_answer():
    known = hypotheses.parse(registry_text(H1=entry("H1"), H2=entry("H2")))
    first = result("H1", 3, 2, 4, 0.01)
    alone = verdicts.table(known, frame(first)).loc["H1"]
    for p in (1e-9, 0.9):
        both = frame(first, result("H2", 1, 0.5, 1.5, p))
        assert verdicts.table(known, both).loc["H1"].equals(alone)

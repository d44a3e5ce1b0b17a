"""The registry is read strictly; every fault has a line; no traceback."""

import copy
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from report_data import entry, registry, registry_text

from analysis_utils import hypotheses
from analysis_utils.asking import Refused
from analysis_utils.hypotheses.runs import contradictions
from analysis_utils.workflow.runs import study_runs

CHECK = {"kind": "placebo in time", "what": "other dates", "passes": "p < 0.05"}


def test_the_study_s_registry_is_read_and_its_runs_agree_with_it():
    known = hypotheses.read()
    runs = {run.label: run.parameters for run in study_runs()}
    assert contradictions(known, runs) == []
    for family in {one.family for one in known.values()}:
        assert set(family.members) <= set(known)


@pytest.mark.fault("17.1", "a run under other values than its hypothesis has")
def test_every_value_that_a_run_shares_with_the_registry_is_compared():
    known = hypotheses.read()
    runs = {run.label: dict(run.parameters) for run in study_runs()}
    one = known["H1a"]
    runs[one.run]["state"] = "TX"
    words = "02_interrupted_time_series/eo-14159 records H1a under other values: "
    assert f"{words}state is TX, specified all" in contradictions(known, runs)


def test_a_misspelt_run_is_named_with_the_nearest_and_a_planned_one_is_no_fault():
    one = hypotheses.parse(registry_text(H1=entry("H1", run="01_a/mian")))
    assert "did you mean 01_a/main?" in contradictions(one, {"01_a/main": {}})[0]
    assert contradictions(one, {"02_b/main": {}}) == []


def test_a_specification_gives_values_and_names_departures():
    fixed = {"event": "eo", "population": "all", "window": "26", "family": "poisson"}
    fixed |= {"share": "0.5", "both": "true", "sizes": ["1", "2"]}
    one = hypotheses.parse(registry_text(H1=entry("H1", specification=fixed)))["H1"]
    spec = one.specification
    assert (spec.window, spec.share, spec.both, spec["sizes"]) == (
        26,
        0.5,
        True,
        [1, 2],
    )
    same = hypotheses.Specification("H1", spec.fixed, {"window": 26, "both": True})
    assert same.departures == []
    other = hypotheses.Specification("H1", spec.fixed, {"window": 30})
    assert other.window == 30
    assert other.departures == ["window is 30, specified 26"]
    with pytest.raises(Refused, match="did you mean window"):
        _ = spec.windw
    with pytest.raises(Refused, match="did you mean window"):
        hypotheses.Specification("H1", spec.fixed, {"windows": 3})


def test_an_unknown_hypothesis_is_refused_with_the_nearest():
    with pytest.raises(Refused, match="did you mean H1"):
        hypotheses.hypothesis("H1z")


def test_the_level_of_a_family_is_bonferroni_s():
    entries = {f"H{n}": entry(f"H{n}") for n in range(1, 6)}
    level = hypotheses.parse(registry_text(**entries))["H1"].family.level
    assert level == pytest.approx(0.99)


def test_what_is_superseded_knows_by_whom():
    older = {"H1": "no step\n  begins there"}
    text = registry_text(H1=entry("H1"), G1=entry("G1", supersedes=older))
    known = hypotheses.parse(text)
    assert known["H1"].superseded_by == {"G1": "no step begins there"}
    assert known["G1"].superseded_by == {}


def test_a_fingerprint_changes_with_the_entry_and_with_the_family_s_size():
    alone = hypotheses.parse(registry_text(H1=entry("H1")))["H1"].fingerprint
    again = hypotheses.parse(registry_text(H1=entry("H1")))["H1"].fingerprint
    other = hypotheses.parse(registry_text(H1=entry("H1", smallest="2")))["H1"]
    two = hypotheses.parse(registry_text(H1=entry("H1"), H2=entry("H2")))["H1"]
    assert alone == again and len({alone, other.fingerprint, two.fingerprint}) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"rule": "larger"},
            "rule is one of greater, less, none, different, not larger",
        ),
        ({"scale": "ratios"}, "did you mean ratio"),
        ({"specified": "registered"}, "specified is one of before, after"),
        ({"smallest": "-0.2"}, "smallest is above 0, not -0.2"),
        ({"smallest": "0"}, "smallest is above 0"),
        ({"smallest": "nan"}, "smallest is a number, not 'nan'"),
        ({"null": "zero"}, "null is a number, not 'zero'"),
        ({"scale": "ratio", "null": "1", "smallest": "0.5"}, "a factor above 1"),
        ({"scale": "ratio", "smallest": "2"}, "null of a ratio is 1, not 0"),
        ({"scale": "correlation", "smallest": "1.5"}, "a correlation below 1"),
        ({"known_befor": "x"}, "'known_befor'; did you mean known_before?"),
        ({"statement": ""}, "statement must be words"),
        ({"unit": ["a"]}, "unit must be words"),
        ({"family": "mian"}, "no family 'mian'; did you mean main?"),
        ({"specification": {"event": "x"}}, "specification lacks window"),
        ({"specification": "none"}, "specification holds names and values"),
        ({"supersedes": "H2"}, "supersedes names ids, each with the reason"),
        ({"supersedes": ["H2"]}, "supersedes names ids, each with the reason"),
        ({"supersedes": {"H2": ""}}, "supersedes names ids, each with the reason"),
        ({"supersedes": {"H2": ["a"]}}, "supersedes names ids, each with the reason"),
        ({"supersedes": {"H9": "why"}}, "supersedes H9, which has no entry"),
        ({"supersedes": {"H1": "why"}}, "supersedes H1, which has no entry"),
        ({"checks": {"a": CHECK | {"kind": "placebo in tme"}}}, "mean placebo in time"),
        ({"checks": {"a": CHECK | {"passes": "looks good"}}}, "passes is `holds null`"),
        ({"checks": {"a": CHECK | {"pases": "x"}}}, "did you mean passes"),
        ({"checks": {"a": CHECK | {"grid": {"w": "3"}}}}, "grid holds a list"),
        ({"checks": {"a": "x"}}, "must have kind, what, passes"),
        ({"checks": ["a"]}, "checks is none, or names"),
    ],
)
def test_a_faulty_entry_is_refused_in_words(change, message):
    with pytest.raises(Refused, match=re.escape(message)):
        hypotheses.parse(registry_text(H1=entry("H1") | change, H2=entry("H2")))


def test_each_field_is_needed():
    for name in entry("H1"):
        if name == "family":
            continue
        one = entry("H1")
        del one[name]
        with pytest.raises(Refused, match=f"H1 lacks {name}"):
            hypotheses.parse(registry_text(H1=one))


def test_a_family_is_closed():
    content = registry({"H1": entry("H1"), "H2": entry("H2")})
    content["families"]["main"]["members"] = ["H1", "H3"]
    with pytest.raises(Refused) as refused:
        hypotheses.parse(yaml.safe_dump(content))
    text = str(refused.value)
    assert "H2: family main was closed without it on 2026-11-24" in text
    assert "H3 has no entry" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "[",
        "- 1",
        "rules: {}",
        "hypotheses:\n  H1: 3",
        "rules: [a]",
        "a: &a [*a]",
        "[" * 3000,
        "x: !!python/object:os.system a",
        "\x00",
        "<<<<<<< HEAD\nrules: {}",
        "hypotheses: {H1: {unit: a, unit: b}}",
    ],
)
def test_text_that_is_no_registry_is_refused(text):
    with pytest.raises(Refused):
        hypotheses.parse(text)


@pytest.mark.fault("17.7", "a registry that is not UTF-8 ends in a traceback")
def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "hypotheses.yaml"
    path.write_bytes(b"rules: \xff\xfe")
    with pytest.raises(Refused, match="hypotheses.yaml cannot be read"):
        hypotheses.read(path)


WHOLE = registry({"H1": entry("H1", checks={"a": CHECK}), "H2": entry("H2")})
JUNK = st.one_of(
    st.text(max_size=6),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    st.just([["x"]]),
    st.just({"x": {"y": ["z"]}}),
)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in nested data."""
    found = [path] if path else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*path, name))
    return found


@pytest.mark.fault("17.7", "some input of the three formats ends in a traceback")
@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from(places(WHOLE)), junk=JUNK)
def test_no_input_ends_in_a_traceback(place, junk):
    content = copy.deepcopy(WHOLE)
    inside = content
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = junk
    try:
        hypotheses.parse(yaml.safe_dump(content))
    except Refused as refused:
        assert str(refused).strip()

"""A spoilt results.json is refused in words that name file, section and key."""

import json

import pytest

from analysis_utils.asking import Refused
from analysis_utils.paper import numbers
from analysis_utils.results_file import parsed
from analysis_utils.review import lineage
from analysis_utils.workflow.runs import OUTPUTS

RUN = "18_growth/main"
GOOD = (OUTPUTS / RUN / "results.json").read_text(encoding="utf-8")


def without(section: str, key: str, part: str) -> str:
    """The results with one part of one entry gone."""
    content = json.loads(GOOD)
    del content[section][int(key) - 1 if key.isdigit() else key][part]
    return json.dumps(content)


def other(section: str, value: object) -> str:
    """The results with a section of another kind."""
    return json.dumps(json.loads(GOOD) | {section: value})


SPOILT = {
    "half": (GOOD[:300], r"it is no JSON \(.*line"),
    "empty": ("", "it is no JSON"),
    "a list": ("[]", "it holds no sections"),
    "deep": ("[" * 100_000, "it is no JSON"),
    "no digits": (without("numbers", "signed_52", "digits"), "numbers, signed_52: no"),
    "no unit": (without("numbers", "signed_4", "unit"), "numbers, signed_4: no unit"),
    "a word": (
        GOOD.replace('"value": ', '"value": "x", "was": ', 1),
        r"numbers, \w+: value is no number",
    ),
    "no caption": (other("tables", {"a": {}}), "tables, a: no caption"),
    "no text": (without("sentences", "2", "text"), "sentences, 2: no text"),
    "numbers a list": (other("numbers", []), "numbers names nothing"),
    "sentences null": (other("sentences", None), "sentences is no list"),
    "a number null": (other("numbers", {"a": None}), "numbers, a: no unit"),
    "not UTF-8": (b"\xff", "is not UTF-8"),
}


@pytest.mark.fault("17.10", "a results.json without what paper, site and trace read")
@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_results_are_refused(tmp_path, name):
    text, words = SPOILT[name]
    folder = tmp_path / RUN
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "results.json").write_bytes(content)
    for read in (lineage.records, numbers.now):
        with pytest.raises(Refused, match=f"(?s)results.json.*{words}"):
            read(tmp_path)


def test_results_as_they_are_written_are_read():
    assert parsed(GOOD, "results.json") == json.loads(GOOD)

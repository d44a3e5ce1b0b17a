"""Recorded results compared: numbers by key, tests of hypotheses, words by order."""

import json
from collections.abc import Iterator

from analysis_utils.asking import nearest
from analysis_utils.review import values
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    Finding,
    Verdict,
    printable,
)
from analysis_utils.review.pair import Pair

FILE = "results.json"
PLACES = ("cell", "line")  # where it stands in the notebook, not what it says
DESCRIPTION = ("unit", "digits", "level", "label")


def compare(pair: Pair, moved: bool) -> list[Finding]:
    """Findings on every number and sentence of a run."""
    try:
        one, other = (json.loads(content) for content in pair.contents(FILE))
        found = list(compare_numbers(pair, one["numbers"], other["numbers"]))
        found += [
            *compare_hypotheses(pair, one, other),
            *compare_captions(pair, one, other),
        ]
        return found + list(sentence_findings(pair, one, other, moved))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"cannot be read ({type(error).__name__})"
        return [pair.finding("file", FILE, DIFFERS, words)]


def compare_numbers(pair: Pair, one: dict, other: dict) -> Iterator[Finding]:
    """A finding for each number."""
    for key in sorted(one.keys() | other.keys()):
        if key not in other:
            words = f"no run records it{nearest(key, sorted(other))}"
            yield pair.finding("number", key, DIFFERS, words, shown(one[key]))
        elif key not in one:
            words = "is missing from the archive"
            yield pair.finding("number", key, DIFFERS, words, "", shown(other[key]))
        else:
            verdict, detail = number_verdict(one[key], other[key])
            both = shown(one[key]), shown(other[key])
            yield pair.finding("number", key, verdict, detail, *both)


def number_verdict(one: dict, other: dict) -> tuple[Verdict, str]:
    """Verdict on a number with its interval and description."""
    exact = one.get("low") is None and one.get("high") is None
    ends = [abs(one[k]) for k in ("low", "high") if values.is_number(one.get(k))]
    parts = {
        part: values.value(
            one.get(part), other.get(part), exact, max(ends, default=0.0)
        )
        for part in ("value", "low", "high")
    }
    parts |= {
        p: IDENTICAL if one.get(p) == other.get(p) else DIFFERS for p in DESCRIPTION
    }
    verdict = max(parts.values())
    odd = [part for part, v in parts.items() if v is verdict]
    return verdict, "" if verdict is IDENTICAL else f"{', '.join(odd)} differs"


def shown(number: dict) -> str:
    """A recorded number on one line."""
    text = f"{number.get('value')} {number.get('unit', '')}".strip()
    if number.get("low") is not None:
        text += f" ({number['low']} to {number.get('high')})"
    return printable(text)


def compare_captions(pair: Pair, one: dict, other: dict) -> Iterator[Finding]:
    """A finding for each figure or table of the results whose words differ."""
    for part in ("figures", "tables"):
        old, new = (side.get(part, {}) for side in (one, other))
        for name in sorted(old.keys() & new.keys()):
            words = [(a.get("caption"), a.get("alt")) for a in (old[name], new[name])]
            if words[0] != words[1]:
                detail = "caption or alternative text differs"
                yield pair.finding(
                    "caption", name, DIFFERS, detail, *map(printable, words)
                )


def compare_hypotheses(pair: Pair, one: dict, other: dict) -> Iterator[Finding]:
    """A finding for each recorded test of a hypothesis."""
    archived, remade = (
        named_tests(side.get("hypotheses", [])) for side in (one, other)
    )
    for name in [*archived, *(name for name in remade if name not in archived)]:
        old, new = archived.get(name, {}), remade.get(name, {})
        judged = {
            part: values.value(old.get(part), new.get(part), exact=part == "n")
            for part in sorted((old.keys() | new.keys()) - set(PLACES))
        }
        odd = [part for part, v in judged.items() if v is not IDENTICAL]
        detail = f"{', '.join(odd)} differs" if old and new and odd else ""
        detail = detail or ("" if old and new else only_one_side(bool(old)))
        both = (hypothesis(old), hypothesis(new))
        yield pair.finding("hypothesis", name, max(judged.values()), detail, *both)


def only_one_side(archived: bool) -> str:
    """In words, that a test is archived alone, or made again alone."""
    return "no run records it" if archived else "is missing from the archive"


def named_tests(tests: list[dict]) -> dict[str, dict]:
    """Recorded tests by id, role and note, numbered where these are the same."""
    named: dict[str, dict] = {}
    for test in tests:
        words = [test.get("id"), test.get("role"), test.get("note")]
        name = printable(", ".join(str(word) for word in words if word), 100)
        same = sum(other == name or other.startswith(f"{name} #") for other in named)
        named[f"{name} #{same + 1}" if same else name] = test
    return named


def hypothesis(record: dict) -> str:
    """A recorded test on one line."""
    if not record:
        return ""
    ends = f"({record.get('low')} to {record.get('high')})"
    return printable(f"{record.get('estimate')} {ends}, p {record.get('p')}")


def sentence_findings(
    pair: Pair, one: dict, other: dict, moved: bool
) -> Iterator[Finding]:
    """A finding for each sentence, in order."""
    archived, remade = one["sentences"], other["sentences"]
    for place in range(max(len(archived), len(remade))):
        old, new = (
            s[place]["text"] if place < len(s) else "" for s in (archived, remade)
        )
        verdict = values.text(old, new, moved)
        detail = "" if verdict is IDENTICAL else "the text differs"
        if (
            verdict is IDENTICAL
            and archived[place]["template"] != remade[place]["template"]
        ):
            verdict, detail = DIFFERS, "its template differs"
        both = (printable(old), "" if old == new else printable(new))
        yield pair.finding("sentence", str(place + 1), verdict, detail, *both)

"""The types that a notebook's parameters can have, and the values they admit.

A type is written as a string in the notebook, alternatives joined by "or":
`"state or all"`, `"day or week or month"`, `"6 to 120"`, `"event"`. Values arrive as
text (from the command line and from runs.yaml), so a code such as county 01001 is
never mistaken for a number.
"""

import difflib
import re
from collections.abc import Callable
from datetime import date

from analysis_utils.asking import Refused, nearest
from analysis_utils.data_folder import column


def one_of(text: str, known: tuple[str, ...], what: str) -> str:
    """The known word that equals `text`, capitals aside."""
    for word in known:
        if word.lower() == text.lower():
            return word
    raise Refused(f"{text!r} is no {what}{nearest(text, known)}")


def calendar_day(text: str, first: str, last: str, what: str) -> str:
    """An ISO date between two others."""
    try:
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refused(
            f"{text!r} is no date; write it as 2025-01-20 (year-month-day)"
        ) from None
    if not first <= day <= last:
        raise Refused(f"{day} lies outside {what}: {first} to {last}")
    return day


def study_day(text: str) -> str:
    """A day between the first agreement and the newest list."""
    days = (*column("early_register", "signed"), *column("agreements", "signed"))
    signed = [day for day in days if day]
    last = max(column("editions", "last_seen"))
    return calendar_day(text, min(signed), last, "the data")


def vintage(text: str) -> str:
    """A day on which a list was in force, for `as_of`."""
    first, last = (
        column("editions", "first_seen"),
        column("editions", "last_seen"),
    )
    return calendar_day(text, min(first), max(last), "the published lists")


def event(text: str) -> str:
    """The id of a policy event in data/policy_events.csv, or any day of the study."""
    if re.fullmatch(r"\d{4}-.*", text):
        return study_day(text)
    return one_of(text, column("policy_events", "id"), "policy event")


def state(text: str) -> str:
    """Postal code of a state or territory."""
    codes = column("states", "state")
    names = dict(zip(column("states", "name"), codes, strict=True))
    if text.upper() in codes:
        return text.upper()
    for name, code in names.items():
        if name.lower() == text.lower():
            return code
    near = difflib.get_close_matches(text.title(), list(names), n=1)
    hint = f"; did you mean {names[near[0]]} ({near[0]})?" if near else ""
    raise Refused(f"{text!r} is no state{hint or nearest(text.upper(), codes)}")


def county(text: str) -> str:
    """Five-digit FIPS code of a county, zeros in front kept."""
    if not re.fullmatch(r"\d{5}", text):
        raise Refused(f"{text!r} is no county code; it has five digits: 01001")
    return one_of(text, column("counties", "fips"), "county")


def agreement_model(text: str) -> str:
    """Model of agreement by its code in data/hand/models.csv: TFM, JEM or WSO."""
    return one_of(text, column("models", "model"), "model of agreement")


def integer(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"[+-]?\d+", text):
        raise Refused(f"{text!r} is no whole number")
    return int(text)


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise Refused(f"{text!r} is no number") from None


def flag(text: str) -> bool:
    """True or False, written as such or as yes or no."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    if text.lower() not in words:
        raise Refused(f"{text!r} is neither yes nor no")
    return words[text.lower()]


NAMED: dict[str, Callable[[str], object]] = {
    "date": study_day,
    "vintage": vintage,
    "event": event,
    "state": state,
    "county": county,
    "model": agreement_model,
    "int": integer,
    "float": number,
    "bool": flag,
    "str": str,
}
RANGE = re.compile(r"(-?\d+) to (-?\d+)")


def in_range(text: str, low: int, high: int) -> int:
    """A whole number between two others, both included."""
    value = integer(text)
    if not low <= value <= high:
        raise Refused(f"{value} lies outside {low} to {high}")
    return value


def parse(text: str, declared: str) -> object:
    """Value of `text` under a declared type; Refused says what would be right."""
    alternatives = [part.strip() for part in declared.split(" or ")]
    words = tuple(p for p in alternatives if p not in NAMED and not RANGE.fullmatch(p))
    for word in words:
        if word.lower() == text.lower():
            return word
    reasons = []
    for part in alternatives:
        limits = RANGE.fullmatch(part)
        try:
            if limits:
                return in_range(text, int(limits[1]), int(limits[2]))
            if part in NAMED:
                return NAMED[part](text)
        except Refused as refused:
            reasons.append(str(refused))
    if not reasons:
        raise Refused(f"{text!r} is none of {', '.join(words)}{hint(text, words)}")
    also = f" (or: {', '.join(words)})" if words else ""
    raise Refused(" and ".join(reasons) + also)


def hint(text: str, words: tuple[str, ...]) -> str:
    """'; did you mean month?' if a word is near, else nothing."""
    near = difflib.get_close_matches(text.lower(), [w.lower() for w in words], n=1)
    return f"; did you mean {near[0]}?" if near else ""

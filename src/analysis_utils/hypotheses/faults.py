"""What is wrong with a registry, in words: one line for each thing to put right."""

import math
import re

from analysis_utils.asking import nearest
from analysis_utils.hypotheses.entries import NUMBER, SPECIFIED, Family

SECTIONS = ("rules", "families", "hypotheses")
RULES = ("greater", "less", "none", "different")
SCALES = ("difference", "ratio", "correlation")
KINDS = (
    "placebo in time",
    "placebo in space",
    "placebo outcome",
    "leave one out",
    "pre-trend",
    "other specification",
    "vintage",
    "curve",
)
PASSES = re.compile(
    r"holds null|excludes null|same side|of interest|(?:p|value) (?:<|<=|>|>=) [\d.]+"
)
TEXTS = (
    "statement estimand design unit outcome estimator units refuted_by threats "
    "known_before"
).split()
OTHER = "family specified run specification scale null smallest rule checks".split()
WORDS = (*TEXTS, "specified", "scale", "rule", "run")  # must be text, not a list
OPTIONAL = ("supersedes",)
ALWAYS = ("event", "population", "window", "family")  # "none" where there is none
ID = re.compile(r"[A-Z]\d+[a-z]?")


def of_registry(whole: dict) -> tuple[list[str], dict[str, Family]]:
    """Every fault of a registry, and its families by name."""
    problems = unknown("the file", whole, SECTIONS)
    for name in SECTIONS:
        section = whole.get(name)
        if not isinstance(section, dict) or not section:
            problems.append(f"section {name} is missing or empty")
    if problems:
        return problems, {}
    rules, entries = whole["rules"], whole["hypotheses"]
    problems += unknown("rules", rules, RULES)
    problems += [f"rules lacks {name}" for name in RULES if name not in rules]
    families, wrong = families_of(whole["families"])
    problems += wrong
    for key, entry in entries.items():
        problems += entry_faults(key, entry)
    if not problems:  # these compare entries that are whole
        problems += membership_faults(families, entries)
        problems += succession_faults(entries)
    return problems, families


def unknown(where: str, entry: dict, known: tuple[str, ...] | list[str]) -> list[str]:
    """A line for each key that is not known, with the nearest that is."""
    return [
        f"{where} has an unknown field {name!r}{nearest(name, tuple(known))}"
        for name in entry
        if name not in known
    ]


def texts(value: object) -> bool:
    """Whether it is a list of words."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def families_of(section: dict) -> tuple[dict[str, Family], list[str]]:
    """Families by name, and what is wrong with them."""
    families, problems = {}, []
    wanted = ("members", "alpha", "closed", "what")
    for name, entry in section.items():
        where = f"family {name}"
        if not isinstance(entry, dict):
            problems.append(f"{where} must have {', '.join(wanted)}")
            continue
        problems += unknown(where, entry, wanted)
        problems += [f"{where} lacks {n}" for n in wanted if n not in entry]
        members, alpha = entry.get("members", []), number(entry.get("alpha", ""))
        if not texts(members) or not members:
            problems.append(f"{where}: members is a list of ids")
        elif alpha is None or not 0 < alpha < 1:
            problems.append(f"{where}: alpha lies between 0 and 1")
        else:
            closed = str(entry.get("closed", ""))
            families[name] = Family(name, tuple(members), alpha, closed)
    return families, problems


def entry_faults(key: str, entry: object) -> list[str]:
    """What is wrong with one entry, in words."""
    if not isinstance(entry, dict):
        return [f"{key} must have fields"]
    found = [] if ID.fullmatch(key) else [f"{key!r} is no id: write a letter, a number"]
    found += unknown(key, entry, [*TEXTS, *OTHER, *OPTIONAL])
    found += [f"{key} lacks {n}" for n in [*TEXTS, *OTHER] if n not in entry]
    found += [
        f"{key}: {n} must be words"
        for n in (*WORDS, "family")
        if n in entry and not (isinstance(entry[n], str) and entry[n].strip())
    ]
    closed = {"rule": RULES, "scale": SCALES, "specified": tuple(SPECIFIED)}
    for name, allowed in closed.items():
        value = entry.get(name, allowed[0])
        if value not in allowed:
            told = nearest(str(value), allowed)
            found.append(
                f"{key}: {name} is one of {', '.join(allowed)}, not {value}{told}"
            )
    older = entry.get("supersedes", {})
    whys = list(older.values()) if isinstance(older, dict) else [None]
    if not texts(whys) or not all(str(why).strip() for why in whys):
        found.append(f"{key}: supersedes names ids, each with the reason after a colon")
    found += number_faults(key, entry)
    found += specification_faults(key, entry.get("specification", {}))
    return found + check_faults(key, entry.get("checks", {}))


def number_faults(key: str, entry: dict) -> list[str]:
    """`null` and `smallest`: numbers that make sense on their scale."""
    null, smallest = (number(entry.get(n, "0")) for n in ("null", "smallest"))
    found = []
    if null is None:
        found.append(f"{key}: null is a number, not {entry['null']!r}")
    if smallest is None:
        found.append(f"{key}: smallest is a number, not {entry['smallest']!r}")
    if smallest is None or found or not {"scale", "null", "smallest"} <= set(entry):
        return found
    if entry["scale"] == "ratio":
        if null != 1:
            found.append(f"{key}: null of a ratio is 1, not {entry['null']}")
        if smallest <= 1:
            found.append(f"{key}: smallest is a factor above 1, not {smallest:g}")
    elif smallest <= 0:
        found.append(f"{key}: smallest is above 0, not {smallest:g}")
    elif entry["scale"] == "correlation" and smallest >= 1:
        found.append(f"{key}: smallest is a correlation below 1, not {smallest:g}")
    return found


def specification_faults(key: str, entry: object) -> list[str]:
    """A specification must name event, population, window and family ('none' too)."""
    if not isinstance(entry, dict):
        return [f"{key}: specification holds names and values"]
    found = [f"{key}: specification lacks {n}" for n in ALWAYS if n not in entry]
    odd = [n for n in entry if not str(n).isidentifier()]
    return found + [f"{key}: specification: {n!r} is no name" for n in odd]


def check_faults(key: str, checks: object) -> list[str]:
    """Each check has a kind, a pass rule and says what it does; or there is `none`."""
    if checks == "none":
        return []
    if not isinstance(checks, dict):
        return [f"{key}: checks is none, or names with kind, what, passes"]
    found = []
    for name, entry in checks.items():
        where = f"{key}, check {name}"
        if not isinstance(entry, dict):
            found.append(f"{where} must have kind, what, passes")
            continue
        found += unknown(where, entry, ("kind", "what", "passes", "grid"))
        found += [
            f"{where}: {n} must be words"
            for n in ("kind", "what", "passes")
            if not (isinstance(entry.get(n), str) and entry[n].strip())
        ]
        if entry.get("kind", KINDS[0]) not in KINDS:
            told = nearest(str(entry["kind"]), KINDS)
            found.append(f"{where}: kind {entry['kind']!r} is unknown{told}")
        if not PASSES.fullmatch(str(entry.get("passes", "same side"))):
            found.append(
                f"{where}: passes is `holds null`, `excludes null`, `same side`, "
                f"`of interest`, or p or value against a number, as in `p < 0.05`; "
                f"not {entry['passes']!r}"
            )
        grid = entry.get("grid", {})
        if not (
            isinstance(grid, dict)
            and all(isinstance(v, list) and v for v in grid.values())
        ):
            found.append(f"{where}: grid holds a list of values for each choice")
    return found


def membership_faults(families: dict[str, Family], entries: dict) -> list[str]:
    """Families are closed: who names one must be listed in it, and the reverse."""
    found = []
    for key, entry in entries.items():
        name = entry["family"]
        if name not in families:
            found.append(f"{key}: no family {name!r}{nearest(name, tuple(families))}")
        elif key not in families[name].members:
            found.append(
                f"{key}: family {name} was closed without it on "
                f"{families[name].closed}; later ones form a family of their own"
            )
    for family in families.values():
        for key in family.members:
            if key not in entries:
                near = nearest(key, tuple(entries))
                found.append(f"family {family.name}: {key} has no entry{near}")
            elif entries[key]["family"] != family.name:
                found.append(f"family {family.name} lists {key}, which names another")
    return found


def succession_faults(entries: dict) -> list[str]:
    """What an entry supersedes must stand in the registry, with its first result."""
    return [
        f"{key}: supersedes {name}, which has no entry{nearest(name, tuple(entries))}"
        for key, entry in entries.items()
        for name in entry.get("supersedes", [])
        if name not in entries or name == key
    ]


def number(text: object) -> float | None:
    """A finite number in a text; None if there is none."""
    if not isinstance(text, str) or not NUMBER.fullmatch(text.strip()):
        return None
    return float(text) if math.isfinite(float(text)) else None

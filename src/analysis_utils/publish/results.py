"""Numbers and sentences of a run, recorded once and written to `results.json`."""

import difflib
import json
import math
import re
from dataclasses import asdict, dataclass, replace
from html import escape

from analysis_utils import hypotheses
from analysis_utils.hypotheses import Hypothesis, Specification
from analysis_utils.publish.findings import Finding, Interval
from analysis_utils.run_context import folder, place

FILE = "results.json"
SIGNIFICANT = 5
P_DIGITS = 3
ROLES = ("primary", "sensitivity", "placebo", "comparison")
VARIANT = "other specification"  # a primary result under other values


@dataclass(frozen=True, repr=False)
class Number:
    """A published number.

    Attributes
    ----------
    value, low, high : float or None
        Estimate and interval at confidence `level`, 5 significant digits.
    unit : str
        "%" or a plural noun; empty for a pure number.
    digits : int
        Decimals shown.
    label : str
        What it is, in words.
    """

    value: float | None
    unit: str
    digits: int
    low: float | None
    high: float | None
    level: float | None
    label: str

    def __repr__(self) -> str:
        """What a cell shows that ends in a number: with interval and label."""
        whole = self.low is not None and self.high is not None
        words = format(self, "interval" if whole or self.value is None else "")
        return f"{words} ({self.label})" if self.label else words

    def __format__(self, spec: str) -> str:
        """`{key}`: value and unit; `{key:value}`: bare; `{key:interval}`: with CI.

        `{key:prediction}`: with its interval, called one of prediction.
        """
        bare = shown(self.value, self.digits)
        named = {"interval": "CI", "prediction": "prediction interval"}
        if spec == "value" or (spec in named and self.value is None):
            return bare
        unit = self.unit if self.unit in ("", "%") else f" {self.unit}"
        if spec in named:
            if self.low is None or self.high is None:
                raise ValueError(f"{self.label or bare} was recorded without interval")
            low, high = shown(self.low, self.digits), shown(self.high, self.digits)
            return f"{bare}{unit} ({self.level:.0%} {named[spec]} {low} to {high})"
        if spec:
            raise ValueError(
                f"unknown format {spec!r}; use value, interval or prediction"
            )
        if self.digits == 0 and bare in ("0", "1") and self.unit.isalpha():
            return _few(bare, self.unit)
        return bare + unit


_numbers: dict[str, Number] = {}
_places: dict[str, dict[str, int | None]] = {}  # where each number was recorded
_displays: dict[str, dict[str, dict]] = {"figures": {}, "tables": {}}
_sentences: list[dict[str, object]] = []
_title: list[str] = []
_hypotheses: list[dict[str, object]] = []
_checks: list[dict[str, object]] = []
_detectable: list[dict[str, object]] = []


def significant(value: float | None, digits: int = SIGNIFICANT) -> float | int | None:
    """A number rounded to significant digits, whole numbers as they are; None for
    what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    if float(value).is_integer() and abs(value) < 1e15:
        return int(value)
    return float(f"{float(value):.{digits}g}")


def shown(value: float | None, digits: int) -> str:
    """A number as printed: thousands separated, a true minus sign."""
    if value is None:
        return "not estimable"
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}")


def _few(bare: str, unit: str) -> str:
    """None or one of what a plural noun names, as people say it.

    >>> _few("0", "agreements"), _few("1", "agencies"), _few("1", "times")
    ('no agreements', '1 agency', '1 times')
    """
    if unit == "times" or not unit.endswith("s"):
        return f"{bare} {unit}"
    one = f"{unit[:-3]}y" if unit.endswith("ies") else unit[:-1]
    return f"no {unit}" if bare == "0" else f"1 {one}"


def number(
    key: str,
    value: float | None,
    unit: str = "",
    digits: int = 0,
    *,
    interval: tuple[float, float] | None = None,
    level: float = 0.95,
    label: str = "",
) -> Number:
    """Record a number under a key of its own, and return it.

    Parameters
    ----------
    key : str
        Lower-case name, unique in the run; sentences refer to it.
    value : float
        The estimate; None or not finite is recorded as not estimable.
    unit, digits, label
        See `Number`.
    interval : (low, high), optional
        Interval at confidence `level`.

    Raises
    ------
    ValueError
        If the key is malformed or was recorded before.

    >>> number("growth", 4.6349, "times", 1, interval=(3.2, 6.71))
    4.6 times (95% CI 3.2 to 6.7)
    """
    if not re.fullmatch(r"[a-z][a-z0-9_.]*", key):
        raise ValueError(f"key {key!r} must be lower-case letters, digits, _ and .")
    if key in _numbers and folder():  # in JupyterLab a cell may be run again
        raise ValueError(f"a number {key!r} was recorded before in this notebook")
    low, high = interval or (None, None)
    recorded = Number(
        significant(value),
        unit,
        digits,
        significant(low),
        significant(high),
        level if interval else None,
        label,
    )
    _numbers[key], _places[key] = recorded, place()
    _write()
    return recorded


def hypothesis(
    key: str,
    found: Finding | float | None = None,
    interval: tuple[float, float] | Interval | None = None,
    p: float | None = None,
    *,
    n: int | None = None,
    role: str = "primary",
    note: str = "",
    specification: Specification | None = None,
) -> None:
    """Record a result against a hypothesis of notebooks/hypotheses.yaml.

    Parameters
    ----------
    key : str
        Id of the hypothesis.
    found : Finding, or an estimate
        On the scale that the registry names. `Finding.not_testable(why)`, or a note
        alone, where nothing could be estimated.
    interval, p, n : with an estimate
        Interval as a function of the level, or (low, high) at 95 %, which is taken to
        the family's level by a normal approximation on the registry's scale.
    role : str
        "primary" (one for each hypothesis), "sensitivity", "placebo" or "comparison".
    note : str
        What the reader should know.
    specification : Specification, optional
        The values used (`hypotheses.specification(key, window=window)`). A primary
        result under other values than the registry's is kept as a variant, and says so.

    Raises
    ------
    Refused
        If the registry has no such hypothesis; the nearest id is named.

    >>> hypothesis("H1b", Finding.ratio(0.4, 0.1))
    >>> hypothesis("H1b", Finding.not_testable("no month before the order is known"))
    >>> hypothesis("H7", 1.5, (1.2, 1.9))
    Traceback (most recent call last):
    analysis_utils.asking.Refused: hypotheses.yaml has no hypothesis 'H7'...
    """
    one = hypotheses.hypothesis(key)
    if role not in ROLES:
        raise ValueError(f"role is one of {', '.join(ROLES)}, not {role!r}")
    found = _finding(found, interval, p, n, one.scale)
    note = "; ".join(filter(None, [found.note, note]))
    if found.estimate is None and not note:
        raise ValueError(f"{key}: say in note= why nothing could be estimated")
    departures = specification.departures if specification else []
    if specification and specification.key != key:
        raise ValueError(f"{key} was given the specification of {specification.key}")
    if departures:
        said = ", ".join(departures)
        role = VARIANT if role == "primary" else role
        note = "; ".join(filter(None, [f"under other values: {said}", note]))
    row = {"id": key, "role": role} | _row(found, one) | {"note": note}
    _hypotheses.append(row | place())
    _write()


def _finding(
    found: Finding | float | None,
    interval: tuple[float, float] | Interval | None,
    p: float | None,
    n: int | None,
    scale: str,
) -> Finding:
    """A finding from what `hypothesis` or `check` was given."""
    if isinstance(found, Finding):
        return found if n is None else replace(found, n=n)
    if interval is None or callable(interval):
        return Finding(found, interval, p, n)
    if found is None:
        raise ValueError("an interval (low, high) needs its estimate")
    low, high = interval
    return Finding.of_interval(found, low, high, scale=scale, p=p, n=n)


def _row(found: Finding, one: Hypothesis) -> dict[str, object]:
    """A finding as recorded: at 95 %, and at the level of the family."""
    ends = {
        "": found.at() or (None, None),
        "family_": found.at(one.family.level) or (None, None),
    }
    limits = {
        f"{which}{end}": significant(value)
        for which, both in ends.items()
        for end, value in zip(("low", "high"), both, strict=True)
    }
    row: dict[str, object] = {"estimate": significant(found.estimate)}
    row |= limits | {"level": significant(one.family.level)}
    return row | {"p": significant(found.p, P_DIGITS), "n": found.n}


def check(
    key: str,
    name: str,
    found: Finding | float | None = None,
    *,
    p: float | None = None,
    interval: tuple[float, float] | None = None,
    case: str = "",
    note: str = "",
) -> None:
    """Record a check that the registry names for a hypothesis.

    Parameters
    ----------
    key, name : str
        Id of the hypothesis, and the check as its entry names it.
    found : Finding, or a value
        What its pass rule looks at: the interval, the estimate, or the value.
    p : float, optional
        For a rule on p.
    case : str
        Which of several (the state left out, say); the check passes if all cases do.

    Raises
    ------
    Refused
        If the entry names no such check; the nearest name is given.

    >>> check("C5", "without each large state", 0.1, interval=(-0.2, 0.4), case="FL")
    >>> check("C5", "without large states", 0.1)
    Traceback (most recent call last):
    analysis_utils.asking.Refused: C5 names no check 'without large states'; did you...
    """
    one = hypotheses.hypothesis(key)
    one.check(name)
    found = _finding(found, interval, p, None, one.scale)
    if p is not None:
        found = replace(found, p=p)
    low, high = found.at() or (None, None)
    row: dict[str, object] = {"id": key, "check": name, "case": case}
    row |= {"estimate": significant(found.estimate), "low": significant(low)}
    row |= {"high": significant(high), "p": significant(found.p, P_DIGITS)}
    note = "; ".join(filter(None, [found.note, note]))
    _checks.append(row | {"n": found.n, "note": note} | place())
    _write()


def detectable(
    key: str, value: float | None, *, how: str, power: float = 0.8
) -> Number:
    """Record the smallest effect that a design finds with this power, and show it.

    Parameters
    ----------
    value : float or None
        On the scale of the registry (a factor for a ratio); None if none was reached.
    how : str
        By which simulations, from which data, and how many.
    power : float
        Share of simulated data in which the effect is found.

    >>> detectable("C6", 1.314, how="2,000 simulated panels")
    1.31 elasticity (2,000 simulated panels; power 80%)
    """
    one = hypotheses.hypothesis(key)
    row: dict[str, object] = {"id": key, "value": significant(value), "power": power}
    _detectable.append(row | {"how": how} | place())
    return number(
        f"detectable_{key.lower()}",
        value,
        one.units,
        2,
        label=f"{how}; power {power:.0%}",
    )


def title(text: str):
    """Give this run a title of its own, and show it as a heading.

    >>> title("Signings around the order of January 2025").data
    '## Signings around the order of January 2025'
    """
    from IPython.display import Markdown

    _title[:] = [text]
    _write()
    return Markdown(f"## {escape(text, quote=False)}")


def recorded(key: str) -> Number:
    """The number recorded under a key in this notebook.

    >>> _ = number("states", 40, "states")
    >>> recorded("states").value
    40
    """
    return _numbers[key]


def sentence(template: str):
    """Show a sentence whose numbers are recorded results, as Markdown.

    `"There were {active} on {day:value}."`: a key in braces stands for the number
    recorded under it. Raises ValueError for a key that was not recorded.

    >>> _ = number("active", 1651, "agreements"), number("listed", 12.5, "%", 1)
    >>> sentence("Of {active}, {listed} were listed on the same day.").data
    'Of 1,651 agreements, 12.5% were listed on the same day.'
    """
    from IPython.display import Markdown

    try:
        text = template.format_map(_numbers)
        text = text.replace(") (p ", "; p ")  # one bracket for interval and p
    except KeyError as missing:
        near = difflib.get_close_matches(str(missing.args[0]), _numbers, n=1)
        also = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"no number {missing} was recorded{also}") from None
    sentence: dict[str, object] = {"template": template, "text": text}
    _sentences.append(sentence | place())
    _write()
    return Markdown(escape(text, quote=False))


def display(kind: str, name: str, **about: object) -> None:
    """Note where a figure or table (`kind`) is made, and what it shows."""
    _displays[kind][name] = about | place()
    _write()


def _write() -> None:
    """Write what has been recorded so far, if this is a run."""
    run = folder()
    if run:
        content = {
            "numbers": {
                key: asdict(n) | _places[key] for key, n in sorted(_numbers.items())
            },
            "sentences": _sentences,
            **_displays,
        }
        tests = {
            "hypotheses": _hypotheses,
            "checks": _checks,
            "detectable": _detectable,
        }
        content |= {name: rows for name, rows in tests.items() if rows}
        if _title:
            content["title"] = _title[0]
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (run / FILE).write_text(text + "\n", encoding="utf-8")

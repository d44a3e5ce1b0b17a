"""Numbers and sentences of a run, recorded once and written to `results.json`."""

import difflib
import json
import math
import re
from dataclasses import asdict, dataclass
from html import escape

from analysis_utils.run_context import folder, place

FILE = "results.json"
SIGNIFICANT = 5
P_DIGITS = 3
ROLES = ("primary", "sensitivity", "placebo", "comparison")


@dataclass(frozen=True)
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

    def __format__(self, spec: str) -> str:
        """`{key}`: value and unit; `{key:value}`: bare; `{key:interval}`: with CI."""
        bare = shown(self.value, self.digits)
        if spec == "value" or (spec == "interval" and self.value is None):
            return bare
        unit = self.unit if self.unit in ("", "%") else f" {self.unit}"
        if spec == "interval":
            if self.low is None or self.high is None:
                raise ValueError(f"{self.label or bare} was recorded without interval")
            low, high = shown(self.low, self.digits), shown(self.high, self.digits)
            return f"{bare}{unit} ({self.level:.0%} CI {low} to {high})"
        if spec:
            raise ValueError(f"unknown format {spec!r}; use value or interval")
        return bare + unit


_numbers: dict[str, Number] = {}
_places: dict[str, dict[str, int | None]] = {}  # where each number was recorded
_displays: dict[str, dict[str, dict]] = {"figures": {}, "tables": {}}
_sentences: list[dict[str, object]] = []
_hypotheses: list[dict[str, object]] = []


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
    estimate: float | None = None,
    interval: tuple[float, float] | None = None,
    p: float | None = None,
    *,
    n: int | None = None,
    role: str = "primary",
    note: str = "",
) -> None:
    """Record a result against a hypothesis of notebooks/hypotheses.yaml.

    Parameters
    ----------
    key : str
        Id of the hypothesis.
    estimate, interval, p : float, (low, high), float
        On the scale that the registry names, 95 % interval, two-sided p. All missing:
        not testable, and `note` says why.
    n : int
        Observations used.
    role : str
        "primary" (one for each hypothesis), "sensitivity", "placebo" or "comparison".
    note : str
        What the reader should know; needed where nothing was estimated.
    """
    if role not in ROLES:
        raise ValueError(f"role is {', '.join(ROLES)}, not {role!r}")
    if estimate is None and not note:
        raise ValueError(f"{key}: say in note= why nothing could be estimated")
    low, high = interval or (None, None)
    _hypotheses.append(
        {
            "id": key,
            "role": role,
            "estimate": significant(estimate),
            "low": significant(low),
            "high": significant(high),
            "p": significant(p, P_DIGITS),
            "n": n,
            "note": note,
        }
        | place()
    )
    _write()


def recorded(key: str) -> Number:
    """The number recorded under a key in this notebook."""
    return _numbers[key]


def sentence(template: str):
    """Show a sentence whose numbers are recorded results, as Markdown.

    `"There were {active} on {day:value}."`: a key in braces stands for the number
    recorded under it. Raises ValueError for a key that was not recorded.
    """
    from IPython.display import Markdown

    try:
        text = template.format_map(_numbers)
    except KeyError as missing:
        near = difflib.get_close_matches(str(missing.args[0]), _numbers, n=1)
        also = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"no number {missing} was recorded{also}") from None
    _sentences.append({"template": template, "text": text} | place())
    _write()
    return Markdown(escape(text, quote=False))


def display(kind: str, name: str, **about: str) -> None:
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
        if _hypotheses:
            content["hypotheses"] = _hypotheses
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (run / FILE).write_text(text + "\n", encoding="utf-8")

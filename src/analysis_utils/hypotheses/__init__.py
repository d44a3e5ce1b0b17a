"""The registry, `notebooks/hypotheses.yaml`: what each hypothesis asks, of what, and by
which rule it is answered. Read strictly; knows nothing of data, notebooks or results.

>>> one = read()["H4"]
>>> one.rule, one.smallest, one.words
('greater', 0.25, 'specified in this repository before the estimate was computed')
>>> one.specification.window
90
"""

from collections.abc import Mapping

from analysis_utils import run_context
from analysis_utils.asking import Refused, nearest
from analysis_utils.hypotheses.entries import (
    Check,
    Family,
    Hypothesis,
    Specification,
)
from analysis_utils.hypotheses.reader import FILE, parse, read

__all__ = [
    "FILE",
    "Check",
    "Family",
    "Hypothesis",
    "Specification",
    "grid",
    "hypothesis",
    "parse",
    "read",
    "specification",
]


def hypothesis(key: str) -> Hypothesis:
    """One hypothesis; the run that asks goes stale when its entry changes.

    >>> hypothesis("T2").family.name, round(hypothesis("T2").family.level, 3)
    ('ends', 0.983)
    """
    known = read()
    if key not in known:
        raise Refused(
            f"{FILE.name} has no hypothesis {key!r}{nearest(key, tuple(known))}"
        )
    run_context.record_hypothesis(key, known[key].fingerprint)
    return known[key]


def specification(key: str, **given: object) -> Specification:
    """The values that a hypothesis fixes, those `given` by a run in their place.

    A result recorded under other values than the registry's is a variant, and says so
    (`publish.hypothesis(..., specification=spec)`). Raises Refused for an unknown name.

    >>> spec = specification("H4", window=60)
    >>> spec.window, spec.departures
    (60, ['window is 60, specified 90'])
    """
    return Specification(key, hypothesis(key).specification.fixed, given)


def grid(key: str, check: str) -> Mapping[str, list]:
    """The choices of a specification curve, by name, as the registry lists them.

    >>> grid("C1", "curve")["lags"]
    [3, 6, 9, 12]
    """
    return hypothesis(key).check(check).grid

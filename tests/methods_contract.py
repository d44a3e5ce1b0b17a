"""One table over every public function of `methods/`: what must not change an answer.

Public is what a module lists in `__all__`, or, without one, each function whose name
has no underscore in front. A new function joins by a line in `CONTRACT`, in the file
`contract_<area>.py` of its area; `tests/test_methods_contract.py` runs the table.

A line says how to call the function on a random sample, which numbers of the result
count, which changes of the input must leave them alone (or move them in a known way),
which library it must agree with, and which values of which argument must be refused.
"""

import importlib
import inspect
import pkgutil
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

import analysis_utils
from analysis_utils import methods

Arguments = dict[str, Any]
Change = Callable[[Arguments, np.random.Generator], Arguments]
AREAS = (
    "contract_arguments",
    "contract_association",
    "contract_panels",
    "contract_its",
    "contract_newmethods",
)
PACKAGE = analysis_utils.__path__[0]


@dataclass(frozen=True)
class Same:
    """A change of the input, and what it makes of the numbers: nothing, by default.

    `expect(numbers, arguments)` gives the numbers expected after the change from
    those before it, for a change that moves them in a known way (a scale).
    """

    name: str
    change: Change
    expect: Callable[[np.ndarray, Arguments], np.ndarray] = lambda found, _: found


@dataclass(frozen=True)
class Line:
    """One function: how it is called, and what holds for it.

    name: dotted, below `methods`. sample: random arguments. numbers: what counts of
    the result. same: changes that must not matter. peer: the same numbers from the
    library. bad: an argument's values that must be refused with a ValueError of ours.
    """

    name: str
    sample: Callable[[np.random.Generator], Arguments]
    numbers: Callable[[Any], Any] = lambda result: result
    same: Sequence[Same] = ()
    peer: Callable[..., Any] | None = None
    peer_numbers: Callable[[Any], Any] | None = None
    bad: Mapping[str, st.SearchStrategy] = field(default_factory=dict)
    rtol: float = 1e-6
    draws: int = 3

    @property
    def function(self) -> Callable:
        """The function named."""
        module, _, name = self.name.rpartition(".")
        return getattr(importlib.import_module(f"{methods.__name__}.{module}"), name)

    def compared(self, arguments: Arguments) -> np.ndarray:
        """The numbers that the library is asked for; all, if not said otherwise."""
        result = self.function(**arguments)
        return flat((self.peer_numbers or self.numbers)(result))

    def values(self, arguments: Arguments) -> np.ndarray:
        """Call it, and return the numbers that count as one flat array."""
        return flat(self.numbers(self.function(**arguments)))


def flat(numbers: Any) -> np.ndarray:
    """Any numbers, Series or table, or a list of them, as one array of floats."""
    if isinstance(numbers, list):
        parts = [flat(item) for item in numbers]
        return np.concatenate(parts) if parts else np.empty(0)
    return np.asarray(numbers, dtype="float64").ravel()


def table() -> dict[str, Line]:
    """All lines of all areas, by name; a function may not stand twice."""
    found: dict[str, Line] = {}
    for area in AREAS:
        try:
            lines = importlib.import_module(area).LINES
        except ModuleNotFoundError as error:
            if error.name != area:
                raise
            continue
        for line in lines:
            if line.name in found:
                raise ValueError(f"{line.name} stands twice in the contract")
            found[line.name] = line
    return found


def public_functions() -> dict[str, Callable]:
    """Every public function defined below `methods/`, by its dotted name there."""
    found = {}
    for item in pkgutil.walk_packages(methods.__path__, methods.__name__ + "."):
        module = importlib.import_module(item.name)
        listed = getattr(module, "__all__", None)
        for name, value in vars(module).items():
            if not inspect.isfunction(value) or value.__module__ != item.name:
                continue
            if name in listed if listed is not None else not name.startswith("_"):
                short = item.name.removeprefix(methods.__name__ + ".")
                found[f"{short}.{name}"] = value
    return found


def refused_in_our_words(line: Line, arguments: Arguments) -> str:
    """Call it; return "" if a ValueError of our own came, else what came instead."""
    try:
        line.function(**arguments)
    except ValueError as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        if not where.filename.startswith(PACKAGE):
            return f"raised by {where.filename}:{where.lineno}: {error}"
        return "" if str(error).strip() else "a refusal without words"
    except Exception as error:  # a raw error is what this test looks for
        return f"{type(error).__name__}: {error}"
    return "accepted"


# --- changes that many functions share ------------------------------------------------


def shuffled_rows(argument: str) -> Same:
    """The rows of a table or Series in another order, with their labels."""
    return Same(
        f"rows of {argument} in another order",
        lambda a, rng: (
            a | {argument: a[argument].iloc[rng.permutation(len(a[argument]))]}
        ),
    )


def shifted(argument: str, column: str | None = None, by: float = 1234.5) -> Same:
    """A constant added to an argument, or to a column of a table."""
    where = argument if column is None else f"{argument}[{column}]"
    return Same(
        f"{where} + {by:g}", lambda a, _: a | _moved(a, argument, column, 1, by)
    )


def scaled(
    argument: str,
    column: str | None = None,
    by: float = 1000.0,
    expect: Callable[[np.ndarray, Arguments], np.ndarray] = lambda found, _: found,
) -> Same:
    """An argument, or a column of a table, in other units."""
    where = argument if column is None else f"{argument}[{column}]"
    return Same(
        f"{where} x {by:g}", lambda a, _: a | _moved(a, argument, column, by, 0), expect
    )


def relabelled(argument: str, column: str, prefix: str = "unit ") -> Same:
    """Other names for the units, in another order of the alphabet."""

    def change(a: Arguments, rng: np.random.Generator) -> Arguments:
        data = a[argument]
        names = data[column].unique()
        new = dict(zip(names, rng.permutation(len(names)), strict=True))
        renamed = data[column].map(lambda name: f"{prefix}{new[name]:03d}")
        return a | {argument: data.assign(**{column: renamed})}

    return Same(f"other names in {argument}[{column}]", change)


def _moved(
    a: Arguments, argument: str, column: str | None, scale: float, shift: float
) -> Arguments:
    data = a[argument]
    if column is None:
        return {argument: data * scale + shift}
    return {argument: data.assign(**{column: data[column] * scale + shift})}


# --- values that must be refused ------------------------------------------------------

WORDS = st.text(max_size=8) | st.none() | st.integers() | st.floats()
NOT_A_SHARE = (
    st.floats(min_value=1.0)
    | st.floats(max_value=0.0)
    | st.just(float("nan"))
    | st.sampled_from([95, "0.95", None, [0.95], np.array([0.9, 0.95])])
)
NOT_A_COUNT = (
    st.integers(max_value=-1)
    | st.floats()
    | st.sampled_from(["3", [3], (1,), np.array([1, 2]), 1.5, True])
)
NOT_A_FLAG = st.sampled_from(["yes", "no", "False", 2, -1, 0.5, [True], "drop"])
NOT_A_COLUMN = (
    st.text(max_size=8).map(lambda text: f"no such column {text}")
    | st.integers()
    | st.floats()
    | st.just(["x"])
)
NOT_A_TABLE = st.sampled_from(
    [None, [], {}, "data", 3, np.ones((3, 2)), pd.DataFrame(), pd.Series([1.0, 2.0])]
)
NOT_NUMBERS = st.sampled_from(
    [
        None,
        "text",
        [],
        pd.Series(dtype=float),
        pd.Series(["a", "b"] * 10),
        pd.Series([1.0, np.nan] * 10),
        pd.Series([1.0, np.inf] * 10),
    ]
)


def no_choice(allowed: Sequence[str]) -> st.SearchStrategy:
    """Anything that is not one of the allowed words."""
    return WORDS.filter(lambda value: value not in allowed)

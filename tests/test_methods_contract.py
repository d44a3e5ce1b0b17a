"""The table of `methods_contract.py`, run: every public function of `methods/`."""

import ast
import doctest
import importlib
import pkgutil
import re
from dataclasses import is_dataclass
from pathlib import Path

import methods_contract as contract
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from analysis_utils import methods

TABLE = contract.table()
SAME = [(name, same) for name, line in TABLE.items() for same in line.same]
PEERS = [name for name, line in TABLE.items() if line.peer is not None]
BAD = [(name, argument) for name, line in TABLE.items() for argument in line.bad]
SOURCE = Path(contract.PACKAGE)
NOTEBOOKS = SOURCE.parents[1] / "notebooks"
ENGINES = (
    "resampling.",
    "association.innovations",
)  # give arrays of draws, which no cell ends with
PENDING: tuple[str, ...] = ()  # areas whose lines are still being written


def test_every_public_function_has_a_line():
    public = {
        name for name in contract.public_functions() if not name.startswith(PENDING)
    }
    assert not sorted(public - set(TABLE)), "add a line to tests/contract_<area>.py"


def test_no_line_without_a_function():
    assert not sorted(set(TABLE) - set(contract.public_functions()))


def test_what_notebooks_and_studies_call_has_a_line():
    """`__all__` can't hide what others import from `methods/`."""
    called = set()
    texts = [p.read_text() for p in (SOURCE / "study").glob("*.py")]
    texts += [
        re.sub(r'\\n",?\n\s*"', "\n", p.read_text()) for p in NOTEBOOKS.glob("*.ipynb")
    ]
    for text in texts:
        for module, names in re.findall(
            r"from analysis_utils\.methods\.([\w.]+) import (\([^)]*\)|[^\n\"\\]+)",
            text,
        ):
            for name in re.findall(r"(\w+)(?: as \w+)?", names.strip("()")):
                called.add(f"{module}.{name}")
    functions = contract.public_functions()
    missing = {
        name
        for name in called
        if name in functions and not name.startswith(PENDING) and name not in TABLE
    }
    assert not sorted(missing)


@pytest.mark.parametrize("name, same", SAME, ids=[f"{n}: {s.name}" for n, s in SAME])
def test_what_must_not_matter_does_not(name, same):
    line = TABLE[name]
    for seed in range(line.draws):
        arguments = line.sample(np.random.default_rng(seed))
        before = line.values(arguments)
        changed = same.change(arguments, np.random.default_rng(seed + 100))
        expected = same.expect(before, arguments)
        scale = np.nanmax(np.abs(expected)) if len(expected) else 1.0
        np.testing.assert_allclose(
            line.values(changed), expected, rtol=line.rtol, atol=line.rtol * scale
        )


@pytest.mark.parametrize("name", PEERS)
def test_it_agrees_with_the_library(name):
    line = TABLE[name]
    for seed in range(line.draws):
        arguments = line.sample(np.random.default_rng(seed))
        np.testing.assert_allclose(
            line.compared(arguments),
            contract.flat(line.peer(**arguments)),
            rtol=line.rtol,
            atol=1e-9,
        )


@pytest.mark.parametrize("name", TABLE)
def test_a_result_shown_at_a_cells_end_is_short(name):
    line = TABLE[name]
    result = line.function(**line.sample(np.random.default_rng(0)))
    if is_dataclass(result) and not name.startswith(ENGINES):
        text = repr(result)
        assert len(text.splitlines()) <= 90 and "array(" not in text


@pytest.mark.parametrize("name, argument", BAD, ids=[f"{n}: {a}" for n, a in BAD])
def test_bad_arguments_are_refused_in_our_words(name, argument):
    line = TABLE[name]
    arguments = line.sample(np.random.default_rng(0))

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(value=line.bad[argument])
    def refused(value):
        came = contract.refused_in_our_words(line, arguments | {argument: value})
        assert not came, f"{name}({argument}={value!r}): {came}"

    refused()


MODULES = [
    item.name
    for item in pkgutil.walk_packages(methods.__path__, methods.__name__ + ".")
    if not item.name.removeprefix(methods.__name__ + ".").startswith(PENDING)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    found = doctest.testmod(importlib.import_module(name), report=True)
    assert not found.failed


def test_every_public_function_has_an_example():
    without = [
        name
        for name, function in contract.public_functions().items()
        if not name.startswith(PENDING) and ">>>" not in (function.__doc__ or "")
    ]
    assert not sorted(without)


def test_a_function_without_a_line_is_found(tmp_path):
    """The test above can fail: what it compares with is read from the modules."""
    public = contract.public_functions()
    assert "exact.equivalence" in public and "exact._positive" not in public
    tree = ast.parse((SOURCE / "methods" / "exact.py").read_text())
    names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert {n for n in names if not n.startswith("_")} == {
        name.split(".")[1] for name in public if name.startswith("exact.")
    }


def test_a_raw_error_is_told_from_a_refusal():
    line = contract.Line("exact.poisson_interval", lambda rng: {})
    assert contract.refused_in_our_words(line, {}).startswith("TypeError")
    assert contract.refused_in_our_words(line, {"count": -1}) == ""
    assert contract.refused_in_our_words(line, {"count": 3}) == "accepted"

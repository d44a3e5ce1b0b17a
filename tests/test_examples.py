"""Worked examples in docstrings run, and what notebooks call has one.

Those of `methods/` are run by `test_methods_contract.py`.
"""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import analysis_utils
from analysis_utils import hypotheses, publish

MODULES = [
    item.name
    for item in pkgutil.walk_packages(analysis_utils.__path__, "analysis_utils.")
    if ".methods" not in item.name and not item.name.endswith("__main__")
]


def with_examples() -> list[str]:
    """Modules of which a docstring shows an example."""
    texts = {name: importlib.util.find_spec(name).origin for name in MODULES}
    return [name for name, path in texts.items() if ">>> " in open(path).read()]


@pytest.mark.parametrize("name", with_examples())
def test_examples_run(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted and not found.failed


@pytest.mark.parametrize("package", [publish, hypotheses], ids=lambda p: p.__name__)
def test_what_a_notebook_calls_shows_an_example(package):
    functions = {n: getattr(package, n) for n in package.__all__}
    without = [
        name
        for name, one in functions.items()
        if inspect.isfunction(one) and ">>> " not in (inspect.getdoc(one) or "")
    ]
    assert not without

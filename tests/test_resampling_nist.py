"""NIST's certified regressions: digits right (log relative error) of the engine."""

import json

import numpy as np
import pytest
import validation
from statsmodels.datasets import longley

from analysis_utils.methods.resampling.linear import LinearEngine

SETS = validation.SHARED / "nist_strd" / "nist_strd_linear.json"

# The digits that QR with scaled columns keeps; statsmodels' default (pinv) keeps 0 of
# Filip, the normal equations 6 of Longley and none of Filip.
DIGITS = {
    "filip": (7, 7),
    "longley": (11, 11),
    "pontius": (12, 12),
    "norris": (12, 13),
    "noint1": (14, 14),
    "noint2": (14, 14),
    "wampler1": (9, None),
    "wampler2": (12, None),
    "wampler3": (11, 13),
    "wampler4": (10, 13),
    "wampler5": (8, 13),
}
DEGREE = {"filip": 10, "pontius": 2, "norris": 1, "noint1": None, "noint2": None}


def digits(ours, certified):
    """The smallest number of significant digits that agree."""
    error = np.abs(ours - certified) / np.abs(certified)
    return float(-np.log10(np.maximum(error, 1e-16)).min())


def design_of(name, x):
    x = np.array(x, dtype=float)
    if name == "longley":
        return np.column_stack([np.ones(16), x.reshape(16, 7)[:, -6:]])
    degree = DEGREE.get(name, 5)
    return x[:, None] if degree is None else x[:, None] ** np.arange(degree + 1)


@pytest.mark.parametrize("name", DIGITS)
def test_certified_digits(name):
    if not SETS.exists():
        pytest.skip(f"{name}: the NIST sets are absent, no {SETS}")
    data = json.loads(SETS.read_text())[name]
    fits = LinearEngine(design_of(name, data["x"])).fit(np.array(data["y"]))
    params, errors = DIGITS[name]
    assert digits(fits.params[:, 0], np.array(data["certified_b"])) >= params
    if errors is not None:
        assert digits(fits.bse[:, 0], np.array(data["certified_sd"])) >= errors


def test_longley_without_the_file():
    data = longley.load_pandas()
    x = data.exog.assign(const=1.0)
    fits = LinearEngine(x).fit(data.endog.to_numpy())
    assert digits(fits.params[-1, 0], -3482258.63459582) >= 10
    assert digits(fits.bse[-1, 0], 890420.383607373) >= 11


def test_wampler_by_formula():
    x = np.arange(21.0)[:, None] ** np.arange(6)
    fits = LinearEngine(x).fit(
        np.column_stack([x.sum(axis=1), x @ 10.0 ** -np.arange(6)])
    )
    assert digits(fits.params[:, 0], np.ones(6)) >= 9
    assert digits(fits.params[:, 1], 10.0 ** -np.arange(6)) >= 12

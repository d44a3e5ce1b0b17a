"""What residuals say against a model stands in `result.notes`, for every estimator."""

import numpy as np
import pandas as pd
import pytest
from its_data import counts, event, gaussian

from analysis_utils.methods.its import InterruptedTimeSeries, Sarima, Structural

GAUSSIAN = ["ols", "newey-west", "prais-winsten", "reml-ar1"]
STATES = [Sarima((1, 0, 0)), Structural()]
COUNTS = [
    ("poisson", None),
    ("poisson", "newey-west"),
    ("quasipoisson", None),
    ("quasipoisson", "reml-ar1"),
    ("negative_binomial", None),
]


def _noted(y, words, **options):
    notes = InterruptedTimeSeries(y, event(), **options).fit().notes
    return any(words in note for note in notes)


def _ar2(seed, n=120):
    e = np.random.default_rng(seed).standard_normal(n + 50)
    for t in range(2, n + 50):
        e[t] += 0.3 * e[t - 1] + 0.5 * e[t - 2]
    return pd.Series(e[50:], pd.period_range("2020-01", periods=n, freq="M"))


def _wilder_after(seed, n=48):
    y = gaussian(n, seed=seed)
    return y + 4 * (gaussian(n, seed=seed + 100) - 10) * (np.arange(n) >= 24)


@pytest.mark.parametrize("errors", ["ols", "prais-winsten", "reml-ar1", STATES[0]])
def test_a_second_lag_is_noted(errors):
    found = [_noted(_ar2(s), "autocorrelated", errors=errors) for s in range(10)]
    assert sum(found) >= 8


@pytest.mark.parametrize("errors", [*GAUSSIAN, *STATES])
def test_a_variance_that_changes_is_noted(errors):
    found = [
        _noted(_wilder_after(s), "Residuals vary", errors=errors) for s in range(8)
    ]
    assert sum(found) >= 7


@pytest.mark.parametrize("family, errors", COUNTS)
def test_more_zeros_than_the_family_has_are_noted(family, errors):
    y = counts(mean=40, dispersion=1.5, n=60)
    y.iloc[np.random.default_rng(4).choice(60, 30, replace=False)] = 0.0
    assert _noted(y, "0", family=family, errors=errors)
    assert _noted(y, "counts are 0", family=family, errors=errors)


@pytest.mark.slow
def test_a_good_model_has_few_notes():
    found = [
        len(InterruptedTimeSeries(gaussian(seed=s), event()).fit().notes)
        for s in range(100)
    ]
    assert sum(found) <= 25  # two tests at 5 %, and the scatter of a hundred draws


@pytest.mark.slow
def test_counts_of_the_family_have_few_notes():
    found = [
        _noted(counts(seed=s, mean=3, dispersion=2), "Zero", family="quasipoisson")
        for s in range(60)
    ]
    assert sum(found) <= 9

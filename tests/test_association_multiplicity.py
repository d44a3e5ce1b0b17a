"""Adjusted p-values: against statsmodels, scipy, a slow stepdown, and by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from analysis_utils.asking import NotTestable
from analysis_utils.methods.multiplicity import (
    benjamini_hochberg,
    holm,
    romano_wolf,
    romano_wolf_regressions,
)

P = pd.Series([0.01, 0.04, 0.03, 0.005], index=list("abcd"))


def test_holm_by_hand():
    assert holm(P).round(10).tolist() == [0.03, 0.06, 0.06, 0.02]
    assert list(holm(P).index) == list("abcd")


def test_benjamini_hochberg_equals_scipy():
    np.testing.assert_allclose(benjamini_hochberg(P), false_discovery_control(P))


def test_romano_wolf_equals_the_definition():
    rng = np.random.default_rng(0)
    t = pd.Series([2.9, 0.4, -2.2, 1.7])
    draws = rng.standard_normal((499, 4)) @ np.linalg.cholesky(0.5 * np.eye(4) + 0.5).T
    left, previous, expected = [0, 1, 2, 3], 0.0, {}
    while left:
        top = max(left, key=lambda j: abs(t[j]))
        exceed = (np.abs(draws[:, left]).max(axis=1) >= abs(t[top])).sum()
        previous = max(previous, (exceed + 1) / 500)
        expected[top] = previous
        left.remove(top)
    assert romano_wolf(t, draws).to_dict() == pytest.approx(expected)


def test_romano_wolf_is_sharper_than_holm_when_tests_move_together():
    rng = np.random.default_rng(1)
    common = rng.standard_normal((4999, 1))
    draws = 0.95 * common + 0.3 * rng.standard_normal((4999, 10))
    t = pd.Series(np.full(10, 2.4))
    single = ((np.abs(draws) >= 2.4).sum(axis=0) + 1) / 5000
    assert romano_wolf(t, draws).max() < 0.6 * holm(pd.Series(single)).max()


def regressions(effect, seed=0, n=90):
    """Five outcomes that share most of their errors; the first has an effect."""
    rng = np.random.default_rng(seed)
    step = (np.arange(n) >= n // 2).astype(float)
    design = pd.DataFrame({"const": 1.0, "level": step})
    noise = rng.standard_normal((n, 1)) + 0.3 * rng.standard_normal((n, 5))
    noise[:, 0] += effect * step
    return pd.DataFrame(noise, columns=list("abcde")), design


def test_romano_wolf_of_regressions_finds_the_one_effect():
    table = romano_wolf_regressions(*regressions(2.0), "level", length=4, draws=999)
    assert table.loc["a", "romano_wolf"] < 0.01
    assert (table["romano_wolf"] >= table["p"]).all()
    assert table.loc["a", "estimate"] == pytest.approx(
        regressions(2.0)[0]["a"].iloc[45:].mean()
        - regressions(2.0)[0]["a"].iloc[:45].mean()
    )


def test_romano_wolf_of_regressions_keeps_the_familywise_error():
    rejected = np.mean(
        [
            romano_wolf_regressions(
                *regressions(0.0, seed), "level", length=1, draws=199
            )["romano_wolf"].min()
            <= 0.05
            for seed in range(100)
        ]
    )
    assert rejected <= 0.12


@pytest.mark.parametrize(
    "call",
    [
        lambda: holm(pd.Series([0.1, np.nan])),
        lambda: holm(pd.Series([], dtype=float)),
        lambda: romano_wolf(pd.Series([1.0]), np.zeros((9, 2))),
        lambda: romano_wolf(pd.Series([1.0]), np.full((9, 1), np.nan)),
        lambda: holm(pd.Series([0.1, 1.2])),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(NotTestable):
        call()

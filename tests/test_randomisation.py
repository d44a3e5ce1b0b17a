"""Randomisation over clusters against full enumeration and brute force."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.randomisation import (
    additive,
    invert,
    linear_interval,
    randomise,
    score_contributions,
)


def panel(seed, G=6, T=8, treated=2, effect=0.0):
    rng = np.random.default_rng(seed)
    d = np.zeros((G, T))
    d[:treated, 4:] = 1
    d[0, 3] = 1
    y = rng.normal(size=(G, T)) + rng.normal(size=(G, 1)) + effect * d
    return demeaned(y), demeaned(d), d


def demeaned(values):
    return values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_p_equals_the_enumeration_of_all_permutations(seed):
    y, d, raw = panel(seed)
    table = score_contributions(y, d)
    made = randomise(additive(table), raw)
    orders = np.array(list(permutations(range(6))))
    every = table[np.arange(6), orders].sum(axis=1)
    observed = np.trace(table)
    assert made.enumerated
    assert len(made.draws) == 30  # 6 * 5: one early, one late, four never
    exact = (np.abs(every) >= abs(observed) * (1 - 1e-9)).mean()
    assert made.pvalue == pytest.approx(exact)


def test_random_draws_approach_the_enumeration():
    y, d, raw = panel(3, G=9, treated=3, effect=0.4)
    table = score_contributions(y, d)
    exact = randomise(additive(table), raw, draws=100_000)
    drawn = randomise(additive(table), raw, draws=200, seed=1)
    assert exact.enumerated and not drawn.enumerated
    assert drawn.pvalue == pytest.approx(exact.pvalue, abs=0.1)


def test_strata_hold_assignments_within_them():
    y, d, raw = panel(1)
    table = score_contributions(y, d)
    made = randomise(additive(table), raw, strata=[0, 1, 0, 1, 0, 1])
    assert len(made.draws) == 9
    with pytest.raises(NotTestable, match="same history"):
        randomise(additive(table), raw, strata=range(6))


def test_order_of_clusters_does_not_matter():
    y, d, raw = panel(2, effect=1.0)
    order = np.random.default_rng(0).permutation(6)
    one = randomise(additive(score_contributions(y, d), True), raw)
    other = randomise(
        additive(score_contributions(y[order], d[order]), True), raw[order]
    )
    assert one.observed == pytest.approx(other.observed)
    assert one.pvalue == pytest.approx(other.pvalue)


@pytest.mark.parametrize("seed", range(4))
def test_interval_equals_a_search_over_effects(seed):
    y, d, raw = panel(seed, effect=0.8, treated=3, G=7)
    made = linear_interval(y, d, alpha=0.1)
    orders = randomise_orders(raw)

    def p(effect):
        values = score_contributions(y - effect * d, d)[np.arange(7), orders]
        sums = np.abs(values.sum(axis=1))
        return (sums >= sums[0] * (1 - 1e-9)).mean()

    for limit, outward in ((made["lower"], -1), (made["upper"], 1)):
        assert p(limit - outward * 1e-6) > 0.1
        assert p(limit + outward * 1e-6) <= 0.1


def randomise_orders(raw):
    """Distinct assignments, the observed one first."""
    seen = {}
    for order in permutations(range(len(raw))):
        seen.setdefault(raw[list(order)].tobytes(), order)
    return np.array(list(seen.values()))


def test_size_under_the_null_with_two_treated_clusters():
    rejected = 0
    for seed in range(300):
        y, d, raw = panel(seed, G=12, treated=2)
        rejected += randomise(additive(score_contributions(y, d)), raw).pvalue <= 0.05
    assert rejected <= 27  # 15 expected; more than 27 has probability .002


def test_interval_by_bisection():
    low, high = invert(lambda e: max(0, 1 - abs(e - 2)), 2, -5, 9, alpha=0.5)
    assert low == pytest.approx(1.5, abs=0.02)
    assert high == pytest.approx(2.5, abs=0.02)
    assert invert(lambda e: 1.0, 0, -1, 1) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: randomise(lambda o: o.sum(1), [1, 1, 1]), "same history"),
        (lambda: randomise(lambda o: o, [0, 1, 1]), "one value for each"),
        (lambda: randomise(lambda o: o.sum(1), [0, 1], draws=0), "draws"),
        (lambda: randomise(lambda o: o.sum(1), ["a", "b"]), "finite numbers"),
        (lambda: randomise(lambda o: o.sum(1), [0, 1], strata=[1]), "strata"),
        (lambda: additive(np.ones((2, 3))), "clusters by clusters"),
        (lambda: score_contributions([1.0], [1.0, 2]), "same clusters"),
        (lambda: linear_interval([1.0, 2], [0.0, 0]), "does not vary"),
        (lambda: linear_interval([1.0, 2], [0.0, 1], alpha=95), "between 0 and 1"),
        (lambda: invert(lambda e: 1, 5, 0, 1), "must lie between"),
    ],
)
def test_refused_in_words(call, words):
    with pytest.raises(Refused, match=words):
        call()

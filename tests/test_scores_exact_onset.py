"""Scores, exact bounds, onsets and detectable effects: identities and refusals."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods import detectable, exact, onset, scores

LEVELS = [0.025, 0.25, 0.5, 0.75, 0.975]
MODULES = [
    "exact",
    "scores",
    "onset",
    "detectable",
    "randomisation",
    "curve",
    "hazards.fit",
    "hazards.collapse",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    made = doctest.testmod(import_module(f"analysis_utils.methods.{name}"))
    assert made.attempted > 0
    assert made.failed == 0


def normal_table(n=5, levels=LEVELS):
    return pd.DataFrame({q: np.arange(n) + stats.norm.ppf(q) for q in levels})


def test_wis_is_twice_the_mean_pinball_loss_and_approaches_the_crps():
    y = np.array([0.3, 1.0, 4.0, 2.0, 4.5])
    table = normal_table()
    levels = np.array(LEVELS)
    gap = y[:, None] - table.to_numpy()
    pinball = np.maximum(levels * gap, (levels - 1) * gap).mean(axis=1)
    np.testing.assert_allclose(scores.wis(table, y), 2 * pinball)
    fine = normal_table(levels=np.arange(1, 400) / 400)
    exact_crps = [  # Gneiting & Raftery 2007, equation 21
        z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
        for z in y - np.arange(5)
    ]
    np.testing.assert_allclose(scores.wis(fine, y), exact_crps, rtol=0.02)


def test_crps_of_samples_approaches_the_formula_and_is_fair():
    rng = np.random.default_rng(0)
    z = 0.7
    exact_crps = (
        z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    )
    few = scores.crps(rng.normal(size=(5, 20_000)), np.full(20_000, z)).mean()
    many = scores.crps(rng.normal(size=(50_000,)), z)
    assert few == pytest.approx(exact_crps, abs=0.01)  # unbiased with 5 draws
    assert many == pytest.approx(exact_crps, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=9), st.floats(-100, 100))
def test_crps_equals_the_double_loop(draws, y):
    x = np.array(draws)
    m = len(x)
    pairs = np.abs(x[:, None] - x).sum() / (m * (m - 1))
    expected = np.abs(x - y).mean() - pairs / 2
    assert scores.crps(x, y) == pytest.approx(expected, abs=1e-9)


def test_labels_decide_not_positions():
    table = normal_table().set_axis(list("abcde"))
    y = pd.Series([0.0, 1, 2, 3, 4], list("abcde"))
    np.testing.assert_allclose(scores.wis(table, y.iloc[::-1]), scores.wis(table, y))
    shuffled = table[[0.5, 0.975, 0.25, 0.75, 0.025]]
    np.testing.assert_allclose(scores.wis(shuffled, y), scores.wis(table, y))
    with pytest.raises(Refused, match="labels"):
        scores.wis(table, y.rename({"a": "z"}))


def test_coverage_of_right_predictions():
    rng = np.random.default_rng(1)
    table = normal_table(2000)
    made = scores.coverage(table, np.arange(2000) + rng.normal(size=2000))
    assert made.loc[0.5, "share"] == pytest.approx(0.5, abs=0.04)
    assert made.loc[0.95, "share"] == pytest.approx(0.95, abs=0.02)


def test_reliability_of_right_and_wrong_probabilities():
    rng = np.random.default_rng(2)
    p = rng.random(5000)
    y = (rng.random(5000) < p).astype(int)
    table = scores.reliability(p, y)
    inside = (table["lower"] <= table["predicted"]) & (
        table["predicted"] <= table["upper"]
    )
    assert inside.sum() >= 8
    assert table["n"].sum() == 5000
    assert scores.brier(p, y) < scores.brier(1 - p, y)
    assert scores.brier(y, y) == 0


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: scores.wis(normal_table(levels=[0.1, 0.5]), [1] * 5), "in pairs"),
        (lambda: scores.wis(-normal_table(), [1] * 5), "higher level"),
        (lambda: scores.wis(normal_table(), [1, 2]), "5 values"),
        (lambda: scores.wis(pd.DataFrame({"a": [1.0]}), [1]), "columns are levels"),
        (lambda: scores.crps([[1.0]], [1.0, 2]), "shape"),
        (lambda: scores.crps([np.nan, 1.0], 1.0), "missing"),
        (lambda: scores.interval_score(3, 1, 2, 0.1), "above"),
        (lambda: scores.interval_score(1, 3, 2, 90), "between"),
        (lambda: scores.brier([1.2], [1]), "between 0 and 1"),
        (lambda: scores.brier([0.2], [2]), "0 or 1"),
        (lambda: scores.reliability([0.1, 0.2], [0, 1], 0), "groups"),
        (lambda: exact.poisson_interval(-1), "whole number"),
        (lambda: exact.poisson_interval(1.5), "whole number"),
        (lambda: exact.poisson_interval(1, 0), "above 0"),
        (lambda: exact.poisson_interval(1, alpha=95), "between 0 and 1"),
        (lambda: exact.poisson_interval(1, side="left"), "hoose one of"),
        (lambda: exact.equivalence(0, 1, 1, -1), "below"),
        (lambda: exact.equivalence("a", 1, 0, 1), "a number"),
        (lambda: onset.fit_onset(pd.Series([0, 0, 0]), 1), "all are 0"),
        (lambda: onset.fit_onset(pd.Series([0, 1, 2]), 9), "not a period"),
        (lambda: onset.fit_onset(pd.Series([0, 1, 2]), 1, "jump"), "not known"),
        (lambda: onset.fit_onset(pd.Series([0, 1.5, 2]), 1), "whole numbers"),
        (lambda: onset.cumulative_effect(pd.Series([0, 0, 3]), 2, [5]), "horizon 5"),
        (lambda: onset.compare_onsets(pd.Series([0, 0, 3]), 1), "leave none"),
        (lambda: detectable.detectable_effect(lambda e, n, r: True, 0, 1), "is needed"),
        (lambda: detectable.detectable_effect(never, 0, 1), "cannot answer"),
        (lambda: detectable.detectable_effect(never, 0, 1, target=80), "between"),
    ],
)
def test_refused_in_words(call, words):
    with pytest.raises(Refused, match=words):
        call()


def never(effect, size, rng):
    return np.zeros(size, dtype=bool)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 200), st.floats(0.1, 50))
def test_poisson_limits_have_their_tails(count, exposure):
    low, high = exact.poisson_interval(count, exposure)
    assert stats.poisson.cdf(count, high * exposure) == pytest.approx(0.025)
    if count:
        assert stats.poisson.sf(count - 1, low * exposure) == pytest.approx(0.025)


def made_counts(form, seed=0, **shape):
    t = np.arange(120)
    mean = 0.3 + 15 * onset.shape_of(form, t - 60, **shape)
    index = pd.period_range("2020-01-06", periods=120, freq="W-SUN")
    return pd.Series(np.random.default_rng(seed).poisson(mean), index)


@pytest.mark.parametrize(
    "form, shape",
    [
        ("step", {"delay": 5}),
        ("ramp", {"delay": 3, "length": 26}),
        ("transfer", {"delay": 4, "delta": 0.9}),
        ("logistic", {"mid": 20, "width": 4}),
    ],
)
def test_the_form_that_made_the_counts_is_recovered(form, shape):
    y = made_counts(form, **shape)
    fit = onset.fit_onset(y, y.index[60], form)
    assert fit.level == pytest.approx(15, rel=0.2)
    assert fit.base == pytest.approx(0.3, abs=0.2)
    truth = onset.shape_of(form, np.arange(60), **shape)
    gap = onset.shape_of(form, np.arange(60), **fit.shape) - truth
    assert np.abs(gap).mean() < 0.08
    ranked = onset.compare_onsets(y, y.index[60], first=20, every=5)
    assert ranked.index[-1] == "none"
    assert ranked.loc[form, "crps"] < 1.25 * ranked["crps"].min()


def test_base_and_level_are_the_maximum():
    y = made_counts("step", delay=5)
    grid = [{"delay": 5}]
    fit = onset.fit_onset(y, y.index[60], "step", grid=grid)
    # for a step the maximum is the mean before and the mean after
    assert fit.base == pytest.approx(y.iloc[:65].mean())
    assert fit.base + fit.level == pytest.approx(y.iloc[65:].mean())


def test_a_later_end_does_not_change_the_effect_before_it():
    y = made_counts("step", delay=5)
    early = onset.cumulative_effect(y.iloc[:90], y.index[60], [4, 12])
    late = onset.cumulative_effect(y, y.index[60], [4, 12])
    pd.testing.assert_frame_equal(early, late)
    backwards = onset.cumulative_effect(y.iloc[::-1], y.index[60], [4, 12])
    pd.testing.assert_frame_equal(backwards, late)


def test_counterfactual_is_not_negative_and_holds_the_future():
    rng, held = np.random.default_rng(5), 0
    for _ in range(400):
        y = pd.Series(rng.poisson(0.15, 80))
        if not y.sum():
            continue
        row = onset.cumulative_effect(y, 60, [20]).iloc[0]
        assert row["lower"] >= 0
        held += row["lower"] <= row["observed"] <= row["upper"]
    assert held >= 370


def test_exposure_scales_the_counterfactual():
    y = made_counts("step", delay=0)
    size = pd.Series(2.0, y.index)
    size.iloc[60:] = 4.0
    doubled = onset.cumulative_effect(y, y.index[60], [10], exposure=size)
    plain = onset.cumulative_effect(y, y.index[60], [10])
    ratio = doubled["counterfactual"] / plain["counterfactual"]
    assert ratio.iloc[0] == pytest.approx(2)


def test_detectable_effect_of_a_known_test():
    def z_test(effect, size, rng):
        return np.abs(rng.standard_normal(size) + effect) > stats.norm.isf(0.025)

    truth = stats.norm.isf(0.025) + stats.norm.ppf(0.8)
    found = detectable.detectable_effect(z_test, 0, 6, n_sim=8000)
    assert found == pytest.approx(truth, abs=0.12)
    down = detectable.detectable_effect(z_test, 0, -6, n_sim=8000)
    assert down == pytest.approx(-truth, abs=0.12)
    with pytest.raises(NotTestable):
        detectable.detectable_effect(z_test, 0, 1, n_sim=500)

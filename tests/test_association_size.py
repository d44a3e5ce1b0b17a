"""Error rates of associations, small: the full table is made by `make calibrate`."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
from association_sizes import KINDS, MAIN, calibrate_associations, pvalues
from calibration_page import page
from numpy.lib.stride_tricks import sliding_window_view

from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import associate
from analysis_utils.methods.association.innovations import fit_autoregression
from analysis_utils.run_context import ROOT


def rejections(kind, method="prewhiten", n=60, draws=200, **options):
    rng = np.random.default_rng(7)
    p = pvalues(KINDS[kind], n, 199, {"method": method, **options}, draws, rng)
    kept = p[~np.isnan(p)]
    return float(np.mean(kept <= 0.05))


def both_rejections(kind, draws=300):
    """Share of pairs with p of 5 % or less, at lag 0 and for the largest of 13 lags."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(draws):
        pair = [KINDS[kind](60, rng) for _ in "xy"]
        result = associate(*pair, max_lag=6, n_resamples=199)
        found.append([result.pvalues.loc[0] <= 0.05, result.sup_pvalue <= 0.05])
    return np.mean(found, axis=0)


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    [
        "white",
        "AR .9",
        "random walk",
        "random walk + drift",
        "trend + AR .5",
        "trending counts, dispersion 5",
        "both 5 times noisier in the last quarter",
        "the same, AR .5",
        "both jump by 5 sd in the last fifth",
        "counts 5, then 15",
        "counts 5, then 50",
        "counts 5, then 50, dispersion 10",
    ],
)
def test_prewhitening_holds_its_size(kind):
    assert max(both_rejections(kind)) <= 0.09


@pytest.mark.long
@pytest.mark.parametrize(
    "kind", ["counts 0, then 20", "counts 0.1, then 20, dispersion 5"]
)
def test_zeros_and_then_counts_hold_their_size(kind):
    assert rejections(kind, max_lag=0, draws=300) <= 0.09


def test_lags_that_the_moving_periods_do_not_carry_are_refused():
    """Twelve months of counts after four years of zeros are twelve months."""
    rng = np.random.default_rng(0)
    zeros = np.zeros(48)
    pair = [np.r_[zeros, rng.poisson(20, 12)] for _ in "xy"]
    found = associate(*pair, max_lag=0, n_resamples=199)
    assert (found.series != 0).sum().max() <= 14
    with pytest.raises(NotTestable, match="varies in 12 periods and stands still"):
        associate(*pair, max_lag=6)


@pytest.mark.parametrize(
    "kind", ["counts 5, then 50", "both jump by 5 sd in the last fifth"]
)
def test_steps_and_bursts_left_in_are_the_trap(kind):
    assert rejections(kind, steps=0, regimes=0, draws=150) > 0.15


def test_a_burst_is_found_and_brought_to_one_size():
    rng = np.random.default_rng(0)
    scale = np.where(np.arange(60) < 45, 1.0, 5.0)
    x, y = rng.standard_normal((2, 60)) * scale
    found = associate(x, y, max_lag=0, n_resamples=199)
    assert [abs(found.regimes[name][0] - 45) <= 3 for name in "xy"] == [True, True]
    assert found.series.iloc[:40].std().to_numpy() == pytest.approx([1, 1], abs=0.2)
    assert found.series.iloc[48:].std().to_numpy() == pytest.approx([1, 1], abs=0.3)
    assert "Variance of x taken as another from 4" in str(found.summary())
    assert associate(x, y, max_lag=0, regimes=0).regimes == {"x": [], "y": []}


def test_a_true_relation_inside_the_burst_is_still_found():
    rng = np.random.default_rng(0)
    scale = np.where(np.arange(60) < 45, 1.0, 5.0)
    found = []
    for _ in range(60):
        x, e = rng.standard_normal((2, 60))
        result = associate(x * scale, (0.8 * x + 0.6 * e) * scale, n_resamples=199)
        found.append(result.sup_pvalue <= 0.05)
    assert np.mean(found) > 0.75


def test_detectable_correlation_is_found_with_its_power():
    rng = np.random.default_rng(4)
    n = 80
    asked = associate(*rng.standard_normal((2, n)), max_lag=0, n_resamples=499)
    r = float(asked.detectable(0.8).loc[0])
    assert 0.28 < r < 0.36  # tanh((1.96 + .84) / sqrt(77)) is .31
    hits = []
    for _ in range(200):
        x, e = rng.standard_normal((2, n))
        pair = associate(x, r * x + np.sqrt(1 - r * r) * e, max_lag=0, n_resamples=199)
        hits.append(pair.sup_pvalue <= 0.05)
    assert 0.68 < np.mean(hits) < 0.92


@pytest.mark.parametrize(
    "kind, method, low, high",
    [
        ("random walk", "naive", 0.6, 0.78),
        ("random walk + drift", "naive", 0.97, 1),
        ("white", "difference", 0.07, 0.16),  # differences of white noise are not white
        ("random walk + drift", "bretherton", 0.12, 0.27),
        ("trend + AR .5", "bretherton", 0.9, 1),
        ("random walk + drift", "pyper-peterman", 0.7, 1),
        ("random walk", "phase", 0.14, 0.3),
        ("trend + AR .5", "shift", 0.8, 1),
        ("random walk", "block", 0.14, 0.4),
    ],
)
def test_the_others_fail_where_measured(kind, method, low, high):
    assert low <= rejections(kind, method, draws=200) <= high


def test_spurious_regression_of_granger_and_newbold():
    """Two random walks, T = 50: |t| > 2 in two thirds, median R2 .17, median DW .29."""
    rng = np.random.default_rng(1974)
    x, y = rng.standard_normal((2, 4000, 50)).cumsum(axis=2)
    x, y = (item - item.mean(axis=1, keepdims=True) for item in (x, y))
    slope = (x * y).sum(axis=1) / (x**2).sum(axis=1)
    errors = y - slope[:, None] * x
    r2 = 1 - (errors**2).sum(axis=1) / (y**2).sum(axis=1)
    t = np.sqrt(48 * r2 / (1 - r2))
    dw = (np.diff(errors, axis=1) ** 2).sum(axis=1) / (errors**2).sum(axis=1)
    assert np.mean(t > 2) == pytest.approx(0.667, abs=0.03)
    assert np.median(r2) == pytest.approx(0.17, abs=0.02)
    assert np.median(dw) == pytest.approx(0.29, abs=0.02)


def test_the_filter_leaves_no_autocorrelation():
    values = KINDS["AR .9"](400, np.random.default_rng(3))
    left = fit_autoregression(values).whiten(values)
    pairs = sliding_window_view(left, 2)
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.1


def test_the_archived_sizes_are_those_of_the_code(monkeypatch):
    kept = pd.read_csv(ROOT / "docs" / "calibration_association.csv")
    monkeypatch.setattr("association_sizes.KINDS", {"white": KINDS["white"]})
    monkeypatch.setattr("association_sizes.LENGTHS", (36,))
    made = calibrate_associations()
    rows = (kept["series"] == "white") & (kept["n"] == 36)
    assert list(made["method"]) == list(MAIN)
    pd.testing.assert_frame_equal(made, kept[rows].reset_index(drop=True))


def test_the_page_of_error_rates_is_made_of_the_tables():
    docs = ROOT / "docs"
    assert page(docs) == (docs / "calibration.md").read_text(encoding="utf-8")

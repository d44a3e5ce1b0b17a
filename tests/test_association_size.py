"""Error rates of associations, small: the full table is made by `make calibrate`."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from analysis_utils.methods.association_calibration import KINDS, pvalues
from analysis_utils.methods.autoregression import fit_autoregression


def rejections(kind, method, n=60, max_lag=0, period=None, draws=300):
    rng = np.random.default_rng(7)
    p = pvalues(KINDS[kind], n, 199, method, max_lag, period, draws, rng)
    return float(np.mean(p <= 0.05))


@pytest.mark.parametrize(
    "kind",
    [
        "white",
        "AR .9",
        "random walk",
        "random walk + drift",
        "trend + AR .5",
        "trending counts, dispersion 5",
    ],
)
def test_prewhitening_holds_its_size(kind):
    assert rejections(kind, "prewhiten") <= 0.09


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

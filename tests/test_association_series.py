"""associate(): against published numbers, known relations, traps and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import METHODS, associate
from analysis_utils.methods.association.correlations import (
    bretherton_size,
    cross_correlations,
)
from analysis_utils.methods.association.innovations import (
    aic_of_orders,
    fit_autoregression,
)


def series(n=80, seed=0, kind="white"):
    noise = np.random.default_rng(seed).standard_normal(n)
    values = {
        "white": noise,
        "walk": noise.cumsum(),
        "trend": noise + 0.3 * np.arange(n),
    }[kind]
    return pd.Series(values, pd.date_range("2015-01-01", periods=n, freq="MS"))


def related(n=120, lag=3, strength=0.9, seed=1):
    x = series(n + lag, seed, "walk")
    noise = np.random.default_rng(seed + 1).standard_normal(n + lag)
    y = strength * x.shift(lag) + 0.4 * noise
    return x.iloc[lag:].rename("x"), y.iloc[lag:].rename("y")


def fast(x, y, method="prewhiten", max_lag=4, **options):
    return associate(x, y, method, max_lag, **{"n_resamples": 199, **options})


def test_autoregression_equals_statsmodels():
    values = series(150, 3, "walk").to_numpy()
    peer = ar_select_order(values, maxlag=8, ic="aic", trend="c")
    ours = fit_autoregression(values, max_order=8)
    assert ours.order == max(peer.ar_lags or [0])
    model = AutoReg(values, ours.order, trend="c").fit()
    np.testing.assert_allclose(
        [ours.intercept, *ours.coefficients], model.params, rtol=1e-9
    )
    np.testing.assert_allclose(
        ours.whiten(values) - ours.intercept, model.resid, atol=1e-10
    )
    differences = aic_of_orders(values, 8)
    fits = [AutoReg(values, p, trend="c", hold_back=8).fit().aic for p in range(9)]
    np.testing.assert_allclose(np.diff(differences), np.diff(fits), atol=1e-8)


@pytest.mark.parametrize(
    "measure, peer",
    [
        ("pearson", stats.pearsonr),
        ("spearman", stats.spearmanr),
        ("kendall", stats.kendalltau),
    ],
)
def test_measures_equal_scipy_at_lag_zero(measure, peer):
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 9, 50).astype(float), rng.integers(0, 9, 50).astype(float)
    ours = cross_correlations(x, y, np.array([0]), measure)[0, 0]
    assert ours == pytest.approx(peer(x, y).statistic, abs=1e-12)


def test_kendall_uses_the_pairs_that_overlap():
    x, y = np.random.default_rng(6).standard_normal((2, 40))
    ours = cross_correlations(x, y, np.array([-3, 5]), "kendall")[0]
    expected = [
        stats.kendalltau(x[3:], y[:-3]).statistic,
        stats.kendalltau(x[:-5], y[5:]).statistic,
    ]
    np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_finds_the_lag_of_a_relation():
    result = fast(*related(lag=3))
    assert result.params.abs().idxmax() == 3
    assert result.sup_pvalue <= 0.005 + 1e-12
    assert result.params[3] > result.limits()[3] > result.limits(False)[3]
    assert result.conf_int().loc[3, "lower"] > 0


@pytest.mark.slow
def test_naive_correlation_of_independent_walks_is_the_trap():
    found = [
        fast(series(60, s, "walk"), series(60, s + 999, "walk"), max_lag=0)
        for s in range(60)
    ]
    naive = np.mean([item.naive.loc[0, "p"] < 0.05 for item in found])
    ours = np.mean([item.sup_pvalue < 0.05 for item in found])
    assert naive > 0.5
    assert ours < 0.15


def test_stationary_methods_fail_on_trends_and_say_so():
    result = fast(series(60, 1, "trend"), series(60, 2, "trend"), "phase", max_lag=0)
    assert result.sup_pvalue < 0.05
    assert "assumes stationary series" in str(result.summary())


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_whole_result(method):
    result = fast(*related(n=90), method)
    assert list(result.params.index) == list(range(-4, 5))
    table = pd.concat(
        [result.params, result.bse, result.pvalues, result.conf_int(), result.limits()],
        axis=1,
    )
    assert np.isfinite(table).all(axis=None)
    assert 0 < result.sup_pvalue <= 1
    wide = result.conf_int(simultaneous=True)
    assert (wide["lower"] <= result.conf_int()["lower"]).all()
    assert "naive" in str(result.summary()).lower()
    assert set(result.stationarity.index.get_level_values("test")) == {"ADF", "KPSS"}


def test_partial_correlation_removes_a_common_cause():
    cause = series(300, 1)
    x = (cause + 0.5 * series(300, 2)).rename("x")
    y = (cause + 0.5 * series(300, 3)).rename("y")
    alone = fast(x, y, max_lag=0)
    partial = fast(x, y, max_lag=0, controls=cause.to_frame("cause"))
    assert alone.sup_pvalue < 0.01
    assert abs(partial.correlation) < 0.15
    inverse = np.linalg.inv(np.corrcoef([x, y, cause]))
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    ours = fast(x, y, "shift", max_lag=0, controls=cause.to_frame("cause"))
    assert ours.correlation == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_a_shared_season_is_a_trap_without_its_period():
    season = np.tile(np.random.default_rng(0).standard_normal(12) * 3, 3)
    pairs = [(series(36, s) + season, series(36, s + 500) + season) for s in range(40)]
    without = np.mean([fast(*pair, max_lag=0).sup_pvalue < 0.05 for pair in pairs])
    within = np.mean(
        [fast(*pair, max_lag=0, period=12).sup_pvalue < 0.05 for pair in pairs]
    )
    assert without > 0.8
    assert within < 0.16
    with pytest.raises(NotTestable, match="season of 12 periods needs 24"):
        fast(*(item.iloc[:20] for item in pairs[0]), max_lag=0, period=12)


def test_bretherton_size_of_white_and_of_persistent_series():
    rng = np.random.default_rng(0)
    white = rng.standard_normal((2, 4000))
    assert bretherton_size(*white) == pytest.approx(4000, rel=0.01)
    x = series(4000, 1, "walk").diff().fillna(0).ewm(alpha=0.3).mean().to_numpy()
    assert bretherton_size(x, x) < 0.5 * 4000


def test_same_seed_same_numbers():
    x, y = related()
    assert fast(x, y, seed=4).pvalues.equals(fast(x, y, seed=4).pvalues)
    assert not fast(x, y, seed=4).limits().equals(fast(x, y, seed=5).limits())


def test_plot_draws_on_the_given_axes():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert fast(*related()).plot(ax) is ax
    labels = ax.get_legend_handles_labels()[1]
    assert "naive" in labels and "95% limits, all lags at once" in labels


@settings(max_examples=15, deadline=None)
@given(
    scale=st.floats(1e-6, 1e6),
    shift=st.floats(-1e3, 1e3),
    days=st.integers(-3000, 3000),
    seed=st.integers(0, 5),
)
@pytest.mark.slow
def test_units_order_and_calendar_change_nothing(scale, shift, days, seed):
    x, y = related(seed=seed)
    base = fast(x, y)
    moved = fast((x * scale + shift * scale).sample(frac=1, random_state=1), y)
    np.testing.assert_allclose(moved.params, base.params, atol=1e-7)
    assert moved.sup_pvalue == pytest.approx(base.sup_pvalue, abs=0.011)
    later = fast(
        x.set_axis(x.index.to_period("M") + days),
        y.set_axis(y.index.to_period("M") + days),
    )
    np.testing.assert_allclose(later.params, base.params, atol=1e-12)


def test_more_lags_change_nothing_at_the_others():
    x, y = related()
    few, many = fast(x, y, max_lag=2), fast(x, y, max_lag=6)
    np.testing.assert_allclose(few.params, many.params.loc[-2:2], atol=1e-12)
    np.testing.assert_allclose(few.pvalues, many.pvalues.loc[-2:2])
    assert many.limits().loc[0] >= few.limits().loc[0]


def test_exchanging_x_and_y_mirrors_the_lags():
    x, y = related()
    forward, backward = fast(x, y).params, fast(y, x).params
    np.testing.assert_allclose(
        forward.to_numpy(), backward.to_numpy()[::-1], atol=1e-12
    )


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda s: s.where(s.index != s.index[7]), "missing or infinite.*2015-08-01"),
        (lambda s: s.replace(s.iloc[7], np.inf), "missing or infinite"),
        (lambda s: s.drop(s.index[7]), "gap, first after 2015-07-01"),
        (lambda s: pd.concat([s, s.iloc[[7]]]), "2015-08-01 occurs more than once"),
        (lambda s: s * 0 + 4, "all values are the same"),
        (lambda s: s.iloc[:9], "too few"),
        (lambda s: s.astype(str), "numbers are needed"),
        (
            lambda s: s.set_axis(s.index + pd.DateOffset(years=40)),
            "no period in common",
        ),
    ],
)
@pytest.mark.parametrize("method", ["prewhiten", "bretherton"])
def test_bad_input_is_refused(spoil, words, method):
    with pytest.raises(NotTestable, match=words):
        fast(spoil(series(seed=1).rename("a")), series(seed=2), method)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"method": "raw"}, "method 'raw' is not known"),
        ({"measure": "r"}, "measure 'r' is not known"),
        ({"level": 95}, "must lie between 0 and 1"),
        ({"max_lag": -1}, "must be a whole number, 0 or more"),
        ({"max_lag": 40}, "too few to correlate at lags up to 40"),
        ({"order": 60}, "autoregression of order 60 needs"),
    ],
)
def test_bad_choices_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        fast(series(seed=1), series(seed=2), **options)


def test_collinear_controls_are_refused():
    control = series(seed=3)
    twice = pd.DataFrame({"a": control, "b": 2 * control})
    with pytest.raises(NotTestable, match="collinear"):
        fast(series(seed=1), series(seed=2), "shift", controls=twice)


@pytest.mark.parametrize("measure", ["spearman", "kendall"])
def test_ranks_do_not_order_what_rounding_left(measure):
    """Months taken out by controls are zero: one rank, whatever their last bits."""
    x, y = series(60, 1).rename("x"), series(60, 2).rename("y")
    out = pd.DataFrame(np.eye(60)[:, 20:35], x.index)
    found = fast(x, y, max_lag=2, measure=measure, controls=out.rename(columns=str))
    taken = found.series.loc[x.index[20:35]]
    assert (taken == 0).all(axis=None)
    moved = fast(
        3 * x + 1, y, max_lag=2, measure=measure, controls=out.rename(columns=str)
    )
    np.testing.assert_allclose(moved.params, found.params, atol=1e-12)

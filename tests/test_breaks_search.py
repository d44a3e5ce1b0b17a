"""Breaks at unknown dates: published peers, traps, invariances, refusals."""

import numpy as np
import pandas as pd
import pytest
import ruptures
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.special import hyp1f1
from statsmodels.datasets import nile

from analysis_utils.asking import NotTestable
from analysis_utils.methods.breaks.intervals import (
    argmax_quantiles,
    argmax_tail,
    break_interval,
    deviances,
    likelihood_ratio_critical,
)
from analysis_utils.methods.breaks.search import find_breaks
from analysis_utils.methods.breaks.segments import best_partitions, segment_rss
from analysis_utils.methods.breaks.sup_f import (
    SupF,
    _exit_spectrum,
    asymptotic_pvalue,
    sequential_pvalue,
)


def series(n=80, jump=3.0, at=45, seed=0):
    noise = np.random.default_rng(seed).standard_normal(n)
    return pd.Series(
        noise + jump * (np.arange(n) >= at),
        pd.period_range("2015-01", periods=n, freq="M"),
        name="y",
    )


def search(y, regressors=None, **options):
    return find_breaks(y, regressors, **{"n_resamples": 99, "max_breaks": 3, **options})


def test_ruptures_default_jump_is_the_trap():
    y = nile.load_pandas().data["volume"].to_numpy()
    coarse = ruptures.Dynp(model="l2", min_size=15).fit(y).predict(1)[0]
    fine = best_partitions(segment_rss(y, np.ones((100, 1)), 15), 15, 1)[1]
    assert (coarse, fine) == (30, [28])


def test_partitions_equal_a_search_of_all():
    y, x = series(24, at=11).to_numpy(), np.column_stack([np.ones(24), np.arange(24.0)])
    rss = segment_rss(y, x, 5)

    def cost(start, end):
        return sm.OLS(y[start:end], x[start:end]).fit().ssr

    assert rss[3, 15] == pytest.approx(cost(3, 15), rel=1e-9)
    assert np.isinf(rss[3, 7])
    every = {
        (a, b): cost(0, a) + cost(a, b) + cost(b, 24)
        for a in range(5, 20)
        for b in range(a + 5, 20)
    }
    assert tuple(best_partitions(rss, 5, 2)[2]) == min(every, key=every.get)


def test_sup_f_is_the_chow_statistic_at_each_date():
    y = series(60)
    x = pd.DataFrame({"time": np.arange(60.0)}, y.index)
    design = np.column_stack([np.ones(60), x["time"]])
    found = SupF(design, np.array([20, 31])).statistics(y.to_numpy()[:, None])[:, 0]
    for f, cut in zip(found, (20, 31), strict=True):
        later = np.arange(60)[:, None] >= cut
        moved = sm.OLS(y.to_numpy(), np.column_stack([design, design * later])).fit()
        chow = moved.compare_f_test(sm.OLS(y.to_numpy(), design).fit())[0]
        assert f == pytest.approx(2 * chow, rel=1e-9)


def test_limit_of_sup_f_is_exact_for_one_coefficient():
    values, weights = _exit_spectrum(8.85, 1)
    exact = brentq(lambda rate: hyp1f1(-rate, 0.5, 8.85 / 2), 1e-6, 0.2)
    assert values[0] == pytest.approx(exact, rel=1e-4)
    assert weights.sum() == pytest.approx(1 - 0.002930, abs=1e-5)  # chi-squared tail


def test_asymptotic_p_falls_with_the_statistic():
    p = [asymptotic_pvalue(f, 2, 0.15) for f in (0.5, 5, 12, 30, 80, 5000)]
    assert p == sorted(p, reverse=True) and 0 <= p[-1] < 1e-9 and p[0] > 0.99


def test_choosing_a_date_and_then_testing_it_is_the_trap():
    rejected = np.zeros(2)
    for seed in range(40):
        y = series(120, jump=0, seed=seed)
        y = y.ewm(alpha=0.5).mean()
        result = search(y, max_breaks=1)
        later = y.index > result.sup_f["at"].iloc[0]
        as_if_known = stats.ttest_ind(y[later], y[~later]).pvalue
        rejected += [as_if_known < 0.05, result.sup_pvalue < 0.05]
    assert rejected[0] > 0.8 * 40
    assert rejected[1] <= 0.15 * 40


def test_a_search_offers_no_p_value_at_its_dates():
    result = search(series())
    for name in ("pvalues", "tvalues", "bse"):
        with pytest.raises(AttributeError, match="93-97 %"):
            getattr(result, name)


def test_finds_two_breaks_with_their_intervals():
    y = series(120, at=40) - 5 * (np.arange(120) >= 80)
    result = search(y)
    assert result.cuts == (40, 80)
    limits = result.conf_int()
    assert (limits["lower"] <= limits["last_before"]).all()
    assert (limits["last_before"] <= limits["upper"]).all()
    assert result.params.shape == (3, 1)
    assert result.fittedvalues.iloc[100] == pytest.approx(result.params.iloc[2, 0])
    text = str(result.summary())
    assert "Break after 2018-04" in text and "dates unknown" in text


def test_intervals_cover_the_break():
    covered, one = 0, np.ones((100, 1))
    for seed in range(150):
        y = series(100, jump=1.2, at=50, seed=seed).to_numpy()
        cut = 15 + int(SupF(one, np.arange(15, 86)).statistics(y[:, None]).argmax())
        low, high = break_interval(
            (y[:cut], one[:cut]), (y[cut:], one[cut:]), cut, 0.025
        )
        covered += low <= 50 <= high
    assert covered >= 0.88 * 150


@pytest.mark.parametrize("xi, phi1, phi2", [(1, 1, 1), (2, 1, 3), (0.4, 2, 0.7)])
def test_distribution_of_the_date_is_whole_and_falls(xi, phi1, phi2):
    both = argmax_tail(-0.0, xi, phi1, phi2), argmax_tail(0.0, xi, phi1, phi2)
    assert sum(both) == pytest.approx(1, abs=1e-12)
    places = np.linspace(0, 40, 200)
    after = [argmax_tail(s, xi, phi1, phi2) for s in places]
    assert (np.diff(after) < 0).all() and after[-1] > 0


def test_distribution_of_the_date_by_simulation():
    rng, step, n = np.random.default_rng(0), 0.02, 2000
    sides = []
    for drift, sd in ((0.5, 1.0), (0.2, 0.9)):  # xi = 0.4, phi2/phi1 = 0.9/sqrt(0.4)
        moves = sd * np.sqrt(step) * rng.standard_normal((2000, n)) - drift * step
        sides.append(np.cumsum(moves, axis=1))
    top = [side.max(axis=1) for side in sides]
    after = top[1] > np.maximum(top[0], 0)
    beyond = after & (sides[1].argmax(axis=1) * step > 3)
    phi2 = 0.9 / np.sqrt(0.4)
    assert after.mean() == pytest.approx(argmax_tail(0.0, 0.4, 1, phi2), abs=0.03)
    assert beyond.mean() == pytest.approx(argmax_tail(3.0, 0.4, 1, phi2), abs=0.03)


def test_quantiles_of_the_date_equal_bais_table():
    assert argmax_quantiles(1, 1, 1, 0.025)[1] == pytest.approx(11.03, abs=0.01)
    assert argmax_quantiles(1, 1, 1, 0.05)[1] == pytest.approx(7.69, abs=0.01)
    low, high = argmax_quantiles(2, 1, 3, 0.05)
    mirrored = argmax_quantiles(0.5, 3, 1, 0.05)
    scale = (3 / 1) ** 2 / 2
    assert -low == pytest.approx(mirrored[1] * scale, rel=1e-4)
    assert high == pytest.approx(-mirrored[0] * scale, rel=1e-4)


@settings(max_examples=10, deadline=None)
@given(
    scale=st.floats(1e-4, 1e5),
    shift=st.floats(-1e4, 1e4),
    months=st.integers(-400, 400),
    seed=st.integers(0, 5),
)
def test_units_order_and_calendar_change_nothing(scale, shift, months, seed):
    y = series(seed=seed)
    base = search(y)
    moved = (y * scale + shift * scale).set_axis(y.index + months)
    other = search(moved.sample(frac=1, random_state=seed))
    assert other.cuts == base.cuts
    assert other.sup_f["statistic"].iloc[0] == pytest.approx(
        base.sup_f["statistic"].iloc[0], rel=1e-6
    )
    for ours, theirs in zip(other.breaks, base.breaks, strict=True):
        assert ours.lower == theirs.lower + months


def test_plot_marks_the_breaks():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert search(series()).plot(ax) is ax
    assert len(ax.lines) == 3


@pytest.mark.parametrize(
    "spoil, options, words",
    [
        (lambda y: y.drop(y.index[9]), {}, "gap, first after 2015-09"),
        (lambda y: y.where(y.index != y.index[9]), {}, "missing or infinite.*2015-10"),
        (lambda y: y * 0, {}, "all values are the same"),
        (lambda y: y.iloc[:6], {"min_segment": 0.15}, "A segment of 0 of 6"),
        (lambda y: y, {"min_segment": 0.6}, "two segments must fit"),
        (lambda y: y, {"max_breaks": 9}, "allow 1 to 5 breaks"),
        (lambda y: y, {"n_breaks": 4}, "allow 1 to 5 breaks"),
        (
            lambda y: (y.index.year > 2017) * 1.0 + y * 0,
            {"max_breaks": 1},
            "without error",
        ),
    ],
)
def test_bad_input_is_refused(spoil, options, words):
    with pytest.raises(NotTestable, match=words):
        search(spoil(series()), **options)


def test_a_regressor_that_rests_within_a_segment_is_refused():
    y = series()
    pulse = pd.DataFrame({"pulse": (np.arange(80) == 40) * 1.0}, y.index)
    with pytest.raises(NotTestable, match="does not vary within"):
        search(y, pulse)


# Errors that are not independent


def test_zeros_and_then_counts_have_a_break_without_an_interval():
    months = pd.period_range("2020-01", periods=20, freq="M")
    y = pd.Series([0.0] * 10 + [5, 7, 4, 6, 5, 8, 3, 6, 5, 7], months)
    (found,) = search(y).breaks
    assert str(found.last_before) == "2020-10" and found.lower is None


def test_published_critical_values_of_one_more_break():
    """Bai and Perron's, 5 %, one coefficient, trim 0.15, for 0 to 4 breaks found."""
    printed = [8.58, 10.13, 11.14, 11.83, 12.25]
    ps = [sequential_pvalue(c, 1, 0.15, found) for found, c in enumerate(printed)]
    assert ps == pytest.approx([0.05] * 5, abs=0.007)  # theirs are simulated


def autoregressive(seed, rho=0.6, jump=0.0):
    shocks = np.random.default_rng(seed).standard_normal(180)
    errors = lfilter([1.0], [1.0, -rho], shocks)[60:]
    months = pd.period_range("2015-01", periods=120, freq="M")
    return pd.Series(errors + jump * (np.arange(120) >= 60), months)


def test_autocorrelation_is_no_break_where_it_is_allowed_for():
    by_bic = sum(len(search(autoregressive(s)).cuts) > 0 for s in range(30))
    careful = {"errors": "autocorrelated", "choose": "sequential"}
    found = sum(len(search(autoregressive(s), **careful).cuts) > 0 for s in range(30))
    assert by_bic >= 12 and found <= 5


def test_a_search_that_takes_autocorrelated_errors_for_independent_says_so():
    found = search(autoregressive(3))
    assert any("autocorrelated" in note for note in found.notes)
    assert "choose='sequential'" in " ".join(str(found.summary()).split())
    assert search(series(jump=0)).notes == ()


def test_intervals_of_dates_are_longer_under_autocorrelation():
    width = {}
    for errors in ("independent", "autocorrelated"):
        dates = [
            search(autoregressive(s, jump=1.5), n_breaks=1, errors=errors).breaks[0]
            for s in range(15)
        ]
        width[errors] = np.median([(one.upper - one.lower).n for one in dates])
    assert width["autocorrelated"] > 1.5 * width["independent"]


def test_published_critical_values_of_the_likelihood_ratio():
    """Hansen 2000, Econometrica 68:575, table 1."""
    printed = {0.8: 4.50, 0.85: 5.10, 0.9: 5.94, 0.925: 6.53, 0.95: 7.35, 0.99: 10.59}
    for level, value in printed.items():
        assert likelihood_ratio_critical(level) == pytest.approx(value, abs=0.006)


def test_likelihoods_of_dates_equal_those_of_statsmodels():
    y = autoregressive(3, jump=1).to_numpy()
    trend = np.arange(120) / 100
    for design in (np.ones((120, 1)), np.column_stack([np.ones(120), trend])):
        cuts = np.array([30, 58, 61, 90])
        ours, rhos = deviances(y, design, cuts)
        theirs = []
        for cut, rho in zip(cuts, rhos, strict=True):
            changes = design * (np.arange(120) >= cut)[:, None]
            fit = sm.tsa.ARIMA(
                y, np.column_stack([design, changes]), (1, 0, 0), trend="n"
            ).fit()
            theirs.append(-2 * fit.llf)
            assert fit.params[-2] == pytest.approx(rho, abs=0.011)  # a grid of .02
        assert np.ptp(ours - theirs) < 0.02


def covers(errors, make, n=48, draws=60):
    found = [search(make(s), n_breaks=1, errors=errors).breaks[0] for s in range(draws)]
    middle = found[0].last_before.__class__("2015-01", "M") + n // 2 - 1
    return np.mean([one.lower <= middle <= one.upper for one in found])


def noisier_after(seed, rho=0.5, n=48):
    shocks = np.random.default_rng(seed).standard_normal(n + 60)
    shocks[60 + n // 2 :] *= 3
    errors = lfilter([1.0], [1.0, -rho], shocks)[60:]
    months = pd.period_range("2015-01", periods=n, freq="M")
    return pd.Series(errors + 3 * (np.arange(n) >= n // 2), months)


@pytest.mark.long
def test_dates_are_covered_under_autocorrelation_and_a_change_of_variance():
    """Monte Carlo error .03: at .95, 54 of 60 or more in 99 of 100 tries."""
    assert covers("autocorrelated", noisier_after) >= 0.9
    assert covers("independent", noisier_after) < 0.85
    assert covers("autocorrelated", lambda s: autoregressive(s, jump=2), n=120) >= 0.9


def test_zeros_and_then_counts_have_an_interval_where_errors_may_be_autocorrelated():
    counts = [5, 7, 4, 6, 5, 8, 3, 6, 5, 7]
    y = pd.Series(
        [0.0] * 10 + counts, pd.period_range("2020-01", periods=20, freq="M"), name="y"
    )
    (found,) = search(y, errors="autocorrelated", n_breaks=1).breaks
    assert str(found.lower) <= "2020-10" <= str(found.upper) < "2021-01"
    steps = y.where(y == 0, 5.0)
    steps.iloc[-1] = 6.0
    (found,) = search(steps, errors="autocorrelated", n_breaks=1).breaks
    assert str(found.last_before) == "2020-10"


def test_an_interval_that_ends_where_no_break_could_be_put_says_so():
    found = search(autoregressive(1, jump=0.3), n_breaks=1, errors="autocorrelated")
    assert any("on that side it is open" in note for note in found.notes)
    sharp = search(series(), n_breaks=1, errors="autocorrelated")
    assert not any("open" in note for note in sharp.notes)


def test_two_segments_without_errors_have_no_interval_and_no_crash():
    noise = np.random.default_rng(0).standard_normal(20)
    y = pd.Series(
        np.r_[np.zeros(20), np.full(20, 9.0), 30 + noise],
        pd.period_range("2015-01", periods=60, freq="M"),
    )
    first, second = search(y, n_breaks=2, errors="autocorrelated").breaks
    assert first.lower is None and second.lower is not None


@pytest.mark.parametrize(
    "bad",
    [
        {"n_breaks": -1},
        {"n_breaks": 1.5},
        {"max_breaks": 0},
        {"level": 95},
        {"errors": "hac"},
        {"choose": "aic"},
    ],
    ids=str,
)
def test_options_outside_what_they_can_be_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        find_breaks(series(), **bad)

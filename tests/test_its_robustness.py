"""Power, placebos, sensitivity and error rates."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
import its_sizes
from its_data import counts, event, gaussian
from numpy.testing import assert_allclose
from scipy import stats

from analysis_utils.asking import NotTestable
from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
)
from analysis_utils.methods.its.placebo import placebo_dates
from analysis_utils.methods.its.power import minimum_detectable_effect, power
from analysis_utils.methods.its.refit import CountNoise, GaussianNoise, refit
from analysis_utils.methods.its.sensitivity import leave_one_out, sensitivity

ROOT = Path(__file__).resolve().parents[1]


def model(y=None, **options):
    y = gaussian(level=3.0) if y is None else y
    return InterruptedTimeSeries(y, event(), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"errors": "ols"},
        {"errors": "newey-west"},
        {"errors": "reml-ar1"},
        {"errors": "prais-winsten"},
        {"errors": "ols", "exclude": [("2021-01", "2021-02")]},
        {"errors": "reml-ar1", "exclude": [("2021-01", "2021-02")]},
    ],
)
def test_refits_equal_single_fits(options):
    stated = model(**options)
    rng = np.random.default_rng(0)
    outcomes = stated.design.y[:, None] + rng.standard_normal(
        (stated.design.X.shape[0], 3)
    )
    params, bse = refit(stated, outcomes)
    single = stated.estimator.fit(outcomes[:, 1], stated.design.X, stated.design.layout)
    assert_allclose(params[:, 1], single.params, rtol=1e-5)
    assert_allclose(bse[:, 1], np.sqrt(np.diag(single.cov)), rtol=1e-4)


@pytest.mark.parametrize("family", ["poisson", "quasipoisson", "negative_binomial"])
def test_refits_of_counts_equal_single_fits(family):
    stated = model(counts(dispersion=4.0), family=family)
    fit = stated.fit()
    params, bse = refit(stated, stated.design.y[:, None], fit.noise.get("alpha", 0.0))
    assert_allclose(params[:, 0], fit.params, rtol=1e-6)
    assert_allclose(bse[:, 0], fit.bse, rtol=1e-6)


def test_power_of_least_squares_is_the_noncentral_t():
    stated = model(gaussian(), errors="ols")
    noise = GaussianNoise(sigma=2.0)
    table = power(stated, "law_level", [0.0, 3.0, 6.0], noise=noise, n_sim=4000)
    inverse = np.linalg.inv(stated.design.X.T @ stated.design.X)
    se, critical = 2 * np.sqrt(inverse[2, 2]), stats.t(45).isf(0.025)
    for effect, row in table.iterrows():
        law = stats.nct(45, effect / se)
        exact = law.sf(critical) + law.cdf(-critical)
        assert abs(row["power"] - exact) < 0.025
    found = minimum_detectable_effect(stated, "law_level", noise=noise, n_sim=4000)
    law = stats.nct(45, found / se)
    assert law.sf(critical) == pytest.approx(0.8, abs=0.02)


def test_power_of_counts_and_its_direction():
    stated = model(counts(mean=15.0, dispersion=5.0), family="quasipoisson")
    noise = CountNoise(5.0)
    table = power(stated, "law_level", [1.0, 1.5, 2.0], noise=noise, n_sim=400)
    assert table["power"].is_monotonic_increasing and table["power"].iloc[0] < 0.12
    more = minimum_detectable_effect(stated, "law_level", noise=noise, n_sim=200)
    fewer = minimum_detectable_effect(
        stated, "law_level", noise=noise, n_sim=200, direction=-1
    )
    assert fewer < 1 < more


def test_power_by_national_weeks_as_measured():
    """METHODS: 69 weeks, break at 35, quasi-Poisson step, dispersion 5, mean 15."""
    weeks = pd.period_range("2025-01-20", periods=69, freq="W-SUN")
    rng = np.random.default_rng(1)
    y = pd.Series(rng.poisson(15, 69).astype(float), weeks)
    stated = InterruptedTimeSeries(
        y, Intervention("event", weeks[35]), family="quasipoisson"
    )
    flat = pd.Series(15.0, weeks)
    stated = stated.replace(y=flat + np.arange(69) % 2)
    table = power(stated, "event_level", [1.5, 2.0], noise=CountNoise(5.0), n_sim=2000)
    assert_allclose(table["power"], [0.37, 0.84], atol=0.06)


def test_same_seed_same_power():
    stated = model(errors="ols")
    first, again = (
        power(stated, "law_level", [1.0], n_sim=200, seed=3) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, again)


def test_simulated_noise_has_its_moments():
    layout = model().design.layout
    rng = np.random.default_rng(0)
    drawn = GaussianNoise(2.0, 0.6).draw(np.zeros(48), layout, 4000, rng)
    assert drawn.std() == pytest.approx(2.0, rel=0.03)
    lagged = (drawn[1:] * drawn[:-1]).mean() / 4
    assert lagged == pytest.approx(0.6, abs=0.03)
    cases = CountNoise(5.0).draw(np.full(48, 25.0), layout, 4000, rng)
    assert cases.mean() == pytest.approx(25, rel=0.02)
    assert cases.var() == pytest.approx(125, rel=0.05)


@pytest.mark.slow
def test_permutation_over_dates_ranks_the_true_date():
    real = placebo_dates(model(gaussian(120, level=6.0), errors="ols"))
    none = placebo_dates(model(gaussian(120, seed=2), errors="ols"))
    assert real.pvalue == pytest.approx(1 / (1 + len(real.fitted)))
    assert none.pvalue > 0.05
    assert pd.Period("2022-01", "M") not in real.table.index


def test_in_time_placebos_use_the_periods_before():
    result = placebo_dates(model(gaussian(48, level=6.0)), before_only=True)
    assert result.table.index.max() < pd.Period("2022-01", "M")
    assert result.pvalue < 0.1 and result.rejection_share < 0.3


def test_other_events_stay_where_they_are():
    parts = [event(), Intervention("repeal", "2023-01")]
    stated = InterruptedTimeSeries(gaussian(level=3.0), parts, errors="ols")
    result = placebo_dates(stated, "law")
    refused = result.table[result.table["refused"] != ""]
    assert refused.index.tolist() == [pd.Period("2023-01", "M")]
    with pytest.raises(NotTestable, match="Which event"):
        placebo_dates(stated)


def test_sensitivity_keeps_refusals_in_the_table():
    table = sensitivity(
        model(
            gaussian(20, seed=4)
            .iloc[:20]
            .set_axis(pd.period_range("2021-04", periods=20, freq="M"))
        )
    )
    assert table.loc["as stated", "refused"] == ""
    assert "two full cycles" in table.loc["1 Fourier pair", "refused"]
    assert {
        "OLS",
        "Newey-West",
        "trend quadratic",
        "lag 1",
        "without last tenth",
    } <= set(table.index)
    assert table.loc["1 Fourier pair", ["estimate", "p"]].isna().all()


def test_sensitivity_of_counts_changes_the_family():
    table = sensitivity(model(counts(ratio=1.5), family="quasipoisson"))
    quasi, poisson = table.loc["as stated"], table.loc["family poisson"]
    assert poisson["estimate"] == pytest.approx(quasi["estimate"])
    assert poisson["std err"] < quasi["std err"]


def test_leave_one_out_of_everything():
    y = gaussian(level=3.0)
    assert len(leave_one_out(model(y, errors="ols"))) == 48
    assert leave_one_out(model(y), of="years").index.tolist() == [
        "2020",
        "2021",
        "2022",
        "2023",
    ]
    control = pd.DataFrame({k: gaussian(seed=k) for k in (5, 6)})
    assert leave_one_out(model(y, control=control), of="controls").index.tolist() == [
        "5",
        "6",
    ]
    parts = [event(), Intervention("repeal", "2023-01")]
    both = InterruptedTimeSeries(y, parts, errors="ols")
    assert leave_one_out(both, "law", of="events").index.tolist() == ["repeal"]


def test_one_outlier_is_seen_by_leave_one_out():
    y = gaussian(level=3.0)
    y.iloc[30] += 40
    table = leave_one_out(model(y, errors="ols"))
    shift = (table["estimate"] - table["estimate"].median()).abs()
    assert shift.idxmax() == "2022-07"


# Coverage of METHODS 1.11 (Turner et al. 2021): 95 % intervals, no effect.
COVERAGE = {
    (24, 0.4): {
        "OLS": 0.84,
        "Newey-West": 0.777,
        "Prais-Winsten": 0.85,
        "REML, AR(1)": 0.90,
    },
    (48, 0.8): {"OLS": 0.57, "Newey-West": 0.69, "REML, AR(1)": 0.92},
    (200, 0.8): {"OLS": 0.50, "Newey-West": 0.748, "REML, AR(1)": 0.95},
}


@pytest.mark.slow
@pytest.mark.parametrize("n, rho", COVERAGE)
def test_coverage_is_what_was_measured(n, rho):
    noise, draws = GaussianNoise(1.0, rho), 1000
    for name, expected in COVERAGE[n, rho].items():
        stated = its_sizes.model_of(
            n, "gaussian", its_sizes.GAUSSIAN[name], np.zeros(n)
        )
        row = its_sizes.rates(stated, noise, name, draws, 1, 1)[0]
        assert row["coverage"] == pytest.approx(expected, abs=0.045), name


def test_overdispersed_counts_need_more_than_poisson():
    mean, noise = np.full(48, 25.0), CountNoise(5.0)
    sizes = {}
    for name in ("Poisson", "quasi-Poisson"):
        family, errors = its_sizes.COUNTS[name]
        stated = its_sizes.model_of(48, family, errors, mean)
        sizes[name] = its_sizes.rates(stated, noise, name, 600, 1, 1)[0]["size"]
    assert sizes["Poisson"] > 0.25 and sizes["quasi-Poisson"] < 0.10


@pytest.mark.slow
def test_autocorrelated_counts_need_ar1_errors():
    mean, noise = np.full(100, 25.0), CountNoise(5.0, rho=0.8)
    coverage = {}
    for name in ("quasi-Poisson", "quasi-Poisson, AR(1)"):
        family, errors = its_sizes.COUNTS[name]
        stated = its_sizes.model_of(100, family, errors, mean)
        row = its_sizes.rates(stated, noise, name, 60, 1, 1)[0]
        coverage[name] = row["coverage"]
    assert coverage["quasi-Poisson"] < 0.72 < 0.78 < coverage["quasi-Poisson, AR(1)"]


@pytest.mark.parametrize(
    "name, noise",
    [
        ("OLS", GaussianNoise(1.0, 0.4)),
        ("REML, AR(1)", GaussianNoise(1.0, 0.4)),
        ("quasi-Poisson", CountNoise(5.0, 0.4)),
    ],
)
def test_archived_error_rates_are_those_of_this_code(name, noise):
    archive = pd.read_csv(ROOT / "docs" / "calibration_its.csv")
    if name in its_sizes.COUNTS:
        mean, (family, errors) = np.full(24, 25.0), its_sizes.COUNTS[name]
    else:
        mean, family, errors = np.zeros(24), "gaussian", its_sizes.GAUSSIAN[name]
    stated = its_sizes.model_of(24, family, errors, mean)
    rows = pd.DataFrame(its_sizes.rates(stated, noise, name, 2000, its_sizes.SEED, 1))
    keys = ["outcome", "n", "rho", "dispersion", "estimator", "term"]
    archived = rows[keys].merge(archive, on=keys)
    np.testing.assert_allclose(archived["size"], rows["size"], atol=0.002)

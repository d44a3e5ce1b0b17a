"""The batched engine: equal to statsmodels to 1e-9, seeded, bounded, or a refusal."""

import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
from adoption import permute_adoption
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import toeplitz

from analysis_utils.asking import NotTestable
from analysis_utils.methods.resampling.ar1 import fit_ar1_reml
from analysis_utils.methods.resampling.batches import run_batches
from analysis_utils.methods.resampling.counts import fit_counts
from analysis_utils.methods.resampling.linear import LinearEngine
from analysis_utils.methods.resampling.newey_west import bartlett_sums

N, DRAWS = 96, 7


def design(n=N):
    t = np.arange(n)
    season = 2 * np.pi * t / 12
    return pd.DataFrame(
        {
            "const": 1.0,
            "time": t,
            "level": (t >= 50) * 1.0,
            "slope": np.maximum(t - 50, 0.0),
            "sin": np.sin(season),
            "cos": np.cos(season),
        }
    )


def outcomes(draws=DRAWS, n=N, seed=0):
    noise = np.random.default_rng(seed).standard_normal((n, draws))
    return 1e4 + 30 * pd.DataFrame(noise).ewm(alpha=0.5).mean().to_numpy()


def counts(draws=DRAWS, seed=0):
    mean = np.exp(1 + 0.01 * np.arange(N) + 0.4 * (np.arange(N) >= 50))
    return np.random.default_rng(seed).negative_binomial(
        4, 4 / (4 + mean[:, None]), (N, draws)
    )


def near(ours, theirs):
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-9)


@pytest.mark.parametrize(
    "maxlags, corrected",
    [(None, False), (0, False), (4, False), (4, True), (N - 1, False)],
)
def test_linear_equals_statsmodels(maxlags, corrected):
    y, x = outcomes(), design()
    options = (
        {}
        if maxlags is None
        else {
            "cov_type": "HAC",
            "cov_kwds": {"maxlags": maxlags, "use_correction": corrected},
        }
    )
    fits = LinearEngine(x).fit(y, maxlags=maxlags, use_correction=corrected)
    peers = [sm.OLS(y[:, i], x).fit(**options) for i in range(DRAWS)]
    near(fits.params.T, [peer.params for peer in peers])
    near(fits.bse.T, [peer.bse for peer in peers])
    one = LinearEngine(x).fit(y, ["level"], maxlags=maxlags, use_correction=corrected)
    near(one.tvalues[0], fits.tvalues[2])


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 30), lags=st.integers(0, 40), seed=st.integers(0, 99))
def test_moving_sums_are_the_bartlett_kernel(n, lags, seed):
    u = np.random.default_rng(seed).standard_normal(n)
    weights = np.clip(
        1 - np.abs(np.subtract.outer(range(n), range(n))) / (lags + 1), 0, None
    )
    assert bartlett_sums(u, lags) == pytest.approx(u @ weights @ u, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "family, alpha",
    [("poisson", None), ("quasipoisson", None), ("negativebinomial", 0.25)],
)
@pytest.mark.parametrize("maxlags", [None, 3])
def test_counts_equal_statsmodels(family, alpha, maxlags):
    y, x, offset = counts(), design(), np.log(np.linspace(900, 1100, N))
    fits = fit_counts(y, x, offset=offset, family=family, alpha=alpha, maxlags=maxlags)
    peer_family = (
        sm.families.NegativeBinomial(alpha=alpha) if alpha else sm.families.Poisson()
    )
    options = {"tol": 1e-13, "tol_criterion": "params", "maxiter": 100}
    if maxlags is not None:
        options |= {"cov_type": "HAC", "cov_kwds": {"maxlags": maxlags}}
    elif family == "quasipoisson":
        options |= {"scale": "X2"}
    for draw in range(DRAWS):
        peer = sm.GLM(y[:, draw], x, family=peer_family, offset=offset).fit(**options)
        gap = (fits.params[:, draw] - peer.params) / peer.bse
        assert np.abs(gap).max() < 1e-9
        near(fits.bse[:, draw], peer.bse)
        near(fits.dispersion[draw], peer.pearson_chi2 / peer.df_resid)


def test_separated_counts_have_no_number():
    y = counts()
    y[50:, 2] = 0
    y[:, 4] = 0
    fits = fit_counts(y, design())
    assert (~fits.converged).tolist() == [i in (2, 4) for i in range(DRAWS)]
    assert np.isnan(fits.params[:, 2]).all() and np.isnan(fits.bse[:, 4]).all()
    assert np.isfinite(fits.bse[:, fits.converged]).all()


def test_ar1_is_least_squares_given_rho():
    y, x = outcomes(), design()
    fits = fit_ar1_reml(y, x)
    for draw in range(DRAWS):
        peer = sm.GLS(y[:, draw], x, sigma=toeplitz(fits.rho[draw] ** np.arange(N)))
        near(fits.params[:, draw], peer.fit().params)
        near(fits.bse[:, draw], peer.fit().bse)


def restricted_deviance(rho, y, x):
    """-2 log REML by its definition, with the n x n covariance."""
    cov = toeplitz(rho ** np.arange(len(y))) / (1 - rho**2)
    inverse = np.linalg.inv(cov)
    info = x.T @ inverse @ x
    beta = np.linalg.solve(info, x.T @ inverse @ y)
    rss = (y - x @ beta) @ inverse @ (y - x @ beta)
    return (
        (len(y) - x.shape[1]) * np.log(rss)
        + np.linalg.slogdet(cov)[1]
        + np.linalg.slogdet(info)[1]
    )


def test_ar1_rho_maximizes_the_restricted_likelihood():
    y, x = outcomes(), design().to_numpy()
    for draw, rho in enumerate(fit_ar1_reml(y, x).rho):
        best = restricted_deviance(rho, y[:, draw], x)
        grid = np.append(np.linspace(-0.98, 0.98, 99), [rho - 1e-4, rho + 1e-4])
        assert all(best <= restricted_deviance(r, y[:, draw], x) + 1e-9 for r in grid)


def test_ar1_without_autocorrelation_is_ols():
    y, x = outcomes(), design()
    ols = LinearEngine(x).fit(y)
    fits = fit_ar1_reml(y, x, rho=0.0)
    near(fits.params, ols.params)
    near(fits.bse, ols.bse)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-4, 1e6), shift=st.floats(-1e5, 1e5), seed=st.integers(0, 9))
def test_scaling_and_shifting_the_outcome(scale, shift, seed):
    y, x = outcomes(2, seed=seed), design()
    for fit in (
        lambda z: LinearEngine(x).fit(z, maxlags=3),
        lambda z: fit_ar1_reml(z, x),
    ):
        base, moved = fit(y), fit(y * scale + shift)
        np.testing.assert_allclose(moved.bse, base.bse * scale, rtol=1e-5)
        np.testing.assert_allclose(
            moved.params[2:], base.params[2:] * scale, rtol=1e-5, atol=1e-6 * scale
        )


def test_same_numbers_for_any_number_of_workers():
    engine = LinearEngine(design())

    def work(size, rng):
        return engine.fit(rng.standard_normal((N, size))).params[2]

    one, two = (run_batches(work, 2500, seed=3, workers=w) for w in (1, 2))
    assert one.shape == (2500,) and (one == two).all()


def test_a_draw_depends_on_seed_and_batch_alone():
    def work(size, rng):
        return rng.standard_normal(size)

    first = run_batches(work, 250, seed=1, batch=100)
    assert (first[:200] == run_batches(work, 200, seed=1, batch=100)).all()
    assert (first != run_batches(work, 250, seed=2, batch=100)).all()


@pytest.mark.slow
def test_time_is_linear_and_memory_bounded():
    engine, y = LinearEngine(design()), outcomes(40_000)

    def seconds(draws):
        start = time.process_time()
        engine.fit(y[:, :draws], ["level"], maxlags=4)
        return time.process_time() - start

    small = min(seconds(4000) for _ in range(5))
    large = min(seconds(40_000) for _ in range(3))
    assert large < 25 * small
    tracemalloc.start()
    engine.fit(y, ["level"], maxlags=4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < y.nbytes / 3


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: LinearEngine(design().assign(twice=lambda d: 2 * d["level"])),
            "Column twice .* combination",
        ),
        (lambda: LinearEngine(design().assign(zero=0.0)), "Column zero"),
        (lambda: LinearEngine(design(6)), "6 periods cannot identify 6"),
        (lambda: LinearEngine(design().replace(1.0, np.nan)), "missing or infinite"),
        (lambda: LinearEngine(design()).fit(outcomes()[:-1]), "must have the 96 rows"),
        (
            lambda: LinearEngine(design()).fit(outcomes() * np.inf),
            "missing or infinite",
        ),
        (
            lambda: LinearEngine(design()).fit(outcomes(), ["jump"]),
            "No coefficient 'jump'",
        ),
        (lambda: fit_counts(-counts(), design()), "cannot be negative"),
        (
            lambda: fit_counts(counts(), design(), offset=np.full(N, -np.inf)),
            "offset needs 96 finite",
        ),
        (lambda: fit_ar1_reml(np.full(N, 3.0), design()), "constant or an exact"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(NotTestable, match=words):
        call()


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="family 'gamma'"):
        fit_counts(counts(), design(), family="gamma")
    with pytest.raises(ValueError, match="fixed alpha"):
        fit_counts(counts(), design(), family="negativebinomial")


def staggered(units=20, periods=12, effect=1.0, seed=0):
    rng = np.random.default_rng(seed)
    start = rng.choice([4, 7, 99], units)
    treated = (np.arange(periods) >= start[:, None]).astype(float)
    y = (
        rng.standard_normal((units, 1)) * 3
        + np.arange(periods) * 0.2
        + effect * treated
        + rng.standard_normal((units, periods))
    )
    return y, treated


def test_permuted_adoption_equals_two_way_regressions():
    y, treated = staggered()
    found = permute_adoption(y, treated, draws=4, seed=5)
    rows = np.repeat(np.arange(20), 12)
    dummies = np.column_stack(
        [
            pd.get_dummies(rows).to_numpy(float),
            pd.get_dummies(np.tile(np.arange(12), 20)).to_numpy(float)[:, 1:],
        ]
    )

    def peer(histories):
        return (
            sm.OLS(y.ravel(), np.column_stack([histories.ravel(), dummies]))
            .fit()
            .params[0]
        )

    assert found.estimate == pytest.approx(peer(treated), rel=1e-9)
    rng = np.random.default_rng(np.random.SeedSequence(5).spawn(1)[0])
    order = rng.permuted(np.tile(np.arange(20), (4, 1)), axis=1)
    near(found.draws, [peer(treated[item]) for item in order])


def test_permuted_adoption_finds_an_effect_and_keeps_within_strata():
    y, treated = staggered()
    assert permute_adoption(y, treated, draws=999).pvalue < 0.01
    alone = permute_adoption(y, treated, strata=np.arange(20), draws=9)
    near(alone.draws, np.full(9, alone.estimate))
    assert alone.pvalue == 1
    null = [
        permute_adoption(*staggered(effect=0, seed=s), draws=99).pvalue
        for s in range(60)
    ]
    assert np.mean(np.array(null) <= 0.05) < 0.15
    with pytest.raises(NotTestable, match="does not vary beyond"):
        permute_adoption(y, np.ones_like(y))


def test_permuted_adoption_is_aligned_on_labels():
    y, treated = staggered()
    units = [f"state {i:02d}" for i in range(20)]
    y, treated = pd.DataFrame(y, units), pd.DataFrame(treated, units)
    strata = pd.Series(np.arange(20) % 3, units)
    plain = permute_adoption(y, treated, strata=strata, draws=99)
    turned = permute_adoption(
        y, treated.iloc[::-1, ::-1], strata=strata.iloc[::-1], draws=99
    )
    assert turned.estimate == pytest.approx(plain.estimate)
    assert turned.pvalue == plain.pvalue
    with pytest.raises(NotTestable, match="same units"):
        permute_adoption(y, treated.rename(index={"state 00": "other"}))

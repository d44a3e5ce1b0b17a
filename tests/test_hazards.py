"""The discrete-time hazard against statsmodels' GLM on rows; what must not matter."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.hazards import fit_hazard, to_intervals
from analysis_utils.methods.randomisation import score_contributions

NAMES = ["x", "z", "d"]


def rows(n=250, periods=10, seed=0, late=False):
    """Units by periods at risk, with a covariate that switches on."""
    rng = np.random.default_rng(seed)
    unit, time = np.repeat(np.arange(n), periods), np.tile(np.arange(periods), n)
    x, z, state = rng.normal(size=n), rng.normal(size=n), rng.integers(0, 6, n)
    on, enter = rng.integers(0, 2 * periods, n), rng.integers(0, 4 if late else 1, n)
    d = (time >= on[unit]).astype(float)
    eta = -3.2 + 0.4 * rng.normal(size=periods)[time]
    eta = eta + 0.5 * x[unit] - 0.3 * z[unit] + 0.7 * d + 0.3 * (state[unit] - 3)
    event = (rng.random(len(unit)) < -np.expm1(-np.exp(eta))).astype(int)
    table = pd.DataFrame(
        {
            "unit": unit,
            "period": time + 3,
            "x": x[unit],
            "z": z[unit],
            "d": d,
            "state": state[unit],
            "event": event,
        }
    )
    table = table[time >= enter[unit]]
    gone = table.groupby("unit")["event"].cumsum() - table["event"]
    return table[gone == 0].reset_index(drop=True)


def glm(table, cells, names=NAMES, offset=None):
    """The same model on rows, one indicator a cell with events."""
    key = table.groupby(cells)["event"]
    table = table[key.transform("sum") > 0]
    dummies = pd.get_dummies(table.groupby(cells).ngroup(), dtype=float)
    design = pd.concat([table[names], dummies], axis=1)
    family = sm.families.Binomial(sm.families.links.CLogLog())
    shift = None if offset is None else table[offset]
    model = sm.GLM(table["event"], design, family=family, offset=shift)
    fit = model.fit(tol=1e-13, maxiter=200)
    hessian = model.hessian(fit.params, observed=True)
    return table, fit, np.linalg.inv(-hessian)


@pytest.mark.parametrize("strata", [[], ["state"]])
@pytest.mark.parametrize("late", [False, True])
def test_equal_to_glm_on_the_same_rows(strata, late):
    table = rows(late=late)
    used, theirs, inverse = glm(table, [*strata, "period"])
    table = to_intervals(table, NAMES, keep=["state"])
    ours = fit_hazard(table, NAMES, strata=strata)
    np.testing.assert_allclose(ours.params, theirs.params[NAMES], atol=2e-7)
    np.testing.assert_allclose(ours.cov, inverse[:3, :3], rtol=1e-5, atol=1e-9)
    assert ours.llf == pytest.approx(theirs.llf, abs=1e-8)
    assert ours.nobs == len(used)
    assert ours.n_events == used["event"].sum()


def test_additive_effects_equal_indicators():
    table = rows()
    table = table.assign(**{f"s{k}": 1.0 * (table["state"] == k) for k in range(1, 6)})
    names = [*NAMES, *(f"s{k}" for k in range(1, 6))]
    _, theirs, _ = glm(table, ["period"], names)
    ours = fit_hazard(
        to_intervals(table, NAMES, keep=["state"]), NAMES, effects=["state"]
    )
    np.testing.assert_allclose(ours.params, theirs.params[names], atol=3e-7)


def test_clustered_covariance_equals_the_sandwich_of_all_parameters():
    table = rows()
    used, theirs, inverse = glm(table, ["period"])
    factor = theirs.model.score_factor(theirs.params)
    scores = factor[:, None] * theirs.model.exog
    sums = np.zeros((6, scores.shape[1]))
    np.add.at(sums, used["state"].to_numpy(), scores)
    expected = (inverse @ sums.T @ sums @ inverse)[:3, :3] * 6 / 5
    made = fit_hazard(
        to_intervals(table, NAMES, keep=["state"]), NAMES, cluster="state"
    )
    np.testing.assert_allclose(made.cov, expected, rtol=1e-5)
    influence = made.influence("d")
    assert influence.sum() == pytest.approx(0, abs=1e-10)
    assert (influence**2).sum() * 6 / 5 == pytest.approx(made.cov.loc["d", "d"])


def test_offset_equals_an_exposure():
    table = rows()
    table["log_size"] = np.log(np.random.default_rng(1).uniform(1, 3, 250))[
        table["unit"]
    ]
    _, theirs, _ = glm(table, ["period"], offset="log_size")
    ours = fit_hazard(
        to_intervals(table, NAMES, keep=["log_size"]), NAMES, offset="log_size"
    )
    np.testing.assert_allclose(ours.params, theirs.params[NAMES], atol=2e-7)


def test_rows_and_intervals_are_the_same_fit():
    table = rows()
    by_row = table.assign(entry=table["period"], exit=table["period"])
    joined = to_intervals(table, NAMES)
    assert len(joined) < len(table) / 3
    one, other = fit_hazard(by_row, NAMES), fit_hazard(joined, NAMES)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-9)
    np.testing.assert_allclose(one.cov, other.cov, rtol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-50, 50), st.floats(0.01, 100))
def test_order_labels_shift_and_scale_do_not_matter(seed, shift, scale):
    table = to_intervals(rows(120, 6, seed=5), NAMES, keep=["state"])
    base = fit_hazard(table, NAMES, cluster="state")
    changed = table.sample(frac=1, random_state=seed).reset_index(drop=True)
    changed["x"] = changed["x"] * scale + shift
    changed[["entry", "exit"]] += 17
    changed["unit"] = "u" + changed["unit"].astype(str)
    changed["state"] = changed["state"].map(dict(enumerate("fbdaec")))
    made = fit_hazard(changed, NAMES, cluster="state")
    factor = np.array([scale, 1, 1])
    np.testing.assert_allclose(made.params * factor, base.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(made.bse * factor, base.bse, rtol=1e-6)
    np.testing.assert_allclose(
        made.effective_clusters, base.effective_clusters, rtol=1e-6
    )


def test_known_ratio_is_recovered_and_the_interval_holds_it():
    held, found = 0, []
    for seed in range(40):
        table = to_intervals(rows(250, 8, seed=100 + seed), NAMES, keep=["state"])
        ratio = fit_hazard(table, NAMES, effects=["state"]).hazard_ratios().loc["x"]
        held += ratio["lower"] <= np.exp(0.5) <= ratio["upper"]
        found.append(ratio["b"])
    assert held >= 34  # 38 expected; below 34 has probability .01
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)


def test_residuals_give_the_score_of_a_covariate_left_out():
    table = to_intervals(rows(), NAMES, keep=["state"])
    without = fit_hazard(table, ["x", "z"])
    sums, labels = without.residual_sums(["state"])
    assert abs(sums.sum(axis=0)).max() < 1e-9  # the period effects' own equations
    rng = np.random.default_rng(0)
    history = (np.arange(10) >= rng.integers(0, 12, 6)[:, None]).astype(float)
    score = np.trace(score_contributions(sums, history))

    def loglik(effect):
        at = rows()
        at["shift"] = effect * history[at["state"], at["period"] - 3]
        joined = to_intervals(at, ["x", "z"], keep=["shift", "state"])
        return fit_hazard(joined, ["x", "z"], offset="shift").llf

    numeric = (loglik(1e-4) - loglik(-1e-4)) / 2e-4
    assert score == pytest.approx(numeric, abs=1e-4)
    assert list(labels.get_level_values(0)) == list(range(6))


def test_expected_sums_are_those_of_the_rows():
    table = to_intervals(rows(), NAMES, keep=["state"])
    made = fit_hazard(table, NAMES, strata=["state"])
    sums, labels = made.expected_sums(["state"])
    hazards = made.fitted_hazards()
    mu = -np.log1p(-hazards["hazard"])
    state = table["state"].to_numpy()[hazards["row"]]
    by_row = mu.groupby([state, hazards["period"].to_numpy()]).sum().unstack()
    np.testing.assert_allclose(sums, by_row.fillna(0), atol=1e-9)


def test_expected_events_add_up_and_are_found_where_predicted():
    made = fit_hazard(to_intervals(rows(), NAMES, keep=["state"]), NAMES)
    table = made.calibration(5)
    assert table["expected"].sum() == pytest.approx(made.n_events, rel=0.03)
    assert table["observed"].sum() == made.n_events
    assert (
        (table["lower"] < table["expected"]) & (table["expected"] < table["upper"])
    ).sum() >= 4


def test_probability_follows_from_baseline_and_predictor():
    table = to_intervals(rows(), NAMES, keep=["state"])
    made = fit_hazard(table, NAMES, strata=["state"])
    hazards = made.fitted_hazards()
    row = hazards.iloc[40]
    source = table.loc[[int(row["row"])]]
    state = source["state"].iloc[0]
    a = made.baseline.loc[state, int(row["period"])]
    assert made.probability(source, a).iloc[0] == pytest.approx(row["hazard"])


def test_few_treated_clusters_are_said():
    table = to_intervals(rows(), NAMES, keep=["state"])
    table["law"] = 1.0 * (table["state"] == 2)
    made = fit_hazard(table, [*NAMES, "law"], cluster="state")
    assert made.effective_clusters["law"] < 2
    assert "law" in " ".join(made.notes)


def test_a_level_without_events_is_left_out_and_said():
    table = to_intervals(rows(), NAMES, keep=["state"])
    none = table.assign(event=table["event"].where(table["state"] != 4, 0))
    made = fit_hazard(none, NAMES, effects=["state"])
    rest = fit_hazard(none[none["state"] != 4], NAMES, effects=["state"])
    np.testing.assert_allclose(made.params, rest.params, rtol=1e-9)
    assert "4" in made.notes[0]
    assert made.probability(none[none["state"] == 4].head(1), 1.0).iloc[0] == 0


@pytest.mark.parametrize(
    "change, options, words",
    [
        ({"x": np.nan}, {}, "x: "),
        ({"x": 1.0}, {}, "same in all rows"),
        ({"event": 2}, {}, "0 \\(no event\\)"),
        ({"event": 0}, {}, "No event"),
        ({"exit": 0}, {}, "ends before it begins"),
        ({"entry": 1.5}, {}, "whole numbers"),
        ({"unit": 1}, {}, "two rows at the same time"),
        ({"x": "a"}, {}, "numbers are needed"),
        ({}, {"covariates": "x"}, "list of columns"),
        ({}, {"covariates": ["x", "x"]}, "twice"),
        ({}, {"covariates": ["y"]}, "No column 'y'"),
        ({}, {"strata": ["state"], "effects": ["state"]}, "contain"),
        ({"state": 1}, {"cluster": "state"}, "one cluster only"),
    ],
)
def test_refused_in_words(change, options, words):
    table = to_intervals(rows(60, 5), NAMES, keep=["state"]).assign(**change)
    covariates = options.pop("covariates", NAMES)
    with pytest.raises(Refused, match=words):
        fit_hazard(table, covariates, **options).hazard_ratios()


def test_separation_and_collinearity_are_named():
    table = to_intervals(rows(80, 5), NAMES, keep=["state"])
    with pytest.raises(NotTestable, match="copy does not vary"):
        fit_hazard(table.assign(copy=3 * table["x"] - 1), ["x", "copy"])
    apart = rows(80, 5).assign(entry=lambda t: t["period"], exit=lambda t: t["period"])
    apart["s"] = 1.0 * (apart["event"] == 1) * (apart["x"] > 0)
    with pytest.raises(NotTestable, match="s has no finite estimate"):
        fit_hazard(apart, ["z", "s"])
    with pytest.raises(Refused, match="after its event"):
        again = pd.concat([table, table[table["event"] == 1].assign(entry=99, exit=99)])
        fit_hazard(again, NAMES)
    with pytest.raises(Refused, match="two rows in period"):
        to_intervals(pd.concat([rows(9, 3)] * 2), NAMES)

"""Panels: few treated states, randomisation, local projections, gaps, counts."""

import itertools

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.signal import lfilter

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.event_study import group_time_effects
from analysis_utils.methods.few_clusters import bias_reduced, effective_clusters
from analysis_utils.methods.local_projections import leads_test, local_projections
from analysis_utils.methods.panel import panel_association
from analysis_utils.methods.panel_randomisation import (
    event_randomisation,
    panel_randomisation,
)

IDS = {"unit": "state", "time": "month"}


def states(units=20, periods=24, treated=3, effect=0.0, seed=0, rho=0.6):
    """A law in the first `treated` states from the middle on; AR(1) errors."""
    rng = np.random.default_rng(seed)
    noise = lfilter([1], [1, -rho], rng.standard_normal((units, periods + 40)), axis=1)
    table = pd.DataFrame(
        {
            "state": np.repeat(np.arange(units), periods),
            "month": np.tile(np.arange(periods), units),
        }
    )
    late = table["month"] >= periods // 2
    table["law"] = 1.0 * ((table["state"] < treated) & late)
    table["y"] = noise[:, 40:].ravel() + effect * table["law"] + 0.1 * table["month"]
    return table


def test_cr2_equals_its_definition():
    """Against matrices of all rows: Pustejovsky and Tipton 2018, equations 4 and 11."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 4)
    others = np.column_stack([np.eye(6)[groups], rng.standard_normal((24, 2))])
    design = np.column_stack([rng.standard_normal(24), others])
    y = rng.standard_normal(24)
    hat = design @ np.linalg.pinv(design)
    left, bread = y - hat @ y, np.linalg.pinv(design.T @ design)
    parts, columns = [], []
    for g in range(6):
        rows = groups == g
        inner = np.eye(rows.sum()) - hat[np.ix_(rows, rows)]
        values, vectors = np.linalg.eigh(inner)
        inverse = np.where(values > 1e-8, values, np.inf) ** -0.5
        adjust = vectors @ np.diag(inverse) @ vectors.T
        loading = adjust @ design[rows] @ bread[0]
        parts.append(loading @ left[rows])
        columns.append((np.eye(24) - hat)[:, rows] @ loading)
    gram = np.array(columns) @ np.array(columns).T
    basis = np.linalg.qr(others)[0]
    x = design[:, 0] - basis @ (basis.T @ design[:, 0])
    se, df = bias_reduced(x, left, groups, others)
    assert se == pytest.approx(np.sqrt(np.sum(np.square(parts))), rel=1e-8)
    assert df == pytest.approx(np.trace(gram) ** 2 / (gram**2).sum(), rel=1e-8)


def test_effects_of_units_may_be_demeaned_away():
    table = states(8, 10)
    fit = panel_association(table, "y", "law", **IDS)
    dummies = pd.get_dummies(table["state"], dtype=float).to_numpy()
    months = pd.get_dummies(table["month"], dtype=float).to_numpy()
    others = np.column_stack([dummies, months])
    left = {
        name: table[name] - others @ np.linalg.lstsq(others, table[name], rcond=None)[0]
        for name in ("law", "y")
    }
    errors = left["y"] - fit.params["law"] * left["law"]
    se, df = bias_reduced(
        left["law"].to_numpy(), errors.to_numpy(), table["state"].to_numpy(), others
    )
    assert fit.bse["law"] == pytest.approx(se, rel=1e-7)
    assert fit.df_resid["law"] == pytest.approx(df, rel=1e-7)


@pytest.mark.long
@pytest.mark.parametrize("treated", [2, 3])
def test_intervals_of_few_treated_states_cover(treated):
    inside = []
    for seed in range(80):
        fit = panel_association(
            states(30, treated=treated, seed=seed), "y", "law", **IDS
        )
        lower, upper = fit.conf_int().loc["law"]
        inside.append(lower <= 0 <= upper)
    assert np.mean(inside) > 0.88


def test_one_treated_state_has_randomisation_and_no_interval():
    table = states(20, treated=1, effect=8.0)
    fit = panel_association(table, "y", "law", **IDS)
    assert fit.conf_int().isna().all(axis=None)
    assert "use panel_randomisation" in fit.refusals["law"]
    found = panel_randomisation(table, "y", "law", **IDS)
    assert found["p"] == pytest.approx(1 / 20)
    assert found["estimate"] == pytest.approx(fit.params["law"])


def test_randomisation_equals_all_refits():
    table = states(6, 8, treated=2, effect=1.0)
    found = panel_randomisation(table, "y", "law", **IDS)
    late = table["month"] >= 4
    effects = []
    for pair in itertools.combinations(range(6), 2):
        moved = table.assign(law=1.0 * (table["state"].isin(pair) & late))
        effects.append(panel_association(moved, "y", "law", **IDS).params["law"])
    own = abs(panel_association(table, "y", "law", **IDS).params["law"])
    assert found["p"] == pytest.approx(np.mean(np.abs(effects) >= own - 1e-9))


def test_event_randomisation_equals_all_refits():
    table = states(7, 8, treated=2, effect=0.5)
    names = {"outcome": "y", "unit": "state", "time": "month", "cohort": "first"}

    def estimate(pair):
        first = np.where(table["state"].isin(pair), 4.0, np.nan)
        effects = group_time_effects(table.assign(first=first), **names, n_resamples=9)
        return effects, effects.aggregate("simple").overall.params.iloc[0]

    effects, own = estimate((0, 1))
    all_of_them = [estimate(pair)[1] for pair in itertools.combinations(range(7), 2)]
    found = event_randomisation(effects)
    assert found["estimate"] == pytest.approx(own)
    expected = np.mean(np.abs(all_of_them) >= abs(own) - 1e-9)
    assert found["p"] == pytest.approx(expected)


def test_interval_of_event_randomisation_holds_the_effect():
    inside = []
    for seed in range(20):
        table = states(20, 8, treated=2, effect=1.0, seed=seed)
        table["first"] = np.where(table["state"] < 2, 4.0, np.nan)
        effects = group_time_effects(
            table,
            outcome="y",
            unit="state",
            time="month",
            cohort="first",
            n_resamples=9,
        )
        found = event_randomisation(effects, draws=199, alpha=0.1)
        inside.append(found["lower"] <= 1 <= found["upper"])
    assert np.mean(inside) >= 0.75


def test_sums_refuse_what_is_no_sum():
    table = states(20, 8)
    table["first"] = np.where(table["state"] < 5, 4.0, np.nan)
    table["x"] = table["state"] % 3 + 0.0
    names = {"outcome": "y", "unit": "state", "time": "month", "cohort": "first"}
    effects = group_time_effects(table, **names, covariates=("x",), n_resamples=9)
    with pytest.raises(NotTestable, match="only without covariates"):
        event_randomisation(effects)


def test_differences_do_not_run_across_months_that_nobody_has():
    rng = np.random.default_rng(0)
    table = states(30, 40, treated=0).drop(columns="law")
    table["x"] = rng.standard_normal(len(table)).cumsum()
    table["y"] = 0.5 * table["x"] + 0.1 * rng.standard_normal(len(table))
    # while nobody looked, all states moved by amounts of their own
    table.loc[table["month"] >= 26, "y"] += (
        40 * rng.standard_normal(30)[table.loc[table["month"] >= 26, "state"]]
    )
    seen = table[(table["month"] < 14) | (table["month"] >= 26)]
    found = panel_association(seen, "y", "x", **IDS, difference=True)
    assert found.params["x"] == pytest.approx(0.5, abs=0.01)
    assert found.nobs == 30 * (13 + 13)
    with pytest.raises(NotTestable, match="without gaps"):
        panel_association(seen, "y", "x", **IDS, errors="driscoll-kraay")


def test_text_periods_are_refused():
    table = states().assign(month=lambda d: d["month"].astype(str))
    with pytest.raises(Refused, match="periods are text"):
        panel_association(table, "y", "law", **IDS)


def test_counts_equal_the_regression_with_dummies():
    table = states(10, 12, treated=4)
    rng = np.random.default_rng(0)
    table["n"] = rng.poisson(np.exp(1 + 0.05 * table["month"] + 0.4 * table["law"]))
    ours = panel_association(table, "n", "law", **IDS, family="poisson", errors="CRV1")
    peer = smf.glm(
        "n ~ law + C(state) + C(month)", table, family=sm.families.Poisson()
    ).fit(cov_type="cluster", cov_kwds={"groups": table["state"]})
    assert ours.params["law"] == pytest.approx(peer.params["law"], rel=1e-5)
    assert ours.bse["law"] == pytest.approx(peer.bse["law"], rel=0.06)
    careful = panel_association(table, "n", "law", **IDS, family="poisson")
    assert careful.bse["law"] == pytest.approx(ours.bse["law"], rel=0.35)
    assert careful.df_resid["law"] < 9


def test_effective_clusters_count_the_treated():
    assert effective_clusters(np.ones(12), np.repeat([0, 1, 2], 4)) == 3
    fit = panel_association(states(50, treated=3), "y", "law", **IDS)
    assert 3 < fit.effective_clusters["law"] < 4


def test_local_projections_find_a_planted_path():
    """y moves by 1 in the month after the dose, by 2 more two months after."""
    rng = np.random.default_rng(1)
    table = states(40, 36, treated=0)
    dose = rng.poisson(0.15, (40, 36)).cumsum(axis=1)
    change = np.diff(dose, axis=1, prepend=dose[:, :1])
    late = [np.roll(change, k, axis=1) for k in (1, 2)]
    for k in (1, 2):
        late[k - 1][:, :k] = 0
    y = (late[0] + 2 * late[1]).cumsum(axis=1) + 0.2 * rng.standard_normal((40, 36))
    table["dose"], table["y"] = dose.ravel(), y.ravel()
    found = local_projections(table, "y", "dose", **IDS, leads=4, lags=4)
    expected = pd.Series({-4: 0, -3: 0, -2: 0, -1: 0, 0: 0, 1: 1, 2: 3, 3: 3, 4: 3})
    np.testing.assert_allclose(found["estimate"], expected, atol=0.3)
    within_band = (found["sup lower"] <= expected) & (expected <= found["sup upper"])
    assert within_band.all()
    assert leads_test(found)["p"] > 0.05
    assert (found["sup lower"] <= found["lower"]).all()


def test_local_projections_see_a_pre_trend():
    rng = np.random.default_rng(2)
    table = states(40, 36, treated=0)
    dose = rng.poisson(0.15, (40, 36)).cumsum(axis=1)
    ahead = np.roll(np.diff(dose, axis=1, prepend=dose[:, :1]), -2, axis=1)
    ahead[:, -2:] = 0
    table["dose"] = dose.ravel()
    table["y"] = (ahead.cumsum(axis=1) + 0.2 * rng.standard_normal((40, 36))).ravel()
    found = local_projections(table, "y", "dose", **IDS, leads=4, lags=1)
    assert leads_test(found)["p"] < 0.01


def test_local_projections_do_not_step_over_holes():
    table = states(20, 24, treated=0)
    table["dose"] = np.random.default_rng(0).poisson(0.3, len(table)).cumsum()
    whole = local_projections(table, "y", "dose", **IDS, leads=0, lags=0, dose_lags=0)
    holes = table[table["month"] != 10]
    found = local_projections(holes, "y", "dose", **IDS, leads=0, lags=0, dose_lags=0)
    assert whole.loc[0, "n"] == 20 * 23
    assert found.loc[0, "n"] == 20 * 21  # the change into and out of the hole are gone


def test_one_treated_state_has_no_limits_in_projections_either():
    table = states(20, 24, treated=1)
    found = local_projections(table, "y", "law", **IDS, leads=0, lags=2)
    assert found[["lower", "upper", "sup lower"]].isna().all(axis=None)
    assert found["refusal"].str.contains("too few").all()


def test_horizons_asked_for_apart_are_those_asked_for_together():
    table = states(20, 24, treated=8)
    whole = local_projections(table, "y", "law", **IDS, leads=3, lags=3)
    for leads, lags in ((3, 0), (0, 3)):
        part = local_projections(table, "y", "law", **IDS, leads=leads, lags=lags)
        both = ["estimate", "std err", "lower", "upper", "p"]
        pd.testing.assert_frame_equal(part[both], whole.loc[part.index, both])


def test_a_window_left_out_takes_its_rows_and_nothing_else():
    """With differences, months on both sides of the window are not joined."""
    table = states(20, 24, treated=8, effect=1.0)
    inside = table["month"].between(5, 9)
    left_out = panel_association(table[~inside], "y", "law", **IDS, difference=True)
    moved = table.assign(y=table["y"] + 1000.0 * inside * table["state"])
    spoilt = panel_association(moved[~inside], "y", "law", **IDS, difference=True)
    assert left_out.nobs == 20 * (4 + 13)
    assert spoilt.params["law"] == pytest.approx(left_out.params["law"])

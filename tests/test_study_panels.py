"""Study helpers on states, areas and neighbours: known answers, planted effects."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from notebook_code import code_of
from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.panel import panel_association
from analysis_utils.publish import findings
from analysis_utils.publish.findings import Finding
from analysis_utils.study import arrests

neighbours, states = code_of("16_neighbours"), code_of("11_states")
notebook = code_of("12_arrests_2015_2019")


def test_rank_p_counts_draws_at_least_as_far_from_the_centre():
    draws = np.array([-3.0, -1.0, 0.0, 1.0])
    assert findings.rank_p(2.0, draws) == pytest.approx(2 / 5)
    assert findings.rank_p(0.0, draws, centre=-1.0) == pytest.approx(4 / 5)


@pytest.mark.parametrize("day", [None, "2021-06-30", "2025-08-28"])
def test_agreements_known_on_a_day_are_those_counted_active_on_it(day):
    known = series.agreements_known(day)
    active = series.active(basis="listing", as_of=day)["all"].iloc[-1]
    assert known["gone_by"].isna().sum() == active
    assert known["agreement_id"].is_unique
    assert not (known["last_listed"] > series.last_day(day)).any()


def test_spearman_and_its_partial_form_equal_scipy_and_the_recursion():
    rng = np.random.default_rng(1)
    x, y, z = rng.integers(0, 9, (3, 40)).astype(float)
    assert_allclose(states.spearman(x, y), spearmanr(x, y)[0])
    ranks = pd.DataFrame({"x": x, "y": y, "z": z}).rank()
    rest = [smf.ols(f"{name} ~ z", ranks).fit().resid for name in ("x", "y")]
    assert_allclose(states.spearman(x, y, z), np.corrcoef(*rest)[0, 1])


def test_correlation_of_a_monotone_pair_is_one_and_that_of_noise_is_not_found():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": np.arange(30.0), "noise": rng.normal(size=30)})
    frame["y"] = frame["x"] ** 3
    up = states.correlate(frame, "x", "y", seed=287)
    assert up.estimate == pytest.approx(1) and up.p == pytest.approx(1e-4)
    noise = states.correlate(frame, "x", "noise", seed=287)
    assert noise.at()[0] < 0 < noise.at()[1] and noise.p > 0.05


def test_state_table_has_all_states_and_their_agreements():
    table = states.by_state("2025-08-28")
    known = series.agreements_known("2025-08-28").query("gone_by.isna()")
    whole = datasets.states().query("kind == 'state'")["state"]
    assert sorted(whole) == list(table.index)
    assert table["agreements"].sum() == known["state"].isin(whole).sum()
    assert table["with_agreement"].le(table["agreements"]).all()


def test_a_name_covers_neither_a_dot_nor_another_name():
    places = np.array([[0.5, 0.5], [0.52, 0.5], [0.9, 0.9], [0.5, 0.5]])
    names = pd.Index(["A", "B", "C", "D"])
    chosen = states.labelled(names, places)
    assert chosen["C"] and "B" in chosen and len(chosen) < 4
    again = states.labelled(names[::-1], places[::-1])
    assert again["C"] and again["B"] == chosen["B"]


def test_agreements_by_area_add_up_and_follow_divided_states():
    months = pd.period_range("2015-10", "2017-08", freq="M")
    areas = arrests.active_by_area(months)
    assert areas.loc["2015-10"].sum() == 32  # ICE's roster of October 2015
    assert areas.loc["2017-07", "Houston"] > areas.loc["2017-01", "Houston"]
    register = datasets.early_register()
    harris = register[register["agency"].str.startswith("Harris County")]
    assert set(arrests.areas_of(harris[harris["state"] == "TX"])) == {"Houston"}


def made_panel(effect: float) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    months = pd.period_range("2015-01", periods=24, freq="M")
    rows = []
    for number in range(16):
        start = rng.integers(4, 20)
        dose = np.where(np.arange(24) >= start, rng.integers(1, 8), 0)
        mean = np.exp(3 + 0.1 * number + effect * np.log1p(dose))
        rows.append(
            pd.DataFrame(
                {
                    "area": f"a{number:02d}",
                    "month": months,
                    "agreements": dose,
                    "arrests": rng.poisson(mean),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def test_a_planted_elasticity_is_recovered_and_ranks_high_among_permutations():
    table = made_panel(0.5)
    rows = notebook.with_dose(table)
    found = panel_association(
        rows, "arrests", "dose", unit="area", time="month", family="poisson"
    )
    low, high = found.conf_int().loc["dose"]
    assert low < 0.5 < high and found.params["dose"] > 0.4
    assert notebook.permutation_p(table, draws=999) < 0.01
    assert notebook.permutation_p(made_panel(0.0), draws=999) > 0.05


def test_share_of_arrests_is_of_all_arrests():
    share = notebook.national_share("2015-10-01", "2019-08-31")
    assert len(share) == 47 and share.between(0, 100).all()
    year = share.loc["2017-10":"2018-06"]
    assert 6.0 < year.mean() < 6.5  # 7,512 of 120,549 in these nine months


def made_rates(weights: pd.DataFrame, spread: float) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    values = [rng.exponential(size=len(weights))]
    for _ in range(14):
        values.append(
            spread * weights.to_numpy() @ values[-1]
            + rng.exponential(size=len(weights))
        )
    return pd.DataFrame(np.array(values).T, index=weights.index)


def test_neighbour_weights_are_means_over_the_states_that_touch():
    weights = neighbours.neighbour_matrix(
        pd.Index(datasets.states().query("kind == 'state'")["state"])
    )
    assert len(weights) == 48
    assert_allclose(weights.sum(axis=1), 1)
    assert set(weights.columns[weights.loc["ME"] > 0]) == {"NH"}
    far = neighbours.second_order(weights)
    assert set(far.columns[far.loc["ME"] > 0]) == {"MA", "VT"}


def test_coefficient_equals_least_squares_with_dummies_and_finds_planted_spread():
    weights = neighbours.neighbour_matrix(
        pd.Index(datasets.states().query("kind == 'state'")["state"])
    )
    rates = made_rates(weights, 0.6)
    found, draws = neighbours.diffusion(rates, weights, 1, 287, 499)
    long = pd.DataFrame(
        {
            "y": rates.iloc[:, 1:].to_numpy().ravel(),
            "x": (weights.to_numpy() @ rates.iloc[:, :-1].to_numpy()).ravel(),
            "s": np.repeat(np.arange(48), 14),
            "t": np.tile(np.arange(14), 48),
        }
    )
    fit = smf.ols("y ~ x + C(s) + C(t)", long).fit()
    assert found.estimate == pytest.approx(fit.params["x"])
    assert found.p < 0.05 and found.at()[0] > 0.2
    later, _ = neighbours.diffusion(rates, weights, 2, 287, 99)
    assert later.n == 48 * 13
    nothing, draws = neighbours.diffusion(
        made_rates(weights, 0.0), weights, 1, 287, 499
    )
    assert nothing.p > 0.05 and len(draws) == 499


def test_a_table_of_findings_keeps_what_could_not_be_tested():
    open_ended = Finding.of_interval(1.0, 0.5, np.inf, p=0.2, n=7)
    found = {"a": open_ended, "b": Finding.not_testable("none")}
    table = findings.table(found, "agreements")
    columns = ["estimate", "low", "high", "p", "agreements"]
    assert list(table.columns) == [*columns, "note"]
    assert table.loc["a", "agreements"] == 7 and np.isnan(table.loc["a", "high"])
    assert table.loc["b", columns].isna().all() and table.loc["b", "note"] == "none"


def test_the_area_of_the_largest_rise_and_arrests_per_agreement():
    months = pd.period_range("2016-11", "2017-04", freq="M")
    rows = [
        {
            "area": area,
            "month": month,
            "agreements": held,
            "arrests": rise if month > months[2] else 10,
        }
        for area, held, rise in (("A", 2, 5), ("B", 4, 90), ("C", 0, 11))
        for month in months
    ]
    risen = notebook.about(pd.DataFrame(rows), pd.Timestamp("2017-01-25"))
    assert list(risen.index) == ["B", "C", "A"]
    assert risen.loc["B", ["before", "after"]].tolist() == [10, 90]
    said = [notebook.direction(risen.loc[area]) for area in ("A", "B", "C")]
    assert said == ["did not rise", "rose", "cannot be told, for lack of agreements"]


def test_two_ps_are_said_to_agree_or_not():
    assert "do not agree" in notebook.against_permutation(0.04, 0.2)
    assert "do not" not in notebook.against_permutation(0.04, 0.01)


@pytest.mark.parametrize("day", ["2015-01-25", "2019-01-25"])
def test_arrests_on_one_side_of_a_day_are_not_compared(day):
    months = pd.period_range("2017-01", "2017-03", freq="M")
    rows = pd.DataFrame({"area": "A", "month": months, "arrests": 1, "agreements": 1})
    with pytest.raises(NotTestable, match="2017-01 to 2017-03 lie on one side"):
        notebook.about(rows, pd.Timestamp(day))

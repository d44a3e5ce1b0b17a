"""Event study: known effects, definitions, invariances, coverage, refusals."""

import numpy as np
import pandas as pd
import pyfixest
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.did_library import staggered_estimates
from analysis_utils.methods.event_study.estimation import group_time_effects

COLUMNS = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}


def panel(units=120, years=8, seed=0, noise=1.0, never=True, effect=1.0):
    """Cohorts 2003, 2005 and never; the effect grows by `effect` a year."""
    rng = np.random.default_rng(seed)
    first = np.resize([2003, 2005, 0 if never else 2007], units)
    table = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), years),
            "year": np.tile(np.arange(2000, 2000 + years), units),
            "first": np.repeat(first, years),
            "x": np.repeat(rng.standard_normal(units), years),
        }
    )
    since = np.where(table["first"] > 0, table["year"] - table["first"], -1)
    table["y"] = (
        np.repeat(rng.standard_normal(units), years)
        + 0.3 * (table["year"] - 2000)
        + effect * np.clip(since + 1, 0, None)
        + noise * rng.standard_normal(len(table))
    )
    return table


def estimate(table=None, **options):
    return group_time_effects(
        panel() if table is None else table,
        **COLUMNS,
        **{"n_resamples": 499, **options},
    )


@pytest.mark.parametrize("control", ["never", "not-yet"])
@pytest.mark.parametrize("base_period", ["varying", "universal"])
@pytest.mark.parametrize("estimator", ["dr", "reg", "ipw"])
def test_finds_effects_that_grow(control, base_period, estimator):
    effects = estimate(
        panel(noise=0.001),
        control=control,
        base_period=base_period,
        covariates=("x",),
        estimator=estimator,
    )
    dynamic = effects.aggregate("dynamic")
    expected = np.clip(dynamic.params.index.to_numpy() + 1, 0, None)
    np.testing.assert_allclose(dynamic.params, expected, atol=0.002)


def test_two_way_fixed_effects_are_the_trap():
    table = panel(noise=0.001, effect=2.0)
    table["treated"] = (table["first"] > 0) & (table["year"] >= table["first"])
    naive = smf.ols("y ~ treated + C(unit) + C(year)", table).fit()
    simple = estimate(table).aggregate("simple").overall.params.iloc[0]
    truth = 2 * np.mean([*range(1, 6), *range(1, 4)])
    assert simple == pytest.approx(truth, abs=0.01)
    assert naive.params["treated[T.True]"] < 0.8 * truth


def test_without_covariates_it_is_a_difference_of_differences():
    table = panel()
    wide = table.pivot(index="unit", columns="year", values="y")
    first = table.groupby("unit")["first"].first()
    change = wide[2006] - wide[2002]
    by_hand = change[first == 2003].mean() - change[first == 0].mean()
    assert estimate().params[2003, 2006] == pytest.approx(by_hand, abs=1e-12)
    change = wide[2004] - wide[2002]
    controls = change[(first == 0) | (first == 2005)]
    assert estimate(control="not-yet").params[2003, 2004] == pytest.approx(
        change[first == 2003].mean() - controls.mean(), abs=1e-12
    )


def test_errors_of_one_cell_equal_robust_regression():
    table = panel()
    wide = table.pivot(index="unit", columns="year", values="y")
    first = table.groupby("unit")["first"].first()
    used = pd.DataFrame(
        {"change": wide[2006] - wide[2002], "treated": (first == 2003) * 1.0}
    )[first != 2005]
    peer = smf.ols("change ~ treated", used).fit(cov_type="HC0")
    effects = estimate()
    assert effects.params[2003, 2006] == pytest.approx(peer.params["treated"])
    assert effects.bse[2003, 2006] == pytest.approx(peer.bse["treated"], rel=1e-9)


def test_influence_functions_equal_the_jackknife():
    table = panel(units=60)
    options = {"covariates": ("x",), "control": "not-yet"}
    whole = estimate(table, **options)
    left_out = [estimate(table[table["unit"] != unit], **options) for unit in range(60)]
    for kind in ("simple", "dynamic", "group", "calendar"):
        draws = np.array(
            [item.aggregate(kind).overall.params.iloc[0] for item in left_out]
        )
        jackknife = np.sqrt(59 / 60 * ((draws - draws.mean()) ** 2).sum())
        assert whole.aggregate(kind).overall.bse.iloc[0] == pytest.approx(
            jackknife, rel=0.06
        )


def test_bootstrap_agrees_with_analytic_errors_and_bands_are_wider():
    dynamic = estimate(n_resamples=4999).aggregate("dynamic")
    np.testing.assert_allclose(dynamic.bootstrap_bse(), dynamic.bse, rtol=0.08)
    band, single = dynamic.conf_int(simultaneous=True), dynamic.conf_int()
    assert (band["upper"] > single["upper"]).all()


def test_bands_cover_all_event_times():
    covered = 0
    for seed in range(100):
        dynamic = estimate(panel(units=90, seed=seed), n_resamples=199)
        dynamic = dynamic.aggregate("dynamic")
        band = dynamic.conf_int(simultaneous=True)
        truth = np.clip(dynamic.params.index.to_numpy() + 1, 0, None)
        covered += ((band["lower"] <= truth) & (truth <= band["upper"])).all()
    assert covered >= 88


def test_pre_trend_test_sees_a_trend_and_keeps_its_size():
    p = [estimate(panel(seed=seed)).pre_trend_test()["p"] for seed in range(60)]
    assert np.mean(np.array(p) < 0.05) < 0.2
    table = panel()
    table["y"] += 0.5 * (table["first"] == 2005) * table["year"]
    assert estimate(table).pre_trend_test()["p"] < 0.001


def test_without_never_treated_the_last_cohort_is_the_control():
    table = panel(never=False, noise=0.001)
    with pytest.raises(NotTestable, match="use control='not-yet'"):
        estimate(table)
    effects = estimate(table, control="not-yet")
    assert effects.params.index.get_level_values("time").max() == 2006
    assert set(effects.params.index.get_level_values("group")) == {2003, 2005}
    assert "estimated before 2007" in " ".join(str(effects.summary()).split())
    np.testing.assert_allclose(effects.params[2003, 2006], 4, atol=0.01)


def test_always_treated_units_are_left_out_aloud():
    table = panel()
    table.loc[table["unit"] < 3, "first"] = 2000
    effects = estimate(table)
    assert "3 units treated from the first period on" in str(effects.summary())
    assert len(effects.influence) == 117


def test_incomplete_units_are_left_out_aloud_if_asked():
    table = panel()
    effects = estimate(table.iloc[1:], drop_incomplete=True)
    assert "1 of 120 units lack periods" in str(effects.summary())
    whole = estimate(table[table["unit"] > 0])
    assert (effects.params == whole.params).all()


def test_anticipation_moves_the_base_period():
    table = panel()
    wide = table.pivot(index="unit", columns="year", values="y")
    first = table.groupby("unit")["first"].first()
    change = wide[2003] - wide[2001]
    by_hand = change[first == 2003].mean() - change[first == 0].mean()
    assert estimate(anticipation=1).params[2003, 2003] == pytest.approx(by_hand)


def test_dates_as_time_and_missing_as_never():
    table = panel()
    base = estimate(table).aggregate("dynamic").params
    table["year"] = pd.to_datetime(table["year"].astype(str))
    table["first"] = pd.to_datetime(
        table["first"].where(table["first"] > 0).astype("Int64").astype("string")
    )
    effects = estimate(table)
    assert effects.params.index[0] == (pd.Timestamp("2003"), pd.Timestamp("2001"))
    np.testing.assert_allclose(effects.aggregate("dynamic").params, base)


def test_balanced_event_times_compare_the_same_groups():
    dynamic = estimate().aggregate("dynamic", balance=2)
    assert dynamic.params.index.max() == 2
    limited = estimate().aggregate("dynamic", lowest=-1, highest=1)
    assert list(limited.params.index) == [-1, 0, 1]


def test_clusters_and_weights():
    table = panel()
    table["state"] = table["unit"] // 10
    table["people"] = 1.0 + table["unit"] % 3
    doubled = pd.concat([table, table.assign(unit=table["unit"] + 1000)])
    doubled["pair"] = doubled["unit"] % 1000
    np.testing.assert_allclose(estimate(doubled, cluster="pair").bse, estimate().bse)
    assert (estimate(table, cluster="state").params == estimate(table).params).all()
    repeated = pd.concat(
        [
            table[table["people"] > k].assign(unit=lambda d, k=k: d["unit"] + 1000 * k)
            for k in range(3)
        ]
    )
    np.testing.assert_allclose(
        estimate(table, weights="people").params, estimate(repeated).params
    )


@settings(max_examples=15, deadline=None)
@given(
    scale=st.floats(1e-3, 1e4),
    shift=st.floats(-1e4, 1e4),
    years=st.integers(-500, 500),
    seed=st.integers(0, 5),
)
def test_units_order_and_calendar_change_nothing(scale, shift, years, seed):
    table = panel(units=30, seed=seed)
    base = estimate(table)
    moved = table.sample(frac=1, random_state=seed).assign(
        y=lambda d: d["y"] * scale + shift,
        year=lambda d: d["year"] + years,
        first=lambda d: d["first"].where(d["first"] == 0, d["first"] + years),
    )
    other = estimate(moved)
    np.testing.assert_allclose(other.params / scale, base.params, atol=1e-6)
    np.testing.assert_allclose(other.bse / scale, base.bse, rtol=1e-5)
    assert other.pre_trend_test()["p"] == pytest.approx(
        base.pre_trend_test()["p"], rel=1e-4
    )


def test_same_seed_same_numbers_for_any_number_of_workers():
    bands = [
        estimate(workers=workers).conf_int(simultaneous=True) for workers in (1, 2)
    ]
    assert bands[0].equals(bands[1])


@pytest.mark.parametrize("kind", ["simple", "dynamic", "group", "calendar"])
def test_every_aggregation_prints_and_draws(kind):
    from matplotlib.figure import Figure

    result = estimate().aggregate(kind)
    ax = Figure().add_subplot()
    assert result.plot(ax) is ax
    assert "overall" in str(result.summary())
    assert np.isfinite(result.params).all() and (result.bse > 0).all()


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda d: d.iloc[1:], "unbalanced: 1 of 120 units lack periods, first 0"),
        (lambda d: pd.concat([d, d.iloc[:1]]), "Unit 0 has more than one row for 2000"),
        (lambda d: d.assign(y=d["y"].where(d["year"] != 2004)), "y: 120 missing"),
        (lambda d: d.assign(y=d["y"].replace(d["y"].iloc[9], np.inf)), "unit 1"),
        (
            lambda d: d.assign(first=d["first"].where(d["year"] > 2000, 2004)),
            "first varies within unit",
        ),
        (lambda d: d.assign(first=0), "No unit is first treated"),
        (lambda d: d.assign(first=2003), "never-treated"),
        (lambda d: d.drop(columns="y"), "No column 'y'"),
        (lambda d: d.assign(x=1.0), "collinear"),
        (lambda d: d.assign(x=(d["first"] == 2003) * 1.0), "Group 2003"),
    ],
)
def test_bad_input_is_refused(spoil, words):
    with pytest.raises(Refused, match=words):
        estimate(spoil(panel()), covariates=("x",))


def test_pre_trends_that_cannot_be_tested_are_refused():
    table = panel()
    table = table[table["year"] >= 2002].assign(first=table["first"].replace(2005, 0))
    with pytest.raises(NotTestable, match="no pre-trend to test"):
        estimate(table).pre_trend_test()


def test_unknown_choices_are_refused():
    with pytest.raises(ValueError, match="control 'some' is not known"):
        estimate(control="some")
    with pytest.raises(ValueError, match="Aggregation 'all' is not known"):
        estimate().aggregate("all")


def few(treated, units, cohorts=(2004,), seed=0, years=10, rho=0.6):
    """No effect; AR(1) errors; `treated` units of each cohort, the rest never."""
    rng = np.random.default_rng(seed)
    noise = lfilter([1], [1, -rho], rng.standard_normal((units, years + 40)), axis=1)
    first = np.zeros(units)
    for i, cohort in enumerate(cohorts):
        first[i * treated : (i + 1) * treated] = cohort
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), years),
            "year": np.tile(np.arange(2000, 2000 + years), units),
            "first": np.repeat(first, years),
            "y": noise[:, 40:].ravel(),
        }
    )


@pytest.mark.parametrize(
    "treated, units, cohorts",
    [(2, 50, (2004,)), (4, 50, (2004,)), (2, 20, (2004, 2006))],
)
def test_intervals_and_bands_of_few_treated_units_cover(treated, units, cohorts):
    single, band = [], []
    for seed in range(80):
        table = few(treated, units, cohorts, seed)
        dynamic = estimate(table, n_resamples=99).aggregate("dynamic")
        ends = dynamic.overall.conf_int().iloc[0]
        single.append(ends["lower"] <= 0 <= ends["upper"])
        ends = dynamic.conf_int(simultaneous=True)
        band.append(((ends["lower"] <= 0) & (ends["upper"] >= 0)).all())
    assert np.mean(single) > 0.88 and np.mean(band) > 0.9


def test_one_treated_unit_has_no_interval_and_no_pre_trend_test():
    effects = estimate(few(1, 50))
    assert effects.aggregate("dynamic").conf_int().isna().all(axis=None)
    assert effects.aggregate("simple").overall.pvalues.isna().all()
    assert "rest on one treated or control" in str(effects.summary()).replace("\n", " ")
    with pytest.raises(NotTestable, match="single cluster"):
        effects.pre_trend_test()
    two = few(1, 2)
    assert estimate(two).conf_int().isna().all(axis=None)


def test_pre_trend_test_of_few_states_keeps_its_size():
    p = [
        estimate(few(8, 50, (2004, 2006, 2008), seed)).pre_trend_test()["p"]
        for seed in range(80)
    ]
    assert np.mean(np.array(p) < 0.05) < 0.12


def test_cohort_zero_of_centred_time_is_treated_then():
    table = panel()
    centred = table.assign(
        year=table["year"] - 2003,
        first=np.where(table["first"] == 0, np.nan, table["first"] - 2003),
    )
    np.testing.assert_allclose(
        estimate(centred).aggregate("simple").overall.params,
        estimate(table).aggregate("simple").overall.params,
    )


def test_text_periods_and_absent_stretches_are_refused():
    table = panel()
    with pytest.raises(Refused, match="periods are text"):
        estimate(table.assign(year=table["year"].astype(str)))
    with pytest.raises(NotTestable, match="No unit has the period after 2003"):
        estimate(table[table["year"] != 2004])


def test_a_day_inside_a_month_counts_from_that_month():
    table = panel()
    start = pd.Period("2020-01", "M")
    month = table["year"].map(lambda year: start + int(year - 2000))
    first = table["first"].map(
        lambda year: (start + int(year - 2000)).start_time if year else pd.NaT
    )
    base = estimate(table).aggregate("dynamic").params
    for days in (0, 14, 27):
        inside = first + pd.Timedelta(days=days)
        for time in (pd.PeriodIndex(month), pd.PeriodIndex(month).start_time):
            moved = table.assign(year=time, first=inside)
            found = estimate(moved).aggregate("dynamic").params
            np.testing.assert_allclose(found, base)


@pytest.mark.parametrize("control", ["never", "not-yet"])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_diff_diff(control, seed):
    """Estimates and analytic errors of an independent program, cell by cell."""
    import diff_diff

    table = panel(seed=seed)
    peer = diff_diff.CallawaySantAnna(
        control_group={"never": "never_treated", "not-yet": "not_yet_treated"}[control]
    ).fit(table, outcome="y", unit="unit", time="year", first_treat="first")
    ours = estimate(table, control=control)
    theirs = pd.DataFrame(peer.group_time_effects).T
    for key in ours.params.index[(ours.bse > 0).to_numpy()]:
        found = theirs.loc[key]
        assert ours.params[key] == pytest.approx(found["effect"], abs=1e-10)
        assert ours.bse[key] == pytest.approx(found["se"], rel=1e-8)


def test_two_stages_equal_those_of_pyfixest():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(60), 6),
            "year": np.tile(np.arange(2000, 2006), 60),
        }
    )
    first = np.select([data["unit"] < 12, data["unit"] < 25], [2002.0, 2003.0], np.nan)
    data["first"], data["law"] = first, 1.0 * (data["year"] >= first)
    data["y"] = 2 * data["law"] + rng.standard_normal(360)
    names = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}
    ours = staggered_estimates(data, method="two-stage", **names).loc["overall"]
    peer = pyfixest.did2s(
        data,
        yname="y",
        first_stage="~0 | unit + year",
        second_stage="~i(law, ref=0)",
        treatment="law",
        cluster="unit",
    )
    assert ours["estimate"] == pytest.approx(peer.coef().iloc[0], rel=1e-8)
    assert ours["std err"] == pytest.approx(peer.se().iloc[0], rel=1e-6)

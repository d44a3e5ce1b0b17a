"""The specification curve against an independent loop; its size; refusals."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from matplotlib.figure import Figure
from scipy import stats

from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.curve import (
    Counts,
    Linear,
    Score,
    StratifiedCounts,
    _signs,
    curve_of_draws,
    specification_curve,
)
from analysis_utils.methods.hazards import fit_hazard

GRID = {"controls": [(), ("c",), ("c", "t")], "start": [0, 12]}


def data(seed=0, effect=0.0, n=60):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"c": rng.normal(size=n), "t": np.arange(n) / n})
    table["x"] = 1.0 * (np.arange(n) >= n // 2)
    table["y"] = effect * table["x"] + 0.5 * table["c"] + rng.normal(size=n)
    return table.set_axis([f"w{i:03d}" for i in range(n)])


def builder(table, kind=Linear, groups=None, **options):
    def build(controls, start):
        rows = table.iloc[start:]
        design = rows[["x", *controls]].assign(const=1.0)
        return kind(rows["y"], design, "x", groups=groups, **options)

    return build


@pytest.mark.parametrize("mode", ["classical", "newey-west", "clustered"])
def test_equal_to_a_loop_of_statsmodels(mode):
    table = data(effect=0.6)
    blocks = pd.Series(np.arange(60) // 4, table.index)
    groups = blocks if mode == "clustered" else None
    lags = 4 if mode == "newey-west" else None
    build = builder(table, groups=groups, maxlags=lags)
    curve = specification_curve(GRID, build, draws=25, seed=3)
    specs = [build(c, s) for c in GRID["controls"] for s in GRID["start"]]
    signs = _signs(specs, 25, 3)
    medians = []
    for draw in range(25):
        found = []
        for spec in specs:
            labels = spec.design.index if groups is None else groups[spec.design.index]
            rest = sm.OLS(spec.outcome, spec.design.drop(columns="x")).fit()
            y = rest.fittedvalues + rest.resid * signs.loc[labels, draw].to_numpy()
            found.append(sm.OLS(y, spec.design).fit().params["x"])
        medians.append(np.median(found))
    np.testing.assert_allclose(np.median(curve.null, axis=1), medians, atol=1e-10)
    options = {
        "classical": {},
        "newey-west": {"cov_type": "HAC", "cov_kwds": {"maxlags": 4}},
    }.get(mode)
    for spec, (_, row) in zip(specs, curve.table.iterrows(), strict=True):
        if options is None:
            codes = blocks[spec.design.index]
            fit = sm.OLS(spec.outcome, spec.design).fit(
                cov_type="cluster", cov_kwds={"groups": codes}
            )
        else:
            fit = sm.OLS(spec.outcome, spec.design).fit(**options)
        assert row["estimate"] == pytest.approx(fit.params["x"])
        assert row["std err"] == pytest.approx(fit.bse["x"])


def test_counts_equal_the_quasi_poisson_of_statsmodels():
    table = data()
    table["y"] = np.random.default_rng(1).poisson(np.exp(1 + 0.4 * table["x"]))
    build = builder(table, kind=Counts)
    curve = specification_curve(GRID, build, draws=300)
    spec = build((), 0)
    fit = sm.GLM(spec.outcome, spec.design, family=sm.families.Poisson()).fit(
        cov_type="HC0"
    )
    row = curve.table.iloc[0]
    assert row["estimate"] == pytest.approx(fit.params["x"])
    assert row["std err"] == pytest.approx(fit.bse["x"] * np.sqrt(60 / 59))
    assert np.std(curve.null[:, 0]) == pytest.approx(fit.bse["x"], rel=0.15)


def stratified(seed=3):
    """Counts in 8 groups and 10 periods, three of which have none; shuffled rows."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"g": np.repeat(np.arange(8), 20), "t": np.arange(160) % 10})
    table["x"] = (np.arange(160) // 10) % 2 * 1.0
    table["z"], table["risk"] = rng.normal(size=160), rng.integers(5, 40, 160)
    rate = np.where(table["t"] < 3, 0, 0.1) * np.exp(0.7 * table["x"])
    table["y"] = rng.poisson(rate * table["risk"]).astype(float)
    return table.sample(frac=1, random_state=seed)


def of_strata(table, strata="t"):
    return StratifiedCounts(
        table["y"],
        table[["x", "z"]],
        "x",
        groups=table["g"],
        offset=np.log(table["risk"]),
        strata=table[strata],
    )


def test_strata_that_are_never_columns_equal_columns_of_statsmodels():
    table = stratified()
    row = specification_curve({"a": [1]}, lambda a: of_strata(table)).table.iloc[0]
    told = table[table.groupby("t")["y"].transform("sum") > 0]
    dummies = pd.get_dummies(told["t"], dtype=float)
    fit = sm.GLM(
        told["y"],
        pd.concat([told[["x", "z"]], dummies], axis=1),
        family=sm.families.Poisson(),
        offset=np.log(told["risk"]),
    ).fit(
        tol=1e-12,
        cov_type="cluster",
        cov_kwds={"groups": told["g"].to_numpy(), "use_correction": False},
    )
    assert row["estimate"] == pytest.approx(fit.params["x"], abs=1e-8)
    assert row["std err"] == pytest.approx(fit.bse["x"] * np.sqrt(8 / 7), rel=1e-5)


def test_neither_order_nor_silent_strata_nor_another_scale_of_risk_matter():
    table = stratified()
    other = table.sort_index().assign(risk=7 * table["risk"])
    other = other[other["t"] >= 3]
    both = [
        specification_curve({"a": [1]}, lambda a, part=part: of_strata(part), draws=50)
        for part in (table, other)
    ]
    np.testing.assert_allclose(both[0].null, both[1].null, atol=1e-10)
    columns = ["estimate", "std err"]
    pd.testing.assert_frame_equal(both[0].table[columns], both[1].table[columns])


def test_counts_that_are_separated_are_not_testable():
    table = stratified()
    table.loc[table["x"] == 1, "y"] = 0
    with pytest.raises(NotTestable, match="separation"):
        specification_curve({"a": [1]}, lambda a: of_strata(table))


def test_ranks_among_draws_made_elsewhere():
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(3, 199))
    fits = [({"a": i, "more": "x"}, (0.0, 1.0, 9.0)[i], draws[i]) for i in range(3)]
    fits.insert(1, ({"a": 7, "more": "y"}, "too short", ()))
    curve = curve_of_draws({"a": [0, 7, 1, 2]}, fits)
    assert curve.table["refused"].tolist() == ["", "too short", "", ""]
    assert len(curve.fitted) == curve.null.shape[1] == 3
    for (_, row), drawn in zip(curve.fitted.iterrows(), draws, strict=True):
        rank = (1 + (np.abs(drawn) >= abs(row["estimate"])).sum()) / 200
        assert row["p"] == pytest.approx(rank)
        assert (row["p"] <= 0.05) == (row["lower"] > 0 or row["upper"] < 0)
    # ranks of draws among draws are uniform, so that five in a hundred are below 0.05
    assert (curve.null_p <= 0.05).mean() == pytest.approx(0.05, abs=0.01)
    with pytest.raises(NotTestable, match="too short"):
        curve_of_draws({"a": [7]}, fits[1:2])


def test_hazards_join_by_their_influence():
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "unit": range(400),
            "entry": 1,
            "exit": rng.integers(1, 9, 400),
            "event": rng.integers(0, 2, 400),
            "x": rng.normal(size=400),
            "z": rng.normal(size=400),
            "state": rng.integers(0, 12, 400),
        }
    )

    def build(controls):
        fit = fit_hazard(table, ["x", *controls], cluster="state")
        return Score(fit.params["x"], fit.influence("x"))

    curve = specification_curve({"controls": [(), ("z",)]}, build, draws=2000)
    fit = fit_hazard(table, ["x"], cluster="state")
    assert curve.table.loc[0, "std err"] == pytest.approx(fit.bse["x"])
    assert curve.table.loc[0, "p"] == pytest.approx(fit.hazard_ratios().loc["x", "p"])
    assert curve.null[:, 0].std() == pytest.approx(fit.bse["x"], rel=0.1)


@pytest.mark.slow
def test_joint_test_holds_its_size_and_finds_an_effect():
    rejected = np.zeros(3)
    for seed in range(200):
        curve = specification_curve(GRID, builder(data(seed)), draws=99, seed=seed)
        rejected += curve.joint(0)["p"].to_numpy() <= 0.05
    assert (rejected <= 19).all(), rejected  # 10 expected; P(> 19) = .003
    curve = specification_curve(GRID, builder(data(1, effect=1.5)), draws=199)
    assert (curve.joint(1)["p"] <= 0.01).all()
    assert (curve.joint(-1)["p"] > 0.5).all()


def test_order_of_rows_and_workers_do_not_matter():
    table = data(effect=0.3)
    one = specification_curve(GRID, builder(table), draws=50)
    build = builder(table)

    def shuffled(controls, start):
        spec = build(controls, start)
        return Linear(
            spec.outcome.sample(frac=1, random_state=1), spec.design.iloc[::-1], "x"
        )

    other = specification_curve(GRID, shuffled, draws=50, workers=2)
    np.testing.assert_allclose(one.null, other.null, atol=1e-10)
    pd.testing.assert_frame_equal(one.table, other.table)


def test_what_cannot_be_fitted_stays_with_its_reason():
    table = data()
    build = builder(table)

    def some(controls, start):
        if controls == ("c",):
            return None
        if start == 12:
            raise NotTestable("too short")
        return build(controls, start)

    curve = specification_curve(GRID, some, draws=20)
    assert len(curve.table) == 4
    assert (curve.table["refused"] == "too short").sum() == 2
    assert len(curve.fitted) == curve.null.shape[1] == 2
    assert list(curve.by_choice()["n"]) == [1, 0, 1, 2, 0]


def test_figure_shows_every_specification():
    curve = specification_curve(GRID, builder(data(effect=1)), draws=20)
    top, bottom = Figure().subplots(2, 1)
    curve.plot(top, bottom, "Effect")
    shown = sum(len(line.get_xdata()) for line in top.lines if line.get_marker() == "o")
    assert shown == 6
    assert len(bottom.get_yticklabels()) == 5


def test_stouffer_of_one_specification_is_its_z():
    curve = specification_curve(
        {"controls": [()], "start": [0]}, builder(data(4)), draws=20
    )
    z = abs(curve.joint().loc["Stouffer", "observed"])
    assert z == pytest.approx(stats.norm.isf(curve.table.loc[0, "p"] / 2))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: specification_curve({}, builder(data())), "grid"),
        (lambda: specification_curve({"a": []}, builder(data())), "grid"),
        (lambda: specification_curve(GRID, builder(data()), draws=0), "draws"),
        (
            lambda: specification_curve(GRID, lambda controls, start: 3),
            "build returned",
        ),
        (
            lambda: specification_curve(GRID, builder(data())).joint(2),
            "direction",
        ),
        (
            lambda: specification_curve(
                {"a": [1]}, lambda a: Linear([1], pd.DataFrame({"x": [1]}), "x")
            ),
            "Series",
        ),
        (
            lambda: specification_curve(
                {"a": [1]}, lambda a: Linear(data()["y"], data()[["c"]], "x")
            ),
            "No column",
        ),
        (
            lambda: specification_curve(
                {"a": [1]},
                lambda a: Linear(
                    data()["y"], data()[["x", "x"]].set_axis(["x", "y"], axis=1), "x"
                ),
            ),
            "could be fitted",
        ),
    ],
)
def test_refused_in_words(call, words):
    with pytest.raises(Refused, match=words):
        call()

"""The event study over few areas: the library's estimate, planted effects, size."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils.methods.event_study.estimation import group_time_effects
from analysis_utils.methods.panel import panel_association
from analysis_utils.study import arrests

notebook = code_of("12_arrests_2015_2019")
ALL = range(24)  # months from adoption on


def made(effect: float, seed: int = 0, areas: int = 13, months: int = 23):
    """Rows as `with_cohorts` gives them: nine of thirteen areas adopt."""
    rng = np.random.default_rng(seed)
    index = pd.period_range("2015-10", periods=months, freq="M")
    starts = rng.integers(8, months - 3, areas)
    common = rng.standard_normal(months).cumsum()
    parts = []
    for i in range(areas):
        adopts = i < 9
        after = (np.arange(months) >= starts[i]) & adopts
        noise = 0.1 * rng.standard_normal(months)
        y = rng.standard_normal() + common + effect * after + noise
        cohort = index[starts[i]] if adopts else pd.NaT
        parts.append(
            pd.DataFrame(
                {"area": f"A{i:02d}", "month": index, "cohort": cohort, "y": y}
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.assign(cohort=pd.array(table["cohort"], dtype="period[M]"))


def test_the_estimate_is_that_of_the_library():
    table = made(0.5)
    effects = group_time_effects(
        table, outcome="y", unit="area", time="month", cohort="cohort",
        control="not-yet", base_period="universal", n_resamples=1,
    )  # fmt: skip
    library = float(effects.aggregate("simple").overall.params.iloc[0])
    acts = notebook.dated(table, "y")
    assert acts.estimate(ALL) == pytest.approx(library, abs=1e-9)
    dynamic = effects.aggregate("dynamic").params
    assert acts.estimate([2]) == pytest.approx(dynamic[2], abs=1e-9)


def test_a_planted_effect_comes_back_with_its_interval():
    found = notebook.tested(notebook.dated(made(0.5), "y"), ALL, seed=1)
    low, high = found.at()
    assert found.estimate == pytest.approx(0.5, abs=0.12)
    assert low < 0.5 < high and found.p < 0.01
    wide = found.at(0.9944)
    assert wide[0] <= low and high <= wide[1]


def test_without_an_effect_p_is_about_uniform_and_nothing_is_seen_before():
    p = [
        notebook.tested(notebook.dated(made(0, s), "y"), ALL, s, 199).p
        for s in range(60)
    ]
    assert sum(x <= 0.1 for x in p) <= 13  # 6 expected, sd 2.3
    earlier = [
        notebook.before(notebook.dated(made(0.5, s), "y"), 6, s, 199) for s in range(20)
    ]
    assert sum(x <= 0.05 for x in earlier) <= 4


def test_the_order_of_rows_and_later_months_change_no_earlier_effect():
    table = made(0.5)
    shuffled = table.sample(frac=1, random_state=3)
    a, b = (notebook.dated(t, "y").estimate(range(3)) for t in (table, shuffled))
    assert a == pytest.approx(b)


def test_cohorts_are_first_rises_above_the_first_month():
    months = pd.period_range("2016-01", periods=4, freq="M")
    rows = [("X", [1, 1, 2, 1]), ("Y", [2, 2, 2, 2]), ("Z", [0, 1, 1, 1])]
    table = pd.concat(
        pd.DataFrame({"area": a, "month": months, "agreements": n, "arrests": 1,
                      "all_arrests": 3}) for a, n in rows
    )  # fmt: skip
    found = (
        notebook.with_cohorts(table).drop_duplicates("area").set_index("area").cohort
    )
    assert found["X"] == months[2] and pd.isna(found["Y"]) and "Z" not in found


def test_n1_recovers_a_planted_elasticity_from_counts_by_area():
    months = pd.period_range("2025-01", "2026-03", freq="M")
    held = arrests.held_by_area(months)
    rng = np.random.default_rng(2)
    size = np.exp(rng.normal(4, 1, held.shape[1]))
    drawn = rng.poisson(size * (1 + held.to_numpy()) ** 0.5)
    long = pd.DataFrame(drawn, months, held.columns).stack().rename("arrests")
    long = long[long > 0].rename_axis(["month", "area"]).reset_index()
    counts = long.assign(
        date=long["month"].dt.to_timestamp(), state="", method="287(g)", whole=True
    )
    table = arrests.recent_panel(counts, "2025-01", "2026-03")
    assert table["arrests"].sum() == drawn.sum()
    found = panel_association(
        notebook.with_dose(table), "arrests", "dose",
        unit="area", time="month", family="poisson",
    )  # fmt: skip
    assert found.params["dose"] == pytest.approx(0.5, abs=0.03)

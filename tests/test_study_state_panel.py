"""Panels of states and months: planted effects come back, placebos do not."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils.asking import NotTestable
from analysis_utils.study import state_panel as panel

notebook = code_of("11_states")


def planted(effect: float, states: int = 20, months: int = 160, seed: int = 0):
    """A panel whose outcome rises by `effect` times the dose two months later.

    Each state has one rise, so that no earlier one is in the response.
    """
    rng = np.random.default_rng(seed)
    jumps = np.zeros((months, states))
    jumps[rng.integers(8, months - 8, states), np.arange(states)] = 1
    jumps *= rng.uniform(0.5, 2, states)
    dose = jumps.cumsum(axis=0)
    later = np.vstack([np.zeros((2, states)), dose[:-2]])
    common = rng.standard_normal((months, 1)).cumsum(axis=0)
    noise = 0.05 * rng.standard_normal((months, states))
    outcome = rng.standard_normal(states) + common + effect * later + noise
    index = pd.period_range("2021-01", periods=months, freq="M")
    names = [f"S{i:02d}" for i in range(states)]
    parts = {
        "dose": pd.DataFrame(dose, index, names),
        "outcome": pd.DataFrame(outcome, index, names),
    }
    return panel.long(parts)


def finding(row):
    return notebook.clustered(*row[notebook.COLUMNS])


def test_a_planted_response_comes_back_at_its_horizon_and_not_before():
    table = planted(0.5)
    results = notebook.projections(table, 4, 4)
    found = {h: finding(row) for h, row in results.iterrows()}
    assert -1 not in found
    assert found[2].estimate == pytest.approx(0.5, abs=0.05)
    low, high = found[2].at()
    assert low < 0.5 < high
    for before in (-4, -3, -2, 0, 1):
        assert abs(found[before].estimate) < 0.15, before


def test_the_exchange_of_courses_agrees_with_the_regression():
    table = planted(0.5)
    by_regression = finding(notebook.projections(table, 0, 2).loc[2])
    by_exchange = notebook.by_exchange(table, 2, draws=499)
    assert by_exchange.estimate == pytest.approx(by_regression.estimate, abs=1e-9)
    low, high = by_exchange.at()
    assert low < 0.5 < high and by_exchange.p < 0.01
    wider = by_exchange.at(0.99)
    assert wider[0] <= low and high <= wider[1]


def test_the_exchange_holds_its_size_when_one_state_carries_all():
    """One state of twenty has a course at all: p is about uniform."""
    below = 0
    for seed in range(60):
        table = planted(0.0, seed=seed)
        table["dose"] = table["dose"].where(table["state"] == "S00", 0.0)
        below += notebook.by_exchange(table, 2, draws=99, seed=seed).p <= 0.1
    assert below <= 12  # 6 expected, sd 2.3


def test_order_of_rows_and_a_constant_dose_change_nothing():
    table = planted(0.5)
    first = notebook.projections(table, 0, 2).loc[2]
    order = table.sample(frac=1, random_state=1).sort_values(["state", "month"])
    moved = order.assign(dose=order["dose"] + 7)
    second = notebook.projections(moved, 0, 2).loc[2]
    assert second["estimate"] == pytest.approx(first["estimate"])


def counts_of(arrests: pd.DataFrame) -> pd.DataFrame:
    """Arrests by month and state as `make arrests` writes them."""
    long = arrests.stack().rename("arrests").rename_axis(["month", "state"])
    long = long[long > 0].reset_index()
    return long.assign(
        date=long["month"].dt.to_timestamp(), area="", method="287(g)",
        program_287g=0, methods_as="before", whole=True,
    )  # fmt: skip


def test_a_planted_elasticity_comes_back_from_the_counts():
    held = panel.held_by_state("2024-01", "2026-03")
    rng = np.random.default_rng(1)
    size = np.exp(rng.normal(5, 1, held.shape[1]))
    month = np.exp(np.linspace(0, 1, len(held)))[:, None]
    mean = size * month * (1 + held.to_numpy()) ** 0.4
    arrests = pd.DataFrame(rng.poisson(mean), held.index, held.columns)
    rows = panel.arrests_panel(counts_of(arrests), "2024-01", "2026-03", "287(g)")
    assert rows["arrests"].sum() == arrests.to_numpy().sum()
    found = notebook.elasticity(counts_of(arrests), "C7", "287(g)")
    assert found.estimate == pytest.approx(0.4, abs=0.02)
    assert found.at()[0] < 0.4 < found.at()[1]


def test_another_method_and_months_in_part_are_left_out():
    held = panel.held_by_state("2025-01", "2025-04")
    arrests = pd.DataFrame(5, held.index, held.columns)
    counts = counts_of(arrests)
    counts.loc[counts["month"] == held.index[-1], "whole"] = False
    rows = panel.arrests_panel(counts, "2025-01", "2025-04", "at large")
    assert rows["arrests"].sum() == 0 and rows["month"].nunique() == 3


def test_without_counts_it_says_what_to_do():
    empty = pd.DataFrame(columns=["date", "state", "method", "arrests", "whole"])
    with pytest.raises(NotTestable, match="make arrests FILE=path"):
        panel.arrests_panel(empty, "2022-10", "2026-03")


def test_groups_share_no_area_and_hold_whole_states():
    groups = panel.groups_of_states()
    assert groups["CA"] == groups["HI"] == "Los Angeles + San Diego + San Francisco"
    assert groups["TX"] == groups["NM"] == groups["OK"]
    assert groups.nunique() == 18 and groups.index.is_unique
    frame = panel.long_difference("2015-10 to 2016-09", "2025-01 to 2026-07")
    assert len(frame) == 18 and frame.notna().all(axis=None)


def test_later_months_do_not_change_earlier_rows():
    short = panel.encounters_panel("2021-02", "2024-12", least=0)
    whole = panel.encounters_panel("2021-02", "2025-11", least=0)
    same = whole[whole["month"] <= pd.Period("2024-12")].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, short)

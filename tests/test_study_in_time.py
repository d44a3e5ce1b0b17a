"""Agreements beside monthly counts since 2021: splices, filled months, planted lags."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils.asking import NotTestable
from analysis_utils.methods.association import associate
from analysis_utils.study import in_time

notebook = code_of("06_border_encounters")


def test_a_month_that_is_cut_lies_between_its_neighbours():
    filled = in_time.counts("ice_bookins_ice_arrest")
    before, cut, after = filled["2025-08":"2025-10"]
    assert np.log1p(cut) == pytest.approx((np.log1p(before) + np.log1p(after)) / 2)
    assert filled.index[-1] == pd.Period("2026-03")  # April is cut: left out


def test_a_gap_of_several_months_is_said():
    with pytest.raises(NotTestable, match="ice_encounters_ddp lacks 2023-02"):
        in_time.counts("ice_encounters_ddp")


def test_the_change_at_the_splice_is_taken_within_one_release():
    change = in_time.changes("ice_arrests_used", "2021-01 to 2026-02")
    weekly = np.log1p(in_time.counts("ice_arrests_ddp")).diff()
    joined = np.log1p(in_time.counts("ice_arrests_ddp_joined")).diff()
    month = pd.Period("2022-10")
    assert change.loc[month, "outcome"] == pytest.approx(weekly[month])
    assert change.loc[month + 1, "outcome"] == pytest.approx(joined[month + 1])


def test_later_months_do_not_change_earlier_ones():
    short = in_time.changes("cbp_encounters_southwest", "2021-01 to 2024-12")
    whole = in_time.changes("cbp_encounters_southwest", "2021-01 to 2025-11")
    pd.testing.assert_frame_equal(whole.loc[short.index], short)


def test_a_planted_lead_is_found_at_its_lag():
    rng = np.random.default_rng(5)
    index = pd.period_range("2021-01", periods=60, freq="M")
    held = rng.standard_normal(62)
    outcome = 0.9 * held[:-2] + 0.3 * rng.standard_normal(60)
    pair = pd.DataFrame({"agreements": held[2:], "outcome": outcome}, index)
    found = associate(
        pair["agreements"], pair["outcome"], max_lag=6, n_resamples=499, seed=1
    )
    one = notebook.largest(found)
    assert found.strongest == 2 and one.p < 0.05
    assert one.at()[0] < one.estimate < one.at()[1]
    assert "lag of 2 months" in one.note


def test_months_that_are_controls_carry_nothing():
    index = pd.period_range("2021-01", periods=60, freq="M")
    out = notebook.left_out(index, "2025-01", "2025-06")
    assert out.shape == (60, 6) and (out.sum() == 1).all()


def test_series_of_the_curve_are_those_that_are_correlated():
    rng = np.random.default_rng(6)
    index = pd.period_range("2021-01", periods=60, freq="M")
    pair = pd.DataFrame(rng.normal(size=(60, 2)), index, ["agreements", "outcome"])
    white = notebook.whitened(pair, 6, "by AIC", "two steps taken out", "taken out")
    same = associate(pair["agreements"], pair["outcome"], max_lag=6, n_resamples=1)
    pd.testing.assert_frame_equal(white, same.series)
    without = notebook.whitened(pair, 6, 2, "left out", "left")
    spring = without.reindex(pd.period_range(*notebook.EARLY_2025, freq="M")).dropna()
    assert np.allclose(spring, 0, atol=1e-6)
    still = pair.assign(agreements=0.0)
    told = notebook.whitened(still, 6, "by AIC", "two steps taken out", "taken out")
    assert isinstance(told, str)

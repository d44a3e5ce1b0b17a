"""Study helpers on dates: shares by week, weekdays, survival, delays, breaks."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of
from numpy.testing import assert_allclose
from scipy.stats import binom, poisson

from analysis_utils import datasets, series
from analysis_utils.methods.breaks.search import find_breaks
from analysis_utils.publish.findings import Finding, disagreement

who_signs, survival = code_of("13_who_signs"), code_of("14_survival")
breaks, listing_delay = code_of("17_breaks"), code_of("15_listing_delay")
early_programme = code_of("10_early_programme")

DAY = pd.Timestamp("2025-10-01")


def made_weeks(before: float, after: float) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = np.full(40, 20)
    side = np.arange(40) >= 20
    has = rng.binomial(n, np.where(side, after, before))
    return pd.DataFrame({"n": n, "has": has, "after": side})


def test_a_difference_of_shares_is_found_and_none_is_not():
    found = who_signs.compare_shares(made_weeks(0.3, 0.5), 287)
    assert found.at()[0] < 0.2 < found.at()[1] and found.p < 0.01
    assert who_signs.compare_shares(made_weeks(0.4, 0.4), 287).p > 0.05


def test_newcombes_interval_is_that_of_the_paper():
    # Newcombe 1998, Stat. Med. 17:873, table II, (a) 56/70 - 48/80: .0524 to .3339
    weeks = pd.DataFrame(
        {
            "n": [7] * 10 + [8] * 10,
            "has": [5, 6] * 4 + [6, 6] + [5, 5, 5, 5, 5, 5, 5, 5, 4, 4],
            "after": [True] * 10 + [False] * 10,
        }
    )
    found = who_signs.compare_shares(weeks, 287)
    assert weeks.groupby("after")["has"].sum().tolist() == [48, 56]
    assert_allclose(found.at(), (0.0524, 0.3339), atol=5e-5)


def test_too_few_weeks_on_a_side_are_said_and_not_tested():
    found = who_signs.compare_shares(made_weeks(0.3, 0.5).iloc[:22], 287)
    assert found.estimate is None and "8 on each side" in found.note


def test_new_agreements_are_all_of_those_signed_since():
    new = series.signed_between("2025-01-20")
    new["week"] = new["signed"].dt.to_period("W-SUN")
    signed = datasets.agreements()["signed"]
    assert len(new) == (signed >= "2025-01-20").sum()
    weeks = who_signs.by_week(new, new["model"] == "TFM", DAY)
    assert weeks["n"].sum() == len(new)
    assert weeks.query("after")["n"].sum() == (new["signed"] >= DAY).sum()


def test_a_favourite_weekday_is_found_and_batches_alone_are_not():
    rng = np.random.default_rng(6)
    batches = np.zeros((60, 5), dtype=int)
    batches[np.arange(60), rng.integers(0, 5, 60)] = rng.integers(5, 40, 60)
    assert who_signs.favourite(batches, 287)[1].p > 0.05
    batches[:, 2] += 15
    e13, e14, chance = who_signs.favourite(batches, 287)
    assert e14.p == e13.p < 0.01 and e13.estimate > 0.1
    assert e14.estimate == pytest.approx(e13.estimate - chance.mean())
    assert_allclose(e14.at(), np.array(e13.at()) - chance.mean())


def made_lives(ends: dict[str, int], size: int, days: int = 1461) -> pd.DataFrame:
    rows = []
    for model, count in ends.items():
        rows.append(
            pd.DataFrame(
                {
                    "model": model,
                    "entry": pd.Timestamp("2021-02-01"),
                    "exit": pd.Timestamp("2021-02-01") + pd.Timedelta(days=days),
                    "ended": np.arange(size) < count,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def test_the_exact_interval_of_a_rate_ratio_leaves_a_fortieth_on_each_side():
    table = made_lives({"WSO": 4, "JEM": 16}, size=100)
    rates = survival.rates_of(table)
    found = survival.exact_ratio(rates)
    assert found.estimate == pytest.approx(0.25)
    low, high = (limit / (1 + limit) for limit in found.at())
    assert_allclose([binom.sf(3, 20, low), binom.cdf(4, 20, high)], 0.025, atol=1e-9)
    assert rates.loc["JEM", "years"] == pytest.approx(400)


def test_without_an_end_of_one_model_there_is_a_limit_on_one_side():
    none = survival.exact_ratio(
        survival.rates_of(made_lives({"WSO": 0, "JEM": 16}, 99))
    )
    assert none.estimate == none.at()[0] == 0 and 0 < none.at()[1] < 1
    all_ = survival.exact_ratio(
        survival.rates_of(made_lives({"WSO": 16, "JEM": 0}, 99))
    )
    assert 1 < all_.at()[0] < all_.at()[1] == all_.estimate == np.inf


def test_no_end_is_not_testable():
    rates = survival.rates_of(made_lives({"WSO": 0, "JEM": 0}, 10))
    assert survival.exact_ratio(rates).estimate is None


def test_years_and_ends_are_conserved_when_split_by_calendar_year():
    table = survival.lives(None, "middle")
    cells = survival.by_year(table)
    assert cells["ends"].sum() == table["ended"].sum()
    whole = (table["exit"] - table["entry"]).dt.days.sum() / survival.YEAR
    assert cells["years"].sum() == pytest.approx(whole)
    assert not table[["entry_age", "exit_age"]].lt(0).any(axis=None)


def test_median_of_counts_is_the_lower_median():
    rng = np.random.default_rng(7)
    days = rng.poisson(4, 31)
    counts = np.bincount(days, minlength=40)
    assert listing_delay.median(counts) == np.median(days)
    assert listing_delay.median(np.array([2, 0, 2])) == 0


def test_a_shift_of_delays_is_found():
    rng = np.random.default_rng(8)
    signed = pd.Timestamp("2025-02-03") + pd.to_timedelta(
        rng.integers(0, 420, 900), "D"
    )
    mean = np.where(signed >= DAY, 3, 8)
    new = pd.DataFrame({"signed": signed, "delay": poisson.rvs(mean, random_state=9)})
    new["week"] = new["signed"].dt.to_period("W-SUN")
    found = listing_delay.compare_medians(new, DAY, 287)
    assert found.estimate == -5 and found.p < 0.01 and found.at()[1] < -3


def test_delays_are_never_negative_and_end_before_the_last_list():
    settled = series.last_day() - pd.Timedelta(days=30)
    new = series.signed_between("2025-02-01", settled)
    assert (new["first_listed"] >= new["signed"]).all()
    assert new["signed"].max() <= settled


def test_random_breaks_are_drawn_evenly_and_leave_long_segments():
    places = breaks.random_places(12, 2, 3, np.random.default_rng(10), draws=6000)
    edges = np.column_stack([np.zeros(6000), places, np.full(6000, 12)])
    assert np.diff(edges, axis=1).min() == 3
    counts = pd.DataFrame(places).value_counts()
    assert len(counts) == 10  # 3 spare periods in 3 segments
    assert counts.min() > 0.8 * 600


def test_a_clear_break_at_an_event_coincides_with_it():
    months = pd.period_range("2003-01", periods=120, freq="M")
    rng = np.random.default_rng(11)
    y = pd.Series(rng.normal(size=120) + 5 * (np.arange(120) >= 60), months, name="y")
    found = find_breaks(y, n_resamples=99)
    events = pd.Series({"event": months[61]})
    result = breaks.coincidence(found, events, 18, 2, 287)
    assert result.n == 1 and result.estimate > 0.9 and result.p < 0.1
    assert breaks.dated(found, events).loc[1, "months from it"] == -1


def test_months_known_by_interpolation_only_are_refused():
    with pytest.raises(ValueError, match="2017-09"):
        early_programme.active_by_month("2015-01-01", "2018-01-31")
    with pytest.raises(ValueError, match="2017-09"):
        breaks.monthly_change("2015-01-01", "2018-01-31")


def test_early_counts_are_whole_periods_with_zeros():
    months = early_programme.active_by_month("2008-10-01", "2016-09-30")
    assert len(months) == 96 and months.loc["2012-12"] == 39
    weeks = early_programme.signed_by_week("2016-07-18", "2017-07-30")
    before = weeks.index.end_time < pd.Timestamp("2017-01-25")
    assert (before.sum(), (~before).sum()) == (27, 27) and (weeks == 0).any()
    signed = datasets.early_register()["signed"]
    assert weeks.sum() == signed.between("2016-07-18", "2017-07-30").sum()


def test_interval_and_p_of_different_procedures_are_said_to_disagree():
    finding = Finding.of_interval(0.3, -0.02, 0.6, p=0.02, n=50)
    said = disagreement(finding, "bootstrap", "permutation")
    assert "by bootstrap, holds 0" in said and "permutation, is below 0.05" in said
    agreeing = Finding.of_interval(0.3, 0.02, 0.6, p=0.02, n=50)
    assert disagreement(agreeing, "bootstrap", "permutation") == ""
    assert disagreement(Finding.not_testable("none"), "a", "b") == ""


def test_excess_over_permutations_can_be_negative():
    new = pd.DataFrame({"signed": pd.date_range("2025-01-20", periods=60, freq="D")})
    new["week"] = new["signed"].dt.to_period("W-SUN")
    e13, e14, _ = who_signs.favourite(who_signs.by_weekday(new).to_numpy(), 287)
    assert e13.at()[0] >= 0 > e14.at()[0]

"""Smallest effects that designs find: against simulation, and against what they use."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis_utils.asking import NotTestable
from analysis_utils.hypotheses.answers import _g
from analysis_utils.publish.findings import Finding, detectable_t

breaks, listing_delay = code_of("17_breaks"), code_of("15_listing_delay")
states = code_of("11_states")


def test_a_rank_correlation_of_that_size_is_found_in_four_of_five():
    rng, level, n = np.random.default_rng(1), 0.9, 50
    rank = states.detectable_rank(n, level)
    r = 2 * np.sin(np.pi * rank / 6)  # Pearson's of a normal pair with this Spearman's
    x, noise = rng.normal(size=(2, 4000, n))
    y = r * x + np.sqrt(1 - r**2) * noise
    found = np.arctanh(states.spearman(x, y)) * np.sqrt((n - 3) / 1.06)
    assert (found > stats.norm.isf((1 - level) / 2)).mean() == pytest.approx(
        0.8, abs=0.04
    )


def test_a_stricter_level_and_a_variable_held_constant_cost():
    assert states.detectable_rank(50, 0.997) > states.detectable_rank(50, 0.95)
    assert states.detectable_rank(50, 0.95, given=1) > states.detectable_rank(50, 0.95)


def test_the_t_interval_gives_back_its_standard_error():
    law = stats.t(11)
    reach = law.isf(0.025) * 0.4
    found = Finding.of_interval(3.0, 3.0 - reach, 3.0 + reach)
    other = Finding.normal(-1.0, se=0.4, df=11)
    expected = 0.4 * (law.isf(0.005) + law.ppf(0.8))
    for one in (found, other):  # the estimate plays no part
        assert detectable_t(one, 11, 0.99) == pytest.approx(expected)


def test_breaks_near_events_by_simulation():
    excess = breaks.detectable(181, 27, 0.2, 0.95)
    hits = np.random.default_rng(2).binomial(5, 0.2 + excess, 20_000)
    low = proportion_confint(hits, 5, alpha=0.05, method="wilson")[0]
    assert (np.asarray(low) > 0.2).mean() == pytest.approx(0.8, abs=0.02)
    with pytest.raises(NotTestable, match="too few"):
        breaks.detectable(181, 90, 0.2, 0.997)


def delays(sooner: int = 0, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    signed = pd.Timestamp("2025-03-03") + pd.to_timedelta(
        rng.integers(0, 350, 1500), "D"
    )
    delay = rng.poisson(12, 1500) - sooner * (signed >= "2025-10-01")
    week = pd.Series(signed).dt.to_period("W-SUN")
    return pd.DataFrame({"signed": signed, "delay": delay, "week": week})


def test_days_sooner_are_found_from_there_on_and_noise_costs():
    day = pd.Timestamp("2025-10-01")
    found = listing_delay.detectable(delays(), day, 0.95, 287)
    assert found == int(found) >= 1
    seen = [
        listing_delay.compare_medians(delays(int(found) + 1, seed), day, 287).p < 0.05
        for seed in range(4)
    ]
    assert all(seen)
    weeks = delays()["week"].map(lambda week: 7 * (week.ordinal % 5))
    loud = delays().assign(delay=lambda t: t["delay"] + weeks)  # lists in batches
    assert listing_delay.detectable(loud, day, 0.95, 287) > found
    assert listing_delay.detectable(delays().sample(frac=1), day, 0.95, 287) == found
    late = pd.Timestamp("2026-12-01")  # no week after it
    assert np.isinf(listing_delay.detectable(delays(), late, 0.95, 287))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1217.3, "1,217"),
        (999.6, "1,000"),
        (-0.04567, "−0.0457"),
        (12.0, "12"),
        (12.34, "12.3"),
        (0.0000123, "0.0000123"),
        (0.0, "0"),
        (float("inf"), "no limit"),
    ],
)
def test_numbers_in_reasons_are_written_as_people_write(number, words):
    assert _g(number) == words

"""Weekly signings around the orders: what must not change them."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import hypotheses
from analysis_utils.asking import NotTestable, Refused
from analysis_utils.study import events

orders = code_of("18_growth")
ORDER = events.find("eo-14159").day


def test_weeks_begin_on_mondays_and_the_order_counts_from_its_own():
    counts = orders.by_state("signing", ORDER, 60)
    assert set(counts.index.day_of_week) == {0}
    assert counts.index[60] == orders.monday(ORDER)
    middle = pd.Timestamp("2017-01-25")
    assert orders.monday(middle) == pd.Timestamp("2017-01-23")


def test_leaving_each_state_out_takes_away_what_it_signed():
    counts = orders.by_state("signing", ORDER, 20)
    left = orders.without_each(counts)
    total = counts.sum(axis="columns")
    assert set(left) == set(counts.columns[counts.sum() > 0])
    for state, rest in left.items():
        pd.testing.assert_series_equal(total - rest, counts[state], check_names=False)


def test_states_in_another_order_give_the_same():
    counts = orders.by_state("signing", ORDER, 20)
    turned = orders.without_each(counts[counts.columns[::-1]])
    for state, rest in orders.without_each(counts).items():
        pd.testing.assert_series_equal(rest, turned[state])


def test_the_largest_days_are_taken_from_their_weeks():
    weekly = orders.by_state("signing", ORDER, 20).sum(axis="columns")
    first = orders.monday(ORDER)
    left = orders.without_largest_days(weekly, first, 5, "signing")
    taken = weekly - left
    assert (taken >= 0).all() and (taken > 0).sum() <= 5 and taken.sum() > 0
    none = orders.without_largest_days(weekly, first, 0, "signing")
    pd.testing.assert_series_equal(none, weekly)


def test_every_choice_of_the_curve_can_be_built():
    grid = hypotheses.grid("G1", "curve")
    base = {name: values[0] for name, values in grid.items()}
    for name, values in grid.items():
        for value in values:
            made = orders.specification(ORDER, None, base | {name: value})
            assert made.outcome.std() == pytest.approx(1)
            assert np.linalg.matrix_rank(made.design) == made.design.shape[1]


def test_too_early_a_day_is_not_testable():
    choices = {
        name: values[0] for name, values in hypotheses.grid("G1", "curve").items()
    }
    with pytest.raises(NotTestable):
        orders.specification(ORDER, "2025-01-21", choices)
    with pytest.raises(Refused, match="did you mean linear"):
        orders.specification(ORDER, None, choices | {"trend": "linaer"})

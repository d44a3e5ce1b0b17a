"""State acts: exchanges, controls and counts against independent computations."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import datasets, hypotheses
from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.dated_acts import DatedActs
from analysis_utils.methods.event_study import group_time_effects
from analysis_utils.study import state_acts

notebook = code_of("20_state_acts")
MONTHS = pd.period_range("2024-01", periods=14, freq="M")


def made(n=7, effect=0.0, second="2024-09", **options) -> DatedActs:
    """States a, b, ...: a has an act in 2024-06, b in 2024-09."""
    rng = np.random.default_rng(1)
    names = [chr(97 + i) for i in range(n)]
    values = rng.normal(size=(len(MONTHS), n)).cumsum(axis=0)
    table = pd.DataFrame(values, MONTHS, names)
    since = pd.Series(pd.PeriodIndex(["2024-06", second], freq="M"), ["a", "b"])
    for state, month in since.items():
        table.loc[month:, state] += effect
    return DatedActs(table, since, **options)


@pytest.mark.parametrize("control", ["never", "not-yet"])
@pytest.mark.parametrize("k", [-4, -2, 0, 3, 5])
@pytest.mark.parametrize("second", ["2024-09", "2024-06"])
def test_estimate_is_that_of_group_time_effects(control, k, second):
    acts = made(control=control, second=second)
    other = group_time_effects(
        acts.long(),
        outcome="outcome",
        unit="unit",
        time="period",
        cohort="act",
        control=control,
        base_period="universal",
        n_resamples=9,
    ).aggregate("dynamic")
    assert acts.estimate(k) == pytest.approx(other.params[k])


def test_exchange_is_a_full_enumeration_written_out():
    acts, k = made(n=6), 3
    values = acts.outcome
    found = []
    for a, b in permutations(values.columns, 2):
        holders = {a: acts.since["a"], b: acts.since["b"]}
        parts = []
        for state, month in holders.items():
            change = values.loc[month + k] - values.loc[month - 1]
            free = [
                s
                for s in values.columns
                if s != state and not (s in holders and holders[s] <= month + k)
            ]
            parts.append(change[state] - change[free].mean())
        found.append(np.mean(parts))
    test = acts.exchange(k).outcome
    assert test.enumerated
    assert sorted(test.draws) == pytest.approx(sorted(found))
    extreme = np.abs(found) >= abs(acts.estimate(k)) - 1e-12
    assert test.pvalue == pytest.approx(extreme.mean())


def test_order_and_names_of_states_change_nothing():
    acts = made()
    order = list("gfedcba")
    again = DatedActs(acts.outcome[order], acts.since[["b", "a"]])
    assert again.estimate(4) == pytest.approx(acts.estimate(4))
    assert again.exchange(4).outcome.pvalue == pytest.approx(
        acts.exchange(4).outcome.pvalue
    )


def test_a_known_effect_is_added_and_lies_in_the_interval():
    without, with_it = made(n=12), made(n=12, effect=5.0)
    assert with_it.estimate(4) == pytest.approx(without.estimate(4) + 5)
    low, high = notebook.by_exchange(with_it, 4).at(0.9)
    assert low < 5 < high and np.isfinite([low, high]).all()


def test_interval_is_endless_where_assignments_are_too_few():
    lone = made(n=7).without("b")
    low, high = notebook.by_exchange(lone, 4).at(0.99)
    assert low == -np.inf and high == np.inf


def test_a_state_left_out_is_no_control_either():
    acts = made()
    lone = acts.without("b")
    changed = acts.outcome.copy()
    changed["b"] = 1e6
    assert DatedActs(changed, acts.since).without("b").estimate(2) == pytest.approx(
        lone.estimate(2)
    )


def test_a_straight_line_of_its_own_is_taken_out():
    acts = made()
    steep = acts.outcome.copy()
    steep["a"] += 3.0 * np.arange(len(MONTHS))
    plain = DatedActs(acts.outcome, acts.since, control="never", trend=4).estimate(3)
    bent = DatedActs(steep, acts.since, control="never", trend=4).estimate(3)
    assert bent == pytest.approx(plain)


def test_months_that_are_not_known_are_named():
    with pytest.raises(NotTestable, match="April 2025"):
        made().estimate(7)
    spec = hypotheses.specification("S1")
    with pytest.raises(NotTestable, match="AR, TX"):
        state_acts.around(spec.event, spec.day, spec.months, as_of="2025-08-28")


def test_mistyped_words_are_refused_with_the_nearest():
    with pytest.raises(Refused, match="tx-sb8-signed"):
        state_acts.act_months(["tx-sb8-sined"], "signed")
    with pytest.raises(Refused, match="signed"):
        state_acts.act_months(["tx-sb8-signed"], "singed")
    with pytest.raises(Refused, match="first agreement"):
        state_acts.adopted(outcome="first agreements")
    with pytest.raises(Refused, match="sheriff"):
        state_acts.agencies(["sherif"])


def test_no_control_has_a_ban_or_an_act():
    end = pd.Period("2025-12", "M")
    states = set(state_acts.pool([], end))
    begun = datasets.mandates()
    begun = begun[begun["signed"] <= end.end_time]
    assert not states & set(begun["state"])
    assert not states & {"CA", "WA", "IL", "NJ", "OR"}
    assert {"AL", "OK", "NC"} <= states
    assert "NY" in states and "NY" not in state_acts.pool([], pd.Period("2026-09", "M"))


def test_adoption_is_a_share_that_never_falls():
    table = state_acts.adopted()
    assert (table.diff().iloc[1:] >= 0).all().all()
    assert table.min().min() >= 0 and table.max().max() <= 100 + 1e-9


def test_adoption_counts_agencies_once_by_hand():
    links = datasets.agency_links()
    links = links[(links["ori"] != "") & (links["state"] == "TX")]
    signed = datasets.agreements().merge(links[["agency_id", "ori"]], on="agency_id")
    signed = signed[signed["agency_kind"] == "sheriff"]
    by_june = signed[signed["signed"] <= "2025-06-30"]["ori"].nunique()
    sheriffs = datasets.agencies_at_risk().query("agency_kind == 'sheriff'")
    share = 100 * by_june / (sheriffs["state"] == "TX").sum()
    assert state_acts.adopted().loc["2025-06", "TX"] == pytest.approx(share)


def test_later_lists_leave_the_design_as_it_was():
    spec = hypotheses.specification("S1")
    now = state_acts.around(spec.event, spec.day, spec.months)
    then = state_acts.around(spec.event, spec.day, spec.months, as_of="2026-02-10")
    assert list(now[0]) == list(then[0])
    assert now[0].index[-1] == then[0].index[-1]
    assert now[1].equals(then[1])


def test_placebos_give_rank_and_interval():
    placebos = pd.Series(np.arange(-20.0, 20.0))
    found = notebook.by_placebos(19.0, placebos)
    assert found.p == pytest.approx(4 / 41)  # itself, -20, -19 and 19
    assert notebook.by_placebos(3.0, placebos).at(0.95) == (3 - 19.0, 3 + 19.0)
    assert notebook.by_placebos(3.0, placebos).at(0.99)[1] == np.inf
    noise = notebook.by_placebos(-4e-15, pd.Series(np.zeros(30)))
    assert noise.at(0.95) == (0.0, 0.0)


def test_curve_has_every_combination_and_the_main_specification():
    grid = {name: list(v) for name, v in hypotheses.grid("S1", "curve").items()}
    grid["outcome"], grid["months"] = ["first agreement"], [6]
    spec = hypotheses.specification("S1")
    curve = notebook.all_choices(grid, list(spec.event), draws=199)
    assert len(curve.table) == np.prod([len(v) for v in grid.values()])
    main = curve.table.query(
        "day == 'signed' and control == 'not-yet' and trend == 'none' and "
        "weight == 'acts alike' and acts == 'all'"
    )
    # the states of the curve are those of the newest month: banned since are out
    since = state_acts.act_months(spec.event, "signed")
    states = state_acts.pool(since.index, state_acts.last_month())
    alone = DatedActs(state_acts.adopted()[states], since).estimate(6)
    assert main["estimate"].item() == pytest.approx(alone)
    assert curve.null.shape == (199, len(curve.table))
    late = curve.table.query("day == 'in force'")
    assert (late["acts left"] < 4).all()


def test_every_choice_of_the_registry_is_known():
    grid = hypotheses.grid("S1", "curve")
    assert set(grid["outcome"]) <= set(state_acts.OUTCOMES)
    assert set(grid["day"]) <= set(state_acts.DAYS)
    assert np.prod([len(values) for values in grid.values()]) >= 200


def test_what_a_prediction_waits_for_is_named_whole():
    months = pd.period_range("2026-01", "2026-03", freq="M")
    table = pd.DataFrame({"TN": 1.0, "KY": 2.0}, index=months)
    said = "from April 2026 to September 2026 are needed; .* to March 2026"
    with pytest.raises(NotTestable, match=said):
        notebook.one_against_rest(table, pd.Period("2026-05", "M"), 4)


def test_several_months_are_averaged_over_acts_and_months_that_are_known():
    acts = made()  # 2024-06 shows months to 8, 2024-09 to 5
    known = [acts.estimate([k]) for k in range(9)]
    both = [2 if k <= 5 else 1 for k in range(9)]
    assert acts.estimate(range(12)) == pytest.approx(np.average(known, weights=both))
    with pytest.raises(NotTestable, match="needs March 2025"):
        acts.estimate(6)
    with pytest.raises(NotTestable, match="No act has"):
        acts.estimate([40])
    with pytest.raises(Refused, match="not-yet"):
        made(control="not yet")
    with pytest.raises(Refused, match="without a hole"):
        DatedActs(acts.outcome.drop(MONTHS[3]), acts.since)


def test_acts_of_units_that_take_no_part_are_refused_by_name():
    acts = made()
    other = pd.concat([acts.since, pd.Series({"z": MONTHS[5]})])
    with pytest.raises(Refused, match="since: z unknown"):
        DatedActs(acts.outcome, other)
    with pytest.raises(Refused, match="leave_out: c unknown"):
        acts.without("c")
    with pytest.raises(Refused, match="weight: a"):
        DatedActs(acts.outcome, acts.since, weight=pd.Series({"b": 1.0}))
    with pytest.raises(NotTestable, match="too few to lend"):
        made(n=4).among_controls()
    assert acts.estimate(np.int64(2)) == acts.estimate(2)

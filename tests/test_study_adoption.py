"""Adoption by agency and week: shaping, designs, forecasts; what must not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notebook_code import code_of

from analysis_utils import datasets, panel, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.hazards import fit_hazard
from analysis_utils.predictions import hazard
from analysis_utils.study import adoption
from analysis_utils.study.adoption import COVARIATES

notebook = code_of("19_adoption")
CELLS = ["state", "agency_kind"]


@pytest.fixture(scope="module")
def table():
    return adoption.first_agreements()


@pytest.fixture(scope="module")
def main(table):
    return fit_hazard(table, COVARIATES, strata=CELLS, cluster="state")


def test_each_agency_is_at_risk_once_and_without_gap(table):
    rows = table.sort_values(["unit", "entry"])
    first = rows.drop_duplicates("unit")
    last = rows.drop_duplicates("unit", keep="last")
    assert (first["entry"] == 0).all()
    assert (rows.groupby("unit")["event"].sum() <= 1).all()
    assert (last.loc[last["event"] == 0, "exit"] == panel.last_week()).all()
    gaps = rows["entry"].to_numpy()[1:] - rows["exit"].to_numpy()[:-1]
    same = rows["unit"].to_numpy()[1:] == rows["unit"].to_numpy()[:-1]
    assert (gaps[same] == 1).all()


def test_events_are_the_first_signings_of_the_register(table):
    known = series.agreements_known()
    links = datasets.agency_links().set_index("agency_id")["ori"]
    known = known.assign(ori=known["agency_id"].map(links)).dropna(subset="signed")
    ended = known["gone_by"].notna() & (known["gone_by"] <= panel.START)
    first = known[~ended & (known["ori"] != "")].groupby("ori")["signed"].min()
    events = table[table["event"] == 1].set_index("unit")["exit"]
    week = (first.reindex(events.index) - panel.START).dt.days // 7
    assert (week == events).all()
    early = first[first < panel.START].index
    assert not set(early) & set(table["unit"])


def test_neighbours_are_the_share_that_signed_four_weeks_before(table):
    pairs = datasets.county_neighbours()
    signed = panel.signed_weeks()
    first = adoption.by_county(signed)
    rows = table.sample(40, random_state=1)
    for row in rows.itertuples():
        near = pairs.loc[pairs["county"] == row.county_fips, "neighbour"]
        for week in (row.entry, row.exit):
            share = (near.map(first) + 4 <= week).mean() if len(near) else 0.0
            assert row.neighbours == pytest.approx(share)


def test_mandates_begin_in_the_week_after_the_day(table):
    act = datasets.policy_events().set_index("id").loc["tx-sb8-signed"]
    rows = table[(table["state"] == "TX") & (table["agency_kind"] == "sheriff")]
    force = rows[rows["mandate_in_force"] == 1]
    assert panel.week_start(force["entry"].min()) > act["in_force"]
    before = rows[rows["mandate_in_force"] == 0]
    assert panel.week_start(before["exit"].max()) <= act["in_force"]
    police = table[(table["state"] == "TX") & (table["agency_kind"] == "police")]
    assert police["mandate_in_force"].max() == 0


def test_a_later_list_does_not_change_weeks_already_known():
    early, late = "2025-08-28", "2025-12-01"
    end = panel.last_week(early) - 8  # before listing delays
    tables = [adoption.first_agreements(day) for day in (early, late)]
    one, other = (t[(t["event"] == 1) & (t["exit"] <= end)] for t in tables)
    kept = set(one["unit"]) & set(other["unit"])
    assert len(kept) >= 0.97 * len(one)  # a few are corrected later
    assert len(other) >= len(one) * 0.97


def test_relabelled_states_and_reordered_rows_give_the_same_ratios(table, main):
    names = dict(
        zip(
            sorted(table["state"].unique()),
            np.random.default_rng(0).permutation(table["state"].nunique()),
            strict=True,
        )
    )
    changed = table.sample(frac=1, random_state=3).assign(
        state=lambda t: t["state"].map(names).astype(str)
    )
    made = fit_hazard(changed, COVARIATES, strata=CELLS, cluster="state")
    np.testing.assert_allclose(made.params, main.params, rtol=1e-6)
    np.testing.assert_allclose(made.bse, main.bse, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-5, 30), min_size=1, max_size=5), st.integers(0, 20))
def test_cutting_keeps_time_at_risk_and_events(weeks, end):
    rows = pd.DataFrame(
        {"unit": ["a"], "entry": [0], "exit": [end], "event": [1], "county": ["x"]}
    )
    steps = pd.DataFrame({"week": sorted({panel.EVER, *weeks})})
    steps = steps.assign(county="x", value=range(len(steps)))
    parts = panel.cut(rows, steps, "county")
    assert (parts["exit"] - parts["entry"] + 1).sum() == end + 1
    assert parts["event"].tolist() == [0] * (len(parts) - 1) + [1]
    for part in parts.itertuples():
        holds = steps.loc[steps["week"] <= part.entry, "value"].iloc[-1]
        assert part.value == holds


def test_a_key_without_steps_is_refused_in_words():
    rows = pd.DataFrame(
        {"unit": ["a"], "entry": [0], "exit": [3], "event": [0], "county": ["y"]}
    )
    steps = pd.DataFrame({"county": ["x"], "week": [panel.EVER], "value": [0.0]})
    with pytest.raises(NotTestable, match="county y"):
        panel.cut(rows, steps, "county")


def test_exchange_keeps_the_values_of_each_state(table):
    moved = notebook.exchanged(table, panel.FACTS, seed=1)
    assert len(moved) == len(table)

    def counties(rows):
        one = rows.drop_duplicates("county_fips").sort_values(["state", "republican"])
        return one[["state", "republican"]].reset_index(drop=True)

    pd.testing.assert_frame_equal(counties(moved), counties(table))
    assert (moved.sort_index()["republican"] != table["republican"]).mean() > 0.9


def test_chance_alone_signs_as_many_in_each_week(table):
    full = notebook.to_the_end(table, None, 4)
    slots = table[table["event"] == 1].groupby([*CELLS, "exit"]).size()
    drawn = notebook.signed_by_chance(full, slots, np.random.default_rng(0))
    pd.testing.assert_series_equal(
        drawn[drawn["event"] == 1].groupby([*CELLS, "exit"]).size(), slots
    )


def test_randomisation_of_state_acts_holds_its_size():
    """A made-up act in two states, dates at random, no effect: p is uniform."""
    rng = np.random.default_rng(5)
    rejected = 0
    for draw in range(40):
        n, weeks = 300, 12
        rows = pd.DataFrame(
            {"unit": np.repeat(range(n), weeks), "period": np.tile(range(weeks), n)}
        )
        state = rng.integers(0, 15, n)
        rows["state"], rows["x"] = state[rows["unit"]], rng.normal(size=n)[rows["unit"]]
        starts = np.full(15, 99)
        starts[rng.choice(15, 2, replace=False)] = rng.integers(3, 9, 2)
        rows["act"] = (rows["period"] >= starts[rows["state"]]).astype(float)
        level = rng.normal(0, 0.5, 15)[rows["state"]]
        rows["event"] = rng.random(len(rows)) < -np.expm1(-np.exp(-3 + level))
        rows["event"] = rows["event"].astype(int)
        gone = rows.groupby("unit")["event"].cumsum() - rows["event"]
        rows = rows[gone == 0].assign(
            entry=lambda t: t["period"], exit=lambda t: t["period"]
        )
        rows = rows.reset_index(drop=True)
        test = notebook.exchange(rows, "act", ["x"], draws=199, seed=draw)
        rejected += test.pvalue <= 0.1
    assert rejected <= 9  # 4 expected; more than 9 has probability .006


def test_forecasts_are_probabilities_and_sums_agree():
    forecast = hazard.AdoptionForecast.fit("TFM")
    near, far = forecast.probabilities(4), forecast.probabilities(26)
    assert ((near >= 0) & (near <= far) & (far <= 1)).all()
    counts = forecast.counts({"near": 4, "far": 26}, draws=150, seed=1)
    assert (counts["near"] <= counts["far"]).all(axis=None)  # one draw, two horizons
    mean = counts["far"].sum(axis=1).mean()
    assert 0.5 * far.sum() < mean < 2.5 * far.sum()
    again = forecast.counts({"far": 26}, draws=150, seed=1)
    pd.testing.assert_frame_equal(again["far"], counts["far"])
    waiting = set(forecast.waiting["unit"])
    signed = panel.signed_weeks()
    done = signed[(signed["model"] == "TFM") & (signed["week"] <= panel.last_week())]
    assert not waiting & set(done["ori"])


def test_saturation_ends_at_the_share_that_signed():
    shares = notebook.saturation()
    last = shares[(shares["week"] == panel.last_week()) & (shares["state"] == "all")]
    every = panel.agencies()
    first = panel.signed_weeks().groupby("ori")["week"].min()
    week = every["ori"].map(first)
    expected = 100 * (week <= panel.last_week()).groupby(every["agency_kind"]).mean()
    found = last.set_index("kind")["share"]
    for kind in ("sheriff", "police"):
        assert found[kind] == pytest.approx(expected[kind])
    assert (shares.groupby(["kind", "state"])["share"].diff().dropna() >= 0).all()

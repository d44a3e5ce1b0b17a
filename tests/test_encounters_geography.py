"""States, neighbours, counties and policy events: keys, known totals, known days."""

from pathlib import Path

import pandas as pd
import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
CONFIDENCE = {"source seen", "confirm the day", "from data"}


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name, dtype=str, keep_default_na=False)


def test_states_have_unique_keys_and_tiles():
    states = read("states.csv")
    assert len(states) == 56
    for key in (["state"], ["fips"], ["name"], ["ap_name"], ["tile_row", "tile_col"]):
        assert not states.duplicated(key).any(), key


def test_state_totals_are_those_of_the_sources():
    states = pd.read_csv(DATA / "states.csv", dtype={"fips": str})
    assert states.votes_total.notna().sum() == 51
    assert states.votes_total.sum() == pytest.approx(154.86e6, abs=5e3)
    assert states.agencies.sum() == 18_048


def test_territories_lack_denominators():
    states = read("states.csv").set_index("state")
    assert (states.loc[["AS", "GU", "MP", "VI"], "population"] == "").all()
    assert (states.kind == "territory").sum() == 5


def test_neighbours_are_symmetric_and_complete():
    pairs = read("state_neighbours.csv")
    found = set(zip(pairs.state, pairs.neighbour, strict=True))
    assert found == {(b, a) for a, b in found}
    # Knuth's graph of the contiguous states and DC has 107 borders.
    assert len(found) == 2 * 107
    assert {"AK", "HI"}.isdisjoint(pairs.state)
    assert ("AZ", "CO") not in found  # they meet in a point


def test_counties_carry_their_state_and_area():
    counties, states = read("counties.csv"), read("states.csv")
    assert len(counties) == 3231 and not counties.fips.duplicated().any()
    assert (counties.fips.str.len() == 5).all()
    fips = states.set_index("fips").state
    assert (counties.fips.str[:2].map(fips) == counties.state).all()
    both = counties[counties.aor_fy2019 != ""]
    moved = both[both.aor_fy2019 != both.aor_2025]
    assert len(both) == 3223 and len(moved) == 25 and set(moved.state) == {"TX"}
    assert (counties[counties.state == "CT"].county.str.contains("Planning")).all()


@pytest.mark.parametrize(
    ("event", "day"),
    [
        ("eo-13768", "2017-01-25"),
        ("eo-13993", "2021-01-20"),
        ("eo-14159", "2025-01-20"),
        ("fl-sb-2c-4c", "2025-02-13"),
        ("tx-sb8-signed", "2025-06-20"),
        ("obbba", "2025-07-04"),
        ("reimbursement-announced", "2025-09-02"),
        ("reimbursement-starts", "2025-10-01"),
        ("tx-sb8-effective", "2026-01-01"),
    ],
)
def test_days_of_policy_events(event, day):
    assert read("policy_events.csv").set_index("id").date[event] == day


def test_policy_events_have_ids_states_and_confidence():
    events = read("policy_events.csv")
    assert len(events) >= 59 and events.date.is_monotonic_increasing
    assert events.id.str.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*").all()
    assert events.id.is_unique and events.url.str.startswith("https://").all()
    assert set(events.date_confidence) == CONFIDENCE
    assert set(events.state) - {""} <= set(read("states.csv").state)
    assert ((events.level != "state") | (events.state != "")).all()

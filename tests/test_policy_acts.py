"""Which acts ban agreements and which require them: read from rows, never from code."""

import re
from pathlib import Path

import pandas as pd
import pytest

from analysis_utils import datasets

SOURCES = Path(datasets.__file__).parent


def test_a_proposal_is_no_ban():
    events, bans = datasets.policy_events(), datasets.bans()
    assert (events.effect == "proposed").any()
    assert not set(events.id[events.effect == "proposed"]) & set(bans.id)
    assert set(bans.level) == {"state"} and (bans.direction == "restricts").all()
    assert (datasets.mandates().direction == "expands").all()


def test_every_act_says_whom_it_reaches_and_its_dates_are_in_order():
    acts = pd.concat([datasets.bans(), datasets.mandates()])
    assert (acts.applies_to != "").all() and acts.since.notna().all()
    for first, then in [("signed", "since"), ("since", "deadline"), ("since", "ended")]:
        both = acts[[first, then]].dropna()
        assert (both[first] <= both[then]).all(), (first, then)


@pytest.mark.parametrize(
    ("day", "banned"),
    [
        ("2018-01-01", {"CA"}),
        ("2017-12-31", set()),
        (
            "2026-02-17",
            {"CA", "CT", "DE", "IL", "MD", "NJ", "OR", "VA", "WA"},
        ),
    ],
)
def test_bans_in_force_on_a_day(day, banned):
    assert set(datasets.bans(day).state) == banned


@pytest.mark.parametrize(
    ("state", "before", "first"),
    [
        ("NM", "2026-05-19", "2026-05-20"),  # signed in February
        ("ME", "2026-07-13", "2026-07-14"),  # law since January
        ("NY", "2026-08-24", "2026-08-25"),  # signed in May
    ],
)
def test_an_act_bans_from_the_day_of_force_only(state, before, first):
    assert state not in set(datasets.bans(before).state)
    assert state in set(datasets.bans(first).state)


def test_a_mandate_ends_with_its_repeal():
    assert "VA" in set(datasets.mandates("2026-01-16").state)
    assert "VA" not in set(datasets.mandates("2026-01-17").state)
    texas = datasets.mandates().query("state == 'TX'").iloc[0]
    assert texas.deadline == pd.Timestamp("2026-12-01") > texas.since > texas.signed


def test_no_code_lists_the_acts():
    """Ids of acts stand in the table, and in code only as an example or a default."""
    ids = [*datasets.bans().id, *datasets.mandates().id]
    found = {
        path.name
        for path in SOURCES.rglob("*.py")
        if sum(bool(re.search(rf'"{name}"', path.read_text())) for name in ids) > 1
    }
    assert found == set()

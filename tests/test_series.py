"""Counts as known on any day, on a register small enough to count by hand."""

import pandas as pd
import pytest

from analysis_utils import datasets, series


def days(*texts):
    return pd.to_datetime(list(texts))


@pytest.fixture
def small(monkeypatch):
    """Lists of 1, 5, 10 and 20 March; five agreements.

    A: on all lists. B: signed 3 March, listed from 5 March. C: gone by 10 March.
    D: first dated 8 March, later 9; listed from 10 March. E: away on 10 March.
    """
    editions = pd.DataFrame(
        {
            "edition": ["1", "5", "10", "20"],
            "first_seen": days("2025-03-01", "2025-03-05", "2025-03-10", "2025-03-20"),
            "last_seen": days("2025-03-04", "2025-03-05", "2025-03-10", "2025-03-31"),
        }
    )
    agreements = pd.DataFrame(
        {
            "agreement_id": list("ABCDE"),
            "model": ["TFM", "TFM", "WSO", "JEM", "WSO"],
            "state": ["TX", "FL", "TX", "TX", "FL"],
            "agency_kind": ["sheriff", "police", "sheriff", "police", "sheriff"],
            "signed": days(
                "2025-02-01", "2025-03-03", "2025-02-10", "2025-03-09", "2025-02-20"
            ),
        }
    )
    spells = pd.DataFrame(
        {
            "agreement_id": list("ABCDEE"),
            "spell": [1, 1, 1, 1, 1, 2],
            "first_listed": days(
                "2025-03-01",
                "2025-03-05",
                "2025-03-01",
                "2025-03-10",
                "2025-03-01",
                "2025-03-20",
            ),
            "gone_by": days(None, None, "2025-03-10", None, "2025-03-10", None),
        }
    )
    signed = pd.DataFrame(
        {
            "agreement_id": ["A", "B", "C", "D", "D", "E"],
            "signed": days(
                "2025-02-01",
                "2025-03-03",
                "2025-02-10",
                "2025-03-08",
                "2025-03-09",
                "2025-02-20",
            ),
            "first_printed": days(
                "2025-03-01",
                "2025-03-05",
                "2025-03-01",
                "2025-03-10",
                "2025-03-20",
                "2025-03-01",
            ),
            "last_printed": days(
                "2025-03-31",
                "2025-03-31",
                "2025-03-05",
                "2025-03-10",
                "2025-03-31",
                "2025-03-31",
            ),
            "replaced_by": days(None, None, "2025-03-10", "2025-03-20", None, None),
        }
    )
    tables = {
        "editions": editions,
        "agreements": agreements,
        "spells": spells,
        "signing_dates": signed,
    }
    for name, table in tables.items():
        monkeypatch.setattr(datasets, name, lambda table=table: table)


def counts(table, *texts):
    return table.loc[list(texts), "all"].tolist()


def test_active_by_listing(small):
    table = series.active(basis="listing", frequency="day")
    assert counts(
        table,
        "2025-03-01",
        "2025-03-04",
        "2025-03-05",
        "2025-03-09",
        "2025-03-10",
        "2025-03-19",
        "2025-03-20",
        "2025-03-31",
    ) == [3, 3, 4, 4, 3, 3, 4, 4]
    assert table.index[[0, -1]].tolist() == list(days("2025-03-01", "2025-03-31"))


def test_active_by_signing_runs_ahead_of_the_lists(small):
    table = series.active(basis="signing", frequency="day")
    assert counts(
        table, "2025-03-02", "2025-03-03", "2025-03-08", "2025-03-09", "2025-03-10"
    ) == [3, 4, 4, 5, 3]


def test_as_of_knows_only_what_was_published(small):
    early = series.active(basis="listing", frequency="day", as_of="2025-03-06")
    assert early.index[-1] == pd.Timestamp("2025-03-06")
    assert counts(early, "2025-03-06") == [4]
    signed = series.signings(
        basis="signing", frequency="day", start="2025-03-01", as_of="2025-03-12"
    )
    assert counts(signed, "2025-03-08", "2025-03-09") == [1, 0]  # D as printed then
    later = series.signings(basis="signing", frequency="day", start="2025-03-01")
    assert counts(later, "2025-03-08", "2025-03-09") == [0, 1]
    assert len(series.active(basis="listing", as_of="2025-03-01")) == 1


def test_signings(small):
    table = series.signings(basis="listing", frequency="day")
    assert table["all"].sum() == 2  # B and D; E's return is no new agreement
    assert counts(table, "2025-03-05", "2025-03-10") == [1, 1]
    by_date = series.signings(basis="signing", frequency="month", start="2025-02-01")
    assert by_date.index.tolist() == list(days("2025-02-01", "2025-03-01"))
    assert by_date["all"].tolist() == [3, 2]


def test_groups_sum_to_the_whole(small):
    whole = series.active(basis="listing", frequency="week")
    for by in ("model", "state", "agency_kind"):
        parts = series.active(basis="listing", frequency="week", by=by)
        assert parts.sum(axis=1).tolist() == whole["all"].tolist()
    both = series.active(
        basis="listing", frequency="week", model=["TFM", "WSO"], state="FL"
    )
    assert both["all"].iloc[-1] == 2
    assert series.active(basis="listing", agency_kind="sheriff")["all"].tolist() == [2]


def test_periods(small):
    weeks = series.active(basis="listing", frequency="week")
    assert weeks.index[:2].tolist() == list(days("2025-03-02", "2025-03-09"))
    starts = series.signings(basis="listing", frequency="week").index
    assert starts[:2].tolist() == list(days("2025-03-01", "2025-03-03"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"basis": "guess"}, "basis is 'guess'; choose from listing, signing"),
        ({"basis": "listing", "frequency": "year"}, "choose from day, week, month"),
        ({"basis": "listing", "by": "county"}, "choose from model, state, agency_kind"),
        ({"basis": "listing", "state": "ZZ"}, "state is 'ZZ'; choose from FL, TX"),
        (
            {"basis": "listing", "start": "2025-03-09", "as_of": "2025-03-01"},
            "nothing is known between",
        ),
    ],
)
def test_wrong_choices_are_named(small, arguments, words):
    with pytest.raises(ValueError, match=words):
        series.active(**arguments)


def test_the_caller_must_choose_the_basis():
    with pytest.raises(TypeError, match="basis"):
        series.active()


def test_active_by_listing_is_the_count_of_each_list():
    table = series.active(basis="listing", frequency="day")
    last = datasets.editions().drop_duplicates("first_seen", keep="last")
    assert table.loc[last.first_seen, "all"].tolist() == last.agreements.tolist()


def test_the_last_days_of_august_2025_differ_by_60_agreements():
    day = {
        "frequency": "day",
        "start": "2025-08-28",
        "end": "2025-08-28",
        "as_of": "2026-04-13",
    }
    listed, signed = (
        series.active(basis=basis, **day)["all"].iloc[0]
        for basis in ("listing", "signing")
    )
    assert signed - listed == 60


def test_lists_of_days():
    with pytest.raises(ValueError, match="No list is known before 2021-01-13"):
        series.list_as_of("2020-12-31")
    shown = series.list_as_of("2025-08-31")
    assert len(shown) == 956 and shown.state.iloc[0].strip() == "ALABAMA"


def test_interpolated_months_are_handed_out_only_when_asked_for():
    plain, asked = (
        series.active_since_2002(interpolated=choice) for choice in (False, True)
    )
    gap = plain.loc["2017-09-01":"2020-08-31"]
    assert len(gap) == 36 and gap.active.isna().all()
    assert (gap.grade == "interpolated").all()
    assert plain.drop(gap.index).active.notna().all()
    assert asked.active.notna().all() and asked.index[0] == pd.Timestamp("2002-07-31")

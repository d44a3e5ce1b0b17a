"""The years before the lists: early register, months, published totals."""

import pandas as pd
import pytest

from analysis_utils import datasets
from analysis_utils.collect import history

EDITIONS = pd.DataFrame(
    {
        "edition": ["a", "b"],
        "first_seen": ["2021-01-13", "2021-03-20"],
        "last_seen": ["2021-01-20", "2021-04-10"],
        "list_until": ["2021-03-20", ""],
        "agreements": [150, 148],
        "held": [0, 0],
    }
)
EARLY = pd.DataFrame(
    {
        "signed": ["2002-07-02", "2003-09-10", "2008-01-01"],
        "first_roster": ["2010-10-29", "2010-10-29", ""],
        "last_roster": ["2012-10-16", "2017-08-01", ""],
    }
)
EXITS = pd.DataFrame({"date": ["2009-10-16"], "agreements": ["1"], "reason": ["x"]})


def totals(**changes):
    row = {
        "date": "2021-01-15",
        "total": "150",
        "counted": "agreements",
        "publisher": "GAO",
        "url": "x",
        "confidence": "high",
        "explanation": "",
    }
    return pd.DataFrame([row | changes])


def test_counts_before_the_first_roster_come_from_signing_dates():
    counted = [
        history.signed_by(EARLY, EXITS, day)
        for day in ("2002-07-01", "2002-07-02", "2008-12-31", "2009-12-31")
    ]
    assert counted == [0, 1, 3, 2]


@pytest.mark.parametrize(
    ("day", "count", "basis"),
    [
        ("2008-06-30", 3, "signing dates"),
        ("2012-10-16", 2, "rosters"),
        ("2012-12-31", 1, "rosters"),
        ("2019-01-01", None, ""),
        ("2021-01-15", 150, "edition a"),
        ("2021-02-28", None, ""),  # 39 days after the last copy of a list
        ("2021-03-20", 148, "edition b"),
        ("2026-01-01", None, ""),
    ],
)
def test_a_published_total_is_compared_with_what_is_known_of_its_day(day, count, basis):
    assert history._register_count(day, EARLY, EXITS, EDITIONS) == (count, basis)


def test_a_difference_without_a_reason_is_said_and_stops_nothing():
    def compared(**changes):
        return history.compared(totals(**changes), EARLY, EXITS, EDITIONS)

    assert compared().difference.tolist() == [0]
    assert history.unexplained(compared()) == []
    explained = compared(total="151", explanation="the header was counted")
    assert explained.difference.tolist() == [1]
    assert history.unexplained(explained) == []
    (said,) = history.unexplained(compared(total="151"))
    assert "line 2: GAO gives 151" in said and "the register 150" in said
    (said,) = history.unexplained(compared(explanation="the header was counted"))
    assert "no difference to explain" in said


def test_a_total_is_not_compared_where_no_list_covers_its_day():
    gap = pd.concat([EDITIONS, EDITIONS.tail(1)], ignore_index=True)
    gap.loc[2, ["first_seen", "last_seen"]] = "2026-09-20"
    gap.loc[1, "list_until"] = "2026-09-20"
    assert history._register_count("2021-05-01", EARLY, EXITS, gap)[0] == 148
    assert history._register_count("2026-09-18", EARLY, EXITS, gap) == (None, "")


def test_months_without_a_copy_of_a_list_are_rebuilt():
    months = pd.period_range("2021-01", "2021-04", freq="M")
    assert [row[:3] for row in history._from_lists(EDITIONS, months)] == [
        ("2021-01-31", 150, "observed"),
        ("2021-02-28", 150, "rebuilt"),
        ("2021-03-31", 148, "observed"),
        ("2021-04-10", 148, "observed"),
    ]


def test_grades_of_the_committed_months():
    table = datasets.active_monthly().set_index("date")
    assert table.index[0] == pd.Timestamp("2002-07-31") and table.active.iloc[0] == 1
    gap = table.loc["2017-09-01":"2020-08-31"]
    assert set(gap.grade) == {"interpolated"} and len(gap) == 36
    assert "interpolated" not in set(table.drop(gap.index).grade)
    assert table.active["2020-09-30"] == 150 and table.active["2012-12-31"] == 39


def test_ended_early_agreements_are_in_the_early_register():
    table = datasets.early_register()
    assert table.status.value_counts().to_dict() == {
        "on the roster of 1 August 2017": 58,
        "ended": 41,
        "ended, date unknown": 6,
    }
    known = set(datasets.agreements().agreement_id)
    assert set(table.agreement_id[table.listed_2021]) <= known


def test_every_published_total_of_the_early_years_that_differs_is_explained():
    # Later ones stand beside lists, and a list found late may move them: `make update`
    # and `make register` say which then lack a reason
    table = datasets.published_totals()
    early = table[table.register_basis.isin(["signing dates", "rosters"])]
    assert len(early) > 40
    assert ((early.difference != 0) == (early.explanation != "")).all()
    for total in (958, 1001):
        row = table[table.total == total].iloc[0]
        assert "header" in row.explanation

"""Claims are judged by the rule that the notebook states, on numbers from the data."""

import math

import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.study import claims

notebook, vintages = code_of("09_article_claims"), code_of("08_vintages")


@pytest.mark.parametrize(
    ("claimed", "measured", "relation", "expected"),
    [
        (563, 562.96, "exact", notebook.CONFIRMED),
        (563, 563.7, "exact", notebook.CAVEAT),  # off by less than 1 %
        (896, 895, "exact", notebook.CAVEAT),
        (35, 36, "exact", notebook.NOT_CONFIRMED),
        (0, 0, "exact", notebook.CONFIRMED),
        (0, 1, "exact", notebook.NOT_CONFIRMED),
        (150, 143, "about", notebook.CONFIRMED),
        (150, 142, "about", notebook.NOT_CONFIRMED),
        (900, 856, "nearly", notebook.CONFIRMED),
        (900, 740, "nearly", notebook.NOT_CONFIRMED),
        (900, 901, "nearly", notebook.NOT_CONFIRMED),
        (0, -1, "less than", notebook.CONFIRMED),
        (0, 1, "more than", notebook.CONFIRMED),
        (0, 0, "more than", notebook.NOT_CONFIRMED),
        (1, math.nan, "about", notebook.CANNOT),
    ],
)
def test_rule(claimed, measured, relation, expected):
    assert notebook.verdict(claimed, measured, relation, "") == expected


def test_a_caveat_never_turns_a_failure_into_a_confirmation():
    assert notebook.verdict(10, 10, "exact", "but") == notebook.CAVEAT
    assert notebook.verdict(10, 20, "exact", "but") == notebook.NOT_CONFIRMED
    assert notebook.verdict(10, math.nan, "exact", "but") == notebook.CANNOT


def article():
    return datasets.article_claims().set_index("id")


@pytest.fixture(scope="module")
def table():
    return notebook.checked(article(), series.last_day())


def test_known_answers(table):
    """896 rows are 895 agreements of 740 agencies; 145 agencies in January 2021."""
    on_day = table["measured"].to_dict()
    assert on_day["agreements"] == 895 and table.loc["agreements", "beside"] == 896
    assert on_day["agencies"] == 740 and on_day["summary"] == 145
    assert on_day["baseline"] == 135 and on_day["states"] == 40
    assert on_day["increase"] == pytest.approx(100 * (895 / 135 - 1))
    assert table["verdict"]["agencies"] == notebook.NOT_CONFIRMED
    assert table["verdict"]["highway-patrol"] == notebook.CANNOT
    assert set(table["verdict"]) == set(notebook.VERDICTS)


def test_inability_is_not_decided_by_counts(table):
    row = table.loc["continued-2021-2025"]
    assert row["verdict"] == notebook.CANNOT and math.isnan(row["measured"])
    assert row["beside"] == 135 and row["beside_first"] == 148
    said = notebook.template("continued-2021-2025", row, series.last_day())
    assert "{continued_2021_2025_beside} agreements on 20 January 2025" in said


def test_each_value_is_said_with_who_measured_it(table):
    def said(name):
        return notebook.template(name, table.loc[name], series.last_day())

    assert "{people_measured} by Pew Research Center, for 1 July 2023" in said("people")
    assert ": 1996 by the data." in said("act")
    assert ": day {order_measured:value} of the term (20 January 2025)" in said("order")


def test_every_measure_of_the_table_exists_and_unverified_figures_do_not_count(table):
    article = datasets.article_claims()
    used = set(article["measure"]) | set(article["beside"]) - {""}
    assert {name.split(":")[0] for name in used if name} <= set(claims.MEASURES)
    patrol = "figure:fl_apprehensions_highway_patrol"
    march = pd.Timestamp("2025-03-01")
    assert math.isnan(claims.measured(patrol, march, pd.Timestamp("2025-09-30")))
    assert claims.measured(patrol, march, pd.Timestamp("2025-10-01")) == 4900


def test_claims_of_later_days_are_left_out():
    before = notebook.checked(article(), pd.Timestamp("2025-08-01"))
    assert "agreements" not in before.index and "baseline" in before.index


def test_vintages_are_ends_of_months_between_first_and_last():
    days = vintages.vintages_between("2025-08-28", pd.Timestamp("2025-11-12"), "month")
    assert [str(day.date()) for day in days] == [
        "2025-08-28",
        "2025-09-30",
        "2025-10-31",
        "2025-11-12",
    ]
    early = vintages.vintages_between("2025-08-28", pd.Timestamp("2025-08-01"), "week")
    assert list(early) == [pd.Timestamp("2025-08-01")]


def test_what_cannot_be_estimated_yet_says_why():
    def too_early(as_of, last):
        raise NotTestable(f"nothing was signed after the event by {last.date()}")

    day = pd.DatetimeIndex(["2025-03-01"])
    early = vintages.by_vintage({"H1a": too_early, "P1": too_early}, day)
    assert early["estimate"].isna().all() and early["note"].str.len().min() > 20
    assert set(early["answer"]) == {"cannot be tested"}


def test_counts_end_with_the_last_known_list():
    """Between the last copy of one list and the first of the next nothing is known."""
    table = datasets.editions()
    unseen = table.first_seen.shift(-1) - table.last_seen > pd.Timedelta(days=1)
    for seen in table.last_seen[unseen]:
        assert series.last_day(seen + pd.Timedelta(days=1)) == seen
    assert series.last_day("2025-08-30") == pd.Timestamp("2025-08-30")
    with pytest.raises(ValueError, match="No list is known before 2021-01-1"):
        series.last_day("2020-01-01")


def test_as_of_the_last_day_is_the_latest():
    options = {"basis": "signing", "frequency": "day"}
    latest = series.signings(**options)
    known = series.signings(**options, as_of=series.last_day())
    pd.testing.assert_frame_equal(known, latest)

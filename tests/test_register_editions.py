"""Editions: dates in names, intervals, decisions on files, and the woven rows."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_lists import compiled, data_folder, row, write_hand

from analysis_utils.collect import editions
from analysis_utils.collect.editions import PRINTED

A, B, C = row("Alpha PD"), row("Beta PD"), row("Gamma PD")


@pytest.mark.parametrize(
    ("name", "edition"),
    [
        ("ParticipatingEntities-20210113002027.xlsx", "2021-01-13-0020"),
        ("participatingAgencies-20250221214937.xlsx", "2025-02-21-2149"),
        ("participatingAgencies08292025pm.xlsx", "2025-08-29pm"),
        ("participatingAgencies10172025mid.xlsx", "2025-10-17mid"),
        ("participatingAgencies04232026.xlsx", "2026-04-23"),
        ("participatingAgencies12042025pm2.xlsx", "2025-12-04pm-2"),
        ("participatingAgencies05122025amB.xlsx", "2025-05-12am-b"),
        ("participatingAgencies07242025pm_b.xlsx", "2025-07-24pm-b"),
        ("participatingAgencies06112025pm copy.xlsx", "2025-06-11pm-copy"),
        ("2026-05-18am.xlsx", "2026-05-18am"),
        ("participatingAgencies090022025am.xlsx", None),
        ("participatingAgencies13412025am.xlsx", None),
        ("list.xlsx", None),
    ],
)
def test_dates_in_names(name, edition):
    assert editions.edition_of_name(name) == edition


def test_order_within_a_day():
    day = [
        "2025-03-27-0700",
        "2025-03-27am",
        "2025-03-27am-b",
        "2025-03-27mid",
        "2025-03-27",
        "2025-03-27pm",
        "2025-03-27pm-2",
        "2025-03-28am",
    ]
    assert sorted(day, key=editions.order) == day
    with pytest.raises(ValueError, match="write 2026-05-18"):
        editions.order("18 May 2026")


def test_copies_of_one_table_are_one_edition_until_the_next(tmp_path):
    found = compiled(
        {"03012025am": [A], "03022025am": [A], "03052025pm": [A, B], "03092025am": [A]},
        tmp_path,
    )["editions"]
    shown = found[["edition", "first_seen", "last_seen", "list_until", "copies"]]
    assert shown.values.tolist() == [
        ["2025-03-01am", "2025-03-01", "2025-03-02", "2025-03-05", "2"],
        ["2025-03-05pm", "2025-03-05", "2025-03-05", "2025-03-09", "1"],
        ["2025-03-09am", "2025-03-09", "2025-03-09", "", "1"],
    ]


def test_files_are_redated_or_set_aside_by_decision(tmp_path):
    data = data_folder(tmp_path)
    write_hand(
        data,
        "files",
        [
            (
                "participatingAgencies03012024am.xlsx",
                "",
                "redate",
                "2025-03-01am",
                "year",
            ),
            ("participatingAgencies03052025am.xlsx", "", "set aside", "", "pending"),
        ],
    )
    found = compiled(
        {"03012024am": [A, B], "02012025am": [A], "03052025am": [C]}, tmp_path, data
    )["editions"]
    assert found.edition.tolist() == ["2025-02-01am", "2025-03-01am"]


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (("gone.xlsx", "", "redate", "2025-03-01", "x"), "not among the files"),
        (
            ("participatingAgencies03012025am.xlsx", "", "redate", "2025-03-01am", "x"),
            "no longer applies",
        ),
    ],
)
def test_decisions_on_files_that_do_nothing_stop_the_build(tmp_path, decision, words):
    data = data_folder(tmp_path)
    write_hand(data, "files", [decision])
    with pytest.raises(ValueError, match=words):
        compiled({"03012025am": [A]}, tmp_path, data)


def test_two_lists_of_one_date_need_a_decision(tmp_path):
    lists = {"03012025am": [A], "03022025am": [A, B]}
    data = data_folder(tmp_path)
    write_hand(
        data,
        "files",
        [("participatingAgencies03022025am.xlsx", "", "redate", "2025-03-01am", "x")],
    )
    with pytest.raises(ValueError, match="different lists and both state 2025-03-01am"):
        compiled(lists, tmp_path, data)


def test_a_name_without_a_date_stops_the_build(tmp_path):
    with pytest.raises(ValueError, match="states no date"):
        compiled({"090022025am": [A]}, tmp_path)


ROWS = st.lists(st.sampled_from("abcdef"), max_size=8)


def cells(letters: list[str]) -> list[editions.Row]:
    return [(letter,) * len(PRINTED) for letter in letters]


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=8))
def test_every_list_comes_back_from_the_weave_as_printed(lists):
    woven = editions.weave([(str(n), cells(rows)) for n, rows in enumerate(lists)])
    for place, letters in enumerate(lists):
        shown = woven[(woven["first"] <= place) & (woven["last"] >= place)]
        assert shown.state.tolist() == letters


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=6))
def test_one_more_list_leaves_the_weave_of_those_before_it(lists):
    named = [(str(n), cells(rows)) for n, rows in enumerate(lists)]
    newest = len(named) - 1
    before, after = editions.weave(named[:-1]), editions.weave(named)
    kept = after[after["first"] < newest].reset_index(drop=True)
    kept["last"] = kept["last"].clip(upper=newest - 1)
    columns = [*PRINTED, "first", "last"]
    pd.testing.assert_frame_equal(kept[columns], before[columns], check_dtype=False)
    grown = editions.weave(named, before)
    pd.testing.assert_frame_equal(grown, after, check_dtype=False)

"""The register from small made lists with known answers."""

import pytest
from register_lists import JEM, TFM, WSO, compiled, data_folder, row, write_hand

from analysis_utils.asking import Refused
from analysis_utils.collect import naming

GULF = "Gulf County Sheriff's Office"


def register(lists, place, data=None):
    tables = compiled(lists, place, data)
    tables["by_id"] = tables["agreements"].set_index("agreement_id")
    return tables


def test_one_agreement_however_it_is_spelt(tmp_path):
    lists = {
        "03012025am": [row("Gulf County Sheriff’s Office ", state="FLORIDA ")],
        "03022025am": [row("GULF COUNTY SHERIFFS OFFICE", state="Florida")],
        "03032025am": [row("Gulf County\nSheriff's  Department", state="FLORIDA")],
        "03042025am": [row(GULF, state="FLORIDA", county="Gulf County ")],
    }
    (agreement,) = register(lists, tmp_path)["agreements"].to_dict("records")
    assert agreement["agreement_id"] == "FL-gulf-county-sheriff-TFM"
    assert agreement["agency"] == GULF
    assert agreement["county_fips"] == "12045" and agreement["county"] == "Gulf County"
    assert agreement["agency_kind"] == "sheriff" and agreement["level"] == "county"
    assert agreement["names_printed"] == 4 and agreement["removal"] == ""


def test_an_agreement_that_returns_has_two_spells(tmp_path):
    alpha, beta = row("Alpha PD"), row("Beta PD")
    tables = register(
        {
            "03012025am": [alpha, beta],
            "03052025am": [beta],
            "03092025am": [alpha, beta],
        },
        tmp_path,
    )
    alpha_spells = tables["spells"].iloc[:2]
    assert alpha_spells.values.tolist() == [
        [
            "TX-alpha-police-department-TFM",
            1,
            "",
            "2025-03-01",
            "2025-03-01",
            "2025-03-05",
            "2025-03-01am",
            "2025-03-01am",
        ],
        [
            "TX-alpha-police-department-TFM",
            2,
            "2025-03-05",
            "2025-03-09",
            "",  # open while listed: the newest list says until when
            "",
            "2025-03-09am",
            "",
        ],
    ]
    assert tables["agreements"].n_spells.tolist() == [2, 1]
    assert (tables["agreements"].gone_by == "").all()


def test_removals_are_told_apart(tmp_path):
    left, dropped = row("Left PD"), [row("Dropped PD", TFM), row("Dropped PD", WSO)]
    old, new = row("Switched PD", JEM), row("Switched PD", TFM)
    late = row("Late PD", JEM), row("Late PD", TFM)
    both = [row("Both PD", JEM), row("Both PD", TFM)]  # listed on the same day
    ahead = [row("Ahead PD", TFM), row("Ahead PD", JEM)]  # the other was first
    lists = {
        "02272025am": [left, *dropped, old, late[0], ahead[0]],
        "03012025am": [left, *dropped, old, late[0], *both, *ahead],
        "03202025am": [dropped[1], new, both[1], ahead[0]],
        "06012025am": [dropped[1], new, late[1], both[1], ahead[0]],
    }
    removal = register(lists, tmp_path)["by_id"].removal
    assert removal["TX-left-police-department-TFM"] == "agency left"
    assert removal["TX-dropped-police-department-TFM"] == "model dropped"
    assert removal["TX-switched-police-department-JEM"] == "model switched"
    assert removal["TX-late-police-department-JEM"] == "agency left"  # 73 days apart
    assert removal["TX-switched-police-department-TFM"] == ""
    assert removal["TX-both-police-department-JEM"] == "model dropped"
    assert removal["TX-ahead-police-department-JEM"] == "model dropped"


def test_removal_is_an_interval_and_brief_listings_are_marked(tmp_path):
    stays, brief, eleven = row("Stays PD"), row("Brief PD"), row("Eleven PD")
    lists = {
        "03012025am": [stays, brief, eleven],
        "03112025am": [stays, brief, eleven],
        "03122025pm": [stays, eleven],
        "03142025am": [stays],
    }
    table = register(lists, tmp_path)["by_id"]
    brief = table.loc["TX-brief-police-department-TFM"]
    assert (brief.last_listed, brief.gone_by) == ("2025-03-11", "2025-03-12")
    assert brief.brief
    assert not table.brief["TX-eleven-police-department-TFM"]
    assert not table.brief["TX-stays-police-department-TFM"]


def test_signing_dates_corrected_and_signed_again(tmp_path):
    def listed(first, second):
        return [
            row("Redated PD", signed=first),
            row("Again PD", signed=second),
            row("Once PD", signed="2/5/2025"),
            row("Blank PD", signed=""),
        ]

    lists = {
        "03012025am": listed("2025-02-12", "2025-02-01"),
        "06012025am": listed("2025-02-11", "2025-05-20"),
    }
    tables = register(lists, tmp_path)
    shown = tables["by_id"][["signed", "signed_quality", "resigned", "dates_printed"]]
    assert shown.loc["TX-redated-police-department-TFM"].tolist() == [
        "2025-02-11",
        "redated",
        "",
        "2025-02-11;2025-02-12",
    ]
    assert shown.loc["TX-again-police-department-TFM"].tolist() == [
        "2025-02-01",
        "printed",
        "2025-05-20",
        "2025-02-01;2025-05-20",
    ]
    assert shown.loc["TX-once-police-department-TFM"].tolist() == [
        "2025-02-05",
        "printed",
        "",
        "2025-02-05",
    ]
    assert shown.loc["TX-blank-police-department-TFM"].tolist() == [
        "",
        "missing",
        "",
        "",
    ]
    dates = tables["signing_dates"]
    first = dates[dates.agreement_id == "TX-redated-police-department-TFM"]
    assert first.drop(columns="agreement_id").values.tolist() == [
        ["2025-02-12", "2025-03-01", "2025-03-01", "2025-06-01"],
        ["2025-02-11", "2025-06-01", "", ""],
    ]


def test_impossible_dates_are_set_aside_and_the_agreement_stays(tmp_path):
    rows = [
        row("Alpha PD", signed="5025-07-07"),
        row("Beta PD", signed="05/082025"),
        row("Gamma PD", signed="1999-01-01"),
    ]
    table = register({"03012025am": rows}, tmp_path)["agreements"]
    assert table.signed_quality.tolist() == ["missing"] * 3


def test_rows_printed_are_agreements_duplicates_and_rows_set_aside(tmp_path):
    lists = {
        "03012025am": [
            row("Alpha PD"),
            row("Alpha PD"),
            row("Alpha Police Dept."),
            row("Beta PD", "Tribal Model"),
            row("", TFM),
            row("Gamma PD", state="TEXSA"),
        ],
        "03022025am": [row("Alpha PD")],
    }
    tables = register(lists, tmp_path)
    counts = tables["editions"][
        ["rows_printed", "agreements", "duplicates", "set_aside"]
    ]
    assert counts.values.tolist() == [[6, 1, 2, 3], [1, 1, 0, 0]]
    reasons = tables["printed_rows"].set_aside
    assert sorted(reasons[reasons != ""]) == [
        "model not known: Tribal Model",
        "no agency printed",
        "state not known: TEXSA",
    ]


def test_care_in_matching_lowers_the_count_of_removals(tmp_path):
    data = data_folder(tmp_path)
    write_hand(
        data, "aliases", [("TX", "Alhpa PD", "", "Alpha PD", "", "misspelt", "x")]
    )
    names = ["Alpha PD ", "Alpha PD", "Alpha Police Dept", "Alhpa PD", "Alpha PD"]
    lists = {f"030{n}2025am": [row(name)] for n, name in enumerate(names, start=1)}
    care = register(lists, tmp_path, data)["key_care"]
    assert care.values.tolist() == [
        ["naive", 4, 3],
        ["trimmed", 3, 2],
        ["normalized", 2, 1],
        ["final", 1, 0],
    ]


def test_aliases_states_dates_counties_and_kinds_are_decided_by_hand(tmp_path):
    data = data_folder(tmp_path)
    write_hand(
        data,
        "aliases",
        [("FL", "Gulf County BOCC", "TFM", GULF, "2025-02-26", "other body", "x")],
    )
    write_hand(
        data,
        "state_corrections",
        [("TX", "Ellis County Sheriff's Office", "WSO", "2025-07-07", "KS", "x")],
    )
    write_hand(data, "dates", [("", "", "", "05/082025", "2025-05-08", "x")])
    write_hand(data, "counties", [("FL", "Lake Conty", "", "12069", "x")])
    write_hand(data, "agencies", [("FL", "Howey PD", "other", "county", "x")])
    lists = {
        "08012025am": [
            row("Gulf County BOCC", TFM, "2025-02-26", "FLORIDA"),
            row("Gulf County BOCC", WSO, "2025-02-26", "FLORIDA"),
            row("Ellis County Sheriff's Office", WSO, "2025-07-07"),
            row("Ellis County Sheriff's Office", WSO, "2025-07-30"),
            row("Howey PD", TFM, "05/082025", "FLORIDA", county=" Lake  Conty"),
        ],
        "08022025am": [row(GULF, TFM, "2025-02-26", "FLORIDA")],
    }
    table = register(lists, tmp_path, data)["by_id"]
    assert set(table.index) == {
        "FL-gulf-county-sheriff-TFM",
        "FL-gulf-county-bocc-WSO",
        "KS-ellis-county-sheriff-WSO",
        "TX-ellis-county-sheriff-WSO",
        "FL-howey-police-department-TFM",
    }
    assert table.signed_quality.tolist().count("corrected") == 1
    howey = table.loc["FL-howey-police-department-TFM"]
    assert (howey.signed, howey.county_fips) == ("2025-05-08", "12069")
    assert (howey.agency_kind, howey.level) == ("other", "county")


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        (
            "aliases",
            [("TX", "Nobody", "", "Alpha PD", "", "misspelt", "x")],
            "aliases.csv, line 2: no list prints TX, Nobody any more",
        ),
        (
            "aliases",
            [("TX", "Beta PD", "", "Nobody", "", "renamed", "x")],
            "an alias of nothing",
        ),
        (
            "aliases",
            [("TX", "Beta PD", "", "Alpha PD", "", "x", "x")] * 2,
            "line 3: decides the same",
        ),
        (
            "aliases",
            [("TX", "Beta PD", "", "Beta Police Dept.", "", "x", "x")],
            "the same name by rule",
        ),
        (
            "aliases",
            [
                ("TX", "Beta PD", "", "Alpha PD", "", "x", "x"),
                ("TX", "Alpha PD", "", "Beta PD", "", "x", "x"),
            ],
            "is itself another name",
        ),
        ("spellings", [("state", "TEXSA", "TX", "x")], "spellings.csv, line 2"),
        (
            "state_corrections",
            [("TX", "Beta PD", "TFM", "2024-01-01", "KS", "x")],
            "state_corrections.csv, line 2",
        ),
        (
            "dates",
            [("TX", "Beta PD", "TFM", "2024-01-01", "2025-01-01", "x")],
            "dates.csv, line 2",
        ),
        ("counties", [("TX", "Nowhere", "", "48001", "x")], "counties.csv, line 2"),
        (
            "agencies",
            [("TX", "Beta PD", "police", "municipal", "x")],
            "agencies.csv, line 2",
        ),
    ],
)
def test_decisions_that_do_nothing_stop_the_build(tmp_path, name, rows, words):
    data = data_folder(tmp_path)
    write_hand(data, name, rows)
    with pytest.raises(Refused, match=words):
        register(
            {"03012025am": [row("Alpha PD"), row("Beta PD", kind="Municipality")]},
            tmp_path,
            data,
        )


def test_a_level_that_is_not_known_is_not_guessed(tmp_path):
    lists = {
        "03012025am": [row("Alpha PD", kind="Municipality"), row("Beta Tribe")],
        "03022025am": [
            row("Alpha PD", kind="Muncipalty"),
            row("Beta Tribe", kind="Tribal"),
        ],
    }
    levels = register(lists, tmp_path)["by_id"].level
    assert levels["TX-alpha-police-department-TFM"] == "municipal"
    assert levels["TX-beta-tribe-TFM"] == "county"
    other = {
        "03032025am": [row("Gamma Tribe", kind="Tribal"), row("Delta PD", kind="")]
    }
    levels = register(other, tmp_path / "other")["by_id"].level
    assert levels.tolist() == ["municipal", "unknown"]


@pytest.mark.parametrize(
    ("printed", "key"),
    [
        ("Doña Ana County Sheriff’s Office", "DONA ANA COUNTY SHERIFF"),
        (" St. Johns  County\nSheriff's Dept. ", "SAINT JOHNS COUNTY SHERIFF"),
        ("Town of Ft. Myers P.D.", "TOWN OF FORT MYERS POLICE DEPARTMENT"),
        ("A&M University, Board of Trustees", "A AND M UNIVERSITY BOARD OF TRUSTEES"),
        ('Cut "N" Shoot PD', "CUT N SHOOT POLICE DEPARTMENT"),
    ],
)
def test_names_in_one_spelling(printed, key):
    assert naming.normalized(printed) == key


@pytest.mark.parametrize(
    ("agency", "level", "kind"),
    [
        ("GULF COUNTY SHERIFF", "county", "sheriff"),
        ("TAMPA POLICE DEPARTMENT", "municipal", "police"),
        ("IDAHO STATE POLICE DEPARTMENT", "state", "state agency"),
        ("FLORIDA DEPARTMENT OF CORRECTION", "state", "corrections"),
        ("UNIVERSITY OF FLORIDA POLICE DEPARTMENT", "state", "campus"),
        ("SOUTH PYMATUNING TOWNSHIP STATE CONSTABLE", "municipal", "constable"),
        ("LUZERNE COUNTY DISTRICT ATTORNEYS OFFICE", "county", "prosecutor"),
        ("TEXAS OFFICE OF THE ATTORNEY GENERAL", "state", "state agency"),
        ("COMET DRUG TASK FORCE", "municipal", "task force"),
        ("SANFORD AIRPORT POLICE DEPARTMENT", "municipal", "airport and port"),
        ("NAVAJO NATION", "unknown", "other"),
    ],
)
def test_kinds_of_agency(agency, level, kind):
    assert naming.kind(agency, level) == kind


def test_every_printed_row_leads_to_its_agreement_and_back(tmp_path):
    lists = {
        "03012025am": [row("Alpha PD"), row("Beta PD")],
        "03022025am": [row("Alpha Police Department"), row("Beta PD")],
    }
    tables = register(lists, tmp_path)
    printed = tables["printed_rows"]
    assert set(printed.agreement_id) == set(tables["agreements"].agreement_id)
    alpha = printed[printed.agreement_id == "TX-alpha-police-department-TFM"]
    assert alpha[["first_edition", "last_edition", "agency"]].values.tolist() == [
        ["2025-03-01am", "2025-03-01am", "Alpha PD"],
        ["2025-03-02am", "", "Alpha Police Department"],
    ]

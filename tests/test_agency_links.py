"""The register's agencies linked to the FBI's list: rules, decisions, what holds."""

import pandas as pd
import pytest

from analysis_utils import datasets
from analysis_utils.asking import Refused
from analysis_utils.collect import (
    agencies_at_risk,
    agency_links,
    dictionary,
    sources,
)
from analysis_utils.collect.compile import read

DATA = sources.DATA
FBI = sources.raw_folder() / agencies_at_risk.FILE


@pytest.fixture(scope="module")
def tables():
    names = ("agreements", "early_register", "agencies_at_risk", "counties")
    return {name: read(DATA, name) for name in names}


def linked(tables, decided=None):
    if decided is None:
        decided = agency_links.read_hand(DATA / "hand")
    return agency_links.links(*tables.values(), decided)


def test_every_agency_has_one_row_and_every_ori_exists():
    links, universe = datasets.agency_links(), datasets.agencies_at_risk(units=True)
    known = {
        *datasets.agreements().agency_id,
        *datasets.early_register().agency_id,
    }
    assert set(links.agency_id) == known and links.agency_id.is_unique
    oris = links[links.ori != ""]
    assert set(oris.ori) <= set(universe.ori)
    home = universe.set_index("ori").state
    assert (oris.ori.map(home) == oris.state).all()


AIMS = {("sheriff", "county"): 0.98, ("police", "municipal"): 0.95}


def listed_to(day: str) -> pd.DataFrame:
    """Links of the agencies that were on a list by a day."""
    links = datasets.agency_links()
    first = datasets.agreements().groupby("agency_id").first_listed.min()
    return links[~links.agency_id.isin(first.index[first > day])]


def test_shares_linked_are_those_aimed_at():
    """Of all to 13 April 2026; to 18 May, with small towns, of those on the list."""
    early, late = listed_to("2026-04-13"), listed_to("2026-05-18")
    for kind, aim in AIMS.items():
        assert dictionary.linked_share(early, *kind) >= aim
        assert dictionary.linked_share(late, *kind, on_list=True) >= aim


def test_an_ori_of_two_agencies_has_its_reason():
    links = datasets.agency_links()
    shared = links[(links.ori != "") & links.ori.duplicated(keep=False)]
    bare = shared[shared.reason == ""]
    assert bare.ori.is_unique and len(shared)


def test_two_agencies_without_a_reason_are_both_left_out(tables):
    twin = tables["agreements"].query("state == 'AZ' and agency_kind == 'police'")
    twin = twin.iloc[[0]].assign(agency_id="AZ-twin", agency="City of Mesa Police")
    more = {**tables, "agreements": pd.concat([tables["agreements"], twin])}
    links = linked(more).set_index("agency_id")
    assert links.loc["AZ-twin", ["ori", "grade"]].tolist() == ["", "shared"]
    assert links.loc["AZ-mesa-police-department", "grade"] == "shared"


def test_links_stand_in_any_order_of_rows(tables):
    turned = {name: table[::-1] for name, table in tables.items()}
    pd.testing.assert_frame_equal(linked(turned), linked(tables))


def test_links_by_rule_lie_in_the_county_that_the_list_prints():
    links = datasets.agency_links()
    agreements = datasets.agreements()
    printed = agreements[agreements.county_from == "list"]
    printed = printed.groupby("agency_id").county_fips.agg(set)
    counties = datasets.agencies_at_risk().set_index("ori").counties
    rows = links[(links.ori != "") & (links.grade != "hand")]
    rows = rows[rows.agency_id.isin(printed.index) & (rows.level != "state")]
    for row in rows.itertuples():
        places = set(counties[row.ori].split(";"))
        assert places & printed[row.agency_id] or places == {""}, row


def test_a_township_is_not_the_borough_of_its_name(tables):
    def name(agency, ori, counties):
        return {**row, "agency": agency, "ori": ori, "counties": counties}

    row = tables["agencies_at_risk"].query("state == 'PA'").iloc[0].to_dict()
    row |= {"agency_kind": "police", "level": "municipal", "unit": "False"}
    universe = pd.DataFrame(
        [
            name("Elm", "PA0000001", "42001"),
            name("Elm Township, Bucks County", "PA0000002", "42017"),
            name("Elm Township", "PA0000003", "42001"),
        ]
    )
    agency = tables["agreements"].iloc[0].to_dict()
    agency |= {"state": "PA", "agency_kind": "police", "level": "municipal"}
    asked = [
        ("Elm Borough Police Department", "42001", "PA0000001"),
        ("Elm Township Police Department", "42001", "PA0000003"),
        ("Elm Township PD", "42017", "PA0000002"),
        ("Elm Township Police", "", ""),  # two of them, and no county said
        ("Elm Township Police Dept.", "42003", ""),  # neither lies there
    ]
    agreements = pd.DataFrame(
        [
            {**agency, "agency_id": str(n), "agency": name, "county_fips": fips}
            for n, (name, fips, _) in enumerate(asked)
        ]
    )
    small = {**tables, "agreements": agreements, "agencies_at_risk": universe}
    small["early_register"] = tables["early_register"].iloc[:0]
    nothing = pd.DataFrame(columns=["state", "agency", "ori", "reason"])
    assert linked(small, nothing).ori.tolist() == [ori for *_, ori in asked]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("TX", "Nobody Police", "TX0720100", "x"), "the register has no Nobody"),
        (("TX", "Dublin Police Department", "TX9999999", "x"), "no TX9999999 in TX"),
        (("TX", "Dublin Police Department", "TX0720100", "x"), "rules find the same"),
    ],
)
def test_a_decision_that_decides_nothing_is_refused(tables, row, why):
    decided = pd.DataFrame([row], columns=["state", "agency", "ori", "reason"])
    with pytest.raises(Refused, match=f"hand/agency_links.csv, line 2: .*{why}"):
        linked(tables, decided)


def test_links_checked_by_eye_still_stand():
    checked = datasets.load("agency_links_checked")
    assert len(checked) == 100 and checked.right.all()
    now = datasets.agency_links().set_index("agency_id").ori
    still = checked[checked.agency_id.isin(now.index)]
    changed = still[still.agency_id.map(now) != still.ori]
    assert len(changed) <= 5, "links have changed: check a new sample by eye"


def test_every_agreement_with_a_county_says_where_it_is_from():
    table = datasets.agreements()
    assert ((table.county_fips == "") == (table.county_from == "")).all()
    linked = table[table.county_from == "link"]
    home = datasets.agency_links().set_index("agency_id").county_fips
    assert len(linked) and (linked.agency_id.map(home) == linked.county_fips).all()


def test_who_could_sign_is_no_federal_or_tribal_agency_nor_a_post():
    table = datasets.agencies_at_risk()
    assert not table.unit.any() and (table.state != "FS").all()
    with_posts = datasets.agencies_at_risk(units=True)
    assert set(with_posts[with_posts.unit].level) == {"state"}
    police = table[table.state == "MI"].query("fbi_type == 'State Police'")
    assert police.agency.tolist() == ["Michigan State Police"]


@pytest.mark.skipif(not FBI.exists(), reason=f"no {FBI}: `make raw` fetches it")
@pytest.mark.slow
def test_the_universe_compiles_as_committed_in_any_order(tmp_path):
    made = agencies_at_risk.compiled(sources.raw_folder(), DATA)
    text = made.to_csv(index=False, lineterminator="\n").encode()
    assert text == (DATA / "agencies_at_risk.csv").read_bytes()
    turned = tmp_path / agencies_at_risk.FILE
    turned.parent.mkdir()
    pd.read_csv(FBI, dtype=str, keep_default_na=False)[::-1].to_csv(turned, index=False)
    pd.testing.assert_frame_equal(agencies_at_risk.compiled(tmp_path, DATA), made)


@pytest.mark.skipif(not FBI.exists(), reason=f"no {FBI}: `make raw` fetches it")
def test_a_county_on_no_list_is_named(tmp_path):
    table = pd.read_csv(FBI, dtype=str, keep_default_na=False)
    path = tmp_path / agencies_at_risk.FILE
    path.parent.mkdir()
    table.loc[0, "county_name"] = "NOWHERE"
    table.to_csv(path, index=False)
    with pytest.raises(Refused, match="no county 'NOWHERE' of AK"):
        agencies_at_risk.compiled(tmp_path, DATA)

"""What was published after 13 April 2026, and the scores of the predictions."""

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import datasets, series
from analysis_utils.asking import Refused
from analysis_utils.collect import later
from analysis_utils.methods.scores import wis
from analysis_utils.predictions import outcomes
from analysis_utils.predictions.backtests import QUANTILES
from analysis_utils.predictions.forecasters import Register
from analysis_utils.predictions.predict import AS_OF
from analysis_utils.run_context import ROOT, sha256

scored = code_of("22_scores")
PAIR = ("hazard", "naive")


@pytest.fixture(scope="module")
def register():
    return Register.known(AS_OF)


@pytest.fixture(scope="module")
def table(register):
    table = outcomes.with_listed(register)
    quantiles = table[list(QUANTILES)].rename(columns=QUANTILES)
    return table.assign(wis=wis(quantiles, table["listed"].to_numpy()).to_numpy())


def test_predictions_are_those_that_were_committed():
    record = datasets.load("predictions_committed")
    files = record[record["file"].str.startswith("data/")]
    assert len(files) == 4
    for row in files.itertuples():
        assert sha256(ROOT / row.file) == row.sha256, f"{row.file} was changed since"


def test_counts_add_up_to_the_published_totals():
    counts = datasets.load("later_counts")
    totals = datasets.load("later_totals").set_index("day")
    sums = counts.groupby("day")["agreements"].sum()
    both = totals.index.intersection(sums.index)
    assert len(both) == 20
    assert (sums[both] == totals.loc[both, "total"]).all()
    by_model = counts.groupby(["day", "model"])["agreements"].sum().unstack()
    for model in ("TFM", "WSO", "JEM"):
        assert (by_model.loc[both, model] == totals.loc[both, model]).all()


def test_the_list_of_20_july_is_that_of_the_counts():
    rows = datasets.load("later_list")
    counts = datasets.load("later_counts")
    counts = counts[counts["day"] == later.DAY].set_index(["state", "model"])
    own = rows.groupby(["state", "model"]).size()
    pd.testing.assert_series_equal(
        own.sort_index(), counts["agreements"].sort_index(), check_names=False
    )


def test_the_lists_to_18_may_count_as_the_register_does():
    counts = datasets.load("later_counts")
    kinds = datasets.agreements().set_index("agreement_id")[["state", "model"]]
    days = sorted(counts.loc[counts["day"] <= "2026-05-18", "day"].unique())
    assert len(days) == 10
    for day in days:
        listed = kinds.loc[series.list_as_of(day)["agreement_id"].unique()]
        one = counts[counts["day"] == day].set_index(["state", "model"])["agreements"]
        pd.testing.assert_series_equal(
            listed.value_counts().sort_index(), one.sort_index(), check_names=False
        )


def test_agreements_known_before_keep_their_agency_and_ori():
    rows = outcomes.rows_later()
    known = datasets.agreements().set_index("agreement_id")["agency_id"]
    before = rows[rows["agreed_before"]]
    assert (before["agency_id"] == before["agreement_id"].map(known)).all()
    links = datasets.agency_links().set_index("agency_id")["ori"]
    assert (before["ori"] == before["agency_id"].map(links)).all()
    oris = set(datasets.agencies_at_risk(units=True)["ori"])
    assert set(rows["ori"]) - {""} <= oris
    assert (rows.loc[~rows["agreed_before"], "ori"] != "").mean() > 0.8


def test_a_folder_without_the_files_is_refused_by_name(tmp_path):
    with pytest.raises(Refused, match=later.ROWS):
        later.tables(tmp_path, ROOT / "data")


def test_a_cleaned_name_is_the_agreement_that_it_must_be():
    known = pd.DataFrame(
        {
            "agreement_id": ["AL-de-kalb-sheriff-WSO", "AL-x-police-TFM"],
            "agency_id": ["AL-de-kalb-sheriff", "AL-x-police"],
            "state": "AL",
            "agency": ["De Kalb County Sheriff", "X Police Department"],
            "model": ["WSO", "TFM"],
            "signed": ["2025-05-01", "2025-05-01"],
            "county_fips": ["01049", ""],
            "gone_by": "",
        }
    )
    rows = pd.DataFrame(
        {
            "agreement_id": ["AL-dekalb-county-sheriff-WSO", "AL-y-police-TFM"],
            "agency_id": ["AL-dekalb-county-sheriff", "AL-y-police"],
            "state_code": "AL",
            "name": ["DEKALB COUNTY SHERIFF", "Y POLICE"],
            "model": ["WSO", "TFM"],
            "signed_date": pd.to_datetime(["2025-05-01", "2025-05-01"]),
            "county_fips": ["01049", ""],
        }
    )
    made = later._same_as_before(rows, known)
    assert made["agreement_id"].tolist() == [
        "AL-de-kalb-sheriff-WSO",
        "AL-y-police-TFM",
    ]


def test_counts_of_others_lose_zeros_and_keep_their_commit(tmp_path):
    path = tmp_path / later.COUNTS
    path.write_text(
        "edition_date,edition_file,readme_updated_utc,state,task_force,warrant_service,"
        "jail_enforcement,total,readme_commit,stored_file_id,note\n"
        f"2026-06-09,a.xlsx,,TX,220,144,0,364,{'ab12cd3' + 'e' * 33},1,\n",
        encoding="utf-8",
    )
    made = later.published_counts(path)
    assert made["model"].tolist() == ["TFM", "WSO"]
    assert set(made["source"]) == {"appelson/Tracking_287g@ab12cd3"}


def test_scores_of_a_right_and_a_wrong_direction():
    answers = pd.DataFrame(
        {
            "direction": ["greater", "greater", "less", "none", "none"],
            "against": [1.0, 1.0, 1.0, 0.02, 0.02],
            "measured": [1.1, 0.9, 0.9, -0.01, 0.03],
        }
    )
    assert outcomes.right(answers).tolist() == [True, False, True, True, False]


def test_a_score_ratio_by_hand_and_whatever_the_order_of_rows(table):
    cells = table[table["level"] == "cell"]
    sums = cells.groupby("forecaster")["wis"].sum()
    found = scored.score_ratio(table, *PAIR, 287)
    assert found.estimate == pytest.approx(sums["hazard"] / sums["naive"])
    mixed = scored.score_ratio(table.sample(frac=1, random_state=2), *PAIR, 287)
    assert mixed.at() == found.at()


def test_listed_counts_stand_beside_the_same_cells(table, register):
    listed = outcomes.listed("2026-10-09", register)
    part = table[(table["day"] == "2026-10-09") & (table["forecaster"] == "trend")]
    cells = part[part["level"] == "cell"].set_index(["state", "model"])["listed"]
    assert (cells.reindex(listed.index) == listed).all()
    nation = part[part["level"] == "nation"]["listed"].item()
    assert nation == listed.sum()
    nested = [outcomes.inside(table, name) for name in ("50%", "80%", "95%")]
    assert not (nested[0] & ~nested[1]).any() and not (nested[1] & ~nested[2]).any()


def test_who_signed_had_no_agreement_before(register):
    agencies = datasets.load("predicted_agencies")
    signed = outcomes.signed_first(agencies["ori"])
    rows = outcomes.rows_later()
    assert signed.sum() == agencies["ori"].isin(rows["ori"]).sum() > 0
    fresh = rows[rows["ori"].isin(agencies.loc[signed, "ori"])]
    both = set(fresh["agency_id"]) & set(register.active["agency_id"])
    assert both <= {"OK-haskell-county-sheriff"}  # see PRINTED_AS_ANOTHER


def test_power_of_a_share_is_that_of_its_simulation():
    found = scored.detectable_share(40, 0.8, 0.95, -1)
    rng = np.random.default_rng(1)
    hits = rng.binomial(40, 0.8 - found, 2000)
    limits = {
        k: scored.share_finding(np.arange(40) < k, 0.8, 0.8).at()[1] for k in set(hits)
    }
    power = np.mean([limits[k] < 0 for k in hits])
    assert 0.77 < power < 0.9


def test_a_share_is_told_as_it_is_or_less_a_value():
    hits = np.arange(17) < 16
    plain = scored.share_finding(hits, 0.5)
    moved = scored.share_finding(hits, 0.5, 0.5)
    assert plain.estimate == pytest.approx(16 / 17)
    assert plain.at()[0] - moved.at()[0] == pytest.approx(0.5)
    assert plain.p == moved.p < 0.001

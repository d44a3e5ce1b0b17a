"""Choices of the specification curves: each can be built; the main one is as told."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from notebook_code import code_of

from analysis_utils import hypotheses, series
from analysis_utils.asking import NotTestable, Refused
from analysis_utils.methods.association import associate
from analysis_utils.methods.curve import specification_curve
from analysis_utils.methods.hazards import fit_hazard
from analysis_utils.study import bans, events, in_time, payments

survival, of_bans = code_of("14_survival"), code_of("05_state_bans")
reimbursement = code_of("03_reimbursement")
encounter_choices = code_of("06_border_encounters")


def first_of(key: str) -> dict:
    """The first value of each choice of a grid."""
    return {name: values[0] for name, values in hypotheses.grid(key, "curve").items()}


@pytest.mark.parametrize("key", ["P1", "P2", "T1", "T3", "C1", "C2", "C3", "C4"])
def test_every_grid_has_two_hundred_combinations_or_more(key):
    grid = hypotheses.grid(key, "curve")
    assert np.prod([len(values) for values in grid.values()]) >= 200


@pytest.fixture(scope="module")
def paid():
    spec = hypotheses.specification("P1")
    days = events.find(spec.announced).day, events.find(spec.event).day
    weeks = [payments.week_of(day, spec.first) for day in days]
    cuts = dict(zip(("between", "paid"), weeks, strict=True))
    return spec, cuts, payments.at_risk(spec.first, spec.kinds)


def test_cells_keep_every_office_week_and_signing(paid):
    _, _, table = paid
    counted = reimbursement.cells_of(table)
    assert counted["signed"].sum() == table["event"].sum()
    assert counted["at risk"].sum() == (table["exit"] + 1).sum()
    assert reimbursement.cells_of(table.sample(frac=1, random_state=2)).equals(counted)


def test_rates_of_the_curve_are_the_hazards_of_the_notebook(paid):
    spec, cuts, table = paid
    rows = payments.split(table, cuts, "TFM")
    fit = fit_hazard(rows, [*cuts], effects=["model"], cluster="state")
    counted = reimbursement.cells_of(table)
    one = specification_curve(
        {name: [value] for name, value in first_of("P1").items()},
        lambda **chosen: reimbursement.specification(counted, cuts, spec.first, chosen),
        draws=50,
    ).table.iloc[0]
    assert one["estimate"] == pytest.approx(fit.params["paid"], abs=0.02)
    assert one["std err"] == pytest.approx(fit.bse["paid"], rel=0.05)


def test_other_choices_of_payments_do_what_they_say(paid):
    spec, cuts, table = paid
    counted = reimbursement.cells_of(table)

    def made(**changes):
        chosen = first_of("P1") | changes
        return reimbursement.specification(counted, cuts, spec.first, chosen)

    away = made(states="without FL and TX")
    names = counted.loc[away.design.index, "state"]
    assert not names.isin(["FL", "TX"]).any() and names.nunique() > 40
    whole = made()
    silent = made(**{"compared within": "week and state"})
    assert silent.outcome.sum() == whole.outcome.sum()
    assert len(silent.outcome) < len(whole.outcome)
    ended = made(**{"counted to": "31 December 2025"})
    assert counted.loc[ended.design.index, "week"].max() == 47  # to 28 December
    late = made(**{"weeks from announcement to start": "counted as paid"})
    assert late.design["paid"].sum() > whole.design["paid"].sum()
    before = counted[counted["week"] < cuts["between"]]
    with pytest.raises(NotTestable, match="paid weeks"):
        reimbursement.specification(before, cuts, spec.first, first_of("P1"))
    turned = dict(reversed(first_of("P1").items()))  # the order of keys is nothing
    again = reimbursement.specification(counted, cuts, spec.first, turned)
    assert again.design.equals(whole.design) and again.outcome.equals(whole.outcome)
    for name in ("states", "unpaid models", "compared within", "trend"):
        with pytest.raises(Refused, match=name):
            made(**{name: "apart form"})
    with pytest.raises(Refused, match="announcement"):
        made(**{"weeks from announcement to start": "counted"})


@pytest.mark.slow
def test_bans_counted_as_the_notebook_counts_them():
    acts = bans.banning()
    grid = hypotheses.grid("T1", "curve")
    spells = bans.known_spells(series.last_day())
    parts = of_bans.counts_at_bans(spells, acts, 90, 0, "on the last day")
    given = of_bans.assignments(parts, draws=49)
    made = {
        choice: of_bans.difference(parts, *choice, given)
        for choice in product(grid["weight"], grid["elsewhere"])
    }
    estimate, _ = made[grid["weight"][0], grid["elsewhere"][0]]
    followed = bans.follow_up(acts, 90)
    some = followed.groupby("ban")["reached"].transform("any")  # others count for none
    followed = followed[some]
    reached, control = (followed[followed[name]] for name in ("reached", "control"))
    difference = reached["ended"].mean() - control["ended"].mean()
    assert estimate == pytest.approx(difference, abs=1e-12)
    assert all(-1 <= estimate <= 1 for estimate, _ in made.values())
    assert all(drawn.shape == (49,) for _, drawn in made.values())


@pytest.mark.slow
def test_the_curve_of_bans_holds_every_choice_and_says_what_it_refuses():
    acts = bans.banning()
    acts = acts[acts["state"] == "MD"]
    grid = hypotheses.grid("T1", "curve") | {"days": [30, 90], "gone": ["at any time"]}
    grid |= {"bans": ["all", "without MD"]}
    spells = bans.known_spells(series.last_day())
    curve = of_bans.curve(grid, spells, acts, draws=49)
    assert len(curve.table) == np.prod([len(values) for values in grid.values()])
    without = curve.table["bans"] == "without MD"
    assert curve.table.loc[without, "refused"].str.contains("no agreement").all()
    assert (curve.table.loc[~without, "refused"] == "").all()
    parts = of_bans.counts_at_bans(spells, acts, 90, 0, "at any time")
    first = [grid[name][0] for name in ("weight", "elsewhere")]
    none = of_bans.assignments(parts, draws=1)
    estimate, _ = of_bans.difference(parts, *first, none)
    chosen = {"days": 90, "days before": 0, "bans": "all"}
    chosen |= dict(zip(("weight", "elsewhere"), first, strict=True))
    rows = curve.fitted
    for name, value in chosen.items():
        rows = rows[rows[name] == value]
    assert rows["estimate"].to_list() == pytest.approx([estimate])


def test_a_ban_assigned_to_a_state_takes_that_state_from_the_others():
    others = pd.DataFrame(
        {"ended": [1.0, 0], "size": [4.0, 6]}, pd.Index(["OH", "UT"], name="home")
    )
    level = others.add_prefix("level ")
    part = of_bans.Counts(
        "b", "MD", np.array([3.0, 4.0]), pd.concat([others, level], axis=1)
    )
    given = {"b": np.array(["OH", "UT", "OH"])}
    for weight in ("agreements alike", "bans alike"):
        estimate, drawn = of_bans.difference([part], weight, "all agreements", given)
        assert estimate == pytest.approx(3 / 4 - 1 / 10)
        assert drawn == pytest.approx([1 / 4 - 0, 0 - 1 / 4, 1 / 4 - 0])


def test_ends_counted_as_the_notebook_counts_them():
    for since in hypotheses.grid("T3", "curve")["since"]:
        rows = survival.kinds_of_ends(None, "middle", since, "all")
        whole = survival.since(survival.lives(None, "middle"), since)
        whole = whole[whole["model"] != "TFM"]
        ends = rows[survival.COUNTED["all"]].sum(axis=1)
        assert ends.sum() == whole["ended"].sum()
        days = (whole["exit"] - whole["entry"]).dt.days.sum()
        assert rows["years"].sum() == pytest.approx(days / 365.25)


def test_the_strongest_lag_is_that_of_associate():
    pair = in_time.changes("ice_arrests_used", hypotheses.specification("C2").window)
    found = associate(
        pair["agreements"], pair["outcome"], max_lag=6, n_resamples=1999, seed=1
    )
    rng = np.random.default_rng(1)
    signs = rng.choice([-1.0, 1.0], (len(found.series), 1999))
    signs = pd.DataFrame(signs, found.series.index)
    lag, r, drawn = encounter_choices.strongest(found.series, signs, 6, "values")
    assert r == pytest.approx(found.params[lag])
    p = (1 + (np.abs(drawn) >= abs(r)).sum()) / 2000
    assert p == pytest.approx(found.sup_pvalue, abs=0.12)  # which scales by leverage
    twice = encounter_choices.strongest(3 * found.series + 1, signs, 6, "values")
    assert twice[0] == lag and twice[1] == pytest.approx(r)


def test_encounters_where_nothing_is_shared_reject_five_in_a_hundred():
    rng = np.random.default_rng(4)
    months = pd.period_range("2021-01", periods=60, freq="M")
    signs = pd.DataFrame(rng.choice([-1.0, 1.0], (60, 199)), months)
    rejected = 0
    for _ in range(300):
        pair = pd.DataFrame(rng.normal(size=(60, 2)), months, ["agreements", "outcome"])
        _, r, drawn = encounter_choices.strongest(pair, signs, 4, "values")
        rejected += (1 + (np.abs(drawn) >= abs(r)).sum()) / 200 <= 0.05
    assert 4 <= rejected <= 28  # 15 expected

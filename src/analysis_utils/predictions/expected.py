"""What the hypotheses say of the weeks after a day: directions and sizes, in advance.

Each row names a quantity that later lists can give, the direction expected, and the
distribution that the data until that day lead to. `outcomes` measures the same.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils import datasets, hypotheses, panel
from analysis_utils.methods.hazards import fit_hazard
from analysis_utils.predictions.acts import gone_after_bans
from analysis_utils.predictions.forecasters import HALF, YEAR, Draws, Register
from analysis_utils.study import adoption
from analysis_utils.study.adoption import COVARIATES

SECOND_HALF = panel.START + pd.Timedelta(weeks=26), panel.START + pd.Timedelta(weeks=52)
ROWS_UNTIL, LAST = "2026-07-20", "2026-10-09"
RATIOS = {"A1": "republican", "A2": "hispanic", "A3": "neighbours"}
Parts = Callable[[pd.DataFrame], pd.Series]
SHARES: dict[str, tuple[Parts, Parts]] = {  # who is counted, and who of them
    "P1": (lambda t: t["agency_kind"] == "sheriff", lambda t: t["model"] == "TFM"),
    "P2": (
        lambda t: (t["agency_kind"] == "sheriff") & ~left_out(t),
        lambda t: t["model"] == "TFM",
    ),
    "P3": (lambda t: t["state"] != "", lambda t: t["level"] == "municipal"),
    "P4": (lambda t: t["state"] != "", lambda t: t["model"] == "TFM"),
}
LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)


def left_out(table: pd.DataFrame) -> pd.Series:
    """Rows of the states that the registry leaves out of P2."""
    return table["state"].isin(hypotheses.specification("P2").without)


def expected_answers(register: Register, forecast: Draws, seed: int) -> pd.DataFrame:
    """One row a hypothesis: direction, value that it is held against, quantiles.

    forecast : draws of the hazard forecaster with acts, for ROWS_UNTIL and LAST.
    """
    rng = np.random.default_rng([seed, 3])
    rows = [
        *_hazard_ratios(register, rng),
        *_rates(register, forecast),
        *_shares(register, rng),
        *_ends(register, rng),
        *_states(register, forecast),
    ]
    names = ["question", "until", "direction", "against"]
    names += [f"q{1000 * level:03.0f}" for level in LEVELS]
    return pd.DataFrame(rows, columns=names)


def coming_ban() -> pd.Series:
    """The ban that T1 is about: announced, not in force, when predictions were made."""
    return datasets.bans().set_index("id").loc["ny-budget-2026"]


def odds(counted: pd.DataFrame, part: pd.Series) -> float:
    """Odds of a part among agreements, with half an agreement added to each side."""
    return float((part.sum() + 0.5) / (len(counted) - part.sum() + 0.5))


def before_payments(table: pd.DataFrame) -> pd.DataFrame:
    """Agreements first listed from 20 January 2025 until payments start."""
    paid = datasets.policy_events().set_index("id").loc["reimbursement-starts", "date"]
    return table[table["first_listed"].between(panel.START, paid, inclusive="left")]


def second_half_rate(register: Register) -> float:
    """Agreements gained a week in weeks 27 to 52 after the order of January 2025."""
    first, last = (register.stock(day).sum() for day in SECOND_HALF)
    return float(last - first) / 26


def state_correlation(gained: pd.Series, register: Register, column: str) -> float:
    """Rank correlation over states: agreements gained per agency with a share."""
    table = datasets.states().set_index("state")
    table = table[table["agencies"] > 0]
    share = {
        "republican": table["votes_republican"] / table["votes_total"],
        "noncitizens": table["noncitizens"] / table["population"],
    }[column]
    rate = gained.reindex(table.index).fillna(0) / table["agencies"]
    kept = share.notna()
    return float(stats.spearmanr(rate[kept], share[kept]).statistic)


def _row(question: str, until: str, direction: str, against: float, draws) -> tuple:
    return question, until, direction, against, *np.quantile(draws, LEVELS)


def _hazard_ratios(register: Register, rng: np.random.Generator) -> list[tuple]:
    """Ratios of who signs first: the same, with the errors of a shorter time added."""
    table = adoption.first_agreements(register.as_of)
    fit = fit_hazard(
        table, COVARIATES, strata=["state", "agency_kind"], cluster="state"
    )
    sheriffs = adoption.task_force(register.as_of)
    names = [*COVARIATES, "own_other"]
    own = fit_hazard(sheriffs, names, strata=["state"], cluster="state")
    rows = []
    for question, name in (RATIOS | {"A5": "own_other"}).items():
        made = own if question == "A5" else fit
        longer = (panel.last_week(register.as_of) + 1) / 14
        sd = made.bse[name] * np.sqrt(1 + longer)
        draws = np.exp(made.params[name] + sd * rng.standard_normal(4000))
        rows.append(_row(question, ROWS_UNTIL, "greater", 1.0, draws))
    return rows


def _rates(register: Register, forecast: Draws) -> list[tuple]:
    """Agreements gained a week, and in times of the second half of the first year."""
    weeks = (pd.Timestamp(ROWS_UNTIL) - register.day).days / 7
    gained = (forecast[ROWS_UNTIL].sum(axis=1) - len(register.active)) / weeks
    ratio = gained / second_half_rate(register)
    direction = "greater" if ratio.median() > 1 else "less"
    return [
        _row("G1", ROWS_UNTIL, "greater", 5.0, gained),
        _row("G3", ROWS_UNTIL, direction, 1.0, ratio),
    ]


def _shares(register: Register, rng: np.random.Generator) -> list[tuple]:
    """Odds of what is signed, over those before payments: the last weeks drawn anew."""
    recent = register.new(HALF)
    recent = recent.assign(week=recent["first_listed"].dt.to_period("W-SUN"))
    before = before_payments(register.table)
    rows = []
    for question, (who, which) in SHARES.items():
        base = before[who(before)]
        held = odds(base, which(base))
        part = recent[who(recent)]
        hits = which(part).groupby(part["week"]).agg(["sum", "size"]).to_numpy()
        drawn = hits[rng.integers(0, len(hits), (4000, min(14, len(hits))))].sum(axis=1)
        ratio = (drawn[:, 0] + 0.5) / (drawn[:, 1] - drawn[:, 0] + 0.5) / held
        rows.append(_row(question, ROWS_UNTIL, "greater", 1.0, ratio))
    return rows


def _ends(register: Register, rng: np.random.Generator) -> list[tuple]:
    """New York after its ban, other states, warrant against jail agreements."""
    days = (pd.Timestamp(LAST) - coming_ban().since).days
    gone, reached = gone_after_bans(register, days)
    share = rng.beta(gone + 0.5, reached - gone + 0.5, 4000)
    span = (pd.Timestamp(ROWS_UNTIL) - register.day).days / 364
    bans = datasets.bans()["state"]
    ended = register.ended(YEAR)
    ended = ended[~ended["state"].isin(bans)]
    active = register.active[~register.active["state"].isin(bans)]
    earlier = register.stock(register.day - YEAR)
    held, lost = {}, {}
    for model in ("JEM", "WSO", "TFM"):
        held[model] = int((active["model"] == model).sum())
        exposed = (earlier[model] + held[model]) / 2
        rate = rng.gamma((ended["model"] == model).sum() + 0.5, 1 / exposed, 4000)
        lost[model] = rng.binomial(held[model], -np.expm1(-rate * span))
    elsewhere = sum(lost.values()) / sum(held.values())
    usual = len(ended) / ((earlier.sum() + len(active)) / 2) * span
    ratio = (lost["WSO"] + 0.5) / held["WSO"] / ((lost["JEM"] + 0.5) / held["JEM"])
    return [
        _row("T1", LAST, "greater", 0.25, share - elsewhere * days / 98),
        _row("T2", ROWS_UNTIL, "none", 0.02, elsewhere - usual),
        _row("T3", ROWS_UNTIL, "less", 1.0, ratio),
    ]


def _states(register: Register, forecast: Draws) -> list[tuple]:
    """Tennessee and Texas by the end, and which states gain agreements."""
    stock = register.counted(register.active)
    gained = forecast[ROWS_UNTIL] - stock
    by_state = gained.T.groupby("state").sum().T
    found = {
        name: [state_correlation(row, register, name) for _, row in by_state.iterrows()]
        for name in ("republican", "noncitizens")
    }
    later = (forecast[LAST] - stock).T.groupby("state").sum().T
    weeks = (pd.Timestamp(LAST) - register.day).days / 7
    before = register.new(HALF)["state"] == "TX"
    usual = float(before.sum() - (register.ended(HALF)["state"] == "TX").sum()) / 26
    others = later.sum(axis=1) - later["TN"]
    size = datasets.states().set_index("state")["agencies"]
    per_agency = 100 * later["TN"] / size["TN"]
    per_other = 100 * others / (size.sum() - size["TN"])
    return [
        _row("E3a", ROWS_UNTIL, "greater", 0.0, found["republican"]),
        _row("E3b", ROWS_UNTIL, _side(found["noncitizens"]), 0.0, found["noncitizens"]),
        _row("S6", LAST, "greater", 0.0, per_agency - per_other),
        _row("TX", LAST, "greater", usual, later["TX"] / weeks),
    ]


def _side(draws: list[float]) -> str:
    return "greater" if np.median(draws) > 0 else "less"

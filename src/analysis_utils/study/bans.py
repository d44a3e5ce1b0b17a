"""Agreements that end after a state bans them, against agreements elsewhere.

Which acts bar agreements, and of whom, stands in data/policy_events.csv.
"""

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable
from analysis_utils.publish.findings import Finding

DENSE = "2025-02-21"  # bans before it fall into years with few lists
DRAWS = 9999


def banning(as_of: str | None = None, first: str = DENSE) -> pd.DataFrame:
    """Acts that bar agreements: event, date, state, level (blank: all), by date.

    Raises NotTestable if none had taken effect between `first` and the last list.
    """
    table, last = datasets.bans(), series.last_day(as_of)
    table = table[(table["date"] >= first) & (table["date"] < last)]
    if table.empty:
        raise NotTestable(f"no ban had taken effect by {last.date()}")
    level = table["applies_to"].replace("all", "")
    table = table.assign(level=level).rename(columns={"id": "event"})
    return table.sort_values("date")[["event", "date", "state", "level"]]


def banned_states() -> list[str]:
    """States with an act that bars agreements, of all or of some agencies."""
    return sorted(datasets.bans()["state"].unique())


def follow_up(
    bans: pd.DataFrame, days: int, as_of: str | None = None, before: bool = False
) -> pd.DataFrame:
    """Every agreement in force on the day of a ban, and whether it is gone later.

    Parameters
    ----------
    bans : as `banning` gives them.
    days : length of the follow-up; it ends with the last list at the latest.
    before : the same number of days that end with the ban, instead of beginning there.

    Returns
    -------
    One row an agreement and ban: ban, date, banned_in, label, until, agreement_id, home
    (its own state), level, reached by the ban, control (in a state without any of these
    bans), ended: not on the list in force at `until`.
    """
    last = series.last_day(as_of)
    spells = known_spells(last)
    parts = []
    for ban in bans.itertuples():
        begin, until = ban.date, min(ban.date + pd.Timedelta(days=days), last)
        if before:
            begin, until = begin - (until - begin), begin
        part = in_force(spells, begin)
        ended = ~part["agreement_id"].isin(in_force(spells, until)["agreement_id"])
        same_level = (part["level"] == ban.level) | (ban.level == "")
        label = ban.state + (f" ({ban.level} agencies)" if ban.level else "")
        parts.append(
            part.assign(
                ban=ban.event,
                date=ban.date,
                banned_in=ban.state,
                label=label,
                until=until,
                reached=(part["home"] == ban.state) & same_level,
                control=~part["home"].isin(bans["state"]),
                ended=ended,
            )
        )
    return pd.concat(parts, ignore_index=True)


def known_spells(last: pd.Timestamp) -> pd.DataFrame:
    """Spells as known on the last day, with state and level of the agreement."""
    agreements = datasets.agreements().set_index("agreement_id")[["state", "level"]]
    spells = datasets.spells().join(agreements, on="agreement_id")
    spells = spells[spells["first_listed"] <= last].rename(columns={"state": "home"})
    return spells.assign(gone_by=spells["gone_by"].where(spells["gone_by"] <= last))


def in_force(spells: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Agreements on the list in force on a day, with home state and level."""
    on_list = (spells["first_listed"] <= day) & ~(spells["gone_by"] <= day)
    return spells.loc[on_list, ["agreement_id", "home", "level"]]


def by_ban(followed: pd.DataFrame) -> pd.DataFrame:
    """One row a ban: agreements it reached and that were gone, and those elsewhere."""
    rows = {}
    for name, part in followed.groupby("ban", sort=False):
        reached, control = part[part["reached"]], part[part["control"]]
        rows[name] = {
            "date": part["date"].iloc[0],
            "state": part["label"].iloc[0],
            "banned": len(reached),
            "banned ended": int(reached["ended"].sum()),
            "others": len(control),
            "others ended": int(control["ended"].sum()),
            "days followed": (part["until"].iloc[0] - part["date"].iloc[0]).days,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("ban")


def by_states(
    reached: pd.DataFrame, control: pd.DataFrame, seed: int = 287, draws: int = DRAWS
) -> Finding:
    """Share ended among `reached` less that among `control`, states drawn as wholes.

    p is left to the caller: with few banned states it comes from `placebo_states`.
    """
    if reached.empty or control.empty:
        return Finding.not_testable("no agreement was reached by a ban")
    rng = np.random.default_rng(seed)
    shares = [_drawn_shares(part, rng, draws) for part in (reached, control)]
    estimate = reached["ended"].mean() - control["ended"].mean()
    n = len(reached) + len(control)
    return Finding.draws(float(estimate), shares[0] - shares[1], n=n)


def _drawn_shares(
    part: pd.DataFrame, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Share ended when states are drawn anew, all agreements of each together."""
    sums = part.groupby("home")["ended"].agg(["sum", "size"]).to_numpy()
    picked = sums[rng.integers(len(sums), size=(draws, len(sums)))].sum(axis=1)
    return picked[:, 0] / picked[:, 1]


def before_and_after(
    before: pd.DataFrame, after: pd.DataFrame, seed: int = 287, draws: int = DRAWS
) -> Finding:
    """Share ended in the same states after less before, states drawn as wholes."""
    sums = [
        part.groupby("home")["ended"].agg(["sum", "size"]) for part in (before, after)
    ]
    states = sums[0].index.union(sums[1].index)
    old, new = (part.reindex(states, fill_value=0).to_numpy() for part in sums)
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(states), size=(draws, len(states)))
    totals = [part[rows].sum(axis=1) for part in (old, new)]
    spread = totals[1][:, 0] / totals[1][:, 1] - totals[0][:, 0] / totals[0][:, 1]
    estimate = after["ended"].mean() - before["ended"].mean()
    p = float(min(1.0, 2 * min((spread <= 0).mean(), (spread >= 0).mean())))
    return Finding.draws(
        float(estimate), spread, p=max(p, 1 / draws), n=len(before) + len(after)
    )


def placebo_states(
    followed: pd.DataFrame, seed: int = 287, draws: int = DRAWS
) -> tuple[np.ndarray, float]:
    """Differences when each ban is assigned to a state that had none, and their rank p.

    A state is drawn for each ban that reached any agreement, among those with an
    agreement of that level on the day; p is the share of draws with a difference at
    least as large as the true one, which counts as a draw itself.
    """
    rng = np.random.default_rng(seed)
    gone, size = np.zeros(draws), np.zeros(draws)
    all_gone = all_size = 0
    for _, part in followed.groupby("ban", sort=False):
        reached, control = part[part["reached"]], part[part["control"]]
        if reached.empty:
            continue
        all_gone, all_size = all_gone + control["ended"].sum(), all_size + len(control)
        if reached["label"].iloc[0].endswith("agencies)"):
            control = control[control["level"] == reached["level"].iloc[0]]
        by_state = control.groupby("home")["ended"].agg(["sum", "size"])
        drawn = by_state.iloc[rng.integers(len(by_state), size=draws)].to_numpy()
        gone, size = gone + drawn[:, 0], size + drawn[:, 1]
    differences = gone / size - (all_gone - gone) / (all_size - size)
    reached = followed[followed["reached"]]
    true = reached["ended"].mean() - all_gone / all_size
    return differences, float((1 + (differences >= true).sum()) / (1 + draws))


def detectable_difference(
    followed: pd.DataFrame, level: float, seed: int = 287
) -> float:
    """Smallest share of banned states whose agreements all end that is found (80 %).

    Each banned state ends all its agreements with that probability, or as many as
    others did; the test is the bootstrap of states at `level`. NotTestable if even the
    end of all is found less often.
    """
    from analysis_utils.methods.detectable import detectable_effect

    reached, control = (followed[followed[c]] for c in ("reached", "control"))
    base = control["ended"].mean()
    sizes = reached.groupby("home").size().to_numpy()
    spread = _drawn_shares(control, np.random.default_rng(seed), 499)

    def finds(effect: float, size: int, rng: np.random.Generator) -> np.ndarray:
        all_end = rng.random((size, len(sizes))) < effect
        some = rng.binomial(sizes, base, size=(size, len(sizes)))
        ended = np.where(all_end, sizes, some)
        rows = rng.integers(len(sizes), size=(499, len(sizes)))
        shares = ended[:, rows].sum(axis=2) / sizes[rows].sum(axis=1)
        low = np.quantile(shares - spread, (1 - level) / 2, axis=1)
        return low > 0

    return detectable_effect(finds, 0.0, 1.0, n_sim=200, tolerance=0.05, seed=seed)


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Share that ended at each ban, and in the other states, with Wilson's interval.

    table : as `by_ban` gives it.
    """
    rows = {
        f"{row['state']}, {row['date']:%b %Y}": (row["banned ended"], row["banned"])
        for _, row in table.iterrows()
        if row["banned"]
    }
    rows["states without a ban"] = table["others ended"].sum(), table["others"].sum()
    found = {}
    for name, (ended, n) in rows.items():
        low, high = proportion_confint(ended, n, method="wilson")
        found[name] = {"estimate": ended / n, "low": low, "high": high, "n": int(n)}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("group")

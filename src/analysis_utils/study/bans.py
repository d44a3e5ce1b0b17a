"""Agreements that end after a state bans them, against agreements elsewhere."""

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable

# Bans before this day fall into years with few lists
DENSE = "2025-02-21"
DRAWS = 9999
SENTENCES = (
    "Of {banned} that a ban reached, {banned_ended:value} were gone ({banned_share}). "
    "New agreements of those states and levels after a ban: {signed_after:value}.",
    "In states without a ban {controls} were followed, once for each ban: of "
    "{others:value} follow-ups {others_ended:value} ended ({others_share}). The "
    "difference of the shares is {share_difference:interval} percentage points. It takes "
    "follow-ups for independent, which they are not: if the bans are assigned to other "
    "states at random, a difference so large has the probability {placebo_p}.",
)


def follow_up(days: int, as_of: str | None = None) -> pd.DataFrame:
    """Every agreement in force on the day of a ban, and whether it is gone later.

    One row for each agreement and ban: ban, date, banned_in (postal code), state (the
    same with the level that the ban reaches), until (`days` later, or the last list),
    agreement_id, home (its own state), level, reached by the ban or not, control (in a
    state without any of these bans), ended: not on the list in force at `until`.

    Raises NotTestable if no ban had taken effect.
    """
    last = series.last_day(as_of)
    events = datasets.bans().set_index("id")
    events = events[events["date"].between(DENSE, last, inclusive="left")]
    if events.empty:
        raise NotTestable(f"no ban had taken effect by {last.date()}")
    spells = _spells(last)
    parts = []
    for name, event in events.iterrows():
        until = min(event["date"] + pd.Timedelta(days=days), last)
        part = _in_force(spells, event["date"])
        ended = ~part["agreement_id"].isin(_in_force(spells, until)["agreement_id"])
        level = _level(event["applies_to"])
        reached = (part["home"] == event["state"]) & part["level"].isin(
            [level] if level else part["level"]
        )
        label = event["state"] + (f" ({level} agencies)" if level else "")
        control = ~part["home"].isin(set(events["state"]))
        about = {"ban": name, "date": event["date"], "state": label, "until": until}
        about["banned_in"], about["banned_level"] = event["state"], level
        parts.append(
            part.assign(**about, reached=reached, control=control, ended=ended)
        )
    return pd.concat(parts, ignore_index=True)


def _level(applies_to: str) -> str:
    """Level of government that an act reaches; blank for all."""
    return "" if applies_to == "all" else applies_to


def _spells(last: pd.Timestamp) -> pd.DataFrame:
    """Spells as known on the last day, with state and level of the agreement."""
    agreements = datasets.agreements().set_index("agreement_id")[["state", "level"]]
    spells = datasets.spells().join(agreements, on="agreement_id")
    spells = spells[spells["first_listed"] <= last].rename(columns={"state": "home"})
    return spells.assign(gone_by=spells["gone_by"].where(spells["gone_by"] <= last))


def _in_force(spells: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Agreements on the list in force on a day, with home state and level."""
    on_list = (spells["first_listed"] <= day) & ~(spells["gone_by"] <= day)
    return spells.loc[on_list, ["agreement_id", "home", "level"]]


def table(followed: pd.DataFrame, as_of: str | None = None) -> pd.DataFrame:
    """One row a ban: agreements reached, gone, signed after; and those elsewhere."""
    spells = _spells(series.last_day(as_of))
    rows = {}
    for name, part in followed.groupby("ban", sort=False):
        reached, control = part[part["reached"]], part[part["control"]]
        day = part["date"].iloc[0]
        later = spells[(spells["first_listed"] > day) & (spells["spell"] == 1)]
        later = later[later["home"] == part["banned_in"].iloc[0]]
        level = part["banned_level"].iloc[0]
        if level:
            later = later[later["level"] == level]
        rows[name] = {
            "date": day,
            "state": part["state"].iloc[0],
            "banned": len(reached),
            "banned_ended": int(reached["ended"].sum()),
            "signed_after": len(later),
            "others": len(control),
            "others_ended": int(control["ended"].sum()),
            "days_followed": (part["until"].iloc[0] - day).days,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("ban")


def compare(bans: pd.DataFrame) -> pd.Series:
    """Pooled shares, their difference with Newcombe's interval, Fisher's exact p.

    Newcombe 1998 (doi 10.1002/(SICI)1097-0258(19980430)17:8<873), method 10. `bans` has
    the columns banned, banned_ended, others, others_ended.
    """
    columns = ["banned", "banned_ended", "others", "others_ended"]
    banned, b_ended, others, o_ended = (int(bans[c].sum()) for c in columns)
    found = pd.Series([banned, b_ended, others, o_ended], columns, dtype="float64")
    if banned and others:
        low, high = confint_proportions_2indep(
            b_ended, banned, o_ended, others, method="newcomb"
        )
        counts = [[b_ended, banned - b_ended], [o_ended, others - o_ended]]
        found["banned_share"] = b_ended / banned
        found["others_share"] = o_ended / others
        found["difference"] = found["banned_share"] - found["others_share"]
        found["low"], found["high"] = low, high
        found["p"] = fisher_exact(counts).pvalue
    return found.rename_axis("quantity")


def placebo_states(followed: pd.DataFrame, seed: int = 287) -> tuple[np.ndarray, float]:
    """Differences when each ban is assigned to a state that had none, and their rank p.

    A state is drawn for each ban that reached any agreement, among those with an
    agreement of that level on the day; p is the share of draws with a difference at
    least as large as the true one, which counts as a draw itself.
    """
    rng = np.random.default_rng(seed)
    gone, size = np.zeros(DRAWS), np.zeros(DRAWS)
    all_gone = all_size = 0
    for _, part in followed.groupby("ban", sort=False):
        if not part["reached"].any():
            continue
        control = part[part["control"]]
        all_gone, all_size = all_gone + control["ended"].sum(), all_size + len(control)
        level = part["banned_level"].iloc[0]
        if level:
            control = control[control["level"] == level]
        by_state = control.groupby("home")["ended"].agg(["sum", "size"])
        drawn = by_state.iloc[rng.integers(len(by_state), size=DRAWS)].to_numpy()
        gone, size = gone + drawn[:, 0], size + drawn[:, 1]
    differences = gone / size - (all_gone - gone) / (all_size - size)
    reached = followed[followed["reached"]]
    true = reached["ended"].mean() - all_gone / all_size
    return differences, float((1 + (differences >= true).sum()) / (1 + DRAWS))


def record(bans: pd.DataFrame, followed: pd.DataFrame) -> pd.Series:
    """Record the comparison as numbers and as the result of H4; return it."""
    pooled = compare(bans)
    for key in ("banned", "banned_ended", "others", "others_ended"):
        publish.number(key, pooled[key], "agreements")
    controls = followed[followed["control"]]["agreement_id"].nunique()
    publish.number("controls", controls, "agreements")
    publish.number("signed_after", int(bans["signed_after"].sum()), "agreements")
    if "difference" not in pooled:
        publish.hypothesis("H4", note="No agreement was reached by a ban.")
        raise NotTestable("no agreement was in force where a ban took effect")
    for key in ("banned_share", "others_share"):
        publish.number(key, 100 * pooled[key], "%", 1)
    value, low, high = pooled[["difference", "low", "high"]]
    publish.number(
        "share_difference", 100 * value, digits=1, interval=(100 * low, 100 * high)
    )
    n = int(pooled["banned"] + pooled["others"])
    note = f"{n} follow-ups of {controls + int(pooled['banned'])} agreements"
    publish.hypothesis("H4", value, (low, high), pooled["p"], n=n, note=note)
    return pooled


def record_placebo(followed: pd.DataFrame) -> np.ndarray:
    """Record the rank among placebo states; return the differences of the draws."""
    differences, p = placebo_states(followed)
    publish.number("placebo_p", p, digits=4, label="rank among placebo states")
    estimate, (low, high) = differences.mean(), np.percentile(differences, [2.5, 97.5])
    note = "bans assigned to states that had none; p is the rank of the true ones"
    publish.hypothesis(
        "H4", estimate, (low, high), p, n=DRAWS, role="placebo", note=note
    )
    return differences


def shares(bans: pd.DataFrame) -> pd.DataFrame:
    """Share that ended at each ban, and in the other states, with Wilson's interval."""
    rows = {}
    for _, row in bans.iterrows():
        if row["banned"]:
            rows[f"{row['state']}, {row['date']:%b %Y}"] = (
                row["banned_ended"],
                row["banned"],
            )
    rows["states without a ban"] = bans["others_ended"].sum(), bans["others"].sum()
    found = {}
    for name, (ended, n) in rows.items():
        low, high = proportion_confint(ended, n, method="wilson")
        found[name] = {"estimate": ended / n, "low": low, "high": high, "n": int(n)}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("group")


def variants(bans: pd.DataFrame, followed: pd.DataFrame) -> pd.DataFrame:
    """The comparison with one ban left out at a time, and with each control once.

    Each is recorded as a sensitivity result of H4.
    """
    parts = {f"without {name}": bans.drop(index=name) for name in bans.index}
    once = followed[followed["control"]].groupby("agreement_id")["ended"].max()
    totals = bans[["banned", "banned_ended"]].sum()
    totals["others"], totals["others_ended"] = len(once), int(once.sum())
    parts["each agreement elsewhere once"] = totals.to_frame().T
    rows = {}
    for name, part in parts.items():
        pooled = compare(part)
        if "difference" in pooled:
            rows[name] = pooled[["banned", "others", "difference", "low", "high", "p"]]
            n = int(pooled["banned"] + pooled["others"])
            value, low, high, p = pooled[["difference", "low", "high", "p"]]
            publish.hypothesis(
                "H4", value, (low, high), p, n=n, role="sensitivity", note=name
            )
    return pd.DataFrame(rows).T.rename_axis("variant")


def words(found: pd.DataFrame) -> str:
    """The shares of `shares` in words, for a reader who does not see the figure."""
    parts = [
        f"{name} {row.estimate:.2f} ({row.low:.2f} to {row.high:.2f})"
        for name, row in found.iterrows()
    ]
    return "Shares with intervals: " + "; ".join(parts) + "."

"""Agreements that end after a state bans them, against agreements elsewhere."""

import pandas as pd
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from analysis_utils import datasets, publish, series

# Bans that took effect while lists are dense; the level that each reaches.
BANS = {
    "de-hb-182": "",
    "me-ld-1971": "",
    "va-state-agencies-ended": "state",
    "nm-hb-9": "",
    "md-hb-444": "",
}
SENTENCE = (
    "Of {banned} that a ban reached, {banned_ended} were gone ({banned_share}); of "
    "{others} followed in states without a ban, {others_ended} ({others_share}). The "
    "difference of the shares is {difference:interval} percentage points."
)


def at_risk(days: int, as_of: str | None = None) -> pd.DataFrame:
    """Agreements in force on the day of each ban, and those gone `days` later.

    Columns date, state, reached by the ban (`banned`, `banned_ended`), in states
    without any of these bans (`others`, `others_ended`), days followed.
    """
    events = datasets.policy_events().set_index("id").loc[list(BANS)]
    last = series.last_day(as_of)
    events = events[events["date"] < last]
    if events.empty:
        raise series.NotTestable(f"no ban had taken effect by {last.date()}")
    spells = _spells(last)
    rows = [
        _one_ban(spells, event, BANS[name], set(events["state"]), days, last)
        for name, event in events.iterrows()
    ]
    table = pd.DataFrame(rows, index=pd.Index(events.index, name="ban"))
    return table.sort_values("date")


def _spells(last: pd.Timestamp) -> pd.DataFrame:
    """Spells as known on the last day, with state and level of the agreement."""
    agreements = datasets.agreements().set_index("agreement_id")[["state", "level"]]
    spells = datasets.spells().join(agreements, on="agreement_id")
    return spells.assign(gone_by=spells["gone_by"].where(spells["gone_by"] <= last))


def _one_ban(
    spells: pd.DataFrame,
    event: pd.Series,
    level: str,
    states: set[str],
    days: int,
    last: pd.Timestamp,
) -> dict[str, object]:
    day, until = event["date"], min(event["date"] + pd.Timedelta(days=days), last)
    begun = spells["first_listed"] <= day
    risk = spells[begun & ~(spells["gone_by"] <= day)]
    ended = risk["gone_by"] <= until
    reached = risk["state"] == event["state"]
    if level:
        reached &= risk["level"] == level
    others = ~risk["state"].isin(states)
    return {
        "date": day,
        "state": event["state"] + (f" ({level} agencies)" if level else ""),
        "banned": int(reached.sum()),
        "banned_ended": int((ended & reached).sum()),
        "others": int(others.sum()),
        "others_ended": int((ended & others).sum()),
        "days_followed": (until - day).days,
    }


def compare(table: pd.DataFrame) -> pd.Series:
    """Pooled shares, their difference with Newcombe's interval, Fisher's exact p.

    Newcombe 1998 (doi 10.1002/(SICI)1097-0258(19980430)17:8<873), method 10.
    """
    banned, b_ended, others, o_ended = (
        int(table[c].sum()) for c in ("banned", "banned_ended", "others", "others_ended")
    )
    if not banned or not others:
        return pd.Series({"banned": banned, "others": others}, dtype="float64")
    low, high = confint_proportions_2indep(
        b_ended, banned, o_ended, others, method="newcomb"
    )
    counts = [[b_ended, banned - b_ended], [o_ended, others - o_ended]]
    return pd.Series(
        {
            "banned": banned,
            "banned_ended": b_ended,
            "others": others,
            "others_ended": o_ended,
            "banned_share": b_ended / banned,
            "others_share": o_ended / others,
            "difference": b_ended / banned - o_ended / others,
            "low": low,
            "high": high,
            "p": fisher_exact(counts).pvalue,
        }
    ).rename_axis("quantity")


def record(pooled: pd.Series) -> None:
    """Record the comparison as numbers and as the result of H4."""
    if "difference" not in pooled:
        publish.hypothesis("H4", note="No ban, or no agreement that one reaches, yet.")
    for key in ("banned", "banned_ended", "others", "others_ended"):
        publish.number(key, pooled.get(key), "agreements")
    for key in ("banned_share", "others_share"):
        publish.number(key, 100 * pooled.get(key, float("nan")), "%", 1)
    value, low, high = (pooled.get(k, float("nan")) for k in ("difference", "low", "high"))
    publish.number("difference", 100 * value, digits=1, interval=(100 * low, 100 * high))
    if "difference" in pooled:
        n = int(pooled["banned"] + pooled["others"])
        publish.hypothesis("H4", value, (low, high), pooled["p"], n=n)


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """Share that ended at each ban, and in the other states, with Wilson's interval."""
    rows = {}
    for _, row in table.iterrows():
        if row["banned"]:
            rows[f"{row['state']}, {row['date']:%b %Y}"] = row["banned_ended"], row["banned"]
    rows["states without a ban"] = table["others_ended"].sum(), table["others"].sum()
    found = {}
    for name, (ended, n) in rows.items():
        low, high = proportion_confint(ended, n, method="wilson")
        found[name] = {"estimate": ended / n, "low": low, "high": high, "n": int(n)}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("group")


def leave_one_out(table: pd.DataFrame) -> pd.DataFrame:
    """The comparison with one ban left out at a time."""
    rows = {}
    for name in table.index:
        pooled = compare(table.drop(index=name))
        if "difference" in pooled:
            rows[name] = pooled[["banned", "difference", "low", "high", "p"]]
    return pd.DataFrame(rows).T.rename_axis("left out")

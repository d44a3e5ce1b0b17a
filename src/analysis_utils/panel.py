"""Agencies that could sign, week by week, as intervals for hazards.

A week is a whole number counted from the Monday of `START`. An agency is at risk from
week 0 until it signs or the lists end; what changes on the way (neighbours, mandates,
its own other agreements) cuts its interval.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable

START = pd.Timestamp("2025-01-20")  # a Monday; Executive Order 14159
DELAY = pd.Timedelta(days=14)  # signings of the last two weeks may not be listed yet
EVER = -10_000  # a week before all weeks
# Kinds of agency that an act reaches when it names a level of government
REACH = {"all": ("sheriff", "police"), "county": ("sheriff",), "municipal": ("police",)}
FACTS = ["republican", "hispanic", "foreign_born", "log_population", "metro"]


def last_week(as_of: str | None = None) -> int:
    """Number of the last whole week two weeks before the newest list known then."""
    last = int((series.last_day(as_of) - DELAY - START).days + 1) // 7 - 1
    if last < 1:
        raise NotTestable("the lists known on that day end before the second week")
    return last


def week_of(days: pd.Series) -> pd.Series:
    """Number of the week of each day; negative before the start."""
    return (days - START).dt.days // 7


def week_start(week: int) -> pd.Timestamp:
    """The Monday of a week."""
    return START + pd.Timedelta(weeks=int(week))


def agencies(kinds: Sequence[str] = ("sheriff", "police")) -> pd.DataFrame:
    """Agencies of these kinds that could sign, with facts on their county.

    Columns as in data/agencies_at_risk.csv, and in units of a coefficient: republican,
    hispanic and foreign_born in tens of percentage points, log_population (of the
    county), metro (0 or 1), log_officers (of the agency; 1 where it reports none).
    `complete` says whether all facts are known: not in Alaska (no votes by county) and
    Connecticut (no facts of the Census by planning region).
    """
    table = datasets.agencies_at_risk()
    table = table[table["agency_kind"].isin(list(kinds)) & ~table["unit"]]
    facts = county_facts()
    table = table.merge(facts, how="left", left_on="county_fips", right_index=True)
    table["log_officers"] = np.log(table["officers"].clip(lower=1))
    table["complete"] = table[FACTS].notna().all(axis=1)
    return table.sort_values("ori", ignore_index=True)


def county_facts() -> pd.DataFrame:
    """Facts on counties in units of a coefficient, by FIPS code."""
    raw = datasets.counties().set_index("fips")
    share = 10 * raw["votes_republican_2024"] / raw["votes_2024"]
    return pd.DataFrame(
        {
            "republican": share,
            "hispanic": raw["hispanic_2019"] / 10,
            "foreign_born": raw["foreign_born_2010"] / 10,
            "log_population": np.log(raw["population_2019"]),
            "metro": raw["metro_2013"].map({True: 1.0, False: 0.0}),
        }
    )


def signed_weeks(as_of: str | None = None) -> pd.DataFrame:
    """Week in which each linked agency signed each model: ori, model, week, agency.

    Agreements in force on the first day have a negative week; those that had ended by
    then are left out. The first of several agreements of a model counts.
    """
    known = series.agreements_known(as_of)
    known = known[known["signed"].notna()]
    ended = known["gone_by"].notna() & (known["gone_by"] <= START)
    links = datasets.agency_links()
    links = links.loc[links["ori"] != "", ["agency_id", "ori"]]
    table = known[~ended].merge(links, on="agency_id")
    table["week"] = week_of(table["signed"])
    table = table.sort_values(["week", "agreement_id"], kind="stable")
    columns = ["ori", "model", "week", "state", "agency_kind"]
    return table.drop_duplicates(["ori", "model"])[columns].reset_index(drop=True)


def at_risk(
    table: pd.DataFrame, signed: pd.Series, last: int, carry: Sequence[str] = ()
) -> pd.DataFrame:
    """One interval for each agency: unit, entry 0, exit, event.

    table : agencies (`ori` and what is carried). signed : week of signing by ori; those
        who signed before week 0 are not at risk, those after `last` have no event yet.
    """
    week = table["ori"].map(signed)
    rows = table.loc[~(week < 0), ["ori", *carry]]
    week = week[rows.index]
    happened = week.notna() & (week <= last)
    made = rows.rename(columns={"ori": "unit"}).assign(
        entry=0,
        exit=week.where(happened, last).astype(int),
        event=happened.astype(int),
    )
    return made.reset_index(drop=True)


def cut(intervals: pd.DataFrame, steps: pd.DataFrame, on: str) -> pd.DataFrame:
    """Cut intervals where a value changes, and give each part the value that it has.

    steps : column `on`, `week` from which the value holds, and values; each key of the
        intervals needs a step at `EVER`. The event stays with the last part.
    """
    steps = steps.sort_values([on, "week"], kind="stable")
    until = steps.groupby(on)["week"].shift(-1).fillna(-EVER).astype(int) - 1
    parts = intervals.merge(steps.assign(until=until), on=on, how="left")
    if parts["week"].isna().any():
        odd = parts.loc[parts["week"].isna(), on].iloc[0]
        raise NotTestable(f"no value of the steps for {on} {odd}")
    start = parts[["entry", "week"]].max(axis=1)
    end = parts[["exit", "until"]].min(axis=1)
    parts["event"] = parts["event"].where(end == parts["exit"], 0)
    parts = parts.assign(entry=start.astype(int), exit=end.astype(int))
    parts = parts[start <= end].drop(columns=["week", "until"])
    return parts.sort_values(["unit", "entry"], ignore_index=True)


def neighbour_steps(first: pd.Series, lag: int) -> pd.DataFrame:
    """Share of a county's neighbours with an agreement, `lag` weeks late, by steps.

    first : week of the first agreement of a sheriff or police by county (FIPS code);
        counties without one may be missing. Columns: county_fips, week, neighbours.
    """
    pairs = datasets.county_neighbours()
    pairs["from"] = pairs["neighbour"].map(first) + lag
    size = pairs.groupby("county").size()
    gained = pairs.dropna(subset="from").assign(
        week=lambda t: t["from"].clip(lower=EVER).astype(int)
    )
    counts = gained.groupby(["county", "week"]).size()
    running = counts.groupby("county").cumsum().rename("n").reset_index()
    running["neighbours"] = running["n"] / running["county"].map(size)
    codes = datasets.counties()["fips"]
    none = pd.DataFrame({"county": codes, "week": EVER, "neighbours": 0.0})
    # a county whose neighbours all signed long ago has a step at EVER of its own
    table = pd.concat([none, running.drop(columns="n")])
    table = table.drop_duplicates(["county", "week"], keep="last")
    return table.rename(columns={"county": "county_fips"}).reset_index(drop=True)


def mandate_steps(last: int) -> pd.DataFrame:
    """Mandates by state and kind of agency, by steps, from data/policy_events.csv.

    Columns: duty ("TX sheriff"), week, mandate_signed (signed, not yet in force),
    mandate_in_force, deadline_near (26 weeks before a deadline). A week counts from the
    one after the day, so that what was signed before an act is not put down to it.
    """
    rows = []
    for duty, acts in _duties().items():
        changes = {week + 1 for act in acts for week in act.values()}
        changes |= {act["deadline"] - 25 for act in acts if "deadline" in act}
        for week in sorted({EVER, *(week for week in changes if week <= last)}):
            force = [a["in_force"] < week <= a.get("ended", -EVER) for a in acts]
            early = [a["signed"] < week <= a["in_force"] for a in acts]
            near = [
                a.get("deadline", -EVER) - 26 < week <= a.get("deadline", EVER)
                for a in acts
            ]
            states = (any(early) and not any(force), any(force), any(near))
            rows.append((duty, week, *map(float, states)))
    names = ["mandate_signed", "mandate_in_force", "deadline_near"]
    return pd.DataFrame(rows, columns=["duty", "week", *names])


def _duties() -> dict[str, list[dict[str, int]]]:
    """Acts that make a kind of agency of a state sign: week of each of their days.

    An act whose day of signing or of force is not known has the day of the event.
    """
    events = datasets.policy_events()
    events = events[(events["effect"] == "mandates") & (events["level"] == "state")]
    found: dict[str, list[dict[str, int]]] = {}
    for act in events.itertuples():
        days = {"signed": act.signed, "in_force": act.in_force}
        days = {n: act.date if pd.isna(day) else day for n, day in days.items()}
        more = {"deadline": act.deadline, "ended": act.ended}
        days |= {name: day for name, day in more.items() if pd.notna(day)}
        weeks = {name: (day - START).days // 7 for name, day in days.items()}
        for named in act.applies_to.split(";"):
            for kind in REACH.get(named, (named,)):
                found.setdefault(f"{act.state} {kind}", []).append(weeks)
    return found

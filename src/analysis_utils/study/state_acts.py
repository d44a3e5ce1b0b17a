"""State acts that make sheriffs seek agreements: adoption by state and month."""

from collections.abc import Iterable, Sequence
from functools import cache

import pandas as pd

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable, Refused, nearest
from analysis_utils.panel import REACH

FIRST = "2021-01"  # ICE's lists are held from this month on
DELAY = pd.Timedelta(days=10)  # a month counts when a list this much later is known
OUTCOMES = ("first agreement", "every agreement", "jail or warrant")
DAYS = {"signed": "signed", "in force": "in_force", "in_force": "in_force"}


def last_month(as_of: str | None = None) -> pd.Period:
    """The last whole month whose signings the lists known on a day can show."""
    after = series.last_day(as_of) - DELAY + pd.Timedelta(days=1)
    return after.to_period("M") - 1


def agencies(kinds: Sequence[str] = ("sheriff",)) -> pd.Series:
    """Number of agencies of these kinds on the FBI's list, by state."""
    table = _at_risk()
    known = sorted(table["agency_kind"].unique())
    for kind in kinds:
        if kind not in known:
            raise Refused(f"no agencies of kind {kind!r}{nearest(kind, tuple(known))}")
    chosen = table[table["agency_kind"].isin(list(kinds))]
    return chosen.groupby("state").size().rename("agencies")


def adopted(
    kinds: Sequence[str] = ("sheriff",),
    outcome: str = "first agreement",
    *,
    as_of: str | None = None,
    by: str = "signed",
) -> pd.DataFrame:
    """Agencies per 100 that have signed by the end of each month, months by states.

    kinds : of agency; the FBI's list gives the denominator, and only agencies linked to
        it count above. outcome : "first agreement" of any model, "every agreement", or
        the first under a "jail or warrant" model. by : "signed", or "first_listed".
        Agreements that had ended before January 2021 are not known.
    """
    if outcome not in OUTCOMES:
        raise Refused(f"no outcome {outcome!r}{nearest(outcome, OUTCOMES)}")
    size = agencies(kinds)
    known = _linked(as_of)
    known = known[known["agency_kind"].isin(list(kinds)) & known[by].notna()]
    if outcome == "jail or warrant":
        known = known[known["model"].isin(["JEM", "WSO"])]
    known = known.sort_values([by, "agreement_id"])
    if outcome != "every agreement":
        known = known.drop_duplicates("ori")
    months = pd.period_range(FIRST, last_month(as_of), freq="M", name="month")
    when = known[by].dt.to_period("M").clip(lower=months[0])
    counts = pd.crosstab(when, known["state"]).reindex(months, fill_value=0)
    stock = counts.reindex(columns=size.index, fill_value=0).cumsum()
    return 100 * stock / size


@cache
def _at_risk() -> pd.DataFrame:
    return datasets.agencies_at_risk()


@cache
def _linked(as_of: str | None) -> pd.DataFrame:
    """Agreements known on a day whose agency is on the FBI's list, with its ORI."""
    links = datasets.agency_links()
    ori = links[links["ori"] != ""].set_index("agency_id")["ori"]
    known = series.agreements_known(as_of)
    return known.assign(ori=known["agency_id"].map(ori)).dropna(subset="ori")


def act_months(events: Iterable[str], day: str) -> pd.Series:
    """Month in which each of these acts was signed or came into force, by state.

    A day that was not found is that of the event, as data/policy_events.csv has it.
    """
    if day not in DAYS:
        raise Refused(f"no day {day!r}{nearest(day, tuple(DAYS))}")
    table = datasets.policy_events().set_index("id")
    wanted = list(events)
    for name in wanted:
        if name not in table.index:
            raise Refused(
                f"no policy event {name!r}{nearest(name, tuple(table.index))}"
            )
    chosen = table.loc[wanted]
    days = chosen[DAYS[day]].fillna(chosen["date"])
    days.index = pd.Index(chosen["state"], name="state")
    return days.dt.to_period("M").rename("act")


def reached(table: pd.DataFrame, kind: str) -> pd.Series:
    """Whether each act reaches a kind of agency, from `applies_to`."""
    named = table["applies_to"].str.split(";")
    return named.map(
        lambda words: any(kind in REACH.get(word, (word,)) for word in words)
    )


def pool(treated: Iterable[str], end: pd.Period, kind: str = "sheriff") -> list[str]:
    """States with these acts, and the controls: no act of either sign by that month.

    Left out are states where a ban reaches the kind of agency by the end of the month,
    and states with any other mandate signed, also one for state agencies.
    """
    day = end.end_time
    bans, mandates = datasets.bans(), datasets.mandates()
    banned = set(bans.loc[reached(bans, kind) & (bans["since"] <= day), "state"])
    begun = mandates[["signed", "since"]].min(axis=1)
    other = set(mandates.loc[begun <= day, "state"])
    kept = set(agencies([kind]).index) - banned - other
    return sorted(kept | set(treated))


def around(
    events: Sequence[str],
    day: str,
    months: int,
    *,
    kind: str = "sheriff",
    outcome: str = "first agreement",
    as_of: str | None = None,
) -> tuple[pd.DataFrame, pd.Series]:
    """Adoption in the states with these acts and their controls; months of the acts.

    The months end with the last one needed, so that later lists change nothing in it.
    NotTestable names acts whose months are not known.
    """
    since = act_months(events, day)
    table = adopted([kind], outcome, as_of=as_of)
    late = since[since + months > table.index[-1]]
    if len(late):
        raise NotTestable(
            f"{months} months after the act are not known yet for "
            f"{', '.join(late.index)}: the lists show signings to "
            f"{table.index[-1]:%B %Y}."
        )
    end = (since + months).max()
    taking_part = pool(since.index, end, kind)
    lacking = [state for state in taking_part if state not in table]
    if lacking:
        raise NotTestable(f"{', '.join(lacking)} has no {kind} on the FBI's list.")
    return table.loc[:end, taking_part], since

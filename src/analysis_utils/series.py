"""Agreements -> counts per day, week or month, as known on any day.

Two bases, and the caller chooses: "listing" counts what ICE's lists show, "signing"
counts from the signing dates. They differ, because agreements are listed days after
they are signed (the last days of August 2025: 60 agreements).
"""

from collections.abc import Collection, Iterable
from typing import TypeAlias, TypedDict

import pandas as pd

from analysis_utils import datasets
from analysis_utils.asking import NotTestable, Refused

FREQUENCIES = {"day": "D", "week": "W-SUN", "month": "M"}
GROUPS = ("model", "state", "agency_kind")
BASES = ("listing", "signing")
Choice: TypeAlias = str | Iterable[str] | None
Day: TypeAlias = str | pd.Timestamp | None


class Choices(TypedDict, total=False):
    """What `active` and `signings` count: the arguments that choose agreements."""

    state: Choice
    model: Choice
    agency_kind: Choice
    end: Day
    as_of: Day


def active(
    *,
    basis: str,
    frequency: str = "month",
    by: str | None = None,
    state: Choice = None,
    model: Choice = None,
    agency_kind: Choice = None,
    start: Day = None,
    end: Day = None,
    as_of: Day = None,
) -> pd.DataFrame:
    """Agreements in force at the end of each period.

    Parameters
    ----------
    basis : "listing" counts an agreement from the first list that shows it until the
        first list that does not; "signing" from its signing date until that list.
    frequency : "day", "week" (to Sunday) or "month".
    by : None, "model", "state" or "agency_kind"; one column for each.
    state, model, agency_kind : one value or several; None for all.
    start, end : first and last day; by default those of the lists.
    as_of : count with what was known on that day: lists published by then, and the
        signing dates that they printed. Which names are the same agency, and its
        kind, are as known today.

    Returns a DataFrame with the last day of each period as index (the last period
    ends with `end`) and integer counts, the column "all" without `by`.
    """
    known = _chosen(_known(basis, as_of), state, model, agency_kind)
    days = _days(start, end, as_of)
    counts = [_running(part, days) for part in _parts(known, by).values()]
    table = _framed(counts, _parts(known, by), days)
    return _at_period_end(table, frequency)


def signings(
    *,
    basis: str,
    frequency: str = "month",
    by: str | None = None,
    state: Choice = None,
    model: Choice = None,
    agency_kind: Choice = None,
    start: Day = None,
    end: Day = None,
    as_of: Day = None,
) -> pd.DataFrame:
    """New agreements in each period.

    Parameters are those of `active`; with basis "listing" an agreement counts on the
    day of the first list that shows it (those of the very first list never do), with
    "signing" on its signing date. Returns counts indexed by the first day of each
    period (the first period begins with `start`).
    """
    known = _chosen(_known(basis, as_of), state, model, agency_kind)
    known = known[known.spell == 1]  # a return to the list is no new agreement
    if basis == "listing":
        known = known[known.begin > datasets.editions().first_seen.min()]
    days = _days(start, end, as_of)
    parts = _parts(known, by)
    counts = [
        part.begin.value_counts().reindex(days, fill_value=0) for part in parts.values()
    ]
    return _by_period(_framed(counts, parts, days), frequency)


def known(as_of: str) -> str | None:
    """The day of a parameter `as_of`: None, all that is known, for "latest".

    >>> known("2026-04-13"), known("latest")
    ('2026-04-13', None)
    """
    return None if as_of == "latest" else as_of


def last_day(as_of: Day = None) -> pd.Timestamp:
    """The last day that the counts cover: of the newest list known on a day.

    Days after the last copy of that list are not covered, even if `as_of` is later:
    between two lists nothing is known of the signings.
    """
    editions = datasets.editions()
    if as_of is None:
        return editions.last_seen.max()
    known = editions[editions.first_seen <= pd.Timestamp(as_of)]
    if len(known) == 0:
        raise Refused(
            f"No list is known before {editions.first_seen.min().date()}; "
            f"{as_of} is earlier"
        )
    return min(pd.Timestamp(as_of), known.last_seen.max())


def active_since_2002(*, interpolated: bool = False) -> pd.DataFrame:
    """Active agreements at the end of each month since July 2002: active, grade.

    From September 2017 to August 2020 only anchors are known: those months are
    missing (NaN) unless `interpolated` asks for values between published totals. The
    index is the last day of the month; the last month ends with the newest list.
    """
    table = datasets.active_monthly().set_index("date")[["active", "grade"]]
    if not interpolated:
        table["active"] = table.active.where(table.grade != "interpolated")
    return table


def list_as_of(date: Day) -> pd.DataFrame:
    """The list as printed on a day: ICE's rows and order, cell by cell.

    The newest edition first seen by that day; columns state ... addendum as printed,
    agreement_id, and the addresses that the cells of the documents lead to. Raises
    ValueError before the first edition.
    """
    editions = datasets.editions()
    published = editions.index[editions.first_seen <= pd.Timestamp(date)]
    if len(published) == 0:
        raise Refused(
            f"No list is known before {editions.first_seen[0].date()}; "
            f"{pd.Timestamp(date).date()} is earlier"
        )
    place = dict(zip(editions.edition, editions.index, strict=True))
    rows = datasets.printed_rows()
    shown = (rows.first_edition.map(place) <= published[-1]) & (
        rows.last_edition.map(place) >= published[-1]
    )
    return (
        rows[shown]
        .drop(columns=["first_edition", "last_edition"])
        .reset_index(drop=True)
    )


def _known(basis: str, as_of: Day) -> pd.DataFrame:
    """Spells known on a day: attributes of the agreement, begin and end (exclusive).

    `end` is missing while listed.
    """
    _require("basis", basis, BASES)
    spells, agreements = datasets.spells(), datasets.agreements()
    cut = pd.Timestamp(as_of) if as_of is not None else pd.Timestamp.max
    spells = spells[spells.first_listed <= cut].copy()
    spells["end"] = spells.gone_by.where(spells.gone_by <= cut)
    spells["begin"] = spells.first_listed
    if basis == "signing":
        signed = _signed(agreements, as_of)
        first = spells.spell == 1
        spells.loc[first, "begin"] = spells.agreement_id[first].map(signed)
    attributes = agreements[["agreement_id", *GROUPS]]
    return spells.merge(attributes, on="agreement_id", how="left").dropna(
        subset="begin"
    )


def _signed(agreements: pd.DataFrame, as_of: Day) -> pd.Series:
    """Signing date by agreement: the register's, or the one known on that day.

    That is the date printed last by then among those not later than the first
    listing, as in the register.
    """
    if as_of is None:
        return agreements.set_index("agreement_id").signed
    cut = pd.Timestamp(as_of)
    printed = datasets.signing_dates()
    printed = printed[printed.first_printed <= cut].copy()
    printed["last"] = printed.last_printed.clip(upper=cut)
    printed["until"] = printed.replaced_by.where(printed.replaced_by <= cut)
    spells = datasets.spells()
    listed = spells.groupby("agreement_id").first_listed.min()
    first = printed[printed.signed <= printed.agreement_id.map(listed)]
    return (
        first.sort_values(["last", "until", "signed"])
        .groupby("agreement_id")
        .signed.last()
    )


def _chosen(
    known: pd.DataFrame, state: Choice, model: Choice, agency_kind: Choice
) -> pd.DataFrame:
    for column, choice in zip(GROUPS, (model, state, agency_kind), strict=True):
        if choice is not None:
            values = [choice] if isinstance(choice, str) else list(choice)
            for value in values:
                _require(column, value, sorted(datasets.agreements()[column].unique()))
            known = known[known[column].isin(values)]
    return known


def _require(name: str, value: object, allowed: Collection[str]) -> None:
    if value in allowed:
        return
    if name == "state" and value in set(datasets.states()["state"]):
        raise NotTestable(f"{value} has no agreement on any list: nothing to count.")
    raise Refused(f"{name} is {value!r}; choose from {', '.join(allowed)}")


def _days(start: Day, end: Day, as_of: Day) -> pd.DatetimeIndex:
    editions = datasets.editions()
    first = pd.Timestamp(start) if start is not None else editions.first_seen.min()
    last = pd.Timestamp(end) if end is not None else editions.last_seen.max()
    if as_of is not None:
        last = min(last, pd.Timestamp(as_of))
    if last < first:
        raise Refused(
            f"nothing is known between {first.date()} and {last.date()}: "
            "start lies after end, or after as_of"
        )
    return pd.date_range(first, last, freq="D")


def _parts(known: pd.DataFrame, by: str | None) -> dict[str, pd.DataFrame]:
    if by is None:
        return {"all": known}
    _require("by", by, GROUPS)
    return dict(tuple(known.groupby(by)))


def _running(spells: pd.DataFrame, days: pd.DatetimeIndex) -> pd.Series:
    """Spells that have begun by a day and not ended by it."""
    begun = spells.begin.sort_values().searchsorted(days, side="right")
    ended = spells.end.dropna().sort_values().searchsorted(days, side="right")
    return pd.Series(begun - ended, index=days)


def _framed(
    counts: list[pd.Series], parts: dict, days: pd.DatetimeIndex
) -> pd.DataFrame:
    table = pd.DataFrame(dict(zip(parts, counts, strict=True)), index=days)
    return table.astype("int64")


def _at_period_end(table: pd.DataFrame, frequency: str) -> pd.DataFrame:
    _require("frequency", frequency, FREQUENCIES)
    period = table.index.to_period(FREQUENCIES[frequency])
    last = ~period.duplicated(keep="last")
    return table[last].rename_axis("date")


def _by_period(table: pd.DataFrame, frequency: str) -> pd.DataFrame:
    _require("frequency", frequency, FREQUENCIES)
    period = table.index.to_period(FREQUENCIES[frequency])
    sums = table.groupby(period).sum()
    sums.index = table.index[~period.duplicated()]
    return sums.rename_axis("date")


def around(
    counts: pd.Series,
    day: pd.Timestamp,
    frequency: str,
    window: int,
    last: pd.Timestamp,
) -> pd.Series:
    """Whole periods about a day, as many before its period as from it on.

    Parameters
    ----------
    counts : as `signings` gives them, indexed by the first day of each period.
    day : its period is the first one after.
    frequency : "week" or "month", that of `counts`.
    window : the most periods on each side; fewer where the data end sooner. Equal
        numbers keep a common variance honest when it differs before and after.
    last : last day that the counts cover; a period it cuts is left out.

    Returns the counts with a PeriodIndex. Raises NotTestable with less than 8 a side.
    """
    periods = counts.set_axis(counts.index.to_period(FREQUENCIES[frequency]))
    whole = (periods.index.start_time == counts.index) & (
        periods.index.end_time.normalize() <= last
    )
    periods = periods[whole]
    before = int((periods.index.end_time < day).sum())
    side = min(window, before, len(periods) - before)
    if side < 8:
        raise NotTestable(
            f"only {before} whole {frequency}s lie before {day.date()} and "
            f"{len(periods) - before} from it on; 8 on each side are needed. Choose "
            "another event or a higher frequency."
        )
    return periods.iloc[before - side : before + side]


def list_counts(days: Iterable[Day]) -> pd.DataFrame:
    """What the list held on each day: rows as printed, agreements, agencies, states.

    Index: the days; further columns: the edition and when it was first seen.
    """
    agreements = datasets.agreements().set_index("agreement_id")
    editions = datasets.editions()
    rows = {}
    for day in map(pd.Timestamp, days):
        edition = editions[editions.first_seen <= day].iloc[-1]
        listed = agreements.reindex(list_as_of(day).agreement_id.unique()).dropna(
            subset="state"
        )
        rows[day] = {
            "edition": edition.edition,
            "rows printed": int(edition.rows_printed),
            "agreements": len(listed),
            "agencies": listed.agency_id.nunique(),
            "states and territories": listed.state.nunique(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("day")


def signed_between(start: Day, end: Day = None, as_of: Day = None) -> pd.DataFrame:
    """Agreements signed from one day to another, as known on a day, by signing date.

    Columns are those of `agreements_known`. Raises NotTestable if there is none.
    """
    last = pd.Timestamp(end) if end is not None else last_day(as_of)
    known = agreements_known(as_of)
    signed = known[known.signed.between(pd.Timestamp(start), last)]
    if signed.empty:
        raise NotTestable(
            f"no agreement signed from {pd.Timestamp(start).date()} to "
            f"{last.date()} was on a list by {last_day(as_of).date()}: "
            "choose an earlier start, or a later as_of"
        )
    return signed.sort_values(["signed", "agreement_id"], ignore_index=True)


def agreements_known(as_of: Day = None) -> pd.DataFrame:
    """One row for each agreement listed by a day, as known on that day.

    Columns agreement_id, agency_id, state, agency_kind, level, model, signed (the
    date known then), first_listed, last_listed and gone_by (missing while listed).
    """
    cut = last_day(as_of)
    spells = datasets.spells()
    spells = spells[spells.first_listed <= cut].sort_values(["agreement_id", "spell"])
    first, last = (
        spells.drop_duplicates("agreement_id", keep=keep).set_index("agreement_id")
        for keep in ("first", "last")
    )
    agreements = datasets.agreements()
    table = (
        agreements[
            ["agreement_id", "agency_id", "state", "agency_kind", "level", "model"]
        ]
        .set_index("agreement_id")
        .loc[first.index]
    )
    table["signed"] = _signed(agreements, as_of).reindex(first.index)
    table["first_listed"] = first.first_listed
    table["last_listed"] = last.last_listed.clip(upper=cut)
    table["gone_by"] = last.gone_by.where(last.gone_by <= cut)
    return table.reset_index()

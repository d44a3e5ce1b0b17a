"""The years that ICE's lists do not cover: early register, months, published totals."""

from functools import cache
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.collect import naming

FIRST_MONTH = "2002-07"
MONTHLY = ["date", "active", "grade", "basis"]
ROSTER = "ICE 287(g) fact sheet, roster"
# Between these months only anchors are known; each month is interpolated
GAP = (pd.Period("2017-09", "M"), pd.Period("2020-08", "M"))
COVERED = 31  # days after a copy of a list for which it is taken as that of the day
# Published totals between which the gap is bridged: (date, publisher begins with)
ANCHORS = (
    ("2017-07-31", "ICE press release"),
    ("2019-03-26", "ICE Acting Director"),
    ("2020-06-30", "Washington Times"),
    ("2020-09-30", "GAO"),
)
# ICE's page of rosters did not change in these months (deportationdata/ice-287g)
UNCHANGED = (pd.Timestamp("2018-06-01"), pd.Timestamp("2019-04-30"))


def early_register(facts: pd.DataFrame, agreements: pd.DataFrame) -> pd.DataFrame:
    """Agreements signed before August 2017, ended ones included.

    facts: data/hand/early_agreements.csv; agreements: the register, which says
    whether the same agency had the same model on the first list of 2021.
    """
    table = facts.copy()
    names = table.agency.map(naming.normalized)
    table.insert(0, "agency_id", table.state + "-" + names.map(naming.slug))
    model = table.model.where(table.model != "", "unknown")
    table.insert(0, "agreement_id", table.agency_id + "-" + model)
    table.insert(
        4,
        "agency_kind",
        [naming.kind(*pair) for pair in zip(names, table.level, strict=True)],
    )
    table["status"] = "on the roster of 1 August 2017"
    table["status"] = table.status.mask(table.gone_by != "", "ended").mask(
        table.first_roster == "", "ended, date unknown"
    )
    on_first_list = agreements.first_listed == agreements.first_listed.min()
    table["listed_2021"] = table.agreement_id.isin(
        agreements.agreement_id[on_first_list]
    )
    return table.sort_values("agreement_id", ignore_index=True)


def active_monthly(
    early: pd.DataFrame,
    exits: pd.DataFrame,
    totals: pd.DataFrame,
    agreements: pd.DataFrame,
    editions: pd.DataFrame,
) -> pd.DataFrame:
    """Active agreements at the end of each month since July 2002, graded.

    observed: a roster, list or statement of ICE of that month; rebuilt: from signing
    dates, or carried forward from the last roster; interpolated: between anchors.
    The last month ends with the newest list. Without early facts it begins with the
    first list.
    """
    if early.empty:
        span = editions.first_seen.iloc[0], editions.last_seen.max()
        months = pd.period_range(*span, freq="M")
        return pd.DataFrame(_from_lists(editions, months), columns=MONTHLY)
    rosters = totals[totals.publisher.str.startswith(ROSTER)]
    months = pd.period_range(FIRST_MONTH, editions.last_seen.max(), freq="M")
    parts = [
        _from_signing(early, exits, months[months < "2010-10"]),
        _from_rosters(rosters, months[(months >= "2010-10") & (months < "2017-07")]),
        _from_statement(totals, months[(months >= "2017-07") & (months < GAP[0])]),
        _interpolated(
            totals, agreements, months[(months >= GAP[0]) & (months <= GAP[1])]
        ),
        _from_statement(totals, months[(months > GAP[1]) & (months < "2021-01")]),
        _from_lists(editions, months[months >= "2021-01"]),
    ]
    return pd.DataFrame(
        [row for part in parts for row in part],
        columns=MONTHLY,
    )


@cache  # slow, and asked for each month several times
def _end(month: pd.Period) -> str:
    return month.end_time.date().isoformat()


def _last(rows: list, end: str, column: str = "date"):
    """The last of the rows, in their order, that is not later than a day."""
    return next(row for row in reversed(rows) if getattr(row, column) <= end)


def _from_signing(
    early: pd.DataFrame, exits: pd.DataFrame, months: pd.PeriodIndex
) -> list[tuple]:
    return [
        (
            _end(month),
            signed_by(early, exits, _end(month)),
            "rebuilt",
            "signing dates of the early register, less early_exits.csv",
        )
        for month in months
    ]


def signed_by(early: pd.DataFrame, exits: pd.DataFrame, day: str) -> int:
    """Agreements signed by a day before the first roster and not ended."""
    ended = zip(exits.date, exits.agreements, strict=True)
    gone = sum(int(agreements) for date, agreements in ended if date <= day)
    return sum(signed <= day for signed in early.signed) - gone


def _from_rosters(rosters: pd.DataFrame, months: pd.PeriodIndex) -> list[tuple]:
    known, rows = list(rosters.itertuples()), []
    for month in months:
        last = _last(known, _end(month))
        seen = last.date[:7] == str(month) and "rebuilt" not in last.publisher
        rows.append(_carried(last, month, seen))
    return rows


def _from_statement(totals: pd.DataFrame, months: pd.PeriodIndex) -> list[tuple]:
    """The anchor of that month, or carried forward from the one before."""
    anchors, rows = list(_anchors(totals).itertuples()), []
    for month in months:
        last = _last(anchors, _end(month))
        seen = last.date[:7] == str(month)
        rows.append(_carried(last, month, seen))
    return rows


def _carried(last, month: pd.Period, seen: bool) -> tuple:
    """A month with the total published last: observed if of that month."""
    grade = "observed" if seen else "rebuilt"
    return _end(month), int(last.total), grade, f"{last.publisher} of {last.date}"


def _anchors(totals: pd.DataFrame) -> pd.DataFrame:
    picked = [
        totals[(totals.date == date) & totals.publisher.str.startswith(name)]
        for date, name in ANCHORS
    ]
    return pd.concat(picked)


def _bridge(totals: pd.DataFrame) -> pd.Series:
    """Totals by the days between which the gap is bridged."""
    anchors = _anchors(totals)
    counts = anchors.total.astype(int).to_numpy()
    known = pd.Series(counts, pd.to_datetime(anchors.date))
    known[GAP[0].start_time - pd.Timedelta(days=1)] = known.iloc[0]  # carried forward
    for day in UNCHANGED:
        known[day] = known.iloc[1]
    return known.sort_index()


def _interpolated(
    totals: pd.DataFrame, agreements: pd.DataFrame, months: pd.PeriodIndex
) -> list[tuple]:
    """Jail agreements along a line between anchors, and warrant agreements by date.

    The first list of 2021 dates the warrant service officer agreements, which began
    in 2019; what an anchor counts beside them were jail enforcement agreements.
    """
    first = agreements[agreements.first_listed == agreements.first_listed.min()]
    warrant = pd.to_datetime(first.signed[first.model == "WSO"])
    known = _bridge(totals)
    jail = known - [(warrant <= day).sum() for day in known.index]
    jail = jail.resample("D").interpolate()
    rows = []
    for month in months:
        end = pd.Timestamp(_end(month))
        count = round(jail[end]) + int((warrant <= end).sum())
        rows.append(
            (
                _end(month),
                count,
                "interpolated",
                "between published totals, "
                "with the signing dates of warrant service officer agreements",
            )
        )
    return rows


def _from_lists(editions: pd.DataFrame, months: pd.PeriodIndex) -> list[tuple]:
    known, newest, rows = list(editions.itertuples()), editions.last_seen.max(), []
    for month in months:
        end = min(_end(month), newest)
        last = _last(known, end, "first_seen")
        seen = last.last_seen >= month.start_time.date().isoformat()
        rows.append(
            (
                end,
                int(last.agreements) + int(last.held),
                "observed" if seen else "rebuilt",
                f"edition {last.edition}",
            )
        )
    return rows


def compared(
    totals: pd.DataFrame,
    early: pd.DataFrame,
    exits: pd.DataFrame,
    editions: pd.DataFrame,
) -> pd.DataFrame:
    """Published totals beside the register's counts, where it has one of that day."""
    table = totals.copy()
    counts = [
        _register_count(row.date, early, exits, editions) for row in table.itertuples()
    ]
    table["register"] = pd.array([count for count, _ in counts], dtype="Int64")
    table["register_basis"] = [basis for _, basis in counts]
    table["difference"] = table.total.astype("Int64") - table.register
    order = [
        "date",
        "total",
        "counted",
        "publisher",
        "url",
        "confidence",
        "register",
        "register_basis",
        "difference",
        "explanation",
    ]
    return table[order]


def unexplained(totals: pd.DataFrame) -> list[str]:
    """A line for each total that differs without a reason, or has one for nothing.

    They stop nothing: a new list must never be refused for what others counted.
    """
    differs = (totals.difference != 0) & totals.difference.notna()
    known = totals.difference.notna()
    odd = totals[known & (differs != (totals.explanation != ""))]
    return [
        f"data/hand/published_totals.csv, line {row.Index + 2}: {row.publisher} gives "
        f"{row.total} on {row.date}, the register {row.register} "
        f"({row.register_basis}): "
        + (
            "explain the difference"
            if row.explanation == ""
            else "there is no difference to explain; take the explanation out"
        )
        for row in odd.itertuples()
    ]


def _register_count(
    day: str, early: pd.DataFrame, exits: pd.DataFrame, editions: pd.DataFrame
) -> tuple[int | None, str]:
    if day >= editions.first_seen.iloc[0]:
        return _of_list(day, editions[editions.first_seen <= day].iloc[-1])
    if early.empty:
        return None, ""
    first = early.first_roster[early.first_roster != ""].min()
    if day < first:
        return signed_by(early, exits, day), "signing dates"
    if day <= early.last_roster.max():
        on = (early.first_roster <= day) & (early.last_roster >= day)
        return int((on & (early.first_roster != "")).sum()), "rosters"
    return None, ""


def _of_list(day: str, newest: pd.Series) -> tuple[int | None, str]:
    """Count of the list that covers a day; none where nobody looked for so long."""
    unseen = (pd.Timestamp(day) - pd.Timestamp(newest.last_seen)).days
    if unseen > COVERED or (newest.list_until == "" and unseen > 0):
        return None, ""
    return int(newest.agreements) + int(newest.held), f"edition {newest.edition}"


def tables(
    data: Path, agreements: pd.DataFrame, editions: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The tables of the years before the lists, by name."""
    facts, exits, totals = (
        csv_text.read(data / "hand" / f"{name}.csv")
        for name in ("early_agreements", "early_exits", "published_totals")
    )
    early = early_register(facts, agreements)
    return {
        "early_register": early,
        "active_monthly": active_monthly(early, exits, totals, agreements, editions),
        "published_totals": compared(totals, early, exits, editions),
    }

"""Identified rows -> the register: agreements, spells, removals, signing dates.

What only the newest list says of an agreement (that it is still listed, and until
when) stands once, in the editions: an open interval has a blank end. So a new list
changes the rows that it changes, and no others.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis_utils.collect import held, naming
from analysis_utils.collect.hand import Hand, require_used
from analysis_utils.collect.workbooks import CELLS, LINKS

BRIEF = 10  # days: a listing this short, then gone, is marked
SWITCH = 30  # days around a removal in which a new model counts as its replacement


@dataclass(frozen=True)
class Register:
    """The tables of the register, ready to be written."""

    editions: pd.DataFrame
    agreements: pd.DataFrame
    spells: pd.DataFrame
    signing_dates: pd.DataFrame
    printed_rows: pd.DataFrame
    key_care: pd.DataFrame


def compiled(
    rows: pd.DataFrame, editions: pd.DataFrame, hand: Hand, counties: pd.DataFrame
) -> Register:
    """Register from identified rows (identify.identified) and their editions.

    editions: edition, first_seen, last_seen and provenance, in order; `first` and
    `last` of the rows are positions in it.
    """
    stated = rows[rows.set_aside == ""]
    listings = expanded(stated, "agreement_id")
    kept = held.held(rows, listings).astype(listings.dtypes)  # also where empty
    in_force = pd.concat([listings, kept]).sort_values(
        ["agreement_id", "position"], ignore_index=True
    )
    spells = spells_of(in_force, editions)
    dates = signing_dates(stated, editions)
    agreements = _agreements(stated, spells, dates, editions, hand, counties)
    spells = _dated(spells, editions)
    return Register(
        editions=_counted(rows, listings, kept, editions),
        agreements=agreements,
        spells=spells,
        signing_dates=dates,
        printed_rows=_printed_rows(rows),
        key_care=key_care(stated, len(editions)),
    )


def expanded(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """One row for each key in each edition that printed it: key, position."""
    lengths = (rows["last"] - rows["first"] + 1).to_numpy()
    table = rows.loc[rows.index.repeat(lengths), [key, "first"]]
    table["position"] = table["first"] + table.groupby(level=0).cumcount()
    return (
        table[[key, "position"]]
        .drop_duplicates()
        .sort_values([key, "position"], ignore_index=True)
    )


def spells_of(listings: pd.DataFrame, editions: pd.DataFrame) -> pd.DataFrame:
    """Unbroken runs of editions for each agreement: spell, first, last (positions)."""
    spells = runs_of(listings, "agreement_id")
    spells.insert(1, "spell", spells.groupby("agreement_id").cumcount() + 1)
    spells["ended"] = spells["last"] < len(editions) - 1
    return spells


def runs_of(listings: pd.DataFrame, key: str) -> pd.DataFrame:
    """Unbroken runs of positions of each key: key, first, last.

    listings: key and position, sorted by both, each pair once.
    """
    keys, positions = listings[key].to_numpy(dtype=object), listings.position.to_numpy()
    begins = np.ones(len(keys), dtype=bool)
    begins[1:] = (keys[1:] != keys[:-1]) | (positions[1:] != positions[:-1] + 1)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(keys)) - 1 if len(keys) else starts
    runs = listings[[key]].iloc[starts].reset_index(drop=True)
    return runs.assign(first=positions[starts], last=positions[ends])


def _dated(spells: pd.DataFrame, editions: pd.DataFrame) -> pd.DataFrame:
    """Spells with the dates of the lists that bound them."""
    seen, name = editions.first_seen, editions.edition
    table = spells[["agreement_id", "spell"]].copy()
    table["not_listed_before"] = _at(seen, spells["first"] - 1)
    table["first_listed"] = _at(seen, spells["first"])
    table["last_listed"] = _ended(editions.last_seen, spells["last"])
    table["gone_by"] = _at(seen, spells["last"] + 1)
    table["first_edition"] = _at(name, spells["first"])
    table["last_edition"] = _ended(name, spells["last"])
    return table


def _ended(values: pd.Series, positions: pd.Series) -> pd.Series:
    """Values at positions; blank at the newest list, where nothing has ended."""
    return _at(values.iloc[:-1], positions)


def _at(values: pd.Series, positions: pd.Series) -> pd.Series:
    """Values at positions; blank outside."""
    known = dict(enumerate(values))
    return positions.map(known).astype("str").fillna("")


def signing_dates(stated: pd.DataFrame, editions: pd.DataFrame) -> pd.DataFrame:
    """Every signing date ever printed for an agreement, with its intervals.

    Where one list prints an agreement twice with different dates, both stand.
    """
    rows = stated[stated.signed_date.notna()].copy()
    rows["dated"] = rows.agreement_id + " " + rows.signed_date.dt.strftime("%Y-%m-%d")
    table = runs_of(expanded(rows, "dated"), "dated")
    parts = table.dated.astype("str").str.rsplit(" ", n=1)
    return pd.DataFrame(
        {
            "agreement_id": parts.str[0],
            "signed": parts.str[1],
            "first_printed": _at(editions.first_seen, table["first"]),
            "last_printed": _ended(editions.last_seen, table["last"]),
            "replaced_by": _at(editions.first_seen, table["last"] + 1),
        }
    ).sort_values(["agreement_id", "first_printed", "signed"], ignore_index=True)


def _agreements(
    stated: pd.DataFrame,
    spells: pd.DataFrame,
    dates: pd.DataFrame,
    editions: pd.DataFrame,
    hand: Hand,
    counties: pd.DataFrame,
) -> pd.DataFrame:
    bounds = spells.groupby("agreement_id").agg(
        first=("first", "min"), last=("last", "max"), n_spells=("spell", "max")
    )
    table = bounds.join(_descriptions(stated, hand, counties))
    table["first_listed"] = _at(editions.first_seen, table["first"])
    table["last_listed"] = _ended(editions.last_seen, table["last"])
    table["gone_by"] = _at(editions.first_seen, table["last"] + 1)
    table = table.join(_signed(dates, table.first_listed))
    table["signed_quality"] = table.signed_quality.mask(
        _only_decided(stated, table.signed), "corrected"
    )
    table["removal"] = removals(table, spells, editions)
    days = _days_listed(spells, editions)
    table["brief"] = (table.gone_by != "") & (days <= BRIEF)
    table["document"] = _documents(stated).reindex(table.index).fillna("")
    columns = [
        "agreement_id",
        "agency_id",
        "state",
        "agency",
        "agency_kind",
        "level",
        "county",
        "county_fips",
        "model",
        "signed",
        "signed_quality",
        "resigned",
        "dates_printed",
        "first_listed",
        "last_listed",
        "gone_by",
        "removal",
        "n_spells",
        "brief",
        "names_printed",
        "document",
    ]
    return table.reset_index().sort_values("agreement_id")[columns]


def _descriptions(
    stated: pd.DataFrame, hand: Hand, counties: pd.DataFrame
) -> pd.DataFrame:
    """State, model, best spelling, level, kind and county of each agreement."""
    rows = stated.sort_values(["agreement_id", "last", "first"], kind="stable")
    groups = rows.groupby("agreement_id")
    columns = ["agreement_id", "agency_id", "state_code", "model", "name"]
    table = rows.drop_duplicates("agreement_id")[columns].set_index("agreement_id")
    table = table.rename(columns={"state_code": "state"})
    table["agency"] = table.agency_id.map(_best_spelling(rows, hand))
    table["names_printed"] = groups.agency.nunique()
    printed = _last_printed(rows, "level_code", "unknown").reindex(table.index)
    printed = printed.fillna(_last_printed(rows, "level_code")).fillna("")
    table["level"] = [
        naming.level(*pair) for pair in zip(table.name, printed, strict=True)
    ]
    table["county_fips"] = _last_printed(rows, "county_fips")
    table["county_fips"] = table.county_fips.fillna("")
    table["agency_kind"] = [
        naming.kind(*pair) for pair in zip(table.name, table.level, strict=True)
    ]
    table = _with_decided_kinds(table, hand)
    named = dict(zip(counties.fips, counties.county, strict=True))
    table["county"] = table.county_fips.map(named).astype("str").fillna("")
    return table.drop(columns="name")


def _documents(stated: pd.DataFrame) -> pd.Series:
    """Address of each agreement's document: the last one that a list gave.

    The lists print the word "link" that leads there; before 2025, the address itself.
    """
    links = stated.moa_link.where(stated.moa_link != "", stated.moa).str.strip()
    rows = stated.assign(document=links)[links.str.startswith("http")]
    rows = rows.sort_values(["agreement_id", "last", "first"], kind="stable")
    return _last(rows, "document")


def _last_printed(rows: pd.DataFrame, column: str, other_than: str = "") -> pd.Series:
    return _last(rows[~rows[column].isin(["", other_than])], column)


def _last(rows: pd.DataFrame, column: str) -> pd.Series:
    """The cell of the last row of each agreement; rows are in order of printing."""
    last = rows.drop_duplicates("agreement_id", keep="last")
    return last.set_index("agreement_id")[column]


def _best_spelling(rows: pd.DataFrame, hand: Hand) -> pd.Series:
    """Spelling of each agency printed most often among those that need no alias.

    An agency that was always misspelt takes the name that its alias gives.
    """
    shown = rows.agency.map({name: _plain(name) for name in rows.agency.unique()})
    own = rows.key == rows.name
    weight = (rows["last"] - rows["first"] + 1)[own]
    counts = weight.groupby([rows.agency_id[own], shown[own]]).sum().reset_index()
    counts.columns = ["agency_id", "agency", "times"]
    counts = counts.sort_values(["agency_id", "times", "agency"])
    best = counts.groupby("agency_id").agency.last()
    given = {naming.normalized(name): name for name in hand.aliases.same_as}
    rest = rows.groupby("agency_id").name.first().map(given)
    return best.reindex(rest.index).fillna(rest)


def _plain(name: str) -> str:
    return naming.trimmed(name).replace("\u2019", "'").replace("\u2018", "'")


def _with_decided_kinds(table: pd.DataFrame, hand: Hand) -> pd.DataFrame:
    used = []
    for row in hand.agencies.itertuples():
        hit = (table.state == row.state) & (table.name == naming.normalized(row.agency))
        used.append(
            (hit & ((table.agency_kind != row.kind) | (table.level != row.level))).any()
        )
        table.loc[hit, ["agency_kind", "level"]] = [row.kind, row.level]
    require_used(hand, "agencies", hand.agencies, used)
    return table


def _signed(dates: pd.DataFrame, first_listed: pd.Series) -> pd.DataFrame:
    """Signing date, its quality, a later signing, and every date printed.

    A date later than the first listing can't be that of the first signing: it is a
    new signing. Among the others the one printed last corrects those before.
    """
    table = dates.assign(
        until=dates.replaced_by.replace("", "still"),
        last=dates.last_printed.replace("", "still"),
    )
    table = table.sort_values(["agreement_id", "last", "until", "signed"])
    listed = table.agreement_id.map(first_listed)
    first = table[table.signed <= listed].groupby("agreement_id").signed
    again = table[table.signed > listed].groupby("agreement_id").signed.last()
    printed = table.groupby("agreement_id").signed
    result = pd.DataFrame(index=first_listed.index)
    result["signed"] = first.last()
    result["resigned"] = again
    result["dates_printed"] = printed.agg(lambda days: ";".join(sorted(set(days))))
    quality = pd.Series("printed", index=result.index)
    quality = quality.mask(first.nunique().reindex(result.index) > 1, "redated")
    late = result.signed.isna() & result.resigned.notna()
    quality = quality.mask(late, "after listing").mask(
        result.dates_printed.isna(), "missing"
    )
    result["signed"] = result.signed.fillna(printed.first().where(late))
    result["signed_quality"] = quality
    return result.fillna({"signed": "", "resigned": "", "dates_printed": ""})


def _only_decided(stated: pd.DataFrame, signed: pd.Series) -> pd.Series:
    """Agreements whose signing date no row prints by itself."""
    printed = stated[~stated.date_decided & stated.signed_date.notna()]
    days = printed.signed_date.dt.strftime("%Y-%m-%d")
    known = set(zip(printed.agreement_id, days, strict=True))
    return pd.Series(
        [day != "" and (name, day) not in known for name, day in signed.items()],
        index=signed.index,
    )


def _days_listed(spells: pd.DataFrame, editions: pd.DataFrame) -> pd.Series:
    """Days from the first to the last list that printed it, summed over spells."""
    first = pd.to_datetime(_at(editions.first_seen, spells["first"]))
    last = pd.to_datetime(_at(editions.last_seen, spells["last"]))
    return (last - first).dt.days.groupby(spells.agreement_id).sum()


def removals(
    table: pd.DataFrame, spells: pd.DataFrame, editions: pd.DataFrame
) -> pd.Series:
    """How each agreement left the list; blank while it is listed.

    agency left: the agency has no other agreement on the next list; model switched:
    another model of its was first listed later than this one and within SWITCH days
    of the removal; model dropped: it kept another model that it had by then.
    """
    days = pd.to_datetime(editions.first_seen).to_numpy().astype("M8[D]").astype(int)
    owner = spells.agreement_id.map(table.agency_id)
    of_agency: dict[str, list] = {}
    for name, spell in zip(owner, spells.itertuples(), strict=True):
        of_agency.setdefault(name, []).append(spell)
    result = {}
    for row in table[table.gone_by != ""].itertuples():
        gone = row.last + 1
        others = [s for s in of_agency[row.agency_id] if s.agreement_id != row.Index]
        # A model that was there first, or came with this one, does not replace it
        began = any(
            s.first > row.first and abs(days[s.first] - days[gone]) <= SWITCH
            for s in others
        )
        stayed = any(s.first <= gone <= s.last for s in others)
        result[row.Index] = (
            "model switched" if began else "model dropped" if stayed else "agency left"
        )
    return pd.Series(result, dtype=str).reindex(table.index).fillna("")


def _counted(
    rows: pd.DataFrame,
    listings: pd.DataFrame,
    kept: pd.DataFrame,
    editions: pd.DataFrame,
) -> pd.DataFrame:
    """Editions with rows printed = agreements + duplicates + set aside, and held."""
    table = editions.copy()
    aside = rows[rows.set_aside != ""]
    table["rows_printed"] = _alive(rows, len(editions))
    table["agreements"] = _in_each(listings, len(editions))
    table["set_aside"] = _alive(aside, len(editions))
    table["duplicates"] = table.rows_printed - table.agreements - table.set_aside
    table["held"] = _in_each(kept, len(editions))
    return table


def _in_each(listings: pd.DataFrame, size: int) -> list[int]:
    """Number of agreements in each edition."""
    counts = listings.position.value_counts()
    return counts.reindex(range(size), fill_value=0).tolist()


def _alive(rows: pd.DataFrame, size: int) -> list[int]:
    """Number of rows in each edition."""
    starts = rows["first"].value_counts().reindex(range(size), fill_value=0)
    ends = rows["last"].value_counts().reindex(range(size), fill_value=0)
    return (starts.cumsum() - ends.cumsum().shift(fill_value=0)).astype(int).tolist()


def _printed_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Every row; one that the newest list prints has no last edition yet."""
    table = rows.assign(
        last_edition=rows.last_edition.where(rows["last"] < rows["last"].max(), "")
    )
    return table[
        [
            "first_edition",
            "last_edition",
            *CELLS,
            "agreement_id",
            "set_aside",
            *LINKS,
        ]
    ]


def key_care(stated: pd.DataFrame, size: int) -> pd.DataFrame:
    """Agreements and "removed" agreements by the care with which they are matched."""
    cells = stated[["state", "agency", "support_type"]]
    trim = cells.apply(lambda column: column.map(naming.trimmed))
    keys = {
        "naive": cells,
        "trimmed": trim,
        "normalized": stated[["state_code", "key", "model"]],
        "final": stated[["agreement_id"]],
    }
    records = []
    for name, table in keys.items():
        last = stated["last"].groupby([table[column] for column in table]).max()
        records.append((name, len(last), int((last < size - 1).sum())))
    return pd.DataFrame(records, columns=["key", "agreements", "removed"])

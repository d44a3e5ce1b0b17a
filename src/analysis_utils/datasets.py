"""The one door to data/: typed tables, validated against data/datapackage.json.

Every loader is `load(name)` for one resource of the data package. A cell that breaks
its column's type or constraint raises Refused, which names file, line and column.
"""

from functools import lru_cache
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text, data_folder, run_context
from analysis_utils.asking import Refused
from analysis_utils.data_folder import DATA, PACKAGE

TRUE_FALSE = {"True": True, "False": False}


def load(name: str, folder: Path = DATA) -> pd.DataFrame:
    """Table of a resource, typed as data/datapackage.json says.

    Dates are datetime64, codes strings (blank where missing), numbers float64 where
    they can be missing; the order is that of the file. Raises Refused.
    """
    path = folder / data_folder.resource(name, folder)["path"]
    state = path.stat() if path.exists() else None
    table = _table(name, folder, state and (state.st_mtime_ns, state.st_size))
    run_context.record_read(path)
    fingerprint = data_folder.schema_fingerprint(name, folder)
    run_context.record_part(run_context.SCHEMA + name, fingerprint)
    return table.copy(deep=False)  # pandas copies what its holder writes to


@lru_cache(maxsize=64)
def _table(name: str, folder: Path, state: tuple[int, int] | None) -> pd.DataFrame:
    """The table as the file stood at its last change; read and checked once."""
    resource = data_folder.resource(name, folder)
    path, fields = folder / resource["path"], resource["schema"]["fields"]
    text = csv_text.read(path, [field["name"] for field in fields])
    table = pd.DataFrame(
        {field["name"]: _typed(text[field["name"]], field, path) for field in fields}
    )
    _validate(table, resource["schema"], path)
    return table


def agreements() -> pd.DataFrame:
    """One row for each agreement (state, agency, model) listed since 2021."""
    return _until_newest(load("agreements"), {"last_listed": "last_seen"})


def spells() -> pd.DataFrame:
    """One row for each unbroken time that an agreement was listed."""
    ends = {"last_listed": "last_seen", "last_edition": "edition"}
    return _until_newest(load("spells"), ends)


def signing_dates() -> pd.DataFrame:
    """Every signing date ever printed for an agreement, and when it was printed."""
    return _until_newest(load("signing_dates"), {"last_printed": "last_seen"})


def editions() -> pd.DataFrame:
    """One row for each edition of ICE's list, with its interval and its counts."""
    return load("editions")


def printed_rows() -> pd.DataFrame:
    """Every row as printed, with the editions that printed it and its agreement."""
    return _until_newest(load("printed_rows"), {"last_edition": "edition"})


def _until_newest(table: pd.DataFrame, ends: dict[str, str]) -> pd.DataFrame:
    """Blank ends filled in from the newest edition, which is not stored in each row.

    ends: column of the table -> column of editions that ends it.
    """
    newest = editions().iloc[-1]
    for column, of_editions in ends.items():
        is_open = table[column].isna() | (table[column] == "")
        table[column] = table[column].mask(is_open, newest[of_editions])
    return table


def captures() -> pd.DataFrame:
    """Every published copy of a list: where it is, and which table it shows."""
    return load("captures")


def taken_in() -> pd.DataFrame:
    """Lists that `make update` took in, in that order."""
    return load("taken_in")


def early_register() -> pd.DataFrame:
    """Agreements signed from 2002 to July 2017, ended ones included."""
    return load("early_register")


def active_monthly() -> pd.DataFrame:
    """Active agreements by month since July 2002, each month graded.

    `series.active_since_2002` hands these out without the interpolated months.
    """
    return load("active_monthly")


def published_totals() -> pd.DataFrame:
    """Totals published by ICE and others beside the register's, and why they differ."""
    return load("published_totals")


def anomalies() -> pd.DataFrame:
    """What is wrong in the published lists, by class, with counts and an example."""
    return load("anomalies")


def key_care() -> pd.DataFrame:
    """ "Removed" agreements by the care with which names are matched."""
    return load("key_care")


def states() -> pd.DataFrame:
    """States, the District and territories: codes, names, denominators, 2024 vote."""
    return load("states")


def counties() -> pd.DataFrame:
    """Counties: FIPS code, ICE area of responsibility, votes 2024, Census facts."""
    return load("counties")


def agency_links() -> pd.DataFrame:
    """Agencies of the register with their ORI on the FBI's list, and how linked."""
    return load("agency_links")


def agencies_at_risk(units: bool = False) -> pd.DataFrame:
    """Every agency that could sign: ORI, kind, county, population, sworn officers.

    The posts of state agencies are left out unless `units` is true.
    """
    table = load("agencies_at_risk")
    return table if units else table[~table["unit"]].reset_index(drop=True)


def state_neighbours() -> pd.DataFrame:
    """Pairs of states with a common border, in both directions."""
    return load("state_neighbours")


def county_neighbours() -> pd.DataFrame:
    """Pairs of counties with a common border, in both directions."""
    return load("county_neighbours")


def county_shapes() -> pd.DataFrame:
    """Stretches of border between counties, ready to draw (publish.maps)."""
    return load("county_shapes")


def policy_events() -> pd.DataFrame:
    """Federal and state events 1996-2026: id, date, effect, dates of force, source."""
    return load("policy_events")


def bans(day: str | pd.Timestamp | None = None) -> pd.DataFrame:
    """State acts that forbid agreements; those in force on `day` if it is given.

    As policy_events(), with `since`: the first day in force, or the day of the event
    where that is unknown. `applies_to` says whom each reaches.
    """
    return _acts("bans", day)


def mandates(day: str | pd.Timestamp | None = None) -> pd.DataFrame:
    """State acts that require agreements; those in force on `day` if it is given.

    As bans(); `deadline` is the last day to comply.
    """
    return _acts("mandates", day)


def _acts(effect: str, day: str | pd.Timestamp | None) -> pd.DataFrame:
    table = load("policy_events")
    table = table[(table["effect"] == effect) & (table["level"] == "state")]
    table = table.assign(since=table["in_force"].fillna(table["date"]))
    if day is not None:
        day = pd.Timestamp(day)
        table = table[(table["since"] <= day) & ~(table["ended"] <= day)]
    return table.reset_index(drop=True)


def encounters(
    series: str | None = None, level: str | None = None, geography: str | None = None
) -> pd.DataFrame:
    """Monthly counts of events: date, series, level, geography, value, flag, source.

    Levels: nation, state, area (of responsibility), sector. Raises Refused for a
    series, level or geography that has no counts. encounter_series() says what each
    series counts and what is known to be wrong with it.
    """
    table = load("encounters")
    wanted = {"series": series, "level": level, "geography": geography}
    for column, value in wanted.items():
        if value is None:
            continue
        known = table[column].unique()
        if value not in known:
            raise Refused(
                f"encounters have no {column} {value!r}; there are "
                f"{', '.join(sorted(known))}"
            )
        table = table[table[column] == value]
    return table.reset_index(drop=True)


def encounter_series() -> pd.DataFrame:
    """What each series of encounters counts, its faults and its coverage."""
    return load("encounter_series")


def encounter_overlaps() -> pd.DataFrame:
    """Both numbers wherever two publications count the same months or years."""
    return load("encounter_overlaps")


def encounter_bounds() -> pd.DataFrame:
    """Lowest and highest count that published totals allow, where no series exists."""
    return load("encounter_bounds")


def series_breaks() -> pd.DataFrame:
    """Days on which a series of encounters stops meaning what it meant before."""
    return load("series_breaks")


def published_figures() -> pd.DataFrame:
    """Single figures that others published, as printed, with how exact they are."""
    return load("published_figures")


def article_claims() -> pd.DataFrame:
    """Claims of the article that prompted the study, and what checks each of them."""
    return load("article_claims")


def arrests_by_method() -> pd.DataFrame:
    """ICE arrests by month, state, area and method; empty until `make arrests`."""
    return load("arrests_by_method")


def arrest_records() -> pd.DataFrame:
    """The file behind arrests_by_method, and what became of its records."""
    return load("arrest_records")


def program_counts() -> pd.DataFrame:
    """Identified and removed through 287(g), by agency and fiscal year 2006-2013."""
    return load("program_counts")


def sources() -> pd.DataFrame:
    """Every published file that data/ rests on: address, checksum, licence."""
    return load("sources")


def _typed(cells: pd.Series, field: dict, path: Path) -> pd.Series:
    """Column in its type; raises Refused at the first cell that doesn't fit."""
    kind = field["type"]
    if kind == "string":
        return cells
    full = cells[cells != ""]
    if kind == "date":
        values = pd.to_datetime(full, format="%Y-%m-%d", errors="coerce")
    elif kind == "boolean":
        values = full.map(TRUE_FALSE)
    else:
        values = pd.to_numeric(full, errors="coerce")
        if kind == "integer":
            values = values.where(values % 1 == 0)
    bad = full[values.isna()]
    if len(bad):
        _fail(path, bad.index[0], field["name"], bad.iloc[0], f"is no {kind}")
    return _widened(values, cells, kind)


def _widened(values: pd.Series, cells: pd.Series, kind: str) -> pd.Series:
    """Values on all rows: missing as NaT or NaN, whole columns in plain types."""
    if len(values) < len(cells):
        values = values.reindex(cells.index)
        return values.astype("float64") if kind == "integer" else values
    plain = {"integer": "int64", "number": "float64", "boolean": "bool"}
    return values.astype(plain[kind]) if kind in plain else values


def _validate(table: pd.DataFrame, schema: dict, path: Path) -> None:
    import pandera.pandas as pa  # late: 0.1 s that a mere import need not pay

    columns = {field["name"]: _column(pa, field, table) for field in schema["fields"]}
    key = schema.get("primaryKey")
    try:
        pa.DataFrameSchema(columns, unique=key).validate(table, lazy=True)
        return
    except pa.errors.SchemaErrors as errors:
        case = errors.failure_cases.sort_values("index", kind="stable").iloc[0]
    _fail(
        path,
        int(case["index"]),
        case["column"] or ", ".join(key or ()),
        case["failure_case"],
        f"breaks {case['check']}",
    )


def _column(pa, field: dict, table: pd.DataFrame):
    """Pandera column for the constraints of a field."""
    rules = field.get("constraints", {})
    blank_is_missing = field["type"] == "string" and not rules.get("required")
    checks = []
    if "enum" in rules:
        allowed = [*rules["enum"], *([""] if blank_is_missing else [])]
        checks.append(pa.Check.isin(allowed))
    if "pattern" in rules:
        pattern = f"(?:{rules['pattern']})" + ("|" if blank_is_missing else "")
        checks.append(
            pa.Check(
                lambda cells: cells.str.fullmatch(pattern),
                name=f"pattern {rules['pattern']}",
            )
        )
    if "minimum" in rules:
        checks.append(pa.Check.ge(_bound(rules["minimum"], field)))
    if "maximum" in rules:
        checks.append(pa.Check.le(_bound(rules["maximum"], field)))
    if rules.get("required") and field["type"] == "string":
        checks.append(pa.Check(lambda cells: cells != "", name="required"))
    return pa.Column(
        None,
        checks,
        nullable=not rules.get("required"),
        unique=bool(rules.get("unique")),
    )


def _bound(value: object, field: dict) -> object:
    return pd.Timestamp(value) if field["type"] == "date" else value


def _fail(path: Path, row: int, column: str, value: object, what: str) -> None:
    """Raise Refused for a row of a table (row 0 stands in line 2)."""
    raise Refused(
        f"{csv_text.shown(path)}, line {row + 2}, column {column}: "
        f"{value!r} {what} (see data/{PACKAGE})"
    )

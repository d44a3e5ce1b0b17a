"""What is wrong in the published lists, counted by class."""

from collections.abc import Iterator

import pandas as pd

from analysis_utils.collect import naming

Found = tuple[str, str, pd.Series]  # column, what is wrong, which rows


def anomalies(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows and agreements that each class of fault touches, with an example.

    rows: identified rows (identify.identified). A row counts once for every edition
    that printed it. Columns: column, fault, rows, agreements, example.
    """
    times = rows["last"] - rows["first"] + 1
    records = []
    for column, fault, hit in _classes(rows):
        if hit.any():
            example = repr(rows.loc[hit, column].iloc[0]).strip("'\"")
            records.append(
                (
                    column,
                    fault,
                    int(times[hit].sum()),
                    rows.agreement_id[hit].nunique(),
                    example,
                )
            )
    return pd.DataFrame(
        records, columns=["column", "fault", "rows", "agreements", "example"]
    )


def _classes(rows: pd.DataFrame) -> Iterator[Found]:
    for column in ("state", "agency", "type", "county", "support_type", "signed"):
        odd = rows[column] != _trimmed(rows[column])
        yield column, "white space before, after or doubled", odd
    yield "state", "not in capitals", _trimmed(rows.state) != _upper(rows.state)
    yield from _spellings(rows)
    yield "agency", "curly apostrophe", rows.agency.str.contains("[\u2018\u2019]")
    yield "agency", "one of several spellings of the agency", _varies(rows, "agency")
    yield "agency", "other name of the agency (hand/aliases.csv)", rows.key != rows.name
    yield "type", "one of several levels of the agreement", _varies(rows, "level_code")
    none = _upper(rows.county).isin(["#NA", "N/A", "#N/A"])
    yield "county", "none, written #NA, N/A or #N/A", none
    several = _varies(rows, "county_fips")
    yield "county", "one of several counties of the agreement", several
    yield from _dates(rows)
    yield "moa", "link pending", _upper(rows.moa) == "LINK PENDING"


def _spellings(rows: pd.DataFrame) -> Iterator[Found]:
    states = _upper(rows.state)
    usual = rows.state_code.map(_usual(states, rows.state_code))
    wrong_state = rows.printed_state != rows.state_code
    yield "state", "wrong state (hand/state_corrections.csv)", wrong_state
    yield "state", "misspelt", (states != usual) & ~wrong_state
    for column, code in (("support_type", "model"), ("type", "level_code")):
        upper = _upper(rows[column])
        usual = rows[code].map(_usual(upper, rows[code]))
        other = (upper != usual) & ~upper.isin(["", "#NA"])
        yield column, "other than the usual words", other
    yield "type", "none, written #NA", _upper(rows.type) == "#NA"


def _usual(words: pd.Series, code: pd.Series) -> pd.Series:
    """The words printed most often for each code; of two, the first by alphabet."""
    table = pd.DataFrame({"code": code, "words": words})
    table = table.value_counts(sort=False).rename("times").reset_index()
    table = table.sort_values(["code", "times", "words"], ascending=[True, False, True])
    return table.drop_duplicates("code").set_index("code").words


def _dates(rows: pd.DataFrame) -> Iterator[Found]:
    iso = rows.signed_date.dt.strftime("%Y-%m-%d")
    misread = (rows.meant != iso) & rows.signed_date.notna()
    yield "signed", "misprinted (hand/dates.csv)", misread
    blank = rows.signed.str.strip() == ""
    yield "signed", "blank", blank
    yield "signed", "unreadable", rows.signed_date.isna() & ~blank
    yield (
        "signed",
        "one of several dates of the agreement",
        _varies(rows.assign(signed_date=iso), "signed_date"),
    )


def _varies(rows: pd.DataFrame, column: str) -> pd.Series:
    """Rows of agreements for which a column has more than one value."""
    filled = rows[rows[column].notna() & (rows[column] != "")]
    count = filled.groupby("agreement_id")[column].nunique()
    return rows.agreement_id.map(count > 1).astype("boolean").fillna(False) & (
        rows[column].notna() & (rows[column] != "")
    )


def _trimmed(cells: pd.Series) -> pd.Series:
    return cells.map({cell: naming.trimmed(cell) for cell in cells.unique()})


def _upper(cells: pd.Series) -> pd.Series:
    return _trimmed(cells).str.upper()

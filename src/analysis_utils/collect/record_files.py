"""A file of records, read in pieces: Parquet, CSV or Excel, only the columns asked for.

DuckDB reads Parquet and CSV because it streams both, and because pyarrow, once it is
installed, changes how pandas stores every text of every other table here and adds half
a second to each start.
"""

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException
from python_calamine import CalamineError, CalamineWorkbook

from analysis_utils.asking import Refused

PIECE = 50_000  # rows at a time
VECTORS = 24  # of 2,048 rows: about the same
HEAD = 20  # lines in which the headings are looked for: ICE puts notes above them
LARGE = 100_000_000  # bytes of XML of a workbook, above which it is read row by row
MEMORY = "400MB"  # DuckDB writes to disk above that
OTHERS = {  # first bytes: what the file is, and what to do
    b"\xd0\xcf\x11\xe0": "an old Excel file (xls): save it as xlsx or CSV",
    b"\xff\xfe": 'in UTF-16: save it as "CSV UTF-8"',
    b"\xfe\xff": 'in UTF-16: save it as "CSV UTF-8"',
    b"\x1f\x8b": "packed (gzip): unpack it first",
}


@dataclass(frozen=True)
class Layout:
    """Where the columns are: headings as printed, by the names given to them."""

    path: Path
    kind: str  # parquet, csv or excel
    headings: dict[str, list[str]]  # by column, the preferred one first
    skip: int = 0  # lines above the headings
    separator: str = ","
    rows: int | None = None  # where the file says so


def plain(heading: object) -> str:
    """A heading in lower case with underscores: `Apprehension Date` and the like.

    >>> plain(" Apprehension Date")
    'apprehension_date'
    """
    return re.sub(r"[^a-z0-9]+", "_", str(heading).strip().lower()).strip("_")


def layout(path: Path, known: pd.DataFrame, needed: list[str]) -> Layout:
    """The layout of a file, by its first bytes and its headings.

    `known` has the columns heading (plain), column, rank. Raises Refused for a file
    that is not there, empty, of another kind, or without a column of `needed`.
    """
    kind = _kind(path)
    if kind == "parquet":
        printed, rows = _parquet(path)
        return Layout(path, kind, _found(path, printed, known, needed), rows=rows)
    if kind == "csv":
        skip, separator, printed = _csv_head(path, set(known.heading))
        found = _found(path, printed, known, needed)
        return Layout(path, kind, found, skip, separator)
    return Layout(path, kind, _excel_head(path, known, needed))


def pieces(file: Layout) -> Iterator[pd.DataFrame]:
    """The records, some ten thousands at a time: text by heading, missing as None."""
    if file.kind == "excel":
        yield from _excel(file)
    else:
        yield from _database(file)


def _kind(path: Path) -> str:
    if path.is_dir():
        raise Refused(f"{path} is a folder: name one file in it")
    if not path.is_file():
        raise Refused(f"there is no file {path}")
    start = path.open("rb").read(4096)
    if not start:
        raise Refused(f"{path.name} is empty: no byte is in it")
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK"):
        return "excel"
    for mark, what in OTHERS.items():
        if start.startswith(mark):
            raise Refused(f"{path.name} is {what}")
    if start.startswith(b"version https://git-lfs"):
        raise Refused(f"{path.name} is only a pointer (Git LFS): fetch the file itself")
    if b"\0" in start or start.lstrip().startswith(b"<"):
        raise Refused(f"{path.name} is neither Parquet nor Excel (xlsx) nor CSV")
    return "csv"


def _found(
    path: Path, printed: list[str], known: pd.DataFrame, needed: list[str]
) -> dict[str, list[str]]:
    """Printed headings by column; raises Refused where a needed one is missing."""
    by_name: dict[str, list[str]] = {}
    for heading in printed:
        by_name.setdefault(plain(heading), []).append(heading)
    found: dict[str, list[str]] = {}
    for row in known.sort_values(["column", "rank"], kind="stable").itertuples():
        same = by_name.get(row.heading, [])
        if len(same) > 1:
            raise Refused(f"{path.name} has {len(same)} columns called {same[0]!r}")
        found.setdefault(row.column, []).extend(same)
    missing = [name for name in needed if not found.get(name)]
    if missing:
        raise Refused(
            f"{path.name} has no column for {', '.join(missing)}; it has "
            f"{', '.join(map(str, printed[:30])) or 'none'}. If one of them is meant, "
            "say so by a row in data/hand/arrest_columns.csv"
        )
    return {column: headings for column, headings in found.items() if headings}


def _connect():
    import duckdb  # late: no other part of the package needs it

    database = duckdb.connect(config={"memory_limit": MEMORY, "threads": 2})
    database.execute("SET TimeZone = 'UTC'")
    return database


def _parquet(path: Path) -> tuple[list[str], int]:
    import duckdb

    try:
        database = _connect()
        head = database.execute("SELECT * FROM read_parquet(?) LIMIT 0", [_named(path)])
        printed = [column[0] for column in head.description]
        count = "SELECT count(*) FROM read_parquet(?)"
        return printed, database.execute(count, [_named(path)]).fetchone()[0]
    except duckdb.Error as error:
        raise Refused(f"{path.name}: {str(error).splitlines()[0]}") from error


def _named(path: Path) -> str:
    """The name as DuckDB takes it; raises Refused for one that it would expand."""
    if set("*?[") & set(str(path)):
        raise Refused(f"{path}: a name with *, ? or [ in it can't be read; rename it")
    return str(path)


def _csv_head(path: Path, known: set[str]) -> tuple[int, str, list[str]]:
    """Lines above the headings, the separator, and the headings."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        head = [line for _, line in zip(range(HEAD), lines, strict=False)]
    best = (0, 0, ",", [""])
    for number, line in enumerate(head):
        for separator in (",", ";", "\t", "|"):
            cells = next(csv.reader([line], delimiter=separator), [])
            hits = sum(plain(cell) in known for cell in cells)
            if hits > best[0]:
                best = (hits, number, separator, cells)
    if not best[0]:
        cells = next(csv.reader(head[:1]), [])
        return 0, ",", cells
    return best[1:]


def _database(file: Layout) -> Iterator[pd.DataFrame]:
    """Pieces of a Parquet or CSV file; every cell as text."""
    import duckdb

    columns = [heading for names in file.headings.values() for heading in names]
    chosen = ", ".join(
        f'CAST("{name}" AS VARCHAR) AS "{name}"'
        for name in (heading.replace('"', '""') for heading in columns)
    )
    source = "read_parquet($path)"
    options: dict[str, object] = {"path": _named(file.path)}
    if file.kind == "csv":
        source = (
            "read_csv($path, header = true, all_varchar = true, skip = $skip, "
            "delim = $delim, quote = '\"')"
        )
        options |= {"skip": file.skip, "delim": file.separator}
    try:
        found = _connect().execute(f"SELECT {chosen} FROM {source}", options)
        while len(piece := found.fetch_df_chunk(VECTORS)):
            yield piece
    except duckdb.Error as error:
        raise Refused(f"{file.path.name}: {str(error).splitlines()[0]}") from error


def _sheets(path: Path) -> Iterator[tuple[str, Iterator]]:
    """Name and rows of each sheet.

    Calamine is fast and holds a sheet in memory, about twice its XML; openpyxl takes
    ten times as long and holds one row. A large workbook is better saved as CSV.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            if not any(name.startswith("xl/") for name in parts.namelist()):
                raise Refused(
                    f"{path.name} is a zip and no workbook: unpack it and name the "
                    "file in it"
                )
            xml = sum(
                part.file_size
                for part in parts.infolist()
                if part.filename.startswith("xl/worksheets/")
            )
        if xml < LARGE:
            workbook = CalamineWorkbook.from_path(path)
            for name in workbook.sheet_names:
                yield name, workbook.get_sheet_by_name(name).iter_rows()
            return
        for sheet in openpyxl.load_workbook(path, read_only=True):
            sheet.reset_dimensions()  # what the file says of its extent may be wrong
            yield sheet.title, sheet.iter_rows(values_only=True)
    except (CalamineError, zipfile.BadZipFile, InvalidFileException) as error:
        raise Refused(f"{path.name} can't be read as Excel: {error}") from error


def _heading_at(head: list[Sequence], known: set[str]) -> int | None:
    """Which of the first rows has three or more known headings."""
    for place, row in enumerate(head):
        if sum(plain(cell) in known for cell in row) >= 3:
            return place
    return None


def _excel_head(
    path: Path, known: pd.DataFrame, needed: list[str]
) -> dict[str, list[str]]:
    """Headings of the first sheet that has them."""
    shown: list[str] = []
    for _, rows in _sheets(path):
        head = list(islice(rows, HEAD))
        at = _heading_at(head, set(known.heading))
        if at is not None:
            return _found(path, [str(cell) for cell in head[at]], known, needed)
        if head:
            shown = shown or [text for cell in head[0] if (text := _text(cell))]
    return _found(path, shown, known, needed)


def _excel(file: Layout) -> Iterator[pd.DataFrame]:
    """Pieces of every sheet that has the headings; raises Refused if two differ.

    A sheet of notes, one or two columns wide, is passed over; one that holds as much in
    a row as the records do, without headings, is refused: records would be lost.
    """
    columns = [heading for names in file.headings.values() for heading in names]
    known = {plain(heading) for heading in columns}
    for name, rows in _sheets(file.path):
        head = list(islice(rows, HEAD))
        at = _heading_at(head, known)
        if at is None:
            if any(sum(map(bool, map(_text, row))) >= len(columns) for row in head):
                raise Refused(
                    f"{file.path.name}, sheet {name!r} has records and no headings: "
                    "write those of the other sheet above them, or delete the sheet"
                )
            continue
        printed = [str(cell) for cell in head[at]]
        if lost := [heading for heading in columns if heading not in printed]:
            raise Refused(
                f"{file.path.name}, sheet {name!r}: no column {', '.join(lost)}, "
                "which another sheet has"
            )
        places = [printed.index(heading) for heading in columns]
        records = (
            [_text(row[n]) if n < len(row) else None for n in places]
            for row in chain(head[at + 1 :], rows)
        )
        while piece := list(islice(records, PIECE)):
            yield pd.DataFrame(piece, columns=columns, dtype=object)


def _text(cell: object) -> str | None:
    return None if cell is None or cell == "" else str(cell)

"""Every copy of a list that is known, and the register's editions out of them.

From the published workbooks, or from the printed rows compiled before: either way the
same copies in the same order, so that both give the same editions.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import editions, hand, taken
from analysis_utils.collect.hand import Hand
from analysis_utils.collect.workbooks import PrintedTable, read_table
from analysis_utils.run_context import sha256

WORKERS = 2
MANY = 20  # workbooks from which a second process pays
COPY = ["file", "workbook", "edition", "source", "sha256"]


@dataclass(frozen=True)
class Lists:
    """Copies with their dates, and the printed rows of each workbook at hand."""

    copies: pd.DataFrame  # COPY; editions.dated
    rows: dict[str, list[editions.Row]]  # workbook -> cells of editions.PRINTED
    prints: dict[str, str]  # workbook -> fingerprint of its table
    table: pd.DataFrame | None = None  # editions compiled before,
    printed: pd.DataFrame | None = None  # and their printed rows

    def in_order(self) -> pd.DataFrame:
        """Editions in order: editions.COLUMNS_OF_TABLE."""
        return editions.in_order(self.copies, self.prints)

    def woven(self, table: pd.DataFrame) -> pd.DataFrame:
        """Printed rows of the editions in `table` (`in_order`)."""
        named = list(zip(table.edition, table.workbook, strict=True))
        return editions.weave(
            [(name, self.rows[book]) for name, book in named], self._same(named)
        )

    def _same(self, named: list[tuple[str, str]]) -> pd.DataFrame | None:
        """Printed rows compiled before, as far as the editions are still the same."""
        if self.table is None:
            return None
        old = zip(self.table.edition, self.table.workbook, strict=True)
        pairs = enumerate(zip(old, named, strict=False))
        least = min(len(named), len(self.table))
        return editions.until(
            self.printed, next((n for n, (a, b) in pairs if a != b), least)
        )

    def missing(self) -> list[str]:
        """Workbooks that copies name but nobody has."""
        return sorted(set(self.copies.workbook) - set(self.prints))

    def with_copy(self, copy: dict[str, str], rows: list[editions.Row]) -> "Lists":
        """The lists with one more copy, whose table may be known already."""
        copies = pd.concat([self.copies, pd.DataFrame([copy])[COPY]], ignore_index=True)
        if copy["workbook"] in self.prints:
            return replace(self, copies=copies)
        name = copy["workbook"]
        prints = self.prints | {name: editions.fingerprint(rows)}
        rows_ = self.rows | {name: rows}
        return replace(self, copies=copies, rows=rows_, prints=prints)

    def without(self, copy: pd.Series) -> "Lists":
        """The lists without one copy that `make update` took in."""
        same = (self.copies.file == copy.file) & (self.copies.sha256 == copy.sha256)
        same &= self.copies.edition == copy.edition
        return replace(self, copies=self.copies[~same])


def from_workbooks(
    published: pd.DataFrame, raw: Path, data: Path, decisions: Hand
) -> Lists:
    """Lists from the published workbooks and those that `make update` kept."""
    paths = {
        path.name: path
        for folder in (raw / "ice_lists", data / taken.FOLDER)
        if folder.is_dir()
        for path in sorted(folder.glob("*.xlsx"))
    }
    copies = _copies(published, taken.read(data), paths)
    copies = editions.dated(copies, decisions.files)
    tables = _read(copies, paths, hand.columns_by_heading(decisions))
    rows = {name: editions.tuples(table.rows) for name, table in tables.items()}
    prints = {name: editions.fingerprint(table) for name, table in rows.items()}
    return Lists(copies, rows, prints)


def from_data(data: Path, decisions: Hand) -> Lists:
    """Lists from the printed rows compiled before, without any workbook.

    Dates are decided anew, so that a row of hand/files.csv takes effect here too.
    """
    table, printed = compiled(data)
    copies = _copies(editions.read_compiled(data), taken.read(data), {})
    cells = editions.tuples(printed)
    first, last = printed["first"].to_numpy(), printed["last"].to_numpy()
    rows = {
        workbook: [cells[i] for i in np.flatnonzero((first <= n) & (last >= n))]
        for n, workbook in enumerate(table.workbook)
    }
    prints = {name: editions.fingerprint(table) for name, table in rows.items()}
    copies = _with_unnamed(copies, table)
    copies = editions.dated(copies, decisions.files)
    return Lists(copies, rows, prints, table, printed)


def compiled(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Editions and printed rows as compiled before; raises Refused."""
    table = csv_text.read(data / "editions.csv")
    rows = csv_text.read(data / "printed_rows.csv")
    place = {name: position for position, name in enumerate(table.edition)}
    open_end = rows.last_edition == ""
    rows["last_edition"] = rows.last_edition.mask(open_end, table.edition.iloc[-1])
    for end in ("first", "last"):
        positions = rows[f"{end}_edition"].map(place)
        if positions.isna().any():
            row = positions.index[positions.isna()][0]
            raise Refused(
                f"data/printed_rows.csv, row {row + 1}: editions.csv has no "
                f"{rows[f'{end}_edition'][row]}; git restore data, or make data"
            )
        rows[end] = positions.astype("int64")
    kept = [*editions.PRINTED, "first", "last", "first_edition", "last_edition"]
    return table[editions.COLUMNS_OF_TABLE], rows[kept]


def _copies(
    published: pd.DataFrame, taken_in: pd.DataFrame, paths: dict[str, Path]
) -> pd.DataFrame:
    """Every copy with its source; workbooks that none names count as one copy each."""
    table = published[["file", "workbook", "sha256"]].copy()
    table["source"] = (
        published.repository + "@" + published.commit + ":" + published.path
    )
    table["edition"] = ""
    known = set(table.workbook) | set(taken_in.workbook)
    new = [name for name in paths if name not in known]
    more = pd.DataFrame(
        {
            "file": new,
            "workbook": new,
            "edition": "",
            "source": "",
            "sha256": [sha256(paths[name]) for name in new],
        },
        dtype="str",
    )
    return pd.concat([table[COPY], taken_in[COPY], more], ignore_index=True)


def _with_unnamed(copies: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Copies with those editions whose workbook lay there without a row for it."""
    lone = table[~table.sha256.isin(copies.sha256)]
    return pd.concat([copies, lone.assign(file=lone.workbook)[COPY]], ignore_index=True)


def _read(
    copies: pd.DataFrame, paths: dict[str, Path], headings: dict[str, str]
) -> dict[str, PrintedTable]:
    """Every workbook that a copy names and that is at hand."""
    names = sorted(set(copies.workbook) & set(paths))
    read = partial(_read_one, headings=headings)
    wanted = [paths[name] for name in names]
    if len(names) < MANY:
        return dict(zip(names, map(read, wanted), strict=True))
    # Reading is half of `make data`, and each workbook is read by itself
    with ProcessPoolExecutor(WORKERS, get_context("fork")) as pool:
        return dict(zip(names, pool.map(read, wanted, chunksize=8), strict=True))


def _read_one(path: Path, headings: dict[str, str]) -> PrintedTable:
    try:
        return read_table(path, headings)
    except Refused as error:
        raise Refused(
            f"{error} If the file is no list, set it aside in "
            "data/hand/files.csv with the reason."
        ) from None

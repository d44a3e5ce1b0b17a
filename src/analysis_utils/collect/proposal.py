"""The register with one more list, not yet written: `make update` shows it first."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import compile as compiling
from analysis_utils.collect import editions, hand, lists, taken
from analysis_utils.collect.hand import Hand
from analysis_utils.collect.workbooks import PrintedTable, read_table
from analysis_utils.run_context import sha256


@dataclass(frozen=True)
class Update:
    """A list that can be taken in, the register before it and with it."""

    path: Path
    copy: dict[str, str]  # its row of data/taken_in.csv
    given: bool  # its date was given, not read from its name
    table: PrintedTable
    position: int  # of its edition among those of `after`
    sighting: bool  # its table is that of a known edition at that time
    before: dict[str, pd.DataFrame]  # agreements and editions
    after: dict[str, pd.DataFrame]
    rows: pd.DataFrame  # identified rows of all editions

    @property
    def own(self) -> pd.DataFrame:
        """Identified rows of the list, in its order; `sheet`: their row there."""
        here = (self.rows["first"] <= self.position) & (
            self.rows["last"] >= self.position
        )
        return self.rows[here].assign(sheet=self.table.rows.row.tolist())

    def in_force(self, position: int) -> pd.DataFrame:
        """Agreements in force in an edition of the register with the list, by id."""
        table, spells = self.after["editions"], self.after["spells"]
        place = {name: number for number, name in enumerate(table.edition)}
        first = spells.first_edition.map(place)
        last = spells.last_edition.map(place).fillna(len(table) - 1)
        names = spells.agreement_id[(first <= position) & (last >= position)].unique()
        return self.after["agreements"].set_index("agreement_id").loc[sorted(names)]

    @property
    def newest(self) -> bool:
        """Whether no known edition is later."""
        return self.position == len(self.after["editions"]) - 1


def proposed(path: Path, date: str, data: Path, source: str = "") -> Update:
    """The register with a list; raises Refused for what is no list of this register.

    date: its edition (2026-05-18am), blank to read it from the file's name; source:
    the address that it came from.
    """
    decisions = hand.read(data / "hand")
    table = read_table(path, hand.columns_by_heading(decisions))
    _refuse_no_list(path, table)
    name = _edition(path, date, decisions)
    known = lists.from_data(data, decisions)
    cells = editions.tuples(table.rows)
    copy = _copy(path, name, source, known, cells)
    grown = known.with_copy(copy, cells)
    timeline = grown.in_order()
    rows = compiling.identified(grown.woven(timeline), data, decisions)
    return Update(
        path,
        copy,
        bool(date),
        table,
        int((timeline.edition.map(editions.order) <= editions.order(name)).sum()) - 1,
        len(timeline) == len(known.in_order()),
        {n: csv_text.read(data / f"{n}.csv") for n in ("agreements", "editions")},
        compiling.tables(timeline, rows, data, decisions)
        | {taken.TABLE: taken.with_list(taken.read(data), copy)},
        rows,
    )


def _edition(path: Path, date: str, decisions: Hand) -> str:
    """Edition of the list: as given, as files.csv decides, or as its name states."""
    if date:
        editions.order(date)  # raises Refused where it is none
        if not editions.is_date(date[:10]):
            raise Refused(f"DATE={date}: there is no such day")
        return date
    for row in decisions.files[decisions.files.file == path.name].itertuples():
        if row.action == "set aside" and not row.workbook:
            raise Refused(
                f"{path.name} is set aside by data/hand/files.csv: {row.reason}"
            )
        if row.action == "redate":
            return row.edition
    name = editions.edition_of_name(path.name)
    if name is None:
        raise Refused(
            f"{path.name}: the file name states no date; give it, for "
            "example DATE=2026-05-18am"
        )
    return name


def _refuse_no_list(path: Path, table: PrintedTable) -> None:
    if table.rows.empty:
        raise Refused(f"{path.name}: the list is empty (headings without rows)")
    if (table.rows.signed.str.strip() == "").all():
        raise Refused(
            f"{path.name}: no row has a signing date, as in the list of "
            "pending agencies; not a list of participating agencies"
        )


def _copy(
    path: Path, name: str, source: str, known: lists.Lists, cells: list[editions.Row]
) -> dict[str, str]:
    """The list's row of taken_in.csv; raises Refused for one that is known already."""
    mark = editions.fingerprint(cells)
    same_day = known.copies[known.copies.edition == name]
    if (same_day.workbook.map(known.prints) == mark).any():
        raise Refused(
            f"{path.name}: a copy of the edition {name}, which is known; there is "
            "nothing to take in. If it was seen on another day, give that (DATE=)"
        )
    if len(same_day):
        raise Refused(
            f"{path.name}: another list is known as {name} "
            f"({', '.join(same_day.file)}); give the date and time of this one "
            f"(DATE={name[:10]}pm), or a suffix (DATE={name}-2)"
        )
    books = [book for book, print_ in known.prints.items() if print_ == mark]
    file = _stored_name(path, name, set(known.copies.file) | set(known.prints))
    return {
        "file": file,
        "workbook": books[0] if books else file,
        "edition": name,
        "source": source,
        "sha256": sha256(path),
    }


def _stored_name(path: Path, edition: str, names: set[str]) -> str:
    """Name under which a list is kept: its own, if that states its edition."""
    own = editions.edition_of_name(path.name) == edition and path.name not in names
    return path.name if own else f"{edition}.xlsx"

"""Take a new ICE list into the register: `make update LIST=file-or-URL`.

What would change is shown before anything is written. A list that is not what it
should be is refused with the reason, and nothing is changed. Nothing is guessed:
what has no meaning yet is set aside and named.
"""

import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import pandas as pd

from analysis_utils.asking import Refused
from analysis_utils.collect import compile as compiling
from analysis_utils.collect import editions, hand, sources
from analysis_utils.collect.changes import report
from analysis_utils.collect.workbooks import PrintedTable, read_table
from analysis_utils.run_context import sha256

SHARE_THAT_NEEDS_CONFIRMATION = 1 / 3
WHAT_IT_SAYS = ["state", "agency", "type", "county", "support_type", "signed"]


@dataclass(frozen=True)
class Update:
    """A list that can be taken in, the register before and with it."""

    path: Path
    edition: str
    table: PrintedTable
    before: pd.DataFrame  # agreements
    after: dict[str, pd.DataFrame]
    rows: pd.DataFrame  # rows of the new list, with their agreements


def proposed(path: Path, edition: str, data: Path, confirmed: bool) -> Update:
    """The register with a new list; raises Refused, Refused, Refused."""
    decisions = hand.read(data / "hand")
    table = read_table(path, hand.columns_by_heading(decisions))
    name = _edition(path, edition)
    known, printed = compiling.from_data(data)
    before = compiling.read(data, "agreements")
    _refuse_copies(path, table, printed, known.edition)
    _refuse_dates(path, name, known.edition, bool(edition))
    _refuse_lost_columns(path, table, printed, known, confirmed)
    printed = editions.appended(printed, list(known.edition), name, table.rows)
    rows = compiling.identified(printed, data, decisions)
    after = compiling.tables(_with(known, path, name), rows, data, decisions)
    rows = rows[rows["last"] == len(known)].reset_index(drop=True)
    update = Update(path, name, table, before, after, rows)
    _refuse_great_loss(update, confirmed)
    return update


def _edition(path: Path, edition: str) -> str:
    """Edition of the list: as given, or as its file name states."""
    if edition:
        editions.order(edition)  # raises ValueError where it is none
        return edition
    name = editions.edition_of_name(path.name)
    if name is None:
        raise Refused(
            f"{path.name}: the file name states no date; give it, for "
            "example DATE=2026-05-18am"
        )
    return name


def _refuse_copies(
    path: Path, table: PrintedTable, printed: pd.DataFrame, names: pd.Series
) -> None:
    if table.rows.empty:
        raise Refused(f"{path.name}: the list is empty (headings without rows)")
    if (table.rows.signed.str.strip() == "").all():
        raise Refused(
            f"{path.name}: no row has a signing date, as in the list of "
            "pending agencies; not a list of participating agencies"
        )
    new = table.rows[editions.CELLS].to_numpy().tolist()
    said = table.rows[WHAT_IT_SAYS].to_numpy().tolist()
    for place, name in enumerate(names):
        old = printed[(printed["first"] <= place) & (printed["last"] >= place)]
        if len(old) != len(new):
            continue
        same = old[editions.CELLS].to_numpy().tolist() == new
        older = place < len(names) - 1 and old[WHAT_IT_SAYS].to_numpy().tolist() == said
        if same or older:
            raise Refused(
                f"{path.name}: a copy of the edition {name}; "
                "there is nothing to take in"
            )


def _refuse_dates(path: Path, name: str, names: pd.Series, given: bool) -> None:
    newest = names.iloc[-1]
    if editions.order(name) <= editions.order(newest):
        raise Refused(
            f"{path.name}: its date, {name}, is not later than that of the newest "
            f"edition, {newest}. If the name is wrong, give the date "
            "(DATE=2026-05-18); an older list goes among the raw files, and "
            "`make data` finds its place"
        )
    days = (pd.Timestamp(name[:10]) - pd.Timestamp(newest[:10])).days
    if days > 366 and not given:
        raise Refused(
            f"{path.name}: its date, {name}, is {days:,} days after that of the newest "
            f"edition, {newest}. Give the date if that is true (DATE={name})"
        )


def _refuse_lost_columns(
    path: Path,
    table: PrintedTable,
    printed: pd.DataFrame,
    known: pd.DataFrame,
    confirmed: bool,
) -> None:
    newest = printed[printed["last"] == len(known) - 1]
    lost = [
        name
        for name in editions.CELLS
        if name not in table.columns and (newest[name].str.strip() != "").any()
    ]
    if lost and not confirmed:
        raise Refused(
            f"{path.name}: no column for {', '.join(lost)}, which the newest list has. "
            "If it was renamed, say so in data/hand/headings.csv; if ICE dropped it, "
            "repeat with CONFIRM=yes"
        )


def _refuse_great_loss(update: Update, confirmed: bool) -> None:
    old, new = (
        set(listed(table)) for table in (update.before, update.after["agreements"])
    )
    if not confirmed and len(old - new) > SHARE_THAT_NEEDS_CONFIRMATION * len(old):
        raise Refused(
            f"{update.path.name}: {len(old - new)} of {len(old)} agreements are not on "
            "this list, more than a third. If that is true, repeat with CONFIRM=yes"
        )


def listed(agreements: pd.DataFrame) -> pd.Series:
    """Agreements on the newest list."""
    return agreements.agreement_id[agreements.gone_by == ""]


def _with(known: pd.DataFrame, path: Path, name: str) -> pd.DataFrame:
    """Editions with the new one behind the newest."""
    table = known.copy()
    table.loc[len(table) - 1, "list_until"] = name[:10]
    row = {
        "edition": name,
        "first_seen": name[:10],
        "last_seen": name[:10],
        "list_until": "",
        "copies": "1",
        "workbook": stored_name(path, name),
        "source": "",
        "sha256": sha256(path),
    }
    return pd.concat([table, pd.DataFrame([row])], ignore_index=True)


def stored_name(path: Path, edition: str) -> str:
    """Name under which a list is kept: its own, if that states its edition."""
    own = editions.edition_of_name(path.name) == edition
    return path.name if own else f"{edition}.xlsx"


def take_in(update: Update, data: Path) -> list[str]:
    """Write the register with the new list, all files or none; names of the changed."""
    kept = f"{compiling.LISTS}/{stored_name(update.path, update.edition)}"
    return sources.write_tables(update.after, data, {kept: update.path})


def obtained(place: str, folder: Path) -> Path:
    """The list as a local file: fetched if it is an address."""
    if urlparse(place).scheme not in ("http", "https"):
        path = Path(place)
        if not path.is_file():
            raise Refused(f"{place}: there is no such file")
        return path
    import pooch  # late: only an address needs it

    pooch.get_logger().setLevel(logging.WARNING)
    name = Path(unquote(urlparse(place).path)).name or "list.xlsx"
    try:
        return Path(pooch.retrieve(place, None, name, folder))
    except Exception as error:  # whatever the connection raises
        raise Refused(f"{place}: could not be fetched ({error})") from error


def main(place: str = "", edition: str = "", confirm: str = "") -> None:
    """Show what a list changes, then take it in."""
    if not place:
        raise Refused(
            "Name the list: make update LIST=file-or-address "
            "[DATE=2026-05-18am] [CONFIRM=yes]"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = obtained(place, Path(folder))
        update = proposed(path, edition, sources.DATA, confirm == "yes")
        print("\n".join(report(update)), flush=True)
        changed = take_in(update, sources.DATA)
    print(f"\nTaken in; changed: {', '.join(changed)} (`git diff --stat data`)")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (ValueError, FileNotFoundError) as problem:
        sys.exit(f"Nothing was changed. {problem}")

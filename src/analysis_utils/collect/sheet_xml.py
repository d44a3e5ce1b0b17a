"""What a workbook says of its cells beside their values: read from the sheet's XML.

The reader of values (calamine) shows neither hyperlinks, nor which cells are formulas,
nor the words of an error cell (#N/A), nor that a sheet is hidden.
"""

import html
import re
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree

from analysis_utils.asking import Refused

Place = tuple[int, int]  # row and column, from 0
MAX_ROWS = 50_000
MAX_PLACES = 500_000  # cells that one hyperlink or merger may span
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
ARCHIVE_PREFIX = re.compile(r"^https?://web\.archive\.org/web/\d+/")
MAIL_FILTER = ".safelinks.protection.outlook.com/"
READER_PREFIX = re.compile(r"^chrome-extension://\w+/")
ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c ([^>]*\bt="e"[^>]*)>(?:<(?:\w+:)?f[^>]*>[^<]*</(?:\w+:)?f>)?'
    rb"<(?:\w+:)?v>([^<]*)<"
)
REFERENCE = re.compile(rb'\br="([A-Z]+\d+)"')
MERGER = re.compile(rb'<(?:\w+:)?mergeCell [^>]*\bref="([A-Z]+\d+):([A-Z]+\d+)"')
HYPERLINK = re.compile(rb"<(?:\w+:)?hyperlink ([^>]*)>")
ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')


@dataclass(frozen=True)
class Sheet:
    """One worksheet: its XML, and where the identifiers of its links lead."""

    name: str
    hidden: bool
    content: bytes
    targets: dict[str, str]


def sheets(path: Path) -> list[Sheet]:
    """The worksheets of a workbook in its order; refuses sheets of absurd extent."""
    with zipfile.ZipFile(path) as archive:
        files = _targets(archive, "xl/_rels/workbook.xml.rels")
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        found = []
        for entry in book.iter():
            target = files.get(entry.get(RELATION, ""), "")
            if entry.tag.endswith("}sheet") and "worksheets/" in target:
                part = "xl/" + target.removeprefix("/xl/")
                found.append(_sheet(archive, entry, PurePosixPath(part)))
    for sheet in found:
        _refuse_absurd_extent(path, sheet)
    return found


def _sheet(archive: zipfile.ZipFile, entry, part: PurePosixPath) -> Sheet:
    links = f"{part.parent}/_rels/{part.name}.rels"
    return Sheet(
        entry.get("name"),
        entry.get("state", "visible") != "visible",
        archive.read(str(part)),
        _targets(archive, links) if links in archive.namelist() else {},
    )


def _targets(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    links = ElementTree.fromstring(archive.read(name))
    return {link.get("Id", ""): link.get("Target", "") for link in links}


def _refuse_absurd_extent(path: Path, sheet: Sheet) -> None:
    rows = re.findall(rb'<(?:\w+:)?row[^>]* r="(\d+)"', sheet.content)
    far = re.search(rb' r="[A-Z]{3}', sheet.content)
    if far or max(map(int, rows), default=0) > MAX_ROWS:
        raise Refused(
            f"{path.name}: sheet {sheet.name!r} reaches over "
            f"{MAX_ROWS:,} rows or 702 columns; not opened"
        )


def formulas(sheet: Sheet) -> set[Place]:
    """Cells that hold a formula; usually none."""
    if not re.search(rb"<(?:\w+:)?f[ />]", sheet.content):
        return set()
    return {
        place(_reference(sheet, cell.get("r")))
        for cell in ElementTree.fromstring(sheet.content).iter()
        if cell.tag.endswith("}c") and any(part.tag.endswith("}f") for part in cell)
    }


def errors(sheet: Sheet) -> dict[Place, str]:
    """Words of each error cell (#N/A), which the reader of values leaves blank."""
    if b' t="e"' not in sheet.content:
        return {}
    found = {}
    for attributes, words in ERROR_CELL.findall(sheet.content):
        said = REFERENCE.search(attributes)
        where = place(_reference(sheet, said[1].decode() if said else None))
        found[where] = html.unescape(words.decode())
    return found


def _reference(sheet: Sheet, written: str | None) -> str:
    """The address of a cell as the sheet writes it; Refused where it writes none."""
    if written is None:
        raise Refused(
            f"sheet {sheet.name!r} has a cell without an address; save the workbook "
            "again with a spreadsheet program"
        )
    return written


def mergers(sheet: Sheet) -> list[tuple[Place, Place]]:
    """First and last cell of each group of merged cells."""
    pairs = MERGER.findall(sheet.content)
    return [(place(first.decode()), place(last.decode())) for first, last in pairs]


def hyperlinks(sheet: Sheet) -> dict[Place, str]:
    """Address that each linked cell leads to."""
    found = {}
    for text in HYPERLINK.findall(sheet.content):
        link = dict(ATTRIBUTE.findall(text.decode()))
        target = sheet.targets.get(link.get("r:id", ""))
        if target is None:
            continue  # a place within the workbook
        first, _, last = link["ref"].partition(":")
        top, left = place(first)
        bottom, right = place(last or first)
        if (bottom - top + 1) * (right - left + 1) > MAX_PLACES:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found[row, column] = address(target)
    return found


@cache  # the lists repeat the same links
def address(link: str) -> str:
    """The address itself, out of what a web archive, mail filter or browser put on.

    A mail filter's wrapping names the mailbox that received it.

    >>> address("https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.gov")
    'https://a.gov'
    """
    link = READER_PREFIX.sub("", ARCHIVE_PREFIX.sub("", link.strip()))
    if MAIL_FILTER not in link:
        return link
    return parse_qs(urlparse(link).query).get("url", [link])[0].strip()


def place(reference: str) -> Place:
    """(0, 27) for AB1."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :]) - 1, column - 1

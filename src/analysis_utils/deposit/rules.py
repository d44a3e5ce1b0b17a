"""The rules of openICPSR and of the AEA's data editor for a packed archive.

Each rule looks at the archive as it is on disk and says in a sentence what breaks it.
Sources: openICPSR, FAQs (30 GB and 1,000 files for each deposit); AEA data editor,
"Guidance on how to deposit data" (README as PDF or TXT in the root, no archives
inside, no folder around everything) and "Preparing for data deposit".
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MOST_BYTES = 30 * 10**9
MOST_FILES = 1000
LONGEST_NAME = 180
PACKED = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".whl"}
PACKED_STARTS = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
)
OFFICE = {".xlsx", ".docx", ".pptx", ".ods", ".odt"}  # packed by their format
LEFT_BEHIND = {
    ".git", ".svn", ".venv", "__pycache__", ".ipynb_checkpoints", ".pytest_cache",
    "__MACOSX", ".DS_Store", "Thumbs.db", ".Rhistory", ".RData", ".env",
}  # fmt: skip
GOOD_NAME = re.compile(r"[A-Za-z0-9._/-]+")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
ABSOLUTE = re.compile(
    r"(?<![\w.~:/@-])/(?:home|Users|tmp|root|mnt|media|work|scratch)/\w[\w.-]*"
    r"|\b[A-Za-z]:\\\\?(?:Users|Documents|Temp)\b"
)
EMAIL = re.compile(r"\b[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\b")
EXAMPLE = re.compile(r"@(?:[\w-]+\.)*example\.(?:org|com|net)$|^git@")
EXAMPLES = "tests/"  # holds made-up examples of what is refused
SOCIAL_SECURITY = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
PERSONAL = {
    "first_name", "last_name", "surname", "given_name", "birth_date", "birth_year",
    "date_of_birth", "dob", "ssn", "alien_number", "a_number", "anonymized_identifier",
    "unique_identifier", "phone", "telephone", "email", "street", "home_address",
}  # fmt: skip
TEXT = {
    ".cff", ".csv", ".css", ".ipynb", ".jinja", ".js", ".json", ".lock", ".md", ".py",
    ".svg", ".tex", ".toml", ".txt", ".yaml", ".yml", "",
}  # fmt: skip


def broken(path: Path) -> list[str]:
    """A sentence for each rule that a packed archive breaks; empty if none."""
    with zipfile.ZipFile(path) as packed:
        members = packed.infolist()
        names = [member.filename for member in members]
        found = [*in_names(names), *in_sizes(members), *in_root(names)]
        for member in members:
            if not member.is_dir():
                found += in_content(member.filename, packed.read(member))
    return found


def in_names(names: list[str]) -> Iterator[str]:
    """What is wrong with names and folders."""
    seen: dict[str, str] = {}
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
            yield f"{name}: leads out of the archive"
        elif not GOOD_NAME.fullmatch(name):
            yield f"{name}: has characters other than letters, digits, . _ and -"
        if len(name) > LONGEST_NAME:
            yield f"{name}: is longer than {LONGEST_NAME} characters"
        if any(RESERVED.fullmatch(part) for part in parts):
            yield f"{name}: cannot be a name on Windows"
        if LEFT_BEHIND & set(parts) or any(p.startswith(".git") for p in parts):
            yield f"{name}: belongs to a program, not to the study"
        other = seen.setdefault(name.lower(), name)
        if other != name:
            yield f"{name}: differs from {other} in capitals alone"


def in_sizes(members: list[zipfile.ZipInfo]) -> Iterator[str]:
    """What is empty, or too large, or too many."""
    for member in members:
        if member.is_dir():
            yield f"{member.filename}: is a folder of its own; only files are packed"
        elif member.file_size == 0:
            yield f"{member.filename}: is empty"
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES:
        yield f"{total / 1e9:.0f} GB unpacked; more than 30 GB must be asked for"


def notices(path: Path) -> list[str]:
    """What breaks no rule and must be asked for before it is deposited."""
    with zipfile.ZipFile(path) as packed:
        count = len(packed.namelist())
    if count <= MOST_FILES:
        return []
    return [f"{count} files: ask openICPSR before you deposit more than {MOST_FILES:,}"]


def in_root(names: list[str]) -> Iterator[str]:
    """What the first folder must show."""
    top = {PurePosixPath(name).parts[0] for name in names if name.strip("/")}
    if not top & {"README.txt", "README.pdf"}:
        yield "README.txt: is missing (a README as TXT or PDF, not in a folder)"
    if not top & {"LICENSE", "LICENSE.txt"}:
        yield "LICENSE: is missing"


def in_content(name: str, content: bytes) -> Iterator[str]:
    """What a file must not hold: other archives, local paths, personal data."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PACKED or (content.startswith(PACKED_STARTS) and suffix not in OFFICE):
        yield f"{name}: is an archive in the archive"
    if suffix not in TEXT or name.startswith(EXAMPLES):
        return
    text = content.decode("utf-8", errors="replace")
    for pattern, what in (
        (ABSOLUTE, "the path of one machine"),
        (SOCIAL_SECURITY, "what looks like a social security number"),
        (EMAIL, "an e-mail address"),
    ):
        for match in pattern.finditer(text):
            if pattern is not EMAIL or not EXAMPLE.search(match[0]):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}, line {line}: holds {what}, {match[0]!r}"
                break
    if suffix == ".csv":
        header = {
            cell.strip().lower() for cell in next(csv.reader(io.StringIO(text)), [])
        }
        for column in sorted(header & PERSONAL):
            yield f"{name}: has a column of personal data, {column}"

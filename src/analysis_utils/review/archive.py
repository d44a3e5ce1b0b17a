"""The archive that a rerun is compared with: this checkout's, or any other.

`AGAINST` may name a folder, a packed file (.zip, .tar.gz), or a tag or commit.
"""

import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from analysis_utils import git
from analysis_utils.asking import Refused
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import OUTPUTS

NEEDED = ("outputs", "data", manifest.LOCK)
LARGEST = 8 * 1024**3  # bytes unpacked
STAMPS = f"[0-9]*/*/{manifest.NAME}"


@dataclass(frozen=True)
class Archive:
    """Archived outputs, and the checkout around them.

    Attributes
    ----------
    name : str
        As shown to people.
    outputs : Path
        The folder that holds `<notebook>/<run>/`.
    root : Path or None
        Folder with `data/` and the lock as they were; None if they are not known.
    own : bool
        Whether it is this checkout's own archive.
    """

    name: str
    outputs: Path
    root: Path | None = None
    own: bool = False


@contextmanager
def opened(against: str | None, room: Path) -> Iterator[Archive]:
    """The archive that `against` names; this checkout's own if None. Raises Refused.

    `room` is a folder, made here, in which a packed file or a commit is unpacked.
    """
    if against is None:
        yield Archive("the archived outputs", OUTPUTS, own=True)
        return
    place = Path(against).expanduser()
    if place.is_dir():
        yield in_folder(place.resolve(), against)
        return
    room.mkdir(parents=True)
    try:
        if place.is_file():
            unpack(place, room)
        else:
            unpack_commit(against, room)
        yield in_folder(room, against)
    finally:
        shutil.rmtree(room)


def in_folder(folder: Path, name: str) -> Archive:
    """The archive in a folder: a checkout, its outputs, or a folder around either."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    for root in [folder, *(inside if len(inside) == 1 else [])]:
        if any((root / "outputs").glob(STAMPS)):
            return Archive(name, root / "outputs", root)
        if any(root.glob(STAMPS)):
            return Archive(name, root, root.parent if root.name == "outputs" else None)
    raise Refused(
        f"AGAINST={name} holds no archived outputs (outputs/*/*/{manifest.NAME})"
    )


def unpack(path: Path, folder: Path) -> None:
    """Unpack a zip or tar file; Refused if a member would be written outside."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            refuse_size(sum(info.file_size for info in packed.infolist()), path.name)
            for info in packed.infolist():
                refuse_member(info.filename, path.name)
            packed.extractall(folder)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as packed:
            unpack_tar(packed, folder, path.name)
    else:
        raise Refused(
            f"AGAINST={path.name} is no folder, zip or tar file, tag or commit"
        )


def unpack_tar(packed: tarfile.TarFile, folder: Path, name: str) -> None:
    """Unpack a tar file; Refused if a member would be written outside."""
    members = packed.getmembers()
    refuse_size(sum(member.size for member in members), name)
    for member in members:
        refuse_member(member.name, name)
        if not (member.isfile() or member.isdir()):
            raise Refused(
                f"{name}: {member.name!r} is a link or a device; not unpacked"
            )
    packed.extractall(folder, members, filter="data")


def refuse_member(member: str, name: str) -> None:
    """Refuse the name of a member that leads out of the folder."""
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
        raise Refused(
            f"{name}: {member!r} would be written outside its folder; not unpacked"
        )


def refuse_size(size: int, name: str) -> None:
    """Refuse what would fill the disk."""
    if size > LARGEST:
        raise Refused(f"{name} would unpack to {size / 1e9:.0f} GB; not unpacked")


def unpack_commit(name: str, folder: Path) -> None:
    """Write what a tag or commit holds into a folder; Refused if there is none."""
    commit = git.text(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
    )
    if commit is None:
        lacking = "" if shutil.which("git") else " (git is not installed here)"
        raise Refused(
            f"AGAINST={name} is no folder, packed file, tag or commit{lacking}"
        )
    sha = commit.strip()
    there = (git.text("ls-tree", "--name-only", sha) or "").split()
    wanted = [path for path in NEEDED if path in there]
    with tempfile.TemporaryFile() as stream:
        stream.write(git.content("archive", "--format=tar", sha, "--", *wanted) or b"")
        stream.seek(0)
        with tarfile.open(fileobj=stream) as packed:
            packed.extractall(folder, filter="data")


def former_file(name: str, digest: str, archive: Archive) -> bytes | None:
    """Content that a file had when `digest` stood for it in a manifest.

    Looked for in the archive's own checkout, then in the last commits that changed it.
    """
    from analysis_utils.workflow.manifest import content_hash

    def fits(content: bytes | None) -> bool:
        return content is not None and content_hash(name, content) == digest

    if archive.root and (archive.root / name).is_file():
        content = (archive.root / name).read_bytes()
        if fits(content):
            return content
    commits = git.text("log", "--max-count=30", "--format=%H", "--", name) or ""
    contents = (git.content("show", f"{sha}:{name}") for sha in commits.split())
    return next((content for content in contents if fits(content)), None)

"""Where the published files lie, and how compiled tables are written."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT

DATA = ROOT / "data"
SHARED = ROOT.parent / "shared" / "data" / "raw"


def raw_folder() -> Path:
    """Folder of the published files: RAW_DIR, or a copy beside, or data/raw."""
    named = os.environ.get("RAW_DIR")
    if named:
        return Path(named)
    return SHARED if SHARED.is_dir() else DATA / "raw"


def require(folder: Path) -> Path:
    """The folder, or one sentence on where to get its files."""
    if not folder.is_dir() or not any(folder.iterdir()):
        raise Refused(
            f"No published files in {folder}: `make raw` fetches them from their "
            "public addresses, or RAW_DIR=folder names a copy that you have."
        )
    return folder


def write_tables(
    tables: dict[str, pd.DataFrame],
    folder: Path,
    files: dict[str, Path] | None = None,
    remove: Iterable[Path] = (),
) -> list[str]:
    """Write each table as <name>.csv and copy `files`, all or none; what changed.

    remove: files that go once everything else is in place.

    Everything is complete beside its place before the first file is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as place:
        staged = {}
        for name, table in tables.items():
            staged[f"{name}.csv"] = Path(place) / f"{name}.csv"
            table.to_csv(staged[f"{name}.csv"], index=False, lineterminator="\n")
        for name, path in (files or {}).items():
            staged[name] = Path(shutil.copyfile(path, Path(place) / Path(name).name))
        changed = [
            name for name, new in staged.items() if not _same(new, folder / name)
        ]
        for name in changed:
            (folder / name).parent.mkdir(exist_ok=True)
            os.replace(staged[name], folder / name)
    for path in remove:
        path.unlink()
    return changed


def _same(new: Path, old: Path) -> bool:
    return old.exists() and new.read_bytes() == old.read_bytes()

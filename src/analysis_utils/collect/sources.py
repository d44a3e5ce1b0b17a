"""Where the published files lie, and how compiled tables are written."""

import os
import tempfile
from pathlib import Path

import pandas as pd

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
        raise FileNotFoundError(
            f"No published files in {folder}: `make raw` fetches them from their "
            "public addresses, or RAW_DIR=folder names a copy that you have.")
    return folder


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> list[str]:
    """Write each table as <name>.csv, all or none; names of those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as place:
        for name, table in tables.items():
            table.to_csv(Path(place) / f"{name}.csv", index=False, lineterminator="\n")
        changed = [name for name in tables
                   if not _same(Path(place) / f"{name}.csv", folder / f"{name}.csv")]
        for name in changed:
            os.replace(Path(place) / f"{name}.csv", folder / f"{name}.csv")
    return changed


def _same(new: Path, old: Path) -> bool:
    return old.exists() and new.read_bytes() == old.read_bytes()

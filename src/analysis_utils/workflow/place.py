"""Puts a run's outputs in place, all at once or none, also when it is killed.

Two renames cannot be one: the old folder is set aside in `outputs/.replaced` before the
new one takes its place, and `recover` puts it back if a kill fell between the two.
"""

import os
import shutil
import threading
from pathlib import Path

from analysis_utils.workflow import manifest

RUNNING = ".running"
REPLACED = ".replaced"
PLACING = threading.Lock()  # held between the two renames


def replace_folder(new: Path, place: Path, outputs: Path) -> None:
    """Put `new` where `place` is; what was there stays until that is done."""
    old = outputs / REPLACED / place.relative_to(outputs)
    place.parent.mkdir(parents=True, exist_ok=True)
    with PLACING:
        if place.exists():
            old.parent.mkdir(parents=True, exist_ok=True)
            os.rename(place, old)
        try:
            os.rename(new, place)
        except OSError:
            if old.exists():
                os.rename(old, place)
            raise
    shutil.rmtree(old, ignore_errors=True)


def recover(outputs: Path) -> None:
    """Put back outputs that a killed driver had moved aside; clear what it left."""
    for path in (outputs / REPLACED, outputs / RUNNING):
        if path.is_symlink() or path.is_file():  # put there by hand: not followed
            path.unlink()
    replaced = outputs / REPLACED
    for stamp in sorted(replaced.rglob(manifest.NAME)):
        place = outputs / stamp.parent.relative_to(replaced)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            os.rename(stamp.parent, place)
    shutil.rmtree(replaced, ignore_errors=True)
    shutil.rmtree(outputs / RUNNING, ignore_errors=True)


def keep_archived(archived: Path, new: Path) -> None:
    """Let the archived files stand in a new folder, beside its unarchived pictures."""
    for name in manifest.files_written(new):
        (new / name).unlink()
    for name in [*manifest.files_written(archived), manifest.NAME]:
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(archived / name, new / name)

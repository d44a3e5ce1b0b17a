"""The standard files that git keeps, written from the study."""

import os
from collections.abc import Callable
from pathlib import Path

from analysis_utils.deposit import codecheck, replication, zenodo
from analysis_utils.run_context import ROOT

FILES: dict[str, Callable[[], str]] = {
    "README.txt": replication.text,
    "codecheck.yml": codecheck.text,
    ".zenodo.json": zenodo.text,
}


def outdated(root: Path = ROOT) -> dict[str, str]:
    """Files that are not what the study gives, with the text that they should have."""
    made = {name: text() for name, text in FILES.items()}
    return {
        name: text
        for name, text in made.items()
        if not (root / name).exists()
        or (root / name).read_text(encoding="utf-8") != text
    }


def write(root: Path = ROOT) -> list[str]:
    """Write what is outdated; the names of the files written."""
    files = outdated(root)
    for name, text in files.items():
        new = root / f"{name}.new"
        new.write_text(text, encoding="utf-8")
        os.replace(new, root / name)
    return list(files)

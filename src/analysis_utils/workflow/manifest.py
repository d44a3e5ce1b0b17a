"""The manifest of a run: staleness stamp, provenance and checksums in one file.

It lists by SHA-256 what a run rested on (notebook, parameters, data, modules of the
package without comments and docstrings, lock) and every file that it wrote. It holds
no times and no machine names.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from analysis_utils import data_folder, hypotheses
from analysis_utils.asking import Refused
from analysis_utils.run_context import HYPOTHESIS, READS, ROOT, SCHEMA, sha256
from analysis_utils.workflow.code import code_of, fingerprint
from analysis_utils.workflow.imports import (
    SOURCE,
    all_imports,
    module_file,
    package_of,
)
from analysis_utils.workflow.runs import Run

NAME = "manifest.json"
LOCK = "requirements.lock"
SERVICE = (READS, ".kernel", ".refused")  # what kernel and driver tell each other
NOT_ARCHIVED = (".png", NAME, *SERVICE)
PARTS = {"hypotheses": HYPOTHESIS, "schemas": SCHEMA}  # sections of the manifest
SECTIONS = ("parameters", "modules", "lock", "data", "read_at", "outputs", *PARTS)
EXECUTION = tuple(
    f"analysis_utils.workflow.{name}"
    for name in ("execute", "kernel", "shell", "watch", "normalise", "determinism")
)


@cache
def file_hash(path: Path) -> str:
    """What stands for a file in a manifest, found once; empty if there is none.

    SHA-256 of its bytes, of a module's syntax (see `content_hash`).
    """
    if not path.is_file():
        return ""
    if path.suffix == ".py" and path.is_relative_to(SOURCE):
        return code_of(path, package_of(path)).fingerprint
    return sha256(path)


def content_hash(name: str, content: bytes) -> str:
    """What `file_hash` says of a file with this name and content."""
    if name.endswith(".py"):
        return fingerprint(content)
    return hashlib.sha256(content).hexdigest()


def relative(path: Path) -> str:
    """A path as it stands in a manifest."""
    return path.relative_to(ROOT).as_posix()


def code_inputs(run: Run) -> dict:
    """What a run rests on and is known before it starts: all but its data files."""
    modules = set(all_imports(run.notebook.syntax))
    modules |= {path for name in EXECUTION if (path := module_file(name))}
    return {
        "notebook": {"name": run.notebook.name, "sha256": run.notebook.fingerprint},
        "run": run.name,
        "parameters": run.parameters,
        "modules": {relative(path): file_hash(path) for path in sorted(modules)},
        "lock": {LOCK: file_hash(ROOT / LOCK)},
    }


def files_written(folder: Path) -> dict[str, str]:
    """SHA-256 of every archived file of a run's folder, by name."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(NOT_ARCHIVED)
    }


def files_read(folder: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Data files that a run has read: SHA-256 and places (`cell:line`), by name."""
    record = folder / READS
    lines = record.read_text().splitlines() if record.exists() else []
    read: dict[str, str] = {}
    places: dict[str, set[tuple[int, ...]]] = {}
    for line in lines:
        digest, place, name = line.split("  ", 2)
        if read.setdefault(name, digest) != digest:
            raise RuntimeError(f"{name} changed while the notebook ran; run it again.")
        places.setdefault(name, set()).add(tuple(map(int, place.split(":"))))
    read_at = {
        name: [f"{cell}:{line}" for cell, line in sorted(found)]
        for name, found in sorted(places.items())
    }
    return dict(sorted(read.items())), read_at


def write(folder: Path, inputs: dict) -> None:
    """Write the manifest of a finished run into its folder."""
    data, read_at = files_read(folder)
    outputs = files_written(folder)
    content = inputs | {"data": data, "read_at": read_at, "outputs": outputs}
    for section, prefix in PARTS.items():
        names = [name for name in data if name.startswith(prefix)]
        parts = {name.removeprefix(prefix): data.pop(name) for name in names}
        for name in names:
            read_at.pop(name)
        if parts:
            content[section] = parts
    for name in SERVICE:
        (folder / name).unlink(missing_ok=True)
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")


def schemas(names: Iterable[str]) -> dict[str, str]:
    """How each of these tables is read, by SHA-256; none for what is no table now."""
    found = {}
    for name in names:
        with suppress(Refused):
            found[name] = data_folder.schema_fingerprint(name)
    return found


def fingerprints() -> dict[str, str]:
    """Fingerprint of each entry of the registry, by id; none without a registry."""
    if not hypotheses.FILE.is_file():
        return {}
    return {key: one.fingerprint for key, one in hypotheses.read().items()}


def read(folder: Path) -> dict | None:
    """The manifest in a folder; None if there is none that can be read."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    whole = all(isinstance(content.get(part, {}), dict) for part in SECTIONS)
    return content if whole else None


def reasons(run: Run) -> list[str]:
    """Why a run must be executed again, in words; empty if its outputs are fresh."""
    old = read(run.folder)
    if old is None:
        return ["it has no outputs yet"]
    new = code_inputs(run)
    found = []
    if old.get("notebook") != new["notebook"]:
        found.append("the notebook's text changed")
    found += changed_values(old.get("parameters", {}), new["parameters"])
    found += changed_files(old.get("modules", {}), new["modules"], "module")
    found += changed_files(old.get("lock", {}), new["lock"], "lock file")
    data = {name: file_hash(ROOT / name) for name in old.get("data", {})}
    found += changed_files(old.get("data", {}), data, "data file")
    tables = old.get("schemas", {})
    found += changed_files(tables, schemas(tables), "description of table")
    asked = old.get("hypotheses", {})
    now = {k: v for k, v in fingerprints().items() if k in asked} if asked else {}
    found += changed_files(asked, now, "hypothesis")
    written = {name: file_hash(run.folder / name) for name in old.get("outputs", {})}
    found += changed_files(old.get("outputs", {}), written, "output")
    extra = sorted(set(files_written(run.folder)) - set(written))
    return found + [f"output {name} is none of this run's" for name in extra]


def changed_values(old: dict, new: dict) -> list[str]:
    """A sentence for each parameter that differs."""
    names = sorted(set(old) | set(new))
    return [
        f"parameter {name}: {old.get(name)!r} -> {new.get(name)!r}"
        for name in names
        if name not in old or name not in new or old[name] != new[name]
    ]


def changed_files(old: dict[str, str], new: dict[str, str], what: str) -> list[str]:
    """A sentence for each file that changed, came or went."""
    found = []
    for name in sorted(set(old) | set(new)):
        if not new.get(name):
            found.append(f"{what} {name} is gone")
        elif name not in old:
            found.append(f"{what} {name} is new")
        elif old[name] != new[name]:
            found.append(f"{what} {name} changed")
    return found

"""Builds `outputs/verdicts/` and the entry page `outputs/README.md` from the runs'
results: whole, or left as they were."""

import json
import os
import shutil
from pathlib import Path

from analysis_utils import hypotheses
from analysis_utils.asking import Refused
from analysis_utils.report import entry, history
from analysis_utils.run_context import ROOT, sha256
from analysis_utils.workflow import manifest
from analysis_utils.workflow.imports import all_imports_of
from analysis_utils.workflow.runs import NOTEBOOKS, Run

NAME = "verdicts"
REGISTRY = hypotheses.FILE
FIRST = NOTEBOOKS / "first_results.csv"  # of the first edition, as it published them


def results_of(runs: list[Run]) -> dict[str, Path]:
    """`results.json` of each run that has one, by label."""
    paths = {run.label: run.folder / "results.json" for run in runs}
    return {label: path for label, path in paths.items() if path.is_file()}


def inputs(runs: list[Run]) -> dict:
    """What the verdicts and the entry page rest on, by SHA-256."""
    base = runs[0].base
    captions = entry.sources(entry.read(entry.FILE), runs)
    read = {
        path.relative_to(base).as_posix(): path
        for path in [*results_of(runs).values(), *captions]
    }
    modules = all_imports_of(["analysis_utils.report.build"])
    return {
        "registry": manifest.file_hash(REGISTRY),
        "first_results": manifest.file_hash(FIRST),
        "entry": manifest.file_hash(entry.FILE),
        "runs": {run.label: entry.title(run) for run in runs},
        "results": {name: manifest.file_hash(path) for name, path in read.items()},
        "modules": {manifest.relative(p): manifest.file_hash(p) for p in modules},
    }


def is_fresh(runs: list[Run]) -> bool:
    """Whether verdicts and entry page in place were made from the present results."""
    folder = runs[0].base / NAME
    old = manifest.read(folder)
    if old is None:
        return False
    outputs, page = old.pop("outputs", None), old.pop("page", None)
    versions = old.pop("registry_versions", 0)
    return (
        old == inputs(runs)
        and outputs == manifest.files_written(folder)
        and page == page_hash(runs)
        and registry_versions() <= versions
    )


def page_hash(runs: list[Run]) -> str:
    """SHA-256 of the entry page in place; empty if there is none."""
    path = runs[0].base / entry.NAME
    return sha256(path) if path.is_file() else ""


def build(runs: list[Run], complete: bool) -> None:
    """Write the table of verdicts, the deviation log, the manifest, the entry page.

    Parameters
    ----------
    runs : list of Run
        All runs of the study, or those that take the given parameters.
    complete : bool
        Whether every hypothesis must have its result.

    Raises
    ------
    Refused
        If a result is missing, doubled or not registered; nothing is written.
    """
    import pandas as pd

    from analysis_utils.report import deviations, verdicts, write

    known = hypotheses.read(REGISTRY)
    results = results_of(runs)
    found, tested = verdicts.recorded(results), verdicts.checks(results)
    choices = entry.read(entry.FILE)
    labels = tuple(run.label for run in runs)
    problems = verdicts.faults(known, found, labels) + entry.faults(choices, runs)
    problems += verdicts.check_faults(known, found, tested)
    if problems and complete:
        raise Refused("\n".join(problems))
    place = runs[0].base / NAME
    new = place.with_name(f".{NAME}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    first = pd.read_csv(FIRST, index_col="id") if FIRST.is_file() else None
    power = verdicts.detectable(results)
    table = verdicts.table(known, found, tested, power, first)
    write.verdicts(table, new)
    write.results(found, tested, new)
    write.deviations(deviations.log(ROOT), place, new)
    page = place.with_name(f".{entry.NAME}")
    text = entry.page(choices, runs, write.markdown_table(table))
    page.write_text(text, encoding="utf-8")
    put_in_place(new, page, place, inputs(runs))


def registry_versions() -> int:
    """How many versions of the registry the history holds; 0 if it is not at hand."""
    return history.count(ROOT, manifest.relative(REGISTRY))


def put_in_place(new: Path, page: Path, place: Path, rests_on: dict) -> None:
    """Write the manifest, then put folder and page where the old ones are.

    A kill between the two leaves a page that the manifest disowns: not fresh.
    """
    versions = registry_versions()
    if not versions:
        print(
            "The registry's history is not at hand (no git, or a shallow clone): the "
            "log of deviations stays as it was archived."
        )
        versions = (manifest.read(place) or {}).get("registry_versions", 0)
    content = {
        "outputs": manifest.files_written(new),
        "page": sha256(page),
        "registry_versions": versions,
    }
    text = json.dumps(rests_on | content, indent=1, sort_keys=True)
    (new / manifest.NAME).write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    os.rename(new, place)
    os.replace(page, page.with_name(entry.NAME))

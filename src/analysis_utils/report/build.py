"""Builds `outputs/verdicts/` from the runs' results: whole, or left as it was."""

import json
import os
import shutil
from pathlib import Path

from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest
from analysis_utils.workflow.imports import all_imports_of
from analysis_utils.workflow.runs import NOTEBOOKS, Refused, Run

NAME = "verdicts"
REGISTRY = NOTEBOOKS / "hypotheses.yaml"


def results_of(runs: list[Run]) -> dict[str, Path]:
    """`results.json` of each run that has one, by label."""
    paths = {run.label: run.folder / "results.json" for run in runs}
    return {label: path for label, path in paths.items() if path.is_file()}


def inputs(runs: list[Run]) -> dict:
    """What the verdicts rest on, by SHA-256."""
    base = runs[0].base
    read = {p.relative_to(base).as_posix(): p for p in results_of(runs).values()}
    modules = all_imports_of(["analysis_utils.report.build"])
    return {
        "registry": manifest.file_hash(REGISTRY),
        "results": {name: manifest.file_hash(path) for name, path in read.items()},
        "modules": {manifest.relative(p): manifest.file_hash(p) for p in modules},
    }


def is_fresh(runs: list[Run]) -> bool:
    """Whether the verdicts in place were made from the present results."""
    folder = runs[0].base / NAME
    old = manifest.read(folder)
    if old is None:
        return False
    outputs = old.pop("outputs", None)
    return old == inputs(runs) and outputs == manifest.files_written(folder)


def build(runs: list[Run], complete: bool) -> None:
    """Write the table of verdicts, the deviation log and the manifest.

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
    from analysis_utils.report import deviations, registry, verdicts, write

    hypotheses, families = registry.read(REGISTRY)
    found = verdicts.recorded(results_of(runs))
    problems = verdicts.faults(hypotheses, found)
    if problems and complete:
        raise Refused("\n".join(problems))
    place = runs[0].base / NAME
    new = place.with_name(f".{NAME}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    write.verdicts(verdicts.table(hypotheses, families, found), new)
    write.results(found, new)
    log = deviations.log(ROOT, manifest.relative(REGISTRY))
    write.deviations(log, place, new)
    content = inputs(runs) | {"outputs": manifest.files_written(new)}
    text = json.dumps(content, indent=1, sort_keys=True)
    (new / manifest.NAME).write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    os.rename(new, place)

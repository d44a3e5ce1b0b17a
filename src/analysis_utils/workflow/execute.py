"""Executes one run by papermill, all of its outputs at once or none.

The run writes into `outputs/.running/`. When it has ended well, that folder takes
the place of the last good outputs; otherwise they stay as they are and the failed
notebook is kept in `outputs/failed/`.
"""

import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analysis_utils.run_context import RUN_FOLDER
from analysis_utils.workflow import manifest
from analysis_utils.workflow.failures import (
    RunFailed,
    RunRefused,
    describe,
    died_at_start,
    failed_notebook,
    keep_failed,
    not_testable,
    unfinished,
    where_it_ended,
)
from analysis_utils.workflow.limits import limited
from analysis_utils.workflow.pins import unpinned
from analysis_utils.workflow.place import RUNNING, keep_archived, replace_folder
from analysis_utils.workflow.runs import Run
from analysis_utils.workflow.shell import REFUSAL

KERNELS = "kernels"
KERNEL = "analysis_utils.workflow.kernel"
# (label, archived folder, new folder) -> whether the archived files may stay, and what
# is to be said
Compare = Callable[[str, Path, Path], tuple[bool, list[str]]]


def nothing(*_: object, **__: object) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Setting:
    """How runs are executed.

    Attributes
    ----------
    outputs, specs : the outputs' root, and the folder of kernel specifications.
    warm : whether a kernel is a fork of the warm process.
    on_cell : called after each executed cell (nbclient's `on_cell_executed`).
    say : called with a sentence that must be read before outputs are replaced.
    compare : what compares a run made again with the archived one, if anything does.
    """

    outputs: Path
    specs: Path
    warm: bool = True
    on_cell: Callable[..., None] = nothing
    say: Callable[[str], None] = field(default=nothing)
    compare: Compare | None = None


@contextmanager
def kernel_specs() -> Iterator[Path]:
    """A folder for this driver's kernel specifications, found by jupyter_client."""
    with tempfile.TemporaryDirectory() as folder:
        ours = {"JUPYTER_PATH": folder, "JUPYTER_RUNTIME_DIR": f"{folder}/runtime"}
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        try:
            yield Path(folder)
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


def write_kernel_spec(specs: Path, name: str, folder: Path, warm: bool) -> None:
    """A kernel of our environment that knows the folder of its run."""
    metadata: dict[str, object] = {"supported_encryption": ["curve"]}
    if warm:
        metadata["kernel_provisioner"] = {"provisioner_name": "warm-fork"}
    spec = {
        "argv": [sys.executable, "-m", KERNEL, "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "env": {RUN_FOLDER: str(folder)},
        "metadata": metadata,
    }
    place = specs / KERNELS / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "kernel.json").write_text(json.dumps(spec))


def execute(run: Run, setting: Setting) -> None:
    """Execute a run and put its outputs in place.

    Raises RunFailed or RunRefused: then the last good outputs are untouched, and the
    notebook is in `outputs/failed/`.
    """
    outputs = setting.outputs
    inputs = manifest.code_inputs(run)
    folder = outputs / RUNNING / run.folder.relative_to(outputs)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with limited(folder, run.minutes) as limit:
            try:
                papermill_run(run, folder, setting)
            except RuntimeError as error:
                if limit.expired or not died_at_start(error):
                    raise
                setting.say(f"{run.label}: its kernel died at its start; once more")
                papermill_run(run, folder, setting)
        finish(run, folder, inputs)
        beside_archive(run, folder, setting)
        replace_folder(folder, run.folder, outputs)
    except Exception as error:
        message = what_happened(
            error, limit.words if limit.expired else "", run, folder
        )
        refused = not_testable(folder)
        kept = keep_failed(run, folder, outputs, message)
        kind = RunRefused if refused else RunFailed
        raise kind(f"{message}\n{kept}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    failed_notebook(run, outputs).unlink(missing_ok=True)


def what_happened(error: Exception, expired: str, run: Run, folder: Path) -> str:
    """Why a run failed; the cell is named also where the kernel could not say it."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError) and (folder / REFUSAL).exists():
        return f"cell {error.exec_count}: {error.evalue}"
    if expired or isinstance(error, DeadKernelError):
        place = where_it_ended(folder / run.notebook.path.name)
        return place + (expired or describe(error))
    return describe(error)


def papermill_run(run: Run, folder: Path, setting: Setting) -> None:
    """Execute the notebook into `folder` by papermill."""
    import papermill
    from traitlets.config import Config

    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # said in our words

    kernel = f"run-{abs(hash(run.folder)):x}"
    write_kernel_spec(setting.specs, kernel, folder, setting.warm)
    papermill.execute_notebook(
        str(run.notebook.path),
        str(folder / run.notebook.path.name),
        parameters=run.parameters,
        kernel_name=kernel,
        language="python",
        progress_bar=False,
        coalesce_streams=False,  # `normalise` joins them
        shutdown_kernel="immediate",
        start_timeout=120,
        on_cell_executed=setting.on_cell,
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )


def finish(run: Run, folder: Path, inputs: dict) -> None:
    """Check that all was executed, normalise the notebook, write the manifest."""
    import nbformat

    from analysis_utils.workflow.normalise import normalise

    path = folder / run.notebook.path.name
    notebook = nbformat.read(path, as_version=4)
    if missing := unfinished(notebook):
        raise RunFailed(missing)
    if missing := unpinned(run, folder):
        raise RunFailed(missing)
    nbformat.write(normalise(notebook), path)
    manifest.file_hash.cache_clear()
    if manifest.code_inputs(run) != inputs:
        raise RuntimeError("Code was edited while the notebook ran; run it again.")
    manifest.write(folder, inputs)


def beside_archive(run: Run, folder: Path, setting: Setting) -> None:
    """Say what the new outputs lack or change, before the archived ones are touched.

    Made again from the same inputs, outputs that differ within the tolerance give way
    to the archived files.
    """
    old, new = manifest.read(run.folder), manifest.read(folder)
    if not old or not new:
        return
    lost = sorted(set(old.get("outputs", {})) - set(new["outputs"]))
    if lost:
        setting.say(f"{run.label} no longer makes {', '.join(lost)}")
    if setting.compare is None:
        return
    if all(old.get(part) == new[part] for part in new if part != "outputs"):
        stays, said = setting.compare(run.label, run.folder, folder)
        for sentence in said:
            setting.say(sentence)
        if stays:
            keep_archived(run.folder, folder)

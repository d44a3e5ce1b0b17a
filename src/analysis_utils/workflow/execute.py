"""Executes one run by papermill, all of its outputs at once or none.

The run writes into `outputs/.running/`. When it has ended well, that folder takes
the place of the last good outputs; otherwise they stay as they are and the failed
notebook is kept in `outputs/failed/`.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis_utils.run_context import ROOT, RUN_FOLDER
from analysis_utils.workflow import manifest
from analysis_utils.workflow.runs import Run

# An optional checker of web addresses that jsonschema would build a grammar for:
# 1.5 s of every start, and no notebook needs it.
sys.modules.setdefault("rfc3987_syntax", None)

RUNNING = ".running"
REPLACED = ".replaced"
FAILED = "failed"
KERNELS = "kernels"


class RunFailed(Exception):
    """A run that did not end well: what happened, in one or two lines."""


class RunRefused(RunFailed):
    """A run whose notebook found that the data cannot answer its question."""


# Exceptions by which series and methods refuse what the data cannot carry.
REFUSALS = ("NotTestable",)


@contextmanager
def kernel_specs():
    """A folder for this driver's kernel specifications, found by jupyter_client."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("JUPYTER_PATH")
            if before is not None:
                os.environ["JUPYTER_PATH"] = before


def write_kernel_spec(specs: Path, name: str, folder: Path, warm: bool) -> None:
    """A kernel of our environment that knows the folder of its run."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "env": {RUN_FOLDER: str(folder)},
        "metadata": {"supported_encryption": ["curve"]},
    }
    if warm:
        spec["metadata"]["kernel_provisioner"] = {"provisioner_name": "warm-fork"}
    place = specs / KERNELS / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "kernel.json").write_text(json.dumps(spec))


def execute(
    run: Run, outputs: Path, specs: Path, warm: bool, on_cell: Callable[..., None]
) -> None:
    """Execute a run and put its outputs in place.

    Parameters
    ----------
    run : Run
        Notebook and typed parameters.
    outputs, specs : Path
        The outputs' root, and the folder of kernel specifications.
    warm : bool
        Whether the kernel is a fork of the warm process.
    on_cell : callable
        Called after each executed cell (nbclient's `on_cell_executed`).

    Raises
    ------
    RunFailed, RunRefused
        The last good outputs are untouched; the notebook is in `outputs/failed/`.
    """
    inputs = manifest.code_inputs(run)
    folder = outputs / RUNNING / run.folder.relative_to(outputs)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        papermill_run(run, folder, specs, warm, on_cell)
        finish(run, folder, inputs)
        replace_folder(folder, run.folder, outputs)
    except Exception as error:
        message = describe(error)
        kept = keep_failed(run, folder, outputs, message)
        kind = RunRefused if getattr(error, "ename", "") in REFUSALS else RunFailed
        raise kind(f"{message}\n{kept}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    failed_notebook(run, outputs).unlink(missing_ok=True)


def papermill_run(
    run: Run, folder: Path, specs: Path, warm: bool, on_cell: Callable[..., None]
) -> None:
    """Execute the notebook into `folder` by papermill."""
    import papermill
    from traitlets.config import Config

    kernel = f"run-{abs(hash(run.folder)):x}"
    write_kernel_spec(specs, kernel, folder, warm)
    papermill.execute_notebook(
        str(run.notebook.path),
        str(folder / run.notebook.path.name),
        parameters=run.parameters,
        kernel_name=kernel,
        language="python",
        progress_bar=False,
        coalesce_streams=True,
        shutdown_kernel="immediate",
        start_timeout=120,
        on_cell_executed=on_cell,
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )


def finish(run: Run, folder: Path, inputs: dict) -> None:
    """Normalise the executed notebook and write the manifest."""
    import nbformat

    from analysis_utils.workflow.normalise import normalise

    path = folder / run.notebook.path.name
    nbformat.write(normalise(nbformat.read(path, as_version=4)), path)
    manifest.file_hash.cache_clear()
    if manifest.code_inputs(run) != inputs:
        raise RuntimeError("Code was edited while the notebook ran; run it again.")
    manifest.write(folder, inputs)


def replace_folder(new: Path, place: Path, outputs: Path) -> None:
    """Put `new` where `place` is. `recover` mends a kill between the two renames."""
    old = outputs / REPLACED / place.relative_to(outputs)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        old.parent.mkdir(parents=True, exist_ok=True)
        os.rename(place, old)
    os.rename(new, place)
    shutil.rmtree(outputs / REPLACED, ignore_errors=True)


def recover(outputs: Path) -> None:
    """Put back outputs that a killed driver had moved aside; clear what it left."""
    replaced = outputs / REPLACED
    for stamp in sorted(replaced.rglob(manifest.NAME)):
        place = outputs / stamp.parent.relative_to(replaced)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            os.rename(stamp.parent, place)
    shutil.rmtree(replaced, ignore_errors=True)
    shutil.rmtree(outputs / RUNNING, ignore_errors=True)


def failed_notebook(run: Run, outputs: Path) -> Path:
    """Where the notebook of a failed run is kept."""
    return outputs / FAILED / run.notebook.name / f"{run.name}.ipynb"


def keep_failed(run: Run, folder: Path, outputs: Path, message: str) -> str:
    """Keep the notebook of a failed run, failing cell marked; say where it is."""
    import nbformat

    source, kept = folder / run.notebook.path.name, failed_notebook(run, outputs)
    if not source.exists():  # it failed before the first cell
        source = run.notebook.path
    try:
        notebook = nbformat.read(source, as_version=4)
        mark_failing_cell(notebook, message)
        kept.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, kept)
    except Exception as error:  # the disk may be full: report, never hide the cause
        with suppress(OSError):
            kept.unlink(missing_ok=True)
        return f"the failed notebook could not be kept ({error})"
    return f"see {kept.relative_to(ROOT) if kept.is_relative_to(ROOT) else kept}"


def mark_failing_cell(notebook, message: str) -> None:
    """Mark the cell in which a run ended, unless papermill has marked one."""
    import nbformat

    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    if "papermill-error-cell-tag" in tags:
        return
    begun = [
        index
        for index, cell in enumerate(notebook.cells)
        if cell.metadata.get("papermill", {}).get("start_time")
        and cell.cell_type == "code"
    ]
    mark = nbformat.v4.new_markdown_cell(
        f"**The run ended in the next code cell.** {message}",
        metadata={"tags": ["papermill-error-cell-tag"]},
    )
    notebook.cells.insert(begun[-1] if begun else 0, mark)


def describe(error: Exception) -> str:
    """An exception in one line that a person can use."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        return f"cell {error.exec_count}: {error.ename}: {error.evalue}"
    if isinstance(error, DeadKernelError):
        return "the kernel died (killed, or out of memory)"
    if isinstance(error, OSError):
        return f"{error.strerror or error} ({error.filename or 'no file named'})"
    return f"{type(error).__name__}: {error}"

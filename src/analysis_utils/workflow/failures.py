"""What is said and kept of a run that did not end well."""

from contextlib import suppress
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.workflow.runs import Run
from analysis_utils.workflow.shell import NOT_TESTABLE, REFUSAL

FAILED = "failed"
MARK = "papermill-error-cell-tag"
NOT_STARTED = "Kernel died before replying"  # the words of jupyter_client


class RunFailed(Exception):
    """A run that did not end well: what happened, in one or two lines."""


class RunRefused(RunFailed):
    """A run whose notebook found that the data cannot answer its question."""


def not_testable(folder: Path) -> bool:
    """Whether the kernel found that the data cannot answer, by the exception's type."""
    note = folder / REFUSAL
    return note.exists() and note.read_text() == NOT_TESTABLE


def failed_notebook(run: Run, outputs: Path) -> Path:
    """Where the notebook of a failed run is kept."""
    return outputs / FAILED / run.notebook.name / f"{run.name}.ipynb"


def keep_failed(run: Run, folder: Path, outputs: Path, message: str) -> str:
    """Keep the notebook of a failed run, failing cell marked; say where it is."""
    import nbformat

    from analysis_utils.workflow.normalise import joined

    source, kept = folder / run.notebook.path.name, failed_notebook(run, outputs)
    if not source.exists():  # it failed before the first cell
        source = run.notebook.path
    try:
        notebook = nbformat.read(source, as_version=4)
        mark_failing_cell(notebook, message)
        for cell in notebook.cells:
            if cell.get("outputs"):
                cell.outputs = joined(cell.outputs)
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
    if MARK in tags:
        return
    started = [i for i, cell in enumerate(notebook.cells) if was_started(cell)]
    mark = nbformat.v4.new_markdown_cell(
        f"**The run ended in the next code cell.** {message}",
        metadata={"tags": [MARK]},
    )
    notebook.cells.insert(started[-1] if started else 0, mark)


def was_started(cell) -> bool:
    """Whether papermill has begun a code cell."""
    begun = cell.metadata.get("papermill", {}).get("start_time")
    return bool(begun) and cell.cell_type == "code"


def where_it_ended(path: Path) -> str:
    """The cell in which a run ended, by number and first line: 'cell 3 (`x = 1`): '."""
    import nbformat

    with suppress(Exception):  # half written, or not there: the cause matters more
        cells = [
            cell
            for cell in nbformat.read(path, as_version=4).cells
            if cell.cell_type == "code"
        ]
        number = max(i for i, cell in enumerate(cells, start=1) if was_started(cell))
        return f"cell {number} ({first_line(cells[number - 1].source)}): "
    return ""


def first_line(source: str) -> str:
    """The first line of a cell that says something, shortened."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    line = lines[0] if lines else "empty"
    return f"`{line[:57]}...`" if len(line) > 60 else f"`{line}`"


def unfinished(notebook) -> str:
    """What keeps a run from having executed every cell; empty if nothing does."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, start=1):
        shown = f"cell {number} ({first_line(cell.source)})"
        for output in cell.outputs:
            if output.output_type == "error":
                return f"{shown}: {output.ename} ended the notebook before its end"
        done = cell.metadata.get("papermill", {}).get("status") == "completed"
        if cell.source.strip() and not (done and cell.execution_count):
            return f"{shown} was not executed; a run is done when every cell was"
    return ""


def died_at_start(error: Exception) -> bool:
    """Whether a kernel ended before it could execute anything."""
    return isinstance(error, RuntimeError) and NOT_STARTED in str(error)


def describe(error: Exception) -> str:
    """An exception in one line that a person can use."""
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        return f"cell {error.exec_count}: {error.ename}: {error.evalue}"
    if isinstance(error, DeadKernelError):
        return "the kernel died (killed, out of memory, or ended by the cell)"
    if died_at_start(error):
        return "the kernel died at its start: is memory short (`ulimit -a`)?"
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else " in outputs/"
        return f"{error.strerror or error}{place}"
    if isinstance(error, (Refused, RunFailed)):
        return str(error)
    return f"{type(error).__name__}: {error}"

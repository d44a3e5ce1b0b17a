"""What a worker of a cluster does with one run; knows nothing but the standard library.

`carry_out` travels to the worker by value. The project comes before it, as one archive
called by its own SHA-256, and is unpacked once for each machine; the run is executed
there by a process of its own, so that no code that the worker has imported is used.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path


def carry_out(digest: str, order: dict) -> dict:
    """Execute one run of the project that was unpacked here.

    Parameters
    ----------
    digest : SHA-256 of the project's archive.
    order : `notebook` (its file), `name`, `parameters`, `given`, `minutes`.

    Returns
    -------
    dict
        `state` (ran, refused, failed), `message`, `files` (a zip archive of the run's
        folder, or of the failed notebook), `sha256` of that archive.
    """
    root = place_of(digest)
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        command = [sys.executable, "-m", "analysis_utils.workflow.remote", folder]
        done = subprocess.run(
            command,
            cwd=root,
            input=json.dumps(order),
            env=os.environ | {"PYTHONPATH": str(root / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        answer = Path(folder) / "answer.json"
        if not answer.exists():
            raise RuntimeError(
                f"the worker's process ended early: {done.stderr[-2000:]}"
            )
        found = json.loads(answer.read_text())
        files = zipped(Path(folder) / "files")
    return found | {"files": files, "sha256": hashlib.sha256(files).hexdigest()}


def place_of(digest: str) -> Path:
    """Where this machine keeps the project with this content."""
    return Path(tempfile.gettempdir()) / f"analysis-project-{os.getuid()}" / digest


def unpack(package: bytes, digest: str) -> None:
    """Lay the project out on this machine, if it is not there yet."""
    if hashlib.sha256(package).hexdigest() != digest:
        raise ValueError("the project reached this worker damaged")
    place = place_of(digest)
    if not place.exists():
        place.parent.mkdir(mode=0o700, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=place.parent))
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(new)
        try:
            os.rename(new, place)
        except OSError:  # another worker of this machine was first
            if not place.exists():
                raise


def zipped(folder: Path) -> bytes:
    """A folder as a zip archive: the same bytes for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                entry = zipfile.ZipInfo(name)  # its date is that of no file: 1980
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def end_with(parent: int) -> None:
    """End this process when the worker that started it is no more."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main(folder: Path) -> None:
    """Execute the run described on standard input; leave its answer in `folder`."""
    from analysis_utils.run_context import ROOT
    from analysis_utils.workflow import determinism
    from analysis_utils.workflow.execute import Setting, execute, kernel_specs
    from analysis_utils.workflow.failures import RunFailed, RunRefused, failed_notebook
    from analysis_utils.workflow.notebook import Notebook
    from analysis_utils.workflow.runs import Run

    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    order = json.load(sys.stdin)
    outputs, files = folder / "outputs", folder / "files"
    run = Run(
        Notebook(ROOT / "notebooks" / order["notebook"]),
        order["name"],
        order["parameters"],
        outputs,
        tuple(order["given"]),
        order["minutes"],
    )
    determinism.apply()
    state, message = "ran", ""
    with kernel_specs() as specs:
        try:
            execute(run, Setting(outputs, specs, warm=False))
            os.rename(run.folder, files)
        except RunFailed as failed:
            state = "refused" if isinstance(failed, RunRefused) else "failed"
            message = str(failed).splitlines()[0]
            files.mkdir()
            kept = failed_notebook(run, outputs)
            if kept.exists():
                os.rename(kept, files / run.notebook.path.name)
    answer = folder / "answer.new"
    answer.write_text(json.dumps({"state": state, "message": message}))
    os.rename(answer, folder / "answer.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

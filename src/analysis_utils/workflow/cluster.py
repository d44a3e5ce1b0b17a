"""Runs on other machines: a scheduler of dask.distributed instead of local kernels.

The project travels once to each worker, called by its content; a run's folder comes
back and is checked byte by byte against its manifest, and the manifest against what is
here, before it takes its place. A worker that dies loses nothing: the scheduler gives
its runs to another.
"""

import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest, remote
from analysis_utils.workflow.failures import RunFailed, RunRefused, failed_notebook
from analysis_utils.workflow.place import RUNNING, replace_folder
from analysis_utils.workflow.runs import Run

if TYPE_CHECKING:
    from distributed import Client

    from analysis_utils.workflow.execute import Setting

ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}")
WAIT = 10  # seconds for a scheduler to answer
PARTS = ("src", "notebooks", "data")
FILES = ("requirements.lock", "pyproject.toml")


def checked(address: str) -> str:
    """The address of a scheduler, or a refusal."""
    if not ADDRESS.fullmatch(address):
        raise Refused(
            f"CLUSTER={address!r} is no address of a scheduler; it looks like "
            "CLUSTER=tcp://127.0.0.1:8786 (docs/cluster.md)"
        )
    return address


def packed() -> bytes:
    """What runs need of this project as one archive, the same for the same files."""
    stream = io.BytesIO()
    paths = [path for part in PARTS for path in (ROOT / part).rglob("*")]
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted([*paths, *(ROOT / name for name in FILES)]):
            name = path.relative_to(ROOT).as_posix()
            passing = "__pycache__" in name or name.startswith("data/raw/")
            if path.is_file() and not passing:
                entry = zipfile.ZipInfo(name)
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


@dataclass(frozen=True)
class Cluster:
    """A connected scheduler.

    Attributes
    ----------
    client : of dask.distributed.
    digest : SHA-256 of the project that its workers have.
    workers : runs that it can execute at a time.
    """

    client: "Client"
    digest: str
    workers: int

    def execute(self, run: Run, setting: "Setting") -> None:
        """Execute a run there and put its outputs in place here.

        Raises RunFailed or RunRefused, as `execute.execute` does.
        """
        inputs = manifest.code_inputs(run)
        key = f"{run.label}-{self.digest[:12]}"
        task = self.client.submit(
            remote.carry_out, self.digest, order(run), key=key, pure=False
        )
        try:
            answer = task.result()
        except Exception as error:  # whatever a network, a scheduler, a machine can do
            raise RunFailed(f"the cluster did not execute it: {error}") from error
        if hashlib.sha256(answer["files"]).hexdigest() != answer["sha256"]:
            raise RunFailed("its outputs reached this machine damaged; run it again")
        if answer["state"] != "ran":
            kept = keep_failed(run, setting.outputs, answer["files"])
            kind = RunRefused if answer["state"] == "refused" else RunFailed
            raise kind(f"{answer['message']}\n{kept}")
        self.put(run, setting, answer["files"], inputs)

    def put(self, run: Run, setting: "Setting", files: bytes, inputs: dict) -> None:
        """Check the outputs that came and put them in place."""
        from analysis_utils.workflow.execute import beside_archive

        outputs = setting.outputs
        folder = outputs / RUNNING / run.folder.relative_to(outputs)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            unzip(files, folder)
            if wrong := faults(folder, inputs):
                raise RunFailed(f"what came back cannot be used: {wrong}")
            beside_archive(run, folder, setting)
            replace_folder(folder, run.folder, outputs)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        failed_notebook(run, outputs).unlink(missing_ok=True)


def order(run: Run) -> dict:
    """What a worker must know of a run."""
    return {
        "notebook": run.notebook.path.name,
        "name": run.name,
        "parameters": run.parameters,
        "given": run.given,
        "minutes": run.minutes,
    }


def unzip(files: bytes, folder: Path) -> None:
    """Lay an archive out below `folder`, and nowhere else."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        for name in archive.namelist():
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise RunFailed(f"a worker sent a file that is none of a run's: {name}")
        archive.extractall(folder)


def faults(folder: Path, inputs: dict) -> str:
    """What keeps a folder from being this run's outputs; empty if nothing does."""
    made = manifest.read(folder)
    if made is None:
        return "it has no manifest"
    for part, ours in inputs.items():
        if made.get(part) != ours:
            return f"it was made from another {part}"
    for name, digest in made["data"].items():
        if manifest.file_hash(ROOT / name) != digest:
            return f"it was made from another {name}"
    if manifest.files_written(folder) != made["outputs"]:
        return "its files are not those of its manifest"
    return ""


def keep_failed(run: Run, outputs: Path, files: bytes) -> str:
    """Keep the notebook of a failed run, as it came; say where it is."""
    kept = failed_notebook(run, outputs)
    with zipfile.ZipFile(io.BytesIO(files)) as archive:
        names = archive.namelist()
        if not names:
            return "its notebook was not kept"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(archive.read(names[0]))
    return f"see {kept.relative_to(ROOT) if kept.is_relative_to(ROOT) else kept}"


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """A scheduler with this project on its way to the workers.

    Raises
    ------
    Refused
        If there is none, or it has no workers, or the package is not installed.
    """
    try:
        import cloudpickle
        from distributed import Client, WorkerPlugin
    except ImportError:
        raise Refused(
            "CLUSTER= needs the package distributed: make environment, or "
            "pip install '.[cluster]'"
        ) from None
    cloudpickle.register_pickle_by_value(remote)
    package = packed()
    digest = hashlib.sha256(package).hexdigest()
    unpack = remote.unpack

    class Project(WorkerPlugin):
        """Lays the project out on each worker, also on one that comes later."""

        name = f"analysis-project-{digest}"

        def setup(self, worker: object) -> None:
            unpack(package, digest)

    try:
        client = Client(address, timeout=WAIT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise Refused(f"no scheduler answers at {address} ({error})") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise Refused(f"the scheduler at {address} has no workers; start one")
        client.register_plugin(Project())
        try:
            print(f"{address} executes {threads} runs at a time.", flush=True)
            yield Cluster(client, digest, threads)
        finally:
            client.unregister_worker_plugin(Project.name)

"""Runs on a cluster give the bytes of local ones, whatever happens to a worker."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import make_checkout

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import cluster, remote

sys.path.append(str(ROOT / "benchmarks"))
import many_workers

PARAMETERS = 'window: "6 to 60" = 24\n'
DRAWS = (
    "import pandas as pd\n"
    "from analysis_utils import datasets, publish\n"
    "publish.number('agreements', len(datasets.agreements()))\n"
    "publish.table(pd.DataFrame({'a': [1.5, window]}), 't', caption='A table.')"
)
REFUSES = "from analysis_utils.asking import NotTestable as No\nraise No('too few')"
SLOW = "import time\ntime.sleep({seconds})\n"


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A scheduler and two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("scheduler")
    note = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    started = [
        subprocess.Popen(
            [*dask, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
            + ["--scheduler-file", str(note)],
            **quiet,
        )
    ]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker"]
    options = ["--scheduler-file", str(note), "--host", "127.0.0.1"]
    options += ["--nthreads", "1", "--no-dashboard", "--no-nanny"]
    options += ["--local-directory", str(folder)]
    workers = [subprocess.Popen([*worker, *options], **quiet) for _ in range(2)]
    started += workers
    for _ in range(300):
        if note.exists() and note.read_text().strip():
            break
        time.sleep(0.1)
    address = json.loads(note.read_text())["address"]
    yield address, workers
    for process in started:
        process.kill()
        process.wait()


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.long
def test_the_bytes_are_those_of_a_local_run(checkout, tmp_path, scheduler):
    address, _ = scheduler
    here = make_checkout(tmp_path / "here")
    for place in (checkout, here):
        place.notebook("01_drawn", PARAMETERS, DRAWS)
        place.notebook("02_refused", PARAMETERS, REFUSES)
        place.notebook("03_broken", PARAMETERS, "1 / 0")
    code, text = checkout.make("all", CLUSTER=address)
    local, said = here.make("all")
    assert code == local == 1, (text, said)
    assert "executes 2 runs at a time" in text
    for line in ("NOT TESTABLE 02_refused/main: ", "FAILED 03_broken/main: "):
        (mine,) = [found for found in said.splitlines() if found.startswith(line)]
        assert mine in text
    assert (checkout.outputs / "failed/03_broken/main.ipynb").is_file()
    there = files(checkout.outputs / "01_drawn/main")
    assert "manifest.json" in there
    assert there == files(here.outputs / "01_drawn/main")
    assert not (checkout.outputs / ".running").exists()

    _, text = checkout.make("why", NOTEBOOK="01")
    assert "fresh" in text


REFUSES = "from analysis_utils.asking import NotTestable as No\nraise No('too few')"


@pytest.mark.long
def test_a_worker_that_is_killed_loses_nothing(checkout, scheduler):
    address, workers = scheduler
    for number in range(1, 5):
        checkout.notebook(f"0{number}_slow", PARAMETERS, SLOW.format(seconds=4), DRAWS)
    process = checkout.start("all", CLUSTER=address)
    time.sleep(10)  # the first two are under way
    assert process.poll() is None
    workers[0].kill()
    code, text = checkout.finish(process)
    assert code == 0, text
    for number in range(1, 5):
        assert (checkout.outputs / f"0{number}_slow/main/results.json").is_file()
        assert text.count(f"0{number}_slow/main: ran") == 1


@pytest.mark.parametrize("address", ["here", "127.0.0.1:8786", "tcp://", "tcp://a b:1"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Refused, match="CLUSTER=.*is no address of a scheduler"):
        cluster.checked(address)


@pytest.mark.long
def test_nobody_answers(checkout):
    checkout.notebook("01_drawn", PARAMETERS, DRAWS)
    code, text = checkout.make("all", CLUSTER="tcp://127.0.0.1:1")
    assert code == 2 and "no scheduler answers at tcp://127.0.0.1:1" in text


def made(folder: Path, **content: object) -> Path:
    """A folder as it comes from a worker."""
    from analysis_utils.workflow import manifest

    folder.mkdir()
    (folder / "results.json").write_text("{}")
    content = {"notebook": {}, "data": {}} | content
    content["outputs"] = manifest.files_written(folder)
    (folder / manifest.NAME).write_text(json.dumps(content))
    return folder


def test_what_comes_back_is_compared_with_what_is_here(tmp_path):
    same = made(tmp_path / "same")
    assert cluster.faults(same, {"notebook": {}}) == ""
    assert "another notebook" in cluster.faults(same, {"notebook": {"sha256": "0"}})
    other = made(tmp_path / "data", data={"data/states.csv": "0"})
    assert "another data/states.csv" in cluster.faults(other, {})
    (same / "results.json").write_text("{} ")
    assert "not those of its manifest" in cluster.faults(same, {"notebook": {}})
    assert "no manifest" in cluster.faults(tmp_path, {})


def test_the_project_packs_to_the_same_bytes():
    assert cluster.packed() == cluster.packed()


def test_a_damaged_project_is_not_unpacked():
    with pytest.raises(ValueError, match="damaged"):
        remote.unpack(b"x", "0" * 64)


def test_many_workers_are_simulated_by_list_scheduling():
    tasks = [many_workers.Task("a run", seconds) for seconds in (5, 3, 3, 2)]
    for workers, seconds in ((1, 13), (2, 7), (4, 5), (64, 5)):
        assert many_workers.needed(tasks, workers, 0, 1.0) == seconds


def test_what_travels_takes_its_time():
    """Two workers get 4 bytes each, one after the other; 2 bytes come back of each."""
    tasks = [many_workers.Task(name, 10, size=2, placing=1) for name in "ab"]
    assert many_workers.needed(tasks, 2, 4, 1.0) == 21
    assert many_workers.needed(tasks, 2, 4, 4.0) == 13.5


def test_the_simulation_alone_is_written_anew():
    page = (ROOT / "docs/cluster.md").read_text()
    new = many_workers.rewritten(page, "Measured\n")
    assert (
        many_workers.rewritten(
            new, page.split(many_workers.MARKS[0])[1].split(many_workers.MARKS[1])[0]
        )
        == page
    )

"""What tests share: a determined environment, made notebooks, a checkout to break."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import chromium
import latex
import pytest
from hypothesis import settings

from analysis_utils.run_context import ROOT
from analysis_utils.workflow import determinism

determinism.apply()
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"

# The same code gives the same verdict: the examples follow from the tests' text. To
# look further: `--hypothesis-profile=wide --hypothesis-seed=1` with any test file.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("wide", derandomize=False, database=None)
settings.load_profile("same")


LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say in one line each what was not tried: without a browser or LaTeX, or long."""
    for needed in (chromium, latex):
        if not needed.PROGRAM:
            terminalreporter.write_line(f"Not tried: {needed.MISSING}")
    test = {"not long": "long test", "quick": "test"}.get(config.option.markexpr)
    if test and (number := config.stash.get(LEFT_OUT, 0)):
        terminalreporter.write_line(
            f"Left out: {number:,} {test}{'s' * (number > 1)}. "
            "`make test WHOLE=yes` runs everything."
        )


# What runs notebooks, commands or a browser, and what simulates or compiles at length;
# single tests of other files carry the mark `slow` or `long`.
SLOW_FIXTURES = {
    "browser",
    "checkout",
    "concluded",
    "good",
    "kernel",
    "made",
    "scheduler",
    "server",
    "site",
    "traced",
    "two",
}
SLOW_FILES = {
    "test_association_panel",
    "test_association_size",
    "test_breaks_search",
    "test_deposit_archive",
    "test_deposit_standards",
    "test_editor_lab",
    "test_event_study",
    "test_executed_notebooks",
    "test_faults_desk",
    "test_faults_process",
    "test_faults_runs",
    "test_faults_verify",
    "test_its_forecasts",
    "test_its_properties",
    "test_methods_contract",
    "test_panel_inference",
    "test_paper",
    "test_predictions",
    "test_register_data",
    "test_register_update",
    "test_report_entry",
    "test_reproduction",
    "test_study_adoption",
    "test_validation",
}

# What reads the register or the outputs as they stand here: a later list may change its
# verdict. `.ci/later_list` runs these alone after a made list. Left out are those that
# read frozen lists or other sources, and what executes again what `make all` has just
# executed there (test_executed_notebooks).
LIVE_FILES = {
    "test_agency_links",
    "test_datasets",
    "test_deposit_standards",
    "test_later",
    "test_paper",
    "test_predictions",
    "test_readme",
    "test_register_build",
    "test_register_data",
    "test_register_editions",
    "test_register_history",
    "test_report_entry",
    "test_review_trace",
    "test_series",
    "test_site",
    "test_sources_registry",
    "test_study_adoption",
    "test_study_choices",
    "test_study_claims",
    "test_study_controlled",
    "test_study_encounters",
    "test_study_first_agreements",
    "test_study_in_time",
    "test_study_orders",
    "test_study_panels",
    "test_study_payments",
    "test_study_shares",
    "test_study_state_acts",
    "test_study_state_panel",
    "test_study_times",
}


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark of LIVE_FILES."""
    config.addinivalue_line("markers", "live: reads the register or outputs here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `make test QUICK=yes`, and those of `.ci/later_list`."""
    for item in items:
        if not is_slow(item):
            item.add_marker("quick")
        if item.path.stem in LIVE_FILES:
            item.add_marker("live")


def is_slow(item: pytest.Item) -> bool:
    """Whether `make test QUICK=yes` leaves a test out."""
    marked = item.get_closest_marker("long") or item.get_closest_marker("slow")
    needed = set(getattr(item, "fixturenames", ()))
    return bool(marked or needed & SLOW_FIXTURES or item.path.stem in SLOW_FILES)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what is left out; each worker of xdist hands its count over."""
    config = items[0].config
    config.stash[LEFT_OUT] = config.stash.get(LEFT_OUT, 0) + len(items)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Take the count of a worker over: all of them collect the same tests."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def write_notebook(path: Path, parameters: str, *cells: str) -> None:
    """A notebook with one parameters cell (may be empty) and code cells."""
    import nbformat  # after the package, which makes it start faster

    notebook = nbformat.v4.new_notebook()
    if parameters:
        cell = nbformat.v4.new_code_cell(parameters)
        cell.metadata["tags"] = ["parameters"]
        notebook.cells.append(cell)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(notebook, path)


@dataclass
class Checkout:
    """A copy of the project with notebooks of the test's own, run as make runs it."""

    root: Path

    @property
    def outputs(self) -> Path:
        return self.root / "outputs"

    def notebook(self, name: str, parameters: str, *cells: str) -> Path:
        path = self.root / "notebooks" / f"{name}.ipynb"
        write_notebook(path, parameters, *cells)
        return path

    def environment(self, **variables: str) -> dict[str, str]:
        settings = {"PYTHONPATH": str(self.root / "src")}
        settings["GIVEN"] = " ".join(variables)
        return os.environ | settings | variables

    def start(self, command: str, **variables: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "analysis_utils.commands", command],
            cwd=self.root,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(self, command: str, **variables: str) -> tuple[int, str]:
        """Exit code and everything printed."""
        return self.finish(self.start(command, **variables))

    def review(self, command: str, **variables: str) -> tuple[int, str]:
        """The same for `make verify` and `make trace`."""
        return self.finish(self.start(command, **variables))

    def finish(self, process: subprocess.Popen) -> tuple[int, str]:
        text, _ = process.communicate(timeout=900)
        return process.returncode, text


def make_checkout(root: Path) -> Checkout:
    """A checkout without notebooks and outputs."""
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(
        ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "requirements.lock", root)
    shutil.copytree(ROOT / "data", root / "data")
    return Checkout(root)


def copied(checkout: Checkout, root: Path) -> Checkout:
    """A checkout as it stands, elsewhere: what has run there need not run again."""
    shutil.copytree(checkout.root, root, symlinks=True)
    return Checkout(root)


@pytest.fixture(scope="session")
def one_that_ran(tmp_path_factory) -> Checkout:
    """A notebook that has run well, and its outputs."""
    checkout = make_checkout(tmp_path_factory.mktemp("good") / "checkout")
    checkout.notebook("01_a", "", "print('good')")
    assert checkout.make("all")[0] == 0
    return checkout


@pytest.fixture
def good(one_that_ran: Checkout, tmp_path: Path) -> Checkout:
    """The same, to be broken."""
    return copied(one_that_ran, tmp_path / "checkout")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout without notebooks and outputs."""
    return make_checkout(tmp_path / "checkout")

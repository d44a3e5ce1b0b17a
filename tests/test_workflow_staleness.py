"""A run is stale by content, never by time, and `why` says what changed."""

import json
import os
from pathlib import Path

import pytest
from conftest import Checkout, copied, make_checkout

HELPER = "src/analysis_utils/helper.py"


@pytest.fixture(scope="module")
def two_that_ran(tmp_path_factory) -> Checkout:
    """Two notebooks that have run; the second imports a helper, by way of another."""
    checkout = make_checkout(tmp_path_factory.mktemp("two") / "checkout")
    (checkout.root / HELPER).write_text("VALUE = 1\n")
    through = (
        "def value():\n    from analysis_utils.helper import VALUE\n    return VALUE\n"
    )
    (checkout.root / "src/analysis_utils/through.py").write_text(through)
    checkout.notebook("01_a", 'n: "1 to 9" = 1', "print('one')")
    checkout.notebook(
        "02_b",
        "",
        "from analysis_utils.through import value\nfrom analysis_utils import publish",
        "publish.number('v', value())",
    )
    code, text = checkout.make("all")
    assert code == 0, text
    return checkout


@pytest.fixture
def two(two_that_ran: Checkout, tmp_path: Path) -> Checkout:
    """The same, to be changed."""
    return copied(two_that_ran, tmp_path / "checkout")


def why(checkout) -> dict[str, str]:
    _, text = checkout.make("why")
    return dict(line.split(": ", 1) for line in text.splitlines())


def test_nothing_to_do(two):
    code, text = two.make("all")
    assert code == 0
    assert text.count("fresh") == 2 and "Nothing to do" in text


def test_touching_runs_nothing(two):
    for path in two.root.rglob("*"):
        os.utime(path, (1, 1))
    assert set(why(two).values()) == {"fresh: nothing changed"}


def test_editing_one_notebook_reruns_it_alone(two):
    two.notebook("01_a", 'n: "1 to 9" = 1', "print('two')")
    assert why(two) == {
        "01_a/main": "the notebook's text changed",
        "02_b/main": "fresh: nothing changed",
    }


def test_outputs_and_metadata_in_the_source_do_not_count(two):
    path = two.root / "notebooks/01_a.ipynb"
    content = json.loads(path.read_text())
    content["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "stale"}
    ]
    content["cells"][1]["execution_count"] = 7
    content["metadata"]["kernelspec"] = {"name": "other", "display_name": "Other"}
    path.write_text(json.dumps(content))
    assert why(two)["01_a/main"] == "fresh: nothing changed"


def test_editing_a_helper_reruns_what_imports_it_even_indirectly(two):
    (two.root / HELPER).write_text("VALUE = 2\n")
    assert why(two) == {
        "01_a/main": "fresh: nothing changed",
        "02_b/main": f"module {HELPER} changed",
    }
    two.make("all")
    results = json.loads((two.outputs / "02_b/main/results.json").read_text())
    assert results["numbers"]["v"]["value"] == 2


def test_a_changed_default_or_run_is_named(two):
    (two.root / "notebooks/runs.yaml").write_text("01_a:\n  main: {n: 3}\n")
    assert why(two)["01_a/main"] == "parameter n: 1 -> 3"


def test_the_lock_counts(two):
    with open(two.root / "requirements.lock", "a") as lock:
        lock.write("# changed\n")
    assert set(why(two).values()) == {"lock file requirements.lock changed"}


@pytest.mark.parametrize(
    "how",
    [
        "edit",
        pytest.param("delete", marks=pytest.mark.long),
        pytest.param("add", marks=pytest.mark.long),
    ],
)
def test_a_tampered_output_is_noticed_and_restored(two, how):
    folder = two.outputs / "02_b/main"
    path = folder / "results.json"
    good = path.read_bytes()
    if how == "edit":
        path.write_text("{}")
    elif how == "delete":
        path.unlink()
    else:
        (folder / "extra.csv").write_text("a\n")
    assert "fresh" not in why(two)["02_b/main"]
    two.make("all")
    assert path.read_bytes() == good and not (folder / "extra.csv").exists()


def test_a_data_file_that_was_read_counts(checkout):
    data = checkout.root / "data/small.csv"
    data.write_text("a\n1\n")
    checkout.notebook(
        "01_a",
        "",
        "from analysis_utils.run_context import ROOT, record_read",
        "path = ROOT / 'data/small.csv'; record_read(path); print(path.read_text())",
    )
    assert checkout.make("all")[0] == 0
    assert why(checkout)["01_a/main"] == "fresh: nothing changed"
    data.write_text("a\n2\n")
    assert why(checkout)["01_a/main"] == "data file data/small.csv changed"


def test_outputs_of_no_run_are_reported(two):
    (two.root / "notebooks/runs.yaml").write_text("01_a:\n  renamed: {}\n")
    _, text = two.make("all")
    assert "outputs/01_a/main belongs to no run" in text


def test_having_nothing_to_do_imports_no_pandas(two):
    code = (
        "import sys; sys.argv = ['x', 'all']\n"
        "from analysis_utils.commands.__main__ import main\n"
        "assert main() == 0\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], env=two.environment(), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.fault("10.10", "a comment or docstring makes runs stale")
def test_comments_and_docstrings_make_nothing_stale(two):
    helper = two.root / HELPER
    helper.write_text('"""What it is."""\n\n# why\nVALUE   =   1  # one\n')
    assert why(two)["02_b/main"] == "fresh: nothing changed"
    helper.write_text('"""What it is."""\n\nVALUE = 1.0\n')
    assert why(two)["02_b/main"] == f"module {HELPER} changed"


def test_a_module_is_what_python_reads():
    from analysis_utils.workflow.code import fingerprint

    def of(text: str) -> str:
        return fingerprint(text.encode())

    function = "def f(x):\n    {}\n    return x\n"
    assert of(function.format('"""Doc."""')) == of(function.format("# other"))
    same = [of(f"x = {text}") for text in ("1", "(1)", "1 # one")]
    assert len(set(same)) == 1
    texts = ("1", "True", "1.0", "'1'", "b'1'", "-1", "[1]", "(1,)", "f'1'", "x")
    texts += ("None",)
    assert len({of(f"x = {text}") for text in texts}) == len(texts)
    assert of("x = 1\n'''no docstring'''") != of("x = 1")
    assert of("def f(): ...") != of("async def f(): ...")
    assert of("a < b") != of("a <= b") and of("a + b") != of("a - b")
    assert of("def (") == of("def (") != of("def  (")  # no Python: the bytes

"""What a notebook may do to its run: tried in one `make all`, each fault a notebook."""

import json
import re

import pytest
from conftest import make_checkout

PUBLISH = "from analysis_utils import publish\nimport pandas as pd"
TABLE = "publish.table(pd.DataFrame({'a': [1]}), 'one', caption='One')"
# (fault, what it is, cells, words that must be said)
FAULTS = {
    "01_exit": ("17.3", "sys.exit(0) in the middle", ["import sys; sys.exit(0)", "1"],
                "cell 1 .*SystemExit ended the notebook"),
    "03_os_exit": ("17.3", "os._exit(0)", ["import os; os._exit(0)", "1"],
                   r"cell 1 \(`import os; os._exit\(0\)`\): the kernel died"),
    "04_last": ("17.3", "os._exit(0) in the last cell", ["1", "import os; os._exit(0)"],
                "cell 2 .*the kernel died"),
    "05_flood": ("17.4", "a cell that prints 100 MB",
                 ["for _ in range(100): print('x' * 10**6)"], "more than 10 MB"),
    "06_shown": ("17.4", "a cell that shows 20 MB",
                 ["from IPython.display import HTML, display\n"
                  "display(HTML('x' * 20_000_000))"], "more than 10 MB"),
    "07_endless": ("17.4", "an endless cell", ["x = 1", "while True: x += 1"],
                   r"cell 2 \(`while True: x \+= 1`\): the run did not end within"),
    "08_fork": ("17.10", "a cell that forks", ["import os; os.fork()"],
                "starts another program"),
    "09_program": ("17.10", "a cell that starts a program",
                   ["import subprocess; subprocess.run(['true'])"],
                   "starts another program"),
    "10_shell": ("17.10", "a line handed to the shell", ["!touch made"],
                 "starts another program"),
    "11_network": ("17.10", "a cell that uses the network",
                   ["import urllib.request as u\n"
                    "u.urlopen('http://192.0.2.1/', timeout=5)"],
                   "asks 192.0.2.1 over the network"),
    "12_writes": ("17.10", "a cell that writes outside its folder",
                  ["open('data/agreements.csv', 'a').write('x')"],
                  "data/agreements.csv would be changed"),
    "13_removes": ("17.10", "a cell that removes a file",
                   ["import os; os.remove('README.md')"], "README.md would be changed"),
    "14_other": ("17.1", "a cell that reads another run's outputs",
                 ["open('outputs/99_x/main/results.json').read()"],
                 "another run's output"),
    "15_elsewhere": ("17.1", "a cell that reads a temporary file of others",
                     ["import pandas as pd; pd.read_csv('../mine.csv')"],
                     r"mine.csv lies outside the project.*data/own"),
    "16_typed": ("10.4", "a refusal decided by type, not by name",
                 ["from analysis_utils.asking import NotTestable\n"
                  "class TooFew(NotTestable): pass\n"
                  "raise TooFew('only 3 weeks')"], "only 3 weeks"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """The checkout, what was said in all, and each notebook's line."""
    root = tmp_path_factory.mktemp("runs")
    checkout = make_checkout(root / "checkout")
    (checkout.outputs / "99_x/main").mkdir(parents=True)
    (checkout.outputs / "99_x/main/results.json").write_text("{}")
    (checkout.root / "README.md").write_text("Kept\n")
    (root / "mine.csv").write_text("a\n1\n")
    for name, (_, _, cells, _) in FAULTS.items():
        checkout.notebook(name, "", *cells)
    checkout.notebook("02_quit", "", "exit()", "print('executed all the same')")
    (checkout.root / "notebooks/runs.yaml").write_text("limits: {07_endless: 0.25}\n")
    before = (checkout.root / "data/agreements.csv").read_bytes()
    code, text = checkout.make("all")
    assert code == 1
    assert (checkout.root / "data/agreements.csv").read_bytes() == before
    assert (checkout.root / "README.md").exists()
    assert not (checkout.root / "made").exists()
    return checkout, text


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.fault(number, words))
        for name, (number, words, *_) in FAULTS.items()
    ],
)
def test_a_fault_ends_its_run_in_words(tried, name):
    checkout, text = tried
    *_, words = FAULTS[name]
    said = [line for line in text.splitlines() if f" {name}/main: " in line]
    assert re.search(words, "\n".join(said)), said
    assert "Traceback" not in text
    assert not (checkout.outputs / name).exists()
    assert (checkout.outputs / f"failed/{name}/main.ipynb").exists()
    assert not (checkout.outputs / ".running").exists()


@pytest.mark.long
@pytest.mark.fault("17.3", "exit() ends no notebook: every cell is executed")
def test_exit_leaves_no_cell_out(tried):
    checkout, _ = tried
    made = (checkout.outputs / "02_quit/main/02_quit.ipynb").read_text()
    assert "executed all the same" in made.split('"outputs"')[-1]


@pytest.mark.fault("17.1", "a data file outside the project is refused")
def test_a_file_elsewhere(tmp_path_factory, monkeypatch):
    from analysis_utils.workflow import watch

    run = tmp_path_factory.mktemp("run")
    outside = tmp_path_factory.mktemp("outside") / "mine.csv"
    outside.write_text("a\n1\n")
    hook = watch.Watch(run, run)
    made = outside.with_name("made.csv")  # among temporary files, as the other is
    hook("open", (str(made), "w", 0))
    made.write_text("a\n1\n")
    hook("open", (str(made), "r", 0))
    hook.scratch = []  # the tests' own folders are among the temporary ones
    with pytest.raises(watch.Trespass, match="lies outside the project"):
        hook("open", (str(outside), "r", 0))
    with pytest.raises(watch.Trespass, match="would be changed"):
        hook("open", (str(outside), "w", 0))
    hook("open", (str(run / "figure.svg"), "w", 0))
    hook("open", ("/etc/hosts.csv", "r", 0))
    with pytest.raises(watch.Trespass, match="state of git"):
        hook("open", (str(watch.ROOT) + "/.git/HEAD", "r", 0))


@pytest.mark.long
@pytest.mark.fault("10.4", "a refusal is known by its type and shown in one line")
def test_a_refusal_is_one_line_in_the_notebook(tried):
    checkout, text = tried
    assert re.search("NOT TESTABLE 16_typed/main: .*only 3 weeks", text)
    kept = json.loads((checkout.outputs / "failed/16_typed/main.ipynb").read_text())
    (error,) = [o for c in kept["cells"] for o in c.get("outputs", [])
                if o["output_type"] == "error"]  # fmt: skip
    assert error["traceback"] == ["Not testable: only 3 weeks"]


@pytest.mark.long
@pytest.mark.fault("17.3", "a half-run notebook deletes no archived output")
def test_outputs_of_a_notebook_that_exits_stay(checkout):
    checkout.notebook("01_a", "", PUBLISH, TABLE, "1")
    assert checkout.make("all")[0] == 0
    before = sorted(p.name for p in (checkout.outputs / "01_a/main").iterdir())
    checkout.notebook("01_a", "", PUBLISH, "import sys; sys.exit(0)", TABLE)
    code, text = checkout.make("all")
    assert code == 1 and "01_a/main  failed" in text
    assert sorted(p.name for p in (checkout.outputs / "01_a/main").iterdir()) == before
    assert "one.csv" in before
    checkout.notebook("01_a", "", PUBLISH, "2")
    code, text = checkout.make("all")
    assert code == 0 and "01_a/main no longer makes one.csv, one.tex" in text


@pytest.mark.fault("17.1", "a file opened past the door is in the manifest")
@pytest.mark.parametrize("warm", ["yes", "no"])
def test_a_file_read_by_pandas_alone_counts(checkout, warm):
    (checkout.root / "data/mine.csv").write_text("a\n1\n2\n")
    read = "import pandas as pd; print(len(pd.read_csv('data/mine.csv')))"
    checkout.notebook("01_a", "", read)
    code, text = checkout.make("all", WARM=warm)
    assert code == 0, text
    manifest = json.loads((checkout.outputs / "01_a/main/manifest.json").read_text())
    assert list(manifest["data"]) == ["data/mine.csv"]
    assert manifest["read_at"] == {"data/mine.csv": ["1:1"]}
    (checkout.root / "data/mine.csv").write_text("a\n1\n")
    assert "data file data/mine.csv changed" in checkout.make("why")[1]


@pytest.mark.long
@pytest.mark.fault("17.1", "an editor's saved default changes no registered result")
def test_a_run_with_a_hypothesis_pins_every_parameter(checkout):
    record = (
        "from analysis_utils import publish\n"
        "from analysis_utils.run_context import folder\nimport json\n"
        "(folder() / 'results.json').write_text(json.dumps("
        "{'numbers': {}, 'hypotheses': [{'id': 'Z1'}]}))"
    )
    checkout.notebook("01_a", 'n: "1 to 9" = 3\nm: "1 to 9" = 3', record)
    runs = checkout.root / "notebooks/runs.yaml"
    runs.write_text("01_a:\n  main: {n: 3}\n")
    code, text = checkout.make("all")
    assert code == 1 and "01_a/main carries Z1 and leaves m to the notebook" in text
    assert not (checkout.outputs / "01_a").exists()
    runs.write_text("01_a:\n  main: {n: 3, m: 3}\n")
    code, text = checkout.make("all")
    assert code == 0, text
    checkout.notebook("01_a", 'n: "1 to 9" = 3\nm: "1 to 9" = 8', record)
    code, text = checkout.make("why")
    assert "notebook's text changed" in text and "parameter m" not in text
    runs.write_text("01_a:\n  main: {n: 3}\n")
    for command in ("all", "list", "tidy"):
        code, text = checkout.make(command)
        assert code in (1, 2) and "carries Z1 and leaves m" in text


@pytest.mark.fault("17.1", "a default of the wrong type or value is refused")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('state: "state or all" = "tx-sb8-sgned"', "the default state ="),
        ('state: "state" = "tx"', "is written 'TX'"),
        ('n: "1 to 9" = "3"', "the default n = '3' is written 3"),
        ('n: "1 to 9" = 12', "the default n = 12 lies outside 1 to 9"),
    ],
)
def test_defaults_are_checked_though_a_run_names_a_value(checkout, line, words):
    checkout.notebook("01_a", line, "1")
    given = "{state: TX}" if "state" in line else "{n: 3}"
    (checkout.root / "notebooks/runs.yaml").write_text(f"01_a:\n  main: {given}\n")
    for command, code in (("all", 2), ("list", 2), ("tidy", 1)):
        done, text = checkout.make(command)
        assert done == code and words in text

"""`make lab`: for this machine only, with a token, in our environment."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import chromium
import pytest

from analysis_utils.asking import Refused
from analysis_utils.editor import lab, tidy


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((lab.HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def running(folder: Path, *options: str):
    """A server as `make lab` starts it: its port and its token."""
    port = free_port()
    command, variables = lab.prepared(port, browser=False, home=folder)
    log = open(folder / "log", "w")
    server = subprocess.Popen(
        [*command, *options], env=variables, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        wait_for(port, server, folder / "log")
        yield port, variables["JUPYTER_TOKEN"]
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def wait_for(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex((lab.HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"no server after 60 s: {log.read_text()}")


def get(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and text of an answer."""
    address = f"http://{lab.HOST}:{port}{path}"
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("lab")) as answer:
        yield answer


@pytest.mark.fault("17.10", "the editor without its token")
def test_nothing_without_the_token(server):
    port, token = server
    for path in ("/api/contents", "/api/kernels", "/api/sessions", "/api/terminals"):
        assert get(port, path)[0] == 403
        assert get(port, path, Authorization="token wrong")[0] == 403
        assert get(port, path, Authorization=f"token {token}")[0] == 200


def test_a_page_elsewhere_cannot_reach_it_by_another_name(server):
    port, token = server
    status, _ = get(
        port, "/api/contents", Authorization=f"token {token}", Host="lab.example.org"
    )
    assert status == 403


@pytest.mark.fault("17.10", "the editor reached from another machine")
def test_it_listens_on_this_machine_only(server):
    port, _ = server
    with socket.socket() as probe:
        probe.settimeout(5)
        assert probe.connect_ex(("127.0.0.2", port)) != 0  # reached if bound to all
    with socket.socket(socket.AF_INET6) as probe:
        probe.settimeout(5)
        assert probe.connect_ex(("::1", port)) != 0


def test_it_shows_the_project_with_the_kernel_of_its_environment(server):
    port, token = server
    _, text = get(port, "/api/kernelspecs", Authorization=f"token {token}")
    assert list(json.loads(text)["kernelspecs"]) == ["python3"]
    _, text = get(port, "/api/contents/notebooks", Authorization=f"token {token}")
    names = [item["name"] for item in json.loads(text)["content"]]
    assert "01_agreement_growth.ipynb" in names


@pytest.mark.fault("17.8", "personal settings reach the editor")
def test_token_and_settings_are_private(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_TOKEN", "guessed")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere/else")
    command, variables = lab.prepared(8888, home=tmp_path)
    token = variables["JUPYTER_TOKEN"]
    assert len(token) >= 32 and token not in " ".join(command)
    assert token != lab.prepared(8888, home=tmp_path)[1]["JUPYTER_TOKEN"]
    assert "JUPYTER_CONFIG_PATH" not in variables
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        assert Path(variables[name]).is_relative_to(tmp_path)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written and all(path.stat().st_mode & 0o077 == 0 for path in written)


def test_kernels_compute_under_the_variables_of_make_all(tmp_path):
    variables = lab.prepared(8888, home=tmp_path)[1]
    assert variables["PYTHONHASHSEED"] == "0"
    assert variables["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize("port", ["80", "abc", "99999", "-1", ""])
def test_a_bad_port_is_refused(port):
    with pytest.raises(Refused, match="PORT must be a number from 1024 to 65535"):
        lab.checked_port(port)


def test_a_port_in_use_is_refused_in_a_sentence():
    with socket.socket() as other:
        other.bind((lab.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=f"another port: make lab PORT={port + 1}"):
            lab.checked_port(str(port))


KERNEL = (
    "[...(globalThis.jupyterapp?.shell.widgets('main') ?? [])]"
    ".find(widget => widget.sessionContext)?.sessionContext.session?.kernel"
)
NUMBERED = (
    "[...document.querySelectorAll('.jp-InputPrompt')]"
    ".filter(prompt => /\\[\\d+\\]/.test(prompt.innerText)).length"
)


@pytest.mark.long
@chromium.needed
def test_a_notebook_runs_from_the_browser(tmp_path, checkout):
    """Opened at the printed address, run by its menu command; every cell has run."""
    show = "print(sys.prefix, pd.__version__)"
    path = checkout.notebook("03_a", "", "import sys\nimport pandas as pd", show)
    tidy.put_right(path)
    root = f"--ServerApp.root_dir={checkout.root}"
    shown = "--LabApp.expose_app_in_browser=True"
    with running(tmp_path, root, shown) as (port, token), chromium.running() as browser:
        page = browser.new_page()
        page.set_default_timeout(120_000)
        address = f"http://{lab.HOST}:{port}/lab/tree/notebooks/03_a.ipynb"
        page.goto(f"{address}?token={token}")
        page.wait_for_function(f"{KERNEL}?.connectionStatus == 'connected'")
        page.wait_for_function(f"{KERNEL}?.status == 'idle'")
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_function(f"{NUMBERED} >= 2")
        assert sys.prefix in page.locator(".jp-OutputArea-output").first.inner_text()
        assert "News" not in page.inner_text("body")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel as JupyterLab starts it: `ask(code)` gives error and printed text."""
    from jupyter_client.manager import start_new_kernel

    home = tmp_path_factory.mktemp("lab")
    _, variables = lab.prepared(8888, browser=False, home=home)
    manager, client = start_new_kernel(env=variables, startup_timeout=120)

    def ask(code: str) -> tuple[dict, str]:
        printed = []

        def hook(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = client.execute_interactive(code, output_hook=hook, timeout=60)
        return reply["content"], "".join(printed)

    yield ask
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.fault("16.7", "JupyterLab knows no Texas, and runs with window=5000")
def test_a_cell_of_parameters_is_checked_when_it_runs(kernel):
    cell = 'state: "state or all" = {!r}\nwindow: "8 to 260" = {}  # weeks'
    reply, _ = kernel(cell.format("Texas", 104))
    assert reply["status"] == "ok"
    assert kernel("print(state, window)")[1] == "TX 104\n"
    for state, window, words in (
        ("Texsa", 104, "'Texsa' is no state; did you mean TX"),
        ("TX", 5000, "window = 5000 lies outside 8 to 260"),
    ):
        reply, _ = kernel(cell.format(state, window))
        assert reply["status"] == "error"
        (line,) = reply["traceback"]
        assert words in line and line.startswith("Refused: ")
    assert kernel("x: int = 3\ny = x")[0]["status"] == "ok"  # no cell of parameters


@pytest.mark.fault("10.4", "a refusal in JupyterLab is a line under a long traceback")
def test_a_refusal_is_one_line_and_a_fault_is_not(kernel):
    reply, _ = kernel(
        "from analysis_utils.asking import NotTestable\nraise NotTestable('only 3')"
    )
    assert reply["traceback"] == ["Not testable: only 3"]
    assert len(kernel("1 / 0")[0]["traceback"]) > 1

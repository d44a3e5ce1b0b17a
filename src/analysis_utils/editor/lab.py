"""Opens JupyterLab in our environment, for this machine only.

The server listens on 127.0.0.1, asks for a token made anew each time, offers the
kernel of `.venv` alone, and knows nothing of the user's own Jupyter settings.
Notebooks run under the same variables as in `make all`, so they give its numbers.
"""

import json
import os
import secrets
import socket
import sys
from pathlib import Path

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT, RUN_FOLDER
from analysis_utils.workflow import determinism

HOST = "127.0.0.1"
PORT = 8888
HOME = Path(sys.prefix) / "lab"  # goes with .venv, and is not in git

NEWS = "@jupyterlab/apputils-extension:announcements"  # asks a server elsewhere
KERNEL_SETTINGS = "ipython/profile_default/ipython_kernel_config.json"
EXTENSION = "analysis_utils.workflow.shell"  # parameters checked, refusals in one line
SETTINGS = {
    "ServerApp": {
        "ip": HOST,
        "port_retries": 0,
        "root_dir": str(ROOT),
        "default_url": "/lab/tree/notebooks",
        "allow_origin": "",
        "allow_remote_access": False,
        "jpserver_extensions": {"nbdime": False},
    },
    "LabApp": {"extension_manager": "readonly", "news_url": None},
    "KernelManager": {"transport_encryption": "auto"},
    "KernelSpecManager": {"allowed_kernelspecs": ["python3"]},
}


def open_lab(port: str, browser: str) -> int:
    """Replace this process by JupyterLab; Ctrl+C ends it."""
    command, variables = prepared(checked_port(port), browser != "no")
    address = f"http://{HOST}:{port}/lab?token={variables['JUPYTER_TOKEN']}"
    print(f"JupyterLab, for this machine only (Ctrl+C ends it):\n  {address}")
    print("Before you commit: make tidy", flush=True)
    os.chdir(ROOT)
    os.execve(command[0], command, variables)


def checked_port(text: str) -> int:
    """A port that is free, or a sentence on what to do."""
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise Refused(f"PORT must be a number from 1024 to 65535, not {text!r}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(text)))
        except OSError:
            raise Refused(
                f"port {text} is in use, perhaps by another JupyterLab: end that "
                f"one, or choose another port: make lab PORT={int(text) + 1}"
            ) from None
    return int(text)


def prepared(
    port: int, browser: bool = True, home: Path = HOME
) -> tuple[list[str], dict[str, str]]:
    """Command and environment variables of the server; writes its settings.

    The token is a variable, not an argument: arguments can be seen by other users.
    """
    write(home / "config/jupyter_server_config.json", SETTINGS)
    write(home / KERNEL_SETTINGS, {"IPKernelApp": {"extensions": [EXTENSION]}})
    news = {"disabledExtensions": {NEWS: True}}
    write(home / "config/labconfig/page_config.json", news)
    command = [sys.executable, "-m", "jupyterlab", f"--port={port}"]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is no other user
    private = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "MPLCONFIGDIR": "matplotlib",
    }
    variables = determinism.impersonal(os.environ) | determinism.VARIABLES
    variables |= {name: str(home / folder) for name, folder in private.items()}
    variables["JUPYTER_TOKEN"] = secrets.token_urlsafe(24)
    variables.pop(RUN_FOLDER, None)
    return command, variables


def write(path: Path, content: dict) -> None:
    """Write settings for this user alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(content, indent=1))
    path.chmod(0o600)

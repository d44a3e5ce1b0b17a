"""Kernels forked from a process that has the scientific stack imported already.

A kernel spends most of its start importing pandas and statsmodels. Here one process
imports them once and each kernel is a fork of it: a kernel provisioner, the seam
that jupyter_client offers for other ways of launching (registered in
pyproject.toml). `WARM=no` launches ordinary kernels; the outputs are the same.
"""

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import threading
from multiprocessing.forkserver import ensure_running
from multiprocessing.util import get_temp_dir
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from analysis_utils.asking import Refused

STACK = [
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.pyplot",
    "numpy",
    "pandas",
    "pandera.pandas",
    "scipy.stats",
    "seaborn",
    "statsmodels.api",
]
KERNEL = "analysis_utils.workflow.kernel"
CONTEXT = multiprocessing.get_context("forkserver")


def start_stack() -> None:
    """Start the process that imports the stack; returns at once."""
    CONTEXT.set_forkserver_preload(STACK)
    try:
        ensure_running()
    except OSError as error:  # its socket has a path, of 100 letters at most
        raise Refused(
            f"no kernel can be started in {tempfile.gettempdir()} ({error}); name a "
            "folder with a short path: TMPDIR=/tmp make ..."
        ) from error


def forget_stack() -> None:
    """Remove the socket's folder, which a process that ends at once would leave."""
    shutil.rmtree(get_temp_dir(), ignore_errors=True)


def become_kernel(arguments: list[str], variables: dict[str, str], cwd: str) -> None:
    """Turn this forked process into an IPython kernel (does not return)."""
    import numpy
    from tqdm import tqdm

    from analysis_utils.workflow import kernel

    os.setsid()  # an interrupt at the terminal is the driver's to handle
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(variables)
    tqdm.set_lock(threading.RLock())  # its default, a semaphore, outlives a kill
    random.seed()  # a fork must not repeat its siblings' random numbers
    numpy.random.seed()
    threading.Thread(target=end_with_driver, daemon=True).start()
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"  # also: be quiet at start
    kernel.start([*arguments, parent])


def end_with_driver() -> None:
    """End this kernel, and what it has started, when its driver is no more."""
    driver = multiprocessing.parent_process()
    assert driver is not None  # this process is a fork
    driver.join()
    os.killpg(0, signal.SIGKILL)


class ForkedProcess:
    """A forked kernel, with those names of `subprocess.Popen` that are used."""

    stdin = stdout = stderr = None

    def __init__(self, arguments: list[str], variables: dict[str, str], cwd: str):
        self.process = CONTEXT.Process(
            target=become_kernel, args=(arguments, variables, cwd), daemon=True
        )
        self.process.start()
        assert self.process.pid is not None  # it has started
        self.pid: int = self.process.pid

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self) -> int | None:
        self.process.join()
        return self.process.exitcode

    def send_signal(self, signum: int) -> None:
        if self.process.is_alive():
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class WarmForkProvisioner(LocalProvisioner):
    """Launches a kernel by a fork of the process that holds the imported stack."""

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Fork; `cmd` is `python -m analysis_utils.workflow.kernel -f file ...`."""
        arguments = cmd[cmd.index(KERNEL) + 1 :]
        cwd = kwargs.get("cwd") or os.getcwd()
        forked = ForkedProcess(arguments, kwargs["env"], cwd)
        self.process = forked  # type: ignore[assignment]  # has what is used of a Popen
        self.pid = forked.pid
        return self.connection_info

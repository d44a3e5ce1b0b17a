"""The kernel of a run: IPython's, without anything that a user has set up.

`python -m analysis_utils.workflow.kernel -f connection-file` starts an ordinary one;
the warm process calls `start` in its forks.
"""

import os
import sys
from pathlib import Path

from analysis_utils import run_context
from analysis_utils.workflow import determinism
from analysis_utils.workflow.limits import PID
from analysis_utils.workflow.shell import limit_output
from analysis_utils.workflow.watch import watch

MOST_OUTPUT = 10 * 10**6  # bytes
EXTENSION = "analysis_utils.workflow.shell"


def start(arguments: list[str]) -> None:
    """Be a kernel until the driver ends it (does not return)."""
    from ipykernel.kernelapp import IPKernelApp

    class RunKernelApp(IPKernelApp):
        """Reads no settings and no start-up file, whoever wrote them."""

        def load_config_file(self, *_: object, **__: object) -> None:
            pass

        def _run_startup_files(self) -> None:
            pass

        def init_code(self) -> None:
            super().init_code()
            limit_output(self.shell, MOST_OUTPUT)
            begin()

    own_figures_settings()
    RunKernelApp.launch_instance(
        [*arguments, "--matplotlib=inline", f"--IPKernelApp.extensions={EXTENSION}"]
    )


def own_figures_settings() -> None:
    """Matplotlib's own settings, also where a matplotlibrc lies about."""
    import matplotlib

    kept = ("backend", "backend_fallback", "interactive")
    defaults = matplotlib.rcParamsDefault
    matplotlib.rcParams.update({k: v for k, v in defaults.items() if k not in kept})


def begin() -> None:
    """Name this process to the driver, and watch it from now on."""
    folder = run_context.folder()
    if folder is None:
        return
    (folder / PID).write_text(str(os.getpid()))
    watch(folder, Path(os.environ[determinism.PRIVATE]))


if __name__ == "__main__":
    start(sys.argv[1:])

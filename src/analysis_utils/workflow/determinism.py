"""Everything that makes two runs write the same bytes, set in one place.

Kernels inherit these variables from the driver, tests from `tests/conftest.py`.
They must be set before a Python process starts, so `apply` is called by the
process that starts the others. What a person has set up for their own Python,
Jupyter, IPython or matplotlib is left out: it would change results unseen.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from analysis_utils.run_context import ROOT

VARIABLES = {
    "SOURCE_DATE_EPOCH": "1700000000",  # dates inside PDF and SVG
    "PYTHONHASHSEED": "0",  # order of printed sets
    "OPENBLAS_NUM_THREADS": "1",  # order of sums
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "COLUMNS": "88",  # width of printed tables
}
PERSONAL = ("PYTHON", "MPL", "MATPLOTLIB", "IPYTHON", "JUPYTER", "PANDAS", "NUMBA")
KEPT = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
    "JUPYTER_PLATFORM_DIRS",
)
PRIVATE = "ANALYSIS_PRIVATE"  # settings and caches of kernels


def apply() -> None:
    """Set the variables for this process and those it starts."""
    for name in set(os.environ) - set(impersonal(os.environ)):
        del os.environ[name]
    os.environ.update(VARIABLES)
    os.environ.update(private_places())
    os.environ["PYTHONPATH"] = str(ROOT / "src")  # this package, not another copy


def impersonal(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables without those that a person set up for Python and its tools."""
    return {
        name: value
        for name, value in variables.items()
        if name in KEPT or not name.startswith(PERSONAL)
    }


@cache
def private_folder() -> Path:
    """A folder for settings and caches, with .venv; elsewhere if that is read-only."""
    ours = Path(tempfile.gettempdir()) / f"analysis-kernel-{os.getuid()}"
    for folder in (Path(sys.prefix) / "kernel", ours):
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            mine = folder.stat().st_uid == os.getuid() and not folder.is_symlink()
            if mine and os.access(folder, os.W_OK):
                return folder
    return Path(tempfile.mkdtemp(prefix="analysis-kernel-"))


def private_places() -> dict[str, str]:
    """Where libraries look for settings and keep caches: nowhere of the user's."""
    folder = private_folder()
    places = {
        PRIVATE: "",
        "MPLCONFIGDIR": "matplotlib",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    }
    return {name: str(folder / place) for name, place in places.items()}

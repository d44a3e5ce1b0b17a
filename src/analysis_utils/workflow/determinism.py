"""Everything that makes two runs write the same bytes, set in one place.

Kernels inherit these variables from the driver, tests from `tests/conftest.py`.
They must be set before a Python process starts, so `apply` is called by the
process that starts the others.
"""

import os

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


def apply() -> None:
    """Set the variables for this process and those it starts."""
    os.environ.update(VARIABLES)

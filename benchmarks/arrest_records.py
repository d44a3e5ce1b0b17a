"""Time and memory of `make arrests` on a million generated records, in each form.

    .venv/bin/python benchmarks/arrest_records.py [records] [parquet csv xlsx]

Each form is counted in a process of its own, so that its peak of memory is its own.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COUNT = """
import resource, sys, time
from datetime import date
from pathlib import Path
from analysis_utils.collect import arrest_records
start = time.perf_counter()
found = arrest_records.tables(Path(sys.argv[1]), Path("data"), date.today())
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
arrests = found["arrests_by_method"].arrests.sum()
print(f"{arrests:>10,} arrests {seconds:6.1f} s {peak:6.0f} MB")
"""


def main(rows: int, forms: list[str]) -> None:
    """Print one line for each form; the counts must be those that were generated."""
    sys.path.insert(0, str(ROOT / "tests"))
    from arrest_files import generated, written

    records, expected = generated(rows)
    print(f"{len(records):,} records of {expected.arrests.sum():,} arrests")
    with tempfile.TemporaryDirectory() as place:
        for form in forms:
            path = written(records, Path(place) / f"arrests.{form}")
            command = [sys.executable, "-c", COUNT, str(path)]
            done = subprocess.run(
                command, cwd=ROOT, check=True, capture_output=True, text=True
            )
            size = path.stat().st_size / 1e6
            print(f"{form:8} {size:6.0f} MB: {done.stdout.strip()}")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 1_000_000, given[1:] or ["parquet", "csv"])

"""Error rates of interrupted time series, archived: `calibration_its.py FILE.csv`.

Beside the file: `calibration_shapes.csv` and the page `calibration_shapes.md`.
"""

import sys
from pathlib import Path

from its_shapes import coverage, page
from its_sizes import calibrate

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    calibrate().to_csv(target, index=False, lineterminator="\n")
    shapes = coverage()
    name = target.with_name("calibration_shapes")
    shapes.to_csv(name.with_suffix(".csv"), index=False, lineterminator="\n")
    name.with_suffix(".md").write_text(page(shapes), encoding="utf-8")

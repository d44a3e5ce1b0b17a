"""Error rates of interrupted time series, archived: `calibration_its.py FILE.csv`."""

import sys
from pathlib import Path

from analysis_utils.methods.its.calibration import calibrate

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    calibrate().to_csv(target, index=False, lineterminator="\n")

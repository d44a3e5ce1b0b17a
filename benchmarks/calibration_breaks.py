"""Error rates of searches for breaks, archived: `calibration_breaks.py FILE.csv`."""

import sys
from pathlib import Path

from breaks_sizes import calibrate_breaks

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    calibrate_breaks().to_csv(target, index=False, lineterminator="\n")

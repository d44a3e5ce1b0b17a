"""Coverage in panels with few treated states: `calibration_panels.py FILE.csv`."""

import sys
from pathlib import Path

from panel_sizes import calibrate_panels

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    calibrate_panels().to_csv(target, index=False, lineterminator="\n")

"""Error rates of associations, archived: `calibration_association.py FILE.csv`."""

import sys
from pathlib import Path

from association_sizes import calibrate_associations, intervals

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    calibrate_associations().to_csv(target, index=False, lineterminator="\n")
    name = target.with_name("calibration_association_intervals.csv")
    intervals().to_csv(name, index=False, lineterminator="\n")

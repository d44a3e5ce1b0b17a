"""Error rates of associations, archived: `calibration_association.py FILE.csv`."""

import sys
from pathlib import Path

from analysis_utils.methods.association_calibration import calibrate_associations

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    calibrate_associations().to_csv(target, index=False, lineterminator="\n")

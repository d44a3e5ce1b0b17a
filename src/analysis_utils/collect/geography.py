"""The tables of places and of the agencies there, from the published files at hand."""

import sys
from pathlib import Path

import pandas as pd

from analysis_utils.collect import agencies_at_risk


def tables(raw: Path, data: Path) -> dict[str, pd.DataFrame]:
    """The tables by name, as far as their published files are in `raw`."""
    makers = {
        "agencies_at_risk": ([agencies_at_risk.FILE], agencies_at_risk.compiled),
    }
    made = {}
    for name, (files, maker) in makers.items():
        missing = [file for file in files if not (raw / file).is_file()]
        if missing:
            print(
                f"No {', '.join(missing)} in {raw}: {name} stays as it is "
                "(`make raw` fetches it)",
                file=sys.stderr,
            )
        else:
            made[name] = maker(raw, data)
    return made

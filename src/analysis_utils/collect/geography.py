"""The tables of places and of the agencies there, from the published files at hand."""

import sys
from pathlib import Path

import pandas as pd

from analysis_utils.collect import agencies_at_risk, county_facts, county_shapes

# What makes each table, and the published files that it needs
MAKERS = {
    "agencies_at_risk": (agencies_at_risk.compiled, [agencies_at_risk.FILE]),
    "counties": (county_facts.counties, [county_facts.VOTES, county_facts.CENSUS]),
    "county_neighbours": (county_shapes.neighbours, [county_shapes.FILE]),
    "county_shapes": (county_shapes.borders, [county_shapes.FILE]),
}


def tables(raw: Path, data: Path) -> dict[str, pd.DataFrame]:
    """The tables by name, as far as their published files are in `raw`."""
    made = {}
    for name, (maker, files) in MAKERS.items():
        missing = [file for file in files if not (raw / file).is_file()]
        if missing:
            print(
                f"No {', '.join(missing)} in {raw}: {name} stays as it is "
                "(data/sources.csv says where the file is)",
                file=sys.stderr,
            )
        else:
            made[name] = maker(raw, data)
    return made

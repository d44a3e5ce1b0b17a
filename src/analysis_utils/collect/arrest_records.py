"""`make arrests FILE=path`: ICE's arrest records as counts in data/.

Reads a release of the Deportation Data Project (https://deportationdata.org), counts,
and writes data/arrests_by_method.csv and data/arrest_records.csv, both or none. No
record of a person is written anywhere. What columns and methods are called in which
release is in data/hand/arrest_columns.csv and arrest_methods.csv.
"""

from datetime import date
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import arrest_counts, record_files, sources
from analysis_utils.run_context import sha256

NEEDED = ["date", "state", "area", "method", "person"]
ASK = (
    "make arrests FILE=path counts ICE's arrest records: name the file of a release "
    "of the Deportation Data Project (arrests-latest.parquet, .xlsx or .csv)"
)


def names(data: Path) -> arrest_counts.Names:
    """What records may say, from data/states.csv, counties.csv and the hand table."""
    states = csv_text.read(data / "states.csv")
    by_state = dict(zip(states.name.str.upper(), states.state, strict=True))
    areas = csv_text.read(data / "counties.csv")
    known = sorted({*areas.aor_2025, *areas.aor_fy2019, "HQ"} - {""})
    methods = csv_text.typed(data / "hand" / "arrest_methods.csv", dtype=str)
    return arrest_counts.Names(
        states=by_state | {code: code for code in states.state},
        areas={name.lower(): name for name in known},
        methods=dict(zip(methods.printed.str.lower(), methods.method, strict=True)),
    )


def tables(path: Path, data: Path, today: date) -> dict[str, pd.DataFrame]:
    """Both tables from a file of records; raises Refused."""
    known = csv_text.typed(data / "hand" / "arrest_columns.csv")
    file = record_files.layout(path, known, NEEDED)
    tally = arrest_counts.Tally(names(data))
    with tqdm(total=file.rows, unit=" records", unit_scale=True, disable=None) as bar:
        for piece in record_files.pieces(file):
            tally.add(piece, file.headings, today)
            bar.update(len(piece))
    table, account = arrest_counts.counts(tally)
    origin = pd.DataFrame(
        [
            ("file", path.name, "name of the file of records"),
            ("sha256", sha256(path), "its checksum"),
        ],
        columns=account.columns,
    )
    return {
        "arrests_by_method": arrest_counts.marked(table, account),
        "arrest_records": pd.concat([origin, account], ignore_index=True),
    }


def words(account: pd.DataFrame) -> str:
    """What became of the records, in a few lines."""
    v = account.set_index("item").value
    n = {item: int(text) for item, text in v.items() if text.isdigit()}
    return (
        f"{n['records']:,} records, {v['first_day']} to {v['last_day']}: "
        f"{n['arrests']:,} arrests, {n['duplicates']:,} duplicates left out "
        f"(the publisher marks {n['duplicates_published']:,}), "
        f"{n['undated'] + n['impossible']:,} without a possible date.\n"
        f"Without a state: {n['state_blank']:,}. Area not said, because a month and "
        f"state have fewer than five there: {n['area_merged']:,}.\n"
        "Counts are in data/arrests_by_method.csv; `make all` runs what rests on them."
    )


def main(named: str) -> None:
    """Count the records of a file; raises Refused, and then nothing is written."""
    if not named.strip():
        raise Refused(ASK)
    found = tables(Path(named.strip()).expanduser(), sources.DATA, date.today())
    sources.write_tables(found, sources.DATA)
    print(words(found["arrest_records"]))

"""Files of arrest records as the Deportation Data Project lays them out, generated.

No record tells of a person: names of columns, states and methods are real, the rest is
drawn. `written` knows what `make arrests` must count.
"""

from pathlib import Path

import numpy as np
import pandas as pd

STATES = {
    "TEXAS": ("TX", "Houston"), "FLORIDA": ("FL", "Miami"),
    "GEORGIA": ("GA", "Atlanta"),
}  # fmt: skip
METHODS = {
    "287(g) Program": "287(g)", "CAP Local Incarceration": "jail or prison",
    "Non-Custodial Arrest": "at large", "Located": "at large",
}  # fmt: skip
HEADINGS = {  # of three releases: ours, then theirs
    "2025": {
        "date": "Apprehension Date", "state": "Apprehension State",
        "area": "Apprehension AOR", "method": "Apprehension Method",
        "program": "Final Program", "person": "Unique Identifier",
    },
    "2026-03": {
        "date": "apprehension_date_time", "state": "apprehension_state_original",
        "area": "apprehension_aor", "method": "apprehension_method",
        "program": "final_program", "person": "unique_identifier",
    },
    "2026-08": {
        "date": "Apprehension Date", "state": "State", "area": "AOR",
        "method": "Apprehension Method", "program": "Final Program",
        "person": "Anonymized Unique Identifier",
    },
}  # fmt: skip


def generated(
    rows: int, seed: int = 287, again: float = 0.05
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Records, and the counts that they hold by month, state, area and method.

    A share `again` of the records tells of an arrest a second time, some hours later
    and as reprocessed: they must not be counted.
    """
    rng = np.random.default_rng(seed)
    first = pd.Timestamp("2025-05-01")
    seconds = rng.integers(0, 120 * 86_400, rows)
    states = rng.choice(list(STATES), rows, p=[0.5, 0.3, 0.2])
    records = pd.DataFrame(
        {
            "date": first + pd.to_timedelta(seconds, unit="s"),
            "state": states,
            "area": [f"{STATES[s][1]} Area of Responsibility" for s in states],
            "method": rng.choice(list(METHODS), rows, p=[0.2, 0.4, 0.3, 0.1]),
            "program": rng.choice(["ERO Criminal Alien Program", "287G Program"], rows),
            "person": [f"{seed}-{number:08d}" for number in range(rows)],
        }
    )
    expected = counted(records)
    copies = records.sample(frac=again, random_state=seed)
    later = pd.to_timedelta(rng.integers(1, 23, len(copies)), unit="h")
    copies = copies.assign(
        date=copies.date + later, method="ERO Reprocessed Arrest", state=""
    )
    return pd.concat([records, copies], ignore_index=True), expected


def counted(records: pd.DataFrame) -> pd.DataFrame:
    """Records that are all arrests of their own, by month, state, area and method."""
    frame = pd.DataFrame(
        {
            "date": records.date.dt.strftime("%Y-%m-01"),
            "state": records.state.map(lambda name: STATES[name][0]),
            "area": records.state.map(lambda name: STATES[name][1]),
            "method": records.method.map(METHODS),
            "program": (records.program == "287G Program").astype(int),
        }
    )
    keys = ["date", "state", "area", "method"]
    found = frame.groupby(keys).program.agg(["size", "sum"]).reset_index()
    found.columns = [*keys, "arrests", "program_287g"]
    return found


def laid_out(records: pd.DataFrame, release: str) -> pd.DataFrame:
    """Records under the headings of a release, with columns that nobody needs."""
    table = records.rename(columns=HEADINGS[release])
    return table.assign(Gender="Unknown", **{"Birth Year": 1990})


def written(records: pd.DataFrame, path: Path, release: str = "2026-03") -> Path:
    """Write records as Parquet, CSV or Excel, by the suffix of `path`."""
    laid = laid_out(records, release)
    if path.suffix == ".parquet":
        import duckdb

        place = str(path).replace("'", "''")
        duckdb.sql(f"COPY (SELECT * FROM laid) TO '{place}' (FORMAT parquet)")
    elif path.suffix == ".csv":
        laid.to_csv(path, index=False)
    else:
        # ICE's own workbooks begin with six lines of notes
        laid.to_excel(path, index=False, startrow=6)
    return path

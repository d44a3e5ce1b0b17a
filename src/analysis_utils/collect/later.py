"""What was published after the predictions were made, in tables of its own.

    python -m analysis_utils.collect.later FOLDER      # writes data/later_*.csv anew

Data published after 13 April 2026, not looked at before the predictions were committed.
They answer to the predictions; the opening picture shows the totals. FOLDER holds ICE's
lists of 15 April to 18 May 2026, which the register has too by now, and what others
published of later ones; without it the tables stay as they are.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text
from analysis_utils.asking import Refused
from analysis_utils.collect import agency_links, hand, identify, naming, sources
from analysis_utils.collect import compile as compiling
from analysis_utils.collect.hand import Hand
from analysis_utils.collect.workbooks import CELLS, LINKS, read_table

PREDICTED = "2026-04-13"  # the newest list when the predictions were made
DAY = "2026-07-20"
ROWS = "ice_participating_agencies_20260720.csv"
COUNTS = "active_by_state_model_20260609_20261009.csv"
TOTALS = "active_national_points_after_20260518.csv"
DOCUMENTS = "moa_new_20260515_20260630.csv"
MODELS = {
    "TFM": "task_force",
    "WSO": "warrant_service",
    "JEM": "jail_enforcement",
}
ICE = "ICE, list of participating agencies"
MIGRANT = "migrantusa/us-immigration-data@67fabc6"


def tables(folder: Path, data: Path) -> dict[str, pd.DataFrame]:
    """Every later table by name; raises Refused if a file of the folder is missing."""
    wanted = [ROWS, COUNTS, TOTALS, DOCUMENTS]
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        raise Refused(f"{folder} has no {', '.join(missing)}")
    decisions = replace(hand.read(data / "hand"), partial=True)
    return {
        "later_list": later_list(folder / ROWS, data, decisions),
        "later_counts": pd.concat(
            [
                counts_of_lists(folder / "lists", data, decisions),
                published_counts(folder / COUNTS),
            ],
            ignore_index=True,
        ),
        "later_totals": totals(folder / TOTALS),
        "later_documents": documents(folder / DOCUMENTS),
    }


def later_list(path: Path, data: Path, decisions: Hand) -> pd.DataFrame:
    """The list of 20 July 2026 row by row, with the agency and its ORI.

    Agencies that the register has keep their id, kind and ORI; of others kind, level
    and ORI follow from the name by the rules of the register.
    """
    printed = csv_text.read(path)
    rows = identify.identified(
        _as_printed(printed, decisions),
        decisions,
        compiling.read(data, "states"),
        compiling.read(data, "counties"),
    )
    if (rows["set_aside"] != "").any():
        odd = rows[rows["set_aside"] != ""].iloc[0]
        raise Refused(f"{path.name}: {odd.agency} ({odd.state}): {odd.set_aside}")
    known = compiling.read(data, "agreements")
    rows = _same_as_before(rows, known)
    described = known.drop_duplicates("agency_id").set_index("agency_id")
    columns = ["agency", "agency_kind", "level"]
    for name in columns:
        rows[f"{name}_known"] = rows["agency_id"].map(described[name]).fillna("")
    level = [
        naming.level(name, "" if code == "unknown" else code)
        for name, code in zip(rows["name"], rows["level_code"], strict=True)
    ]
    kind = [naming.kind(*pair) for pair in zip(rows["name"], level, strict=True)]
    rows["level"] = rows["level_known"].where(rows["level_known"] != "", level)
    kinds = pd.Series(kind, rows.index)
    rows["agency_kind"] = rows["agency_kind_known"].where(
        rows["agency_kind_known"] != "", kinds
    )
    # Without a printed level a town's police has none by its name
    rows.loc[(rows["level"] == "") & (rows["agency_kind"] == "police"), "level"] = (
        "municipal"
    )
    rows["agency"] = rows["agency_known"].where(
        rows["agency_known"] != "", rows["agency"]
    )
    rows["state"] = rows["state_code"]
    made = rows.drop_duplicates("agreement_id").copy()
    made["signed"] = made["signed_date"].dt.strftime("%Y-%m-%d").fillna("")
    made["ori"] = _oris(made, known, data)
    before = known.loc[known["first_listed"] <= PREDICTED, "agreement_id"]
    made["agreed_before"] = made["agreement_id"].isin(before)
    made["day"] = DAY
    names = ["day", "agreement_id", "agency_id", "state", *columns, "county_fips"]
    names += ["model", "signed", "ori", "agreed_before"]
    return made.sort_values("agreement_id")[names].reset_index(drop=True)


def counts_of_lists(folder: Path, data: Path, decisions: Hand) -> pd.DataFrame:
    """Agreements by state and model in each workbook of a folder."""
    states, counties = (compiling.read(data, name) for name in ("states", "counties"))
    headings = hand.columns_by_heading(decisions)
    parts = []
    for path in sorted(folder.glob("participatingAgencies*.xlsx")):
        cells = read_table(path, headings).rows
        rows = identify.identified(
            _complete(cells, _day(path.name)), decisions, states, counties
        )
        rows = rows[rows["set_aside"] == ""].drop_duplicates("agreement_id")
        counts = rows.groupby(["state_code", "model"]).size().rename("agreements")
        table = counts.reset_index().rename(columns={"state_code": "state"})
        table.insert(0, "day", _day(path.name))
        parts.append(table.assign(file=path.name, source=ICE))
    if not parts:
        raise Refused(f"{folder} holds no list")
    return pd.concat(parts).sort_values(["day", "file", "state", "model"])


def published_counts(path: Path) -> pd.DataFrame:
    """Agreements by state and model as others counted them; zeros left out."""
    printed = csv_text.read(path)
    wide = printed.rename(columns={name: model for model, name in MODELS.items()})
    table = wide.melt(
        ["edition_date", "state", "edition_file", "readme_commit"],
        list(MODELS),
        "model",
        "agreements",
    )
    table = table[table["agreements"] != "0"].assign(
        source=lambda t: "appelson/Tracking_287g@" + t["readme_commit"].str[:7]
    )
    table.loc[table["edition_date"] == DAY, "source"] = MIGRANT
    table = table.rename(columns={"edition_date": "day", "edition_file": "file"})
    table = table.sort_values(["day", "state", "model"])
    return table[["day", "state", "model", "agreements", "file", "source"]]


def totals(path: Path) -> pd.DataFrame:
    """National totals by day, with those by model where they were published."""
    table = csv_text.read(path).rename(
        columns={"date": "day", "edition_file": "file"}
        | {name: model for model, name in MODELS.items()}
    )
    commit = table["commit_or_id"].str.extract(r"^([0-9a-f]{7})[0-9a-f]{33}$")[0]
    place = table["source"].str.split(" ").str[0] + "@" + commit
    place = place.where(commit.notna(), table["source"].map(_public))
    table["source"] = place.mask(table["day"] == DAY, MIGRANT)
    return table[["day", "total", *MODELS, "file", "source"]].sort_values("day")


def documents(path: Path) -> pd.DataFrame:
    """Documents of agreements first seen from 15 May to 30 June 2026."""
    table = csv_text.read(path).rename(
        columns={
            "agency_normalised": "agency",
            "signed_from_filename": "signed",
            "first_seen_snapshot": "first_seen",
            "filename": "file",
        }
    )
    columns = ["file", "state", "agency", "model", "signed", "first_seen"]
    return table[columns].sort_values("file")


def _as_printed(table: pd.DataFrame, decisions: Hand) -> pd.DataFrame:
    """Rows as a list prints them, so that the rules of the register read them."""
    models = dict(zip(decisions.models["model"], decisions.models["name"], strict=True))
    cells = table.rename(columns={"model": "support_type"})
    return _complete(cells.assign(support_type=cells["support_type"].map(models)), DAY)


def _complete(cells: pd.DataFrame, day: str) -> pd.DataFrame:
    """All columns that identification reads; one list, so one position."""
    missing = {n: "" for n in [*CELLS, *LINKS] if n not in cells.columns}
    return cells.assign(**missing, first=0, last=0, last_edition=day)


def _same_as_before(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Agreements whose cleaned name is new take the id of the one they must be.

    That is an agreement of the same state, model, signing date and kind of agency that
    is on the newest list and not among the rows by its own name, if it is the only one
    and shares the first word of the name or the county.
    """
    rows = rows.copy()
    here = set(rows["agreement_id"])
    lost = known[(known["gone_by"] == "") & ~known["agreement_id"].isin(here)]
    by_key: dict[tuple, list] = {}
    for row in lost.itertuples():
        by_key.setdefault((row.state, row.model, row.signed), []).append(row)
    new = ~rows["agreement_id"].isin(known["agreement_id"])
    day = rows["signed_date"].dt.strftime("%Y-%m-%d")
    for place in rows.index[new]:
        row = rows.loc[place]
        found = [
            one
            for one in by_key.get((row.state_code, row.model, day[place]), [])
            if _alike(row, one)
        ]
        if len(found) == 1:
            rows.loc[place, ["agreement_id", "agency_id"]] = [
                found[0].agreement_id,
                found[0].agency_id,
            ]
    return rows


def _alike(row, one) -> bool:
    """Whether a row and an agreement may be of one agency: a word or the county."""
    words = naming.normalized(one.agency).split()
    mine = row["name"].split()
    if not words or not mine:
        return False
    same_kind = ("SHERIFF" in words) == ("SHERIFF" in mine)
    county = row["county_fips"] != "" and row["county_fips"] == one.county_fips
    return same_kind and (words[0] == mine[0] or (county and "SHERIFF" in mine))


def _oris(rows: pd.DataFrame, known: pd.DataFrame, data: Path) -> pd.Series:
    """ORI of each row's agency, by the links of the register and its rules."""
    columns = ["agency_id", "state", "agency", "agency_kind", "level", "county_fips"]
    early = compiling.read(data, "early_register")
    found = agency_links.links(
        pd.concat([known[columns], rows[columns]], ignore_index=True),
        early,
        compiling.read(data, "agencies_at_risk"),
        compiling.read(data, "counties"),
        agency_links.read_hand(data / "hand"),
        partial=True,
    ).set_index("agency_id")["ori"]
    before = compiling.read(data, "agency_links").set_index("agency_id")["ori"]
    fresh = rows["agency_id"].map(found)
    return (
        rows["agency_id"]
        .map(before)
        .where(rows["agency_id"].isin(before.index), fresh)
        .fillna("")
    )


def _public(source: str) -> str:
    """A source without numbers of files that only its finder has."""
    kept = re.sub(
        r"[,;(]? ?(?:indexed |quoted |parsed )?(?:in )?(?:a public timeline "
        r"file |timeline file, )?\(?stored (?:file )?id.*$",
        "",
        source,
    )
    return kept.strip(" ,;(") or "a public timeline of events, not checked"


def _day(name: str) -> str:
    digits = "".join(mark for mark in name if mark.isdigit())[:8]
    return f"{digits[4:]}-{digits[:2]}-{digits[2:4]}"


def main(folder: str, data: Path = sources.DATA) -> None:
    """Write the later tables from a folder of published files."""
    for name, table in tables(Path(folder), data).items():
        path = data / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\n")
        print(f"{path.name}: {len(table):,} rows")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder: python -m analysis_utils.collect.later FOLDER")
    main(sys.argv[1])

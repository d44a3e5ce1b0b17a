"""Files of `outputs/verdicts/`."""

from pathlib import Path

import pandas as pd

from analysis_utils.publish.files import write_csv
from analysis_utils.publish.findings import p_words
from analysis_utils.publish.results import shown
from analysis_utils.publish.tables import latex_table
from analysis_utils.report import markdown
from analysis_utils.report.markdown import escaped

LOG = "deviations.csv"
HEAD = [
    "",
    "Hypothesis",
    "Specified",
    "Estimate (interval adjusted within the family)",
    "Smallest effect of interest",
    "Detectable effect",
    "Answer",
    "Strength",
    "Reason",
]


SPECIFIED = (
    "Specified before (after): specified in this repository before (after) the "
    "estimate was computed. ICE's lists were public all the time.\n"
)


def verdicts(table: pd.DataFrame, folder: Path) -> None:
    """The table of answers as CSV, LaTeX and Markdown."""
    write_csv(table, folder / "verdicts.csv")
    short = table[["statement", "estimate", "low", "high", "answer", "strength"]]
    caption = (
        "Hypotheses of the study: estimate, interval adjusted within the family, "
        "answer by the rule of the registry, strength by the checks named in it."
    )
    text = latex_table(short, "verdicts", caption, 3)
    (folder / "verdicts.tex").write_text(text, encoding="utf-8")
    (folder / "verdicts.md").write_text(markdown_table(table), encoding="utf-8")


def markdown_table(table: pd.DataFrame) -> str:
    """The answers in Markdown: those that stand, then those that were superseded."""
    stands = table["superseded_by"] == "none"
    parts = [SPECIFIED, _block(table[stands], HEAD, current)]
    if not stands.all():
        head = ["", "Hypothesis", "First result", "Result now", "Superseded by", "Why"]
        block = _block(table[~stands], head, superseded)
        parts.append(f"Superseded, with their first result:\n\n{block}")
    return "\n".join(parts)


def _block(table: pd.DataFrame, head: list[str], line) -> str:
    """One table of Markdown; `line` gives the cells of a row."""
    lines = [markdown.row(head), "|---" * len(head) + "|"]
    lines += [markdown.row(line(key, row)) for key, row in table.iterrows()]
    return "\n".join(lines) + "\n"


def current(key: str, row: pd.Series) -> list[str]:
    """Cells of a hypothesis that stands."""
    strength = row["strength"]
    if row["checks"].startswith("fails: "):
        failed = row["checks"].removeprefix("fails: ")
        strength = f"{strength} (fails: {failed})"
    words = [key, row["statement"], row["specified"].split()[4], estimate(row)]
    words += [f"{row['smallest']:g}", detectable(row)]
    cells = [escaped(text) for text in words]
    return [
        *cells,
        f"**{row['answer']}**",
        escaped(strength),
        escaped(row["reason"]),
    ]


def superseded(key: str, row: pd.Series) -> list[str]:
    """Cells of a hypothesis that another one replaces."""
    now = f"{row['answer']}: {estimate(row)}"
    words = [key, row["statement"], row["first_result"], now]
    words += [row["superseded_by"], row["superseded_because"]]
    return [escaped(text) for text in words]


def estimate(row: pd.Series) -> str:
    """Estimate, adjusted interval, units, in one line."""
    if pd.isna(row["estimate"]):
        return "none"
    value, low, high = (
        shown(None if pd.isna(x) else x, 2) for x in row[["estimate", "low", "high"]]
    )
    p = "" if pd.isna(row["p"]) else f"; {p_words(row['p'])}"
    return f"{value} {row['units']} ({low} to {high}{p})"


def detectable(row: pd.Series) -> str:
    """Smallest effect found with 80 % power, and whether that is enough."""
    if pd.isna(row["detectable"]):
        none = "none that was tried (underpowered)"
        return none if row["power"] == "underpowered" else row["power"]
    return f"{shown(row['detectable'], 2)} ({row['power']})"


def results(found: pd.DataFrame, tested: pd.DataFrame, folder: Path) -> None:
    """Every recorded result and every recorded check."""
    write_csv(found, folder / "results.csv")
    write_csv(tested, folder / "checks.csv")


def deviations(log: pd.DataFrame | None, place: Path, folder: Path) -> None:
    """The deviation log, which only grows.

    What the archived log holds is kept where the history does not show it (no git, a
    history that was cut short).
    """
    archived = place / LOG
    known = [log] if log is not None else []
    if archived.exists():
        old = pd.read_csv(archived, dtype=str, keep_default_na=False)
        known.insert(0, renamed(old))
    if known:
        rows = pd.concat(known, ignore_index=True).drop_duplicates()
        write_csv(rows.sort_values("date", kind="stable"), folder / LOG)


def renamed(old: pd.DataFrame) -> pd.DataFrame:
    """A log of the first edition, which knew the registry alone, in today's columns."""
    if "file" in old:
        return old
    old = old.rename(columns={"hypothesis": "what", "registered": "before"})
    old = old.rename(columns={"changed_to": "after"})
    old.insert(1, "file", "notebooks/hypotheses.yaml")
    return old

"""Files of `outputs/verdicts/`."""

import shutil
from pathlib import Path

import pandas as pd

from analysis_utils.publish.files import latex_table, write_csv
from analysis_utils.publish.results import shown

LOG = "deviations.csv"


def verdicts(table: pd.DataFrame, folder: Path) -> None:
    """The table of verdicts as CSV, LaTeX and Markdown."""
    write_csv(table, folder / "verdicts.csv")
    short = table[["statement", "estimate", "low", "high", "p_adjusted", "verdict"]]
    caption = "Hypotheses, estimates with 95% intervals, adjusted p, verdicts."
    text = latex_table(short, "verdicts", caption, 3)
    (folder / "verdicts.tex").write_text(text, encoding="utf-8")
    lines = [markdown_row(key, row) for key, row in table.iterrows()]
    head = [
        "| | Hypothesis | Estimate (95% CI) | Adjusted p | Verdict |",
        "|---|---|---|---|---|",
    ]
    (folder / "verdicts.md").write_text("\n".join(head + lines) + "\n", "utf-8")


def markdown_row(key: str, row: pd.Series) -> str:
    """One hypothesis as a row of the Markdown table."""
    estimate, p = row["note"], ""
    if pd.notna(row["estimate"]):
        value, low, high = (
            shown(None if pd.isna(x) else x, 2) for x in row[["estimate", "low", "high"]]
        )
        estimate = f"{value} ({low} to {high})"
    if pd.notna(row["p_adjusted"]):
        p = f"{row['p_adjusted']:.3f}" if row["p_adjusted"] >= 0.001 else "< 0.001"
    cells = [key, row["statement"], estimate, p, f"**{row['verdict']}**"]
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def results(found: pd.DataFrame, folder: Path) -> None:
    """Every recorded result: primary, sensitivity, placebo, comparison."""
    write_csv(found, folder / "results.csv")


def deviations(log: pd.DataFrame | None, place: Path, folder: Path) -> None:
    """The deviation log; without git history the archived one is kept."""
    if log is not None:
        write_csv(log, folder / LOG)
    elif (place / LOG).exists():
        shutil.copy(place / LOG, folder / LOG)

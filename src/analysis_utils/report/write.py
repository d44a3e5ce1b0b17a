"""Files of `outputs/verdicts/`."""

from pathlib import Path

import pandas as pd

from analysis_utils.publish.files import latex_table, write_csv
from analysis_utils.publish.results import shown
from analysis_utils.report import markdown
from analysis_utils.report.markdown import escaped
from analysis_utils.report.verdicts import p_shown

LOG = "deviations.csv"


def verdicts(table: pd.DataFrame, folder: Path) -> None:
    """The table of verdicts as CSV, LaTeX and Markdown."""
    write_csv(table, folder / "verdicts.csv")
    short = table[["statement", "estimate", "low", "high", "p_adjusted", "verdict"]]
    caption = (
        "Hypotheses, estimates with 95% intervals (not adjusted), p adjusted within "
        "the family, verdicts by the registered rule."
    )
    text = latex_table(short, "verdicts", caption, 3)
    (folder / "verdicts.tex").write_text(text, encoding="utf-8")
    (folder / "verdicts.md").write_text(markdown_table(table), encoding="utf-8")


def markdown_table(table: pd.DataFrame) -> str:
    """The table of verdicts in Markdown."""
    head = [
        "",
        "Hypothesis",
        "Estimate (95% CI, not adjusted)",
        "Adjusted p",
        "Verdict",
    ]
    lines = [markdown.row([*head, "Other results"]), "|---|---|---|---|---|---|"]
    lines += [markdown_row(key, row) for key, row in table.iterrows()]
    return "\n".join(lines) + "\n"


def markdown_row(key: str, row: pd.Series) -> str:
    """One hypothesis as a row of the Markdown table."""
    estimate, p = ("" if pd.isna(row["note"]) else row["note"]), ""
    if pd.notna(row["estimate"]):
        value, low, high = (
            shown(None if pd.isna(x) else x, 2)
            for x in row[["estimate", "low", "high"]]
        )
        estimate = f"{value} ({low} to {high})"
    if pd.notna(row["p_adjusted"]):
        p = p_shown(row["p_adjusted"])
    texts = [escaped(text) for text in (key, row["statement"], estimate, p)]
    others = escaped(row["other_results"])
    return markdown.row([*texts, f"**{row['verdict']}**", others])


def results(found: pd.DataFrame, folder: Path) -> None:
    """Every recorded result: primary, sensitivity, placebo, comparison."""
    write_csv(found, folder / "results.csv")


def deviations(log: pd.DataFrame | None, place: Path, folder: Path) -> None:
    """The deviation log, which only grows.

    What the archived log holds is kept where the history does not show it (no git, a
    history that was cut short).
    """
    archived = place / LOG
    known = [log] if log is not None else []
    if archived.exists():
        known.insert(0, pd.read_csv(archived, dtype=str, keep_default_na=False))
    if known:
        rows = pd.concat(known, ignore_index=True).drop_duplicates()
        write_csv(rows.sort_values("date", kind="stable"), folder / LOG)

"""Verdicts: computed from registered rules and recorded results, never typed."""

import json
import math
from pathlib import Path

import pandas as pd
from statsmodels.stats.multitest import multipletests

from analysis_utils.asking import nearest
from analysis_utils.publish.results import shown
from analysis_utils.report.registry import Family, Hypothesis

NOT_TESTABLE = "not testable with these data"


def recorded(results: dict[str, Path]) -> pd.DataFrame:
    """Every result recorded against a hypothesis.

    Parameters
    ----------
    results : dict
        Path of each run's `results.json`, by the run's label.

    Returns
    -------
    DataFrame with columns run, id, role, estimate, low, high, p, n, note.
    """
    rows = []
    for label, path in results.items():
        content = json.loads(path.read_text(encoding="utf-8"))
        rows += [{"run": label} | row for row in content.get("hypotheses", [])]
    columns = ["run", "id", "role", "estimate", "low", "high", "p", "n", "note"]
    frame = pd.DataFrame(rows, columns=columns)
    numbers = ["estimate", "low", "high", "p", "n"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def faults(hypotheses: dict[str, Hypothesis], found: pd.DataFrame) -> list[str]:
    """What keeps the verdicts from being computed, one sentence each."""
    problems = [
        f"{row.run} recorded {row.id!r}, which is not registered"
        f"{nearest(row.id, tuple(hypotheses))}"
        for row in found.itertuples()
        if row.id not in hypotheses
    ]
    primary = found[found["role"] == "primary"].groupby("id")["run"].apply(list)
    for key in hypotheses:
        runs = primary.get(key, [])
        if len(runs) == 0:
            problems.append(f"{key} is registered and no run recorded a result for it")
        if len(runs) > 1:
            problems.append(f"{key} has {len(runs)} primary results: {', '.join(runs)}")
    return problems


def table(
    hypotheses: dict[str, Hypothesis],
    families: dict[str, Family],
    found: pd.DataFrame,
) -> pd.DataFrame:
    """One row a hypothesis: result, p adjusted within its family, verdict.

    A hypothesis without a primary result has the verdict "not run".
    """
    primary = found[found["role"] == "primary"].drop_duplicates("id").set_index("id")
    rows = primary.reindex(list(hypotheses)).rename_axis("id")
    rows.insert(0, "status", [h.status for h in hypotheses.values()])
    rows.insert(1, "statement", [h.statement for h in hypotheses.values()])
    rows["p_adjusted"] = adjusted(rows, families)
    rows["verdict"] = [
        verdict(hypotheses[key], families[row["status"]].alpha, row)
        for key, row in rows.iterrows()
    ]
    rows["other_results"] = [
        other_results(found[found["id"] == key]) for key in rows.index
    ]
    order = ["status", "statement", "estimate", "low", "high", "p", "p_adjusted"]
    return rows[[*order, "verdict", "other_results", "n", "run", "note"]]


def p_shown(p: float) -> str:
    """A p-value as printed in the table of verdicts."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def other_results(found: pd.DataFrame) -> str:
    """Range of the sensitivity estimates and p of the placebos, in words."""
    parts = []
    variants = found[found["role"] == "sensitivity"].dropna(subset="estimate")
    if len(variants):
        low, high = (shown(x, 2) for x in variants["estimate"].agg(["min", "max"]))
        one = len(variants) == 1
        parts.append(
            f"{low} in a variant"
            if one
            else f"{low} to {high} in {len(variants)} variants"
        )
    ranks = found[(found["role"] == "placebo") & found["p"].notna()]
    if len(ranks):
        parts.append("placebo p " + ", ".join(p_shown(p) for p in ranks["p"]))
    return "; ".join(parts)


def adjusted(rows: pd.DataFrame, families: dict[str, Family]) -> pd.Series:
    """p-values adjusted within each family; what was not testable counts as p = 1."""
    result = pd.Series(float("nan"), index=rows.index)
    for family in families.values():
        p = rows.loc[rows["status"] == family.name, "p"]
        if len(p):
            result[p.index] = multipletests(p.fillna(1), family.alpha, family.method)[1]
    return result.where(rows["p"].notna())


def verdict(hypothesis: Hypothesis, alpha: float, row: pd.Series) -> str:
    """Supported, refuted, inconclusive or not testable, from the registered rule."""
    if pd.isna(row["run"]):
        return "not run"
    if pd.isna(row["estimate"]):
        return NOT_TESTABLE
    low, high = row["low"], row["high"]
    if not (math.isfinite(low) and math.isfinite(high)):
        return "inconclusive"
    significant = bool(row["p_adjusted"] < alpha)
    small_low, small_high = hypothesis.bounds
    within = small_low < low and high < small_high
    null, rule = hypothesis.null, hypothesis.rule
    if rule == "none":
        supported, refuted = within, significant
    elif rule == "different":
        supported, refuted = significant, within
    elif rule == "greater":
        supported = significant and row["estimate"] > null
        refuted = high < null or high < small_high
    else:
        supported = significant and row["estimate"] < null
        refuted = low > null or low > small_low
    if supported and not (refuted and rule in ("greater", "less")):
        return "supported"
    return "refuted" if refuted else "inconclusive"

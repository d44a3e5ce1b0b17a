"""The table of answers: computed from the registry's rules and recorded results."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from analysis_utils.asking import nearest
from analysis_utils.hypotheses import Hypothesis, answers
from analysis_utils.hypotheses.answers import Result
from analysis_utils.publish.findings import p_shown
from analysis_utils.publish.results import VARIANT, shown

NUMBERS = ["estimate", "low", "high", "family_low", "family_high", "level", "p", "n"]
RESULTS = ["run", "id", "role", *NUMBERS, "note"]
CHECKS = ["run", "id", "check", "case", "estimate", "low", "high", "p", "n", "note"]
DETECTABLE = ["run", "id", "value", "power", "how", "cell"]


def recorded(results: Mapping[str, Path]) -> pd.DataFrame:
    """Every result recorded against a hypothesis.

    Parameters
    ----------
    results : path of each run's `results.json`, by the run's label.

    Returns
    -------
    DataFrame with the columns `RESULTS`; low and high at 95 %, family_low and
    family_high at the level of the family.
    """
    return _rows(results, "hypotheses", RESULTS)


def checks(results: Mapping[str, Path]) -> pd.DataFrame:
    """Every recorded check: a frame with the columns `CHECKS`."""
    return _rows(results, "checks", CHECKS)


def detectable(results: Mapping[str, Path]) -> pd.DataFrame:
    """Every recorded detectable effect: a frame with the columns `DETECTABLE`."""
    return _rows(results, "detectable", DETECTABLE)


def _rows(
    results: Mapping[str, Path], section: str, columns: list[str]
) -> pd.DataFrame:
    """One section of all results, a row each, the run's label first."""
    rows = []
    for label, path in results.items():
        content = json.loads(path.read_text(encoding="utf-8"))
        rows += [{"run": label} | row for row in content.get(section, [])]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    numbers = [name for name in columns if name in (*NUMBERS, "value", "power")]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def faults(
    hypotheses: Mapping[str, Hypothesis],
    found: pd.DataFrame,
    runs: tuple[str, ...] = (),
) -> list[str]:
    """What keeps the answers from being computed, one sentence each.

    Parameters
    ----------
    found : results, as `recorded` gives them.
    runs : labels of the study's runs. A hypothesis that none has recorded is "not
        computed yet", which is no fault: it is specified before it is estimated.
    """
    problems = [
        f"{row.run} recorded {row.id!r}, which is not in the registry"
        f"{nearest(row.id, tuple(hypotheses))}"
        for row in found.itertuples()
        if row.id not in hypotheses
    ]
    mine = found[found["id"].isin(list(hypotheses))]
    for key, one in hypotheses.items():
        rows = mine[mine["id"] == key]
        primary = rows[rows["role"] == "primary"]
        others = [run for run in primary["run"] if run != one.run]
        if others:
            problems.append(
                f"{key} was recorded by {', '.join(others)}; the registry says "
                f"{one.run}"
            )
        elif len(primary) > 1:
            problems.append(f"{key} has {len(primary)} primary results in {one.run}")
        elif primary.empty and one.run in runs:
            variants = rows[(rows["role"] == VARIANT) & (rows["run"] == one.run)]
            problems += [f"{key}: {one.run} {note}" for note in variants["note"]]
        for level in primary.dropna(subset="estimate")["level"]:
            if not math.isclose(level, one.family.level, rel_tol=1e-4):
                problems.append(
                    f"{key} was recorded with an interval at {level:.2%}; its family "
                    f"needs {one.family.level:.2%}: run {one.run} again"
                )
    return problems


def check_faults(
    hypotheses: Mapping[str, Hypothesis], found: pd.DataFrame, tested: pd.DataFrame
) -> list[str]:
    """Checks that the registry names and the run of a tested hypothesis left out."""
    primary = found[found["role"] == "primary"].dropna(subset="estimate")
    done = set(zip(tested["id"], tested["check"], strict=True))
    return [
        f"{key} names the check {name!r}, and {one.run} recorded none"
        for key, one in hypotheses.items()
        if key in set(primary["id"])
        for name in one.checks
        if (key, name) not in done
    ]


def table(
    hypotheses: Mapping[str, Hypothesis],
    found: pd.DataFrame,
    tested: pd.DataFrame | None = None,
    power: pd.DataFrame | None = None,
    first: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row a hypothesis, without an empty cell: result, answer, strength, reason.

    Parameters
    ----------
    found, tested, power : as `recorded`, `checks` and `detectable` give them.
    first : results of the first edition by id (columns estimate, low, high, verdict).
    """
    tested = pd.DataFrame(columns=CHECKS) if tested is None else tested
    power = pd.DataFrame(columns=DETECTABLE) if power is None else power
    primary = found[found["role"] == "primary"].drop_duplicates("id").set_index("id")
    rows = {
        key: row(
            one,
            primary.loc[key] if key in primary.index else None,
            tested[tested["id"] == key],
            power[power["id"] == key],
        )
        | {
            "other_results": other_results(found[found["id"] == key]),
            "first_result": first_result(key, first),
        }
        for key, one in hypotheses.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("id")


def row(
    one: Hypothesis,
    primary: pd.Series | None,
    tested: pd.DataFrame,
    power: pd.DataFrame,
) -> dict[str, object]:
    """One hypothesis: what was asked, found and answered."""
    said, why = answers.NOT_COMPUTED, f"{one.run} has recorded no result"
    held, checked = answers.NOTHING, ""
    result = dict.fromkeys(NUMBERS, math.nan)
    if primary is not None:
        result = {name: float(primary[name]) for name in NUMBERS}
        if math.isnan(result["estimate"]):
            said, why = answers.NOT_TESTABLE, str(primary["note"])
        else:
            ends = Result(
                result["estimate"],
                result["family_low"],
                result["family_high"],
                result["p"],
            )
            said, why = answers.answer(one, ends)
            held, checked = answers.strength(one, ends, by_name(tested))
    smallest = float(power["value"].iloc[0]) if len(power) else None
    return {
        "statement": one.statement,
        "family": one.family.name,
        "specified": one.words,
        "superseded_by": ", ".join(one.superseded_by) or "none",
        "superseded_because": "; ".join(one.superseded_by.values()) or "none",
        "units": one.units,
        "estimate": result["estimate"],
        "low": result["family_low"],
        "high": result["family_high"],
        "level": one.family.level,
        "low_95": result["low"],
        "high_95": result["high"],
        "p": result["p"],
        "n": result["n"],
        "scale": one.scale,
        "null": one.null,
        "smallest": one.smallest,
        "detectable": math.nan if smallest is None else smallest,
        "power": answers.power(one, smallest),
        "answer": said,
        "strength": held,
        "reason": why,
        "checks": checked or answers.NOTHING,
        "run": one.run,
        "note": str(primary["note"] or "none") if primary is not None else "none",
        "known_before": one.known_before,
    }


def by_name(tested: pd.DataFrame) -> dict[str, list[Result]]:
    """Recorded results of each check, by its name."""
    return {
        name: [
            Result(r.estimate, r.low, r.high, r.p, r.case or "")
            for r in part.itertuples()
        ]
        for name, part in tested.groupby("check", sort=False)
    }


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
    return "; ".join(parts) or "none"


def first_result(key: str, first: pd.DataFrame | None) -> str:
    """What the first edition said of a hypothesis, in words."""
    if first is None or key not in first.index:
        return "none"
    old = first.loc[key]
    if pd.isna(old["estimate"]):
        return str(old["verdict"])
    value, low, high = (shown(old[n], 2) for n in ("estimate", "low", "high"))
    return f"{old['verdict']}: {value} (95% interval {low} to {high})"

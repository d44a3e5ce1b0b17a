"""The hazard against statsmodels' GLM on the same rows: `hazards.py FILE.md`.

15,000 units over 78 periods, made up: half a million rows at risk and more. GLM holds
one indicator a period; with a million rows that needs gigabytes, so that it is timed on
a sample of units as well and the ratio is given for equal rows. Also: a specification
curve of 1,000 specifications with 500 null draws, and randomisation over 50 clusters.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

from analysis_utils.methods.curve import Linear, specification_curve
from analysis_utils.methods.hazards import fit_hazard, to_intervals
from analysis_utils.methods.randomisation import (
    additive,
    randomise,
    score_contributions,
)

PERIODS, NAMES = 78, ["x", "z", "d"]


def rows(units: int, seed: int = 0) -> pd.DataFrame:
    """Units by periods at risk, about one event for ten units."""
    rng = np.random.default_rng(seed)
    unit, time_ = np.repeat(np.arange(units), PERIODS), np.tile(range(PERIODS), units)
    x, z, state = (
        rng.normal(size=units),
        rng.normal(size=units),
        rng.integers(0, 50, units),
    )
    d = (time_ >= rng.integers(0, 2 * PERIODS, units)[unit]).astype(float)
    wave = rng.normal(size=PERIODS)
    eta = -7.5 + wave[time_] + 0.5 * x[unit] - 0.3 * z[unit] + 0.7 * d
    event = (rng.random(len(unit)) < -np.expm1(-np.exp(eta))).astype(int)
    table = pd.DataFrame(
        {
            "unit": unit,
            "period": time_,
            "x": x[unit],
            "z": z[unit],
            "d": d,
            "state": state[unit],
            "event": event,
        }
    )
    gone = table.groupby("unit")["event"].cumsum() - table["event"]
    return table[gone == 0].reset_index(drop=True)


def glm(table: pd.DataFrame):
    """statsmodels on rows of periods with an event, an indicator for each period."""
    table = table[table.groupby("period")["event"].transform("sum") > 0]
    design = np.column_stack(
        [table[NAMES], pd.get_dummies(table["period"], dtype=float)]
    )
    family = sm.families.Binomial(sm.families.links.CLogLog())
    return sm.GLM(table["event"].to_numpy(), design, family=family).fit(tol=1e-10)


def ours(table: pd.DataFrame):
    """Collapse and fit, clustered by state."""
    joined = to_intervals(table, NAMES, keep=["state"])
    fit = fit_hazard(joined, NAMES, cluster="state")
    fit.hazard_ratios()
    return fit


def seconds(function: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of one call, and its result."""
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def curve():
    """1,024 specifications of 120 periods, 500 null draws."""
    rng, n = np.random.default_rng(1), 120
    names = [f"c{i}" for i in range(6)]
    data = pd.DataFrame(rng.normal(size=(n, 6)), columns=names)
    data["const"], data["level"] = 1.0, (np.arange(n) >= 60) * 1.0
    outcomes = pd.DataFrame(rng.normal(size=(n, 4)))

    def build(y, start, lags, **on):
        columns = ["const", "level", *(name for name, value in on.items() if value)]
        part = data.index[start:]
        return Linear(
            outcomes.loc[part, y], data.loc[part, columns], "level", maxlags=lags
        )

    grid = {"y": range(4), "start": [0, 12], "lags": [None, 6]}
    return specification_curve(grid | {name: [0, 1] for name in names}, build)


def randomisation():
    """100,000 assignments of 50 histories."""
    rng = np.random.default_rng(2)
    history = (np.arange(PERIODS) >= rng.choice([20, 50, 99], 50)[:, None]) * 1.0
    table = score_contributions(rng.normal(size=(50, PERIODS)), history)
    return randomise(additive(table, studentised=True), history, draws=100_000)


def main(target: Path) -> None:
    """Write the table."""
    lines = [
        "# Hazards, specification curves, randomisation: measured",
        "",
        "CPU seconds of one run on this machine; ratios carry over.",
        "",
        "| task | rows or fits | ours | statsmodels GLM | ratio | largest difference |",
        "|---|---|---|---|---|---|",
    ]
    for units in (1_000, 4_000, 15_000):
        table = rows(units)
        mine, fit = seconds(lambda table=table: ours(table))
        label = f"| hazard, {units:,} units x {PERIODS} periods | {len(table):,} rows "
        if units > 4_000:
            lines.append(f"{label}| {mine:.2f} | not run (several GB) | | |")
            continue
        theirs, peer = seconds(lambda table=table: glm(table))
        gap = np.abs(fit.params.to_numpy() - peer.params[:3]).max()
        lines.append(
            f"{label}| {mine:.2f} | {theirs:.1f} | {theirs / mine:.0f} | {gap:.0e} |"
        )
    mine, made = seconds(curve)
    draws = len(made.table) * len(made.null)
    lines.append(f"| specification curve | {draws:,} fits | {mine:.1f} | | | |")
    mine, test = seconds(randomisation)
    lines.append(f"| randomisation | {len(test.draws):,} draws | {mine:.2f} | | | |")
    text = "\n".join(lines) + "\n"
    target.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

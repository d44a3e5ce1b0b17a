"""Published discrete-time hazards and forecast scores."""

import numpy as np
import pandas as pd
from validation import case

from analysis_utils.methods.exact import poisson_interval
from analysis_utils.methods.hazards import fit_hazard
from analysis_utils.methods.scores import interval_score, wis

# Life table of 180 boys by grade: events without and with a parental transition;
# 34 and 20 censored after grade 12 (Singer & Willett 2003, Table 11.1).
EVENTS = {0: [2, 2, 8, 8, 10, 8], 1: [13, 5, 16, 21, 15, 18]}
CENSORED = {0: 34, 1: 20}


@case(
    "singer_willett_12.3",
    "Singer & Willett 2003, Table 12.3, complementary log-log [recalled]",
)
def first_intercourse():
    """Six grade effects and one hazard ratio."""
    fit = fit_hazard(life_table(), ["pt"])
    alpha = np.log(fit.baseline.loc["all"])
    printed = ["-2.9733", "-3.6592", "-2.3156", "-1.9001", "-1.7621", "-1.3426"]
    for grade, text in zip(range(7, 13), printed, strict=True):
        yield f"D{grade}", text, alpha[grade]
    yield "PT", "0.7854", fit.params["pt"]
    yield "deviance", "634.50", -2 * fit.llf


def life_table() -> pd.DataFrame:
    """The boys as intervals."""
    rows = []
    for pt, counts in EVENTS.items():
        for grade, n in zip(range(7, 13), counts, strict=True):
            rows += [(grade, 1, pt)] * n
        rows += [(12, 0, pt)] * CENSORED[pt]
    table = pd.DataFrame(rows, columns=["exit", "event", "pt"])
    return table.assign(unit=range(len(table)), entry=7)


@case("garwood_1936", "Garwood 1936: limits of a Poisson count, as printed in tables")
def poisson_limits():
    """The limits that vital statistics print for small counts."""
    printed = {0: (None, "3.689"), 1: ("0.025", "5.572"), 10: ("4.795", "18.390")}
    for count, (low, high) in printed.items():
        limits = poisson_interval(count)
        if low is not None:
            yield f"lower, {count}", low, limits[0]
        yield f"upper, {count}", high, limits[1]


@case("yardstick_wis", "R package yardstick, test suite: weighted_interval_score")
def weighted_interval_score():
    """Two predictions at four levels, without a median."""
    levels = [0.2, 0.4, 0.6, 0.8]
    table = pd.DataFrame([[1.0, 2, 3, 4], [8, 9, 10, 11]], columns=levels)
    yield "mean WIS", "1.275", wis(table, [3.3, 7.1]).mean()


@case("scoringutils_interval", "R package scoringutils, test suite: interval_score")
def weighted_interval():
    """One 95 % interval, weighted by alpha / 2 as in the WIS."""
    yield "interval score", "0.05", float(interval_score(4, 6, 5, 0.05)) * 0.025

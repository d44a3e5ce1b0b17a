"""How well the predictions did: scores by cell, coverage, agencies, directions."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils import datasets
from analysis_utils.methods.scores import wis
from analysis_utils.publish import Finding
from analysis_utils.study.backtests import LEVELS, column
from analysis_utils.study.forecasters import Register
from analysis_utils.study.later_answers import listed

QUANTILES = dict(zip(map(column, LEVELS), LEVELS, strict=True))
INTERVALS = {"50%": ("q250", "q750"), "80%": ("q100", "q900"), "95%": ("q025", "q975")}
DRAWS = 9999


def with_listed(register: Register) -> pd.DataFrame:
    """Predicted counts beside those listed, and the weighted interval score of each.

    level: cell (state and model), state, model, or nation.
    """
    table = datasets.load("predicted_counts")
    counts = {
        day: listed(str(day.date()), register).reset_index(name="listed")
        for day in table["day"].unique()
    }
    every = pd.concat(counts, names=["day"]).reset_index("day")
    sums = [
        every,
        every.assign(model="all"),
        every.assign(state="US"),
        every.assign(state="US", model="all"),
    ]
    keys = ["day", "state", "model"]
    totals = pd.concat(sums).groupby(keys)["listed"].sum().reset_index()
    table = table.merge(totals, on=keys, validate="m:1")
    whole, all_models = table["state"] == "US", table["model"] == "all"
    table["level"] = np.select(
        [whole & all_models, whole, all_models], ["nation", "model", "state"], "cell"
    )
    quantiles = table[list(QUANTILES)].rename(columns=QUANTILES)
    return table.assign(wis=wis(quantiles, table["listed"].to_numpy()).to_numpy())


def inside(table: pd.DataFrame, name: str) -> pd.Series:
    """Whether each listed count lies in the interval of that name."""
    low, high = INTERVALS[name]
    return table["listed"].between(table[low], table[high])


def alive(table: pd.DataFrame, register: Register) -> pd.DataFrame:
    """Rows of states that had an agreement on the newest list, or have one later.

    Where there is none before and after, every forecaster is right and wide intervals
    cost nothing: such states would flatter the coverage.
    """
    held = set(register.active["state"])
    later = set(table.loc[table["listed"] > 0, "state"])
    return table[table["state"].isin(held | later)]


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Share of counts within each interval, by forecaster and level."""
    shares = {name: inside(table, name) for name in INTERVALS}
    keys = [table["forecaster"], table["level"]]
    return pd.DataFrame(shares).groupby(keys, sort=False).mean()


def score_ratio(
    table: pd.DataFrame, better: str, than: str, without: str = "", seed: int = 287
) -> Finding:
    """Summed scores of one forecaster over another's; states drawn with replacement."""
    cells = table[(table["level"] == "cell") & (table["state"] != without)]
    sums = cells.pivot_table("wis", "state", "forecaster", "sum")[[better, than]]
    return _ratio(sums.to_numpy(), seed)


def signed_ratio(agencies: pd.DataFrame, seed: int = 287) -> Finding:
    """First agreements over expected ones; states drawn with replacement.

    agencies : state, probability and `signed`, one row an agency.
    """
    sums = agencies.groupby("state")[["signed", "probability"]].sum()
    return _ratio(sums.to_numpy(dtype="float64"), seed)


def share_finding(hits: Iterable[bool], null: float, less: float = 0.0) -> Finding:
    """A share (less a value), its exact binomial interval, and p against a share."""
    values = np.asarray(list(hits), dtype=bool)
    test = stats.binomtest(int(values.sum()), len(values), null)

    def interval(level: float) -> tuple[float, float]:
        limits = test.proportion_ci(level, method="exact")
        return float(limits.low - less), float(limits.high - less)

    estimate = float(values.mean() - less)
    return Finding(estimate, interval, float(test.pvalue), len(values))


def right(answers: pd.DataFrame) -> pd.Series:
    """Whether `measured` lies on the side that was predicted."""
    gap = answers["measured"] - answers["against"]
    within = answers["measured"].abs() <= answers["against"]
    return pd.Series(
        np.select(
            [answers["direction"] == "greater", answers["direction"] == "less"],
            [gap > 0, gap < 0],
            within,
        ).astype(bool),
        answers.index,
    )


def _ratio(sums: np.ndarray, seed: int) -> Finding:
    """Ratio of two column sums; rows drawn with replacement, on the log scale."""
    rng = np.random.default_rng(seed)
    drawn = sums[rng.integers(0, len(sums), (DRAWS, len(sums)))].sum(axis=1)
    ratios = drawn[:, 0] / drawn[:, 1]
    estimate = float(sums[:, 0].sum() / sums[:, 1].sum())

    def interval(level: float) -> tuple[float, float]:
        low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    tail = min((ratios >= 1).mean(), (ratios <= 1).mean())
    return Finding(estimate, interval, float(min(1.0, 2 * tail + 1 / DRAWS)), len(sums))


def detectable_share(n: int, null: float, level: float, side: int) -> float:
    """Smallest distance from a share that n trials find with 80 % power, exactly.

    side : 1 for larger shares, -1 for smaller. None is found: nan.
    """
    k = np.arange(n + 1)
    tests = [stats.binomtest(int(hits), n) for hits in k]
    limits = [test.proportion_ci(level, method="exact") for test in tests]
    found = np.array([x.low > null if side > 0 else x.high < null for x in limits])
    for distance in np.arange(0.01, 1.0, 0.01):
        share = null + side * distance
        if not 0 <= share <= 1:
            break
        if stats.binom.pmf(k, n, share)[found].sum() >= 0.8:
            return float(round(distance, 2))
    return float("nan")


def simulated_scores(
    table: pd.DataFrame, truth: str, better: str, than: str, draws: int = 200
) -> np.ndarray:
    """Log ratios of scores when one forecaster is right: states high or low alike."""
    rng = np.random.default_rng(287)
    cells = table[table["level"] == "cell"].sort_values(["day", "state", "model"])
    wide = dict(tuple(cells.groupby("forecaster")))
    own = wide[truth][list(QUANTILES)].to_numpy()
    states, code = np.unique(wide[truth]["state"], return_inverse=True)
    levels = np.array(LEVELS)
    ratios = []
    for _ in range(draws):
        luck = rng.uniform(0.01, 0.99, len(states))[code]
        drawn = np.array(
            [np.interp(u, levels, row) for u, row in zip(luck, own, strict=True)]
        ).round()
        sums = [
            wis(wide[name][list(QUANTILES)].rename(columns=QUANTILES), drawn).sum()
            for name in (better, than)
        ]
        ratios.append(np.log(sums[0] / sums[1]))
    return np.array(ratios)


def simulated_signings(agencies: pd.DataFrame, draws: int = 200) -> np.ndarray:
    """Log ratios of signed to expected when the probabilities are true."""
    rng = np.random.default_rng(287)
    p = agencies["probability"].to_numpy()
    return np.log([(rng.random(len(p)) < p).sum() / p.sum() for _ in range(draws)])


def detectable_factor(logs: np.ndarray, level: float) -> float:
    """Factor found with 80 % power, from the spread of log ratios."""
    reach = stats.norm.isf((1 - level) / 2) + stats.norm.ppf(0.8)
    return float(np.exp(reach * logs.std()))

"""First new agreements of 2016 and 2017: an event study over ICE areas, few of them.

Each area is a cohort of its own or shares it with one other, so that no error by
cluster holds. The estimate of Callaway and Sant'Anna is linear in the outcome; giving
areas each other's dates of adoption permutes the rows of its weights.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis_utils.methods.randomisation import exchange_interval
from analysis_utils.publish import Finding, findings
from analysis_utils.publish.style import COLOURS

NEVER = 10**6


def with_cohorts(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of areas that had an agreement in the first month, with their `cohort`.

    `table` as `arrests.panel` gives it. The cohort is the first month with more
    agreements than in the first month of all; missing where that never comes. Columns
    log_arrests and log_others are the logarithms of one plus arrests through 287(g),
    and of one plus all other arrests.
    """
    table = table.sort_values(["area", "month"], ignore_index=True)
    at_first = table.groupby("area")["agreements"].transform("first")
    rises = table["month"].where(table["agreements"] > at_first)
    table["cohort"] = rises.groupby(table["area"]).transform("min")
    table["log_arrests"] = np.log1p(table["arrests"].astype(float))
    others = table["all_arrests"] - table["arrests"]
    table["log_others"] = np.log1p(others.astype(float))
    return table[at_first > 0].reset_index(drop=True)


@dataclass(frozen=True)
class Study:
    """Outcome by area and month, and the place of each area's first treated month."""

    y: np.ndarray  # areas by months
    cohort: np.ndarray  # place of the month; NEVER
    areas: list[str]

    @classmethod
    def of(cls, table: pd.DataFrame, outcome: str) -> "Study":
        """From the rows of `with_cohorts`."""
        wide = table.pivot(index="area", columns="month", values=outcome)
        place = {month: i for i, month in enumerate(wide.columns)}
        first = table.drop_duplicates("area").set_index("area")["cohort"]
        cohort = [place.get(first[area], NEVER) for area in wide.index]
        return cls(wide.to_numpy(float), np.array(cohort), list(wide.index))

    def weights(self, low: int, high: int) -> np.ndarray:
        """Weights (areas by months) whose sum over the outcome is the mean effect.

        Over cohorts and months at `low` to `high` months after adoption, each weighted
        by its number of areas; base the month before adoption; controls the areas not
        yet treated at either month.
        """
        n, months = self.y.shape
        total, cells = np.zeros((n, months)), 0.0
        for g in sorted(set(self.cohort) - {NEVER}):
            treated = self.cohort == g
            for t in range(max(0, g + low), min(months, g + high + 1)):
                control = (self.cohort > max(t, g - 1)) & ~treated
                if t == g - 1 or not control.any():
                    continue
                part = treated - control * treated.sum() / control.sum()
                total[:, t] += part
                total[:, g - 1] -= part
                cells += treated.sum()
        return total / cells

    def effect(self, low: int, high: int) -> float:
        """The mean effect from `low` to `high` months after adoption."""
        return float((self.weights(low, high) * self.y).sum())

    def exchanged(
        self, low: int, high: int, draws: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The estimate when areas exchange dates: of the outcome; of an effect of 1."""
        weights = self.weights(low, high)
        after = np.arange(self.y.shape[1])[None, :] >= self.cohort[:, None]
        own = np.arange(len(self.y))
        rng = np.random.default_rng(seed)
        orders = rng.permuted(np.tile(own, (draws, 1)), axis=1)
        return tuple(
            (weights @ z.T)[orders, own].sum(axis=1)
            for z in (self.y, after.astype(float))
        )


def tested(study: Study, low: int, high: int, seed: int, draws: int = 4999) -> Finding:
    """The mean effect, its p and interval by exchange of dates between areas.

    The interval holds the effects, the same in all areas and months after adoption,
    that the exchange does not reject.
    """
    estimate = study.effect(low, high)
    on_y, on_d = study.exchanged(low, high, draws, seed)
    interval = exchange_interval(estimate, on_y, on_d, reach=8)
    rank = findings.rank_p(estimate, on_y, float(on_y.mean()))
    note = f"{(study.cohort < NEVER).sum()} of {len(study.y)} areas adopt"
    return Finding(estimate, interval, rank, study.y.size, "log points", note)


def before(study: Study, months: int, seed: int, draws: int = 4999) -> float:
    """p that no effect is there before adoption: largest of the months -2 to -months.

    Each month's effect is measured in standard deviations of its draws.
    """
    own, drawn = [], []
    for e in range(-months, -1):
        on_y, _ = study.exchanged(e, e, draws, seed)
        middle, spread = on_y.mean(), on_y.std()
        own.append(abs(study.effect(e, e) - middle) / spread)
        drawn.append(np.abs(on_y - middle) / spread)
    return findings.rank_p(max(own), np.max(drawn, axis=0))


def path(study: Study, low: int, high: int, seed: int) -> pd.DataFrame:
    """Effects by month about adoption with 95 % intervals; index: months after."""
    rows = {e: tested(study, e, e, seed, 1999) for e in range(low, high + 1) if e != -1}
    return findings.table(rows, "area-months").rename_axis("months after")


def draw_path(ax: Axes, table: pd.DataFrame) -> Axes:
    """Effects by month about adoption, with intervals."""
    at = table.index.to_numpy()
    ax.axhline(0, color=COLOURS["event"], lw=0.7)
    ax.axvline(-0.5, color=COLOURS["event"], lw=0.7, ls=(0, (4, 3)))
    ax.vlines(at, table["low"], table["high"], color=COLOURS["fitted"], lw=1)
    ax.plot(at, table["estimate"], "o", color=COLOURS["fitted"])
    ax.set_xticks(sorted({*at.tolist(), -1}))
    ax.set_xlabel("Months after the first new agreement (before: negative)")
    return ax


def detectable(study: Study, low: int, high: int, seed: int) -> float:
    """Smallest effect found with 80 % power: from the spread of the exchanged dates."""
    on_y, _ = study.exchanged(low, high, 1999, seed)
    drawn = on_y - on_y.mean()
    return float(np.quantile(np.abs(drawn), 0.95) + 0.8416 * drawn.std())

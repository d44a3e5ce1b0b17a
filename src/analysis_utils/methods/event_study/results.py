"""What an event study gives back: group-time effects and their aggregations."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.iolib.summary2 import Summary

from analysis_utils.asking import NotTestable

from ..arguments import number
from .aggregation import Cells, aggregate_cells
from .estimates import MANY, Estimates, Inference
from .panel_data import AdoptionPanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLUSTERS_A_TEST = 5  # a Wald test needs many clusters for each of its effects
AXIS = {
    "simple": "effect",
    "dynamic": "event time",
    "group": "group",
    "calendar": "time",
}


@dataclass(frozen=True)
class GroupTimeEffects(Estimates):
    """ATT(g, t) by group and period; `params`, `bse`, `conf_int()` as statsmodels.

    Their `aggregate("dynamic")` is the event study.
    """

    cells: Cells
    panel: AdoptionPanel
    control: str
    estimator: str

    @classmethod
    def of(
        cls,
        cells: Cells,
        panel: AdoptionPanel,
        inference: Inference,
        control: str,
        estimator: str,
    ) -> "GroupTimeEffects":
        """Label the cells by group and period as the user wrote them."""
        labels = [
            (panel.label(group), panel.label(time))
            for group, time in zip(cells.group, cells.time, strict=True)
        ]
        index = pd.MultiIndex.from_tuples(labels, names=["group", "time"])
        return cls(
            pd.Series(cells.effect, index, name="ATT"),
            cells.influence,
            inference,
            cells.fewest,
            cells,
            panel,
            control,
            estimator,
        )

    def as_sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The average effect on the treated as a sum over units and cells after.

        Returns changes, exposures and weights, (units, cells) each: the estimate is
        sum(changes * weights), and a unit that gets the cohort of another gets its row
        of weights. Refuses estimates that are no such sum.
        """
        panel, cells = self.panel, self.cells
        plain = panel.covariates.shape[2] == 1 and np.ptp(panel.weights) == 0
        if not plain or len(np.unique(panel.clusters)) < len(panel.cohort):
            raise NotTestable(
                "Units can exchange cohorts only without covariates, weights and "
                "clusters larger than a unit."
            )
        after = np.flatnonzero(cells.after)
        now, base = (
            np.searchsorted(panel.clock, item[after])
            for item in (cells.time, cells.base)
        )
        cohort = panel.cohort[:, None]
        treated = cohort == cells.group[after]
        controls = np.isinf(cohort) & ~treated
        if self.control == "not-yet":
            last = panel.clock[np.maximum(now, base)] + cells.anticipation
            controls = (cohort > last) & ~treated
        share = cells.share[after] / cells.share[after].sum()
        weights = share * (
            treated / treated.sum(axis=0) - controls / controls.sum(axis=0)
        )
        exposed = (panel.clock[now] >= cohort).astype(float)
        exposed -= panel.clock[base] >= cohort
        return panel.outcome[:, now] - panel.outcome[:, base], exposed, weights

    def pre_trend_test(self) -> pd.Series:
        """Test that all effects before treatment (and anticipation) are zero.

        With many clusters Wald's test, as published. With few it rejects a true
        hypothesis nearly always (.997 for three cohorts of eight states); then the
        largest |t|, by Bonferroni. Returns kind, statistic, df (or tests), p.
        """
        cells = self.cells
        before = (cells.time < cells.group - cells.anticipation) & np.isfinite(
            cells.fewest
        )
        if not before.any():
            raise NotTestable(
                "No group has two periods before its treatment, so there "
                "is no pre-trend to test."
            )
        if self.refused[before].any():
            raise NotTestable(
                "Effects before treatment rest on a single cluster, so that their "
                "errors cannot be estimated: there is no test of pre-trends."
            )
        tests = int(before.sum())
        if self.fewest[before].min() < max(MANY, CLUSTERS_A_TEST * tests):
            p = float(min(1.0, tests * self._careful(before).min()))
            largest = float(self.tvalues[before].abs().max())
            return pd.Series(
                {"kind": "largest t", "statistic": largest, "df": tests, "p": p}
            )
        effects = cells.effect[before]
        covariance = self.cov_params().to_numpy()[np.ix_(before, before)]
        if np.linalg.matrix_rank(covariance) < len(effects):
            raise NotTestable(
                "The covariance of the effects before treatment is "
                "singular: too few clusters for this test."
            )
        wald = float(effects @ np.linalg.solve(covariance, effects))
        p = float(stats.chi2.sf(wald, tests))
        return pd.Series({"kind": "Wald", "statistic": wald, "df": tests, "p": p})

    def _careful(self, chosen: np.ndarray) -> np.ndarray:
        """p of single estimates by Student's t with the smallest group's freedom."""
        df = np.maximum(self.fewest[chosen] - 1, 1)
        return 2 * stats.t.sf(self.tvalues[chosen].abs(), df)

    def aggregate(
        self,
        kind: str = "dynamic",
        *,
        lowest: float = -np.inf,
        highest: float = np.inf,
        balance: float | None = None,
    ) -> "AggregatedEffects":
        """Average the effects: "simple", "dynamic" (event time), "group", "calendar".

        lowest, highest: event times shown. balance: only groups observed at least
        this many periods after treatment, so that event times compare the same groups.
        """
        number(lowest, "lowest", infinite=True)
        number(highest, "highest", infinite=True)
        if balance is not None:
            number(balance, "balance", least=0)
        keys, each, total = aggregate_cells(self.cells, kind, lowest, highest, balance)
        labels: list = [self.panel.label(key) for key in keys]
        if kind == "simple":
            labels = ["all"]
        elif kind == "dynamic":
            labels = [int(key) if key == int(key) else key for key in keys]
        overall = pd.Series(total.effects, ["overall"])
        return AggregatedEffects(
            pd.Series(each.effects, pd.Index(labels, name=AXIS[kind]), name="ATT"),
            each.influence,
            self.inference,
            each.fewest,
            kind,
            Estimates(overall, total.influence, self.inference, total.fewest),
        )

    def summary(self) -> Summary:
        """Effects with simultaneous band, pre-trend test and notes."""
        summary = Summary()
        summary.add_title("Group-time average treatment effects")
        facts = {
            "Control": self.control,
            "Estimator": self.estimator,
            "Units": str(len(self.influence)),
            "Clusters": str(self.inference.clusters.max() + 1),
        }
        try:
            test = self.pre_trend_test()
            facts["Pre-trend p"] = f"{test['p']:.5f} ({test['kind']}, {test['df']:.0f})"
        except NotTestable:
            facts["Pre-trend p"] = "not testable"
        summary.add_dict(facts)
        table = _table(self).reset_index().astype({"group": str, "time": str})
        summary.add_df(table, index=False, float_format="%.4f")
        for note in self.panel.notes:
            summary.add_text(note)
        if self.refused.any():
            summary.add_text(
                f"{int(self.refused.sum())} effects rest on one treated or control "
                "cluster and have no interval: use randomisation over units."
            )
        return summary

    def __repr__(self) -> str:
        return str(self.summary())

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """The event-time figure: `aggregate("dynamic").plot(ax)`."""
        return self.aggregate("dynamic").plot(ax)


@dataclass(frozen=True)
class AggregatedEffects(Estimates):
    """Effects by event time, group or date; `overall` is their average."""

    kind: str
    overall: Estimates

    def summary(self) -> Summary:
        """Effects with simultaneous band and the overall average."""
        summary = Summary()
        summary.add_title(f"Average treatment effects, {self.kind}")
        total = pd.concat(
            [
                self.overall.params,
                self.overall.bse,
                self.overall.pvalues,
                self.overall.conf_int(),
            ],
            axis=1,
        )
        total.columns = ["ATT", "std err", "p", "lower", "upper"]
        summary.add_df(total, float_format="%.4f")
        if self.kind != "simple":
            summary.add_df(_table(self), float_format="%.4f")
        return summary

    def __repr__(self) -> str:
        return str(self.summary())

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw effects with intervals (thick) and the simultaneous band (thin)."""
        from matplotlib import pyplot as plt

        ax = plt.gca() if ax is None else ax
        dynamic = self.kind == "dynamic"
        place = self.params.index.to_numpy() if dynamic else np.arange(len(self.params))
        before = place < 0 if dynamic else np.zeros(len(place), bool)
        for part, color, label in ((before, "0.5", "before"), (~before, "C0", "after")):
            for simultaneous, width in ((True, 1), (False, 3)):
                band = self.conf_int(simultaneous=simultaneous)[part]
                ax.vlines(place[part], band["lower"], band["upper"], color, lw=width)
            if part.any():
                ax.plot(
                    place[part],
                    self.params[part],
                    "o",
                    color=color,
                    label=label if dynamic else None,
                )
        ax.axhline(0, color="black", lw=0.8)
        if dynamic:
            ax.axvline(-0.5, color="black", lw=0.8, ls=":")
            ax.legend(fontsize="small")
        else:
            ax.set_xticks(place, [str(item) for item in self.params.index])
        ax.set(
            xlabel="Periods since first treatment"
            if dynamic
            else AXIS[self.kind].capitalize(),
            ylabel="Average effect on the treated",
        )
        return ax


def _table(estimates: Estimates) -> pd.DataFrame:
    """Estimates, errors, intervals and simultaneous band side by side."""
    band = estimates.conf_int(simultaneous=True).add_prefix("sup ")
    return pd.concat(
        [estimates.params, estimates.bse, estimates.conf_int(), band], axis=1
    )

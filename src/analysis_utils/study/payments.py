"""Payments for the task force model: who could sign which model, by week."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis_utils import datasets, series
from analysis_utils.asking import NotTestable

WEEK = "W-SUN"
MODELS = ("TFM", "JEM", "WSO")


def week_of(day: object, first: str) -> int:
    """Number of the week of a day; that of `first` is 0."""
    return (pd.Period(day, WEEK) - pd.Period(first, WEEK)).n


def at_risk(
    first: str,
    kinds: list[str],
    without: Sequence[str] = (),
    as_of: str | None = None,
    until: object = None,
) -> pd.DataFrame:
    """Agencies that could sign a model, one row an agency and model.

    Parameters
    ----------
    first : a day of the first week.
    kinds : kinds of agency (`datasets.agencies_at_risk`).
    without : states left out.
    as_of : count with what was known on this day.
    until : last day of the last week; that of the last list by default.

    Returns
    -------
    DataFrame with unit, ori, state, model, entry (0), exit (the week of the signing, or
    the last whole week), event. Who had an agreement of the model before is left out.
    """
    agencies = datasets.agencies_at_risk()
    chosen = agencies["agency_kind"].isin(kinds) & ~agencies["state"].isin(without)
    table = agencies.loc[chosen, ["ori", "state"]].merge(
        pd.DataFrame({"model": MODELS}), how="cross"
    )
    table = table.merge(signed(first, as_of), "left", on=["ori", "model"])
    day = pd.Timestamp(until or series.last_day(as_of))
    last = week_of(day + pd.Timedelta(days=1), first) - 1
    table = table[~(table["week"] < 0)]
    table["event"] = (table["week"] <= last).astype(int)
    table["exit"] = table["week"].where(table["event"] == 1, last).astype(int)
    table["unit"] = table["ori"] + " " + table["model"]
    return table.assign(entry=0).drop(columns="week").reset_index(drop=True)


def signed(first: str, as_of: str | None = None) -> pd.DataFrame:
    """Week of the first agreement of each linked agency and model; before: negative."""
    known = series.agreements_known(as_of)
    oris = datasets.agency_links().set_index("agency_id")["ori"]
    known["ori"] = known["agency_id"].map(oris)
    day = known["signed"].fillna(known["first_listed"])
    weeks = day.dt.to_period(WEEK).map(lambda week: week.ordinal)
    known["week"] = weeks - pd.Period(first, WEEK).ordinal
    known = known[known["ori"].fillna("") != ""]
    return known.groupby(["ori", "model"], as_index=False)["week"].min()


def linked(kinds: list[str], first: str, as_of: str | None = None) -> pd.Series:
    """Agreements signed in the weeks, and those of agencies on the FBI's list."""
    new = series.signed_between(first, as_of=as_of)
    new = new[new["agency_kind"].isin(kinds)]
    oris = datasets.agency_links().set_index("agency_id")["ori"]
    found = new["agency_id"].map(oris).fillna("") != ""
    return pd.Series({"signed": len(new), "linked": int(found.sum())})


def split(table: pd.DataFrame, cuts: dict[str, int], model: str) -> pd.DataFrame:
    """Cut intervals at weeks; a column for each span that is 1 for `model` in it.

    cuts : first week of each named span, ascending; the weeks before have no column.
    """
    starts = [0, *cuts.values()]
    ends = [*(week - 1 for week in cuts.values()), table["exit"].max()]
    parts = []
    for name, start, end in zip(["", *cuts], starts, ends, strict=True):
        part = table[(table["entry"] <= end) & (table["exit"] >= start)].copy()
        part["event"] = part["event"].where(part["exit"] <= end, 0)
        part["entry"] = part["entry"].clip(lower=start)
        part["exit"] = part["exit"].clip(upper=end)
        for column in cuts:
            inside = (part["model"] == model) & (column == name)
            part[column] = inside.astype(float)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def by_week(table: pd.DataFrame) -> pd.DataFrame:
    """Intervals of single weeks, for covariates that change with each."""
    length = table["exit"] - table["entry"] + 1
    rows = table.loc[table.index.repeat(length)].copy()
    step = rows.groupby(level=0).cumcount().to_numpy()
    last = rows["exit"].to_numpy() == rows["entry"].to_numpy() + step
    rows["event"] = rows["event"].where(last, 0)
    rows["entry"] = rows["entry"] + step
    return rows.assign(exit=rows["entry"]).reset_index(drop=True)


def weekly_hazards(table: pd.DataFrame) -> pd.DataFrame:
    """Agencies at risk and signings by week and model, and their share in per cent."""
    weeks = np.arange(table["exit"].max() + 1)
    rows = {}
    for model, part in table.groupby("model"):
        risk = [(part["exit"] >= week).sum() for week in weeks]
        ended = part.loc[part["event"] == 1, "exit"].value_counts()
        events = ended.reindex(weeks, fill_value=0)
        rows[model] = pd.DataFrame(
            {"at risk": risk, "signed": events.to_numpy()}, weeks
        )
    found = pd.concat(rows, names=["model", "week"]).reset_index()
    return found.assign(share=100 * found["signed"] / found["at risk"])


def relative_power(
    table: pd.DataFrame, announced: int, paid: int, level: float
) -> "RelativePower":
    """A test of the relative rate in data made of the weeks before the announcement."""
    if announced < 8:
        raise NotTestable(f"{announced} weeks before the announcement; 8 are needed")
    if table["exit"].max() < paid:
        raise NotTestable("no whole week from the start of payments on is known yet")
    events = table[table["event"] == 1]
    events = events.assign(own=events["model"] == "TFM")
    sizes = events.groupby(["exit", "state", "own"]).size().unstack("own", fill_value=0)
    sizes = sizes.reindex(columns=[False, True], fill_value=0)
    states = sorted(table["state"].unique())
    weeks = table["exit"].max() + 1
    cube = np.zeros((weeks, len(states), 2))
    for (week, state), row in sizes.iterrows():
        cube[week, states.index(state)] = row.to_numpy()
    return RelativePower(cube[:announced], int(weeks - paid), level)


class RelativePower:
    """Simulated tests of the ratio of task force to other signings, after to before.

    Whole weeks before the announcement are drawn anew for both spans, so that batches
    of a day and a state stay together; after it, task force signings are multiplied
    by the effect (Poisson). The ratio's error is clustered by state.
    """

    def __init__(self, weeks: np.ndarray, after: int, level: float):
        self.weeks, self.after, self.level = weeks, after, level

    def __call__(
        self, effect: float, size: int, rng: np.random.Generator
    ) -> np.ndarray:
        """(size,) truth values: whether the test finds a rise of the relative rate."""
        n = len(self.weeks)
        before = self.weeks[rng.integers(n, size=(size, n))].sum(axis=1)
        after = self.weeks[rng.integers(n, size=(size, self.after))].sum(axis=1)
        after[..., 1] = rng.poisson(after[..., 1] * effect)
        total = [part.sum(axis=1) for part in (before, after)]
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(total[1][:, 1] / total[1][:, 0])
            log -= np.log(total[0][:, 1] / total[0][:, 0])
            share = [
                part / size[:, None]
                for part, size in zip((before, after), total, strict=True)
            ]
            influence = (share[1][..., 1] - share[1][..., 0]) - (
                share[0][..., 1] - share[0][..., 0]
            )
            groups = self.weeks.shape[1]
            spread = (influence**2).sum(axis=1) * groups / (groups - 1)
            bound = stats.t(groups - 1).isf((1 - self.level) / 2)
            return log / np.sqrt(spread) > bound

"""Agreements and characteristics of states: shares, rank correlations over states."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import norm, rankdata

from analysis_utils import datasets, series
from analysis_utils.publish import findings
from analysis_utils.publish.findings import Finding, rank_p
from analysis_utils.publish.style import COLOURS

DRAWS = 9999
ARRESTS = {"ddp": "ice_arrests_by_state_ddp", "ccij": "ice_arrests_by_state_ccij"}


def table(as_of: str | None = None) -> pd.DataFrame:
    """One row a state (50): agreements, their agencies, and what a state is like.

    Shares are between 0 and 1: `share` agencies with an agreement per law enforcement
    agency, `per_agency` agreements per agency, `republican` of all votes in 2024,
    `noncitizens` of the population; `arrests_*` per 1,000 non-citizens.
    """
    known = series.agreements_known(as_of)
    held = known[known["gone_by"].isna()].groupby("state")
    states = datasets.states().query("kind == 'state'").set_index("state")
    counts = pd.DataFrame(
        {"agreements": held.size(), "with_agreement": held["agency_id"].nunique()}
    )
    counts = counts.reindex(states.index, fill_value=0)
    frame = counts.assign(
        **{
            "agencies": states["agencies"],
            "republican": states["votes_republican"] / states["votes_total"],
            "noncitizens": states["noncitizens"] / states["population"],
        }
    )
    frame["share"] = frame["with_agreement"] / frame["agencies"]
    frame["per_agency"] = frame["agreements"] / frame["agencies"]
    for name, figure in ARRESTS.items():
        arrests = _arrests(figure).reindex(states.index)
        frame[f"arrests_{name}"] = 1000 * arrests / states["noncitizens"]
    return frame.sort_index()


def _arrests(figure: str) -> pd.Series:
    figures = datasets.published_figures().query("figure == @figure")
    return figures.set_index("geography")["value"]


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Rank correlation along the last axis, ties with mean ranks."""
    return _correlation(rankdata(x, axis=-1), rankdata(y, axis=-1))


def partial_spearman(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Rank correlation of x and y given z, along the last axis."""
    xy, xz, yz = spearman(x, y), spearman(x, z), spearman(y, z)
    return (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a = a - a.mean(axis=-1, keepdims=True)
    b = b - b.mean(axis=-1, keepdims=True)
    return (a * b).sum(axis=-1) / np.sqrt((a**2).sum(axis=-1) * (b**2).sum(axis=-1))


def correlate(
    frame: pd.DataFrame, x: str, y: str, given: str | None = None, seed: int = 287
) -> Finding:
    """Spearman's correlation of two columns over states, or the partial one.

    Interval: percentiles of a bootstrap of states. p: permutation of x over states,
    for the partial correlation of its ranks after those of `given` are taken out.
    """
    columns = [x, y] + ([given] if given else [])
    values = frame[columns].dropna().to_numpy().T
    measure = partial_spearman if given else spearman
    estimate = float(measure(*values))
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, values.shape[1], (DRAWS, values.shape[1]))
    drawn = measure(*values[:, rows])
    drawn = drawn[np.isfinite(drawn)]  # a sample of one state alone has none
    p, n = rank_p(estimate, _permuted(values, rng)), values.shape[1]
    return Finding.draws(estimate, drawn, p=p, n=n)


def _permuted(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Correlations when (the residual ranks of) the first row are permuted."""
    ranks = rankdata(values, axis=-1)
    x, y = ranks[0], ranks[1]
    if len(ranks) == 3:
        design = np.column_stack([np.ones(len(x)), ranks[2]])
        x, y = (v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (x, y))
    return _correlation(rng.permuted(np.tile(x, (DRAWS, 1)), axis=1), y)


def subsets(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All states, and parts of them that the result should not depend on."""
    border = ["AZ", "CA", "NM", "TX"]
    return {
        "as specified": frame,
        "without Florida and Texas": frame.drop(["FL", "TX"]),
        "without the four states at the Mexican border": frame.drop(border),
        "states with an agreement": frame[frame["agreements"] > 0],
        "states with 100 or more agencies": frame[frame["agencies"] >= 100],
    }


def compare(ways: dict[str, tuple]) -> pd.DataFrame:
    """Correlations by variant: `ways` holds the arguments of `correlate` by name."""
    found = {name: correlate(*arguments) for name, arguments in ways.items()}
    return findings.table(found, "states")


def detectable(n: int, level: float = 0.95, given: int = 0) -> float:
    """Smallest Spearman correlation found with probability 0.8 in n states.

    level : of the interval that decides. given : variables whose ranks are taken out.
    Fisher's z with the variance 1.06 / (n - 3) of Fieller, Hartley and Pearson 1957.
    """
    reach = norm.isf((1 - level) / 2) + norm.isf(0.2)
    return float(np.tanh(reach * np.sqrt(1.06 / (n - 3 - given))))


def leave_one_out(
    frame: pd.DataFrame, x: str, y: str, given: str | None = None
) -> pd.Series:
    """The correlation without each state in turn."""
    columns = [x, y] + ([given] if given else [])
    measure = partial_spearman if given else spearman
    values = frame[columns].dropna()
    return pd.Series(
        {
            state: float(measure(*values.drop(state).to_numpy().T))
            for state in values.index
        }
    )


def scatter(ax: Axes, frame: pd.DataFrame, x: str, y: str) -> Axes:
    """A dot for each state at its values; grey: without any agreement.

    Scales and limits of the axes are set before. Codes stand beside dots where they
    cover nothing: states far from the others come first.
    """
    none = frame["agreements"] == 0
    for part, look in ((frame[none], "event"), (frame[~none], "fitted")):
        ax.plot(part[x], part[y], "o", ms=3, color=COLOURS[look], alpha=0.8)
    places = (ax.transScale + ax.transLimits).transform(frame[[x, y]].to_numpy())
    for state, right in labelled(frame.index, places).items():
        look = "event" if none[state] else "fitted"
        ax.annotate(
            state,
            frame.loc[state, [x, y]],
            xytext=(3 if right else -3, 0),
            textcoords="offset points",
            fontsize=6,
            ha="left" if right else "right",
            va="center",
            color=COLOURS[look],
        )
    return ax


def labelled(
    names: pd.Index, places: np.ndarray, width: float = 0.055, height: float = 0.026
) -> dict[str, bool]:
    """Which dots get their name, and on which side, so that no name covers anything.

    places: (n, 2) in shares of the axes; width, height: of a name. Returns by name
    whether it stands right of its dot (False: left).
    """
    far = np.abs(places - np.median(places, axis=0)).sum(axis=1)
    taken: list[tuple[float, float]] = []  # left end and middle height of each name
    chosen = {}
    for i in np.argsort(-far, kind="stable"):
        for right in (True, False):
            start = places[i, 0] + (0.01 if right else -0.01 - width)
            dots = np.delete(places, i, axis=0)
            on_dot = (
                (dots[:, 0] > start - 0.008)
                & (dots[:, 0] < start + width + 0.008)
                & (np.abs(dots[:, 1] - places[i, 1]) < height / 2 + 0.006)
            )
            on_name = any(
                abs(start - a) < width and abs(places[i, 1] - b) < height
                for a, b in taken
            )
            if not on_dot.any() and not on_name and start > -0.02:
                taken.append((start, places[i, 1]))
                chosen[names[i]] = right
                break
    return chosen

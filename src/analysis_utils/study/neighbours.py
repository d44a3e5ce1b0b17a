"""Do signings follow those of neighbouring states? A panel, and shuffled maps."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from matplotlib.axes import Axes

from analysis_utils import datasets, publish, series
from analysis_utils.asking import NotTestable
from analysis_utils.methods.panel import balanced
from analysis_utils.publish import charts
from analysis_utils.publish.findings import Finding, rank_p

DRAWS = 9999


def signed_by_state(start: str, as_of: str | None = None) -> pd.DataFrame:
    """Agreements signed per law enforcement agency: states by whole months.

    The 48 contiguous states, those without any agreement included. The first month is
    the one before `start`'s, for the lag.
    """
    states = datasets.states().query("kind == 'state'").set_index("state")
    last = pd.Period(series.last_day(as_of) + pd.Timedelta(days=1), "M") - 1
    months = pd.period_range(pd.Period(start, "M") - 1, last, freq="M")
    if len(months) < 4:
        raise NotTestable(
            f"{max(0, len(months) - 1)} whole months lie between {start} and the last "
            "list; three are needed. Choose a later as_of"
        )
    first = months[0].start_time
    counts = series.signings(basis="signing", by="state", start=first, as_of=as_of)
    counts = counts.set_axis(counts.index.to_period("M")).reindex(months)
    wanted = neighbour_matrix(states.index).index
    counts = counts.reindex(columns=wanted).fillna(0)
    return (counts / states["agencies"].reindex(wanted)).T


def neighbour_matrix(states: pd.Index) -> pd.DataFrame:
    """Weights of each state's neighbours, rows sum to one; islands are left out."""
    pairs = datasets.state_neighbours()
    pairs = pairs[pairs["state"].isin(states) & pairs["neighbour"].isin(states)]
    touch = pd.crosstab(pairs["state"], pairs["neighbour"]).astype(float)
    touch.columns.name = None
    return touch.div(touch.sum(axis=1), axis=0)


def second_order(weights: pd.DataFrame) -> pd.DataFrame:
    """Weights of the neighbours' neighbours that are not neighbours themselves."""
    touch = weights.to_numpy() > 0
    beyond = (touch.astype(int) @ touch > 0) & ~touch
    np.fill_diagonal(beyond, False)
    far = pd.DataFrame(beyond.astype(float), weights.index, weights.columns)
    return far.div(far.sum(axis=1).replace(0, 1), axis=0)


def slopes(
    rates: np.ndarray, weights: np.ndarray, lag: int, orders: np.ndarray
) -> np.ndarray:
    """Coefficient of the neighbours' mean when states change places on the map.

    rates (states, months); orders (draws, states): which state stands at each place;
    the order 0, 1, ... is the true map. State and month effects are taken out.
    """
    y = balanced(rates[:, 1:])
    own = rates[:, 1 - lag : rates.shape[1] - lag]
    placed = np.einsum("ij,djt->dit", weights, own[orders])
    back = np.argsort(orders, axis=1)
    x = balanced(np.take_along_axis(placed, back[:, :, None], axis=1))
    return np.einsum("dit,it->d", x, y) / np.einsum("dit,dit->d", x, x)


def diffusion(
    rates: pd.DataFrame,
    weights: pd.DataFrame,
    lag: int = 1,
    seed: int = 287,
    number: int = DRAWS,
) -> tuple[Finding, np.ndarray]:
    """Coefficient of the neighbours' mean `lag` months before, and its permutations.

    Interval: clustered by state, t with states - 1 degrees of freedom. p: rank of its
    distance from the mean of the permuted maps, which is not zero, because month
    effects make a state's neighbours and the others complements.
    """
    kept = weights.loc[rates.index, rates.index]
    matrix = kept.div(kept.sum(axis=1).replace(0, 1), axis=0).to_numpy()
    values = rates.to_numpy()
    n = len(values)
    estimate = float(slopes(values, matrix, lag, np.arange(n)[None])[0])
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(n), (number, 1)), axis=1)
    blocks = np.array_split(orders, 20)  # bounded memory
    draws = np.concatenate([slopes(values, matrix, lag, block) for block in blocks])
    error = _clustered_error(values, matrix, lag)
    p, size = rank_p(estimate, draws, draws.mean()), n * (values.shape[1] - 1)
    return Finding.normal(estimate, error, df=n - 1, p=p, n=size), draws


def _clustered_error(values: np.ndarray, matrix: np.ndarray, lag: int) -> float:
    y = balanced(values[:, 1:])
    x = balanced(matrix @ values[:, 1 - lag : values.shape[1] - lag])
    groups = np.repeat(np.arange(len(values)), y.shape[1])
    fit = sm.OLS(y.ravel(), x.ravel()).fit(
        cov_type="cluster", cov_kwds={"groups": groups}
    )
    return float(fit.bse[0])


def ways(
    rates: pd.DataFrame, weights: pd.DataFrame
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame, int]]:
    """Rates, weights and lag of each variant, by its name."""
    quiet = [state for state in rates.index if state not in ("FL", "TX")]
    some = rates.index[(rates > 0).any(axis=1)]
    return {
        "the same month": (rates, weights, 0),
        "neighbours of neighbours": (rates, second_order(weights), 1),
        "without Florida and Texas": (rates.loc[quiet], weights, 1),
        "states that signed at all": (rates.loc[some], weights, 1),
        "without February 2025, outcome or lag": (rates.iloc[:, 2:], weights, 1),
        "square root of the rate": (np.sqrt(rates), weights, 1),
    }


def draw_permutations(ax: Axes, draws: np.ndarray, found: Finding) -> pd.DataFrame:
    """Histogram of the coefficient over shuffled maps, the true one marked."""
    height, edges = np.histogram(draws, bins=40)
    shown = publish.rounded(
        pd.DataFrame({"from": edges[:-1], "to": edges[1:], "maps": height})
    )
    middle = (shown["from"] + shown["to"]) / 2
    assert found.estimate is not None  # that of the true map
    charts.histogram(ax, middle, found.estimate, "true map", shown["maps"], bins=edges)
    ax.set(xlabel="Coefficient of the neighbours' mean", ylabel="Shuffled maps")
    return shown

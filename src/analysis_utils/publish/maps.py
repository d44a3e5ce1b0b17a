"""Maps of counties: each takes `ax` and values by FIPS code, and returns `ax`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Transform

from analysis_utils import datasets
from analysis_utils.asking import Refused

CANVAS = (9750, 6100)  # steps of the shapes: Albers, Alaska and Hawaii inset
MISSING = "#e6e6e6"
# Okabe and Ito (2008), in an order in which neighbours differ in lightness too
CATEGORIES = ["#0072B2", "#E69F00", "#56B4E9", "#D55E00", "#009E73", "#CC79A7"]


def choropleth(
    ax: Axes,
    values: pd.Series,
    *,
    bins: Sequence[float] | None = None,
    colours: Mapping[str, str] | Mapping[int, str] | None = None,
    missing: str = "no data",
    legend: bool = True,
) -> Axes:
    """Counties filled by class, borders of states in white, legend below.

    Parameters
    ----------
    ax : Axes
    values : Series
        Indexed by FIPS code as text ("01001"). Numbers are put into `bins`; anything
        else is a category. Counties left out, or NaN, are grey.
    bins : sequence of float, optional
        Edges of the classes, from low to high; a value on an edge belongs to the class
        above it, the last edge to the last class. Needed for numbers.
    colours : mapping, optional
        Colour of each category or class (by its number); by default Okabe and Ito's
        for categories and cividis for classes, both fit for colour-blind readers.
    missing : str
        What the legend calls the grey counties.
    legend : bool

    Raises
    ------
    Refused
        For codes that no county of the map has, codes twice, numbers without bins,
        values outside the bins, and categories without a colour.

    Notes
    -----
    Counties of one class are drawn as one shape, without the borders between them,
    and points stand on tenths of a dot: a map of all counties stays below 400 KB of
    SVG and has the same bytes on every machine.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> figure, ax = plt.subplots()
    >>> values = pd.Series({"12086": "signed", "01001": "not signed"})
    >>> ax = choropleth(ax, values, missing="other counties")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['not signed', 'signed', 'other counties']
    >>> choropleth(ax, pd.Series({"1001": "signed"}))
    Traceback (most recent call last):
    ...
    analysis_utils.asking.Refused: no county '1001' on the map: a FIPS code is text of \
five digits ('01001')
    """
    checked(values)
    classes, labels = _classes(values.dropna(), bins)
    palette = _palette(labels, colours, numeric=bins is not None)
    _fill(ax, _outline(_edges().land), MISSING)
    for label in labels:
        members = set(classes.index[classes == label])
        _fill(ax, _outline(members), palette[label])
    _draw_state_borders(ax)
    _frame(ax)
    if legend:
        _legend(ax, palette, missing if len(classes) < len(_edges().land) else None)
    return ax


def on_map() -> frozenset[str]:
    """FIPS codes of the counties that the map has: the 50 States and the District.

    >>> len(on_map()), "12086" in on_map(), "66010" in on_map()  # Guam is not
    (3144, True, False)
    """
    return _edges().land


def checked(values: pd.Series) -> None:
    """Refuse an index that is not FIPS codes of counties on the map, each once."""
    land = _edges().land
    unknown = [code for code in values.index if code not in land]
    if unknown:
        raise Refused(_unknown(unknown))
    twice = values.index[values.index.duplicated()]
    if len(twice):
        raise Refused(f"county {twice[0]} stands twice in the values: which is drawn?")


def _unknown(codes: list) -> str:
    """What is wrong with codes that are not on the map, and what to do."""
    more = f" (and {len(codes) - 1} more)" if len(codes) > 1 else ""
    first = f"no county {codes[0]!r} on the map{more}: "
    if codes[0] in set(datasets.counties()["fips"]):
        return first + (
            "the map has the 50 States and the District in the counties of 2023; leave "
            "territories and retired codes out"
        )
    return first + "a FIPS code is text of five digits ('01001')"


def _classes(values: pd.Series, bins: Sequence[float] | None) -> tuple:
    """Class of each county, and the classes in the order of the legend."""
    numeric = pd.api.types.is_numeric_dtype(values) and values.dtype != bool
    if not numeric:
        return values, sorted(values.unique(), key=str)
    if bins is None:
        raise Refused("numbers need `bins`, the edges of the classes: bins=[0, 10, 20]")
    edges = np.asarray(bins, dtype=float)
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise Refused(f"bins go from low to high, not {list(bins)}")
    outside = values[(values < edges[0]) | (values > edges[-1])]
    if len(outside):
        raise Refused(
            f"{len(outside)} values lie outside the bins, county "
            f"{outside.index[0]} with {outside.iloc[0]:g}: widen the bins"
        )
    number = np.clip(np.searchsorted(edges, values, side="right"), 1, len(edges) - 1)
    names = [f"{low:g}–{high:g}" for low, high in zip(edges, edges[1:], strict=False)]
    return pd.Series([names[n - 1] for n in number], values.index), names


def _palette(labels: list, colours: Mapping | None, numeric: bool) -> dict:
    """Colour of each class; raises Refused where there is none."""
    if colours is not None:
        lacking = [label for label in labels if label not in colours]
        if lacking:
            raise Refused(f"no colour for {lacking[0]!r}: add it to `colours`")
        return {label: colours[label] for label in labels}
    if numeric:  # light is little
        steps = np.linspace(0.92, 0.02, len(labels))
        return {k: colormaps["cividis"](s) for k, s in zip(labels, steps, strict=True)}
    if len(labels) > len(CATEGORIES):
        raise Refused(
            f"{len(labels)} categories are more than a reader can tell apart "
            f"({len(CATEGORIES)}): put them together, or name `colours`"
        )
    return dict(zip(labels, CATEGORIES, strict=False))


def outlines() -> dict[str, list[np.ndarray]]:
    """Rings of every county by FIPS code, in the steps of `CANVAS`, y upwards."""
    edges = _edges()
    starts: dict[str, dict] = defaultdict(lambda: defaultdict(list))
    for left, right, points in zip(edges.left, edges.right, edges.points, strict=True):
        for county, line in ((right, points), (left, points[::-1])):
            if county:
                starts[county][tuple(line[0])].append(line)
    found: dict[str, list[np.ndarray]] = {}
    for county in sorted(starts):
        found[county] = []
        while starts[county]:
            found[county].append(_ring(starts[county]))
    return found


class _Edges:
    """Stretches of border as arrays of points, with the counties beside them."""

    def __init__(self, table: pd.DataFrame):
        self.left, self.right = table["left"].to_numpy(), table["right"].to_numpy()
        self.points = [
            np.array(line.split(), dtype=float).reshape(-1, 2)
            for line in table["points"]
        ]
        self.land = frozenset(self.right) | frozenset(self.left) - {""}


@cache
def _edges() -> _Edges:
    return _Edges(datasets.county_shapes())


def _outline(members: set | frozenset) -> Path | None:
    """The outline of a set of counties: borders with a member on one side only.

    Each stretch runs with the members on its right, so that the stretches join head
    to tail into rings, and holes run the other way round.
    """
    edges, starts = _edges(), defaultdict(list)
    for left, right, points in zip(edges.left, edges.right, edges.points, strict=True):
        if (right in members) != (left in members):
            line = points if right in members else points[::-1]
            starts[tuple(line[0])].append(line)
    rings = []
    while starts:
        rings.append(_ring(starts))
    return Path.make_compound_path(*map(_closed, rings)) if rings else None


def _ring(starts: dict[tuple, list]) -> np.ndarray:
    """Take lines off `starts` head to tail until they close."""
    first = next(iter(starts))
    here = first
    parts: list[np.ndarray] = []
    while not parts or here != first:
        waiting = starts[here]
        line = waiting.pop()
        if not waiting:
            del starts[here]
        parts.append(line[1:])
        here = tuple(line[-1])
    return np.concatenate(parts)


def _closed(points: np.ndarray) -> Path:
    return Path(np.vstack([points[-1:], points]), closed=True)


class _Tenths(Transform):
    """Rounds to tenths of a dot: short numbers, and no last bits that differ."""

    input_dims = output_dims = 2

    def transform_non_affine(self, values):
        return np.round(values, 1)


def _fill(ax: Axes, path: Path | None, colour) -> None:
    if path is not None:
        # A thin edge of the same colour hides the seam to the next class
        style = {"facecolor": colour, "edgecolor": colour, "linewidth": 0.15}
        _add(ax, PathPatch(path, joinstyle="round", **style))


def _draw_state_borders(ax: Axes) -> None:
    edges = _edges()
    lines = [
        Path(points)
        for left, right, points in zip(
            edges.left, edges.right, edges.points, strict=True
        )
        if left and left[:2] != right[:2]
    ]
    path = Path.make_compound_path(*lines)
    path.should_simplify = False
    _add(ax, PathPatch(path, fill=False, edgecolor="white", linewidth=0.4))


def _add(ax: Axes, patch: PathPatch) -> None:
    patch.set_transform(ax.transData + _Tenths())
    patch.set_clip_on(False)
    ax.add_artist(patch)


def _frame(ax: Axes) -> None:
    ax.set(xlim=(0, CANVAS[0]), ylim=(0, CANVAS[1]), aspect="equal")
    ax.axis("off")


def _legend(ax: Axes, palette: dict, missing: str | None) -> None:
    named = {**palette, **({missing: MISSING} if missing else {})}
    ax.legend(
        handles=[Patch(color=colour, label=str(k)) for k, colour in named.items()],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=min(len(named), 8),
        handlelength=1.0,
        columnspacing=1.2,
    )

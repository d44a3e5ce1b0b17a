"""County borders ready to draw, and which counties touch: from TopoJSON shapes.

In TopoJSON two counties share the arc between them (Bostock 2012, TopoJSON format
specification), so that borders stay shared when they are simplified, and a county's
neighbours are the other users of its arcs.
"""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

FILE = "county/us-atlas-2023/counties-albers-10m.json"
SCALE = 10  # steps a unit of the published canvas of 975 by 610
TOLERANCE = 0.9  # units; a unit is about 5 km
SMALL = 0.12  # of the side of the smaller county beside an arc: its most tolerance
SPECK = 0.8  # square units: smaller islands are left out where a county has others


def borders(raw: Path, data: Path | None = None) -> pd.DataFrame:
    """One row for each stretch of border: the counties on its sides, and its points.

    left, right: FIPS codes as seen along the points on a canvas whose y goes up;
    blank outside the country. points: x and y in turn, whole numbers.
    """
    topology = _read(raw)
    arcs, sides = _arcs(topology), _sides(topology)
    area = _areas(arcs, topology)
    kept = _without_specks(arcs, sides, area)
    rows = []
    for number in kept:
        left, right = sides[number]
        side = min(area[county] for county in (left, right) if county) ** 0.5
        points = simplified(arcs[number], min(TOLERANCE, SMALL * side))
        rows.append((left, right, " ".join(map(str, _whole(points).ravel()))))
    table = pd.DataFrame(rows, columns=["left", "right", "points"])
    return table.sort_values(["left", "right", "points"], ignore_index=True)


def neighbours(raw: Path, data: Path | None = None) -> pd.DataFrame:
    """Pairs of counties with a common border, in both directions: county, neighbour.

    Counties that touch in a point, or that water parts, are no neighbours.
    """
    sides = _sides(_read(raw)).values()
    pairs = {(a, b) for a, b in sides if a and b and a != b}
    both = sorted(pairs | {(b, a) for a, b in pairs})
    return pd.DataFrame(both, columns=["county", "neighbour"])


def simplified(points: np.ndarray, tolerance: float) -> np.ndarray:
    """Points of a line without those nearer than `tolerance` to the line kept.

    Douglas and Peucker (1973, Cartographica 10(2), 112-122); the ends stay. A closed
    line keeps at least a triangle.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    closed = bool((points[0] == points[-1]).all())
    if closed and len(points) > 3:  # two more corners hold it open
        far = int(_distances(points, 0, len(points) - 1).argmax()) + 1
        keep[far] = True
        rest = [i for i in range(1, len(points) - 1) if i != far]
        span = points[far] - points[0]
        away = points[rest] - points[0]
        off = np.abs(span[0] * away[:, 1] - span[1] * away[:, 0])
        keep[rest[int(np.argmax(off))]] = True
    stack = list(zip(np.flatnonzero(keep)[:-1], np.flatnonzero(keep)[1:], strict=True))
    while stack:
        start, end = stack.pop()
        if end - start < 2:
            continue
        away = _distances(points, start, end)
        if away.max() > tolerance:
            middle = start + 1 + int(away.argmax())
            keep[middle] = True
            stack += [(start, middle), (middle, end)]
    return points[keep]


def _distances(points: np.ndarray, start: int, end: int) -> np.ndarray:
    """Distances of the points between two from the line through them."""
    between = points[start + 1 : end] - points[start]
    chord = points[end] - points[start]
    length = np.hypot(*chord)
    if length == 0:
        return np.hypot(between[:, 0], between[:, 1])
    return np.abs(between[:, 0] * chord[1] - between[:, 1] * chord[0]) / length


def _read(raw: Path) -> dict:
    return json.loads((raw / FILE).read_text(encoding="utf-8"))


def _arcs(topology: dict) -> list[np.ndarray]:
    """Coordinates of each arc, y going up, decoded from quantised differences."""
    scale, move = (np.array(topology["transform"][k]) for k in ("scale", "translate"))
    height = topology["bbox"][3]
    arcs = [np.cumsum(arc, axis=0) * scale + move for arc in topology["arcs"]]
    return [np.column_stack([arc[:, 0], height - arc[:, 1]]) for arc in arcs]


def _rings(topology: dict) -> list[tuple[str, list[int]]]:
    """FIPS code and arcs of each ring of each county, holes included.

    A negative number ~n is arc n backwards.
    """
    rings = []
    for shape in topology["objects"]["counties"]["geometries"]:
        parts = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        rings += [(shape["id"], ring) for ring in chain.from_iterable(parts)]
    return rings


def _sides(topology: dict) -> dict[int, tuple[str, str]]:
    """Counties on the left and on the right of each arc.

    All rings of the file run one way round the land that they bound, holes the other
    way, so that land is always on the same side: on the right, once y goes up.
    """
    sides: dict[int, list[str]] = {}
    for county, ring in _rings(topology):
        for arc in ring:
            number, side = (arc, 1) if arc >= 0 else (~arc, 0)
            sides.setdefault(number, ["", ""])[side] = county
    return {number: (left, right) for number, (left, right) in sides.items()}


def ring_area(points: np.ndarray) -> float:
    """Area inside a closed line; negative where it runs clockwise (y going up)."""
    x, y = points[:, 0], points[:, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def _areas(arcs: list[np.ndarray], topology: dict) -> dict[str, float]:
    """Area of each county, in square units of the canvas."""
    area: dict[str, float] = {}
    for county, ring in _rings(topology):
        parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in ring]
        area[county] = area.get(county, 0.0) - ring_area(np.concatenate(parts))
    return area


def _without_specks(
    arcs: list[np.ndarray], sides: dict[int, tuple[str, str]], area: dict[str, float]
) -> list[int]:
    """Arcs without islands too small to see, unless they are most of their county."""
    kept = []
    for number in sorted(sides):
        points, (left, right) = arcs[number], sides[number]
        island = (points[0] == points[-1]).all() and not (left and right)
        size = abs(ring_area(points)) if island else np.inf
        if size >= min(SPECK, area[left or right] / 2):
            kept.append(number)
    return kept


def _whole(points: np.ndarray) -> np.ndarray:
    """Points in whole steps, without repeats between the ends."""
    whole = np.rint(points * SCALE).astype(int)
    new = np.ones(len(whole), dtype=bool)
    new[1:-1] = (whole[1:-1] != whole[:-2]).any(axis=1)
    return whole[new]

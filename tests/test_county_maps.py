"""County shapes, neighbours and facts; and the maps drawn from them."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import PathPatch

from analysis_utils import datasets, publish
from analysis_utils.asking import Refused
from analysis_utils.collect import county_facts, county_shapes, geography, sources
from analysis_utils.publish import files, maps

DATA, RAW = sources.DATA, sources.raw_folder()
TERRITORIES = ["AS", "GU", "MP", "PR", "VI"]
RETIRED = "02261"
NO_AREA = {"51570", "51610", "51678", "51685"}  # cities too small for the scale


def test_adjacency_is_symmetric_and_without_loops():
    pairs = datasets.county_neighbours()
    there = set(zip(pairs.county, pairs.neighbour, strict=True))
    assert there == {(b, a) for a, b in there} and len(there) == len(pairs)
    assert not any(a == b for a, b in there)


def test_known_neighbours():
    pairs = datasets.county_neighbours()
    beside = pairs.groupby("county").neighbour.agg(set)
    assert beside["12086"] == {"12011", "12021", "12087"}  # Miami-Dade
    assert beside["06075"] == {"06081"}  # San Francisco: the bay parts the others
    assert "25019" not in beside.index  # Nantucket, an island
    # Four states meet in a point: Apache, Arizona, does not touch Montezuma, Colorado
    assert "04001" in beside["49037"] and "04001" not in beside["08083"]


def test_neighbours_across_states_are_neighbouring_states():
    pairs, states = datasets.county_neighbours(), datasets.counties()
    state = states.set_index("fips").state
    across = pd.DataFrame({k: pairs[k].map(state) for k in pairs}).drop_duplicates()
    across = across[across.county != across.neighbour]
    known = datasets.state_neighbours()
    beside = set(zip(known.state, known.neighbour, strict=True))
    assert set(zip(across.county, across.neighbour, strict=True)) <= beside


def test_every_county_of_the_register_is_on_the_map():
    counties = datasets.counties()
    expected = counties[~counties.state.isin(TERRITORIES) & (counties.fips != RETIRED)]
    assert set(expected.fips) == maps.on_map()
    used = set(datasets.agreements().county_fips) - {""}
    elsewhere = counties[counties.fips.isin(used - maps.on_map())]
    assert set(elsewhere.state) <= set(TERRITORIES)


@pytest.mark.long
def test_every_county_closes_and_has_land():
    areas = {}
    for county in maps.on_map():
        path = maps._outline({county})
        rings = path.to_polygons(closed_only=False) if path else []
        areas[county] = -sum(map(county_shapes.ring_area, rings))
    small = {county for county, area in areas.items() if area <= 0}
    assert small <= NO_AREA
    whole = maps._outline(maps.on_map()).to_polygons(closed_only=False)
    total = -sum(map(county_shapes.ring_area, whole))
    assert sum(areas.values()) == pytest.approx(total)  # no gap, no overlap


def test_votes_of_counties_are_those_of_their_states():
    table = datasets.counties().groupby("state")[["votes_2024"]].sum(min_count=1)
    states = datasets.states().set_index("state").votes_total
    both = table.join(states).dropna()
    assert len(both) == 50 and "AK" not in both.index
    assert (both.votes_2024 == both.votes_total).all()


def test_codes_of_house_districts_are_no_boroughs():
    table = datasets.counties()
    alaska = table[table.state == "AK"]
    assert alaska.votes_2024.isna().all() and alaska.population_2019.notna().sum() == 29
    district = table[table.state == "DC"].iloc[0]
    assert district.votes_2024 > 300_000  # all eight wards


@pytest.mark.parametrize("name", ["counties", "county_neighbours", "county_shapes"])
def test_tables_compile_as_committed(name):
    maker, needed = geography.MAKERS[name]
    if not all((RAW / file).exists() for file in needed):
        pytest.skip(f"no {needed} in {RAW}: data/sources.csv says where they are")
    text = maker(RAW, DATA).to_csv(index=False, lineterminator="\n").encode()
    assert text == (DATA / f"{name}.csv").read_bytes()


def test_what_is_not_there_is_named_and_the_rest_compiles(tmp_path, capsys):
    assert geography.tables(tmp_path, DATA) == {}
    said = capsys.readouterr().err
    for file in (county_facts.VOTES, county_facts.CENSUS, county_shapes.FILE):
        assert file in said


def test_simplified_lines_keep_their_ends_and_stay_near():
    steps = np.linspace(0, 3, 400)
    line = np.column_stack([steps, np.sin(steps * 4)])
    kept = county_shapes.simplified(line, 0.05)
    assert 5 < len(kept) < 60 and (kept[[0, -1]] == line[[0, -1]]).all()
    back = np.interp(line[:, 0], kept[:, 0], kept[:, 1])
    assert np.abs(back - line[:, 1]).max() < 0.25
    ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
    assert len(county_shapes.simplified(ring, 100.0)) == 4  # a triangle at least


@pytest.fixture
def ax():
    figure, ax = publish.new_figure(height=4.6)
    yield ax
    plt.close(figure)


@pytest.mark.parametrize(
    ("values", "choice", "why"),
    [
        ({"99999": "a"}, {}, "no county '99999' on the map: a FIPS code is text"),
        ({1001: "a", 1003: "a"}, {}, r"no county 1001 on the map \(and 1 more\)"),
        ({"72001": "a"}, {}, "leave territories and retired codes out"),
        ({"01001": 5.0}, {}, "numbers need `bins`"),
        ({"01001": 5.0}, {"bins": [0, 0]}, "from low to high"),
        ({"01001": 5.0}, {"bins": [0, 1]}, "1 values lie outside .* 01001 with 5"),
        ({"01001": "a"}, {"colours": {"b": "red"}}, "no colour for 'a'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(ax, values, choice, why):
    with pytest.raises(Refused, match=why):
        maps.choropleth(ax, pd.Series(values), **choice)


def test_a_county_twice_is_refused(ax):
    with pytest.raises(Refused, match="01001 stands twice"):
        maps.choropleth(ax, pd.Series(["a", "b"], index=["01001", "01001"]))


def worst_case(turn=1):
    """Every county of another class than its neighbours, as far as chance will."""
    codes = sorted(maps.on_map())
    drawn = np.random.default_rng(287).integers(0, 6, len(codes)).astype(str)
    return pd.Series(drawn, index=codes)[::turn]


def drawn(values):
    figure, ax = publish.new_figure(height=4.6)
    maps.choropleth(ax, values)
    text = files._svg(figure, "map", "a map")
    plt.close(figure)
    return text


def test_a_map_is_small_and_the_same_bytes_in_any_order():
    picture = drawn(worst_case())
    assert len(picture) < 400_000
    assert picture == drawn(worst_case(-1)) == drawn(worst_case())
    shapes = "".join(re.findall(r'<g id="patch_.*?</g>', picture, flags=re.S))
    numbers = re.findall(r"^L ([\d.]+) ([\d.]+)$", shapes, flags=re.M)
    assert len(numbers) > 10_000
    short = [len(n.partition(".")[2]) <= 1 for pair in numbers for n in pair]
    assert np.mean(short) > 0.999  # but for the legend's keys


def test_classes_fill_the_land_once(ax):
    values = worst_case()
    maps.choropleth(ax, values)
    filled = [p for p in ax.get_children() if isinstance(p, PathPatch) and p.get_fill()]
    land, *classes = (
        -sum(map(county_shapes.ring_area, p.get_path().to_polygons(closed_only=False)))
        for p in filled
    )
    assert len(classes) == 6 and sum(classes) == pytest.approx(land)


def test_values_on_the_edges_of_classes(ax):
    values = pd.Series([0.0, 10.0, 20.0], index=["01001", "01003", "01005"])
    classes, labels = maps._classes(values, [0, 10, 20])
    assert classes.tolist() == ["0–10", "10–20", "10–20"] and len(labels) == 2


def test_grey_counties_are_named_only_where_there_are_any(ax):
    maps.choropleth(ax, worst_case(), missing="nothing known")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "nothing known" not in texts and len(texts) == 6
    maps.choropleth(ax, pd.Series({"01001": np.nan, "01003": "a"}), missing="grey")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["a", "grey"]

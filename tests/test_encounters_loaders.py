"""The loaders of geography, events and encounters."""

import pandas as pd
import pytest

from analysis_utils import datasets

LOADERS = [
    datasets.states, datasets.state_neighbours, datasets.counties,
    datasets.policy_events, datasets.encounters, datasets.encounter_series,
    datasets.encounter_overlaps, datasets.published_figures, datasets.program_counts,
    datasets.sources, datasets.encounter_bounds, datasets.series_breaks,
]  # fmt: skip


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_each_table_loads_and_is_valid(loader):
    assert len(loader()) > 0


def test_types_are_those_of_the_dictionary():
    states, events = datasets.states(), datasets.policy_events()
    assert states.fips.str.len().eq(2).all() and states.population.isna().sum() == 4
    assert pd.api.types.is_datetime64_any_dtype(events.date)
    assert datasets.counties().fips.iloc[0] == "01001"


def test_encounters_are_chosen_by_series_level_and_geography():
    texas = datasets.encounters("cbp_encounters", "state", "TX")
    assert len(texas) == 74 and texas.date.is_monotonic_increasing
    program = datasets.encounters("ice_arrests_287g", "nation")
    assert program.value.sum() == 3_149 + 7_164 + 10_338 + 8_361


def test_an_unknown_series_or_geography_is_named():
    with pytest.raises(datasets.Refused, match="no series 'cbp'; there are cbp_enc"):
        datasets.encounters("cbp")
    with pytest.raises(datasets.Refused, match="no geography 'AR'"):
        datasets.encounters("cbp_encounters", geography="AR")


def test_every_series_of_encounters_is_described():
    described = datasets.encounter_series().set_index(["series", "level"])
    counted = datasets.encounters().groupby(["series", "level"]).date
    assert counted.min().equals(described["first"].sort_index().rename("date"))
    assert counted.max().equals(described["last"].sort_index().rename("date"))

"""The study's runs beside the registry: a value that is specified stands once."""

import re
from collections.abc import Mapping

from analysis_utils.asking import nearest
from analysis_utils.hypotheses import Hypothesis, Specification

LABEL = re.compile(r"\d\d_\w+/[\w.-]+")


def contradictions(
    hypotheses: Mapping[str, Hypothesis], runs: Mapping[str, Mapping[str, object]]
) -> list[str]:
    """Where runs and registry contradict each other, a line each.

    Parameters
    ----------
    runs : mapping
        Typed parameters of each run of the study by its label (`notebook/run`).

    A parameter that has the name of a specified value must have that value. A
    hypothesis whose notebook is not written yet is no fault: it is "not computed yet".
    """
    found = []
    notebooks = {label.split("/")[0] for label in runs}
    for key, one in hypotheses.items():
        if one.run in runs:
            found += departures(one, runs[one.run])
        elif one.run.split("/")[0] in notebooks or not LABEL.fullmatch(one.run):
            near = nearest(one.run, tuple(runs))
            found.append(f"hypotheses.yaml: {key}: there is no run {one.run}{near}")
    return found


def departures(one: Hypothesis, parameters: Mapping[str, object]) -> list[str]:
    """Parameters of the hypothesis's own run that differ from what it specifies."""
    fixed = one.specification.fixed
    given = {  # "none": the hypothesis has no such choice, its notebook may
        name: value
        for name, value in parameters.items()
        if fixed.get(name, "none") != "none"
    }
    return [
        f"{one.run} records {one.id} under other values: {words}"
        for words in Specification(one.id, fixed, given).departures
    ]

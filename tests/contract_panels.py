"""Lines of the contract: several tests at once, panels, event studies."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from methods_contract import (
    NOT_A_COUNT,
    NOT_NUMBERS,
    Line,
    Same,
)
from scipy import stats

NOT_PVALUES = NOT_NUMBERS | st.lists(
    st.floats().filter(lambda p: not 0 <= p <= 1), min_size=1, max_size=4
)


def _pvalues(rng):
    return {"pvalues": pd.Series(rng.random(8), list("abcdefgh"))}


def _reordered(name):
    """The tests in another order: each keeps its value."""
    return Same(
        "the tests in another order",
        lambda a, rng: a | {name: a[name].iloc[::-1]},
        lambda found, _: found[::-1],
    )


def _statistics(rng):
    return {
        "statistics": pd.Series(rng.normal(0, 2, 4), list("abcd")),
        "null_draws": rng.standard_normal((199, 4)),
    }


def _regressions(rng):
    law = np.repeat([0.0, 1.0], 20)
    return {
        "outcomes": pd.DataFrame(rng.standard_normal((40, 3)), columns=list("abc")),
        "design": pd.DataFrame({"one": 1.0, "law": law}),
        "coefficient": "law",
        "length": 4,
        "draws": 49,
    }


LINES = [
    Line(
        "multiplicity.holm",
        _pvalues,
        same=[_reordered("pvalues")],
        bad={"pvalues": NOT_PVALUES},
    ),
    Line(
        "multiplicity.benjamini_hochberg",
        _pvalues,
        same=[_reordered("pvalues")],
        peer=lambda pvalues: stats.false_discovery_control(pvalues),
        bad={"pvalues": NOT_PVALUES},
    ),
    Line(
        "multiplicity.romano_wolf",
        _statistics,
        same=[
            Same(
                "the tests in another order",
                lambda a, rng: {
                    "statistics": a["statistics"].iloc[::-1],
                    "null_draws": a["null_draws"][:, ::-1],
                },
                lambda found, _: found[::-1],
            ),
            Same(
                "signs of the statistics",
                lambda a, rng: a | {"statistics": -a["statistics"]},
            ),
        ],
        bad={
            "statistics": NOT_NUMBERS,
            "null_draws": NOT_NUMBERS | st.just(np.ones((5, 3))),
        },
    ),
    Line(
        "multiplicity.romano_wolf_regressions",
        _regressions,
        lambda found: found[["estimate", "t", "romano_wolf"]],
        same=[
            Same(
                "outcomes shifted",
                lambda a, rng: a | {"outcomes": a["outcomes"] + 1e3},
            ),
        ],
        bad={
            "outcomes": NOT_NUMBERS,
            "length": NOT_A_COUNT | st.integers(41) | st.just(0),
            "draws": NOT_A_COUNT | st.just(0),
            "maxlags": NOT_A_COUNT.filter(lambda value: value is not None)
            | st.integers(40),
        },
    ),
]

"""Lines of the contract: the checks of arguments themselves."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from methods_contract import (
    NOT_A_COLUMN,
    NOT_A_COUNT,
    NOT_A_FLAG,
    NOT_A_SHARE,
    NOT_A_TABLE,
    Line,
    no_choice,
)

NOTHING = {"numbers": lambda result: []}

LINES = [
    Line(
        "arguments.one_of",
        lambda rng: {"value": "a", "allowed": ["a", "b"], "what": "letter"},
        bad={"value": no_choice(["a", "b"])},
        **NOTHING,
    ),
    Line(
        "arguments.whole",
        lambda rng: {"value": np.int64(rng.integers(9)), "what": "lags"},
        bad={"value": NOT_A_COUNT, "most": st.just(-1)},
    ),
    Line(
        "arguments.share",
        lambda rng: {"value": rng.uniform(0.01, 0.99), "what": "level"},
        bad={"value": NOT_A_SHARE},
    ),
    Line(
        "arguments.number",
        lambda rng: {"value": rng.normal(), "what": "effect"},
        bad={"value": st.sampled_from([None, "1", np.nan, np.inf, [1.0], True])},
    ),
    Line(
        "arguments.flag",
        lambda rng: {"value": True, "what": "difference"},
        bad={"value": NOT_A_FLAG},
    ),
    Line(
        "arguments.frame",
        lambda rng: {"value": pd.DataFrame({"x": [1.0]}), "what": "data"},
        bad={
            "value": NOT_A_TABLE | st.just(pd.DataFrame([[1, 2]], columns=["x", "x"]))
        },
    ),
    Line(
        "arguments.names_of",
        lambda rng: {"value": ["a", "b"], "what": "controls"},
        lambda found: [float(len(found))],
        bad={"value": st.sampled_from([None, 1, 2.5, len])},
    ),
    Line(
        "arguments.columns",
        lambda rng: {"data": pd.DataFrame({"x": [1.0]}), "names": ["x"]},
        bad={"names": NOT_A_COLUMN.filter(lambda v: v != ["x"]).map(lambda v: [v])},
        **NOTHING,
    ),
]

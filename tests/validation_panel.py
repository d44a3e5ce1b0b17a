"""Published regressions with fixed effects."""

import pandas as pd
from statsmodels.datasets import grunfeld
from validation import case

from analysis_utils.methods.panel import panel_association

BALTAGI = (
    "Baltagi, Econometric Analysis of Panel Data, table 2.1; Croissant and "
    "Millo 2008, J. Stat. Softw. 27(2) (recalled)"
)


def _investment(**options):
    data = grunfeld.load_pandas().data
    return panel_association(
        data[data["firm"] != "American Steel"],
        "invest",
        ["value", "capital"],
        unit="firm",
        time="year",
        **options,
    )


@case("Grunfeld investment, fixed effects", BALTAGI)
def grunfeld_effects():
    printed = {
        "unit": (".1101", ".0119", ".3101", ".0174"),
        "two-way": (".1177", ".0138", ".3579", ".0227"),
    }
    for effects, values in printed.items():
        result = _investment(effects=effects, errors="independent")
        ours = (
            result.params["value"],
            result.bse["value"],
            result.params["capital"],
            result.bse["capital"],
        )
        names = ("value", "value, std err", "capital", "capital, std err")
        for name, text, number in zip(names, values, ours, strict=True):
            yield f"{effects}: {name}", text, number


@case(
    "Minimum wage, two-way fixed effects (the trap)",
    "refit in R, quoted beside Callaway and Sant'Anna 2021",
    "mpdta_did/mpdta.csv",
)
def minimum_wage_two_way(path):
    data = pd.read_csv(path)
    data["treated"] = (
        (data["first.treat"] > 0) & (data["year"] >= data["first.treat"])
    ).astype(float)
    result = panel_association(
        data, "lemp", "treated", unit="countyreal", time="year", errors="CRV1"
    )
    yield "coefficient", "-.03655", result.params["treated"]
    yield "std err, clustered", ".0133", result.bse["treated"]

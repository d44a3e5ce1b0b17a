"""Published event studies for staggered adoption."""

from functools import cache

import pandas as pd
from validation import case

from analysis_utils.methods.event_study.estimation import group_time_effects

DATA = "mpdta_did/mpdta.csv"
DID = "Callaway and Sant'Anna 2021; README of the R package did"
VIGNETTE = "vignette of the R package did, 'Getting started' (recalled)"
COLUMNS = {
    "outcome": "lemp",
    "unit": "countyreal",
    "time": "year",
    "cohort": "first.treat",
}


@cache
def minimum_wage(path, **options):
    """Teen employment and minimum wages, 500 counties, 2003-2007."""
    return group_time_effects(pd.read_csv(path), **COLUMNS, **options)


@case("Minimum wage, ATT(g,t)", DID, DATA)
def group_time(path):
    effects = minimum_wage(path)
    printed = (
        "-.0105 -.0704 -.1373 -.1008 .0065 -.0028 -.0046 -.0412 "
        ".0305 -.0027 -.0311 -.0261"
    ).split()
    for (group, time), value in zip(effects.params.index, printed, strict=True):
        yield f"ATT({group},{time})", value, effects.params[group, time]
    yield "p of the pre-trend test", "0.16812", effects.pre_trend_test()["p"]


@case("Minimum wage, analytic errors", "documentation of diff-diff 3.13", DATA)
def analytic_errors(path):
    effects = minimum_wage(path)
    printed = (
        ".0233 .0310 .0364 .0344 .0233 .0196 .0178 .0202 .0150 .0164 .0179 .0167"
    ).split()
    for (group, time), value in zip(effects.bse.index, printed, strict=True):
        yield f"standard error ({group},{time})", value, effects.bse[group, time]
    interval = effects.conf_int().loc[(2004, 2006)]
    yield "lower limit (2004,2006)", "-0.2087", interval["lower"]
    yield "upper limit (2004,2006)", "-0.0658", interval["upper"]


@case("Minimum wage, aggregated", DID, DATA)
def aggregated(path):
    dynamic = minimum_wage(path).aggregate("dynamic")
    for event, value in enumerate(("-.0199", "-.0510", "-.1373", "-.1008")):
        yield f"event time {event}", value, dynamic.params[event]
    yield "dynamic, overall", "-.0772", dynamic.overall.params.iloc[0]
    group = minimum_wage(path).aggregate("group").overall
    yield "group, overall", "-.0310", group.params.iloc[0]


@case(
    "Minimum wage, bootstrap errors of did",
    DID + " (drawn: 20 % apart allowed)",
    DATA,
    units=44,
)
def bootstrap_errors(path):
    dynamic = minimum_wage(path).aggregate("dynamic").overall
    group = minimum_wage(path).aggregate("group").overall
    yield "dynamic, overall", ".0219", dynamic.bootstrap_bse().iloc[0]
    yield "group, overall", ".0126", group.bootstrap_bse().iloc[0]


@case("Minimum wage, doubly robust with population", VIGNETTE, DATA)
def with_covariate(path):
    effects = minimum_wage(path, covariates=("lpop",))
    printed = (
        "-.0145 -.0764 -.1404 -.1069 -.0005 -.0062 .0010 -.0413 "
        ".0267 -.0046 -.0284 -.0288"
    ).split()
    for (group, time), value in zip(effects.params.index, printed, strict=True):
        yield f"ATT({group},{time})", value, effects.params[group, time]
    yield "p of the pre-trend test", "0.23267", effects.pre_trend_test()["p"]


@case(
    "Tobacco programme of California, synthetic control on past outcomes",
    "Arkhangelsky et al. 2021, AER 111:4088, table 1 (recalled; theirs is slightly "
    "regularised: 0.1 apart allowed)",
    "linden2015_prop99/california_prop99.csv",
    units=1,
)
def tobacco(path):
    """As notebook 20 calls the library."""
    from diff_diff import SyntheticControl

    table = pd.read_csv(path).melt("Year", var_name="state", value_name="packs")
    law = (table["state"] == "California") & (table["Year"] >= 1989)
    classic = SyntheticControl(seed=0).fit(
        table.assign(law=law.astype(int)), "packs", "law", "state", "Year"
    )
    yield "average effect 1989-2000", "-19.6", classic.att

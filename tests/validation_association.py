"""Published associations between time series."""

import pandas as pd
from validation import case

from analysis_utils.methods.association import associate
from analysis_utils.methods.association.innovations import fit_autoregression


def _gas_furnace(path):
    data = pd.read_csv(path)
    return data.iloc[:, -2].rename("gas"), data.iloc[:, -1].rename("CO2")


@case(
    "Gas furnace, filter of the input",
    "Box and Jenkins 1976, Series J, ch. 11",
    "gas_furnace/gas_furnace_seriesJ.csv",
)
def gas_furnace_filter(path):
    gas, _ = _gas_furnace(path)
    model = fit_autoregression(gas.to_numpy(), order=3)
    for lag, printed in enumerate(("1.97", "-1.37", ".34"), start=1):
        yield f"AR coefficient {lag}", printed, model.coefficients[lag - 1]
    variance = model.sigma2 * (len(gas) - 3) / len(gas)
    yield "residual sum of squares / n", ".0353", variance
    yield "mean of the input (SAS/ETS)", "-.05683", gas.mean()


@case(
    "Gas furnace, prewhitened cross-correlation",
    "Box and Jenkins 1976, Series J, ch. 11 (recalled)",
    "gas_furnace/gas_furnace_seriesJ.csv",
)
def gas_furnace_correlation(path):
    result = associate(
        *_gas_furnace(path),
        whitening="x",
        order=3,
        trend=False,
        steps=0,
        regimes=0,
        max_lag=10,
        n_resamples=99,
    )
    printed = ".00 .05 -.03 -.28 -.33 -.46 -.27 -.17 -.03 .03 -.05".split()
    for lag, value in enumerate(printed):
        yield f"r at lag {lag}", value, result.params[lag]

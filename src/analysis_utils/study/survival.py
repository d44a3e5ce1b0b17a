"""How long agreements stay listed: rates of ending, survival curves by model."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from matplotlib.axes import Axes
from scipy.stats import binomtest, norm
from statsmodels.duration.survfunc import SurvfuncRight

from analysis_utils import datasets, publish, series
from analysis_utils.publish.style import COLOURS, MODEL_NAMES
from analysis_utils.study import findings
from analysis_utils.study.findings import Finding

YEAR = 365.25
ENDS = ("middle", "last_listed", "gone_by")


def lives(as_of: str | None = None, end: str = "middle") -> pd.DataFrame:
    """One row an agreement: model, state, entry and exit days, ended, ages in years.

    An agreement is at risk from its first listing. It ended some day between two
    lists: `end` takes the middle, or either limit. Age counts from the signing date,
    so that agreements signed before the first list enter late (left truncation).
    """
    if end not in ENDS:
        raise ValueError(f"end is {', '.join(ENDS)}, not {end!r}")
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
        return Finding(note="no agreement of these models had ended on this day")
    test = binomtest(int(ends[model]), int(ends.sum()), years[model] / years.sum())
    limits = test.proportion_ci(method="exact")
    low, high = (_odds(share) * years[against] / years[model] for share in limits)
    estimate = _odds(ends[model] / ends.sum()) * years[against] / years[model]
    return Finding(
        float(estimate),
        (float(low), float(high)),
        float(test.pvalue),
        int(found["agreements"].sum()),
    )


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else np.inf


def adjusted(table: pd.DataFrame) -> Finding:
    """The ratio from a Poisson regression with an effect for each calendar year.

    Not testable unless both models have ends.
    """
    cells = by_year(table).query("model != 'TFM'").reset_index()
    cells = cells[cells.groupby("year")["ends"].transform("sum") > 0]
    ends = cells.groupby("model")["ends"].sum()
    if (ends > 0).sum() < 2:
        return Finding(note="one of the models has no end on this day")
    design = pd.get_dummies(cells["year"], dtype=float)
    design["WSO"] = (cells["model"] == "WSO").astype(float)
    fit = sm.GLM(
        cells["ends"],
        design,
        family=sm.families.Poisson(),
        offset=np.log(cells["years"]),
    ).fit()
    b, se = fit.params["WSO"], fit.bse["WSO"]
    ratio, low, high = np.exp(b + norm.isf(0.025) * se * np.array([0, -1, 1])).tolist()
    return Finding(ratio, (low, high), float(fit.pvalues["WSO"]), int(ends.sum()))


def by_year(table: pd.DataFrame) -> pd.DataFrame:
    """Ends and agreement-years by model and calendar year."""
    parts = []
    for year in range(table["entry"].dt.year.min(), table["exit"].dt.year.max() + 1):
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)
        span = table["exit"].clip(upper=last) - table["entry"].clip(lower=first)
        ends = table["ended"] & (table["exit"] >= first) & (table["exit"] < last)
        part = pd.DataFrame(
            {
                "model": table["model"],
                "year": year,
                "ends": ends.astype(int),
                "years": span.dt.days.clip(lower=0) / YEAR,
            }
        )
        parts.append(part.groupby(["model", "year"]).sum())
    found = pd.concat(parts)
    return found[found["years"] > 0].sort_index()


def variants(table: pd.DataFrame, as_of: str | None = None) -> pd.DataFrame:
    """The ratio under other ends, without switches, brief listings, banning states."""
    banning = datasets.bans()["state"].unique()
    switched = table["removal"] == "model switched"
    brief = table["ended"] & ((table["exit"] - table["entry"]).dt.days <= 10)
    parts = {
        "as registered": table,
        "ended on the last list with it": lives(as_of, "last_listed"),
        "ended on the first list without it": lives(as_of, "gone_by"),
        "switch of model is no end": table.assign(ended=table["ended"] & ~switched),
        "without listings of ten days or fewer": table[~brief],
        "without states that banned agreements": table[~table["state"].isin(banning)],
        "before 20 January 2025": until(table, "2025-01-20"),
        "since 20 January 2025": since(table, "2025-01-20"),
    }
    found = {name: rate_ratio(part) for name, part in parts.items()}
    found["given the calendar year"] = adjusted(table)
    return findings.table(found, "agreements")


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
        ax.step(curve["years"], curve["share"], where="post", color=colour)
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
    ax.set(xlabel="Years since signing", ylabel="Share still listed")
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

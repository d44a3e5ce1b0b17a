"""The engine against loops that do the same: `engine.py FILE.md` (a minute).

Everything runs side by side in one process; ratios, not seconds, carry over to other
machines. A loop that would take minutes is timed over fewer fits and scaled up: the
column "fits timed" says over how many.
"""

import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from adoption import permute_adoption
from threadpoolctl import threadpool_limits

from analysis_utils.methods.resampling.ar1 import fit_ar1_reml
from analysis_utils.methods.resampling.counts import fit_counts
from analysis_utils.methods.resampling.linear import LinearEngine

N, LAGS, EVENT = 120, 6, 60
HAC = {"cov_type": "HAC", "cov_kwds": {"maxlags": LAGS}}
NAMES = ["const", "time", "level", "slope", "sin1", "cos1", "sin2", "cos2"]
OTHERS = {"causalpy": "CausalPy", "specification_curve": "specification_curve"}


@dataclass(frozen=True)
class Task:
    """A job of the engine, and peers: name -> (fits timed, function of that number)."""

    name: str
    fits: int
    engine: Callable[[], object]
    peers: dict[str, tuple[int, Callable[[int], object]]]


def design() -> pd.DataFrame:
    """Intercept, trend, level and slope change, two pairs of harmonics."""
    t = np.arange(N)
    waves = [f(2 * np.pi * h * t / 12) for h in (1, 2) for f in (np.sin, np.cos)]
    columns = [np.ones(N), t, t >= EVENT, np.maximum(t - EVENT, 0), *waves]
    return pd.DataFrame(np.column_stack(columns).astype(float), columns=NAMES)


def outcomes(draws: int) -> np.ndarray:
    """Autocorrelated noise around a level (n, draws)."""
    noise = np.random.default_rng(1).standard_normal((N, draws))
    return 50 + pd.DataFrame(noise).ewm(alpha=0.6).mean().to_numpy()


def counts(draws: int) -> np.ndarray:
    """Overdispersed counts (n, draws)."""
    return np.random.default_rng(2).negative_binomial(5, 0.2, (N, draws))


def seconds(function: Callable[[], object], repeats: int = 1) -> float:
    """CPU seconds, best of some repetitions: other work counts less."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def tasks() -> list[Task]:
    x, y, c = design(), outcomes(1000), counts(1000)
    array, engine = x.to_numpy(), LinearEngine(x)
    return [
        Task(
            "OLS + Newey-West, one coefficient",
            1000,
            lambda: engine.fit(y, ["level"], maxlags=LAGS),
            {
                "statsmodels, arrays": (1000, lambda m: loop_ols(y, array, m)),
                "statsmodels, formula": (40, lambda m: loop_formula(y, x, m)),
                "pyfixest": (40, lambda m: loop_pyfixest(y, x, m)),
            },
        ),
        Task(
            "OLS + Newey-West, all 8 coefficients",
            1000,
            lambda: engine.fit(y, maxlags=LAGS),
            {"statsmodels, arrays": (1000, lambda m: loop_ols(y, array, m))},
        ),
        Task(
            "quasi-Poisson",
            1000,
            lambda: fit_counts(c, x),
            {
                "statsmodels, arrays": (
                    200,
                    lambda m: loop_glm(c, array, m, sm.families.Poisson(), scale="X2"),
                )
            },
        ),
        Task(
            "negative binomial, alpha fixed",
            1000,
            lambda: fit_counts(c, x, family="negativebinomial", alpha=0.2),
            {
                "statsmodels, arrays": (
                    200,
                    lambda m: loop_glm(
                        c, array, m, sm.families.NegativeBinomial(alpha=0.2)
                    ),
                )
            },
        ),
        Task(
            "AR(1) errors (ours REML, theirs Cochrane-Orcutt)",
            1000,
            lambda: fit_ar1_reml(y, x),
            {
                "statsmodels, GLSAR": (
                    200,
                    lambda m: [
                        sm.GLSAR(y[:, i], array, rho=1).iterative_fit(8).bse
                        for i in range(m)
                    ],
                )
            },
        ),
        adoption_task(),
    ]


def adoption_task() -> Task:
    """Staggered adoption exchanged between 50 units in 24 periods."""
    rng = np.random.default_rng(3)
    y = rng.standard_normal((50, 24))
    treated = (np.arange(24) >= rng.choice([8, 14, 99], 50)[:, None]).astype(float)
    long = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(50), 24),
            "time": np.tile(np.arange(24), 50),
            "y": y.ravel(),
        }
    )

    def loop(m: int) -> list:
        return [
            pyfixest.feols(
                "y ~ d | unit + time",
                long.assign(d=treated[rng.permutation(50)].ravel()),
                vcov="iid",
            ).coef()
            for _ in range(m)
        ]

    return Task(
        "adoption permuted, two-way fixed effects",
        100_000,
        lambda: permute_adoption(y, treated, draws=100_000),
        {"pyfixest": (20, loop)},
    )


def loop_ols(y: np.ndarray, x: np.ndarray, m: int) -> list:
    return [sm.OLS(y[:, i], x).fit(**HAC).bse for i in range(m)]


def loop_formula(y: np.ndarray, x: pd.DataFrame, m: int) -> list:
    formula = "y ~ " + " + ".join(NAMES[1:])
    return [smf.ols(formula, x.assign(y=y[:, i])).fit(**HAC).bse for i in range(m)]


def loop_pyfixest(y: np.ndarray, x: pd.DataFrame, m: int) -> list:
    formula = "y ~ " + " + ".join(NAMES[1:])
    options = {"time_id": "t", "lag": LAGS}
    return [
        pyfixest.feols(
            formula, x.assign(y=y[:, i], t=np.arange(N)), vcov="NW", vcov_kwargs=options
        ).se()
        for i in range(m)
    ]


def loop_glm(y: np.ndarray, x: np.ndarray, m: int, family: object, **fit) -> list:
    return [sm.GLM(y[:, i], x, family=family).fit(**fit).bse for i in range(m)]


def agreement() -> str:
    """The largest relative difference from statsmodels over 200 fits."""
    x, y, c = design(), outcomes(200), counts(200)
    ours, gap = LinearEngine(x).fit(y, maxlags=LAGS), []
    for i in range(200):
        peer = sm.OLS(y[:, i], x.to_numpy()).fit(**HAC)
        gap += [
            np.abs(ours.params[:, i] - peer.params) / peer.bse,
            np.abs(ours.bse[:, i] / peer.bse - 1),
        ]
    ours, gap_counts = fit_counts(c, x), []
    for i in range(200):
        peer = sm.GLM(c[:, i], x.to_numpy(), family=sm.families.Poisson()).fit(
            scale="X2", tol=1e-13, tol_criterion="params"
        )
        gap_counts += [
            np.abs(ours.params[:, i] - peer.params) / peer.bse,
            np.abs(ours.bse[:, i] / peer.bse - 1),
        ]
    return (
        f"Agreement with statsmodels over 200 fits, largest difference relative to "
        f"the standard error: OLS + Newey-West {np.max(gap):.0e}, quasi-Poisson "
        f"{np.max(gap_counts):.0e}."
    )


def comparison() -> pd.DataFrame:
    """One row for each task and peer."""
    rows = []
    for task in tasks():
        task.engine()
        engine = seconds(task.engine, 20)
        for peer, (timed, loop) in task.peers.items():
            loop(2)
            loop_seconds = seconds(lambda m=timed, f=loop: f(m)) * task.fits / timed
            rows.append(
                {
                    "task": task.name,
                    "fits": f"{task.fits:,}",
                    "engine, s": f"{engine:.4f}",
                    "peer": peer,
                    "peer, s": f"{loop_seconds:.2f}",
                    "fits timed": f"{timed:,}",
                    "ratio": f"{loop_seconds / engine:,.0f}",
                }
            )
    return pd.DataFrame(rows)


def growth() -> pd.DataFrame:
    """Seconds and memory of the engine as the number of refits grows."""
    engine, rows = LinearEngine(design()), []
    for draws in (1000, 10_000, 100_000):
        y = outcomes(draws)
        elapsed = seconds(lambda y=y: engine.fit(y, ["level"], maxlags=LAGS), 5)
        tracemalloc.start()
        engine.fit(y, ["level"], maxlags=LAGS)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        rows.append(
            {
                "refits": f"{draws:,}",
                "seconds": f"{elapsed:.4f}",
                "microseconds a refit": f"{elapsed / draws * 1e6:.2f}",
                "outcomes, MB": f"{y.nbytes / 1e6:.0f}",
                "beyond them, MB": f"{peak / 1e6:.1f}",
            }
        )
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    lines = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def report() -> str:
    absent = [label for module, label in OTHERS.items() if find_spec(module) is None]
    present = [label for module, label in OTHERS.items() if find_spec(module)]
    said = "".join(
        f"\n{label}: not installed (no dependency of this project), so not measured."
        for label in absent
    )
    said += "".join(
        f"\n{label}: installed, but it has no call that refits the same "
        "model by Newey-West errors; not measured."
        for label in present
    )
    return (
        f"# Speed of the batched engine\n\nMade by `make bench`: n = {N}, 8 "
        f"coefficients, {LAGS} lags, one BLAS thread for all; CPU "
        "seconds, best of 20 for the engine.\nThe ratio is the peer's over the "
        "engine's.\n\n"
        f"{markdown(comparison())}\n{said}\n\n{agreement()}\n\n"
        f"## Growth\n\n{markdown(growth())}\n"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        text = report()
    print(text)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text, encoding="utf-8")

"""Made-up series for the tests of interrupted time series."""

import numpy as np
import pandas as pd

from analysis_utils.methods.its import Intervention

EVENT = "2022-01"


def gaussian(n=48, rho=0.0, level=0.0, slope=0.0, seed=1, start="2020-01"):
    """Return a monthly series with a trend, and a change at its 25th month."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(n)
    for t in range(1, n):
        noise[t] = rho * noise[t - 1] + np.sqrt(1 - rho**2) * noise[t]
    since = np.clip(np.arange(n) - 24, 0, None)
    mean = 10 + 0.1 * np.arange(n) + level * (np.arange(n) >= 24) + slope * since
    return pd.Series(
        mean + noise, pd.period_range(start, periods=n, freq="M"), name="y"
    )


def counts(n=48, ratio=1.0, mean=40.0, dispersion=3.0, seed=2):
    """Return a monthly series of counts with a rate ratio from its 25th month on."""
    rng = np.random.default_rng(seed)
    mu = mean * np.where(np.arange(n) >= 24, ratio, 1.0)
    rates = rng.gamma(mu / (dispersion - 1), dispersion - 1)
    months = pd.period_range("2020-01", periods=n, freq="M")
    return pd.Series(rng.poisson(rates).astype(float), months, name="cases")


def event(**options):
    """Return the event of the made-up series."""
    return Intervention("law", EVENT, **options)

"""The page of error rates, from the tables beside it: `calibration_page.py FILE.md`."""

import sys
from pathlib import Path

import pandas as pd

HEAD = """# Error rates, measured by simulation

Made by `make calibrate` from the tables named below, which it makes too. On one core of
a small server associations take 5 minutes, panels 6, breaks 6; interrupted time series
about 30, half of them for shapes. Draws are numbered: another run gives the same.

A nominal 5% test that holds its size stands near .05; a 95% interval that holds covers
near .95. **Bold** cells miss by more than two Monte Carlo standard errors. Numbers of
interrupted time series are in `calibration_its.csv` and, for shapes that this field
has (bursts, few states, zeros before), on [a page of their own](calibration_shapes.md).
"""

ASSOCIATION = """## Association of two series that have none

`associate`, n periods, {draws} pairs each (Monte Carlo standard error .015 at .05):
share with p of 5% or less at lag 0, and for the largest correlation of the lags -6
to 6. "–": refused for most pairs, because what moves is too short for that many lags. A
season that both share needs `period`; weekly counts of which single weeks stand far
above the rest ("batch days") reject too often at many lags and 120 periods, because
such innovations are not symmetric: look at the weeks that carry the correlation.
Table: `calibration_association.csv`, with the share refused.
"""

OTHERS = """Other methods, and prewhitening without its parts, at n = 60, lag 0, {draws}
pairs (standard error .028 at .05). They are offered for comparison with the literature.
"""

INTERVALS = """## Association of two series that have one

The 95% interval at lag 0: share that covers the true correlation, and share of pairs
in which it is found (power; size where r is 0). {draws} pairs, standard error .02 at
.95 and at most .05 for power. Table: `calibration_association_intervals.csv`.
"""

PANELS = """## Panels

No effect is simulated. A law in some states of {periods} months with AR(.6) errors
(event studies: 10 periods): coverage of the 95% interval among samples for which one
is given, and the share for which it is; of Driscoll and Kraay's errors as if it were
always given: for a regressor that lasts none is. "band": all event times at once.
"pre-trend": share in which parallel trends are not rejected. {draws} samples, standard
error .015 at .95. Table: `calibration_panels.csv`.
"""

SHARED = """Thirty states that answer to shared shocks, regressor and errors AR: what
Driscoll-Kraay errors are for, and errors clustered by state are not. With fewer than
20 periods no Driscoll-Kraay interval is given.
"""

BREAKS = """## Breaks under autocorrelation

{draws} series a row (standard error .015 at .95): share in which a break is found where
there is none; share of 95% intervals of a date that hold it where the level moves by
1.5 standard deviations, their median length in periods, and the share that holds a
move half as large. Of independent errors: Bai's interval; of autocorrelated ones: the
likelihood ratio's. Table: `calibration_breaks.csv`.
"""


def page(folder: Path) -> str:
    """All sections, from the tables in the folder."""
    tables = {
        name: pd.read_csv(folder / f"calibration_{name}.csv")
        for name in ("association", "association_intervals", "panels", "breaks")
    }
    parts = [
        HEAD,
        *_association(tables["association"]),
        *_intervals(tables["association_intervals"]),
        *_panels(tables["panels"]),
        *_breaks(tables["breaks"]),
    ]
    return "\n".join(parts)


def _association(table: pd.DataFrame) -> list[str]:
    main = table["method"].isin(["prewhiten", "prewhiten, sup over 13 lags"])
    numbers = table[["size", "mc_error", "refused"]].to_numpy()
    cells = table.assign(
        text=[
            _cell(size, error, 0.05, above=True) if refused <= 0.5 else "–"
            for size, error, refused in numbers
        ]
    )
    first = cells[main].assign(
        column=[
            f"n {n}, {'lag 0' if method == 'prewhiten' else '13 lags'}"
            for n, method in zip(cells[main]["n"], cells[main]["method"], strict=True)
        ]
    )
    kinds = list(dict.fromkeys(table["series"]))
    left = first.pivot(index="series", columns="column", values="text").loc[kinds]
    left = left[list(dict.fromkeys(first["column"]))]
    second = cells[~main]
    right = second.pivot(index="series", columns="method", values="text").loc[kinds]
    right = right[list(dict.fromkeys(second["method"]))]
    draws = table.groupby(main)["draws"].max()
    return [
        ASSOCIATION.format(draws=draws[True]),
        _table(left.reset_index()),
        OTHERS.format(draws=draws[False]),
        _table(right.reset_index()),
    ]


def _intervals(table: pd.DataFrame) -> list[str]:
    shown = table.drop(columns="draws").assign(
        covered=_covered(table["covered"], table["draws"]),
        found=table["found"].map("{:.2f}".format),
    )
    return [INTERVALS.format(draws=table["draws"].max()), _table(shown)]


def _panels(table: pd.DataFrame) -> list[str]:
    table = table.assign(
        coverage=[
            _cell(row.coverage, row.mc_error, 0.95)
            for row in table.itertuples(index=False)
        ],
        given=table["given"].map("{:.2f}".format),
    )
    law = table["design"] == "law"
    one = table[law].astype({"treated each": int, "cohorts": int})
    one = one[["states", "treated each", "cohorts", "method", "coverage", "given"]]
    two = table[~law][["design", "periods", "method", "coverage", "given"]]
    draws = table["draws"].max()
    return [
        PANELS.format(draws=draws, periods=40),
        _table(one),
        SHARED,
        _table(two),
    ]


def _breaks(table: pd.DataFrame) -> list[str]:
    shown = table.assign(
        covered=_covered(table["covered"], table["draws"]),
        smaller=_covered(table["smaller"], table["draws"]),
    )
    columns = ["n", "errors", "search", "found", "covered", "width", "smaller"]
    return [BREAKS.format(draws=table["draws"].max()), _table(shown[columns])]


def _covered(shares: pd.Series, draws: pd.Series) -> list[str]:
    """Shares of 95 % intervals that hold the truth, with their Monte Carlo errors."""
    errors = (shares * (1 - shares) / draws) ** 0.5
    return [_cell(c, e, 0.95) for c, e in zip(shares, errors, strict=True)]


def _cell(value: float, error: float, nominal: float, above: bool = False) -> str:
    """A share; bold where it misses on the wrong side by two standard errors."""
    if pd.isna(value):
        return "–"
    miss = value - nominal if above else nominal - value
    text = f"{value:.3f}".removeprefix("0") if value < 1 else "1"
    return f"**{text}**" if miss > 2 * max(error, 1e-9) else text


def _table(table: pd.DataFrame) -> str:
    rows = [table.columns, ["---"] * table.shape[1], *table.to_numpy()]
    lines = (
        f"| {' | '.join('' if v is pd.NA else str(v) for v in row)} |" for row in rows
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(page(target.parent), encoding="utf-8")

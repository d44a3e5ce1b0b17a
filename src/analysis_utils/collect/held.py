"""Agreements that a row set aside keeps in force until it is decided.

A row that states no agreement because one of its cells has no meaning yet (a misspelt
state, a new word for a model) is no end of the agreement that the list before printed.
"""

import pandas as pd


def held(rows: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """Agreements in force although only rows set aside may state them.

    rows: identified rows (identify.identified). listings: agreement_id and position
    of every agreement that a row states. Returns further rows like `listings`: an
    agreement of the list before that is missing, and that agrees with a row set aside
    in every cell that can be read.
    """
    aside = rows[rows.set_aside != ""]
    stated = rows[rows.set_aside == ""]
    stated = stated.drop_duplicates(["agreement_id", "key", "signed_date"])
    found: list[tuple[str, int]] = []
    for position in range(1, rows["last"].max() + 1) if len(aside) else ():
        now = aside[(aside["first"] <= position) & (aside["last"] >= position)]
        if now.empty:
            continue
        there = set(listings.agreement_id[listings.position == position])
        before = set(listings.agreement_id[listings.position == position - 1])
        before |= {name for name, place in found if place == position - 1}
        missing = stated[stated.agreement_id.isin(before - there)]
        found += [(name, position) for name in sorted(_fitting(now, missing))]
    return pd.DataFrame(found, columns=["agreement_id", "position"])


def _fitting(aside: pd.DataFrame, missing: pd.DataFrame) -> set[str]:
    """Missing agreements that some row set aside agrees with.

    Two readable cells at least must agree, so that a blank row holds nothing.
    """
    names = set()
    for row in aside.itertuples():
        fits, known = pd.Series(True, index=missing.index), 0
        for column in ("state_code", "key", "model", "signed_date"):
            value = getattr(row, column)
            # A redated row is the same agreement: a date only helps a blank name
            if pd.isna(value) or value == "" or (column == "signed_date" and row.key):
                continue
            fits, known = fits & (missing[column] == value), known + 1
        if known >= 2:
            names |= set(missing.agreement_id[fits])
    return names

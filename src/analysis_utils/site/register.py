"""The register as the browser reads it: one script that sets a variable.

A page opened from a folder may not fetch a file, so the data are a script.
"""

import json
from collections import defaultdict
from html import escape

import numpy as np
import pandas as pd

from analysis_utils import datasets
from analysis_utils.publish import maps


def script() -> str:
    """Content of register.js: `window.REGISTER`."""
    text = json.dumps(payload(), ensure_ascii=False, separators=(",", ":"))
    inert = text.replace("</", "<\\/")  # no name may end the script
    return f"window.REGISTER={inert};\n"


def payload() -> dict[str, object]:
    """Agreements with their spells, names of states, first and last day listed."""
    agreements = datasets.agreements()
    editions = datasets.editions()
    states = datasets.states().set_index("state")["name"]
    listed = defaultdict(list)
    for spell in datasets.spells().sort_values("spell").to_dict("records"):
        days = [day(spell["first_listed"]), day(spell["gone_by"])]
        listed[spell["agreement_id"]].append(days)
    links = identifiers()
    named = agreements.assign(name=agreements["state"].map(states))
    ordered = named.sort_values(["name", "county", "agency"]).to_dict("records")
    rows = [row(a, listed[a["agreement_id"]], links, states) for a in ordered]
    counties = datasets.counties()
    return {
        "first": day(editions["first_seen"].min()),
        "last": day(editions["last_seen"].max()),
        "states": states.sort_values().to_dict(),
        "fips": dict(zip(counties["fips"].str[:2], counties["state"], strict=True)),
        "agreements": rows,
    }


def row(
    a: dict, spells: list, links: dict[str, str], states: pd.Series
) -> dict[str, object]:
    """One agreement, only what the page shows."""
    place = f"{a['county']} {a['state']} {states[a['state']]}"
    said = f"{a['agency']} {place} {a['agreement_id']}"
    kept = {
        "id": a["agreement_id"],
        "agency": a["agency"],
        "state": a["state"],
        "county": a["county"],
        "fips": a["county_fips"],
        "model": a["model"],
        "signed": day(a["signed"]),
        "until": day(a["gone_by"]),
        "reason": a["removal"],
        "ori": links.get(a["agency_id"], ""),
        "document": a.get("document", ""),
        "spells": spells,
        "search": said.lower(),
    }
    return {name: value for name, value in kept.items() if value or name == "spells"}


def state_links() -> str:
    """A link for each state to its agreements, with their number today."""
    agreements = datasets.agreements()
    ever = set(agreements["state"])
    now = agreements[agreements["gone_by"].isna()]["state"].value_counts()
    names = datasets.states().set_index("state")["name"].sort_values()
    items = [
        f'<li><a href="register.html?state={code}">{escape(name)}</a> '
        f"{now.get(code, 0):,}</li>"
        for code, name in names.items()
        if code in ever
    ]
    none = ", ".join(escape(name) for code, name in names.items() if code not in ever)
    return (
        '<nav class="states" aria-label="Agreements by state"><p>Agreements on the '
        f"newest list, by state:</p><ul>{''.join(items)}</ul>"
        f"<p>Never on a list: {none}.</p></nav>"
    )


def identifiers() -> dict[str, str]:
    """The FBI's identifier of each agency that is linked to one."""
    links = datasets.agency_links()
    known = links[links["ori"] != ""]
    return dict(zip(known["agency_id"], known["ori"], strict=True))


def day(value: object) -> str:
    """A day as text; empty if there is none."""
    return "" if pd.isna(value) else f"{value:%Y-%m-%d}"


def shapes_script() -> str:
    """Content of shapes.js: `window.SHAPES`, paths of the counties and their box."""
    paths = {county: path(rings) for county, rings in maps.outlines().items()}
    content = {"box": "0 0 {} {}".format(*maps.CANVAS), "counties": paths}
    return f"window.SHAPES={json.dumps(content, separators=(',', ':'))};\n"


def path(rings: list) -> str:
    """Rings as the path of an SVG: short steps from point to point, y downwards."""
    parts = []
    for ring in rings:
        points = ring.round().astype(int)
        points[:, 1] = maps.CANVAS[1] - points[:, 1]
        steps = np.diff(points, axis=0)
        if not len(steps):
            continue
        moves = "".join(f"{x} {y} " for x, y in steps)
        parts.append(f"M{points[0, 0]} {points[0, 1]}l{moves}z")
    return "".join(parts).replace(" -", "-").replace(" z", "z")

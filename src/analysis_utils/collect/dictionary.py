"""The data dictionary: data/README.md, written from data/datapackage.json."""

import json
from pathlib import Path

import pandas as pd

from analysis_utils import csv_text

UNSEEN = 7  # days without a copy of any list from which a stretch is named
DAILY = "2025-02-20"  # since then lists follow each other within days


def text(package: dict, editions: pd.DataFrame, links: pd.DataFrame) -> str:
    """README of data/ for a data package, in Markdown.

    editions (first_seen and last_seen of each) and links (agency_links) tell what
    stands in the notes as {missing_lists} and {linked}.
    """
    resources = package["resources"]
    computed = {
        "{missing_lists}": ", ".join(missing_lists(editions)) or "no longer stretch",
        "{linked}": linked(links),
    }
    parts = [
        f"# {package['title']}\n",
        package["description"] + "\n",
        *[
            _filled(paragraph, computed) + "\n"
            for paragraph in package.get("notes", [])
        ],
        "Written from `datapackage.json` by `make register`; change it there.\n",
        "## Files\n",
        _files(resources),
        *map(_resource, resources),
    ]
    return "\n".join(parts)


def write(data: Path) -> None:
    """Write data/README.md anew if the data package says something else."""
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    tables = [
        csv_text.read(data / f"{name}.csv") for name in ("editions", "agency_links")
    ]
    path, new = data / "README.md", text(package, *tables)
    if not path.exists() or path.read_text(encoding="utf-8") != new:
        path.write_text(new, encoding="utf-8", newline="\n")


def _filled(paragraph: str, computed: dict[str, str]) -> str:
    for name, words in computed.items():
        paragraph = paragraph.replace(name, words)
    return paragraph


def linked(links: pd.DataFrame) -> str:
    """Shares of sheriffs and municipal police with an ORI, in words."""
    return " and ".join(
        f"{linked_share(links, kind, level):.1%} of the {name}"
        f" ({linked_share(links, kind, level, on_list=True):.1%} of those on the list)"
        for kind, level, name in (
            ("sheriff", "county", "sheriffs"),
            ("police", "municipal", "municipal police"),
        )
    )


def linked_share(
    links: pd.DataFrame, kind: str, level: str, on_list: bool = False
) -> float:
    """Share of a kind of agency that has an ORI, of all or of those on the FBI's list.

    An agency that is not yet known to be missing there counts as on it.
    """
    rows = links[(links.agency_kind == kind) & (links.level == level)]
    if on_list:
        rows = rows[rows.grade != "not on the list"]
    return float((rows.ori != "").mean())


def missing_lists(editions: pd.DataFrame) -> list[str]:
    """Stretches without a copy of any list since lists are daily, in words."""
    first = pd.to_datetime(editions.first_seen)
    last = pd.to_datetime(editions.last_seen)
    found = []
    for seen, following in zip(last[:-1], first[1:], strict=True):
        start, end = seen + pd.Timedelta(days=1), following - pd.Timedelta(days=1)
        if str(seen.date()) >= DAILY and (end - start).days + 1 >= UNSEEN:
            found.append(_stretch(start, end))
    return found


def _stretch(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """12 to 27 April 2025, or 30 March to 2 April 2026."""
    same = (start.year, start.month) == (end.year, end.month)
    begin = f"{start.day}" if same else f"{start.day} {start:%B}"
    if start.year != end.year:
        begin += f" {start.year}"
    return f"{begin} to {end.day} {end:%B} {end.year}"


def _files(resources: list[dict]) -> str:
    rows = [f"| [`{r['path']}`](#{r['name']}) | {r['title']} |" for r in resources]
    return "\n".join(["| file | what |", "|---|---|", *rows, ""])


def _resource(resource: dict) -> str:
    schema = resource["schema"]
    lines = [
        f'<a id="{resource["name"]}"></a>',
        f"## {resource['title']}\n",
        f"`{resource['path']}`. {resource['description']}\n",
    ]
    if "primaryKey" in schema:
        lines.append(
            "Key: "
            + ", ".join(f"`{name}`" for name in _list(schema["primaryKey"]))
            + ".\n"
        )
    lines += [
        "| column | type | meaning |",
        "|---|---|---|",
        *map(_field, schema["fields"]),
        "",
    ]
    lines += [f"{_reference(key)}\n" for key in schema.get("foreignKeys", [])]
    origin, licence = (
        "; ".join(map(_named, resource[what])) for what in ("sources", "licenses")
    )
    lines.append(f"Source: {origin}. Licence: {licence}.\n")
    return "\n".join(lines)


def _field(field: dict) -> str:
    rules = field.get("constraints", {})
    unit = f" ({field['unit']})" if "unit" in field else ""
    allowed = (
        " One of: " + ", ".join(map(str, rules["enum"])) + "."
        if "enum" in rules
        else ""
    )
    more = " Always filled." if rules.get("required") else ""
    meaning = field["description"].rstrip(".") + f"{unit}." + allowed + more
    meaning = meaning.replace("|", "\\|")
    return f"| `{field['name']}` | {field['type']} | {meaning} |"


def _reference(key: dict) -> str:
    target = key["reference"]
    names = [
        ", ".join(f"`{name}`" for name in _list(fields))
        for fields in (key["fields"], target["fields"])
    ]
    return f"{names[0]} refers to {names[1]} of `{target['resource']}`."


def _list(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _named(thing: dict) -> str:
    title = thing.get("title") or thing.get("name", "")
    return f"[{title}]({thing['path']})" if "path" in thing else title

"""The data files and their sources, from the data dictionary and data/sources.csv."""

from dataclasses import dataclass, field
from functools import cache

from analysis_utils.data_folder import rows
from analysis_utils.own import columns
from analysis_utils.run_context import ROOT

DATA = ROOT / "data"


@dataclass(frozen=True)
class DataFile:
    """A file of data/: what it holds, how much, from which sources."""

    path: str
    title: str
    description: str
    rows: int
    columns: int
    sources: tuple[str, ...]
    licence: str


@dataclass
class Source:
    """A source: its name, address (empty for the project's own), files, licences."""

    title: str
    address: str
    files: list[str] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)


@cache
def data_files() -> tuple[DataFile, ...]:
    """Every file of the data dictionary, in its order."""
    return tuple(
        DataFile(
            f"data/{resource['path']}",
            resource["title"],
            resource["description"],
            len(rows(DATA / resource["path"])),
            len(resource["schema"]["fields"]),
            tuple(source["title"] for source in resource.get("sources", [])),
            "; ".join(licence["name"] for licence in resource.get("licenses", [])),
        )
        for resource in columns.documented()
    )


@cache
def sources() -> tuple[Source, ...]:
    """Every source named in the data dictionary, with the files that rest on it."""
    found: dict[str, Source] = {}
    for resource in columns.documented():
        licences = [f"{x['title']} ({x['name']})" for x in resource.get("licenses", [])]
        for named in resource.get("sources", []):
            source = found.setdefault(
                named["title"], Source(named["title"], named.get("path", ""))
            )
            source.files.append(f"data/{resource['path']}")
            source.licences += [x for x in licences if x not in source.licences]
    return tuple(sorted(found.values(), key=lambda source: source.title))


def published_files() -> list[tuple[str, int, float]]:
    """Files that were read, by kind: how many, and how many MB."""
    groups: dict[str, list[int]] = {}
    for row in rows(DATA / "sources.csv"):
        groups.setdefault(row["kind"], []).append(int(row["bytes"] or 0))
    return [
        (kind, len(sizes), round(sum(sizes) / 1e6, 1))
        for kind, sizes in sorted(groups.items())
    ]

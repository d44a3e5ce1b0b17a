"""What the study is, as CITATION.cff says: the one place where that is written."""

from functools import cache

import yaml

from analysis_utils.asking import Refused
from analysis_utils.run_context import ROOT

FILE = "CITATION.cff"
NEEDED = ("title", "version", "date-released", "license", "authors", "abstract")


@cache
def citation() -> dict:
    """Content of CITATION.cff; Refused if something needed is missing."""
    path = ROOT / FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise Refused(f"{FILE} cannot be read: {error}") from error
    missing = [name for name in NEEDED if not (content or {}).get(name)]
    if missing:
        raise Refused(f"{FILE} lacks {', '.join(missing)}; add it")
    return content


def author_names() -> list[str]:
    """Authors, as shown: a group's name, or given names and family name."""
    return [
        author.get("name") or f"{author['given-names']} {author['family-names']}"
        for author in citation()["authors"]
    ]


def archive_name() -> str:
    """Name of the packed archive, from title and version."""
    words = "".join(c if c.isalnum() else " " for c in citation()["title"].lower())
    return f"{'-'.join(words.split())}-{citation()['version']}"


def references() -> list[str]:
    """Works that the study rests on, as text, in alphabetical order."""
    return sorted(map(reference, citation().get("references", [])))


def reference(work: dict) -> str:
    """One entry of `references`: authors, year, title, journal, DOI."""
    names = [
        a.get("name") or f"{a['family-names']} {a.get('given-names', '')}".strip()
        for a in work["authors"]
    ]
    where = " ".join(
        str(part)
        for part in (
            work.get("journal", ""),
            work.get("volume", ""),
            f"({work['issue']})" if "issue" in work else "",
            f"{work['start']}-{work['end']}" if "start" in work else "",
        )
        if part
    )
    parts = [", ".join(names), f"({work['year']})", f"{work['title']}."]
    parts += [
        f"{where}." if where else "",
        f"doi:{work['doi']}" if "doi" in work else "",
    ]
    return " ".join(part for part in parts if part)

""".zenodo.json: what Zenodo shows of a release, from CITATION.cff and the data."""

import json
from html import escape

from analysis_utils.deposit import about
from analysis_utils.deposit.data import sources


def text() -> str:
    """Content of .zenodo.json."""
    citation = about.citation()
    content = {
        "title": citation["title"],
        "upload_type": "software",
        "description": f"<p>{escape(citation['abstract'].strip(), quote=False)}</p>",
        "creators": [creator(author) for author in citation["authors"]],
        "version": str(citation["version"]),
        "publication_date": str(citation["date-released"]),
        "language": "eng",
        "access_right": "open",
        "license": citation["license"],
        "keywords": citation.get("keywords", []),
        "related_identifiers": [
            {"identifier": address, "relation": "isDerivedFrom", "scheme": "url"}
            for address in sorted({s.address for s in sources() if s.address})
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def creator(author: dict) -> dict[str, str]:
    """An author as Zenodo writes one: a group's name, or `Family, Given`."""
    name = author.get("name") or f"{author['family-names']}, {author['given-names']}"
    orcid = author.get("orcid", "").removeprefix("https://orcid.org/")
    return {"name": name} | ({"orcid": orcid} if orcid else {})

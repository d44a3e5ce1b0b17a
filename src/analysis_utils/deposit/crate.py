"""RO-Crate: each run as an action with the notebook, its inputs and its outputs.

Process Run Crate 0.5 on RO-Crate 1.1: https://w3id.org/ro/wfrun/process/0.5
"""

import hashlib
import json
import mimetypes
import tempfile
from pathlib import Path, PurePosixPath

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from analysis_utils.deposit import about
from analysis_utils.deposit.programs import packages
from analysis_utils.review.lineage import Record, records
from analysis_utils.run_context import ROOT

METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
LICENCE = "https://spdx.org/licenses/"
SOURCE_CODE = ["File", "SoftwareSourceCode"]
TYPES = {
    ".ipynb": "application/x-ipynb+json",
    ".py": "text/x-python",
    ".tex": "text/x-tex",
    ".md": "text/markdown",
    ".toml": "application/toml",
    ".yml": "application/yaml",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
}


def text(contents: dict[str, bytes]) -> str:
    """Content of ro-crate-metadata.json for an archive of these files."""
    crate = ROCrate(version="1.1")
    describe(crate)
    agent = add_authors(crate)
    files = {name: add_file(crate, name, contents[name]) for name in sorted(contents)}
    actions = [add_run(crate, record, files, agent) for record in records()]
    crate.root_dataset["mentions"] = actions
    with tempfile.TemporaryDirectory() as folder:
        crate.metadata.write(folder)
        content = json.loads((Path(folder) / METADATA).read_text(encoding="utf-8"))
    content["@graph"].sort(key=lambda entity: entity["@id"])
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def describe(crate: ROCrate) -> None:
    """The archive as a whole. Its date is that of the release, never today's."""
    citation = about.citation()
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    licence = {
        "@type": "CreativeWork",
        "name": citation["license"],
        "identifier": LICENCE + citation["license"],
    }
    entities = {
        "conformsTo": (PROFILE, profile),
        "license": (licence["identifier"], licence),
    }
    words = {
        "name": citation["title"],
        "description": citation["abstract"].strip(),
        "datePublished": str(citation["date-released"]),
        "version": str(citation["version"]),
        "keywords": ", ".join(citation.get("keywords", [])),
    }
    for name, value in words.items():
        crate.root_dataset[name] = value
    for name, (address, properties) in entities.items():
        crate.root_dataset[name] = crate.add(ContextEntity(crate, address, properties))


def add_authors(crate: ROCrate) -> Entity:
    """The authors; the first one is who ran the notebooks."""
    added = []
    for number, author in enumerate(about.citation()["authors"], start=1):
        name = about.author_names()[number - 1]
        kind = "Organization" if "name" in author else "Person"
        address = author.get("orcid") or author.get("website") or f"#author-{number}"
        properties = {"@type": kind, "name": name}
        added.append(crate.add(ContextEntity(crate, address, properties=properties)))
    crate.root_dataset["author"] = added if len(added) > 1 else added[0]
    if added[0].type == "Organization":
        crate.root_dataset["publisher"] = added[0]
    return added[0]


def add_file(crate: ROCrate, name: str, content: bytes) -> Entity:
    """A file with its type, size and checksum."""
    path = PurePosixPath(name)
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    properties: dict[str, object] = {
        "name": name,
        "encodingFormat": kind,
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    if name.startswith("notebooks/") and path.suffix == ".ipynb":
        properties["@type"] = SOURCE_CODE
        properties["version"] = str(about.citation()["version"])
        properties["programmingLanguage"] = "Python"
        properties["softwareRequirements"] = "requirements.lock"
    return crate.add_file(path, dest_path=name, properties=properties)


def add_run(
    crate: ROCrate, record: Record, files: dict[str, Entity], agent: Entity
) -> Entity:
    """A run: the notebook as instrument, data and parameters in, outputs out."""
    stamp, folder = record.stamp, record.folder.relative_to(ROOT).as_posix()
    notebook = f"notebooks/{record.folder.parent.name}.ipynb"
    inputs = [*stamp["data"], *stamp["modules"], *stamp["lock"]]
    values = [
        crate.add(
            ContextEntity(
                crate,
                f"#{record.label}/{name}",
                properties={
                    "@type": "PropertyValue",
                    "name": name,
                    "value": str(value),
                },
            )
        )
        for name, value in sorted(stamp["parameters"].items())
    ]
    papermill = next(version for name, version, _ in packages() if name == "papermill")
    properties = {
        "name": record.label,
        "description": f"{notebook} executed by papermill {papermill} (`make all`)",
        "agent": agent,
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    return crate.add_action(
        files[notebook],
        identifier=f"#{record.label}",
        object=[files[name] for name in inputs] + values,
        result=[files[f"{folder}/{name}"] for name in stamp["outputs"]],
        properties=properties,
    )

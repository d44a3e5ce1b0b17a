"""Why an archive differs from what was made again: data, code, packages, arithmetic.

The two manifests of a run say what it rested on then and rests on now. What they
leave unexplained is arithmetic (another BLAS or processor), or a draw without a seed,
which a second rerun tells apart.
"""

from dataclasses import dataclass

from analysis_utils.review import environment, tables
from analysis_utils.review.archive import Archive, former_file
from analysis_utils.review.findings import Finding
from analysis_utils.review.pair import Pair
from analysis_utils.run_context import ROOT
from analysis_utils.workflow import manifest

EDITED = "the archived file was changed after its run: its manifest lists other bytes"
ABSENT = "the archived file was removed after its run: its manifest lists it"
ADDED = "the file was put into the archive after the run: its manifest does not list it"
ARITHMETIC = "another BLAS or processor (data, code, packages, parameters are the same)"
RANDOM = (
    "not reproducible: a second rerun differs from the first (a draw without a seed?)"
)
UNKNOWN = (
    "unexplained: data, code, packages and parameters are the same, and the rerun "
    "repeats itself; the archive was edited with its manifest, or made elsewhere"
)


@dataclass(frozen=True)
class Change:
    """Something that a run rests on and that is not as it was."""

    kind: str  # data, code, lock, notebook, parameters
    item: str
    words: str


def changes(pair: Pair, archive: Archive) -> list[Change]:
    """What a run rests on now and did not when it was archived."""
    old, new = pair.stamp, manifest.read(pair.remade) or {}
    if not old:
        return []
    found = []
    if old.get("notebook") != new.get("notebook"):
        found.append(
            Change("notebook", f"{pair.label.split('/')[0]}.ipynb", "its text changed")
        )
    for words in manifest.changed_values(
        old.get("parameters", {}), new.get("parameters", {})
    ):
        item, _, values = words.removeprefix("parameter ").partition(": ")
        found.append(Change("parameters", item, values))
    for kind, part in (("data", "data"), ("code", "modules"), ("lock", "lock")):
        found += changed_files(kind, old.get(part, {}), new.get(part, {}), archive)
    return found


def changed_files(kind: str, old: dict, new: dict, archive: Archive) -> list[Change]:
    """Files of one kind that changed, came or went."""
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            found.append(Change(kind, name, "is not used any more"))
        elif name not in old:
            found.append(Change(kind, name, "was not used before"))
        elif old[name] != new[name]:
            found.append(Change(kind, name, file_change(name, old[name], archive)))
    return found


def file_change(name: str, digest: str, archive: Archive) -> str:
    """In words, how a file changed; in detail where its former content can be had."""
    before = former_file(name, digest, archive)
    if before is None or not (ROOT / name).is_file():
        return "changed"
    now = (ROOT / name).read_bytes()
    if name == manifest.LOCK:
        pins = environment.changed_pins(before.decode(), now.decode())
        return f"changed: {'; '.join(pins[:5]) or 'hashes or markers only'}"
    if name.endswith(".csv"):
        return f"changed: {data_change(before, now)}"
    return "changed"


def data_change(before: bytes, now: bytes) -> str:
    """In words, which rows of a table changed."""
    try:
        one, other = tables.read(before), tables.read(now)
    except ValueError as error:
        return str(error)
    if len(one) != len(other):
        return tables.row_changes(one, other)
    rows = [n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    cells = [
        f"line {n + 1}, {name}: {a} -> {b}"
        for n in rows[:3]
        for name, a, b in zip(one[0], one[n], other[n], strict=False)
        if a != b
    ]
    more = f"; {len(rows)} lines in all" if len(rows) > 3 else ""
    return "; ".join(cells[:4]) + more


def of_archive(finding: Finding, pair: Pair) -> str:
    """The cause that lies in the archived file itself; empty if there is none."""
    listed = pair.stamp.get("outputs", {})
    archived = pair.hashes[0].get(finding.file)
    if not pair.stamp or not finding.file or listed.get(finding.file) == archived:
        return ""
    if archived is None:
        return ABSENT
    return EDITED if finding.file in listed else ADDED


def of_inputs(found: list[Change], unlocked: dict) -> str:
    """The causes that lie in what a run rests on; empty if there is none."""
    words = [f"{kind} changed ({names(found, kind)})" for kind in kinds(found)]
    if unlocked:
        some = [
            f"{n} {b or 'absent'}, locked {a}" for n, (a, b) in sorted(unlocked.items())
        ]
        words.append(f"package versions differ ({'; '.join(some[:4])})")
    return "; ".join(words)


def kinds(found: list[Change]) -> list[str]:
    """Kinds of what changed, in order."""
    return list(dict.fromkeys(change.kind for change in found))


def names(found: list[Change], kind: str) -> str:
    """What changed, of one kind, in words."""
    these = [change for change in found if change.kind == kind]
    words = [f"{c.item} {c.words.removeprefix('changed')}".strip() for c in these[:3]]
    more = f" and {len(these) - 3} more" if len(these) > 3 else ""
    return "; ".join(words).replace(" :", ":") + more

"""An archived run compared with the same run made again, file by file."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from analysis_utils.review import notebooks, pictures, tables, values
from analysis_utils.review.findings import (
    DIFFERS,
    IDENTICAL,
    WITHIN,
    Finding,
    Pictures,
    Verdict,
    printable,
    worst,
)
from analysis_utils.workflow import manifest
from analysis_utils.workflow.kinds import nearest

RESULTS = "results.json"
STRAY = "an output of a run that is gone, or a file put there by hand"
BESIDE = ("verdicts", "README.md", "custom", "failed")  # in outputs/, of no run
TEXTS = (".txt", ".tex", ".md", ".json")
PLACES = ("cell", "line")  # where it stands in the notebook, not what it says
DESCRIPTION = ("unit", "digits", "level", "label")


@dataclass(frozen=True)
class Pair:
    """The two folders of a run: `archived`, and `remade` by the rerun."""

    label: str
    archived: Path
    remade: Path

    @cached_property
    def stamp(self) -> dict:
        """The archived manifest; empty if it cannot be read."""
        content = manifest.read(self.archived)
        return content if isinstance(content, dict) else {}

    @cached_property
    def hashes(self) -> tuple[dict[str, str], dict[str, str]]:
        """SHA-256 of the archived files and of those made again, by name."""
        return manifest.files_written(self.archived), manifest.files_written(
            self.remade
        )

    @cached_property
    def names(self) -> list[str]:
        """Names of all files, archived or made again."""
        return sorted(self.hashes[0].keys() | self.hashes[1].keys())

    @cached_property
    def links(self) -> list[str]:
        """Archived names that are links, which could lead anywhere."""
        return [name for name in self.hashes[0] if (self.archived / name).is_symlink()]

    def contents(self, name: str) -> tuple[bytes, bytes]:
        """The two contents of a file."""
        return (self.archived / name).read_bytes(), (self.remade / name).read_bytes()

    def same(self, name: str) -> bool:
        """Whether a file has the same bytes."""
        return self.hashes[0].get(name) == self.hashes[1].get(name)

    def finding(
        self, kind: str, item: str, verdict: Verdict, *words: str, **more
    ) -> Finding:
        """A finding on this run; `words` are detail, archived and remade."""
        return Finding(self.label, kind, item, verdict, *words, **more)


def compare_run(pair: Pair) -> list[Finding]:
    """Everything that was compared for one run."""
    if not pair.archived.is_dir() or pair.archived.is_symlink():
        return [
            pair.finding("run", pair.label, DIFFERS, "the archive has no outputs of it")
        ]
    common = [name for name in pair.names if all(name in side for side in pair.hashes)]
    common = [name for name in common if name not in pair.links]
    found = [*missing_and_added(pair), *broken_stamp(pair)]
    found += [
        pair.finding("file", n, DIFFERS, "is a link; not followed", file=n)
        for n in pair.links
    ]
    numeric = [name for name in common if name == RESULTS or name.endswith(".csv")]
    for name in numeric:
        found += compare_file(pair, name, moved=False)
    moved = worst(found) is WITHIN
    for name in common:
        if name not in numeric:
            found += compare_file(pair, name, moved)
    if moved and RESULTS in common:
        found = [f for f in found if f.kind != "sentence"] + compare_sentences(
            pair, moved
        )
    return [swapped(pair, finding) for finding in found]


def compare_sentences(pair: Pair, moved: bool) -> list[Finding]:
    """Findings on the sentences alone."""
    return [f for f in compare_results(pair, moved) if f.kind == "sentence"]


def compare_file(pair: Pair, name: str, moved: bool) -> list[Finding]:
    """Findings on one file that both sides have."""
    suffix = Path(name).suffix
    if name == RESULTS:
        found = compare_results(pair, moved)
    elif suffix == ".csv":
        found = compare_table(pair, name)
    elif suffix in pictures.DRAW:
        found = [compare_picture(pair, name, moved)]
    elif suffix == ".ipynb":
        found = compare_notebook(pair, name, moved)
    else:
        found = [compare_text(pair, name, moved)]
    if not pair.same(name) and worst(found) is IDENTICAL:
        words = "is written otherwise; the values are the same"
        found.append(pair.finding("file", name, WITHIN, words))
    return [replace(finding, file=name) for finding in found]


def missing_and_added(pair: Pair) -> Iterator[Finding]:
    """Files that only one side has."""
    archived, remade = pair.hashes
    for name in pair.names:
        if name not in archived:
            yield pair.finding(
                kind_of(name), name, DIFFERS, "is missing from the archive", file=name
            )
        elif name not in remade:
            words = "is archived, and the run does not make it"
            yield pair.finding(kind_of(name), name, DIFFERS, words, file=name)


def broken_stamp(pair: Pair) -> Iterator[Finding]:
    """A manifest that is missing, or does not list what is archived."""
    if not pair.stamp:
        yield pair.finding(
            "manifest", manifest.NAME, DIFFERS, "is missing or cannot be read"
        )
        return
    listed, archived = pair.stamp.get("outputs", {}), pair.hashes[0]
    for name in sorted(listed.keys() | archived.keys()):
        if listed.get(name) != archived.get(name) and pair.same(name):
            words = f"does not list {name} as it is archived"
            yield pair.finding("manifest", manifest.NAME, DIFFERS, words, file=name)


def kind_of(name: str) -> str:
    """What a file is, by its name."""
    kinds = {
        ".csv": "data or table",
        ".svg": "picture",
        ".pdf": "picture",
        ".ipynb": "notebook",
    }
    return kinds.get(Path(name).suffix, "file")


def swapped(pair: Pair, finding: Finding) -> Finding:
    """The finding, saying so if the file holds what belongs in another one."""
    archived, remade = pair.hashes
    if finding.verdict is not DIFFERS or finding.file not in archived:
        return finding
    twins = [
        n
        for n, h in remade.items()
        if h == archived[finding.file] and n != finding.file
    ]
    if not twins:
        return finding
    words = f"holds what belongs in {twins[0]} (swapped or copied)"
    return replace(finding, detail="; ".join(filter(None, [words, finding.detail])))


# Results: numbers by key, sentences by order


def compare_results(pair: Pair, moved: bool) -> list[Finding]:
    """Findings on every number and sentence of a run."""
    try:
        one, other = (json.loads(content) for content in pair.contents(RESULTS))
        found = list(compare_numbers(pair, one["numbers"], other["numbers"]))
        found += [
            *compare_hypotheses(pair, one, other),
            *compare_captions(pair, one, other),
        ]
        return found + list(sentence_findings(pair, one, other, moved))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"cannot be read ({type(error).__name__})"
        return [pair.finding("file", RESULTS, DIFFERS, words)]


def compare_numbers(pair: Pair, one: dict, other: dict) -> Iterator[Finding]:
    """A finding for each number."""
    for key in sorted(one.keys() | other.keys()):
        if key not in other:
            words = f"no run records it{nearest(key, sorted(other))}"
            yield pair.finding("number", key, DIFFERS, words, shown(one[key]))
        elif key not in one:
            words = "is missing from the archive"
            yield pair.finding("number", key, DIFFERS, words, "", shown(other[key]))
        else:
            verdict, detail = number_verdict(one[key], other[key])
            both = shown(one[key]), shown(other[key])
            yield pair.finding("number", key, verdict, detail, *both)


def number_verdict(one: dict, other: dict) -> tuple[Verdict, str]:
    """Verdict on a number with its interval and description."""
    exact = one.get("low") is None and one.get("high") is None
    ends = [abs(x) for x in (one.get("low"), one.get("high")) if values.is_number(x)]
    parts = {
        part: values.value(
            one.get(part), other.get(part), exact, max(ends, default=0.0)
        )
        for part in ("value", "low", "high")
    }
    parts |= {
        p: IDENTICAL if one.get(p) == other.get(p) else DIFFERS for p in DESCRIPTION
    }
    verdict = max(parts.values())
    odd = [part for part, v in parts.items() if v is verdict]
    return verdict, "" if verdict is IDENTICAL else f"{', '.join(odd)} differs"


def shown(number: dict) -> str:
    """A recorded number on one line."""
    text = f"{number.get('value')} {number.get('unit', '')}".strip()
    if number.get("low") is not None:
        text += f" ({number['low']} to {number.get('high')})"
    return printable(text)


def compare_captions(pair: Pair, one: dict, other: dict) -> Iterator[Finding]:
    """A finding for each figure or table of the results whose words differ."""
    for part in ("figures", "tables"):
        old, new = (side.get(part, {}) for side in (one, other))
        for name in sorted(old.keys() & new.keys()):
            words = [(a.get("caption"), a.get("alt")) for a in (old[name], new[name])]
            if words[0] != words[1]:
                detail = "caption or alternative text differs"
                yield pair.finding(
                    "caption", name, DIFFERS, detail, *map(printable, words)
                )


def compare_hypotheses(pair: Pair, one: dict, other: dict) -> Iterator[Finding]:
    """A finding for each recorded test of a hypothesis."""
    archived, remade = (
        named_tests(side.get("hypotheses", [])) for side in (one, other)
    )
    for name in [*archived, *(name for name in remade if name not in archived)]:
        old, new = archived.get(name, {}), remade.get(name, {})
        judged = {
            part: values.value(old.get(part), new.get(part), exact=part == "n")
            for part in sorted((old.keys() | new.keys()) - set(PLACES))
        }
        odd = [part for part, v in judged.items() if v is not IDENTICAL]
        detail = f"{', '.join(odd)} differs" if old and new and odd else ""
        detail = detail or ("" if old and new else only_one_side(bool(old)))
        both = (hypothesis(old), hypothesis(new))
        yield pair.finding("hypothesis", name, max(judged.values()), detail, *both)


def only_one_side(archived: bool) -> str:
    """In words, that a test is archived alone, or made again alone."""
    return "no run records it" if archived else "is missing from the archive"


def named_tests(tests: list[dict]) -> dict[str, dict]:
    """Recorded tests by id, role and note, numbered where these are the same."""
    named: dict[str, dict] = {}
    for test in tests:
        words = [test.get("id"), test.get("role"), test.get("note")]
        name = printable(", ".join(str(word) for word in words if word), 100)
        same = sum(other == name or other.startswith(f"{name} #") for other in named)
        named[f"{name} #{same + 1}" if same else name] = test
    return named


def hypothesis(record: dict) -> str:
    """A recorded test on one line."""
    if not record:
        return ""
    ends = f"({record.get('low')} to {record.get('high')})"
    return printable(f"{record.get('estimate')} {ends}, p {record.get('p')}")


def sentence_findings(
    pair: Pair, one: dict, other: dict, moved: bool
) -> Iterator[Finding]:
    """A finding for each sentence, in order."""
    archived, remade = one["sentences"], other["sentences"]
    for place in range(max(len(archived), len(remade))):
        old, new = (
            s[place]["text"] if place < len(s) else "" for s in (archived, remade)
        )
        verdict = values.text(old, new, moved)
        detail = "" if verdict is IDENTICAL else "the text differs"
        if (
            verdict is IDENTICAL
            and archived[place]["template"] != remade[place]["template"]
        ):
            verdict, detail = DIFFERS, "its template differs"
        both = (printable(old), "" if old == new else printable(new))
        yield pair.finding("sentence", str(place + 1), verdict, detail, *both)


# Files


def compare_table(pair: Pair, name: str) -> list[Finding]:
    """Findings on a table or a figure's data: one for each column that differs."""
    drawn = any(f"{name[:-4]}.svg" in side for side in pair.hashes)
    kind = "figure data" if drawn else "table"
    one, other = pair.contents(name)
    found = [] if one == other else list(tables.compare(one, other))
    if not found:
        detail = table_size(one)
        verdict = IDENTICAL if pair.same(name) else WITHIN
        return [pair.finding(kind, name, verdict, detail)]
    return [
        pair.finding(kind, f"{name}, column {column}" if column else name, *rest)
        for column, *rest in found
    ]


def table_size(content: bytes) -> str:
    """Columns and rows of a table, in words."""
    rows = tables.read(content)
    return f"{len(rows[0]) if rows else 0} columns, {max(len(rows) - 1, 0)} rows"


def compare_picture(pair: Pair, name: str, moved: bool) -> Finding:
    """Finding on a picture: by its bytes, then by its pixels."""
    one, other = pair.contents(name)
    suffix = Path(name).suffix
    if one == other:
        return pair.finding("picture", name, IDENTICAL, pictures=plain(one, suffix))
    try:
        found = pictures.compare(one, other, suffix)
    except pictures.NotDrawn as refused:
        return pair.finding("picture", name, DIFFERS, f"not drawn: {refused}")
    detail = (
        f"mean absolute error {found.error:.4g} of 255, largest {found.largest}; "
        f"{found.share:.3%} of the pixels differ"
    )
    both = Pictures(found.archived, found.remade, found.image, found.error)
    verdict = WITHIN if found.close(moved) else DIFFERS
    return pair.finding("picture", name, verdict, detail, pictures=both)


def plain(content: bytes, suffix: str) -> Pictures | None:
    """An SVG to show in the report, if it is a plain drawing."""
    if suffix != ".svg":
        return None
    try:
        pictures.refuse_active(content)
    except pictures.NotDrawn:
        return None
    return Pictures(content)


def compare_notebook(pair: Pair, name: str, moved: bool) -> list[Finding]:
    """Findings on an executed notebook: one, or one for each thing that differs."""
    if pair.same(name):
        return [pair.finding("notebook", name, IDENTICAL, "every cell and output")]
    changes = list(notebooks.compare(pair.archived / name, pair.remade / name, moved))
    found = [
        pair.finding("notebook", f"{name}, {cell}" if cell else name, *rest)
        for cell, *rest in changes
    ]
    words = "cells and outputs are the same; the file is written otherwise"
    return found or [pair.finding("notebook", name, WITHIN, words)]


def compare_text(pair: Pair, name: str, moved: bool) -> Finding:
    """Finding on a text, LaTeX or other file."""
    one, other = pair.contents(name)
    kind = "text" if name.endswith(TEXTS) else "file"
    if one == other:
        return pair.finding(kind, name, IDENTICAL)
    old, new = (content.decode("utf-8", errors="replace") for content in (one, other))
    verdict = max(values.text(old, new, moved), WITHIN) if kind == "text" else DIFFERS
    return pair.finding(
        kind, name, verdict, "its content differs", *notebooks.around(old, new)
    )


def strangers(outputs: Path, folders: Iterable[Path]) -> list[Finding]:
    """Archived files and folders that belong to no run of the study."""
    known = {path.relative_to(outputs) for path in folders}
    odd = set()
    for path in outputs.glob("[0-9]*/**/*"):
        parts = path.relative_to(outputs).parts
        inside = any(Path(*parts[:n]) in known for n in range(1, len(parts) + 1))
        if path.is_file() and not inside and not path.name.startswith("."):
            odd.add(Path(*parts[:2]).as_posix())
    for path in outputs.iterdir():
        if not path.name.startswith((".", *"0123456789")) and path.name not in BESIDE:
            odd.add(path.name)
    words = "is archived, and no run of the study makes it"
    return [
        Finding("", "outputs", name, DIFFERS, words, cause=STRAY)
        for name in sorted(odd)
    ]

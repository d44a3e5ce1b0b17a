"""The report of a verification: HTML to look at, Markdown to send, JSON for programs.

Whatever comes from notebooks, data or an archive is text here and stays text: it is
escaped, pictures are shown as pictures (which run nothing), and the page's content
security policy admits its own script and style only, and nothing from outside.
"""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from analysis_utils.review.findings import (
    IDENTICAL,
    WITHIN,
    Finding,
    Verdict,
    printable,
)
from analysis_utils.review.verify import RESTS_ON, Verification

HERE = Path(__file__).parent
TEMPLATE, STYLE, SCRIPT = "report.html.jinja", "report.css", "report.js"
SHOWN = 12


def write(done: Verification, folder: Path) -> None:
    """Write `report.html`, `report.md` and `report.json` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("json", as_json), ("md", as_markdown), ("html", as_html)):
        (folder / f"report.{name}").write_text(make(done), encoding="utf-8")


def environment(done: Verification) -> dict[str, str]:
    """The environment of the rerun, in words."""
    from analysis_utils.review.environment import description

    odd = ", ".join(
        f"{name} {here}" for name, (_, here) in sorted(done.unlocked.items())
    )
    return description() | {"packages": f"not as locked: {odd}" if odd else "as locked"}


def differing(findings: list[Finding]) -> list[Finding]:
    """Findings that are not identical: results first, of these the worst."""
    odd = [f for f in findings if f.verdict is not IDENTICAL]
    return sorted(
        odd, key=lambda f: (f.kind in RESTS_ON, -f.verdict, f.run, f.kind, f.item)
    )


def by_run(findings: list[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    """Findings grouped by run, in order."""
    ordered = sorted(findings, key=lambda f: f.run)
    for run, group in groupby(ordered, key=lambda f: f.run):
        yield run or "the whole study", list(group)


# JSON


def as_json(done: Verification) -> str:
    """The whole verification for programs, without pictures."""
    content = {
        "sentence": done.sentence,
        "verdict": done.verdict.words,
        "archive": done.archive.name,
        "runs": done.runs,
        "seconds": round(done.seconds, 1),
        "environment": environment(done),
        "causes": done.causes,
        "findings": [as_record(finding) for finding in done.findings],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def as_record(finding: Finding) -> dict:
    """A finding as plain values; its picture as the mean absolute error."""
    record = asdict(finding) | {"verdict": finding.verdict.words}
    shown = record.pop("pictures")
    return record | ({"mean_absolute_error": shown["error"]} if shown else {})


# Markdown and terminal


def plain(text: object) -> str:
    """Text that Markdown shows as it is: no markup, no HTML, no table cell's end."""
    escaped = re.sub(r"([\\`*_\[\]{}()#+!|~$-])", r"\\\1", printable(text, 400))
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        escaped = escaped.replace(sign, name)
    return escaped


def row(*cells: object) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(plain(cell) for cell in cells)} |"


def as_markdown(done: Verification) -> str:
    """The answer, the environment, what differs, and the counts of each run."""
    lines = ["# Verification", "", f"**{plain(done.sentence)}**", ""]
    for name, words in environment(done).items():
        lines.append(f"- {name}: {plain(words)}")
    lines += [f"- time: {done.seconds:.0f} s", "", "## What differs", ""]
    odd = differing(done.findings)
    head = "| run | what | item | verdict | archived | made again | detail | cause |"
    lines += [head, "|---" * 8 + "|"] if odd else ["Nothing."]
    lines += [
        row(
            f.run,
            f.kind,
            f.item,
            f.verdict.words,
            f.archived,
            f.remade,
            f.detail,
            f.cause,
        )
        for f in odd
    ]
    lines += [
        "",
        "## What was compared",
        "",
        "| run | identical | within tolerance | differs |",
    ]
    lines.append("|---" * 4 + "|")
    for run, findings in by_run(done.findings):
        counts = Counter(f.verdict for f in findings)
        lines.append(row(run, *(counts[verdict] for verdict in Verdict)))
    return "\n".join(lines) + "\n"


def terminal(done: Verification) -> str:
    """What differs, a line each below its likely cause, as long as it fits a screen."""
    odd = differing(done.findings)
    lines: list[str] = []
    for cause in dict.fromkeys(f.cause for f in odd[:SHOWN]):
        lines.append(f"{printable(cause, 400) or 'of unknown cause'}:")
        lines += [f"  {line(f)}" for f in odd[:SHOWN] if f.cause == cause]
    more = (
        [f"... and {len(odd) - SHOWN} more in the report"] if len(odd) > SHOWN else []
    )
    return "\n".join([*lines, *more]) or "Nothing differs."


def line(finding: Finding) -> str:
    """A finding on one line; `!` marks what differs, `~` what is within tolerance."""
    mark = "~" if finding.verdict is WITHIN else "!"
    words = ", ".join(filter(None, [finding.detail, both(finding)]))
    return printable(f"{mark} {finding.name}: {words}", 400)


def both(finding: Finding) -> str:
    """`archived -> made again`, where there are such values."""
    if not finding.archived and not finding.remade:
        return ""
    return f"{finding.archived or '-'} -> {finding.remade or '-'}"


# HTML


def as_html(done: Verification) -> str:
    """The whole verification as one page that needs nothing else."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["picture"] = data_address
    style, script = (
        (HERE / name).read_text(encoding="utf-8") for name in (STYLE, SCRIPT)
    )
    return templates.get_template(TEMPLATE).render(
        done=done,
        environment=environment(done),
        odd=differing(done.findings),
        runs=list(by_run(done.results)),
        policy=policy(style, script),
        style=Markup(style),  # our own files, not escaped
        script=Markup(script),
    )


def policy(style: str, script: str) -> str:
    """A content security policy that admits this style and this script only."""
    return (
        f"default-src 'none'; img-src data:; style-src {digest(style)}; "
        f"script-src {digest(script)}; base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """The hash of an inline style or script, as a policy names it."""
    sha = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(sha).decode()}'"


def data_address(picture: bytes) -> str:
    """A picture as an address that holds it. In an `img`, an SVG cannot run code."""
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/svg+xml"
    return f"data:{kind};base64,{base64.b64encode(picture).decode()}"

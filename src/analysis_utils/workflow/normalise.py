"""Takes out of an executed notebook what differs from run to run or machine.

Applied to text outputs only: pictures are written deterministically at their source
(`publish`), and code is never touched.
"""

import re
import sys
from pathlib import Path

from nbformat import NotebookNode

from analysis_utils.run_context import ROOT

KERNELSPEC = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
LOCAL = ((sys.prefix, ".venv"), (ROOT, "."), (Path.home(), "~"))
PATTERNS = [
    *((re.compile(re.escape(f"{place}/")), f"{name}/") for place, name in LOCAL),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0x..."),  # addresses of objects
    (re.compile(r"\S*ipykernel_\d+/\d+\.py"), "<cell>"),  # warnings
    (re.compile(r"#?\bT_[0-9a-f]{5}(?=[_\s\"'{])"), "T_table"),  # Styler ids
    (re.compile(r"(?m)^(Date|Time):(\s+)\S.*?(?=\s{2,}|$)"), r"\1:\2-"),  # summary()
    (re.compile(r"(<th>(?:Date|Time):</th>\s*<td>)[^<]*"), r"\1-"),
]
TEXT_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex")


def clean_text(text: str) -> str:
    """Text of an output without addresses, process numbers, dates and local paths."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def clean_output(output: NotebookNode) -> None:
    """Clean one output in place."""
    if output.output_type == "stream":
        output.text = clean_text(output.text)
    elif output.output_type == "error":
        output.traceback = [clean_text(line) for line in output.traceback]
    else:
        for kind in TEXT_TYPES:
            if kind in output.data:
                output.data[kind] = clean_text(output.data[kind])


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Printed text as one output for each stream, however it arrived.

    nbclient can do this too, by a pattern that takes hours over one long line.
    """
    kept: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        kept.append(output)
    for stream in streams.values():
        stream.text = overwritten(stream.text)
    names = [output.get("name") for output in kept]
    for place, pair in enumerate(zip(names, names[1:], strict=False)):
        if pair == ("stderr", "stdout"):  # which came first is chance
            kept[place], kept[place + 1] = kept[place + 1], kept[place]
            break
    return kept


def overwritten(text: str) -> str:
    """Text as a terminal leaves it: what a carriage return overwrote is gone."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in lines)


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Normalise an executed notebook in place, and return it."""
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(KERNELSPEC), language_info=NotebookNode(LANGUAGE)
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for position, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{position:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags} if tags else {})
        if cell.get("outputs"):
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            clean_output(output)
    return notebook

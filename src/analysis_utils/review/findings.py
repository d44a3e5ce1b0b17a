"""What a comparison found: one finding for each thing that was compared."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

SHOWN = 240


class Verdict(IntEnum):
    """How two things compare; the larger is the worse."""

    IDENTICAL = 0
    WITHIN_TOLERANCE = 1
    DIFFERS = 2
    NOT_MADE_AGAIN = 3  # the run did not end well, so nothing could be compared

    @property
    def words(self) -> str:
        """As people read it."""
        return self.name.lower().replace("_", " ")


IDENTICAL, WITHIN, DIFFERS, NOT_MADE = Verdict


@dataclass(frozen=True)
class Pictures:
    """Two pictures and their difference.

    Attributes
    ----------
    archived, remade, difference : bytes
        SVG or PNG; `remade` and `difference` are empty where nothing differs.
    error : float
        Mean absolute error of the pixels, of 255.
    """

    archived: bytes
    remade: bytes = b""
    difference: bytes = b""
    error: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One thing of an archive compared with the same thing made again.

    Attributes
    ----------
    run : str
        `notebook/run`; empty for what concerns the whole study.
    kind : str
        number, sentence, table, figure data, picture, notebook, file, data, code, ...
    item : str
        Key, file or cell.
    verdict : Verdict
    detail : str
        In words, what differs.
    archived, remade : str
        The two values, where they fit on a line.
    file : str
        Name of the file in the run's folder.
    """

    run: str
    kind: str
    item: str
    verdict: Verdict
    detail: str = ""
    archived: str = ""
    remade: str = ""
    file: str = ""
    cause: str = ""
    pictures: Pictures | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """`notebook/run, kind item`."""
        return (
            f"{self.run}, {self.kind} {self.item}"
            if self.run
            else f"{self.kind} {self.item}"
        )


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict; identical if there is none."""
    return max((finding.verdict for finding in findings), default=IDENTICAL)


def printable(value: object, length: int = SHOWN) -> str:
    """A value on one line: no control characters (a terminal obeys them), clipped."""
    text = " ".join(str(value).split())
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= length else text[: length - 1] + "…"

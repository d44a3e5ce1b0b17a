"""Published cases: what was printed, what we compute, and the table of both.

A case is a function that returns rows (quantity, printed, ours). `printed` is the text
as it was published: its last digit sets the tolerance. Register it by `@case`; it is
then tested by `test_validation.py` and listed by `python tests/validation.py FILE.md`.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from os import environ
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = Path(environ.get("CASES_DIR", HERE.parents[1] / "shared" / "cases"))
Row = tuple[str, str, float]
CASES: list["Case"] = []


@dataclass(frozen=True)
class Case:
    """`units`: how many units of the last printed digit ours may differ by."""

    name: str
    source: str
    compute: Callable[..., Iterable[Row]]
    data: str | None
    units: float

    def missing(self) -> str | None:
        """Say which file is absent, or None if the case can be computed."""
        if self.data is None or (SHARED / self.data).exists():
            return None
        return (
            f"{self.name}: its data may not be redistributed and "
            f"{SHARED / self.data} is absent; set CASES_DIR to the folder of cases"
        )

    def rows(self) -> list[Row]:
        """Compute the case."""
        arguments = () if self.data is None else (SHARED / self.data,)
        return list(self.compute(*arguments))


def case(
    name: str, source: str, data: str | None = None, units: float = 0.5
) -> Callable:
    """Register a published case; `data` is its file below the folder of cases."""

    def register(compute: Callable) -> Callable:
        CASES.append(Case(name, source, compute, data, units))
        return compute

    return register


def tolerance(printed: str, units: float = 0.5) -> float:
    """Return `units` of the last digit of a printed number ("1.5e-3" too)."""
    mantissa, _, exponent = printed.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return units * 10.0 ** (int(exponent or 0) - decimals) * (1 + 1e-6)


def load_cases() -> list[Case]:
    """Import every module `tests/validation_*.py` and return the cases they hold."""
    sys.path.insert(0, str(HERE))
    for path in sorted(HERE.glob("validation_*.py")):
        import_module(path.stem)
    return sorted(CASES, key=lambda item: item.name)


def table() -> str:
    """Return all cases that can be computed here as a Markdown table."""
    lines = [
        "# Published cases beside our numbers",
        "",
        "Made by `make validation` from the tests. They hold each row to the units of "
        "its last printed digit named in the last column; 0.5 is exact rounding.",
        '"Recalled" or "refit": the printed page was not '
        "opened; the figure agrees with a run of the named program.",
        "",
        "| case | source | quantity | published | ours | difference | units allowed |",
        "|---|---|---|---|---|---|---|",
    ]
    for item in load_cases():
        lines += _lines(item)
    return "\n".join(lines) + "\n"


def _lines(item: Case) -> list[str]:
    """One line a quantity; the case and its source are named on the first."""
    if item.missing():
        return [f"| {item.name} | {item.source} | *data absent here* | | | | |"]
    lines, head = [], f"{item.name} | {item.source}"
    for quantity, printed, ours in item.rows():
        digits = len(printed.lower().partition("e")[0].partition(".")[2]) + 2
        gap = ours - float(printed)
        lines.append(
            f"| {head} | {quantity} | {printed} | {ours:.{digits}f} | "
            f"{gap:+.{digits}f} | {item.units:g} |"
        )
        head = " | "
    return lines


if __name__ == "__main__":
    from validation import table as imported_table  # the same registry as the cases

    Path(sys.argv[1]).write_text(imported_table(), encoding="utf-8")

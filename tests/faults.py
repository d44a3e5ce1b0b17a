"""Writes docs/faults.md: every fault that was found once, and the test that holds it.

A test registers itself by `@pytest.mark.fault("17.3", "what went wrong once")`; the
numbers are those of the reviews. `python tests/faults.py FILE.md` collects them.
"""

import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

HEAD = """# Faults that were tried, and the tests that hold them

Written by `make faults` from the tests: each names the fault it holds. The first number
is that of a review, the second of its point.

Not prevented: `$(shell ...)` in the NAME of a variable (`make 'A$(shell date)=x'`):
make carries it out before it reads the Makefile.

| review | fault | test |
|---|---|---|
"""


class Collector:
    """Plugin of pytest that keeps what the tests say of themselves."""

    def __init__(self) -> None:
        self.rows: dict[tuple[tuple, str, str], None] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep each marked test once, whatever its parameters."""
        for item in session.items:
            for mark in item.iter_markers("fault"):
                numbers, words = mark.args
                test = f"{item.path.name}::{item.originalname}"
                for number in numbers.split():
                    place = tuple(int(part) for part in number.split("."))
                    self.rows[place, words, test] = None

    def table(self) -> str:
        """The rows in order."""
        return HEAD + "".join(
            f"| {'.'.join(map(str, place))} | {words} | `{test}` |\n"
            for place, words, test in sorted(self.rows)
        )


def main(target: Path) -> int:
    """Collect the tests and write the table."""
    found = Collector()
    here = str(Path(__file__).parent)
    said = io.StringIO()
    with redirect_stdout(said):
        code = pytest.main(["--collect-only", "-qq", here], plugins=[found])
    if code:
        print(said.getvalue(), file=sys.stderr)
        return code
    target.write_text(found.table(), encoding="utf-8")
    print(f"{len(found.rows)} faults in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

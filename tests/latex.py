"""LaTeX for the tests, where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = shutil.which("pdflatex")
MISSING = (
    "tables and numbers in LaTeX; pdflatex is not installed (apt-get install "
    "texlive-latex-recommended)"
)
needed = pytest.mark.skipif(not PROGRAM, reason=f"not tried: {MISSING}")


def faults(source: str, folder: Path) -> list[str]:
    """Compile a document; its errors and the lines that leave the page."""
    (folder / "document.tex").write_text(source, encoding="utf-8")
    subprocess.run(
        [str(PROGRAM), "-interaction=nonstopmode", "-no-shell-escape", "document.tex"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    log = (folder / "document.log").read_text(encoding="utf-8", errors="replace")
    found, place = [], ""
    for line in log.splitlines():
        if line.startswith("TABLE "):
            place = line
        elif line.startswith(("!", "Overfull")):
            found.append(f"{place}: {line}")
    return found if (folder / "document.pdf").is_file() else [*found, "no PDF"]

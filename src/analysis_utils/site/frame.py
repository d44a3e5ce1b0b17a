"""Sphinx in a process of its own, which loads its libraries before it is needed.

`python -m analysis_utils.site.frame SOURCE MADE` loads them and draws the pictures
while the pages are being written on the other core, and begins when a line arrives at
its input.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

FRAME = ("sphinx.builders.html", "sphinx.ext.autodoc", "sphinx.ext.napoleon")
THEME = ("myst_nb.sphinx_ext", "pydata_sphinx_theme", "pygments.lexers.python")


def load() -> None:
    """Import what Sphinx and the pages of functions import."""
    from analysis_utils import methods, publish

    for name in FRAME + THEME:
        importlib.import_module(name)
    for package in (methods, publish):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def main(source: str, made: str) -> int:
    """Make the pages on both cores, once a line has come; Sphinx's exit code."""
    from sphinx.cmd.build import main as sphinx

    from analysis_utils.site import pictures

    load()
    pictures.write(Path(source) / "_static")
    if not sys.stdin.readline():  # whoever writes the pages has given up
        return 1
    return sphinx(
        ["-q", "-j", "2", "-b", "html", "-d", f"{source}/_build", source, made]
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

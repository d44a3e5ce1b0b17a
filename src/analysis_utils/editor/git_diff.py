"""Lets git keep notebooks without outputs and show them by cell, in this clone."""

from analysis_utils import git
from analysis_utils.run_context import ROOT

# nbdime, without outputs, ids and format details; plain diff where .venv is gone
SHOWN = (
    'f() { .venv/bin/git-nbdiffdriver diff -O -I -D "$@" '
    '|| diff -u "$2" "$5" || true; }; f'
)
# What JupyterLab saves beside the text (outputs, counts) is no change for git
KEPT = (
    "if [ -x .venv/bin/python ]; "
    "then .venv/bin/python -m analysis_utils.editor.clean; else cat; fi"
)
SETTINGS = {  # the drivers that .gitattributes names
    "diff.jupyternotebook.command": SHOWN,
    "filter.tidynotebook.clean": KEPT,
}


def set_up() -> bool:
    """Write the settings into .git/config; False without git or repository."""
    if not (ROOT / ".git").exists():
        return False
    done = [
        git.content("config", "--local", name, command)
        for name, command in SETTINGS.items()
    ]
    return None not in done

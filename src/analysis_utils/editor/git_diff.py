"""Lets `git diff` show notebooks cell by cell, in this repository only."""

import subprocess

from analysis_utils.run_context import ROOT

SETTING = "diff.jupyternotebook.command"  # the driver that .gitattributes names
# nbdime, without outputs, ids and format details; plain diff where .venv is gone
COMMAND = (
    'f() { .venv/bin/git-nbdiffdriver diff -O -I -D "$@" '
    '|| diff -u "$2" "$5" || true; }; f'
)


def set_up() -> bool:
    """Write the setting into .git/config; False where there is no repository."""
    if not (ROOT / ".git").exists():
        return False
    command = ["git", "config", "--local", SETTING, COMMAND]
    return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0

"""What `make` calls: `python -m analysis_utils.deposit standards|measure|deposit`."""

import sys

from analysis_utils.workflow.__main__ import command_line
from analysis_utils.workflow.kinds import nearest
from analysis_utils.workflow.notebook import NotebookError
from analysis_utils.workflow.runs import Refused, study_runs

SETTINGS = {
    "standards": ("PYTHON",),
    "measure": ("PYTHON",),
    "deposit": ("ENVIRONMENT", "PYTHON"),
}


def make_standards(given: dict[str, str]) -> int:
    """Write the standard files that are out of date."""
    from analysis_utils.deposit import replication, standards

    written = standards.write()
    print(f"Written: {', '.join(written)}." if written else "Up to date.")
    for work in replication.uncited():
        print(f"CITATION.cff lists no {work}, which a notebook cites: add it there.")
    return 0


def make_measure(given: dict[str, str]) -> int:
    """Measure time and memory of every run, then write the standard files."""
    from analysis_utils.deposit import measure

    measure.write(measure.measure(study_runs()))
    return make_standards(given)


def make_deposit(given: dict[str, str]) -> int:
    """Pack the archive, check it, and prove that it verifies."""
    from analysis_utils.deposit import pack

    return pack.deposit(present=given.get("ENVIRONMENT") == "present")


COMMANDS = {
    "standards": make_standards,
    "measure": make_measure,
    "deposit": make_deposit,
}


def main() -> int:
    """Carry out one command; a refusal is a sentence and exit code 2."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in COMMANDS:
        print(f"usage: python -m analysis_utils.deposit {'|'.join(COMMANDS)}")
        return 2
    given, known = command_line(), SETTINGS[command]
    try:
        for name in given.keys() - set(known):
            raise Refused(f"`make {command}` knows no {name}{nearest(name, known)}")
        return COMMANDS[command](given)
    except (Refused, NotebookError) as refused:
        print(f"Stopped:\n{refused}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

"""What `make` calls: `python -m analysis_utils.commands all|run|...`."""

import sys

from analysis_utils.commands.desk import dispatch
from analysis_utils.commands.table import COMMANDS


def main() -> int:
    """Carry out the command named in `sys.argv`."""
    return dispatch(sys.argv[1] if len(sys.argv) > 1 else "", COMMANDS)


if __name__ == "__main__":
    sys.exit(main())

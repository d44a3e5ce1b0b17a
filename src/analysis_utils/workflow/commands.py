"""What every command of `make` shares: its settings, refusals and exit codes."""

import os
import re
import sys
from collections.abc import Callable, Mapping

from analysis_utils.asking import Refused, nearest

Given = dict[str, str]


def command_line() -> Given:
    """Variables given to make (NAME=value); make itself hands them on as they are."""
    names = re.findall(
        r"(?:^|(?<!\\) )([A-Za-z_]\w*)=", os.environ.get("OVERRIDES", "")
    )
    return {name: os.environ.get(name, "") for name in names}


def dispatch(
    program: str,
    commands: Mapping[str, Callable[[Given], int]],
    settings: Mapping[str, tuple[str, ...]] | None = None,
    refusal: str = "Refused, nothing was run:",
) -> int:
    """Carry out the command named in `sys.argv`; a refusal is a sentence and code 2.

    Parameters
    ----------
    program : the package, for the line on usage.
    commands : what each name does with the variables given to make.
    settings : the variables that each command knows, others are refused; None where
        the command checks them itself.
    refusal : the words before what was refused.
    """
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in commands:
        print(f"usage: python -m analysis_utils.{program} {'|'.join(commands)}")
        return 2
    given = command_line()
    try:
        if settings is not None:
            refuse_unknown(command, given, (*settings[command], "PYTHON"))
        return commands[command](given)
    except (Refused, Refused) as refused:
        print(f"{refusal}\n{refused}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough: make list | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def refuse_unknown(command: str, given: Given, known: tuple[str, ...]) -> None:
    """Refuse a variable that the command does not know, with the nearest known one."""
    for name in given:
        if name not in known:
            raise Refused(f"`make {command}` knows no {name}{nearest(name, known)}")

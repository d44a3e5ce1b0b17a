"""What every command of `make` shares: its settings, refusals and exit codes.

Values come through the environment and are never pasted into a shell command. Only
the names of the variables given to make are handed on (`GIVEN`), so that a variable
of the user's own environment is not taken for an order.
"""

import io
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from analysis_utils.asking import Refused, nearest

Given = dict[str, str]
Kind = tuple[str, ...] | None  # the words that a setting may have; None: any text
TEXT: Kind = None
YES: Kind = ("yes",)
YES_NO: Kind = ("yes", "no")
NAMES = "GIVEN"
EVERYWHERE: dict[str, Kind] = {"PYTHON": TEXT}  # chooses the Python that sets up
REFUSED = 2
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Command:
    """What a target does: `module:function` of this package, called with the settings.

    Attributes
    ----------
    does : the function, imported when it is asked for; returns the exit code.
    settings : the variables that it knows, with the words that each may have.
    refusal : the words before what was refused.
    parameters : whether further variables are parameters of notebooks.
    """

    does: str
    settings: Mapping[str, Kind] = field(default_factory=dict)
    refusal: str = "Refused, nothing was run:"
    parameters: bool = False

    def function(self) -> Callable[[Given], int]:
        """The function, imported."""
        module, name = self.does.split(":")
        return getattr(import_module(f"analysis_utils.commands.{module}"), name)


def given() -> Given:
    """Variables given to make (NAME=value), as they were typed."""
    names = os.environ.get(NAMES, "").split()
    return {name: os.environ.get(name, "") for name in names}


def check(name: str, command: Command, settings: Given) -> None:
    """Refuse variables that the command does not know and words that they can't be."""
    known = {**EVERYWHERE, **command.settings}
    wrong = []
    for variable, text in settings.items():
        if variable not in known:
            if not command.parameters:
                hint = nearest(variable, command.settings)
                wrong.append(f"`make {name}` knows no {variable}{hint}")
        elif problem := unfit(variable, text, known[variable]):
            wrong.append(problem)
    if wrong:
        raise Refused("\n".join(wrong))


def unfit(variable: str, text: str, words: Kind) -> str:
    """What is wrong with the text of a setting; empty if nothing is."""
    if words is None or text in words:
        if not text.strip():
            return f"{variable}= is empty: give it a value, or leave it out"
        return ""
    known = " or ".join(f"{variable}={word}" for word in words)
    return f"{variable}={text!r} is not known; it can be {known}"


def end_in_order(number: int, frame: object) -> None:
    """What Ctrl-C and its like do; a second one does not disturb the first."""
    for other in ENDS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def steady_streams() -> None:
    """Let no closed stream and no terminal without our letters end a command."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed (>&-): the next file opened would take its place
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout, sys.stderr = (
        stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr)
    )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def dispatch(name: str, commands: Mapping[str, Command]) -> int:
    """Carry a command out; a refusal is a sentence and exit code 2."""
    if name not in commands:
        print(f"no command {name!r}{nearest(name, commands)}", file=sys.stderr)
        return REFUSED
    steady_streams()
    command, settings = commands[name], given()
    for number in ENDS:
        signal.signal(number, end_in_order)
    try:
        check(name, command, settings)
        settings.pop("PYTHON", None)
        return command.function()(settings) or 0
    except Refused as refused:
        print(f"{command.refusal}\n{refused}", file=sys.stderr)
        return REFUSED
    except OSError as error:  # a full disk, a folder that is read-only
        if isinstance(error, BrokenPipeError):  # seen enough: make list | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        where = f" ({error.filename})" if error.filename else ""
        print(f"Stopped: {error.strerror or error}{where}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n`make {name}` was stopped.", file=sys.stderr)
        return 130

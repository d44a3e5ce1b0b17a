"""What our kernels add to IPython: refusals in one line, typed parameters.

An IPython extension, loaded by the kernels of `make all` and by those of JupyterLab
(`make lab`).
"""

import ast
import sys
from typing import Any, TypeGuard

from analysis_utils import run_context
from analysis_utils.asking import NotTestable, Refused
from analysis_utils.workflow import kinds

REFUSAL = ".refused"  # in the run's folder: of which type the refusal was
NOT_TESTABLE, REFUSED = "not testable", "refused"


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython with its shell."""
    shell.set_custom_exc((Refused,), one_line)
    if run_context.folder() is None:  # the driver has checked a run's parameters
        shell.ast_transformers.append(TypedParameters())


def one_line(shell: Any, kind: type, value: Refused, trace: Any, **_: Any) -> list[str]:
    """Show a refusal without its traceback (`%tb` shows it), and note its type.

    The type is decided here, by inheritance: the driver sees only names.
    """
    sys.last_type, sys.last_value, sys.last_traceback = kind, value, trace
    word = NOT_TESTABLE if isinstance(value, NotTestable) else REFUSED
    if folder := run_context.folder():
        (folder / REFUSAL).write_text(word)
    lines = [f"{word.capitalize()}: {value}"]
    shell._showtraceback(kind, value, lines)
    return lines


class TypedParameters(ast.NodeTransformer):
    """Checks the values of a cell of typed parameters when it is executed.

    `state: "state or all" = "Texas"` becomes "TX", and a value that its type does not
    admit is refused, in JupyterLab as by `make`.
    """

    def visit_Module(self, module: ast.Module) -> ast.Module:
        parameters = [node for node in module.body if is_parameter(node)]
        if parameters and len(parameters) == len(module.body):
            for node in parameters:
                node.value = checked_value(node)
            ast.fix_missing_locations(module)
        return module


class Parameter(ast.AnnAssign):
    """The statement `name: "type" = value`."""

    target: ast.Name
    annotation: ast.Constant
    value: ast.expr


def is_parameter(node: ast.stmt) -> TypeGuard[Parameter]:
    """Whether a statement is `name: "type" = value`."""
    return (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.annotation, ast.Constant)
        and isinstance(node.annotation.value, str)
        and node.value is not None
    )


def checked_value(node: Parameter) -> ast.expr:
    """The call that checks a value when the cell runs."""
    name = "__import__('analysis_utils.workflow.shell', fromlist=['_']).checked"
    function = ast.parse(name, mode="eval").body
    arguments = [
        node.value, ast.Constant(node.annotation.value), ast.Constant(node.target.id)
    ]  # fmt: skip
    return ast.copy_location(ast.Call(function, arguments, []), node.value)


def checked(value: object, kind: str, name: str) -> object:
    """The value in its type; Refused if the type does not admit it."""
    try:
        return kinds.parse(str(value), kind)
    except Refused as refused:
        raise Refused(f"{name} = {refused}") from None


def limit_output(shell: Any, most: int) -> None:
    """End the cell that prints or shows more than `most` bytes in a run."""
    counted = Counter(most)
    for stream in (sys.stdout, sys.stderr):
        write = counting(stream.write, counted)
        stream.write = write  # type: ignore[method-assign]  # to count what it writes
    publish = shell.display_pub.publish

    def published(data: dict, *args: Any, **kwargs: Any) -> None:
        counted.add(sum(len(str(part)) for part in data.values()))
        publish(data, *args, **kwargs)

    shell.display_pub.publish = published


def counting(write: Any, counted: "Counter") -> Any:
    """A stream's `write` that counts."""

    def counted_write(text: str) -> int:
        counted.add(len(text))
        return write(text)

    return counted_write


class Counter:
    """Counts the output of a run and refuses what is too much.

    Refused again and again, also inside a cell that catches exceptions: a cell that
    tries on and on is then ended by the limit on time.
    """

    def __init__(self, most: int):
        self.most, self.seen = most, 0

    def add(self, size: int) -> None:
        """Count some more."""
        self.seen += size
        if self.seen > self.most:
            raise TooMuchOutput(
                f"the notebook prints more than {self.most // 10**6} MB; show a part, "
                "or write a table by publish.table"
            )


class TooMuchOutput(Refused):
    """More output than a run may have."""

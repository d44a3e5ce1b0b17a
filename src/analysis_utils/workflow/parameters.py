"""The parameters cell of a notebook as a contract: names, types, defaults."""

import ast
import re
from dataclasses import dataclass

from analysis_utils.asking import Refused, nearest
from analysis_utils.workflow import kinds
from analysis_utils.workflow.notebook import Notebook


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name: "type" = default  # comment`."""

    name: str
    kind: str
    default: object
    comment: str = ""


def declared(notebook: Notebook) -> dict[str, Parameter]:
    """Parameters of a notebook by name, in the order of its cell."""
    source = notebook.parameters_source
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise Refused(
            f"{notebook.path.name}, parameters cell, line {error.lineno}: {error.msg}."
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"{notebook.path.name}, parameters cell: {error}.") from error
    lines = source.splitlines()
    found = [one_declaration(node, lines, notebook) for node in body]
    names = [parameter.name for parameter in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(
            f"{notebook.path.name}, parameters cell: {', '.join(twice)} is declared "
            "more than once; keep one"
        )
    return {parameter.name: parameter for parameter in found}


def one_declaration(node: ast.stmt, lines: list[str], notebook: Notebook) -> Parameter:
    """Parameter declared by one statement; refuses anything that declares none."""
    where = f"{notebook.path.name}, parameters cell, line {node.lineno}"
    if not (
        isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.value is not None
    ):
        raise Refused(
            f"{where}: `{lines[node.lineno - 1].strip()}` declares no typed "
            'parameter; write for example: state: "state or all" = "all"'
        )
    kind = annotation(node.annotation)
    check_kind(kind, where)
    try:
        default = ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise Refused(
            f"{where}: the default of `{node.target.id}` must be a plain value."
        ) from None
    comment = re.search(r"#\s*(.*)$", lines[(node.end_lineno or node.lineno) - 1])
    return Parameter(node.target.id, kind, default, comment[1] if comment else "")


def annotation(node: ast.expr) -> str:
    """Text of a type: the string itself, or a name such as int."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node)


def check_kind(kind: str, where: str) -> None:
    """Refuse a type that looks like a misspelt one (a lone unknown word)."""
    if (
        " or " not in kind
        and kind not in kinds.NAMED
        and not kinds.RANGE.fullmatch(kind)
    ):
        raise Refused(
            f"{where}: unknown type {kind!r}{nearest(kind, tuple(kinds.NAMED))}"
        )


def typed(
    parameters: dict[str, Parameter], given: dict[str, str]
) -> tuple[dict[str, object], list[str]]:
    """Complete, typed values for a run, and a sentence for each that is refused."""
    values: dict[str, object] = {}
    problems = [
        f"unknown parameter {name!r}{nearest(name, tuple(parameters))}"
        for name in given
        if name not in parameters
    ]
    for name, parameter in parameters.items():
        if name not in given:
            values[name] = parameter.default  # `default_faults` checks it
            continue
        try:
            values[name] = kinds.parse(given[name], parameter.kind)
        except Refused as refused:
            problems.append(f"{name} = {refused}")
    return values, problems


def default_faults(parameters: dict[str, Parameter]) -> list[str]:
    """A sentence for each default that its own type refuses, or would write otherwise.

    Checked also where runs.yaml names a value: JupyterLab starts from the default.
    """
    problems = []
    for name, parameter in parameters.items():
        default = parameter.default
        try:
            right = kinds.parse(str(default), parameter.kind)
        except Refused as refused:
            problems.append(f"the default {name} = {refused}")
            continue
        if type(right) is not type(default) or right != default:
            problems.append(f"the default {name} = {default!r} is written {right!r}")
    return problems

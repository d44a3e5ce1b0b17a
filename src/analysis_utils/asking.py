"""Requests that are refused in words: the two refusals, nearest names, strict YAML."""

import difflib
import re
from collections.abc import Hashable, Iterable
from pathlib import Path

import yaml

try:
    from yaml import CBaseLoader as BaseLoader
except ImportError:  # PyYAML without libyaml
    from yaml import BaseLoader


class Refused(ValueError):
    """A request that cannot be carried out: what is wrong, where, what to do.

    One line for each thing to put right. Commands print it and end with code 2.
    """


class NotTestable(Refused):
    """These data cannot answer the question asked: a finding, not a fault."""


def nearest(word: str, known: Iterable[str]) -> str:
    """'; did you mean FL?', or the known words if none is near."""
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(lower), n=1, cutoff=0.5)
    if near:
        return f"; did you mean {lower[near[0]]}?"
    shown = ", ".join(sorted(lower.values())[:60])
    return f"; known: {shown}" if shown else ""


MERGE = re.compile(r"^(<{7}|>{7}|\|{7}) .*$|^={7}$", flags=re.MULTILINE)


def text_of(path: Path) -> str:
    """Text of a file that people edit; Refused if it is none, or half merged."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Refused(
            f"{path.name} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise Refused(f"{path.name} cannot be read: {error.strerror}") from error
    if mark := MERGE.search(text):
        line = text.count("\n", 0, mark.start()) + 1
        raise Refused(
            f"{path.name}, line {line}: `{mark[0].strip()}` is left of a merge; choose "
            "one of the two versions, or `git merge --abort`"
        )
    return text


class StringLoader(BaseLoader):
    """YAML in which every scalar stays text and a repeated key is an error."""


def mapping_without_repeats(loader: StringLoader, node: yaml.MappingNode) -> dict:
    """A mapping; refuses a key that stands twice, which YAML would lose in silence."""
    where = f"line {node.start_mark.line + 1}"
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    odd = [key for key in keys if not isinstance(key, Hashable)]
    if odd:
        raise yaml.YAMLError(f"{where}: {odd[0]} cannot be a name")
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise yaml.YAMLError(f"{where}: {', '.join(twice)} stands more than once")
    return loader.construct_mapping(node, deep=True)


StringLoader.add_constructor("tag:yaml.org,2002:map", mapping_without_repeats)


def yaml_of(path: Path) -> object:
    """Content of a YAML file with every scalar as text; Refused says what is wrong."""
    return parsed_yaml(text_of(path), path.name)


def parsed_yaml(text: str, name: str) -> object:
    """Content of a YAML text; `name` is that of its file, for what is said."""
    try:
        return yaml.load(text, StringLoader)
    except RecursionError:
        raise Refused(f"{name} cannot be read: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Refused(f"{name} cannot be read: {error}") from error

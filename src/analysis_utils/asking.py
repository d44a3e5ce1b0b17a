"""Requests that are refused in words: the two refusals, nearest names, strict YAML."""

import difflib
from collections.abc import Iterable

import yaml


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


class StringLoader(yaml.BaseLoader):
    """YAML in which every scalar stays text and a repeated key is an error."""


def mapping_without_repeats(loader: StringLoader, node: yaml.MappingNode) -> dict:
    """A mapping; refuses a key that stands twice, which YAML would lose in silence."""
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        where = f"line {node.start_mark.line + 1}"
        raise yaml.YAMLError(f"{where}: {', '.join(twice)} stands more than once")
    return loader.construct_mapping(node, deep=True)


StringLoader.add_constructor("tag:yaml.org,2002:map", mapping_without_repeats)

"""Codes of states as names, in what is read and not looked up."""

import re
from functools import cache

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from analysis_utils import datasets

# Where a pair of capitals is a state, or two: alone, after some words, before its act
STATE = re.compile(
    r"(^|(?<=without )|(?<= of )|(?<=[;:] )|(?<=\())([A-Z]{2})(?: and ([A-Z]{2}))?"
    r"(?=$|,(?! [A-Z]{2}\b)|[:;).]| \(| (?:SB|HB) ?\d)"
)


@cache
def states_named() -> dict[str, str]:
    """Names of the states and territories by their codes."""
    return dict(datasets.states()[["state", "name"]].to_numpy().tolist())


def in_words(text: str) -> str:
    """A label with the names of states for their codes.

    >>> in_words("all states, without FL and TX"), in_words("VA (state agencies)")
    ('all states, without Florida and Texas', 'Virginia (state agencies)')
    >>> in_words("the agencies of FL and TX.")
    'the agencies of Florida and Texas.'
    >>> in_words("44 states, PR and VI; AR, IA and WY never appear")
    '44 states, PR and VI; AR, IA and WY never appear'
    >>> in_words("TX SB8 signed"), in_words("AR(1) errors"), in_words("AR order")
    ('Texas SB8 signed', 'AR(1) errors', 'AR order')
    """

    def named(found: re.Match) -> str:
        codes = [code for code in found.groups()[1:] if code]
        return " and ".join(states_named().get(code, code) for code in codes)

    return STATE.sub(named, text)


def spell_out(fig: Figure) -> None:
    """Name the states in titles, legends, ticks and notes; codes on maps stay."""
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis):
            if isinstance(axis.get_major_locator(), FixedLocator):
                labels = [label.get_text() for label in axis.get_ticklabels()]
                if (named := [in_words(label) for label in labels]) != labels:
                    axis.set_ticklabels(named)
    titles = {ax.title for ax in fig.axes}
    for ax in fig.axes:
        titles.add(ax._left_title)  # type: ignore[attr-defined]  # not in its stubs
    for text in fig.findobj(Text):
        said = text.get_text()
        if len(said.strip()) > 2 or text in titles or _in_legend(text, fig):
            text.set_text(in_words(said))


def _in_legend(text: Text, fig: Figure) -> bool:
    legends = [ax.get_legend() for ax in fig.axes]
    return any(text in legend.get_texts() for legend in legends if legend)

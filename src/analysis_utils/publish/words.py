"""Codes of states as names, in what is read and not looked up."""

import re
from functools import cache

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter

from analysis_utils import datasets

# Where a pair of capitals is a state: alone, after "without" or "and", before its act
STATE = re.compile(
    r"(?:^|(?<=without )|(?<=[a-z] and )|(?<=[A-Z]{2} and )|(?<=; )|(?<=\())"
    r"([A-Z]{2})(?=$|[,:;)]| and | \(| (?:SB|HB) ?\d)"
)


@cache
def states_named() -> dict[str, str]:
    """Names of the states and territories by their codes."""
    return dict(datasets.states()[["state", "name"]].to_numpy().tolist())


def in_words(text: str) -> str:
    """A label with the names of states for their codes.

    >>> in_words("all states, without FL and TX"), in_words("VA (state agencies)")
    ('all states, without Florida and Texas', 'Virginia (state agencies)')
    >>> in_words("TX SB8 signed"), in_words("AR(1) errors"), in_words("AR order")
    ('Texas SB8 signed', 'AR(1) errors', 'AR order')
    """
    return STATE.sub(lambda found: states_named().get(found[1], found[1]), text)


def spell_out(fig: Figure) -> None:
    """Name the states in titles, legends, ticks and notes; codes on maps stay."""
    for ax in fig.axes:
        for axis in (ax.xaxis, ax.yaxis):
            form = axis.get_major_formatter()
            if isinstance(form, FixedFormatter):
                form.seq = [in_words(str(label)) for label in form.seq]
    titles = {ax.title for ax in fig.axes} | {ax._left_title for ax in fig.axes}
    for text in fig.findobj(Text):
        said = text.get_text()
        if len(said) > 2 or text in titles or _in_legend(text, fig):
            text.set_text(in_words(said))


def _in_legend(text: Text, fig: Figure) -> bool:
    legends = [ax.get_legend() for ax in fig.axes]
    return any(text in legend.get_texts() for legend in legends if legend)
